import Foundation
import LeaseholdDevices
import LeaseholdModel
import Testing

/// Readings of a node's instruments, each good for fifteen seconds.
enum PowerSamples {
    static func counter(
        _ source: PowerSource, _ name: String, joules: UInt64, at second: Int64
    ) -> InstrumentReading {
        InstrumentReading(
            source, name, counter: InstrumentReading.Counter(shown: Millijoules(joules * 1_000)),
            at: HealthSamples.now(second).boot, validity: .seconds(15))
    }

    static func draw(
        _ source: PowerSource, _ name: String = "m", watts: UInt64, _ quality: PowerQuality = .sample, at second: Int64
    ) -> InstrumentReading {
        InstrumentReading(
            source, name, draw: InstrumentReading.Draw(shown: Milliwatts(watts * 1_000), quality: quality),
            at: HealthSamples.now(second).boot, validity: .seconds(15))
    }

    static func round(
        _ readings: [InstrumentReading], _ looker: PowerRound.Looker = .files, complaints: [PowerComplaint] = []
    ) -> PowerRound {
        PowerRound(looker, readings: readings, complaints: complaints)
    }
}

@Suite("A node's power")
struct NodePowerTests {
    private func take(_ power: inout NodePower, _ readings: [InstrumentReading], at second: Int64) {
        power.take(PowerSamples.round(readings), at: HealthSamples.now(second))
    }

    /// Two packages and a memory, read at 0 and 5 s: 100 W, 80 W and 20 W.
    private func packages() -> NodePower {
        var power = NodePower()
        for (second, joules) in [(0, (1_000, 2_000, 3_000)), (5, (1_500, 2_400, 3_100))]
            as [(Int64, (UInt64, UInt64, UInt64))]
        {
            take(
                &power,
                [
                    PowerSamples.counter(.packages, "package-0", joules: joules.0, at: second),
                    PowerSamples.counter(.packages, "package-1", joules: joules.1, at: second),
                    PowerSamples.counter(.packages, "package-0/dram", joules: joules.2, at: second),
                ], at: second)
        }
        return power
    }

    @Test("a zone is of a source once: what another zone counts too is nothing of its own")
    func zones() {
        #expect(PowerSource(zone: "psys", in: nil) == .platform)
        #expect(PowerSource(zone: "package-0", in: nil) == .packages)
        #expect(PowerSource(zone: "package-1-die-1", in: nil) == .packages)
        #expect(PowerSource(zone: "dram", in: "package-0") == .packages)
        for (zone, parent) in [("core", "package-0"), ("uncore", "package-0"), ("dram", "psys"), ("core", nil)] {
            #expect(PowerSource(zone: zone, in: parent) == nil, "\(zone)")
        }
    }

    @Test("a sensor is of a source where it is known what it measures, and otherwise of none")
    func sensors() {
        #expect(PowerSource(chip: "power_meter", label: "") == .meter)
        #expect(PowerSource(chip: "power_meter", label: "Grace Power Socket 0") == .grace)
        #expect(PowerSource(chip: "amd_energy", label: "Esocket1") == .sockets)
        for (chip, label) in [
            ("power_meter", "Module Power Socket 0"), ("power_meter", "CPU Power Socket 0"), ("amd_energy", "Ecore003"),
            ("xdpe12284", "pin"), ("amdgpu", "PPT"), ("", ""),
        ] {
            #expect(PowerSource(chip: chip, label: label) == nil, "\(chip) \(label)")
        }
    }

    @Test("what counters are used up by in a time is the draw, the sum of a source's instruments")
    func counters() throws {
        let power = packages()
        let best = try #require(power.best(of: .processors))
        #expect(best.source == .packages && best.isMetered)
        #expect(best.draw == InstrumentReading.Draw(shown: Milliwatts(200_000), quality: .counter))
        #expect(power.energy(.packages) == Millijoules(1_000_000))
        #expect(power.best(of: .node) == nil && power.energy(.platform) == nil)
    }

