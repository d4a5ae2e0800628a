import LeaseholdModel
import Testing

@Suite("the calendar's pace (decision 0013)")
struct CalendarPaceTests {
    private let noon = CalendarInstant(nanoseconds: 1_800_000_000_000_000_000)
    private var began: Now { Now(boot: .zero + .seconds(500), calendar: noon) }
    private func fast(_ speed: Int64, notBefore last: Span = .zero - .hours(1)) -> CalendarPace {
        CalendarPace(speed: speed, began: began, notBefore: noon + last)
    }
    /// Both clocks of the machine so long after the beginning.
    private func read(_ span: Span, wallStep: Span = .zero) -> Now {
        Now(boot: began.boot + span, calendar: noon + span + wallStep)
    }

    @Test("the wall clock is passed on as it is, steps and all")
    func wallClock() {
        for step in [Span.zero, .hours(2), .zero - .hours(2)] {
            let read = read(.seconds(7), wallStep: step)
            #expect(CalendarPace.wallClock.now(read) == read)
            #expect(fast(1, notBefore: .hours(9)).now(read) == read)
        }
        #expect(CalendarPace.wallClock.instant(ofWallClock: noon) == noon)
        #expect(CalendarPace.wallClock.wait(for: .seconds(9)) == .seconds(9))
    }

    @Test("a second is an hour at speed 3600, and the boot clock is nobody's to speed up")
    func fastCalendar() {
        let now = fast(3_600).now(read(.seconds(3)))
        #expect(now.calendar == noon + .hours(3))
        #expect(now.boot == began.boot + .seconds(3))
    }

    @Test("later on the boot clock is never earlier on the calendar, whatever becomes of the wall clock")
    func monotonic() {
        let pace = fast(100_000)
        var last = pace.shown
        for step: Int64 in 0..<1_000 {
            let wallStep = Span.seconds(step % 7 * (step.isMultiple(of: 2) ? 1_000 : -1_000))
            let shown = pace.now(read(Span(nanoseconds: step * step * 7_919), wallStep: wallStep)).calendar
            #expect(shown >= last)
            last = shown
        }
    }

    @Test("a restart goes on from the last instant of the log, where that is ahead of the wall clock")
    func restart() {
        #expect(fast(3_600, notBefore: .hours(700)).now(read(.seconds(1))).calendar == noon + .hours(701))
        #expect(fast(3_600, notBefore: .zero - .hours(700)).now(read(.seconds(1))).calendar == noon + .hours(1))
    }

    @Test("after the wait for a span the span has passed, and a nanosecond before it has not")
    func waits() {
        for speed: Int64 in [2, 7, 3_600, 100_000] {
            let pace = fast(speed)
            for nanoseconds: Int64 in [1, 999, 1_000_000_007, 86_400_000_000_000] {
                let span = Span(nanoseconds: nanoseconds)
                let wait = pace.wait(for: span)
                #expect(pace.now(read(wait)).calendar >= noon + span)
                #expect(pace.now(read(wait - Span(nanoseconds: 1))).calendar < noon + span)
            }
            #expect(pace.wait(for: .zero) == .zero)
        }
    }

    @Test("what somebody asked by the wall clock is as old on the calendar as the calendar has run since")
    func wallClockInstants() {
        let pace = fast(3_600)
        #expect(pace.instant(ofWallClock: noon + .seconds(2)) == noon + .hours(2))
        #expect(pace.instant(ofWallClock: noon - .seconds(2)) == noon - .hours(2))
        #expect(pace.now(read(.seconds(2))).calendar == pace.instant(ofWallClock: noon + .seconds(2)))
    }

    @Test("instants that no calendar can show are the last, or long ago")
    func saturates() {
        let pace = fast(Limits.calendarSpeedMax)
        #expect(pace.now(read(.hours(24 * 366))).calendar == .never)
        #expect(pace.instant(ofWallClock: CalendarInstant(nanoseconds: 0)) < CalendarInstant(nanoseconds: 0))
        #expect(pace.instant(ofWallClock: .never) == .never)
    }
}
