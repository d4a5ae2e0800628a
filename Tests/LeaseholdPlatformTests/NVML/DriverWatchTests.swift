import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Synchronization
import Testing

/// A watch of played hardware, and what it has told.
private final class Listening: Sendable {
    private let words = Mutex<[DriverWord]>([])
    private let watch: DriverWatch

    init(_ hardware: PlayedHardware, limit: Milliwatts? = nil, patience: Span = .milliseconds(500)) {
        watch = DriverWatch(
            DriverWatch.Settings(
                library: hardware.path, interval: .seconds(3_600), beat: .milliseconds(5), patience: patience,
                limit: limit))
        watch.begin { word in self.words.withLock { $0.append(word) } }
    }

    deinit { watch.stop() }

    /// What was told so far.
    var all: [DriverWord] { words.withLock { $0 } }

    /// The rounds that were told so far.
    var rounds: [DriverRound] {
        all.compactMap { if case .told(let round) = $0 { round } else { nil } }
    }

    func inventory() -> DriverAnswer<[GPUFacts]> { watch.inventory() }
}

@Suite("The watch of a node's driver")
struct DriverWatchTests {
    private let two = ["gpu H100 \(gpu(1))", "gpu H100 \(gpu(2))"]

    private func hardware(_ lines: String...) throws -> PlayedHardware {
        let hardware = try PlayedHardware()
        for line in two + lines { try hardware.say(line) }
        return hardware
    }

    @Test("it reads every GPU at once, and then only in its interval")
    func first() throws {
        let hardware = try hardware()
        let listening = Listening(hardware)
        #expect(eventually { listening.rounds.count == 1 })
        let round = try #require(listening.rounds.first)
        #expect(round.version?.isEmpty == false && round.events == [] && round.complaints == [])
        #expect(round.samples.map(\.gpu).sorted() == [gpu(1), gpu(2)])
        #expect(round.samples.allSatisfy { $0.health != nil && $0.power?.draw == Milliwatts(87_500) })
        #expect(round.samples.allSatisfy { $0.card.product == "NVIDIA H100 80GB HBM3" && $0.hindrance == nil })
        let waits = try hardware.calls(of: "nvmlEventSetWait_v2")
        #expect(try eventually { try hardware.calls(of: "nvmlEventSetWait_v2") > waits + 20 })
        #expect(listening.all.count == 1)
    }

    @Test("what the driver tells is told with readings that were asked for after it")
    func events() throws {
        let hardware = try hardware()
        let listening = Listening(hardware)
        #expect(eventually { listening.rounds.count == 1 })
        try hardware.say("set \(gpu(2)) recovery 1")
        try hardware.say("event \(gpu(2)) 8 95")
        #expect(eventually { listening.rounds.count == 2 })
        let round = try #require(listening.rounds.last)
        #expect(round.events == [GPUEvent(gpu: gpu(2), what: .xid(95), slice: nil)])
        #expect(round.samples.first { $0.gpu == gpu(2) }?.health?.recovery == .resetGPU)
    }

    @Test("a driver that goes is told within a beat, and so is one that comes back, with limits as they are wanted")
    func reload() throws {
        let hardware = try hardware()
        let listening = Listening(hardware, limit: Milliwatts(500_000))
        #expect(eventually { listening.rounds.count == 1 })
        #expect(listening.rounds[0].samples.allSatisfy { $0.power?.enforced == Milliwatts(500_000) })
        try hardware.say("driver unload")
        #expect(eventually { if case .failed = listening.all.last { true } else { false } })
        try hardware.say("driver load")
        #expect(eventually { listening.rounds.count == 2 })
        let round = try #require(listening.rounds.last)
        #expect(round.lossCount == 1)
        #expect(round.samples.allSatisfy { $0.power?.enforced == Milliwatts(500_000) && $0.limitComplaint == nil })
        // Between two looks, so that nobody has seen it go.
        try hardware.say("driver reload")
        #expect(eventually { listening.rounds.count == 3 })
        #expect(listening.rounds.last?.lossCount == 2)
        #expect(listening.rounds.last?.samples.allSatisfy { $0.power?.enforced == Milliwatts(500_000) } == true)
        #expect(try hardware.calls(of: "nvmlDeviceSetPowerManagementLimit") == 6)
    }

    @Test("how each GPU is cut is told with its readings: the slices on which work could run")
    func cuts() throws {
        let hardware = try hardware("gpu T4 \(gpu(3))", "set \(gpu(2)) mig 1", "set \(gpu(2)) mig_pending 1")
        // 3g.40gb on the upper half with something to run in, 1g.10gb on the first slice without.
        for line in ["instance \(gpu(2)) 1 9 4", "compute \(gpu(2)) 1 0 2", "instance \(gpu(2)) 2 19 0"] {
            try hardware.say(line)
        }
        let listening = Listening(hardware)
        #expect(eventually { listening.rounds.count == 1 })
        let samples = try #require(listening.rounds.first).samples
        #expect(samples.sorted { $0.gpu < $1.gpu }.map(\.cutSlices) == [0, 0xF0, nil])
    }

