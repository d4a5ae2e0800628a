private import Crypto

/// A hash of the ledger's tree, as in RFC 6962, section 2.1: of one record, or of two hashes.
package struct LedgerHash: Hashable, Sendable, CustomStringConvertible {
    /// Bytes of a hash.
    package static let byteCount = 32

    /// The hash as four big-endian words.
    package let words: (UInt64, UInt64, UInt64, UInt64)

    package init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

    /// The root of a tree without records.
    package static let empty = LedgerHash(SHA256().finalize())

    /// The hash of a record as written: `SHA-256(00 ‖ record)`.
    package static func leaf(of record: UnsafeRawBufferPointer) -> LedgerHash {
        var hash = SHA256()
        withUnsafeBytes(of: UInt8(0x00)) { hash.update(bufferPointer: $0) }
        hash.update(bufferPointer: record)
        return LedgerHash(hash.finalize())
    }

    /// The hash of a record as written.
    package static func leaf(of record: [UInt8]) -> LedgerHash { record.withUnsafeBytes { leaf(of: $0) } }

    /// The hash of two subtrees: `SHA-256(01 ‖ left ‖ right)`.
    package static func node(_ left: LedgerHash, _ right: LedgerHash) -> LedgerHash {
        var hash = SHA256()
        withUnsafeBytes(of: UInt8(0x01)) { hash.update(bufferPointer: $0) }
        withUnsafeBytes(of: (left.bigEndianWords, right.bigEndianWords)) { hash.update(bufferPointer: $0) }
        return LedgerHash(hash.finalize())
    }

    /// Reads the 32 bytes of a hash at an offset.
    init(bytes: UnsafeRawBufferPointer, at offset: Int) {
        self.init(
            words: (
                bytes.bigWord(at: offset), bytes.bigWord(at: offset + 8),
                bytes.bigWord(at: offset + 16), bytes.bigWord(at: offset + 24)
            ))
    }

    /// Reads exactly 32 bytes; nil for any other number.
    package init?(bytes: [UInt8]) {
        guard bytes.count == LedgerHash.byteCount else { return nil }
        self = bytes.withUnsafeBytes { LedgerHash(bytes: $0, at: 0) }
    }

    /// Reads canonical base 64; nil for anything else.
    init?(base64: some Collection<UInt8>) {
        guard let bytes = Base64.bytes(of: base64) else { return nil }
        self.init(bytes: bytes)
    }

    private init(_ digest: SHA256Digest) {
        self = digest.withUnsafeBytes { LedgerHash(bytes: $0, at: 0) }
    }

    /// The hash's own 32 bytes.
    package var bytes: [UInt8] { withUnsafeBytes(of: bigEndianWords) { Array($0) } }

    /// Lends the 32 bytes.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeBytes(of: bigEndianWords, body)
    }

    /// The hash in base 64, as it stands in heads and proofs.
    package var base64: String { Base64.text(of: bytes) }

    private var bigEndianWords: (UInt64, UInt64, UInt64, UInt64) {
        (words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian)
    }

    package static func == (left: LedgerHash, right: LedgerHash) -> Bool { left.words == right.words }
    package func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
    package var description: String { base64 }
}
