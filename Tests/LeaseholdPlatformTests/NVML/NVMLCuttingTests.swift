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
        let (hardware, device, profiles) = try cut()
        let id = try device.createInstance(profile: 9, at: place(4, 4))
        var piece = SliceInstance(id: id, profile: 9, placement: place(4, 4), computes: [])
        #expect(try device.instances(of: profiles) == [piece])
        let compute = try device.createCompute(in: id)
        piece = SliceInstance(id: id, profile: 9, placement: place(4, 4), computes: [compute])
        // As another process finds it.
        #expect(try hardware.device(1).instances(of: profiles) == [piece])
        try device.destroyCompute(compute, in: id)
        try device.destroyInstance(id)
        #expect(try device.instances(of: profiles) == [])
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
        let profiles = try hardware.device(1).profiles()
        #expect(try hardware.device(1).createInstance(profile: 0, at: place(0, 8)) == 1)
        #expect(try hardware.device(1).instances(of: profiles).map(\.id) == [1])
        try hardware.say("driver reload")
        #expect(try hardware.device(1).instances(of: profiles) == [])
    }

    @Test("the device takes a piece where the book's geometry has room for it, and nowhere else", arguments: 1...20)
    func likeTheBook(_ seed: UInt64) throws {
        let (_, device, profiles) = try cut()
        var random = SeededChance(state: seed)
        var pieces: [(id: UInt32, mask: UInt8, profile: SliceProfile)] = []
        for _ in 0..<120 {
            if !pieces.isEmpty, UInt64.random(in: 0..<3, using: &random) == 0 {
                let piece = pieces.remove(at: Int.random(in: 0..<pieces.count, using: &random))
                try device.destroyInstance(piece.id)
                continue
            }
            let profile = try #require(profiles.randomElement(using: &random))
            let geometry = try #require(profile.geometry)
            let start = Int.random(in: 0..<8, using: &random)
            let mask = geometry.mask(from: start)
            let isLegal = geometry.masks.contains(mask) && geometry.starts >> UInt8(start) & 1 == 1
            let isFree = pieces.allSatisfy { $0.mask & mask == 0 }
            let isWithin = pieces.count { $0.profile.id == profile.id } < Int(profile.countMax)
            let placement = place(UInt32(start), UInt32(geometry.memorySliceCount))
            do throws(NVMLFailure) {
                pieces.append((try device.createInstance(profile: profile.id, at: placement), mask, profile))
                #expect(isLegal && isFree && isWithin, "seed \(seed): \(profile.id) at \(start)")
            } catch {
                #expect(error.code == (isLegal ? .insufficientResources : .invalidArgument))
                #expect(!(isLegal && isFree && isWithin), "seed \(seed): \(profile.id) at \(start)")
            }
        }
        #expect(pieces.reduce(0) { $0 + $1.profile.computeSliceCount } <= 7)
        #expect(Set(try device.instances(of: profiles).map(\.id)) == Set(pieces.map(\.id)))
    }
}
