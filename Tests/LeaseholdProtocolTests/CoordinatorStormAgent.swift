import LeaseholdModel

/// A node in a storm: what its device runs, and until when.
struct CoordinatorStormAgent {
    private struct Held {
        let grant: LiveGrant
        var deadline: Span
        var isFenced = false
    }

    let node: Int
    var connection = ConnectionID(rawValue: 0)
    /// Orders on their way to the agent.
    var orders: [NodeOrder] = []
    private var session: SessionID?
    private var id: NodeID?
    private var stamps: [Span] = []
    private var echo = HeartbeatNumber.zero
    private var highest = Array(repeating: Epoch.zero, count: 4)
    private var held: [Held] = []
    private var witness = WitnessedHead.none
    /// The start of the coordinator that the connection leads to.
    var leader: UInt64 = 0

    init(node: Int) { self.node = node }

    var isConnected: Bool { connection.rawValue != 0 }

    mutating func disconnect() {
        connection = ConnectionID(rawValue: 0)
        orders = []
        session = nil
        stamps = []
        echo = .zero
    }

    /// Fences what is over; returns how many.
    mutating func fence(at time: Span) -> Int {
        var count = 0
        for position in held.indices where held[position].deadline <= time && !held[position].isFenced {
            held[position].isFenced = true
            count += 1
        }
        return count
    }

    private var condition: NodeCondition {
        CoordinatorBench.condition(
            held.map {
                LiveGrant(
                    lease: $0.grant.lease, epoch: $0.grant.epoch, gpus: $0.grant.gpus,
                    phase: $0.isFenced ? .fenced : .running)
            })
    }

    func report(at time: Span) -> AgentMessage {
        .report(
            NodeReport(
                node: CoordinatorBench.path(node), kind: "H100", gpuCount: 4, hardware: UInt64(100 + node),
                highest: SeenEpochs(gpus: highest), condition: condition,
                witness: witness))
    }

    mutating func beat(at time: Span) -> AgentMessage? {
        guard let session, let id else { return nil }
        stamps.append(time)
        return .heartbeat(
            Heartbeat(
                node: id, session: session, number: HeartbeatNumber(rawValue: UInt64(stamps.count)), echo: echo,
                condition: condition, witness: witness.head.index))
    }

    private func stamp(_ number: HeartbeatNumber) -> Span { stamps[Int(number.rawValue) - 1] }

    private mutating func see(_ head: LogHead) {
        guard head.index > witness.head.index else { return }
        witness = WitnessedHead(head, by: Incarnation(high: 0, low: leader))
    }

    mutating func obey(_ order: NodeOrder, at time: Span) -> AgentMessage? {
        switch order {
        case .attached(_, let id, let session):
            guard self.session != session else { return nil }
            self.id = id
            self.session = session
            stamps = []
            echo = .zero
            return nil
        case .reportRefused:
            session = nil
            return report(at: time)
        case .renewal(let renewal):
            guard renewal.session == session else { return nil }
            echo = max(echo, renewal.number)
            see(renewal.head)
            for hold in renewal.holds {
                guard
                    let position = held.firstIndex(where: {
                        $0.grant.lease == hold.lease && $0.grant.epoch == hold.epoch
                    })
                else { continue }
                let deadline = stamp(renewal.number) + (hold.remaining ?? CoordinatorBench.holds.hold)
                held[position].deadline = max(held[position].deadline, deadline)
                if held[position].deadline > time { held[position].isFenced = false }
            }
            return nil
        case .grant(let order): return take(order, at: time)
        case .retire(let order):
            guard order.name.session == session else { return nil }
            see(order.head)
            held.removeAll { $0.grant.lease == order.name.lease && $0.grant.epoch == order.name.epoch }
            for gpu in order.gpus.positions { highest[gpu] = max(highest[gpu], order.name.epoch) }
            return .retired(order.name)
        case .certificateKept: return nil
        }
    }

    private mutating func take(_ order: GrantOrder, at time: Span) -> AgentMessage? {
        guard order.name.session == session else { return nil }
        see(order.head)
        if held.contains(where: { $0.grant.lease == order.name.lease && $0.grant.epoch == order.name.epoch }) {
            return .started(order.name)
        }
        let deadline = stamp(order.number) + (order.remaining ?? CoordinatorBench.holds.hold)
        guard deadline > time else { return .grantRefused(order.name, .deadlinePassed) }
        guard order.gpus.positions.allSatisfy({ highest[$0] < order.name.epoch }) else {
            return .grantRefused(order.name, .epochNotHigher)
        }
        guard !held.contains(where: { $0.grant.gpus.overlaps(order.gpus) && $0.deadline > time }) else {
            return .grantRefused(order.name, .partitionBusy)
        }
        held.removeAll { $0.grant.gpus.overlaps(order.gpus) }
        for gpu in order.gpus.positions { highest[gpu] = order.name.epoch }
        let grant = LiveGrant(
            lease: order.name.lease, epoch: order.name.epoch, gpus: order.gpus, phase: .running)
        held.append(Held(grant: grant, deadline: deadline))
        return .started(order.name)
    }

    /// Grants that the device has not retired.
    var liveCount: Int { held.count }
}

/// The same numbers for the same seed, on every machine (SplitMix64).
struct SeededChance: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
    mutating func percent(_ share: Int) -> Bool { below(100) < share }
}
