/// A length of time in whole nanoseconds; up to 292 years either way.
@usableFromInline
package struct Span: Codable, Hashable, Comparable, Sendable {
    @usableFromInline package let nanoseconds: Int64
    @inlinable package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
    /// No time at all.
    package static let zero = Span(nanoseconds: 0)

    /// So many milliseconds.
    package static func milliseconds(_ count: Int64) -> Span { Span(nanoseconds: count * 1_000_000) }
    /// So many seconds.
    package static func seconds(_ count: Int64) -> Span { Span(nanoseconds: count * 1_000_000_000) }
    /// So many hours.
    package static func hours(_ count: Int64) -> Span { seconds(count * 3_600) }

    /// Whole seconds, rounded down.
    package var wholeSeconds: Int64 { nanoseconds / 1_000_000_000 }
    /// Whole milliseconds, rounded down.
    package var wholeMilliseconds: Int64 { nanoseconds / 1_000_000 }

    @inlinable package static func < (left: Span, right: Span) -> Bool { left.nanoseconds < right.nanoseconds }
    package static func + (left: Span, right: Span) -> Span {
        let (sum, overflow) = left.nanoseconds.addingReportingOverflow(right.nanoseconds)
        return overflow ? Span(nanoseconds: .max) : Span(nanoseconds: sum)
    }
    package static func - (left: Span, right: Span) -> Span {
        Span(nanoseconds: left.nanoseconds - right.nanoseconds)
    }
    package static func * (left: Span, right: Int64) -> Span {
        let (product, overflow) = left.nanoseconds.multipliedReportingOverflow(by: right)
        return overflow ? Span(nanoseconds: .max) : Span(nanoseconds: product)
    }
    package static func / (left: Span, right: Int64) -> Span { Span(nanoseconds: left.nanoseconds / right) }
}

extension Span: CustomStringConvertible {
    /// Units of the face that scripts rely on, longest first, in nanoseconds.
    private static let units: [(suffix: String, nanoseconds: Int64)] = [
        ("w", 604_800_000_000_000), ("d", 86_400_000_000_000), ("h", 3_600_000_000_000),
        ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000), ("ns", 1),
    ]

    /// The shortest whole form: `90s`, `2h`, `14d`, `1500ms`.
    @usableFromInline package var description: String {
        guard nanoseconds != 0 else { return "0s" }
        for unit in Span.units where nanoseconds % unit.nanoseconds == 0 {
            let count = nanoseconds / unit.nanoseconds
            // "1m" reads well, "90s" reads better than a fraction, and "7d" is a week.
            return "\(count)\(unit.suffix)"
        }
        return "\(nanoseconds)ns"
    }

    /// Reads `90s`, `15m`, `2h`, `14d`, `4w`, `250ms`, or a decimal of one of them (`1.5h`); nil for anything else.
    package init?(text: String) {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let suffix = text.dropFirst(number.count)
        guard let unit = Span.units.first(where: { $0.suffix == suffix }), !number.isEmpty else { return nil }
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = Int64(parts[0]) else { return nil }
        let (scaled, overflow) = whole.multipliedReportingOverflow(by: unit.nanoseconds)
        guard !overflow else { return nil }
        var fraction: Int64 = 0
        if parts.count == 2 {
            guard !parts[1].isEmpty, parts[1].count <= 9, let digits = Int64(parts[1]) else { return nil }
            var scale: Int64 = 1
            for _ in parts[1] { scale *= 10 }
            let (product, tooLarge) = digits.multipliedReportingOverflow(by: unit.nanoseconds)
            guard !tooLarge else { return nil }
            fraction = product / scale
        }
        let (total, tooLong) = scaled.addingReportingOverflow(fraction)
        guard !tooLong else { return nil }
        self.init(nanoseconds: total)
    }
}
