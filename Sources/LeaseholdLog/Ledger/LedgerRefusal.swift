package import LeaseholdModel

/// Why a key, a head or a proof is not believed.
package enum LedgerRefusal: Error, Hashable, Sendable {
    /// The text or the bytes cannot be read; the line counts from 1 and is 0 where there are no lines.
    case malformed(line: Int, expected: String)
    /// More than the bound of that name.
    case tooMuch(String, count: UInt64, limit: UInt64)
    /// None of the keys at hand is the one of this log.
    case noKey(origin: String)
    /// The head has no signature by this key.
    case unsigned(name: String)
    /// The signature by this key is not one of this text.
    case signatureWrong(name: String)
    /// The record is behind the head, or there is no such record.
    case outsideHead(RecordIndex, head: RecordIndex)
    /// The path has fewer or more hashes than one between these two has.
    case pathLength(Int, from: RecordIndex, to: RecordIndex)
    /// The path does not lead to the root that the head with this index states.
    case rootDiffers(head: RecordIndex, stated: LedgerHash, reached: LedgerHash)
    /// Heads of two logs cannot be compared.
    case otherLog(String, String)
    /// The first head is behind the second, or of a later incarnation of the log.
    case headsOutOfOrder(RecordIndex, RecordIndex)
    /// A record stands where its index does not belong.
    case recordOutOfOrder(RecordIndex)
    /// The bytes of the record are none of this version's.
    case unreadable(RecordIndex, RecordFailure)
    /// What is said to be a fork is none, because of this.
    case noFork(String)

    /// Whether it is not even the text of a proof, a head or a key.
    package var isMalformed: Bool {
        switch self {
        case .malformed, .tooMuch: true
        case .noKey, .unsigned, .signatureWrong, .outsideHead, .pathLength, .rootDiffers, .otherLog,
            .headsOutOfOrder, .recordOutOfOrder, .unreadable, .noFork:
            false
        }
    }
}

extension LedgerRefusal: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformed(let line, let expected): (line == 0 ? "" : "line \(line): ") + "expected \(expected)"
        case .tooMuch(let what, let count, let limit): "\(what): \(count), at most \(limit)"
        case .noKey(let origin): "no key of \(origin) is given"
        case .unsigned(let name): "the head is not signed by \(name)"
        case .signatureWrong(let name): "the signature by \(name) is wrong"
        case .outsideHead(let index, let head): "record \(index) is not among the records of head \(head)"
        case .pathLength(let count, let from, let to):
            "a path of \(count) hashes cannot lead from \(from) to head \(to)"
        case .rootDiffers(let head, let stated, let reached):
            "the path leads to the root \(reached); head \(head) states \(stated)"
        case .otherLog(let one, let other): "heads of two logs: \(one) and \(other)"
        case .headsOutOfOrder(let old, let new):
            "head \(old) does not come before head \(new) in the life of the log"
        case .recordOutOfOrder(let index): "record \(index) is out of its order"
        case .unreadable(let index, let failure): "record \(index): \(failure)"
        case .noFork(let reason): "no fork: \(reason)"
        }
    }
}
