import Foundation
import LeaseholdDevices
import LeaseholdModel
import Testing

@Suite("A node's GPUs, probed")
struct NodeWatchProbeTests {
    private let gpus = [GPUUUID(high: 1, low: 1), GPUUUID(high: 1, low: 2)]

    /// A node whose driver answers, with two probes.
    private func node() -> NodeWatch {
        var watch = NodeWatch(gpus)
        read(&watch, at: 0)
        #expect(watch.take(.listed(["fan", "link"], complaint: nil), at: HealthSamples.now(0)) == [])
        return watch
    }

    private func read(_ watch: inout NodeWatch, at second: Int64) {
        let samples = gpus.map {
            GPUSample(
                gpu: $0, card: .blank, health: HealthSamples.reading(), fabric: nil,
                power: PowerReading(draw: Milliwatts(300_000), energy: nil, limit: nil, enforced: nil),
                instant: HealthSamples.now(second).boot)
        }
        let round = DriverRound(version: "570", events: [], samples: samples, complaints: [])
        #expect(watch.take(.told(round), at: HealthSamples.now(second)) == [])
    }

    private func run(
        _ watch: inout NodeWatch, _ name: String, _ status: Int32, _ said: String = "", at second: Int64
    ) -> [BreakfixBook.Change] {
        let all = said.contains("position=") || said.contains("gpu=") ? said : "\(said)\ngpu=all"
        return watch.take(.ended(name: name, ProbeOutcome(status: status, said: all)), at: HealthSamples.now(second))
    }

    @Test("one that is critical takes the GPUs that it names out, opens a ticket, and says which it is")
    func critical() throws {
        var watch = node()
        let changes = run(&watch, "fan", 2, "fan 3 stands still\nposition=1", at: 60)
        #expect(watch.unhealthy == .only(1) && watch.suspect == .none)
        guard case .opened(let ticket)? = changes.first, changes.count == 1 else {
            return #expect(Bool(false), "\(changes)")
        }
        #expect(ticket.component == .probe && ticket.gpu == gpus[1])
        let trouble = try #require(watch.detail(at: HealthSamples.now(61).calendar).troubles.first)
        #expect(trouble.gpu == 1 && trouble.component == "probe" && trouble.standing == .unhealthy)
        #expect(trouble.what == "probe fan said: fan 3 stands still" && trouble.since == HealthSamples.now(60).calendar)
        #expect(trouble.remedy.hasPrefix("mend what the probe names") && trouble.ticket == 1)
    }

    @Test("one that warns keeps new work away, and without a name it is about every GPU")
    func warning() {
        var watch = node()
        #expect(run(&watch, "link", 1, "slow", at: 60) == [])
        #expect(watch.suspect == .first(2) && watch.unhealthy == .none)
    }

    @Test(
        "only its own word brings a GPU back, first to suspect, and after the calm to healthy, when its ticket closes")
    func recovery() {
        var watch = node()
        _ = run(&watch, "fan", 2, "still", at: 60)
        _ = run(&watch, "link", 0, at: 61)
        watch.takeReset(of: .first(2), at: HealthSamples.now(62))
        read(&watch, at: 65)
        #expect(watch.unhealthy == .first(2))
        _ = run(&watch, "fan", 0, "turns", at: 120)
        #expect(watch.suspect == .first(2) && watch.unhealthy == .none)
        // What the driver says is no word of the probe.
        read(&watch, at: 1_000)
        #expect(watch.suspect == .first(2))
        let closed = run(&watch, "fan", 0, at: 1_001)
        #expect(watch.suspect == .none && watch.tickets.open == [] && closed.count == 2)
    }

    @Test("a warning after it was critical is no health, and critical again a relapse")
    func relapse() {
        var watch = node()
        _ = run(&watch, "fan", 2, at: 60)
        _ = run(&watch, "fan", 1, at: 120)
        #expect(watch.suspect == .first(2))
        _ = run(&watch, "fan", 2, at: 180)
        #expect(watch.unhealthy == .first(2))
        #expect(watch.gpus[0].health[.probe].relapseCount == 1)
    }