    @Test("after one reading there is a counter and no draw")
    func first() {
        var power = NodePower()
        take(&power, [PowerSamples.counter(.packages, "package-0", joules: 9_000, at: 0)], at: 0)
        #expect(power.best(of: .processors) == nil)
        #expect(power.energy(.packages) == Millijoules(0))
    }

    @Test("a source of which an instrument says nothing any more says nothing, rather than too little")
    func incomplete() {
        var power = packages()
        for second in stride(from: Int64(10), through: 20, by: 5) {
            take(
                &power,
                [PowerSamples.counter(.packages, "package-0", joules: 1_000 + UInt64(second) * 100, at: second)],
                at: second)
        }
        #expect(power.best(of: .processors) == nil)
        // What was used is not less for that.
        #expect(power.energy(.packages) == Millijoules(2_500_000))
    }

    @Test("what was read too long ago is no draw any more, whoever tells of the time")
    func stale() {
        var power = packages()
        power.forget(at: HealthSamples.now(19).boot)
        #expect(power.best(of: .processors) != nil)
        power.forget(at: HealthSamples.now(20).boot)
        #expect(power.best(of: .processors) == nil)
    }

    @Test("a counter comes before an average, the site's own program before both, and no sample is made energy of")
    func choice() throws {
        var power = NodePower()
        take(&power, [PowerSamples.draw(.meter, watts: 800, .average, at: 1)], at: 1)
        var best = try #require(power.best(of: .node))
        #expect(best.source == .meter && best.draw.quality == .average && !best.isMetered)
        #expect(power.energy(.meter) == nil)
        for second in [Int64(2), 7] {
            take(
                &power, [PowerSamples.counter(.platform, "psys", joules: UInt64(second) * 850, at: second)], at: second)
        }
        best = try #require(power.best(of: .node))
        #expect(best.source == .platform && best.draw.shown == Milliwatts(850_000) && best.isMetered)
        take(&power, [PowerSamples.draw(.hook, watts: 900, at: 8)], at: 8)
        best = try #require(power.best(of: .node))
        #expect(best.source == .hook && best.draw.quality == .sample && power.energy(.hook) == nil)
    }

    @Test("a board of which the kernel knows several platforms draws all of them", arguments: ["psys", "psys-1"])
    func platforms(_ zone: String) {
        #expect(PowerSource(zone: zone, in: nil) == .platform)
    }

    @Test("a program that has both shows its own draw beside its counter's energy")
    func both() throws {
        var power = NodePower()
        for (second, joules) in [(0, 0), (10, 9_000)] as [(Int64, UInt64)] {
            let reading = InstrumentReading(
                .hook, "power-reading", counter: InstrumentReading.Counter(shown: Millijoules(joules * 1_000)),
                draw: InstrumentReading.Draw(shown: Milliwatts(901_000), quality: .sample),
                at: HealthSamples.now(second).boot, validity: .seconds(30))
            power.take(PowerSamples.round([reading], .hook), at: HealthSamples.now(second))
        }
        let best = try #require(power.best(of: .node))
        #expect(best.draw.shown == Milliwatts(901_000) && best.draw.quality == .sample && best.isMetered)
        #expect(power.energy(.hook) == Millijoules(9_000_000))
        // What is metered comes before what is averaged and not metered.
        take(&power, [PowerSamples.draw(.meter, watts: 800, .average, at: 11)], at: 11)
        #expect(power.best(of: .node)?.source == .hook)
    }

    @Test("millionths of a joule are metered through their wrap, never too much and at most 2 mJ too little")
    func wrap() {
        let range: UInt64 = 262_143_328_850
        var power = NodePower()
        // 1 J before its end, then 4 J after it.
        for (second, shown) in [(0, range - 999_999), (5, 4_000_000)] as [(Int64, UInt64)] {
            let reading = InstrumentReading(
                .packages, "package-0",
                counter: InstrumentReading.Counter(microjoules: shown, range: range),
                at: HealthSamples.now(second).boot, validity: .seconds(15))
            take(&power, [reading], at: second)
        }
        let used = power.energy(.packages)?.count ?? 0
        #expect(used <= 5_000 && used >= 4_998, "\(used)")
        let last = InstrumentReading.Counter(microjoules: range, range: range)
        #expect(last.shown <= last.range)
    }

