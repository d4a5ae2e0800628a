package import LeaseholdModel

/// The right edge of the tree: enough to append to it and to know its root, and small enough for a snapshot.
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

extension LedgerFrontier {
    /// The index in 8 bytes, lowest first, and the subtrees, the largest first, in 32 bytes each.
    package var bytes: [UInt8] {
        var bytes = withUnsafeBytes(of: index.rawValue.littleEndian) { Array($0) }
        for subtree in subtrees { bytes += subtree.bytes }
        return bytes
    }

    /// Reads `bytes`; any others are refused.
    package init(bytes: [UInt8]) throws(LedgerRefusal) {
        guard bytes.count >= 8 else { throw .malformed(line: 0, expected: "8 bytes of an index, not \(bytes.count)") }
        let number: UInt64 = bytes.withUnsafeBytes { $0.word(at: 0) }
        let byteCount = 8 + number.nonzeroBitCount * LedgerHash.byteCount
        guard number <= LedgerLimits.indexMax.rawValue else {
            throw .tooMuch("index", count: number, limit: LedgerLimits.indexMax.rawValue)
        }
        guard bytes.count == byteCount else {
            throw .malformed(line: 0, expected: "\(byteCount) bytes of index \(number), not \(bytes.count)")
        }
        self.init(
            index: RecordIndex(rawValue: number),
            subtrees: bytes.withUnsafeBytes { raw in
                stride(from: 8, to: byteCount, by: LedgerHash.byteCount).map { LedgerHash(bytes: raw, at: $0) }
            })
    }
}
