import LeaseholdBroker
import LeaseholdModel
import LeaseholdProtocol

/// A coordinator machine on a bench: two racks of two nodes of four GPUs, the tenants `acme` and `bolt`, and a log
/// that becomes durable at once unless told otherwise.
///
/// Instants are spans since the machine's boot; the calendar runs along unless it is stepped, or sped up.
struct CoordinatorBench {
    /// T 10 s, K 1 s, 1 %: a heartbeat a second, suspect after 2.5 s, a sweep each quarter of a second.
    static let holds = HoldSettings(hold: .seconds(10), eviction: .seconds(1), clockRateErrorPPM: 10_000)
    static let log = LogID(high: 7, low: 7)

    private(set) var machine: CoordinatorMachine
    /// Whether the log is made durable after every batch.
    var isDurable = true
    /// How far the calendar has been stepped from where it would be.
    var calendarStep = Span.zero
    /// Everything that was appended, whether durable or not.
    private(set) var log: [LogEntry] = []
    /// By node: its newest session, as its agent knows it.
    private(set) var sessions: [BenchSession?] = []
    private var effects: [CoordinatorEffect] = []
    private var recordsSeen = 0
    private var askCount: UInt64 = 0

    /// A coordinator that leads an empty book.
    init(empty: Void, speed: Int64 = 1) {
        let identity = CoordinatorBench.identity(speed: speed)
        machine = CoordinatorMachine(identity: identity, book: LeaseBook(), head: .empty)
        tell(.began, at: .zero)
    }

    /// A coordinator with fleet, tenants and clients, at second 0; nothing of that is left to be seen.
    init(nodesPerRack: UInt32 = 2, speed: Int64 = 1) {
        self.init(empty: (), speed: speed)
        joinClients(at: .zero)
        for part in CoordinatorBench.fleet(nodesPerRack: nodesPerRack).parts(importHash: 1) {
            ask(.importFleet(part), at: .zero)
        }
        for tenant in ["acme", "bolt"] { ask(.createTenant(name: tenant, quota: 10_000), at: .zero) }
        sessions = Array(repeating: nil, count: nodeCount)
        clear()
    }

    static func identity(
        boot: UInt64 = 1, incarnation: UInt64 = 1, holds: HoldSettings = CoordinatorBench.holds, speed: Int64 = 1,
        logIncarnation: UInt32 = 1
    ) -> CoordinatorMachine.Identity {
        CoordinatorMachine.Identity(
            cluster: "bench", log: log, incarnation: Incarnation(high: 0, low: incarnation),
            boot: BootID(high: 0, low: boot), holds: holds,
            pace: CalendarPace(
                speed: speed, began: Now(boot: .zero, calendar: calendar(.zero)), notBefore: calendar(.zero)),
            logIncarnation: logIncarnation)
    }

    private static func fleet(nodesPerRack: UInt32) -> FleetDeclaration {
        var fleet = FleetDeclaration()
        fleet.places = ["site", "site/hall", "site/hall/rack-1", "site/hall/rack-2"].map {
            PlaceDeclaration(path: $0, limit: nil)
        }
        fleet.runs = [(rack: UInt32(2), first: UInt32(1)), (rack: 3, first: nodesPerRack + 1)].map {
            NodeRun(
                rack: $0.rack, namePrefix: "node-", firstNumber: $0.first, count: nodesPerRack, kind: "H100",
                gpusPerNode: 4, envelope: Watts(4_800))
        }
        return fleet
    }

    // MARK: What happens

    /// A batch of events at one instant, and what follows from it.
    mutating func tell(_ events: CoordinatorEvent..., at time: Span) { tell(events, at: time) }

    /// A batch of events at one instant, and what follows from it.
    mutating func tell(_ events: [CoordinatorEvent], at time: Span) {
        var out = CoordinatorBuffer()
        for event in events + [.batchEnded] { machine.handle(event, at: now(time), into: &out) }
        take(&out)
        if isDurable { makeDurable() }
    }