    @Test("a counter that goes around too soon to be metered is told, and not metered")
    func narrow() {
        var power = NodePower()
        let reading = InstrumentReading(
            .packages, "package-0", counter: InstrumentReading.Counter(shown: Millijoules(1), range: Millijoules(700)),
            at: HealthSamples.now(0).boot, validity: .seconds(15))
        take(&power, [reading], at: 0)
        #expect(power.energy(.packages) == nil)
        #expect(
            power.troubles.map(\.complaint.what) == [
                "the counter of package-0 begins again after 700mJ, too soon to be metered"
            ])
    }

    @Test("a complaint keeps its instant while it lasts, and each looker takes back only his own")
    func complaints() {
        var power = NodePower()
        let closed = PowerComplaint(what: "closed", remedy: "open it")
        let late = PowerComplaint(what: "late", remedy: "")
        power.take(PowerSamples.round([], complaints: [closed]), at: HealthSamples.now(0))
        power.take(PowerSamples.round([], .hook, complaints: [late]), at: HealthSamples.now(3))
        power.take(PowerSamples.round([], complaints: [closed]), at: HealthSamples.now(5))
        #expect(Set(power.troubles.map(\.complaint)) == [closed, late])
        #expect(power.troubles.first { $0.complaint == closed }?.since == HealthSamples.now(0).calendar)
        power.take(PowerSamples.round([]), at: HealthSamples.now(10))
        #expect(power.troubles.map(\.complaint) == [late])
    }

    @Test("after a restart of the program what was used meanwhile is metered, and no draw is made of the pause")
    func resumed() throws {
        let kept = try JSONDecoder().decode(NodePower.self, from: JSONEncoder().encode(packages()))
        var power = kept.resumed(ofThisBoot: true)
        #expect(power.best(of: .processors) == nil && power.energy(.packages) == Millijoules(1_000_000))
        take(&power, [PowerSamples.counter(.packages, "package-0", joules: 61_500, at: 605)], at: 605)
        #expect(power.energy(.packages) == Millijoules(61_000_000))
        #expect(power.best(of: .processors) == nil)
    }

    @Test("after a restart of the node its own counters begin anew, and what the site's program reads goes on")
    func rebooted() {
        var power = packages()
        for (second, joules) in [(0, 50_000), (10, 59_000)] as [(Int64, UInt64)] {
            take(&power, [PowerSamples.counter(.hook, "power-reading", joules: joules, at: second)], at: second)
        }
        power = power.resumed(ofThisBoot: false)
        take(
            &power,
            [
                PowerSamples.counter(.packages, "package-0", joules: 300, at: 30),
                PowerSamples.counter(.hook, "power-reading", joules: 61_000, at: 30),
            ], at: 30)
        #expect(power.energy(.packages) == Millijoules(1_300_000))
        #expect(power.energy(.hook) == Millijoules(11_000_000))
    }

    @Test("instruments beyond any node's are named and not read")
    func tooMany() {
        var power = NodePower()
        let readings = (0...NodePower.instrumentCountMax).map {
            PowerSamples.counter(.packages, "package-\($0)", joules: 1, at: 0)
        }
        take(&power, readings, at: 0)
        #expect(power.instruments.count == NodePower.instrumentCountMax)
        #expect(power.troubles.count == 1)
    }

    @Test(
        "whatever becomes of its counters, a node's energy never shrinks and is off by no more than an interval for each end",
        arguments: 1...300)
    func property(_ seed: UInt64) {
        var played = PlayedMeters(seed: seed)
        for _ in 0..<250 { played.beat() }
        #expect(played.complaints == [])
        #expect(played.roundCount > 150, "seed \(seed)")
    }
}
