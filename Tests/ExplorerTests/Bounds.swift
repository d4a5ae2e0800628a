/// How large a world may grow, and the numbers of the hold: what makes one scene of the one model.
struct Bounds {
    /// Whether clocks drift at all: without, every clock makes one unit a tick.
    var hasDrift = true
    /// T, in units: from a heartbeat's stamp to the deadline of a `fence` hold.
    var hold = 2
    /// K, in ticks: from the deadline to the work provably off the GPU.
    var eviction = 1
    /// The term of a `keep` grant, in units; 0 where grants are `fence`.
    var term = 0
    /// V, in units; 0 where there is no standby.
    var validity = 0
    /// How many grants are ever decided.
    var grants = 2
    /// How many messages are on their way at once.
    var messages = 3
    /// How many connections the agent ever makes; the first stands from the beginning.
    var connections = 1
    /// Whether an agent reports again on a connection, as it does while no session was opened for it.
    var reportsAgain = false
    /// Whether a restored log grows by records about other nodes.
    var logGrows = false
    /// How often each accident may happen.
    var chances: [Chance: Int] = [:]
    /// Where heartbeats are regular: the numbers of suspicion.
    var echo: Echo?

    /// When a node counts as silent (L5), in the proportions of the house.
    struct Echo {
        /// Units of the node's clock between heartbeats.
        var interval = 2
        /// So many units after it left a message has arrived or is lost.
        var delay = 2
        /// How many heartbeats an echo may lie behind and still count.
        var lag = 3
        /// Units of the coordinator's clock without evidence until suspicion.
        var suspectAfter = 5
        /// Taken off `quietMax`, to show that it is tight.
        var quietLess = 0

        /// The property: so many ticks after a renewal last reached the agent, its node is not ready.
        ///
        /// Until then heartbeats with an echo may leave and arrive, then suspicion runs; two ticks are the slowest unit.
        var quietMax: Int { 2 * (lag * interval + delay + suspectAfter + 1) - quietLess }
    }

    /// (1+ρ)·(span/(1−ρ) + K) in these units: the fastest clock counts two units where the slowest counts one.
    func bound(after span: Int) -> Int { 2 * span + eviction }
    /// W of L5.
    var wait: Int { bound(after: hold) }
    /// The wait of a new leader (L5).
    var standbyWait: Int { bound(after: validity + hold) }
    /// The longest that a hold can last.
    var longestHold: Int { max(hold, term) }
    /// Where counters of elapsed time stop: beyond it nothing depends on them.
    var elapsedMax: Int { bound(after: longestHold) }
    /// The longest remaining term whose bound lies within `wait`.
    func remaining(within wait: Int) -> Int { max(0, (wait - eviction) / 2) }
    /// Whether grants are `keep`.
    var isKeep: Bool { term > 0 }
    /// Whether a standby may take over.
    var hasStandby: Bool { validity > 0 }
    /// Whether heads of the log matter.
    var hasRestore: Bool { chances[.restore, default: 0] > 0 }
    /// Which coordinator a connection leads to.
    func desk(of connection: Int) -> Int { hasStandby ? (connection + 1) % 2 : 0 }
}

/// An accident that happens so many times at most; everything else happens as often as it likes.
enum Chance: Int, CaseIterable {
    /// The agent dies and starts again; its guard lives.
    case agentDeath
    /// The guard dies and takes the work along.
    case guardDeath
    /// The node reboots.
    case nodeReboot
    /// The coordinator's process dies and starts again.
    case coordinatorDeath
    /// The coordinator's machine reboots, or the process starts on another one.
    case coordinatorReboot
    /// The coordinator starts with an older log.
    case restore
    /// The coordinator's calendar steps by one unit.
    case calendarStep
    /// A message is delivered and stays on its way.
    case duplicate

    /// As the table of bounds names it.
    var text: String {
        switch self {
        case .agentDeath: "agent deaths"
        case .guardDeath: "guard deaths"
        case .nodeReboot: "node reboots"
        case .coordinatorDeath: "coordinator deaths"
        case .coordinatorReboot: "coordinator reboots"
        case .restore: "restores"
        case .calendarStep: "calendar steps"
        case .duplicate: "duplications"
        }
    }
}

/// What the explorer holds every world against.
enum Law: String {
    case oneHolder = "L1"
    case epochsGrow = "L4"
    case theWait = "L5"
    case retirement = "L5, retirement"
    case suspicion = "L5, echo"

    /// What it says, for the last line of a story.
    var text: String {
        switch self {
        case .oneHolder: "two grants run on one GPU"
        case .epochsGrow: "work starts under an epoch that was closed"
        case .theWait: "a GPU is given free, or granted, while an older grant still runs or can start"
        case .retirement: "a retirement is believed before processes are gone, memory is wiped and the epoch is closed"
        case .suspicion: "a node counts as ready although no renewal has reached it for too long"
        }
    }
}

/// A set of broken laws.
struct Laws: OptionSet {
    let rawValue: UInt8
    init(rawValue: UInt8) { self.rawValue = rawValue }
    init(_ law: Law) { self.rawValue = 1 << Laws.position(of: law) }

    private static func position(of law: Law) -> UInt8 {
        switch law {
        case .oneHolder: 0
        case .epochsGrow: 1
        case .theWait: 2
        case .retirement: 3
        case .suspicion: 4
        }
    }

    static let oneHolder = Laws(.oneHolder)
    static let epochsGrow = Laws(.epochsGrow)
    static let theWait = Laws(.theWait)
    static let retirement = Laws(.retirement)
    static let suspicion = Laws(.suspicion)

    /// The gravest of them; nil for none.
    var first: Law? {
        let laws: [Law] = [.oneHolder, .epochsGrow, .theWait, .retirement, .suspicion]
        return laws.first { contains(Laws($0)) }
    }
}
