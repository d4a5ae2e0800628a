internal import Glibc
package import LeaseholdLog

/// Salts of records, sixteen at a time from the kernel's random numbers.
package struct RecordSalts {
    /// What one call to the kernel gives whole, whatever signals arrive: 256 bytes.
    private static let drawnCount = 32
    private var drawn: [UInt64] = []

    /// None drawn yet.
    package init() {}

    /// Another one, which nobody can know before it is shown.
    package mutating func next() -> RecordSalt {
        if drawn.isEmpty {
            drawn = Array(unsafeUninitializedCapacity: RecordSalts.drawnCount) { words, count in
                let byteCount = RecordSalts.drawnCount * 8
                precondition(getentropy(words.baseAddress, byteCount) == 0, "the kernel has no random numbers")
                count = RecordSalts.drawnCount
            }
        }
        return RecordSalt(high: drawn.removeLast(), low: drawn.removeLast())
    }
}
