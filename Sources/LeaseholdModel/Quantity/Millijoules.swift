/// Energy in thousandths of a joule: one watt for a millisecond.
package struct Millijoules: Codable, Hashable, Comparable, Sendable, CustomStringConvertible {
    package let count: UInt64
    package init(_ count: UInt64) { self.count = count }

    package static func < (left: Millijoules, right: Millijoules) -> Bool { left.count < right.count }
    package var description: String { "\(count)mJ" }

    /// The sum, or as much as can be said.
    package static func + (left: Millijoules, right: Millijoules) -> Millijoules {
        let (sum, isTooMuch) = left.count.addingReportingOverflow(right.count)
        return Millijoules(isTooMuch ? .max : sum)
    }
}
