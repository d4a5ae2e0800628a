import LeaseholdModel

/// Something that happened to a lease besides beginning and ending.
enum LeaseNote: Equatable, Sendable {
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
enum Hindrance: Equatable, Sendable {
    case away(NodeState, NodeReason)
    case broken(GPUSet)
    case cordoned
    /// Another lease has it still.
    case held(LeaseID)
    /// Its agent can no longer carve it.
    case notCarved
}

/// The last notes of a lease, and how many came before them (L10).
struct LeaseNotes: Equatable, Sendable {
    struct Entry: Equatable, Sendable {
        let index: RecordIndex
        let at: CalendarInstant
        let note: LeaseNote
    }

    /// The oldest first.
    private(set) var entries: [Entry] = []
    private(set) var forgottenCount = 0

    mutating func add(_ note: LeaseNote, _ index: RecordIndex, at instant: CalendarInstant) {
        if entries.count == LeaseExplanation.noteCountMax {
            entries.removeFirst()
            forgottenCount += 1
        }
        entries.append(Entry(index: index, at: instant, note: note))
    }

    /// Whether the last that is known of a node is that it was away or broken.
    func isInterrupted(on node: NodeID) -> Bool {
        for entry in entries.reversed() {
            switch entry.note {
            case .interrupted(node, _, _), .broken(node, _): return true
            case .beganWithout(let first, let count) where first == node || count > 1: return true
            case .restored(node): return false
            default: continue
            }
        }
        return false
    }
}
