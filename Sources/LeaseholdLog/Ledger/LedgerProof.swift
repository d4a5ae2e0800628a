internal import LeaseholdModel

/// What can be shown of a ledger to somebody who has nothing but its public key.
package enum LedgerProof: Hashable, Sendable {
    /// A record is in the log.
    case inclusion(SignedHead, LedgerRecord)
    /// The records of the older head are the first ones of the newer head.
    case consistency(older: SignedHead, newer: SignedHead, path: [LedgerHash])
    /// These records are in the log, ascending by index: those about one tenant in some range of it.
    ///
    /// That none is missing is proved by nothing but the tenant's own memory: a lease is called by the index of the record
    /// that made it.
    case export(SignedHead, [LedgerRecord])
    /// Somebody signed two heads that cannot both be true.
    case fork(ForkEvidence)

    /// The heads that it is about, the older one first.
    package var heads: [SignedHead] {
        switch self {
        case .inclusion(let head, _), .export(let head, _): [head]
        case .consistency(let older, let newer, _): [older, newer]
        case .fork(let evidence): [evidence.heads.0, evidence.heads.1]
        }
    }

    /// Complains unless it proves what it says, and all these keys have signed all its heads, the log's own among them.
    ///
    /// A fork is proved against each of the keys, and the log's need not be among them.
    package func check(_ keys: [LedgerKey]) throws(LedgerRefusal) {
        switch self {
        case .inclusion(let head, let record):
            try head.check(keys)
            try record.check(under: head.head)
        case .consistency(let older, let newer, let path):
            try older.check(keys)
            try newer.check(keys)
            try LedgerProof.checkOrder(older.head, newer.head)
            try LedgerPath.checkConsistency(
                from: older.head.index, root: older.head.root, to: newer.head.index, root: newer.head.root, path: path)
        case .export(let head, let records):
            try head.check(keys)
            try LedgerProof.checkRecords(records, head.head)
        case .fork(let evidence):
            guard !keys.isEmpty else { throw .noKey(origin: evidence.heads.0.head.origin) }
            for key in keys { try evidence.check(key) }
        }
    }

    /// One log, whose incarnation never falls, and which has one chain at one record.
    private static func checkOrder(_ older: LedgerHead, _ newer: LedgerHead) throws(LedgerRefusal) {
        guard older.origin == newer.origin else { throw .otherLog(older.origin, newer.origin) }
        guard older.incarnation <= newer.incarnation, older.index < newer.index || older.chain == newer.chain else {
            throw .headsOutOfOrder(older.index, newer.index)
        }
    }

    /// All in the tree of the head, in the order of their indices.
    private static func checkRecords(_ records: [LedgerRecord], _ head: LedgerHead) throws(LedgerRefusal) {
        var previous = RecordIndex.zero
        for record in records {
            guard record.index > previous else { throw .recordOutOfOrder(record.index) }
            previous = record.index
            try record.check(under: head)
        }
    }
}
