import LeaseholdModel
import LeaseholdProtocol

/// A guard in the fake world: the real machine over simulated devices.
final class GuardProcess: SimulatedProcess {
    private(set) var machine = GuardMachine()
    let bench: Bench
    private var inbox: [GuardEvent] = []
    private var answers: [(Link, GuardAnswer)] = []
    private var links: [Link] = []
    private var effects: [GuardEffect] = []

    init(_ name: String, on host: Host, bench: Bench, in world: World) {
        self.bench = bench
        super.init(name, on: host, in: world)
    }

    override var isListening: Bool { true }
    override var hasWork: Bool { !inbox.isEmpty }

    override func began() {
        machine = GuardMachine()
        inbox = []
        answers = []
        links = []
        bench.clear()
    }

    override func ended() { bench.guardDied() }

    // MARK: Turns

    override func turn(isDue: Bool) -> BootInstant {
        let batch = inbox
        inbox = []
        let now = host.now
        // Deadlines first: no order may hold one up.
        if isDue { handle(.deadlineReached, at: now) }
        for event in batch { handle(event, at: now) }
        return machine.nextDeadline
    }

    override func carryOut() {
        let said = answers
        answers = []
        for (link, answer) in said {
            send(.guardAnswer(answer), on: link)
        }
    }

    /// One event, and all that follows from its effects before the next.
    private func handle(_ event: GuardEvent, at now: Now) {
        machine.handle(event, at: now, into: &effects)
        var next = 0
        while next < effects.count {
            let effect = effects[next]
            next += 1
            if let outcome = carryOut(effect, at: now) { machine.handle(outcome, at: now, into: &effects) }
        }
        effects.removeAll(keepingCapacity: true)
    }

    private func carryOut(_ effect: GuardEffect, at now: Now) -> GuardEvent? {
        switch effect {
        case .answer(let connection, let answer):
            if case .fenced = answer { world.count { $0.fenceCount += 1 } }
            if let link = links.first(where: { $0.id == connection }) { answers.append((link, answer)) }
        case .launch(let grant, let deadline): return bench.launch(grant, notAfter: deadline, at: host.now.boot)
        case .kill(let process):
            // Part of K: with the pause that a guard may suffer it stays below the eviction time (L5).
            after(world.chance.longTailed(.milliseconds(1), world.weather.deathTimeMax)) { [unowned self] in
                guard bench.kill(process) else { return }
                inbox.append(.exited(process))
                wake()
            }
        case .vacate(let grant, _):
            bench.vacate(grant)
            return .vacated(grant)
        case .close(let connection):
            guard let link = links.first(where: { $0.id == connection }) else { return nil }
            links.removeAll { $0 === link }
            world.network.close(link, by: self)
        case .note(let note): world.tell(name, note.text)
        }
        return nil
    }

    // MARK: Connections

    override func accepted(_ link: Link) {
        links.append(link)
        inbox.append(.agentConnected(link.id))
        wake()
    }

    override func closed(_ link: Link) {
        links.removeAll { $0 === link }
        inbox.append(.agentDisconnected(link.id))
        wake()
    }

    override func heard(_ message: Message, _ correlation: UInt64, on link: Link) {
        guard case .guardOrder(let order) = message else { return }
        inbox.append(.ordered(link.id, order))
        wake()
    }
}
