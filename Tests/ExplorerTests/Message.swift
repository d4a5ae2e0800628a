/// What is on its way between an agent and a coordinator: four bytes, so that a world holds several.
///
/// A message names a heartbeat by the age of its stamp on the node's clock. The agent of the house looks the stamp up
/// by the heartbeat's number; the age says the same and lets worlds merge that differ only by the hour of the day.
struct Message: Equatable {
    /// What is said; the comment names what it carries.
    enum Kind: UInt32 {
        /// No message.
        case none = 0
        /// To the coordinator: the reign and the start of a coordinator that the agent has seen.
        case hello
        /// To the agent: reign and start of the coordinator.
        case welcome
        /// To the coordinator: highest epoch, live grant, witness.
        case report
        /// To the coordinator: age, live grant, echo.
        case heartbeat
        /// To the agent: age, grant, remaining term, head.
        case renewal
        /// To the agent: age, grant, remaining term, head.
        case grant
        /// To the agent: grant.
        case retire
        /// To the coordinator: grant.
        case retired
    }

    /// Everything in one number; zero is no message.
    private(set) var bits: UInt32

    /// No message.
    static let none = Message(raw: 0)

    /// A message of a world.
    init(raw: UInt32) { bits = raw }

    init(_ kind: Kind, on connection: Int) { bits = kind.rawValue | UInt32(connection) << 4 }

    private func field(_ shift: UInt32, _ mask: UInt32) -> Int { Int(bits >> shift & mask) }
    private mutating func set(_ shift: UInt32, _ mask: UInt32, _ value: Int) {
        precondition(value >= 0 && UInt32(value) <= mask, "\(value) does not fit into a message")
        bits = bits & ~(mask << shift) | UInt32(value) << shift
    }

    /// What is said.
    var kind: Kind { Kind(rawValue: bits & 15) ?? .none }
    /// The connection that it travels on.
    var connection: Int { field(4, 3) }
    /// The grant that it is about, or that the node lists as live; 0 for none.
    var grant: Int {
        get { field(6, 3) }
        set { set(6, 3, newValue) }
    }
    /// How old the named heartbeat's stamp is, on the node's clock.
    var age: Int {
        get { field(8, 15) }
        set { set(8, 15, newValue) }
    }
    /// The remaining term; in a welcome or a hello the reign.
    var term: Int {
        get { field(12, 15) }
        set { set(12, 15, newValue) }
    }
    /// The highest epoch of a report.
    var highest: Int {
        get { field(16, 255) }
        set { set(16, 255, newValue) }
    }
    /// The last grant in the log of whoever showed it: the witness of a report, the head of an order.
    var head: Int {
        get { field(24, 3) }
        set { set(24, 3, newValue) }
    }
    /// Which start of a coordinator: that of a welcome, the one seen in a hello, the one that showed a witness.
    var incarnation: Int {
        get { field(26, 7) }
        set { set(26, 7, newValue) }
    }
    /// How many heartbeats the echo lies behind; in the place of `highest`.
    var lag: Int {
        get { field(16, 15) }
        set { set(16, 15, newValue) }
    }
    /// How many heartbeats the named one lies behind the newest; in the place of `highest`.
    var behind: Int {
        get { field(20, 15) }
        set { set(20, 15, newValue) }
    }

    /// Whether a coordinator is to read it.
    var isForCoordinator: Bool {
        switch kind {
        case .hello, .report, .heartbeat, .retired: true
        case .none, .welcome, .renewal, .grant, .retire: false
        }
    }

    /// Whether it names a heartbeat.
    var namesHeartbeat: Bool {
        switch kind {
        case .heartbeat, .renewal, .grant: true
        case .none, .hello, .welcome, .report, .retire, .retired: false
        }
    }
}
