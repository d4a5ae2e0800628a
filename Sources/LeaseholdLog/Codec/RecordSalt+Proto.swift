private import FoundationEssentials

/// What keeps others from guessing a record by its hash (L13): 112 random bits, written with it and read by nobody.
package struct RecordSalt: Hashable, Sendable {
    fileprivate let high: UInt64
    /// In the lower 48 bits: protobuf holds 14 bytes without an allocation.
    fileprivate let low: UInt64

    /// From 128 random bits.
    package init(high: UInt64, low: UInt64) { (self.high, self.low) = (high, low & 0xFFFF_FFFF_FFFF) }
}

extension ProtoEntry {
    /// Puts a record's salt in.
    mutating func take(_ salt: RecordSalt) {
        self.salt = withUnsafeBytes(of: (salt.high.littleEndian, salt.low.littleEndian)) { bytes in
            // Not from a slice: that goes byte by byte.
            bytes.baseAddress.map { Data(bytes: $0, count: 14) } ?? Data()
        }
    }
}
