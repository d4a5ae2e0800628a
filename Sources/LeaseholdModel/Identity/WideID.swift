/// 128 bits that name one thing for ever: drawn by chance outside the pure rooms, carried as two words.
package protocol WideID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The upper 64 bits.
    var high: UInt64 { get }
    /// The lower 64 bits.
    var low: UInt64 { get }
    /// Names the thing with these bits.
    init(high: UInt64, low: UInt64)
}

extension WideID {
    package static func < (left: Self, right: Self) -> Bool {
        left.high != right.high ? left.high < right.high : left.low < right.low
    }

    /// The form of RFC 9562: `0191e7a0-7c3b-7d11-8a2e-5d3c1b2a9f00`.
    package var description: String {
        String(unsafeUninitializedCapacity: 36) { bytes in
            var length = 0
            for word in [high, low] {
                for shift in stride(from: 60, through: 0, by: -4) {
                    if length == 8 || length == 13 || length == 18 || length == 23 {
                        bytes[length] = UInt8(ascii: "-")
                        length += 1
                    }
                    bytes[length] = hexadecimalDigit(word >> UInt64(shift))
                    length += 1
                }
            }
            return length
        }
    }

    /// Reads the form of RFC 9562, with or without dashes; nil for anything else.
    package init?(text: String) {
        var words: (high: UInt64, low: UInt64) = (0, 0)
        var count = 0
        for byte in text.utf8 where byte != UInt8(ascii: "-") {
            guard count < 32, let digit = hexadecimalValue(byte) else { return nil }
            if count < 16 { words.high = words.high << 4 | digit } else { words.low = words.low << 4 | digit }
            count += 1
        }
        guard count == 32 else { return nil }
        self.init(high: words.high, low: words.low)
    }
}

/// The digit of the lowest four bits.
private func hexadecimalDigit(_ word: UInt64) -> UInt8 {
    let value = UInt8(truncatingIfNeeded: word & 0xF)
    return value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}

/// What a hexadecimal digit stands for, small or capital; nil for anything else.
private func hexadecimalValue(_ byte: UInt8) -> UInt64? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
}

/// Sixteen hexadecimal digits of a word.
package func hexadecimal(_ word: UInt64) -> String {
    String(unsafeUninitializedCapacity: 16) { bytes in
        for position in 0..<16 { bytes[position] = hexadecimalDigit(word >> UInt64(60 - 4 * position)) }
        return 16
    }
}

/// A log, from its `init` on; two logs never share one.
package struct LogID: WideID {
    package let high: UInt64
    package let low: UInt64
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}

/// One boot of a machine's kernel; instants of two boots are not comparable.
package struct BootID: WideID {
    package let high: UInt64
    package let low: UInt64
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}

/// One start of a process.
package struct Incarnation: WideID {
    package let high: UInt64
    package let low: UInt64
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}

/// What a client calls one change, so that sending it again does not do it again (L2).
///
/// A UUID of version 7.
package struct RequestID: WideID {
    package let high: UInt64
    package let low: UInt64
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Builds a UUID of version 7 from the instant of asking and 74 bits of chance.
    package init(at instant: CalendarInstant, chance: (UInt64, UInt64)) {
        let milliseconds = UInt64(bitPattern: instant.nanoseconds / 1_000_000) & 0xFFFF_FFFF_FFFF
        self.high = milliseconds << 16 | 0x7000 | chance.0 & 0x0FFF
        self.low = 0x8000_0000_0000_0000 | chance.1 & 0x3FFF_FFFF_FFFF_FFFF
    }

    /// Whether version and variant are those of RFC 9562, version 7.
    package var isVersion7: Bool { high >> 12 & 0xF == 7 && low >> 62 == 2 }

    /// The instant of asking that the id carries, in whole milliseconds; one that no clock can show is the last there is.
    package var askedAt: CalendarInstant {
        CalendarInstant(nanoseconds: Int64(min(high >> 16, 9_223_372_036_854)) * 1_000_000)
    }
}

/// The chain hash of a log after some group: SHA-256 as four big-endian words.
package struct ChainHash: Hashable, Sendable, CustomStringConvertible {
    package let words: (UInt64, UInt64, UInt64, UInt64)
    package init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }
    /// The chain before the first group of a log.
    package static let zero = ChainHash(words: (0, 0, 0, 0))

    package static func == (left: ChainHash, right: ChainHash) -> Bool { left.words == right.words }
    package func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
    package var description: String {
        hexadecimal(words.0) + hexadecimal(words.1) + hexadecimal(words.2) + hexadecimal(words.3)
    }
}

/// What a log says of its end: the last durable record and the chain hash after its group (L9).
package struct LogHead: Hashable, Sendable {
    package let index: RecordIndex
    package let chain: ChainHash
    package init(index: RecordIndex, chain: ChainHash) {
        self.index = index
        self.chain = chain
    }
    /// The head of a log without records.
    package static let empty = LogHead(index: .zero, chain: .zero)
}

/// The fencing number of a grant: reign first, then the index of the granting record (L4).
package struct Epoch: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let reign: Reign
    package let index: RecordIndex
    package init(reign: Reign, index: RecordIndex) {
        self.reign = reign
        self.index = index
    }
    /// Lower than every epoch that was ever granted.
    package static let zero = Epoch(reign: .zero, index: .zero)

    package static func < (left: Epoch, right: Epoch) -> Bool {
        left.reign != right.reign ? left.reign < right.reign : left.index < right.index
    }
    package var description: String { "\(reign).\(index)" }
}
