import LeaseholdModel

/// All the chance of a run, from its seed: SplitMix64 (Steele, Lea and Flood, 2014).
///
/// One stream for everything, drawn in the order of events, so that a seed names a run.
struct Chance: Hashable, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0xD134_2543_DE82_EF95 &+ 0x9E37_79B9_7F4A_7C15 }

    /// The next 64 bits.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }

    /// 0 up to, and not including, `count`.
    mutating func below(_ count: Int) -> Int {
        precondition(count > 0, "a choice among \(count)")
        return Int(next().multipliedFullWidth(by: UInt64(count)).high)
    }

    /// True so many times in a hundred.
    mutating func percent(_ share: Int) -> Bool { below(100) < share }

    /// True so many times in a million.
    mutating func perMillion(_ share: Int) -> Bool { below(1_000_000) < share }

    /// A length of time in the range, all equally likely.
    mutating func span(_ least: Span, _ most: Span) -> Span {
        precondition(least <= most, "a span from \(least) to \(most)")
        return Span(nanoseconds: least.nanoseconds + Int64(below(Int(most.nanoseconds - least.nanoseconds) + 1)))
    }

    /// A length of time around a mean, mostly short and now and then long: uniform over orders of magnitude.
    mutating func longTailed(_ least: Span, _ most: Span) -> Span {
        var high = most
        while high > least, percent(60) { high = max(least, high / 4) }
        return span(least, high)
    }

    /// One of the elements; nil of none.
    mutating func pick<Element>(_ elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[below(elements.count)]
    }
}
