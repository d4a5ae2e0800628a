import Foundation
import LeaseholdDevices
import LeaseholdModel
import Testing

/// Rounds of a node of two GPUs.
private enum Rounds {
    static let names = [GPUUUID(high: 1, low: 1), GPUUUID(high: 1, low: .max)]

    static func now(_ second: Int64) -> Now { HealthSamples.now(second) }

    static func sample(
        _ position: Int, _ reading: HealthReading? = HealthSamples.reading(), joules: UInt64 = 0, at second: Int64 = 0,
        hindrance: String? = nil, isLost: Bool = false
    ) -> GPUSample {
        var facts = GPUFacts(uuid: names[position])
        facts.product = "NVIDIA H100 80GB HBM3"
        let power = PowerReading(
            draw: Milliwatts(300_100), energy: Millijoules(joules * 1_000), limit: Milliwatts(700_000),
            enforced: Milliwatts(650_000))
        return GPUSample(
            gpu: names[position], card: GPUCard(facts: isLost ? nil : facts, limits: nil),
            health: isLost ? nil : reading,
            fabric: nil, power: isLost ? nil : power, instant: now(second).boot, hindrance: hindrance, isLost: isLost)
    }

    static func told(
        _ samples: [GPUSample], events: [GPUEvent] = [], complaints: [String] = [], lossCount: UInt64 = 0
    ) -> DriverWord {
        .told(
            DriverRound(
                version: "570.124.06", events: events, samples: samples, complaints: complaints, lossCount: lossCount))
    }

    static var well: DriverWord { told([sample(0), sample(1)]) }
}

@Suite("A node's GPUs, watched")
struct NodeWatchTests {
    /// A node that was read once, at second 0.
    private func read() -> NodeWatch {
        var watch = NodeWatch(Rounds.names)
        #expect(watch.take(Rounds.well, at: Rounds.now(0)) == [])
        return watch
    }

    @Test("before the driver was asked no GPU gets new work, and none is called ill")
    func unasked() {
        let watch = NodeWatch(Rounds.names)
        #expect(watch.unhealthy == .none && watch.suspect == .first(2) && watch.drawn == .zero)
        let known = read()
        #expect(known.unhealthy == .none && known.suspect == .none)
        // Two times 300.1 watts, rounded up.
        #expect(known.drawn == Watts(601))
    }

    @Test("without a driver no GPU works; since when is since it went, and with it everything is as it was before")
    func driverGone() {
        var watch = read()
        let before = watch
        _ = watch.take(.failed(reason: "not loaded"), at: Rounds.now(10))
        _ = watch.take(.failed(reason: "does not fit"), at: Rounds.now(20))
        #expect(watch.unhealthy == .first(2) && watch.suspect == .none)
        #expect(watch.driver == .gone(reason: "does not fit", since: Rounds.now(10).calendar))
        #expect(watch.tickets.open == [])
        _ = watch.take(Rounds.well, at: Rounds.now(30))
        #expect(watch.unhealthy == .none && watch.driver == before.driver)
    }

    @Test("while a call of the driver hangs nobody gets new work, and what is known stays known")
    func asleep() {
        var watch = read()
        let event = HealthSamples.event(.xid(95), of: Rounds.names[1])
        _ = watch.take(Rounds.told([Rounds.sample(0), Rounds.sample(1)], events: [event]), at: Rounds.now(5))
        #expect(watch.unhealthy == .only(1))
        _ = watch.take(.asleep(since: Rounds.now(7).boot), at: Rounds.now(11))
        _ = watch.take(.asleep(since: Rounds.now(7).boot), at: Rounds.now(12))
        #expect(watch.unhealthy == .only(1) && watch.suspect == .only(0))
        #expect(watch.driver == .asleep(since: Rounds.now(7).calendar))
    }

