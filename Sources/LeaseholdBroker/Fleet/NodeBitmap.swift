package import LeaseholdModel

/// Some of the nodes of a fleet: a bit each, and a bit for every word that has one, so that the next is found fast.
package struct NodeBitmap: Equatable, Sendable {
    private var words: [UInt64] = []
    private var summary: [UInt64] = []
    /// How many nodes are inside.
    package private(set) var count = 0

    /// An empty set.
    package init() {}

    /// Whether a node is inside.
    package func contains(_ node: NodeID) -> Bool {
        let word = node.offset >> 6
        return word < words.count && words[word] >> UInt64(node.offset & 63) & 1 == 1
    }

    /// Puts a node in; it must not be inside.
    package mutating func insert(_ node: NodeID) {
        precondition(!contains(node), "node \(node) is in the set already")
        let word = node.offset >> 6
        while words.count <= word { words.append(0) }
        while summary.count <= word >> 6 { summary.append(0) }
        words[word] |= 1 << UInt64(node.offset & 63)
        summary[word >> 6] |= 1 << UInt64(word & 63)
        count += 1
    }

    /// Takes a node out; it must be inside.
    package mutating func remove(_ node: NodeID) {
        precondition(contains(node), "node \(node) is not in the set")
        let word = node.offset >> 6
        words[word] &= ~(1 << UInt64(node.offset & 63))
        if words[word] == 0 { summary[word >> 6] &= ~(1 << UInt64(word & 63)) }
        count -= 1
    }

    /// The first node inside at this position or after it; nil when there is none.
    package func next(from position: Int) -> NodeID? {
        var word = position >> 6
        guard word < words.count else { return nil }
        let rest = words[word] & (.max << UInt64(position & 63))
        if rest != 0 { return node(in: word, rest) }
        word += 1
        var group = word >> 6
        guard group < summary.count else { return nil }
        var groups = summary[group] & (.max << UInt64(word & 63))
        while groups == 0 {
            group += 1
            guard group < summary.count else { return nil }
            groups = summary[group]
        }
        let found = group << 6 + groups.trailingZeroBitCount
        return node(in: found, words[found])
    }

    private func node(in word: Int, _ bits: UInt64) -> NodeID {
        NodeID(rawValue: UInt32(word << 6 + bits.trailingZeroBitCount))
    }
}
