import Dispatch
import Foundation
import Glibc
import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Synchronization
import Testing

@Suite("What is done at the devices of slices")
struct SliceEnforcerTests {
    private let scratch = Scratch()
    private let hardware: PlayedHardware
    private let enforcer: Enforcer
    private static let half = MIGProfile(name: "3g.40gb", memorySliceCount: 4, starts: 0b0001_0001)
    private static let one = MIGProfile(name: "1g.10gb", memorySliceCount: 1, starts: 0b0111_1111)

    init() throws {
        hardware = try PlayedHardware("gpu H100 \(gpu(1))", "gpu H100 \(gpu(2))", "gpu T4 \(gpu(3))")
        enforcer = SliceEnforcerTests.enforcer(
            hardware, Enforcer.Settings(reset: nil, containerDirectory: nil))
    }

    private static func enforcer(
        _ hardware: PlayedHardware, _ settings: Enforcer.Settings, standing: [GuardedGrant] = []
    ) -> Enforcer {
        let watch = DriverWatch(DriverWatch.Settings(library: hardware.path, patience: .seconds(20)))
        return Enforcer(settings, driver: watch, standing: standing, names: [gpu(1), gpu(2), gpu(3)])
    }

    private func grant(
        _ index: UInt64, _ profile: MIGProfile? = nil, _ slices: UInt64 = 0, gpus: GPUSet = .only(0)
    ) -> GuardedGrant {
        GuardedGrant(
            slot: NodeSlot(rawValue: 0), lease: LeaseID(rawValue: index),
            epoch: Epoch(reign: Reign(rawValue: 1), index: RecordIndex(rawValue: index)), gpus: gpus,
            cut: profile.map { SliceCut(SliceSet(low: slices), as: $0) } ?? .none)
    }

    private func perform(_ step: DeviceStep, _ grant: GuardedGrant, by other: Enforcer? = nil) -> StepOutcome? {
        let outcome = Mutex<StepOutcome?>(nil)
        let told = DispatchSemaphore(value: 0)
        let gpus = grant.gpus.positions.map { (gpu: gpu(UInt64($0 + 1)), used: MemoryBytes?.none) }
        let order = StepOrder(grant: grant, step: step, head: .empty, node: "s/h/r/n", gpus: gpus)
        (other ?? enforcer).perform(order) { new in
            outcome.withLock { $0 = new }
            told.signal()
        }
        guard told.wait(timeout: .now() + 20) == .success else { return nil }
        return outcome.withLock { $0 }
    }

    private func isDone(_ step: DeviceStep, _ grant: GuardedGrant) -> Bool {
        if case .done? = perform(step, grant) { true } else { false }
    }

    private func reason(_ step: DeviceStep, _ grant: GuardedGrant) -> String? {
        if case .failed(let reason)? = perform(step, grant) { reason } else { nil }
    }

    /// The instances of a GPU in short, by their starts.
    private func pieces(_ number: UInt64 = 1) throws -> [String] {
        try hardware.device(number).instances()
            .map { "\($0.placement.start)+\($0.placement.sliceCount)/\($0.computes.count)" }.sorted()
    }

    // MARK: Side by side

    @Test("two leases have slices of one GPU, and each goes for itself, whichever is first", arguments: [true, false])
    func beside(lowerFirst: Bool) throws {
        let lower = grant(1, Self.half, 0x0F)
        let upper = grant(2, Self.one, 0x70)
        #expect(try !hardware.device(1).sliceMode().isOn)
        #expect(isDone(.carve, lower) && isDone(.carve, upper))
        #expect(try hardware.device(1).sliceMode().isOn)
        let all = ["0+4/1", "4+1/1", "5+1/1", "6+1/1"]
        #expect(try pieces() == all)
        let (first, second) = lowerFirst ? (lower, upper) : (upper, lower)
        #expect(isDone(.uncarve, first) && isDone(.verify, first))
        #expect(try pieces() == (lowerFirst ? Array(all.dropFirst()) : ["0+4/1"]))
        // What is clean for the one is not for the other.
        #expect(reason(.verify, second)?.contains("where there should be none") == true)
        #expect(isDone(.uncarve, second) && isDone(.verify, second))
        #expect(try pieces() == [])
    }

