import Crypto
package import LeaseholdModel

/// Folds the records of one group into the chain: `SHA-256(0x01 ‖ chain before ‖ leaf of each record, in order)`.
///
/// A leaf is `SHA-256(0x00 ‖ record as written)`, as in RFC 6962, so that the same leaves make the ledger's tree. The
/// chain moves once per group, and a group's frame never holds the chain after it: it can be folded while it syncs.
package struct ChainFold {
    private var hash = SHA256()

    /// Starts a group behind `chain`.
    package init(after chain: ChainHash) {
        withUnsafeBytes(of: UInt8(0x01)) { hash.update(bufferPointer: $0) }
        withUnsafeBytes(of: chain.bigEndianWords) { hash.update(bufferPointer: $0) }
    }

    /// Takes in the next record of the group.
    package mutating func fold(_ record: UnsafeRawBufferPointer) {
        fold(.leaf(of: record))
    }

    /// Takes in the next record of the group by its leaf, which the ledger's tree has too.
    package mutating func fold(_ leaf: LedgerHash) {
        leaf.withBytes { hash.update(bufferPointer: $0) }
    }

    /// The chain after the group.
    package consuming func finish() -> ChainHash {
        hash.finalize().withUnsafeBytes { ChainHash(bytes: $0, at: 0) }
    }

    /// The chain after a whole group of records.
    package static func chain(after chain: ChainHash, records: some Sequence<[UInt8]>) -> ChainHash {
        var fold = ChainFold(after: chain)
        for record in records { record.withUnsafeBytes { fold.fold($0) } }
        return fold.finish()
    }
}

extension ChainHash {
    /// Reads the 32 bytes of a hash at an offset.
    init(bytes: UnsafeRawBufferPointer, at offset: Int) {
        self.init(
            words: (
                bytes.bigWord(at: offset), bytes.bigWord(at: offset + 8),
                bytes.bigWord(at: offset + 16), bytes.bigWord(at: offset + 24)
            ))
    }

    /// The words, in memory as the hash's own 32 bytes.
    var bigEndianWords: (UInt64, UInt64, UInt64, UInt64) {
        (words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian)
    }
}
