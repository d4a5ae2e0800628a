/// How fast the calendar runs beside the clocks of the machine: as the wall clock does, or, for a test, many times as fast.
///
/// The picture to keep in mind: two hands on one axle. A sped-up calendar is a straight line over the boot clock, so that
/// it never steps and never goes back, whatever somebody does to the wall clock. Only `Now.calendar` turns faster:
/// `Now.boot`, and with it every hold, every wait and every silence, stays as it is (L5, decision 0013).
package struct CalendarPace: Hashable, Sendable {
    /// Calendar seconds per second; 1 is the wall clock itself, which may be stepped.
    package let speed: Int64
    /// What the machine's two clocks showed when this pace began.
    let began: Now
    /// What the calendar showed then.
    package let shown: CalendarInstant

    /// The wall clock.
    package static let wallClock = CalendarPace(
        speed: 1, began: Now(boot: .zero, calendar: CalendarInstant(nanoseconds: 0)),
        notBefore: CalendarInstant(nanoseconds: 0))

    /// A pace that begins now.
    ///
    /// - Parameters:
    ///   - speed: at least 1.
    ///   - began: both clocks of the machine.
    ///   - last: the last instant that the log knows. A restart goes on from it, because a sped-up calendar has long left
    ///     the wall clock behind, and a book's calendar never goes back (L14).
    package init(speed: Int64, began: Now, notBefore last: CalendarInstant) {
        precondition(speed >= 1, "a calendar of speed \(speed)")
        self.speed = speed
        self.began = began
        self.shown = max(began.calendar, last)
    }

    /// Both clocks as the machines are told them, from both clocks as they were read.
    package func now(_ read: Now) -> Now {
        guard speed > 1 else { return read }
        return Now(boot: read.boot, calendar: shown + stretched(read.boot - began.boot))
    }

    /// What the calendar showed, or would have shown, when the wall clock showed this.
    ///
    /// Whoever asks lives by the wall clock: this is how old their request is for the book, which counts days of its
    /// calendar.
    package func instant(ofWallClock wall: CalendarInstant) -> CalendarInstant {
        speed > 1 ? shown + stretched(wall - began.calendar) : wall
    }

    /// How long it really takes until so much of the calendar has passed: rounded up, so that it has passed by then.
    package func wait(for span: Span) -> Span {
        let (whole, rest) = span.nanoseconds.quotientAndRemainder(dividingBy: speed)
        return Span(nanoseconds: rest > 0 ? whole + 1 : whole)
    }

    /// So much real time on the calendar; what is too long stays as long as a span can be.
    private func stretched(_ span: Span) -> Span {
        let (product, overflow) = span.nanoseconds.multipliedReportingOverflow(by: speed)
        guard overflow else { return Span(nanoseconds: product) }
        return Span(nanoseconds: span < .zero ? .min : .max)
    }
}
