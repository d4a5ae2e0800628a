import LeaseholdDevices
import LeaseholdLog
import LeaseholdModel
import LeaseholdProtocol
import LeaseholdWire

/// An agent in the fake world: the real machine over a real journal on a simulated disk.
final class AgentProcess: SimulatedProcess {
    private(set) var machine: AgentMachine?
    private let identity: LogIdentity
    private let disk: SimulatedDisk
    private let guardian: GuardProcess
    private let coordinator: SimulatedProcess
    private var journal: LogWorker?
    private var inbox: [AgentEvent] = []
    private var out = AgentBuffer()
    private var links: [Link] = []
    private var pauseMax = Span.milliseconds(100)
    private var incarnation: UInt64 = 0
    private let number: UInt64

    private var bench: Bench { guardian.bench }

    init(
        _ name: String, number: UInt64, on host: Host, guardian: GuardProcess, coordinator: SimulatedProcess,
        in world: World
    ) {
        self.number = number
        self.guardian = guardian
        self.coordinator = coordinator
        identity = LogIdentity(
            cluster: "journal", logID: LogID(high: 2, low: number), kind: .journal,
            segmentByteCount: world.weather.journalSegmentByteCount)
        disk = SimulatedDisk()
        disk.remembersOperations = false
        super.init(name, on: host, in: world)
        // Made on a quiet disk: an agent makes its journal before anything depends on it.
        do throws(StorageFailure) {
            _ = try SynchronousLog.create(identity, on: disk)
            try disk.perform(.syncDirectory(.live))
        } catch {
            preconditionFailure("\(name): a new disk takes no journal: \(error)")
        }
    }

    override var hasWork: Bool { !inbox.isEmpty }
    /// The node's epochs and witness as its journal has them; nil while the agent is down.
    var witness: LogHead? { machine?.witness.head }

    // MARK: Life

    override func began() {
        inbox = []
        out = AgentBuffer()
        links = []
        machine = nil
        journal = nil
        after(world.chance.span(.milliseconds(2), .milliseconds(50))) { [unowned self] in recover() }
    }

    override func ended() {
        machine = nil
        journal = nil
    }

    override func powerLost() { disk.losePowerByChance(&world.chance) }

    /// The next operation of the disk goes wrong.
    func spoilDisk(_ fault: SimulatedDisk.Fault) {
        disk.fault = fault
        disk.failingOperation = disk.operationCount + 1 + world.chance.below(4)
    }

    private func recover() {
        incarnation += 1
        disk.restart()
        var machine = AgentMachine(
            name: name, incarnation: Incarnation(high: number, low: incarnation), boot: host.clock.boot,
            // Half of them have devices that have to be made ready and cleaned.
            plan: number % 2 == 0
                ? .none
                : DevicePlan([.carve, .attest, .describe, .onGrant, .withdraw, .evict, .uncarve, .verify]))
        let recovered: RecoveredLog
        do throws(RecoveryFailure) {
            do throws(StorageFailure) { try disk.settleBeforeReading() } catch { throw .storage(error) }
            var scan = LogScan(identity: identity)
            var reader = disk
            recovered = try scan.recover(&reader) { _, bytes throws(RecordRefusal) in
                do throws(RecordFailure) {
                    machine.replay(try JournalCodec.decode(bytes))
                } catch {
                    throw RecordRefusal(reason: "\(error)")
                }
            }
        } catch {
            world.report(.nothingLost, "\(name) cannot read its journal: \(error)")
            return
        }
        world.tell(name, "recovered its journal to \(recovered.report.head.index): \(recovered.report.end)")
        judge(machine)
        self.machine = machine
        let worker = LogWorker(LogMachine(recovered: recovered), on: disk, for: self) { [unowned self] in hear($0) }
        journal = worker
        worker.start()
    }

    /// What the devices have seen, the journal must know (L4).
    private func judge(_ machine: AgentMachine) {
        for (slot, remembered) in machine.highestEpochs.enumerated() {
            for place in 0..<remembered.gpus.count * SliceSet.perGPU {
                let (gpu, slice) = place.quotientAndRemainder(dividingBy: SliceSet.perGPU)
                let (knows, ran) = (
                    remembered.epoch(gpu: gpu, slice: slice), bench.highest[slot].epoch(gpu: gpu, slice: slice)
                )
                guard ran > knows else { continue }
                world.report(
                    .epochsGrow,
                    "\(name) remembers \(knows) for slice \(slice) of GPU \(gpu) of node \(slot), which ran \(ran)")
            }
        }
    }

    private func hear(_ news: LogWorker.News) {
        switch news {
        case .opened: begin()
        case .durable(let head):
            inbox.append(.durable(through: head.index))
            wake()
        case .lost(let failure):
            world.tell(name, "its journal is lost: \(failure)")
            // At the end of whatever is under way: a process does not die within its own call.
            after(.zero) { [unowned self] in
                die(announced: true)
                world.restartLater(self)
            }
        case .refused(let refusal): preconditionFailure("\(name): its journal does not take it: \(refusal)")
        }
    }

