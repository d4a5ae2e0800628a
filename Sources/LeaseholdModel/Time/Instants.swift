/// An instant of CLOCK_BOOTTIME of one machine, in nanoseconds since its boot.
///
/// Judges holds and nothing else; never leaves the boot that it was read in.
@usableFromInline
package struct BootInstant: Codable, Hashable, Comparable, Sendable, CustomStringConvertible {
    @usableFromInline package let nanoseconds: Int64
    @inlinable package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
    /// Before any reading of the clock.
    package static let zero = BootInstant(nanoseconds: 0)
    /// Later than any reading of the clock.
    @usableFromInline package static let never = BootInstant(nanoseconds: .max)

    @inlinable package static func < (left: BootInstant, right: BootInstant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
    @inlinable package static func + (left: BootInstant, right: Span) -> BootInstant {
        let (sum, overflow) = left.nanoseconds.addingReportingOverflow(right.nanoseconds)
        return overflow ? .never : BootInstant(nanoseconds: sum)
    }
    @inlinable package static func - (left: BootInstant, right: BootInstant) -> Span {
        Span(nanoseconds: left.nanoseconds - right.nanoseconds)
    }
    @usableFromInline package var description: String { "boot+\(Span(nanoseconds: nanoseconds))" }
}

/// An instant of the calendar, in nanoseconds since 1970-01-01T00:00:00Z.
///
/// Judges starts, ends and prices and nothing else; the wall clock may step, so no hold rests on it.
@usableFromInline
package struct CalendarInstant: Codable, Hashable, Comparable, Sendable {
    @usableFromInline package let nanoseconds: Int64
    @inlinable package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
    /// Later than any end of a lease.
    @usableFromInline package static let never = CalendarInstant(nanoseconds: .max)

    @inlinable package static func < (left: CalendarInstant, right: CalendarInstant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
    // Spelled out, because the standard library's own are calls through a table, and calendars compare all day.
    @inlinable package static func > (left: CalendarInstant, right: CalendarInstant) -> Bool {
        left.nanoseconds > right.nanoseconds
    }
    @inlinable package static func <= (left: CalendarInstant, right: CalendarInstant) -> Bool {
        left.nanoseconds <= right.nanoseconds
    }
    @inlinable package static func >= (left: CalendarInstant, right: CalendarInstant) -> Bool {
        left.nanoseconds >= right.nanoseconds
    }
    @inlinable package static func + (left: CalendarInstant, right: Span) -> CalendarInstant {
        let (sum, overflow) = left.nanoseconds.addingReportingOverflow(right.nanoseconds)
        return overflow ? .never : CalendarInstant(nanoseconds: sum)
    }
    @inlinable package static func - (left: CalendarInstant, right: Span) -> CalendarInstant {
        let (difference, overflow) = left.nanoseconds.subtractingReportingOverflow(right.nanoseconds)
        return overflow ? CalendarInstant(nanoseconds: .min) : CalendarInstant(nanoseconds: difference)
    }
    @inlinable package static func - (left: CalendarInstant, right: CalendarInstant) -> Span {
        let (difference, overflow) = left.nanoseconds.subtractingReportingOverflow(right.nanoseconds)
        return overflow ? Span(nanoseconds: left < right ? .min : .max) : Span(nanoseconds: difference)
    }
}

/// Both clocks, read together after a batch of input has been taken (L5).
///
/// Two types, never mixed.
package struct Now: Hashable, Sendable {
    package var boot: BootInstant
    package var calendar: CalendarInstant
    package init(boot: BootInstant, calendar: CalendarInstant) {
        self.boot = boot
        self.calendar = calendar
    }
}
