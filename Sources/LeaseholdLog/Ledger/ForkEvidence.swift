package import LeaseholdModel

/// Two heads of one log that cannot both be true, in a form that anybody can check who has the key that signed them.
///
/// Two heads and a consistency path that fails are no evidence: whoever accuses can make up a path that fails. Each form
/// here holds only hashes that a signed root commits to, so that nobody but the owner of the key can have made both
/// sides. A restore from a backup may give indices again, and says so by a later incarnation; so both heads are of one.
package enum ForkEvidence: Hashable, Sendable {
    /// Two heads at one record, with different roots or different chains.
    case heads(SignedHead, SignedHead)
    /// A path that leads to the root of the newer head, and says another root for the older one than that states.
    ///
    /// It is a consistency path with the hash that it starts from always in front (``LedgerProver/prefix(from:to:)``).
    case prefix(older: SignedHead, newer: SignedHead, path: [LedgerHash])
    /// Two records of one index, each in the tree of its head.
    case records(SignedHead, LedgerRecord, SignedHead, LedgerRecord)

    /// The fork that two heads alone show; nil where they show none, as where one is older.
    package static func between(_ one: SignedHead, _ other: SignedHead) -> ForkEvidence? {
        guard one.head.origin == other.head.origin, one.head.incarnation == other.head.incarnation,
            one.head.index == other.head.index, one.head.root != other.head.root || one.head.chain != other.head.chain
        else { return nil }
        return .heads(one, other)
    }

    /// The two heads.
    package var heads: (SignedHead, SignedHead) {
        switch self {
        case .heads(let one, let other), .records(let one, _, let other, _): (one, other)
        case .prefix(let older, let newer, _): (older, newer)
        }
    }

    /// Complains unless the owner of this key has signed both sides of a fork.
    package func check(_ key: LedgerKey) throws(LedgerRefusal) {
        let (one, other) = heads
        try one.check(key)
        try other.check(key)
        guard one.head.origin == other.head.origin else { throw .otherLog(one.head.origin, other.head.origin) }
        guard one.head.incarnation == other.head.incarnation else {
            throw .noFork("a restore lies between incarnations \(one.head.incarnation) and \(other.head.incarnation)")
        }
        switch self {
        case .heads:
            guard one.head.index == other.head.index else { throw .noFork("the heads are of different records") }
            guard ForkEvidence.between(one, other) != nil else { throw .noFork("the heads say the same") }
        case .prefix(_, _, let path):
            let (older, newer) = (one.head, other.head)
            let reached = try LedgerPath.roots(from: older.index, to: newer.index, seeded: path)
            guard reached.new == newer.root else {
                throw .rootDiffers(head: newer.index, stated: newer.root, reached: reached.new)
            }
            guard reached.old != older.root else { throw .noFork("the older head is part of the newer one") }
        case .records(_, let record, _, let otherRecord):
            guard record.index == otherRecord.index else { throw .noFork("the records have different indices") }
            try record.check(under: one.head)
            try otherRecord.check(under: other.head)
            guard record.bytes != otherRecord.bytes else { throw .noFork("the records are the same") }
        }
    }
}

/// A record as written, with the path that proves it to be in the tree of some head.
package struct LedgerRecord: Hashable, Sendable {
    package let index: RecordIndex
    /// As written to the log; what a reader decodes.
    package let bytes: [UInt8]
    /// By RFC 6962, section 2.1.1.
    package let path: [LedgerHash]

    package init(index: RecordIndex, bytes: [UInt8], path: [LedgerHash]) {
        self.index = index
        self.bytes = bytes
        self.path = path
    }

    /// Complains unless the record is in the tree of a head, at its index.
    package func check(under head: LedgerHead) throws(LedgerRefusal) {
        try LedgerPath.checkInclusion(of: .leaf(of: bytes), at: index, root: head.root, of: head.index, path: path)
    }
}
