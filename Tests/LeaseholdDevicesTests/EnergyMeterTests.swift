import LeaseholdDevices
import LeaseholdModel
import Testing

@Suite("The meter of energy")
struct EnergyMeterTests {
    /// A device that draws 1 kW at most, whose counter may be a second old.
    private func meter(range: UInt64 = .max) -> EnergyMeter {
        EnergyMeter(range: Millijoules(range), drawMax: Milliwatts(1_000_000), lagMax: .seconds(1))
    }

    private func at(_ seconds: Int64) -> BootInstant { .zero + .seconds(seconds) }

    @Test("what a counter shows first is where metering begins")
    func begins() {
        var meter = meter()
        #expect(meter.take(Millijoules(77_000), at: at(0)) == .began)
        #expect(meter.take(Millijoules(79_500), at: at(5)) == .counted(Millijoules(2_500)))
        #expect(meter.take(Millijoules(79_500), at: at(10)) == .counted(Millijoules(0)))
        #expect(meter.total == Millijoules(2_500))
    }

    @Test("a counter that wraps loses nothing")
    func wraps() {
        var meter = meter(range: 262_143_328_850)
        _ = meter.take(Millijoules(262_143_328_000), at: at(0))
        #expect(meter.take(Millijoules(149), at: at(5)) == .wrapped(Millijoules(1_000)))
        var wide = self.meter()
        _ = wide.take(Millijoules(.max), at: at(0))
        #expect(wide.take(Millijoules(0), at: at(5)) == .wrapped(Millijoules(1)))
    }

    @Test("a counter that begins anew counts from nothing, and what came before it is not guessed")
    func restarts() {
        var meter = meter(range: 1_000_000_000)
        _ = meter.take(Millijoules(500_000), at: at(0))
        #expect(meter.take(Millijoules(300), at: at(5)) == .restarted(Millijoules(300)))
        #expect(meter.take(Millijoules(800), at: at(6)) == .counted(Millijoules(500)))
        #expect(meter.total == Millijoules(800))
    }

    @Test("a leap that no device can have drawn is not metered, and metering goes on from there")
    func leaps() {
        var meter = meter()
        _ = meter.take(Millijoules(0), at: at(0))
        // Five seconds, and the one that the counter may lag.
        #expect(meter.take(Millijoules(6_000_000), at: at(5)) == .counted(Millijoules(6_000_000)))
        #expect(meter.take(Millijoules(12_000_001), at: at(10)) == .implausible(Millijoules(6_000_001)))
        #expect(meter.take(Millijoules(12_000_002), at: at(10)) == .counted(Millijoules(1)))
        // Backwards, by more than a new beginning explains.
        #expect(meter.take(Millijoules(11_000_000), at: at(11)) == .implausible(Millijoules(11_000_000)))
        #expect(meter.total == Millijoules(6_000_001))
    }

    @Test("a long silence is no leap, and no span is too long to reckon with")
    func silence() {
        var meter = meter()
        _ = meter.take(Millijoules(0), at: at(0))
        #expect(meter.take(Millijoules(3_600_000_000), at: at(3_600)) == .counted(Millijoules(3_600_000_000)))
        var wide = EnergyMeter(drawMax: Milliwatts(.max), lagMax: Span(nanoseconds: .max))
        _ = wide.take(Millijoules(0), at: .zero)
        #expect(wide.take(Millijoules(.max), at: .never) == .counted(Millijoules(.max)))
    }
}
