private import CLeaseholdChecksum

/// CRC32C (Castagnoli): what tells damaged bytes from whole ones, in frames on disk and on the wire.
///
/// Not a hash against malice: for that there is the chain. By the CPU's instruction where there is one, by tables
/// elsewhere; both give the same number.
package struct CRC32C: Sendable {
    /// The checksum of everything combined so far.
    package private(set) var value: UInt32

    /// Starts before any byte, or goes on from an earlier checksum.
    package init(seed: UInt32 = 0) { self.value = seed }

    /// Takes in more bytes.
    package mutating func combine(_ bytes: UnsafeRawBufferPointer) {
        value = CRC32C.checksum(of: bytes, seed: value)
    }

    /// The checksum of `bytes`, or of everything before (whose checksum is `seed`) and `bytes`.
    package static func checksum(of bytes: UnsafeRawBufferPointer, seed: UInt32 = 0) -> UInt32 {
        guard let start = bytes.baseAddress else { return seed }
        return usesInstruction
            ? leasehold_crc32c(seed, start, bytes.count)
            : CRC32CTables.checksum(of: bytes, seed: seed)
    }

    /// The checksum of an array of bytes.
    package static func checksum(of bytes: [UInt8], seed: UInt32 = 0) -> UInt32 {
        bytes.withUnsafeBytes { checksum(of: $0, seed: seed) }
    }

    /// Whether the CPU's instruction is used.
    package static let usesInstruction = leasehold_crc32c_is_supported()
}
