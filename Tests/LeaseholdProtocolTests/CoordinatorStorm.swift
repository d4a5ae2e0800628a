import LeaseholdBroker
import LeaseholdModel
import LeaseholdProtocol

/// A coordinator in bad weather: a log that lags, connections that break unseen, messages that come late, clocks that
/// jump, processes that start again; and naive devices that believe what they are told as long as it is not stale.
///
/// The devices' clock is the coordinator's, and fencing takes no time; what the storm finds is not a matter of rates.
struct CoordinatorStorm {
    private(set) var bench: CoordinatorBench
    /// What is against the laws, a sentence each.
    private(set) var complaints: [String] = []
    /// Everything that left, in order.
    private(set) var journal: [CoordinatorEffect] = []
    private(set) var restartCount = 0
    private(set) var grantedByDevices = 0
    private(set) var fencedByDevices = 0
    private var chance: SeededChance
    private var time = Span.seconds(1)
    private var agents: [CoordinatorStormAgent]
    /// Connections to the coordinator, each a queue of what was sent on it and has not arrived.
    private var inbound: [(connection: ConnectionID, events: [CoordinatorEvent])] = []
    private var nextConnection: UInt64 = 100
    private var durable = RecordIndex.zero
    /// The book's head when a correlation was asked: its answer rests on that.
    private var asked: [UInt64: RecordIndex] = [:]
    private var keys: [(RequestKey, Request)] = []

    init(seed: UInt64) {
        chance = SeededChance(seed: seed)
        bench = CoordinatorBench()
        agents = (0..<bench.nodeCount).map { CoordinatorStormAgent(node: $0) }
        bench.isDurable = false
        durable = bench.machine.book.head
    }

    // MARK: One step

    mutating func step() {
        if chance.percent(60) { time = time + .milliseconds(Int64(chance.below(400))) }
        if chance.percent(1) { jump() }
        switch chance.below(100) {
        case 0..<22: askSomething()
        case 22..<45: beatSomebody()
        case 45..<75: deliver()
        case 75..<86: tell([.deadlineReached])
        case 86..<97: commit()
        case 97: connect(chance.below(agents.count))
        case 98: breakUnseen(chance.below(agents.count))
        default: if chance.percent(15) { restart() }
        }
        for agent in agents.indices { obeyOne(agent) }
        complaints += bench.machine.book.checkInvariants()
    }

    /// Calm: everything arrives, every lease is given back, and the nodes have time to say so (L15).
    mutating func calmDown() {
        for agent in agents.indices { connect(agent) }
        for round in 0..<80 {
            if round == 10 { releaseAll() }
            time = time + .milliseconds(500)
            for agent in agents.indices { beat(agent) }
            while inbound.contains(where: { !$0.events.isEmpty }) { deliver() }
            tell([.deadlineReached])
            commit(all: true)
            for agent in agents.indices { while obeyOne(agent) {} }
        }
        complaints += bench.machine.book.checkInvariants()
    }

    private mutating func releaseAll() {
        for row in 1...bench.machine.book.head.rawValue {
            let lease = LeaseID(rawValue: row)
            guard let booked = bench.machine.book.lease(lease), booked.state == .starting || booked.state == .active
            else { continue }
            ask(.releaseLease(lease), as: bench.newKey(at: time))
        }
    }

    // MARK: Clients

    private mutating func askSomething() {
        let tenant = chance.percent(50) ? "acme" : "bolt"
        switch chance.below(10) {
        case 0..<5:
            let terms = CoordinatorBench.terms(
                UInt32(1 + chance.below(4)), chance.percent(70) ? .gpu : .node, tenant: tenant,
                term: .seconds(Int64(1 + chance.below(60))), onSilence: chance.percent(50) ? .fence : .keep)
            ask(.createLease(terms), as: bench.newKey(at: time))
        case 5..<8:
            let head = bench.machine.book.head.rawValue
            let lease = LeaseID(rawValue: head - UInt64(chance.below(Int(min(head, 60)))))
            ask(.releaseLease(lease), as: bench.newKey(at: time))
        case 8:
            guard let (key, request) = keys.randomElement(using: &chance) else { return }
            ask(request, as: chance.percent(70) ? key : RequestKey(id: key.id, bodyHash: 2))
        default: ask(chance.percent(50) ? .status : .showNode(name: CoordinatorBench.path(chance.below(4))), as: nil)
        }
    }

    private mutating func ask(_ request: Request, as key: RequestKey?) {
        if let key { keys.append((key, request)) }
        let asker = Asker(connection: CoordinatorBench.ops, correlation: bench.nextCorrelation())
        tell([.requestArrived(asker, RequestEnvelope(key: key, request: request))])
    }

    // MARK: The coordinator's side

    private mutating func tell(_ events: [CoordinatorEvent]) {
        for event in events {
            guard case .requestArrived(let asker, _) = event else { continue }
            bench.tell([event], at: time)
            // What follows a change makes no record of its own, so this is the record that the answer rests on.
            asked[asker.correlation] = bench.machine.book.head
            takeEffects()
            return
        }
        bench.tell(events, at: time)
        takeEffects()
    }

    private mutating func commit(all: Bool = false) {
        let waiting = Int(bench.machine.book.head.rawValue - durable.rawValue)
        guard waiting > 0 else { return }
        let count = all ? waiting : 1 + chance.below(waiting)
        durable = RecordIndex(rawValue: durable.rawValue + UInt64(count))
        bench.makeDurable(through: durable)
        takeEffects()
    }

