/// What the book thinks of a node.
///
/// Cordoned is a flag beside it, not a state.
package enum NodeState: UInt8, Sendable, CaseIterable {
    /// In the fleet file, never heard of: nothing of it can be leased.
    /// Leaves for `ready` with the node's first report, or for `quarantined` when that report does not match the file.
    case notDelivered = 1
    /// Reports in time, and its guard lives: its free and healthy GPUs can be leased.
    /// Leaves for `suspect` when heartbeats stop or a reign begins, for `quarantined` on evidence or when the log was
    /// restored; never back to `notDelivered`.
    case ready = 2
    /// Not heard of for two heartbeats, or not yet by this reign: holds stand, nothing new is put there.
    /// Leaves for `ready` with a report, or for `quarantined`.
    case suspect = 3
    /// Not grantable, with a reason that says what ends it.
    /// Leaves for `ready` with a report that contradicts the reason.
    case quarantined = 4
}

/// Why a node is suspect or quarantined; each says what ends it.
package enum NodeReason: UInt8, Sendable, CaseIterable {
    case none = 0
    /// No heartbeat, or none that echoes a renewal, for two intervals. Ends with the node's next report.
    case silent = 1
    /// A reign began and the node has not reported to it yet. Ends with the node's report.
    case newReign = 2
    /// The report names other hardware than the fleet file. Ends with a report that matches.
    case hardwareDiffers = 3
    /// The node knows a record that this log does not have (L9). Ends when the log has reached that index.
    case witnessAhead = 4
    /// The guard that fences tenants does not answer the agent. Ends with a report that says it does.
    case guardDown = 5
    /// The node would not carry out an order that it should have. Ends with its next report, or as soon as it carries
    /// out everything that the book has there.
    case orderRefused = 6
    /// The node reported a grant that the book does not have there (L9). Ends with the first heartbeat that lists none.
    case strangerListed = 7
    /// The log was restored from a backup, and what it gave up may still run there (L9). Ends with the node's report.
    case logRestored = 8

    /// Whether it says that work may run on the node which this log does not have: then all of the node is counted as
    /// drawing its envelope until it is ready again (L9, L11).
    package var leavesDoubt: Bool {
        switch self {
        case .witnessAhead, .strangerListed, .logRestored: true
        case .none, .silent, .newReign, .hardwareDiffers, .guardDown, .orderRefused: false
        }
    }

    /// What the reason says and what ends it, for people.
    package var explanation: String {
        switch self {
        case .none: "nothing"
        case .silent: "no heartbeat in time; ends with the node's next report"
        case .newReign: "has not reported to this reign yet; ends with its report"
        case .hardwareDiffers: "reports other hardware than the fleet file; ends with a report that matches"
        case .witnessAhead: "knows a record that this log does not have; ends when the log has reached that index"
        case .guardDown: "its guard does not answer; ends with a report that says it does"
        case .strangerListed: "reported a grant that this log does not have there; ends when the node has retired it"
        case .logRestored:
            "the log was restored from a backup, which lacks what was granted since; ends when the node has reported and "
                + "retired what this log does not have"
        case .orderRefused: "refused an order; ends with its next report, or when it carries out all that it should"
        }
    }
}