    /// The log catches up, as far as told.
    mutating func makeDurable(through index: RecordIndex? = nil) {
        var out = CoordinatorBuffer()
        let head = index.map(CoordinatorBench.head) ?? CoordinatorBench.head(machine.book.head)
        machine.handle(.durable(through: head.index, chain: head.chain), at: now(.zero), into: &out)
        take(&out)
    }

    /// Time passes, quarter of a second by quarter, as a shell lets it.
    mutating func sweep(from start: Span, to end: Span) {
        var time = start
        while time < end {
            time = time + .milliseconds(250)
            tell(.deadlineReached, at: time)
        }
    }

    /// The process ends with what was not durable and starts again; clients and agents have to come again.
    mutating func restart(at time: Span, boot: UInt64 = 1, holds: HoldSettings = CoordinatorBench.holds) {
        lead(
            Array(log.prefix(Int(machine.status.head.index.rawValue))), at: time, boot: boot, holds: holds,
            logIncarnation: machine.identity.logIncarnation)
    }

    /// The log is gone, and a backup of its first records is restored as a later incarnation.
    mutating func restore(to index: RecordIndex, as logIncarnation: UInt32, at time: Span, boot: UInt64 = 1) {
        lead(
            Array(log.prefix(Int(index.rawValue))), at: time, boot: boot, holds: machine.identity.holds,
            logIncarnation: logIncarnation)
    }

    private mutating func lead(
        _ entries: [LogEntry], at time: Span, boot: UInt64, holds: HoldSettings, logIncarnation: UInt32
    ) {
        log = entries
        var book = LeaseBook()
        for entry in log { book.evolve(entry) }
        let identity = CoordinatorBench.identity(
            boot: boot, incarnation: book.head.rawValue, holds: holds,
            logIncarnation: logIncarnation)
        machine = CoordinatorMachine(identity: identity, book: book, head: CoordinatorBench.head(book.head))
        sessions = Array(repeating: nil, count: nodeCount)
        isDurable = true
        tell(.began, at: time)
        clear()
    }

    // MARK: Looks

    /// Everything that left since the last look.
    mutating func seen() -> [CoordinatorEffect] {
        defer { effects = [] }
        return effects
    }

    /// What left since the last look, without renewals and notes.
    mutating func seenBesidesRenewals() -> [CoordinatorEffect] {
        seen().filter {
            switch $0 {
            case .immediate(.renew), .immediate(.note): false
            case .immediate, .reply, .order: true
            }
        }
    }

    /// What was appended since the last look, with what was seen before forgotten.
    mutating func recorded() -> [Record] {
        defer { recordsSeen = log.count }
        return log.dropFirst(recordsSeen).map(\.record)
    }

    /// Forgets what left and what was appended so far.
    mutating func clear() {
        effects = []
        recordsSeen = log.count
    }

    var incarnation: UInt64 { machine.identity.incarnation.low }
    var nodeCount: Int { machine.book.nodeCount }
    func state(_ node: Int) -> NodeState { machine.book.facts(of: NodeID(rawValue: UInt32(node))).state }
    func reason(_ node: Int) -> NodeReason { machine.book.facts(of: NodeID(rawValue: UInt32(node))).reason }

    // MARK: Steps that tests share

    /// The next number for an asker's correlation and a request's id.
    mutating func nextCorrelation() -> UInt64 {
        askCount += 1
        return askCount
    }

    /// Counts one more heartbeat of a node's session.
    mutating func nextBeat(of node: Int) -> BenchSession {
        guard var session = sessions[node] else { preconditionFailure("node \(node) has no session") }
        session.number = session.number.next
        sessions[node] = session
        return session
    }

    func now(_ time: Span) -> Now {
        machine.identity.pace.now(
            Now(boot: .zero + time, calendar: CoordinatorBench.calendar(time) + calendarStep))
    }

    private mutating func take(_ out: inout CoordinatorBuffer) {
        log += out.entries
        effects += out.effects
        for effect in out.effects {
            guard case .order(let connection, .attached(_, let node, let session)) = effect else { continue }
            sessions[node.offset] = BenchSession(id: session, connection: connection)
        }
    }
}

/// A node's session as its agent knows it.
struct BenchSession: Equatable {
    let id: SessionID
    let connection: ConnectionID
    var number = HeartbeatNumber.zero
}
