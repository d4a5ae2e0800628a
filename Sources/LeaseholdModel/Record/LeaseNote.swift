/// Something that happened to a lease besides beginning and ending.
package enum LeaseNote: Hashable, Sendable {
    /// It came off the waitlist.
    case confirmed
    /// It is promised other GPUs than before: those on so many nodes, the first of which could not be had for a reason.
    case moved(off: NodeID, nodeCount: Int, Hindrance)
    /// It began though so many of its nodes were away.
    case beganWithout(NodeID, nodeCount: Int)
    /// One of its nodes is away.
    case interrupted(NodeID, NodeState, NodeReason)
    /// GPUs of it are broken.
    case broken(NodeID, GPUSet)
    /// A node that was away, or whose GPUs were broken, is well again.
    case restored(NodeID)
    case extended(to: CalendarInstant)
    case shrunk(to: Int)
}

/// Why a node cannot be had, or what is on it.
package enum Hindrance: Hashable, Sendable {
    case away(NodeState, NodeReason)
    case broken(GPUSet)
    case cordoned
    /// Another lease has it still.
    case held(LeaseID)
    /// Its agent can no longer carve it.
    case notCarved
}

/// A note with the record that made it true.
package struct NotedEntry: Hashable, Sendable {
    package let index: RecordIndex
    package let at: CalendarInstant
    package let note: LeaseNote

    package init(index: RecordIndex, at: CalendarInstant, note: LeaseNote) {
        self.index = index
        self.at = at
        self.note = note
    }
}
