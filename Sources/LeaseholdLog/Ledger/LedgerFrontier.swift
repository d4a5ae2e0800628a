package import LeaseholdModel

/// The right edge of the tree: enough to append to it and to know its root.
///
/// Picture the largest perfect subtree, then the largest one of what is left, and so on: one for each bit of the index
/// that is set. The leaf of record `i` is leaf `i - 1` of RFC 6962, so the tree's size is the index of its last record.
package struct LedgerFrontier: Hashable, Sendable {
    /// The last record, which is the tree's size.
    package private(set) var index: RecordIndex
    /// The roots of the perfect subtrees, the largest first.
    private var subtrees: [LedgerHash]

    /// A tree without records.
    package init() {
        index = .zero
        subtrees = []
    }

    /// The edge of a tree whose perfect subtrees are known, the largest first.
    init(index: RecordIndex, subtrees: [LedgerHash]) {
        precondition(
            subtrees.count == index.rawValue.nonzeroBitCount, "\(subtrees.count) subtrees of a tree of \(index)")
        self.index = index
        self.subtrees = subtrees
    }

    /// Appends the leaf of the next record.
    package mutating func append(_ leaf: LedgerHash) {
        precondition(index < LedgerLimits.indexMax, "a ledger of \(index) records is full")
        var node = leaf
        var rest = index.rawValue
        while rest & 1 == 1 {
            node = .node(subtrees.removeLast(), node)
            rest >>= 1
        }
        subtrees.append(node)
        index = index.next
    }

    /// The root, by RFC 6962, section 2.1: as many hashes as there are subtrees, less one.
    package var root: LedgerHash {
        guard var root = subtrees.last else { return .empty }
        for subtree in subtrees.dropLast().reversed() { root = .node(subtree, root) }
        return root
    }
}