    private func begin() {
        let nodes = bench.nodes.enumerated().map { slot, node in
            NodeDescription(
                path: node.shape.path, kind: node.shape.kind, gpuCount: node.shape.gpuCount,
                hardware: number &* 1_000 &+ UInt64(slot))
        }
        if let complaint = machine?.serve(nodes, into: &out) {
            preconditionFailure("\(name) cannot serve its nodes: \(complaint)")
        }
        inbox.append(.began)
        dialGuard()
        dialCoordinator()
        wake()
    }

    // MARK: Dialling

    private func dialGuard() { world.network.dial(from: self, to: guardian, hasHello: false) }

    private func dialCoordinator() { world.network.dial(from: self, to: coordinator, hasHello: true) }

    private func dialLater(_ peer: SimulatedProcess) {
        after(world.chance.span(pauseMax, pauseMax * 2)) { [unowned self] in
            if peer === guardian { dialGuard() } else { dialCoordinator() }
        }
        pauseMax = min(pauseMax * 2, .seconds(2))
    }

    override func dialFailed(_ peer: SimulatedProcess) { dialLater(peer) }

    override func opened(_ link: Link) {
        links.append(link)
        inbox.append(link.isLocal ? .guardConnected(link.id) : .connected(link.id))
        wake()
    }

    override func closed(_ link: Link) {
        links.removeAll { $0 === link }
        inbox.append(link.isLocal ? .guardDisconnected(link.id) : .disconnected(link.id))
        wake()
        dialLater(link.isLocal ? guardian : coordinator)
    }

    override func heard(_ message: Message, _ correlation: UInt64, on link: Link) {
        switch message {
        case .welcome(let welcome):
            pauseMax = .milliseconds(100)
            inbox.append(.welcomeArrived(link.id, welcome))
        case .order(let order):
            // A full inbox loses orders; they come again (L10).
            if world.isStormy, world.chance.percent(1) { return }
            inbox.append(.orderArrived(link.id, order))
        case .guardAnswer(let answer): inbox.append(.guardAnswered(link.id, answer))
        case .complaint(let complaint): world.tell(name, "hears a complaint: \(complaint.text)")
        case .hello, .request, .reply, .agent, .guardOrder:
            world.report(.itEnds, "\(name) hears what nobody says to agents: \(message)")
        }
        wake()
    }

    // MARK: Turns

    override func turn(isDue: Bool) -> BootInstant {
        guard machine != nil else { return .never }
        let batch = inbox
        inbox = []
        let now = host.now
        for event in batch { machine?.handle(event, at: now, into: &out) }
        if isDue { machine?.handle(.deadlineReached, at: now, into: &out) }
        return machine?.nextDeadline ?? .never
    }

    override func carryOut() {
        let effects = out.effects
        let records = out.entries.map(JournalCodec.encode)
        out.removeAll()
        for effect in effects { carryOut(effect) }
        if !records.isEmpty { journal?.append(records) }
    }

    private func carryOut(_ effect: AgentEffect) {
        switch effect {
        case .send(let connection, let message):
            if case .heartbeat = message { world.count { $0.heartbeatCount += 1 } }
            send(.agent(message), on: connection)
        case .tellGuard(let connection, let order): send(.guardOrder(order), on: connection)
        case .perform(let grant, let step):
            let isDone = !(world.isStormy && world.chance.percent(3))
            let outcome = isDone ? StepOutcome.done(evidence: "done") : .failed(reason: "by chance")
            after(world.chance.span(.milliseconds(1), .milliseconds(50))) { [unowned self] in
                inbox.append(.performed(grant, step, outcome))
                wake()
            }
        case .immediate(.hello(let connection, let hello)): send(.hello(hello), on: connection)
        case .immediate(.renewAtGuard(let connection, let grant, let deadline)):
            send(.guardOrder(.renew(grant, deadline: deadline)), on: connection)
        case .immediate(.readDevices):
            readDevices()
        case .immediate(.close(let connection, let reason)):
            world.tell(name, "closes link \(connection): \(reason)")
            guard let link = links.first(where: { $0.id == connection }) else { return }
            links.removeAll { $0 === link }
            world.network.close(link, by: self)
            dialLater(coordinator)
        case .immediate(.note(let note)): world.tell(name, note.text)
        }
    }

    private func readDevices() {
        let now = host.now
        for slot in bench.nodes.indices {
            inbox.append(.detailRead(NodeSlot(rawValue: UInt32(slot)), bench.detail(slot: slot, at: now.calendar)))
        }
        let readings = bench.nodes.map {
            DeviceReading(
                unhealthy: $0.unhealthy, drawn: $0.drawn(at: now.boot, seed: number), traits: $0.shape.traits,
                meters: meters(of: $0, at: now))
        }
        inbox.append(.devicesRead(readings))
        wake()
    }

    /// Counters of GPUs that draw a hundred watts each, and begin anew with their node; every second agent has none.
    private func meters(of node: SimulatedNode, at now: Now) -> [MeterReading.GPU] {
        guard number % 2 == 1 else { return [] }
        let used = Millijoules(UInt64(max(0, now.boot.nanoseconds) / 10_000_000))
        return node.gpus.indices.map { MeterReading.GPU(uuid: "GPU-\(number)-\($0)", used: used) }
    }

    private func send(_ message: Message, on connection: ConnectionID) {
        guard let link = links.first(where: { $0.id == connection }) else { return }
        send(message, on: link)
    }
}