    @Test("a limit that the GPU cannot have is said, and one that is bound lower is fine")
    func limits() throws {
        let hardware = try hardware("set \(gpu(1)) cap 400000")
        let listening = Listening(hardware, limit: Milliwatts(701_000))
        #expect(eventually { listening.rounds.count == 1 })
        let samples = listening.rounds[0].samples
        #expect(samples.allSatisfy { $0.limitComplaint?.contains("is outside of") == true })
        #expect(try hardware.calls(of: "nvmlDeviceSetPowerManagementLimit") == 0)
        let other = Listening(hardware, limit: Milliwatts(450_000))
        #expect(eventually { other.rounds.count == 1 })
        #expect(other.rounds[0].samples.allSatisfy { $0.limitComplaint == nil })
        #expect(other.rounds[0].samples.first { $0.gpu == gpu(1) }?.power?.enforced == Milliwatts(400_000))
    }

    @Test("a limit that is not set is said with the reason")
    func limitRefused() throws {
        let hardware = try hardware("fail nvmlDeviceSetPowerManagementLimit 4")
        let listening = Listening(hardware, limit: Milliwatts(500_000))
        #expect(eventually { listening.rounds.count == 1 })
        for sample in listening.rounds[0].samples {
            #expect(sample.limitComplaint?.contains("NO_PERMISSION") == true)
            #expect(sample.health != nil && sample.hindrance == nil)
        }
    }

    @Test("a GPU that falls off the bus is told at once, and is not among those that are read")
    func lost() throws {
        let hardware = try hardware()
        let listening = Listening(hardware)
        #expect(eventually { listening.rounds.count == 1 })
        try hardware.say("lose \(gpu(1))")
        #expect(eventually { listening.rounds.count == 2 })
        let round = try #require(listening.rounds.last)
        #expect(round.events.contains(GPUEvent(gpu: gpu(1), what: .lost, slice: nil)))
        #expect(round.samples.filter { !$0.isLost }.map(\.gpu) == [gpu(2)])
    }

    @Test("a call that hangs is told when patience ends, and again and again, until it comes back")
    func hangs() throws {
        let hardware = try hardware("hang nvmlDeviceGetPowerUsage")
        let listening = Listening(hardware, patience: .milliseconds(50))
        #expect(eventually { listening.all.count > 3 })
        #expect(listening.all.allSatisfy { if case .asleep = $0 { true } else { false } })
        #expect(try hardware.hanging(in: "nvmlDeviceGetPowerUsage") == 1)
        try hardware.say("heal")
        // The readings that hung reached nobody, so there are others.
        #expect(try eventually { try !listening.rounds.isEmpty && hardware.hanging(in: "*") == 0 })
    }

    @Test("what was told before a call hung is told when it has come back")
    func keeps() throws {
        let hardware = try hardware()
        let listening = Listening(hardware, patience: .milliseconds(50))
        #expect(eventually { listening.rounds.count == 1 })
        try hardware.say("hang nvmlDeviceGetPowerUsage")
        try hardware.say("event \(gpu(2)) 8 63")
        #expect(eventually { if case .asleep = listening.all.last { true } else { false } })
        try hardware.say("heal")
        #expect(eventually { listening.rounds.count == 2 })
        #expect(listening.rounds.last?.events == [GPUEvent(gpu: gpu(2), what: .xid(63), slice: nil)])
        let count = try hardware.calls(of: "nvmlEventSetWait_v2")
        #expect(try eventually { try hardware.calls(of: "nvmlEventSetWait_v2") > count + 3 })
        #expect(listening.rounds.count == 2)
    }

    @Test("a failing reading of one GPU hinders that one alone")
    func hindered() throws {
        let hardware = try hardware("fail nvmlDeviceGetTotalEccErrors 16 on \(gpu(1))")
        let listening = Listening(hardware)
        #expect(eventually { listening.rounds.count == 1 })
        let samples = listening.rounds[0].samples
        #expect(samples.first { $0.gpu == gpu(1) }?.hindrance?.contains("nvmlDeviceGetTotalEccErrors") == true)
        #expect(samples.first { $0.gpu == gpu(2) }?.hindrance == nil)
    }

    @Test("without a library it says so, again and again, and what the node has cannot be said")
    func noLibrary() throws {
        let watch = DriverWatch(DriverWatch.Settings(library: "/nonexistent/libnvidia-ml.so.1"))
        guard case .failed(let failure) = watch.inventory() else { return #expect(Bool(false), "an inventory") }
        #expect(failure.isDriverGone)
    }

    @Test("what the node has is what the driver names")
    func inventory() throws {
        let hardware = try hardware()
        guard case .answered(let facts, 0) = Listening(hardware).inventory() else {
            return #expect(Bool(false), "no inventory")
        }
        #expect(Set(facts.map(\.uuid)) == [gpu(1), gpu(2)] && facts.allSatisfy { $0.kind?.name == "H100" })
        #expect(try hardware.calls(of: "nvmlDeviceGetCount_v2") > 0)
    }
}
