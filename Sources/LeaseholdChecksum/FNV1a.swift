/// FNV-1a, 64 bits: the same number for the same bytes in every process, which Swift's own hash is not.
///
/// For the hash of a request's body and the digest of a book; against accident, not against malice.
package struct FNV1a: Hashable, Sendable {
    /// The hash of everything combined so far.
    package private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    /// Starts before any byte.
    package init() {}

    /// Takes in the eight bytes of a word, lowest first.
    package mutating func combine(_ word: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            combine(byte: UInt8(truncatingIfNeeded: word >> shift))
        }
    }

    /// Takes in bytes in order.
    package mutating func combine(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { combine(byte: byte) }
    }

    /// Takes in raw memory in order.
    package mutating func combine(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes { combine(byte: byte) }
    }

    private mutating func combine(byte: UInt8) {
        value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }
}
