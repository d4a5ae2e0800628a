/// Energy in thousandths of a joule: one watt for a millisecond.
package struct Millijoules: Codable, Hashable, Comparable, Sendable, CustomStringConvertible {
    package let count: UInt64
    package init(_ count: UInt64) { self.count = count }

    package static func < (left: Millijoules, right: Millijoules) -> Bool { left.count < right.count }
    package var description: String { "\(count)mJ" }

    /// So many equal parts of so many, rounded down.
    package func part(_ number: Int, of count: Int) -> Millijoules {
        let (high, low) = self.count.multipliedFullWidth(by: UInt64(number))
        return Millijoules(UInt64(count).dividingFullWidth((high, low)).quotient)
    }

    /// The sum, or as much as can be said.
    package static func + (left: Millijoules, right: Millijoules) -> Millijoules {
        let (sum, isTooMuch) = left.count.addingReportingOverflow(right.count)
        return Millijoules(isTooMuch ? .max : sum)
    }
}
