package import LeaseholdModel

/// What a path of hashes proves, by the algorithms of RFC 9162, sections 2.1.3.2 and 2.1.4.2.
package enum LedgerPath {
    /// Complains unless the path leads from the leaf of a record to the root of a tree.
    package static func checkInclusion(
        of leaf: LedgerHash, at record: RecordIndex, root: LedgerHash, of head: RecordIndex, path: [LedgerHash]
    ) throws(LedgerRefusal) {
        guard record > .zero, record <= head, head <= LedgerLimits.indexMax else {
            throw .outsideHead(record, head: head)
        }
        var (fn, sn, reached) = (record.rawValue - 1, head.rawValue - 1, leaf)
        for hash in path {
            guard sn != 0 else { throw .pathLength(path.count, from: record, to: head) }
            if fn & 1 == 1 || fn == sn {
                reached = .node(hash, reached)
                while fn & 1 == 0, fn != 0 { (fn, sn) = (fn >> 1, sn >> 1) }
            } else {
                reached = .node(reached, hash)
            }
            (fn, sn) = (fn >> 1, sn >> 1)
        }
        guard sn == 0 else { throw .pathLength(path.count, from: record, to: head) }
        guard reached == root else { throw .rootDiffers(head: head, stated: root, reached: reached) }
    }

    /// Complains unless the path leads from the root of an older head to that of a newer one.
    package static func checkConsistency(
        from old: RecordIndex, root oldRoot: LedgerHash, to new: RecordIndex, root newRoot: LedgerHash,
        path: [LedgerHash]
    ) throws(LedgerRefusal) {
        guard old > .zero, old <= new, new <= LedgerLimits.indexMax else { throw .headsOutOfOrder(old, new) }
        if old == new {
            guard path.isEmpty else { throw .pathLength(path.count, from: old, to: new) }
            guard oldRoot == newRoot else { throw .rootDiffers(head: new, stated: newRoot, reached: oldRoot) }
            return
        }
        let seed = old.rawValue.nonzeroBitCount == 1 ? [oldRoot] : []
        guard !path.isEmpty else { throw .pathLength(0, from: old, to: new) }
        let reached = try roots(from: old, to: new, seeded: seed + path)
        guard reached.new == newRoot else { throw .rootDiffers(head: new, stated: newRoot, reached: reached.new) }
        guard reached.old == oldRoot else { throw .rootDiffers(head: old, stated: oldRoot, reached: reached.old) }
    }

    /// Both roots that a path says, with the hash it starts from in front.
    ///
    /// All hashes that make the older root also make the newer one, each at a place that the two indices alone decide. So
    /// where the newer root is the true one, the older one is the root that its tree really had at that index.
    static func roots(
        from old: RecordIndex, to new: RecordIndex, seeded path: [LedgerHash]
    ) throws(LedgerRefusal) -> (old: LedgerHash, new: LedgerHash) {
        guard old > .zero, old < new, new <= LedgerLimits.indexMax else { throw .headsOutOfOrder(old, new) }
        guard let seed = path.first else { throw .pathLength(0, from: old, to: new) }
        var (fn, sn) = (old.rawValue - 1, new.rawValue - 1)
        while fn & 1 == 1 { (fn, sn) = (fn >> 1, sn >> 1) }
        var reached = (old: seed, new: seed)
        for hash in path.dropFirst() {
            guard sn != 0 else { throw .pathLength(path.count, from: old, to: new) }
            if fn & 1 == 1 || fn == sn {
                reached = (.node(hash, reached.old), .node(hash, reached.new))
                while fn & 1 == 0, fn != 0 { (fn, sn) = (fn >> 1, sn >> 1) }
            } else {
                reached.new = .node(reached.new, hash)
            }
            (fn, sn) = (fn >> 1, sn >> 1)
        }
        guard sn == 0 else { throw .pathLength(path.count, from: old, to: new) }
        return reached
    }
}
