import LeaseholdModel

/// The clocks of one machine: a boot clock that is a little fast or slow, and a calendar that somebody may set.
///
/// The boot clock's rate stays within the error that the hold settings assume, and may change at any instant (L5); it
/// starts anew with every boot. The calendar runs with true time, wrong by an offset that may step (T1 to T6).
struct HostClock: Hashable, Sendable {
    /// Nanoseconds since 1970 at the beginning of every run: 2026-01-01T00:00:00Z.
    private static let calendarAtZero: Int64 = 1_767_225_600_000_000_000
    private static let million: Int64 = 1_000_000

    /// Where the present rate began, in true time and on the boot clock.
    private var anchor: (true: TrueInstant, boot: BootInstant)
    /// How much faster than true time the boot clock runs, in parts per million.
    private var errorPPM: Int64
    private var calendarOffset = Span.zero
    private(set) var boot: BootID

    init(boot: BootID, errorPPM: Int64, shows start: BootInstant) {
        self.boot = boot
        self.errorPPM = errorPPM
        self.anchor = (.zero, start)
    }

    static func == (left: HostClock, right: HostClock) -> Bool {
        left.anchor == right.anchor && left.errorPPM == right.errorPPM
            && left.calendarOffset == right.calendarOffset && left.boot == right.boot
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(anchor.true)
        hasher.combine(boot)
    }

    /// Both clocks, read at one instant.
    func now(at instant: TrueInstant) -> Now { Now(boot: bootInstant(at: instant), calendar: calendar(at: instant)) }

    func bootInstant(at instant: TrueInstant) -> BootInstant {
        let elapsed = instant - anchor.true
        return anchor.boot + Span(nanoseconds: elapsed.nanoseconds + scaled(elapsed.nanoseconds))
    }

    func calendar(at instant: TrueInstant) -> CalendarInstant {
        CalendarInstant(nanoseconds: HostClock.calendarAtZero + instant.nanoseconds) + calendarOffset
    }

    /// The first true instant at which the boot clock shows at least this.
    func trueInstant(of wanted: BootInstant) -> TrueInstant {
        guard wanted != .never else { return .never }
        let shown = (wanted - anchor.boot).nanoseconds
        guard shown > 0 else { return anchor.true }
        let rate = HostClock.million + errorPPM
        var instant =
            anchor.true
            + Span(nanoseconds: rate.dividingFullWidth(shown.multipliedFullWidth(by: HostClock.million)).quotient)
        while bootInstant(at: instant) < wanted { instant = instant + Span(nanoseconds: 1) }
        return instant
    }

    private func scaled(_ nanoseconds: Int64) -> Int64 {
        let magnitude = HostClock.million.dividingFullWidth(nanoseconds.multipliedFullWidth(by: abs(errorPPM))).quotient
        return errorPPM < 0 ? -magnitude : magnitude
    }

    /// The boot clock runs at another rate from now on.
    mutating func drift(errorPPM: Int64, at instant: TrueInstant) {
        anchor = (instant, bootInstant(at: instant))
        self.errorPPM = errorPPM
    }

    /// Somebody sets the calendar.
    mutating func step(by span: Span) { calendarOffset = calendarOffset + span }

    /// The calendar is right again.
    mutating func setRight() { calendarOffset = .zero }

    /// A new boot, whose clock shows anything: an instant of another boot must not look like one of this (T6).
    mutating func reboot(as boot: BootID, at instant: TrueInstant, shows start: BootInstant) {
        self.boot = boot
        anchor = (instant, start)
    }
}