    @Test("a GPU that its driver does not know is lost once, has a ticket, and is back when it was calm after it came")
    func absent() throws {
        var watch = read()
        let changes = watch.take(Rounds.told([Rounds.sample(1)]), at: Rounds.now(5))
        #expect(changes.count == 1)
        let ticket = try #require(watch.tickets.open.first)
        #expect(ticket.gpu == Rounds.names[0] && ticket.component == .bus && ticket.action == .restartNode)
        #expect(watch.unhealthy == .only(0))
        // It stays lost, and is not lost again.
        #expect(watch.take(Rounds.told([Rounds.sample(1)]), at: Rounds.now(10)) == [])
        #expect(watch.gpus[0].health[.bus].evidence.map(\.count) == [1])
        #expect(watch.gpus[0].hindrance?.since == Rounds.now(5).calendar)
        #expect(watch.gpus[0].card.product == "NVIDIA H100 80GB HBM3")
        _ = watch.take(Rounds.well, at: Rounds.now(15))
        #expect(watch.unhealthy == .none && watch.suspect == .only(0) && watch.gpus[0].hindrance == nil)
        let last = watch.take(Rounds.well, at: Rounds.now(700))
        #expect(watch.suspect == .none && watch.tickets.open == [])
        guard case .closed = last.first else { return #expect(Bool(false), "\(last)") }
        let told = watch.detail(at: Rounds.now(701).calendar).tickets
        #expect(told.areAllOpen && told.tickets.map(\.name.number) == [1] && told.tickets.first?.gpu == 0)
        #expect(told.tickets.first?.closing?.outcome == .recovered && told.tickets.first?.component == "bus")
    }

    @Test("one that stops answering in the middle of a round is lost as well")
    func lostInARound() {
        var watch = read()
        _ = watch.take(
            Rounds.told([Rounds.sample(0, hindrance: "gone", isLost: true), Rounds.sample(1)]), at: Rounds.now(5))
        #expect(watch.unhealthy == .only(0) && watch.gpus[0].health[.bus].standing == .unhealthy)
        #expect(watch.gpus[0].card.product == "NVIDIA H100 80GB HBM3")
    }

    @Test("a reading that fails makes it unusable for as long as it fails, and leaves no ticket")
    func hindered() {
        var watch = read()
        _ = watch.take(
            Rounds.told([Rounds.sample(0, nil, hindrance: "answers UNKNOWN"), Rounds.sample(1)]), at: Rounds.now(5))
        #expect(watch.unhealthy == .only(0) && watch.tickets.open == [])
        #expect(watch.gpus[0].hindrance?.since == Rounds.now(5).calendar)
        _ = watch.take(Rounds.well, at: Rounds.now(10))
        #expect(watch.unhealthy == .none)
    }

    @Test("a GPU that is new to the node is named, and not taken for one of its own")
    func stranger() {
        var watch = read()
        let stranger = GPUSample(
            gpu: GPUUUID(high: 9, low: 9), card: .blank, health: HealthSamples.reading(recovery: .resetGPU),
            fabric: nil, power: nil, instant: .zero)
        let samples = [stranger, Rounds.sample(1), Rounds.sample(0)]
        _ = watch.take(Rounds.told(samples, complaints: ["a GPU says nothing"]), at: Rounds.now(5))
        #expect(watch.unhealthy == .none && watch.gpus.count == 2)
        #expect(watch.complaints.map(\.since) == [Rounds.now(5).calendar, Rounds.now(5).calendar])
        #expect(watch.complaints[1].what.hasPrefix("GPU-00000000-0000-0009-0000-000000000009 is new here"))
        _ = watch.take(Rounds.well, at: Rounds.now(10))
        #expect(watch.complaints == [])
    }

    @Test("what was told is taken before the readings that were asked for after it")
    func order() {
        var watch = NodeWatch(Rounds.names)
        let event = HealthSamples.event(.xid(46), of: Rounds.names[0])
        _ = watch.take(Rounds.told([Rounds.sample(0), Rounds.sample(1)], events: [event]), at: Rounds.now(5))
        #expect(watch.unhealthy == .only(0))
        // A reading before the event would have been the reading that follows a remedy.
        #expect(watch.gpus[0].health[.engine].remedy == .resetGPU)
    }

    @Test("energy goes on over a driver that was loaded anew, and over a restart of the program")
    func energy() throws {
        var watch = NodeWatch(Rounds.names)
        func take(_ joules: UInt64, _ second: Int64, lossCount: UInt64 = 0) {
            let samples = [Rounds.sample(0, joules: joules, at: second), Rounds.sample(1)]
            _ = watch.take(Rounds.told(samples, lossCount: lossCount), at: Rounds.now(second))
        }
        take(1_000, 10)
        take(3_000, 20)
        #expect(watch.gpus[0].energy == Millijoules(2_000_000))
        // Higher than before, of a counter that begins with the driver: all of it was used since.
        take(3_500, 40, lossCount: 1)
        #expect(watch.gpus[0].energy == Millijoules(5_500_000))
        watch = watch.resumed(ofThisBoot: true, at: Rounds.now(50))
        #expect(watch.suspect == .first(2))
        take(4_500, 60, lossCount: 0)
        #expect(watch.gpus[0].energy == Millijoules(6_500_000))
        // Another boot: the counter began at nothing.
        watch = watch.resumed(ofThisBoot: false, at: Rounds.now(0))
        take(700, 10)
        #expect(watch.gpus[0].energy == Millijoules(7_200_000))
    }

    @Test("a restart of the node is a remedy, one of the program is none")
    func resumed() {
        var watch = read()
        let event = HealthSamples.event(.xid(79), of: Rounds.names[0])
        _ = watch.take(Rounds.told([Rounds.sample(0), Rounds.sample(1)], events: [event]), at: Rounds.now(5))
        var same = watch.resumed(ofThisBoot: true, at: Rounds.now(6))
        _ = same.take(Rounds.well, at: Rounds.now(7))
        #expect(same.unhealthy == .only(0))
        var other = watch.resumed(ofThisBoot: false, at: Rounds.now(1))
        _ = other.take(Rounds.well, at: Rounds.now(7))
        #expect(other.unhealthy == .none && other.suspect == .only(0))
        #expect(other.tickets.open.map(\.done) == [Rounds.now(1).calendar])
    }

    @Test("it is read as it was written, with every sign there is")
    func written() throws {
        var watch = read()
        let whats: [GPUEvent.What] = [
            .xid(nil), .xid(79), .poison(isFatal: true), .unknown(type: 1, data: .max), .memoryRetired, .lost,
        ]
        var reading = HealthSamples.reading(throttling: [.hardware, .hardwareHeat], uncorrected: 3)
        _ = watch.take(
            Rounds.told(
                [Rounds.sample(0, reading), Rounds.sample(1)],
                events: whats.map { HealthSamples.event($0, of: Rounds.names[0]) }), at: Rounds.now(5))
        reading = HealthSamples.reading(
            rows: RemappedRows(correctedCount: 1, uncorrectedCount: 2, isPending: true, hasFailed: false),
            spares: SpareRows(allCount: 1, mostCount: 2, someCount: 3, fewCount: 4, noneCount: 5),
            recovery: .unknown(12))
        let fabric = GPUSample(
            gpu: Rounds.names[0], card: .blank, health: reading,
            fabric: HealthSamples.fabric(.registered(failure: 9), .limited, [.routeBroken]), power: nil, instant: .zero)
        _ = watch.take(Rounds.told([fabric]), at: Rounds.now(6))
        _ = watch.take(.failed(reason: "gone"), at: Rounds.now(7))
        let text = try JSONEncoder().encode(watch)
        let again = try JSONDecoder().decode(NodeWatch.self, from: text)
        #expect(again == watch && again.damage == nil)
        #expect(again.hardware == watch.hardware)
    }

    @Test("what cannot be is called damage")
    func damage() throws {
        let text = String(decoding: try JSONEncoder().encode(read()), as: UTF8.self)
        func damage(_ from: String, _ to: String) throws -> String? {
            let changed = text.replacing(from, with: to)
            try #require(changed != text)
            return try JSONDecoder().decode(NodeWatch.self, from: Data(changed.utf8)).damage
        }
        #expect(try damage("\"low\":\(UInt64.max)", "\"low\":1") == "a GPU that is there twice")
        #expect(
            try damage("\"nanoseconds\":600000000000", "\"nanoseconds\":0")?.hasSuffix("with parts missing") == true)
        #expect(NodeWatch(Rounds.names).damage == nil)
    }

