import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Testing

@Suite("Cutting a GPU")
struct NVMLCuttingTests {
    private func cut(_ lines: String...) throws -> (PlayedHardware, NVMLDevice, [SliceProfile]) {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "set \(gpu(1)) mig 1")
        for line in lines { try hardware.say(line) }
        let device = try hardware.device(1)
        return (hardware, device, try device.profiles())
    }

    private func place(_ start: UInt32, _ count: UInt32) -> SliceProfile.Placement {
        SliceProfile.Placement(start: start, sliceCount: count)
    }

    @Test("a piece is made step by step and found again by its numbers")
    func steps() throws {
        let (hardware, device, _) = try cut()
        let id = try device.createInstance(profile: 9, at: place(4, 4))
        var piece = SliceInstance(id: id, profile: 9, placement: place(4, 4), computes: [])
        #expect(try device.instances() == [piece])
        let compute = try device.createCompute(in: id)
        piece = SliceInstance(id: id, profile: 9, placement: place(4, 4), computes: [compute])
        // As another process finds it.
        #expect(try hardware.device(1).instances() == [piece])
        try device.destroyCompute(compute, in: id)
        try device.destroyInstance(id)
        #expect(try device.instances() == [])
    }

    @Test("the compute instance takes all of a piece")
    func whole() throws {
        let (_, device, _) = try cut()
        let id = try device.createInstance(profile: 5, at: place(0, 4))
        _ = try device.createCompute(in: id)
        #expect(throws: NVMLFailure.refused("nvmlGpuInstanceCreateComputeInstance", .insufficientResources, gpu(1))) {
            try device.createCompute(in: id)
        }
    }

    @Test("a piece goes only when it is empty, and once")
    func inUse() throws {
        let (hardware, device, _) = try cut()
        let id = try device.createInstance(profile: 19, at: place(6, 1))
        let compute = try device.createCompute(in: id)
        #expect(throws: NVMLFailure.refused("nvmlGpuInstanceDestroy", .inUse, gpu(1))) {
            try device.destroyInstance(id)
        }
        try hardware.say("process \(gpu(1)) compute 77 1 \(id) \(compute)")
        #expect(throws: NVMLFailure.refused("nvmlComputeInstanceDestroy", .inUse, gpu(1))) {
            try device.destroyCompute(compute, in: id)
        }
        try hardware.say("exit 77")
        try device.destroyCompute(compute, in: id)
        #expect(throws: NVMLFailure.refused("nvmlGpuInstanceGetComputeInstanceById", .notFound, gpu(1))) {
            try device.destroyCompute(compute, in: id)
        }
        try device.destroyInstance(id)
        #expect(throws: NVMLFailure.refused("nvmlDeviceGetGpuInstanceById", .notFound, gpu(1))) {
            try device.destroyInstance(id)
        }
    }

    @Test("a GPU whose MIG mode is off is not cut, and still says how it could be")
    func off() throws {
        let (_, device, profiles) = try cut("set \(gpu(1)) mig 0")
        #expect(profiles.count == 7)
        #expect(throws: NVMLFailure.refused("nvmlDeviceCreateGpuInstanceWithPlacement", .notSupported, gpu(1))) {
            try device.createInstance(profile: 0, at: place(0, 8))
        }
    }

    @Test("a mode that waits for a reset is told apart from the one that holds")
    func mode() throws {
        let (hardware, device, _) = try cut("set \(gpu(1)) mig_pending 1", "set \(gpu(1)) mig 0")
        #expect(try device.sliceMode() == SliceMode(isOn: false, isOnAfterReset: true))
        try hardware.say("set \(gpu(1)) mig 1")
        #expect(try device.sliceMode() == SliceMode(isOn: true, isOnAfterReset: true))
    }

    @Test("a driver that is loaded anew has no pieces")
    func reload() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "set \(gpu(1)) mig 1")
        #expect(try hardware.device(1).createInstance(profile: 0, at: place(0, 8)) == 1)
        #expect(try hardware.device(1).instances().map(\.id) == [1])
        try hardware.say("driver reload")
        #expect(try hardware.device(1).sliceMode() == SliceMode(isOn: false, isOnAfterReset: false))
        #expect(try hardware.device(1).instances() == [])
    }

    @Test("a GPU that is not cut, or cannot be, has no pieces; that its list cannot be had is no empty list")
    func none() throws {
        let (hardware, device, _) = try cut("gpu T4 \(gpu(2))")
        #expect(try device.createInstance(profile: 19, at: place(0, 1)) == 1)
        #expect(try hardware.device(2).instances() == [])
        for (line, function, name) in [
            ("fail nvmlDeviceGetGpuInstanceProfileInfoV 999", "nvmlDeviceGetGpuInstanceProfileInfoV", .unspecified),
            ("fail nvmlDeviceGetGpuInstanceProfileInfoV 2", "nvmlDeviceGetGpuInstanceProfileInfoV", .invalidArgument),
            ("fail nvmlDeviceGetGpuInstanceProfileInfoV 3", "nvmlDeviceGetGpuInstanceProfileInfoV", .notSupported),
            ("fail nvmlDeviceGetGpuInstances 3", "nvmlDeviceGetGpuInstances", .notSupported),
            ("fail nvmlDeviceGetMigMode 4", "nvmlDeviceGetMigMode", .noPermission),
        ] as [(String, String, NVMLReturn.Name)] {
            try hardware.say(line)
            #expect(throws: NVMLFailure.refused(function, name, gpu(1)), "\(line)") { try device.instances() }
            try hardware.say("heal")
        }
        // The first number alone is refused as one that nobody knows.
        try hardware.say("fail nvmlDeviceGetGpuInstanceProfileInfoV 2 times 1")
        #expect(try device.profiles().map(\.id) == [14, 9, 5, 0, 20, 15])
        try hardware.say("set \(gpu(1)) mig 0")
        #expect(try device.instances() == [])
    }

    @Test("more pieces than there is room for are told apart from all of them")
    func many() throws {
        let (_, device, _) = try cut()
        for start: UInt32 in 0..<7 { _ = try device.createInstance(profile: 19, at: place(start, 1)) }
        #expect(try device.instances().map(\.id) == [1, 2, 3, 4, 5, 6, 7])
    }

    @Test("a piece that does not say its number is unmade, or said to be left behind")
    func unnamed() throws {
        let (hardware, device, _) = try cut("fail nvmlGpuInstanceGetInfo 999 times 1")
        #expect(throws: NVMLFailure.refused("nvmlGpuInstanceGetInfo", .unspecified, gpu(1))) {
            try device.createInstance(profile: 9, at: place(0, 4))
        }
        #expect(try device.instances() == [])
        try hardware.say("fail nvmlGpuInstanceGetInfo 999 times 1")
        try hardware.say("fail nvmlGpuInstanceDestroy 19 times 1")
        let left = NVMLFailure.leftBehind(function: "nvmlGpuInstanceGetInfo", code: .named(.unspecified), gpu: gpu(1))
        #expect(throws: left) { try device.createInstance(profile: 9, at: place(0, 4)) }
        #expect("\(left)".hasSuffix("answers UNKNOWN, of a piece that was just made and is still there"))
        #expect(try device.instances().map(\.id) == [1])
        // A compute instance as well.
        try hardware.say("fail nvmlComputeInstanceGetInfo_v2 999 times 2")
        #expect(throws: NVMLFailure.refused("nvmlComputeInstanceGetInfo_v2", .unspecified, gpu(1))) {
            try device.createCompute(in: 1)
        }
        try hardware.say("fail nvmlComputeInstanceDestroy 19 times 1")
        let function = "nvmlComputeInstanceGetInfo_v2"
        #expect(throws: NVMLFailure.leftBehind(function: function, code: .named(.unspecified), gpu: gpu(1))) {
            try device.createCompute(in: 1)
        }
        #expect(try device.instances().map(\.computes) == [[0]])
    }

    @Test("cutting is turned on and off, and what stands in the way is told")
    func setMode() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "gpu T4 \(gpu(2))")
        let device = try hardware.device(1)
        let on = try device.setSliceMode(isOn: true)
        #expect(on.value == SliceMode(isOn: true, isOnAfterReset: true) && on.failures == [])
        _ = try device.createInstance(profile: 0, at: place(0, 8))
        let busy = try device.setSliceMode(isOn: false)
        #expect(busy.value == SliceMode(isOn: true, isOnAfterReset: false))
        #expect(busy.failures == [.refused("nvmlDeviceSetMigMode", .inUse, gpu(1))])
        try device.destroyInstance(1)
        try hardware.say("set \(gpu(1)) mig_waits 1")
        let waiting = try device.setSliceMode(isOn: false)
        #expect(waiting.value == SliceMode(isOn: true, isOnAfterReset: false))
        #expect(waiting.failures == [.refused("nvmlDeviceSetMigMode", .resetRequired, gpu(1))])
        #expect(throws: NVMLFailure.refused("nvmlDeviceSetMigMode", .notSupported, gpu(2))) {
            try hardware.device(2).setSliceMode(isOn: true)
        }
    }

    @Test(
        "the device takes a piece where the book's table has room for it, and nowhere else",
        arguments: ["H100", "H200", "B200", "GB200"], 1...8)
    func likeTheBook(_ word: String, _ seed: UInt64) throws {
        let hardware = try PlayedHardware("gpu \(word) \(gpu(1))", "set \(gpu(1)) mig 1")
        let device = try hardware.device(1)
        let kind = try #require(GPUKind.catalogue.first { $0.name == word })
        let facts = try device.facts(catalogue: GPUKind.catalogue).value
        var random = SeededChance(state: seed)
        var pieces: [(id: SliceInstanceID, mask: UInt8)] = []
        for _ in 0..<120 {
            if !pieces.isEmpty, UInt64.random(in: 0..<3, using: &random) == 0 {
                let piece = pieces.remove(at: Int.random(in: 0..<pieces.count, using: &random))
                try device.destroyInstance(piece.id)
                continue
            }
            let known = try #require(kind.profiles.randomElement(using: &random))
            let profile = try #require(facts.profile(for: known), "\(known.name)")
            let start = Int.random(in: 0..<8, using: &random)
            let mask = known.mask(from: start)
            let isLegal = known.starts >> UInt8(start) & 1 == 1
            let isFree = pieces.allSatisfy { $0.mask & mask == 0 }
            let placement = place(UInt32(start), UInt32(known.memorySliceCount))
            do throws(NVMLFailure) {
                pieces.append((try device.createInstance(profile: profile.id, at: placement), mask))
                #expect(isLegal && isFree, "seed \(seed): \(known.name) at \(start)")
            } catch {
                #expect(error.code == (isLegal ? .insufficientResources : .invalidArgument))
                #expect(!(isLegal && isFree), "seed \(seed): \(known.name) at \(start)")
            }
        }
        #expect(Set(try device.instances().map(\.id)) == Set(pieces.map(\.id)))
    }
}
