import LeaseholdModel

/// The last notes of a lease, and how many came before them (L10).
struct LeaseNotes: Equatable, Sendable {
    /// The oldest first.
    private(set) var entries: [NotedEntry] = []
    private(set) var forgottenCount = 0

    /// Nothing noted.
    init() {}

    /// Notes out of an image; nil where there are none.
    init?(_ image: LeasePartImage) {
        guard !image.notes.isEmpty || image.forgottenNoteCount > 0 else { return nil }
        entries = image.notes
        forgottenCount = image.forgottenNoteCount
    }

    mutating func add(_ note: LeaseNote, _ index: RecordIndex, at instant: CalendarInstant) {
        if entries.count == LeaseExplanation.noteCountMax {
            entries.removeFirst()
            forgottenCount += 1
        }
        entries.append(NotedEntry(index: index, at: instant, note: note))
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