    @Test("the hardware's number tells GPUs and positions apart")
    func hardware() {
        let watch = NodeWatch(Rounds.names)
        #expect(watch.hardware != NodeWatch(Rounds.names.reversed()).hardware)
        #expect(watch.hardware != NodeWatch([Rounds.names[0]]).hardware)
        #expect(watch.hardware == NodeWatch(Rounds.names).hardware)
    }

    @Test(
        "a limit is set where it is another and within the device's range, and refused outside of it",
        arguments: [
            (600, 700, 200, 700, LimitStep.set(Milliwatts(600))), (700, 700, 200, 700, .keep),
            (199, 700, 200, 700, .refuse(why: "a limit of 199mW is outside of 200mW to 700mW")),
            (701, 700, 200, 700, .refuse(why: "a limit of 701mW is outside of 200mW to 700mW")),
            (200, 700, 200, 700, .set(Milliwatts(200))),
        ])
    func limit(_ wanted: UInt64, _ now: UInt64, _ least: UInt64, _ most: UInt64, _ step: LimitStep) {
        let range = PowerRange(least: Milliwatts(least), most: Milliwatts(most), initial: Milliwatts(most))
        #expect(LimitStep(to: Milliwatts(wanted), from: Milliwatts(now), within: range) == step)
        guard case .refuse = LimitStep(to: Milliwatts(1), from: nil, within: nil) else {
            return #expect(Bool(false), "a limit without a range")
        }
    }

    @Test("every sign and every remedy has words for people")
    func words() {
        for remedy in Remedy.allCases where remedy != .none { #expect(remedy.advice?.isEmpty == false) }
        for xid in UInt32(1)...172 {
            let words = GPUEvent.What.xid(xid).words
            #expect(words.hasPrefix("Xid \(xid)"))
            // What is unused says no more than its number; what has a part to blame says what happened.
            if let kind = XidClass(xid: xid), kind != .askVendor, kind != .ignore, kind != .unclassed {
                #expect(words.contains(": "), "\(words) of class \(kind)")
            }
        }
        #expect(Set(Component.allCases.map(\.word)).count == Component.allCases.count)
    }
}
