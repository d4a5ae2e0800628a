// Numbers in raw memory, little endian unless said otherwise, at any alignment. The caller has checked the bounds; the
// standard library checks them again.

extension UnsafeRawBufferPointer {
    /// The little-endian number at an offset.
    func word<Number: FixedWidthInteger & BitwiseCopyable>(at offset: Int) -> Number {
        Number(littleEndian: loadUnaligned(fromByteOffset: offset, as: Number.self))
    }

    /// The big-endian 64-bit number at an offset.
    func bigWord(at offset: Int) -> UInt64 {
        UInt64(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// Whether every byte from `start` on is zero.
    func isZero(from start: Int) -> Bool { lastNonZero(from: start) == nil }

    /// The offset of the last byte that is not zero, from `start` on.
    func lastNonZero(from start: Int) -> Int? {
        var end = count
        while end - start >= 8, loadUnaligned(fromByteOffset: end - 8, as: UInt64.self) == 0 { end -= 8 }
        while end > start {
            if self[end - 1] != 0 { return end - 1 }
            end -= 1
        }
        return nil
    }
}

extension UnsafeMutableRawBufferPointer {
    /// Puts a number at an offset, lowest byte first.
    func put<Number: FixedWidthInteger & BitwiseCopyable>(_ number: Number, at offset: Int) {
        storeBytes(of: number.littleEndian, toByteOffset: offset, as: Number.self)
    }
}

extension [UInt8] {
    /// Lends the bytes as raw memory to a body that may throw an error of its own type.
    func withRawBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withUnsafeBufferPointer { bytes throws(Failure) in try body(UnsafeRawBufferPointer(bytes)) }
    }
}
