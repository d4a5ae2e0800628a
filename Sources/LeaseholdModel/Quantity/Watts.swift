/// Electrical power in whole watts.
@usableFromInline
package struct Watts: Hashable, Comparable, Sendable {
    @usableFromInline package let count: Int64
    @inlinable package init(_ count: Int64) { self.count = count }
    /// No power at all.
    package static let zero = Watts(0)

    @inlinable package static func < (left: Watts, right: Watts) -> Bool { left.count < right.count }
    @inlinable package static func + (left: Watts, right: Watts) -> Watts { Watts(left.count + right.count) }
    @inlinable package static func - (left: Watts, right: Watts) -> Watts { Watts(left.count - right.count) }
    @inlinable package static func += (left: inout Watts, right: Watts) { left = left + right }
    @inlinable package static func -= (left: inout Watts, right: Watts) { left = left - right }
    @inlinable package static func * (left: Watts, right: Int) -> Watts { Watts(left.count * Int64(right)) }
}

extension Watts: CustomStringConvertible {
    /// The largest unit that stays whole: `300MW`, `120kW`, `700W`.
    @usableFromInline package var description: String {
        if count != 0, count % 1_000_000 == 0 { return "\(count / 1_000_000)MW" }
        if count != 0, count % 1_000 == 0 { return "\(count / 1_000)kW" }
        return "\(count)W"
    }

    /// Reads `300MW`, `10.2kW`, `700W`; nil for anything else, for a negative value and for a part of a watt.
    package init?(text: String) {
        let units: [(suffix: String, watts: Int64)] = [("MW", 1_000_000), ("kW", 1_000), ("W", 1)]
        guard let unit = units.first(where: { text.hasSuffix($0.suffix) }) else { return nil }
        let parts = text.dropLast(unit.suffix.count).split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = UInt32(parts[0]) else { return nil }
        var watts = Int64(whole) * unit.watts
        if parts.count == 2 {
            guard (1...6).contains(parts[1].count), let digits = UInt32(parts[1]) else { return nil }
            var scale: Int64 = 1
            for _ in parts[1] { scale *= 10 }
            guard Int64(digits) * unit.watts % scale == 0 else { return nil }
            watts += Int64(digits) * unit.watts / scale
        }
        self.init(watts)
    }
}