    @Test(
        "one that does not know, or fails, is told and changes no health, for the better nor for the worse",
        arguments: [
            ProbeOutcome(status: 3, said: "?"), ProbeOutcome(status: 9, said: ""), .failed(reason: "ended after 30s"),
        ])
    func silent(_ outcome: ProbeOutcome) throws {
        for status in [Int32(0), 2] {
            var watch = node()
            _ = run(&watch, "fan", status, at: 60)
            let before = watch.gpus
            #expect(watch.take(.ended(name: "fan", outcome), at: HealthSamples.now(2_000)) == [])
            #expect(watch.gpus == before)
            let detail = watch.detail(at: HealthSamples.now(2_001).calendar)
            let trouble = try #require(detail.troubles.first { $0.component == "probe fan" })
            #expect(
                trouble.standing == .healthy && trouble.gpu == nil && trouble.since == HealthSamples.now(2_000).calendar
            )
            _ = run(&watch, "fan", status, at: 2_060)
            #expect(watch.probes.probes[0].trouble == nil)
        }
        // Nor is a calm over by a run that says nothing.
        var watch = node()
        _ = run(&watch, "fan", 1, at: 60)
        _ = run(&watch, "fan", 0, at: 70)
        _ = watch.take(.ended(name: "fan", outcome), at: HealthSamples.now(2_000))
        #expect(watch.suspect == .first(2))
    }

    @Test("a name that no GPU has is told, and the GPUs that are named beside it are taken out")
    func stranger() {
        var watch = node()
        _ = run(&watch, "fan", 2, "position=0\nposition=7", at: 60)
        #expect(watch.unhealthy == .only(0))
        #expect(watch.probes.probes[0].trouble?.what == "it names position=7, and the node has no such GPU")
    }

    @Test("a probe that is taken away has no say any more, and the calm begins")
    func takenAway() {
        var watch = node()
        _ = run(&watch, "fan", 2, at: 60)
        _ = watch.take(.listed([], complaint: nil), at: HealthSamples.now(70))
        #expect(watch.suspect == .first(2) && watch.unhealthy == .none)
        #expect(run(&watch, "fan", 2, at: 71) == [] && watch.unhealthy == .none)
        for second in [Int64(600), 669, 670] {
            let round = DriverRound(
                version: "570", events: [],
                samples: gpus.map {
                    GPUSample(
                        gpu: $0, card: .blank, health: HealthSamples.reading(), fabric: nil, power: nil,
                        instant: HealthSamples.now(second).boot)
                }, complaints: [])
            let changes = watch.take(.told(round), at: HealthSamples.now(second))
            #expect(changes.isEmpty == (second < 670), "\(second)")
        }
        #expect(watch.suspect == .none)
    }

    @Test(
        "a probe that has never judged holds up nobody's calm, and a directory that cannot be read takes no word away")
    func neverJudged() {
        var watch = node()
        _ = run(&watch, "fan", 2, at: 60)
        #expect(watch.take(.unlisted(complaint: "closed"), at: HealthSamples.now(65)) == [])
        #expect(watch.unhealthy == .first(2) && watch.probes.complaint?.what == "closed")
        #expect(watch.probes.probes.map(\.name) == ["fan", "link"])
        _ = watch.take(.listed(["link"], complaint: nil), at: HealthSamples.now(70))
        #expect(watch.suspect == .first(2) && watch.probes.complaint == nil)
        _ = run(&watch, "link", 3, at: 71)
        for second in [Int64(600), 670] {
            let samples = gpus.map {
                GPUSample(
                    gpu: $0, card: .blank, health: HealthSamples.reading(), fabric: nil, power: nil,
                    instant: HealthSamples.now(second).boot)
            }
            let round = DriverRound(version: "570", events: [], samples: samples, complaints: [])
            _ = watch.take(.told(round), at: HealthSamples.now(second))
        }
        #expect(watch.suspect == .none)
    }

    @Test("what a probe said outlives the program, and a chart of before there were probes is read")
    func kept() throws {
        var watch = node()
        _ = run(&watch, "fan", 2, "still", at: 60)
        let encoded = try JSONEncoder().encode(watch)
        let next = try JSONDecoder().decode(NodeWatch.self, from: encoded).resumed(
            ofThisBoot: true, at: HealthSamples.now(70))
        #expect(next.unhealthy == .first(2) && next.probes == watch.probes)
        // As an older program wrote it: without the two, and with a part less of each GPU.
        var sheet = try #require(try JSONSerialization.jsonObject(with: encoded) as? [String: Any])
        sheet["metered"] = nil
        sheet["probed"] = nil
        var old = try #require(sheet["gpus"] as? [[String: Any]])
        for index in old.indices {
            var health = try #require(old[index]["health"] as? [String: Any])
            health["conditions"] = Array(try #require(health["conditions"] as? [Any]).dropLast())
            old[index]["health"] = health
        }
        sheet["gpus"] = old
        let read = try JSONDecoder().decode(NodeWatch.self, from: JSONSerialization.data(withJSONObject: sheet))
        #expect(read.damage == nil)
        var resumed = read.resumed(ofThisBoot: true, at: HealthSamples.now(80))
        #expect(resumed.gpus[0].health[.probe].standing == .healthy)
        _ = resumed.take(.listed(["fan"], complaint: nil), at: HealthSamples.now(80))
        _ = run(&resumed, "fan", 1, at: 81)
        #expect(resumed.gpus[1].health[.probe].standing == .suspect)
    }

    // MARK: Power

    @Test("a node draws what its best source says, and without one what its GPUs and processors draw")
    func drawn() {
        var watch = node()
        #expect(watch.drawn == Watts(600))
        for second in [Int64(5), 10] {
            let reading = PowerSamples.counter(.packages, "package-0", joules: UInt64(second) * 150, at: second)
            #expect(watch.take(.power(PowerSamples.round([reading])), at: HealthSamples.now(second)) == [])
        }
        #expect(watch.drawn == Watts(750))
        let sampled = PowerSamples.draw(.hook, watts: 1_100, at: 11)
        _ = watch.take(.power(PowerSamples.round([sampled], .hook)), at: HealthSamples.now(11))
        #expect(watch.drawn == Watts(1_100))
        // One that shows less than the GPUs alone does not measure the node.
        let low = PowerSamples.draw(.hook, watts: 200, at: 12)
        _ = watch.take(.power(PowerSamples.round([low], .hook)), at: HealthSamples.now(12))
        #expect(watch.drawn == Watts(600))
        // Nobody reads any more, and the driver's rounds tell the time.
        read(&watch, at: 100)
        #expect(watch.drawn == Watts(600) && watch.power.best(of: .node) == nil)
    }

    @Test("people are told the best source of each scope, and what was used as it was kept")
    func told() {
        var watch = node()
        for second in [Int64(0), 5] {
            let reading = PowerSamples.counter(.packages, "package-0", joules: UInt64(second) * 150, at: second)
            _ = watch.take(.power(PowerSamples.round([reading])), at: HealthSamples.now(second))
        }
        let kept = watch
        let later = PowerSamples.counter(.packages, "package-0", joules: 1_750, at: 10)
        let sampled = PowerSamples.draw(.hook, watts: 1_100, at: 10)
        _ = watch.take(.power(PowerSamples.round([later, sampled])), at: HealthSamples.now(10))
        #expect(
            kept.detail(drawing: watch.power, at: HealthSamples.now(10).calendar).power == [
                PowerDetail(
                    scope: .node, source: "power-reading", quality: .sample, draw: Watts(1_100), energyJoules: nil),
                PowerDetail(
                    scope: .processors, source: "RAPL packages", quality: .counter, draw: Watts(200),
                    energyJoules: 750),
            ])
    }
}
