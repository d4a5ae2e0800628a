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
        let digits = Array(hexadecimal(high) + hexadecimal(low))
        let groups = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }
        return groups.joined(separator: "-")
    }

    /// Reads the form of RFC 9562, with or without dashes; nil for anything else.
    package init?(text: String) {
        let digits = text.filter { $0 != "-" }
        guard digits.utf8.count == 32,
            let high = UInt64(digits.prefix(16), radix: 16),
            let low = UInt64(digits.suffix(16), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
    }
}

/// Sixteen hexadecimal digits of a word.
package func hexadecimal(_ word: UInt64) -> String {
    let digits = String(word, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
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
