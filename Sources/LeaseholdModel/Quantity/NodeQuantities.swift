/// CPU time of a node in thousandths of a core.
@usableFromInline
package struct Millicores: Hashable, Comparable, Sendable {
    @usableFromInline package let count: UInt32
    @inlinable package init(_ count: UInt32) { self.count = count }
    /// No CPU at all.
    package static let zero = Millicores(0)

    @inlinable package static func < (left: Millicores, right: Millicores) -> Bool { left.count < right.count }
}

extension Millicores: CustomStringConvertible {
    /// Whole cores where they are whole: `12`, `500m`.
    @usableFromInline package var description: String { count % 1_000 == 0 ? "\(count / 1_000)" : "\(count)m" }

    /// Reads `12`, `1.5` and `500m`; nil for anything else and for a part of a thousandth.
    package init?(text: String) {
        if text.hasSuffix("m") {
            guard let count = UInt32(text.dropLast()) else { return nil }
            self.init(count)
            return
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = UInt32(parts[0]), whole <= UInt32.max / 1_000 - 1 else {
            return nil
        }
        var count = whole * 1_000
        if parts.count == 2 {
            guard (1...3).contains(parts[1].count), let digits = UInt32(parts[1]) else { return nil }
            count += digits * [100, 10, 1][parts[1].count - 1]
        }
        self.init(count)
    }
}

/// Memory of a node in MiB.
@usableFromInline
package struct Mebibytes: Hashable, Comparable, Sendable {
    @usableFromInline package let count: UInt32
    @inlinable package init(_ count: UInt32) { self.count = count }
    /// No memory at all.
    package static let zero = Mebibytes(0)

    @inlinable package static func < (left: Mebibytes, right: Mebibytes) -> Bool { left.count < right.count }
}

extension Mebibytes: CustomStringConvertible {
    private static let units: [(suffix: String, mebibytes: UInt32)] = [("TiB", 1 << 20), ("GiB", 1 << 10), ("MiB", 1)]

    /// The largest unit that stays whole: `2TiB`, `64GiB`, `512MiB`.
    @usableFromInline package var description: String {
        let unit = Mebibytes.units.first { count != 0 && count % $0.mebibytes == 0 } ?? ("MiB", 1)
        return "\(count / unit.mebibytes)\(unit.suffix)"
    }

    /// Reads `2TiB`, `64GiB`, `512MiB`; nil for anything else.
    package init?(text: String) {
        guard let unit = Mebibytes.units.first(where: { text.hasSuffix($0.suffix) }),
            let number = UInt32(text.dropLast(unit.suffix.count))
        else { return nil }
        let (count, isTooMuch) = number.multipliedReportingOverflow(by: unit.mebibytes)
        guard !isTooMuch else { return nil }
        self.init(count)
    }
}
