import LeaseholdDevices
import LeaseholdModel
import Testing

@Suite("How a GPU stands")
struct GPUHealthTests {
    private let calm: Int64 = 600
    private var fresh: GPUHealth { GPUHealth(gpu: HealthSamples.gpu, calm: .seconds(calm)) }

    /// A GPU that has had an event at second 0.
    private func after(_ what: GPUEvent.What) -> GPUHealth {
        var health = fresh
        health.take(HealthSamples.event(what), at: HealthSamples.now(0))
        return health
    }

    private func read(_ health: inout GPUHealth, _ reading: HealthReading = HealthSamples.reading(), at second: Int64) {
        health.take(reading, fabric: nil, at: HealthSamples.now(second))
    }

    @Test("work that has to begin anew is kept as evidence and costs the GPU nothing")
    func restartWork() {
        let health = after(.xid(31))
        #expect(health.standing == .healthy)
        #expect(health[.engine].evidence.map(\.finding.remedy) == [.restartWork])
        #expect(health[.engine].evidence.map(\.count) == [1])
    }

    @Test("an error that nobody knows makes it suspect until it was read clean after a calm")
    func suspicion() {
        var health = after(.xid(4_711))
        #expect(health.standing == .suspect)
        #expect(health.remedy == .watch)
        read(&health, at: calm - 1)
        #expect(health.standing == .suspect)
        health.take(HealthSamples.event(.xid(nil)), at: HealthSamples.now(calm))
        read(&health, at: 2 * calm - 1)
        #expect(health.standing == .suspect)
        #expect(health[.gpu].since == HealthSamples.now(0).calendar)
        read(&health, at: 2 * calm)
        #expect(health.standing == .healthy)
        #expect(health[.gpu].since == HealthSamples.now(2 * calm).calendar)
    }

    @Test("without the reset it is never healthy again, however long it was read clean")
    func needsItsRemedy() {
        var health = after(.xid(46))
        for second in stride(from: Int64(5), to: 100 * calm, by: 300) { read(&health, at: second) }
        health.take(done: .drainPeers, at: HealthSamples.now(100 * calm))
        read(&health, at: 101 * calm)
        #expect(health.standing == .unhealthy)
        #expect(health.remedy == .resetGPU)
        health.take(done: .resetGPU, at: HealthSamples.now(102 * calm))
        #expect(health.standing == .unhealthy)
        read(&health, at: 102 * calm + 5)
        #expect(health.standing == .suspect)
        read(&health, at: 103 * calm + 4)
        #expect(health.standing == .suspect)
        read(&health, at: 103 * calm + 5)
        #expect(health.standing == .healthy)
        #expect(health.remedy == .none)
    }

    @Test("a sign after the reset undoes it, and a reset that fails to help twice calls for hands")
    func relapse() {
        var health = after(.xid(119))
        health.take(done: .resetGPU, at: HealthSamples.now(10))
        health.take(HealthSamples.event(.xid(119)), at: HealthSamples.now(11))
        read(&health, at: 12)
        #expect(health.standing == .unhealthy)
        #expect(health.remedy == .resetGPU)
        health.take(done: .resetGPU, at: HealthSamples.now(20))
        read(&health, at: 21)
        #expect(health.standing == .suspect)
        health.take(HealthSamples.event(.xid(119)), at: HealthSamples.now(22))
        #expect(health.standing == .unhealthy)
        #expect(health.remedy == .service)
        health.take(done: .resetGPU, at: HealthSamples.now(30))
        read(&health, at: 31)
        #expect(health.standing == .unhealthy)
        health.take(done: .service, at: HealthSamples.now(40))
        read(&health, at: 41)
        #expect(health.standing == .suspect)
    }