    /// Sorts what left to the agents, and checks that nothing left too soon (L3).
    private mutating func takeEffects() {
        let effects = bench.seen()
        journal += effects
        for effect in effects {
            switch effect {
            case .reply(let asker, _):
                // Asked and answered within one event: the answer was let go before its head could be noted.
                let needed = asked[asker.correlation] ?? bench.machine.book.head
                if needed > durable { complaints.append("L3: an answer left at \(durable), before \(needed)") }
            case .order(let connection, let order):
                check(order)
                send(order, on: connection)
            case .immediate(.renew(let connection, let renewal)):
                check(renewal)
                send(.renewal(renewal), on: connection)
            case .immediate: break
            }
        }
    }

    private mutating func check(_ order: NodeOrder) {
        switch order {
        case .grant(let order):
            if order.name.epoch.index > durable { complaints.append("L3: grant \(order.name.epoch) at \(durable)") }
            if order.head.index != durable { complaints.append("L9: a grant with \(order.head.index) at \(durable)") }
        case .retire(let order):
            let ending = bench.log.first { entry in
                if case .leaseEnding(order.name.lease, _) = entry.record { true } else { false }
            }
            guard let ending else {
                complaints.append("L3: \(order.name.lease) is retired and nothing of an end is on record")
                return
            }
            if ending.index > durable { complaints.append("L3: an end at \(ending.index) is out at \(durable)") }
        case .attached, .reportRefused, .renewal, .certificateKept: break
        }
    }

    private mutating func check(_ renewal: Renewal) {
        if renewal.head.index > durable { complaints.append("L9: a renewal with \(renewal.head.index) at \(durable)") }
    }

    private mutating func restart() {
        restartCount += 1
        bench.restart(at: time, boot: chance.percent(70) ? 1 : UInt64(1 + restartCount))
        durable = bench.machine.book.head
        inbound = []
        asked = [:]
        for agent in agents.indices { agents[agent].disconnect() }
        bench.joinClients(at: time)
        bench.isDurable = false
        _ = bench.seen()
        complaints += bench.machine.book == LeaseBook(replaying: bench.log) ? [] : ["L14: the replay differs"]
    }

    /// The calendar steps, either way; the boot clock does not.
    private mutating func jump() {
        bench.calendarStep = bench.calendarStep + .seconds(Int64(chance.below(40)) - 20)
    }

    // MARK: The network

    private mutating func send(_ order: NodeOrder, on connection: ConnectionID) {
        for agent in agents.indices where agents[agent].connection == connection {
            agents[agent].orders.append(order)
        }
    }

    private mutating func say(_ message: AgentMessage, by agent: Int) {
        let connection = agents[agent].connection
        guard let queue = inbound.firstIndex(where: { $0.connection == connection }) else { return }
        inbound[queue].events.append(.agentSpoke(connection, message))
    }

    /// The next event of some connection arrives, now and then with others of its connection in one batch.
    private mutating func deliver() {
        let ready = inbound.indices.filter { !inbound[$0].events.isEmpty }
        guard let queue = ready.randomElement(using: &chance) else { return }
        let count = min(inbound[queue].events.count, 1 + chance.below(3))
        let events = Array(inbound[queue].events.prefix(count))
        inbound[queue].events.removeFirst(count)
        tell(events)
    }

    // MARK: Agents

    /// A new connection.
    ///
    /// The coordinator hears of the end of the old one some time, after all that was sent on it.
    private mutating func connect(_ agent: Int) {
        breakUnseen(agent)
        let connection = ConnectionID(rawValue: nextConnection)
        nextConnection += 1
        agents[agent].connection = connection
        agents[agent].leader = bench.incarnation
        inbound.append((connection, [.helloArrived(connection, CoordinatorBench.hello(CoordinatorBench.agent))]))
        say(agents[agent].report(at: time), by: agent)
    }

    private mutating func breakUnseen(_ agent: Int) {
        let old = agents[agent].connection
        agents[agent].disconnect()
        guard let queue = inbound.firstIndex(where: { $0.connection == old }) else { return }
        inbound[queue].events.append(.disconnected(old))
    }

    private mutating func beatSomebody() { beat(chance.below(agents.count)) }

    private mutating func beat(_ agent: Int) {
        fencedByDevices += agents[agent].fence(at: time)
        guard agents[agent].isConnected else { return connect(agent) }
        guard let heartbeat = agents[agent].beat(at: time) else { return }
        say(heartbeat, by: agent)
    }

    @discardableResult
    private mutating func obeyOne(_ agent: Int) -> Bool {
        guard !agents[agent].orders.isEmpty else { return false }
        fencedByDevices += agents[agent].fence(at: time)
        let order = agents[agent].orders.removeFirst()
        guard let answer = agents[agent].obey(order, at: time) else { return true }
        switch answer {
        case .started: grantedByDevices += 1
        case .grantRefused(let name, let refusal):
            if refusal != .deadlinePassed { complaints.append("L1: \(name.lease) on node \(agent): \(refusal)") }
        case .report, .heartbeat, .retired, .sanitised, .detail: break
        }
        say(answer, by: agent)
        return true
    }
}

extension LeaseBook {
    /// The book of a log.
    init(replaying log: [LogEntry]) {
        self.init()
        for entry in log { evolve(entry) }
    }
}