    @Test("a grant of slices of several GPUs has instances on each of them")
    func several() throws {
        let wide = grant(1, Self.half, 0xF00F, gpus: .first(2))
        #expect(isDone(.carve, wide))
        #expect(try pieces(1) == ["0+4/1"] && pieces(2) == ["4+4/1"])
        #expect(isDone(.uncarve, wide))
        #expect(try pieces(1).isEmpty && pieces(2).isEmpty)
    }

    @Test("work in an instance is ended, and work beside it is not")
    func evicted() throws {
        let (lower, upper) = (grant(1, Self.half, 0x0F), grant(2, Self.half, 0xF0))
        #expect(isDone(.carve, lower) && isDone(.carve, upper))
        let instances = try hardware.device(1).instances()
        let beside = try #require(instances.first { $0.placement.start == 4 })
        // A number that no process has: it would be a failure to find it.
        try hardware.say("process \(gpu(1)) compute 4194303 1000 \(beside.id) \(beside.computes[0])")
        #expect(perform(.evict, lower) == .done(evidence: "no process was left"))
        #expect(isDone(.uncarve, lower))
        // Who has come back since the eviction is told again, and named.
        #expect(reason(.uncarve, upper)?.contains("process 4194303 lives on") == true)
        #expect(reason(.verify, upper) != nil)
        try hardware.say("exit 4194303")
        #expect(isDone(.uncarve, upper) && isDone(.verify, upper))
    }

    @Test("work that is on a GPU whose cut is gone is everybody's to find: it is ended, and nothing is clean beside it")
    func loose() throws {
        let lower = grant(1, Self.half, 0x0F)
        #expect(isDone(.carve, lower))
        // With the driver the mode goes, and what was cut: whoever has the GPU's file has all of it.
        try hardware.say("driver unload")
        try hardware.say("driver load")
        try hardware.say("process \(gpu(1)) compute 4194303 1000")
        // The first question after that tells that the library has to be opened anew.
        _ = perform(.evict, lower)
        #expect(reason(.evict, lower)?.contains("process 4194303 lives on") == true)
        #expect(reason(.verify, lower) != nil)
        try hardware.say("exit 4194303")
        #expect(isDone(.evict, lower) && isDone(.uncarve, lower) && isDone(.verify, lower))
    }

    // MARK: What is found there

