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
        #expect(meter.take(Millijoules(149), at: at(5)) == .counted(Millijoules(1_000)))
        #expect(meter.take(Millijoules(262_143_328_851), at: at(6)) == .doubted)
        var wide = self.meter()
        _ = wide.take(Millijoules(.max), at: at(0))
        #expect(wide.take(Millijoules(0), at: at(5)) == .counted(Millijoules(1)))
    }

    @Test("a step backwards that the counter's lag explains is no energy, and loses none", arguments: [1, 1_000_000])
    func behind(_ step: UInt64) {
        var meter = meter()
        _ = meter.take(Millijoules(900_000_000), at: at(0))
        #expect(meter.take(Millijoules(900_000_000 - step), at: at(5)) == .behind)
        #expect(meter.take(Millijoules(900_000_000 - step), at: at(10)) == .behind)
        #expect(meter.take(Millijoules(900_000_700), at: at(15)) == .counted(Millijoules(700)))
    }

    @Test("a counter of which it is told that it began anew counts from nothing at once, however far it is already")
    func told() {
        var meter = meter()
        _ = meter.take(Millijoules(500_000), at: at(0))
        meter.counterBegan()
        #expect(meter.take(Millijoules(600_000), at: at(5)) == .counted(Millijoules(600_000)))
        #expect(meter.total == Millijoules(600_000))
        var unread = self.meter()
        unread.counterBegan()
        #expect(unread.take(Millijoules(5), at: at(0)) == .began)
    }

    @Test("a counter that is told to have begun anew and goes on is not billed again")
    func toldWrongly() {
        var meter = meter()
        _ = meter.take(Millijoules(500_000_000), at: at(0))
        meter.counterBegan()
        #expect(meter.take(Millijoules(500_001_000), at: at(5)) == .doubted)
        #expect(meter.take(Millijoules(500_001_700), at: at(10)) == .restarted(Millijoules(700)))
        #expect(meter.total == Millijoules(700))
    }

    @Test("a counter that began anew without a word is believed with its second reading, and nothing is guessed")
    func untold() {
        var meter = meter()
        _ = meter.take(Millijoules(500_000_000), at: at(0))
        #expect(meter.take(Millijoules(300), at: at(5)) == .doubted)
        #expect(meter.total == Millijoules(0))
        #expect(meter.take(Millijoules(800), at: at(10)) == .restarted(Millijoules(800)))
        #expect(meter.take(Millijoules(900), at: at(15)) == .counted(Millijoules(100)))
    }

    @Test("a reading that cannot be is forgotten with the next one that can, and nothing is lost", arguments: [0, 1])
    func leaps(_ least: UInt64) {
        var meter = meter()
        let first: UInt64 = 900_000_000
        _ = meter.take(Millijoules(first), at: at(0))
        // Five seconds, and the one that the counter may lag.
        let leap = least == 0 ? 0 : first + 6_000_001
        #expect(meter.take(Millijoules(leap), at: at(5)) == .doubted)
        #expect(meter.take(Millijoules(first + 6_000_002), at: at(10)) == .counted(Millijoules(6_000_002)))
        #expect(meter.take(Millijoules(first + 12_000_002), at: at(15)) == .counted(Millijoules(6_000_000)))
    }

    @Test("a long silence is no leap, and no span is too long to reckon with")
    func silence() {
        var meter = meter()
        _ = meter.take(Millijoules(0), at: at(0))
        #expect(meter.take(Millijoules(3_600_000_000), at: at(3_600)) == .counted(Millijoules(3_600_000_000)))
        var wide = EnergyMeter(drawMax: Milliwatts(.max), lagMax: .zero)
        _ = wide.take(Millijoules(0), at: .zero)
        #expect(wide.take(Millijoules(.max), at: .never) == .counted(Millijoules(.max)))
        // As much as can be said, and never less than before.
        #expect(wide.take(Millijoules(6), at: .never) == .doubted)
        wide.resume(
            from: EnergyMeter.Mark(total: Millijoules(.max), shown: Millijoules(1), instant: .zero), ofThisBoot: true)
        #expect(wide.take(Millijoules(9), at: .never) == .counted(Millijoules(8)))
        #expect(wide.total == Millijoules(.max))
    }

    @Test("after a restart of the program what was used meanwhile is metered; after one of the node the new counter is")
    func resumes() throws {
        var meter = meter()
        _ = meter.take(Millijoules(100_000), at: at(100))
        _ = meter.take(Millijoules(101_000), at: at(105))
        let mark = try #require(meter.mark)
        var next = self.meter()
        next.resume(from: mark, ofThisBoot: true)
        #expect(next.take(Millijoules(160_000), at: at(900)) == .counted(Millijoules(59_000)))
        #expect(next.total == Millijoules(60_000))
        var after = self.meter()
        after.resume(from: mark, ofThisBoot: false)
        #expect(after.take(Millijoules(150_000), at: at(30)) == .counted(Millijoules(150_000)))
        #expect(after.total == Millijoules(151_000))
    }

    @Test(
        "whatever becomes of the counter, a meter lacks less than an interval's worth for each end of it",
        arguments: 1...400)
    func property(_ seed: UInt64) {
        var played = PlayedCounter(seed: seed)
        for _ in 0..<300 { played.beat() }
        #expect(played.complaints == [])
        #expect(played.linkCount > 100, "seed \(seed)")
    }
}
