/// Where a lease is in its life.
package enum LeaseState: UInt8, Sendable, CaseIterable {
    /// Nothing is promised yet: it is on the waitlist. Leaves for `confirmed` or `starting` when it can be had, for
    /// `cancelled` when it is given up or its time on the list is over.
    case waitlisted = 7
    /// Its GPUs and watts are promised over its whole window, which has not begun. Leaves for `starting` when it begins,
    /// for `cancelled` when it is given up or its term passes without a beginning.
    case confirmed = 5
    /// Begun and durable; not every node has it yet.
    /// Leaves for `active` when every node has started it, for `ending` by release or at its end.
    case starting = 1
    /// Every node has started it. Leaves for `ending` by release or at its end; never back to `starting`.
    case active = 2
    /// Over for the tenant; its partitions are being retired. Leaves for `ended` when the last of them is; nothing
    /// brings it back.
    case ending = 3
    /// Holds nothing any more. Final.
    case ended = 4
    /// Given up before it began. Final.
    case cancelled = 6

    /// Whether nothing comes after it.
    package var isFinal: Bool {
        switch self {
        case .waitlisted, .confirmed, .starting, .active, .ending: false
        case .ended, .cancelled: true
        }
    }

    /// The word of the command line.
    package var word: String {
        switch self {
        case .waitlisted: "waitlisted"
        case .confirmed: "confirmed"
        case .starting: "starting"
        case .active: "active"
        case .ending: "ending"
        case .ended: "ended"
        case .cancelled: "cancelled"
        }
    }

    /// The state that the command line calls so.
    package init?(word: String) {
        guard let state = LeaseState.allCases.first(where: { $0.word == word }) else { return nil }
        self = state
    }
}

/// Why a lease ended or is ending.
package enum EndCause: UInt8, Sendable, CaseIterable {
    case none = 0
    /// The tenant gave it back.
    case released = 1
    /// Its term is over, or its time on the waitlist.
    case lapsed = 2
    /// It was given up before it began.
    case cancelled = 3
    /// Its nodes had closed it already, by what a restore of the log has given up.
    case closed = 4

    /// Whether it is about one part of a lease; the others are about all of them.
    package var isOfPart: Bool {
        switch self {
        case .lapsed, .closed: true
        case .none, .released, .cancelled: false
        }
    }
}

/// How a partition became free again (L5).
package enum RetirementProof: UInt8, Sendable, CaseIterable {
    /// The agent proved it: processes gone, memory wiped, epoch closed, durable at the node.
    case acknowledged = 1
    /// The node was silent for longer than any hold of this grant could last.
    case waited = 2
}