    @Test("an instance at its place is taken over when it is exactly the one wanted, and unmade when it is not")
    func found() throws {
        let lower = grant(1, Self.half, 0x0F)
        #expect(isDone(.carve, lower))
        let before = try hardware.device(1).instances()
        guard case .done(let evidence)? = perform(.carve, lower) else { return #expect(Bool(false), "not carved") }
        #expect(evidence.contains("1 of them found there"))
        #expect(try hardware.device(1).instances() == before)
        // Half made: an instance in which nothing can run.
        let device = try hardware.device(1)
        try device.destroyCompute(before[0].computes[0], in: before[0].id)
        #expect(isDone(.carve, lower))
        #expect(try pieces() == ["0+4/1"])
        // Another cut of the same slices, and something beside them that nobody has asked about.
        #expect(isDone(.uncarve, lower))
        _ = try hardware.device(1).createInstance(profile: 5, at: SliceProfile.Placement(start: 0, sliceCount: 4))
        _ = try hardware.device(1).createInstance(profile: 19, at: SliceProfile.Placement(start: 6, sliceCount: 1))
        #expect(isDone(.carve, lower))
        #expect(try hardware.device(1).instances().map(\.profile) == [9, 19])
        #expect(try pieces() == ["0+4/1", "6+1/0"])
    }

    @Test("a GPU that is had whole is cut no more, whatever was left on it; one that cannot be cut is whole")
    func whole() throws {
        #expect(isDone(.carve, grant(1, Self.half, 0x0F)))
        let evidence = "\(gpu(1)) is not cut any more"
        #expect(perform(.carve, grant(2)) == .done(evidence: evidence))
        #expect(try !hardware.device(1).sliceMode().isOn && pieces().isEmpty)
        #expect(perform(.carve, grant(2)) == .done(evidence: "\(gpu(1)) is not cut"))
        #expect(perform(.carve, grant(3, gpus: .only(2))) == .done(evidence: "\(gpu(3)) is whole"))
        #expect(reason(.carve, grant(4, Self.one, 0x01_0000, gpus: .only(2)))?.contains("NOT_SUPPORTED") == true)
    }

    @Test("a mode that cannot be switched is a reason, and nothing is made")
    func mode() throws {
        try hardware.say("set \(gpu(1)) mig_waits 1")
        let reason = reason(.carve, grant(1, Self.half, 0x0F))
        #expect(reason?.contains("MIG mode of \(gpu(1)) is not on") == true && reason?.contains("RESET") == true)
        #expect(try pieces() == [])
        try hardware.say("set \(gpu(1)) mig_waits 0")
        try hardware.say("fail nvmlDeviceSetMigMode 4 times 1")
        #expect(self.reason(.carve, grant(1, Self.half, 0x0F))?.contains("NO_PERMISSION") == true)
        #expect(isDone(.carve, grant(1, Self.half, 0x0F)))
    }

    // MARK: What goes wrong

    @Test(
        "whichever call of the driver fails, the next try makes exactly what is wanted, and unmakes all of it",
        arguments: [
            "nvmlDeviceCreateGpuInstanceWithPlacement",
            "nvmlGpuInstanceCreateComputeInstance", "nvmlComputeInstanceDestroy", "nvmlGpuInstanceDestroy",
            "nvmlDeviceGetGpuInstances", "nvmlDeviceGetGpuInstanceById", "nvmlGpuInstanceGetInfo",
        ])
    func failures(function: String) throws {
        var failureCount = 0
        let beside = grant(9, Self.one, 0x40)
        for skip in 0..<12 {
            #expect(isDone(.carve, beside))
            let wanted = grant(UInt64(10 + skip), Self.one, 0x0B)
            for (step, pieces) in [
                (DeviceStep.carve, ["0+1/1", "1+1/1", "3+1/1", "6+1/1"]), (.uncarve, ["6+1/1"]),
            ] {
                try hardware.say("fail \(function) 999 skip \(skip) times 1")
                let reason = reason(step, wanted)
                try hardware.say("heal")
                if let reason {
                    failureCount += 1
                    #expect(reason.contains("999") || reason.contains("UNKNOWN"), "\(reason)")
                    #expect(isDone(step, wanted))
                }
                #expect(try self.pieces() == pieces, "\(function), \(step), call \(skip)")
            }
            #expect(isDone(.verify, wanted))
            #expect(isDone(.uncarve, beside))
        }
        #expect(failureCount > 0)
    }

    @Test("an agent that is killed between any two calls of the driver finds what it left, and goes on from there")
    func killed() throws {
        let settings = Enforcer.Settings(reset: nil, containerDirectory: nil)
        let beside = grant(9, Self.one, 0x40)
        let wanted = grant(10, Self.one, 0x0B)
        #expect(isDone(.carve, beside))
        var killCount = 0
        for (step, pieces) in [
            (DeviceStep.carve, ["0+1/1", "1+1/1", "3+1/1", "6+1/1"]), (.uncarve, ["6+1/1"]),
        ] {
            var wasKilled = true
            var callCount = 0
            while wasKilled, callCount < 1_000 {
                // From so many calls on nothing is heard any more: the process is gone.
                try hardware.say("fail * 999 skip \(callCount)")
                if case .done? = perform(step, wanted, by: Self.enforcer(hardware, settings)) { wasKilled = false }
                try hardware.say("heal")
                killCount += wasKilled ? 1 : 0
                callCount += 1
                let next = perform(step, wanted, by: Self.enforcer(hardware, settings))
                guard case .done? = next else {
                    return #expect(Bool(false), "\(step), call \(callCount): \(String(describing: next))")
                }
                #expect(try self.pieces() == pieces, "\(step), killed before call \(callCount)")
                // The next try begins with nothing there, or with all of it.
                let back = step == .carve ? DeviceStep.uncarve : .carve
                if wasKilled { #expect(isDone(back, wanted)) }
            }
            #expect(!wasKilled)
        }
        print("kills between calls of the driver: \(killCount)")
        #expect(killCount > 40)
    }

    @Test("an order that does not say how it is cut, or says what the GPU has not, makes nothing")
    func unknown() throws {
        let unnamed = GuardedGrant(
            slot: NodeSlot(rawValue: 0), lease: LeaseID(rawValue: 1), epoch: grant(1).epoch, gpus: .only(0),
            cut: .unnamed(SliceSet(low: 0x0F)))
        #expect(reason(.carve, unnamed)?.contains("nobody has said") == true)
        let strange = MIGProfile(name: "3g", memorySliceCount: 3, starts: 0b0000_1001)
        #expect(reason(.carve, grant(1, strange, 0b111))?.contains("no profile of 3 memory slices") == true)
        #expect(try pieces() == [])
    }

    // MARK: Containers

    @Test("a container gets its instances' device files, and no two grants have one in common")
    func container() throws {
        let root = scratch.path(of: "root")
        let proc = "\(root)/proc/driver"
        try FileManager.default.createDirectory(
            atPath: "\(proc)/nvidia/gpus/0000:01:00.0", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: "\(proc)/nvidia-caps", withIntermediateDirectories: true)
        try Data("GPU UUID: \t \(gpu(1))\nDevice Minor: \t 0\n".utf8)
            .write(to: URL(filePath: "\(proc)/nvidia/gpus/0000:01:00.0/information"))
        try Data("Character devices:\n195 nvidia\n237 nvidia-caps\n510 nvidia-uvm\n".utf8)
            .write(to: URL(filePath: "\(root)/proc/devices"))
        // A capability for each instance and its compute instance, counted on from 30.
        let minors = (1...8).map { "gpu0/gi\($0)/access \(20 + 2 * $0)\ngpu0/gi\($0)/ci1/access \(21 + 2 * $0)\n" }
        let numbers = (1...8).map { "gpu0/gi\($0)/ci0/access \(21 + 2 * $0)\n" }
        let known = try hardware.computeNumberIsZero() ? numbers : []
        try Data((minors + known).joined().utf8).write(to: URL(filePath: "\(proc)/nvidia-caps/mig-minors"))
        let settings = Enforcer.Settings(
            reset: nil, containerDirectory: scratch.path(of: "cdi"),
            files: {
                DriverFiles(root: root) { path throws(DriverFiles.Failure) in
                    if path.contains("nvidia-caps/nvidia-cap") {
                        // A driver that has made an instance has not made its files.
                        throw .system(SystemFailure(operation: "look at", subject: path, code: ENOENT))
                    }
                    if path.contains("uvm") { return DeviceNumber(major: 510, minor: path.hasSuffix("tools") ? 1 : 0) }
                    return DeviceNumber(major: 195, minor: path.hasSuffix("ctl") ? 255 : 0)
                }
            })
        let enforcer = Self.enforcer(hardware, settings)
        let (lower, upper) = (grant(1, Self.half, 0x0F), grant(2, Self.half, 0xF0))
        // Nothing is written of what is not cut yet.
        guard case .failed? = perform(.describe, lower, by: enforcer) else { return #expect(Bool(false), "described") }
        var evidence: [String] = []
        for grant in [lower, upper] {
            guard case .done? = perform(.carve, grant, by: enforcer),
                case .done(let text)? = perform(.describe, grant, by: enforcer)
            else { return #expect(Bool(false), "\(grant.lease) has no specification") }
            evidence.append(text)
        }
        #expect(evidence.allSatisfy { $0.contains("/dev/nvidia0 ") && $0.contains("/dev/nvidia-caps/nvidia-cap") })
        let caps = evidence.map { Set($0.split(separator: " ").filter { $0.contains("nvidia-cap") }) }
        #expect(caps.allSatisfy { $0.count == 2 } && caps[0].isDisjoint(with: caps[1]))
        // An agent that was killed comes back, and puts up what its grants have now.
        let second = Self.enforcer(hardware, settings, standing: [lower, upper])
        guard case .done? = perform(.withdraw, lower, by: second) else { return #expect(Bool(false), "not withdrawn") }
        #expect(try PlayedBoard.names(in: scratch.path(of: "cdi")) == ["leasehold.dev-lease_L2-1.2-0.json"])
    }
}

extension PlayedHardware {
    /// Whether compute instances are counted from 0, as a driver may or may not.
    fileprivate func computeNumberIsZero() throws -> Bool {
        let device = try device(2)
        _ = try device.setSliceMode(isOn: true)
        let id = try device.createInstance(profile: 19, at: SliceProfile.Placement(start: 0, sliceCount: 1))
        let compute = try device.createCompute(in: id)
        try device.destroyCompute(compute, in: id)
        try device.destroyInstance(id)
        return compute.rawValue == 0
    }
}