    @Test("a row that still waits after the reset keeps it unhealthy; a bank without spares keeps it only suspect")
    func standingSigns() {
        let waiting = RemappedRows(correctedCount: 0, uncorrectedCount: 1, isPending: true, hasFailed: false)
        let spares = SpareRows(allCount: 9, mostCount: 0, someCount: 0, fewCount: 0, noneCount: 1)
        var health = fresh
        read(&health, HealthSamples.reading(rows: waiting, spares: spares), at: 0)
        health.take(done: .resetGPU, at: HealthSamples.now(1))
        read(&health, HealthSamples.reading(rows: waiting, spares: spares), at: 2)
        #expect(health.standing == .unhealthy)
        health.take(done: .resetGPU, at: HealthSamples.now(3))
        for second in [4, 4 + calm, 4 + 3 * calm] { read(&health, HealthSamples.reading(spares: spares), at: second) }
        #expect(health.standing == .suspect)
        read(&health, at: 5 + 4 * calm)
        #expect(health.standing == .healthy)
    }

    @Test("the strongest remedy of its parts is what it needs, and each part keeps its own")
    func strongest() {
        var health = after(.xid(48))
        health.take(HealthSamples.event(.lost), at: HealthSamples.now(1))
        #expect(health.remedy == .restartNode)
        #expect(health[.memory].remedy == .resetGPU)
        health.take(done: .resetGPU, at: HealthSamples.now(2))
        read(&health, at: 3)
        #expect(health[.memory].standing == .suspect)
        #expect(health[.bus].standing == .unhealthy)
        #expect(health.standing == .unhealthy)
    }

    @Test("an event of another GPU, or of none, is not for it")
    func strangers() {
        var health = fresh
        health.take(HealthSamples.event(.lost, of: GPUUUID(high: 1, low: 1)), at: HealthSamples.now(0))
        health.take(HealthSamples.event(.lost, of: nil), at: HealthSamples.now(0))
        #expect(health == fresh)
    }

    @Test("a restart of the program changes nothing; one of the node is seen as such, and is no calm")
    func resumed() {
        var health = after(.lost)
        health.take(HealthSamples.event(.xid(nil)), at: HealthSamples.now(9_000))
        #expect(health.resumed(ofThisBoot: true, at: HealthSamples.now(9_001)) == health)
        var later = health.resumed(ofThisBoot: false, at: Now(boot: .zero, calendar: HealthSamples.now(9_999).calendar))
        #expect(later.standing == .unhealthy)
        #expect(later[.bus].since == HealthSamples.now(0).calendar)
        read(&later, at: 5)
        #expect(later[.bus].standing == .suspect)
        #expect(later[.gpu].standing == .suspect)
        read(&later, at: calm)
        #expect(later[.gpu].standing == .healthy)
        #expect(later[.bus].standing == .suspect)
        read(&later, at: calm + 5)
        #expect(later.standing == .healthy)
    }

    @Test("a sign that comes again is counted, and the oldest gives way")
    func evidence() {
        var health = fresh
        for second in 0..<100 {
            health.take(HealthSamples.event(.xid(1_000 + UInt32(second) / 2)), at: HealthSamples.now(Int64(second)))
        }
        let evidence = health[.gpu].evidence
        #expect(evidence.count == Condition.evidenceCountMax)
        #expect(evidence.allSatisfy { $0.count == 2 && $0.last == $0.first + .seconds(1) })
        #expect(evidence.last?.finding.sign == .event(HealthSamples.event(.xid(1_049))))
    }

    @Test("no order of signs, readings, remedies and restarts breaks its laws", arguments: 0..<200 as Range<UInt64>)
    func anyOrder(_ seed: UInt64) {
        var played = PlayedGPU(seed: seed)
        for _ in 0..<1_500 where played.complaints.isEmpty { played.step() }
        #expect(played.complaints == [])
    }

    @Test("the played GPUs get everywhere")
    func coverage() {
        var counts = PlayedGPU.Counts()
        for seed in 0..<20 as Range<UInt64> {
            var played = PlayedGPU(seed: seed)
            for _ in 0..<1_500 { played.step() }
            counts.add(played.counts)
        }
        #expect(counts.fell > 50 && counts.climbed > 50 && counts.healed > 50 && counts.called > 5, "\(counts)")
    }
}
