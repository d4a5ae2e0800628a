/// A piece of the calendar: its first instant belongs to it, its end does not.
@usableFromInline
package struct Window: Hashable, Sendable, CustomStringConvertible {
    @usableFromInline package let from: CalendarInstant
    @usableFromInline package let until: CalendarInstant

    /// Empty or backwards where `until` is not after `from`; whoever makes one of what was asked looks first.
    @inlinable package init(from: CalendarInstant, until: CalendarInstant) {
        self.from = from
        self.until = until
    }

    /// Whether there is no instant in it.
    @inlinable package var isEmpty: Bool { until <= from }
    /// How long it is.
    @inlinable package var span: Span { until - from }
    /// Whether an instant belongs to it.
    @inlinable package func contains(_ instant: CalendarInstant) -> Bool { from <= instant && instant < until }
    /// Whether the two share an instant.
    @inlinable package func overlaps(_ other: Window) -> Bool { from < other.until && other.from < until }
    /// The same window with a later end.
    @inlinable package func extended(by span: Span) -> Window { Window(from: from, until: until + span) }
    @usableFromInline package var description: String { "\(from.nanoseconds)..<\(until.nanoseconds)" }
}
