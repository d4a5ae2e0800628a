import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Testing

@Suite("The inventory of a node")
struct NVMLInventoryTests {
    @Test("a GPU says what it is")
    func facts() throws {
        let hardware = try PlayedHardware(
            "gpu H100 \(gpu(1))", "text \(gpu(1)) serial 1652823055567", "set \(gpu(1)) bus 0x5a",
            "cluster \(gpu(1)) 0123456789abcdef0011223344556677", "set \(gpu(1)) fabric_clique 7")
        let inventory = hardware.inventory()
        #expect(inventory.complaints == [] && inventory.namelessCount == 0)
        let facts = try #require(inventory.gpus.first)
        #expect(facts.uuid == gpu(1))
        #expect(facts.product == "NVIDIA H100 80GB HBM3")
        #expect(facts.kind?.name == "H100")
        #expect(facts.serial == "1652823055567")
        #expect(facts.memory == MemoryBytes(81_559 << 20))
        #expect(facts.address?.description == "0000:5a:00.0")
        #expect(facts.vbios == "96.00.74.00.01")
        #expect(facts.sliceMode == SliceMode(isOn: false, isOnAfterReset: false))
        #expect(
            facts.fabric
                == FabricIdentity(
                    cluster: FabricClusterID(high: 0x0123_4567_89AB_CDEF, low: 0x0011_2233_4455_6677), clique: 7,
                    state: .registered(failure: nil), health: .healthy, troubles: []))
    }

    @Test("a node whose fabric is its own is of no cluster")
    func ownFabric() throws {
        let zeros = String(repeating: "0", count: 32)
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "gpu H100 \(gpu(2))", "cluster \(gpu(1)) \(zeros)")
        #expect(try hardware.device(1).fabric()?.cluster == nil)
        #expect(try hardware.device(1).fabric()?.state == .registered(failure: nil))
        try hardware.say("cluster \(gpu(2)) \(zeros.dropLast())1")
        #expect(try hardware.device(2).fabric()?.cluster == FabricClusterID(high: 0, low: 1))
    }

    @Test("what is wrong with a GPU's place on the fabric is told, by both layouts that say so")
    func troubles() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "set \(gpu(1)) fabric_mask 0x1aa")
        let device = try hardware.device(1)
        #expect(try device.fabric()?.troubles == [])
        try hardware.say("set \(gpu(1)) fabric_mask 0x25a")
        #expect(try device.fabric()?.troubles == [.routeBroken, .accessRecovery, .configuration])
        try hardware.say("fail nvmlDeviceGetGpuFabricInfoV 25 times 1")
        #expect(try device.fabric()?.troubles == [.routeBroken, .accessRecovery, .configuration])
    }

    @Test("a GPU says how it can be cut, and the catalogue's table says the same", arguments: ["H100", "H200", "B200"])
    func profiles(_ kind: String) throws {
        let facts = try #require(PlayedHardware("gpu \(kind) \(gpu(1))").inventory().gpus.first)
        #expect(facts.profiles.map(\.id) == [19, 14, 9, 5, 0, 20, 15])
        let smallest = try #require(facts.profiles.first)
        #expect(smallest.computeSliceCount == 1 && smallest.countMax == 7 && smallest.multiprocessorCount == 16)
        #expect(smallest.placements.map(\.start) == [0, 1, 2, 3, 4, 5, 6])
        #expect(facts.profiles.map { $0.placements.first?.sliceCount } == [1, 2, 4, 4, 8, 1, 2])
        let known = try #require(GPUKind.catalogue.first { $0.name == kind }).profiles
        #expect(known.map { facts.profile(for: $0)?.name } == known.map(\.name))
        #expect(facts.profiles.map(\.engines.flowCount) == [0, 2, 3, 4, 7, 1, 1])
    }

    @Test("names differ between drivers and boards, and what is cut alike is the same all the same")
    func otherNames() throws {
        let facts = try #require(PlayedHardware("gpu GB200 \(gpu(1))").inventory().gpus.first)
        let names = ["1g.23gb", "1g.46gb", "2g.46gb", "3g.93gb", "4g.93gb", "7g.185gb"]
        let known = try #require(GPUKind.catalogue.first { $0.name == "GB200" }).profiles
        let renamed = zip(names, known).map {
            MIGProfile(name: $0, memorySliceCount: $1.memorySliceCount, starts: $1.starts)
        }
        #expect(renamed.map { facts.profile(for: $0)?.id } == known.map { facts.profile(for: $0)?.id })
        #expect(Set(renamed.compactMap { facts.profile(for: $0)?.id }) == [19, 15, 14, 9, 5, 0])
        #expect(facts.profile(for: MIGProfile(name: "1g.24gb", memorySliceCount: 1, starts: 1)) == nil)
    }

    @Test("a GPU that cannot be cut and is on no fabric says neither, and that is no fault")
    func plain() throws {
        let inventory = try PlayedHardware("gpu T4 \(gpu(1))").inventory()
        let facts = try #require(inventory.gpus.first)
        #expect(inventory.complaints == [])
        #expect(facts.kind?.name == "T4")
        #expect(facts.sliceMode == nil && facts.profiles.isEmpty && facts.fabric == nil)
    }

    @Test("several kinds, in whatever order the driver counts them, are the same inventory")
    func order() throws {
        let hardware = try PlayedHardware(
            "gpu H200 \(gpu(3))", "gpu T4 \(gpu(1))", "gpu H100 \(gpu(2))", "gpu GB200 \(gpu(4))")
        let inventory = hardware.inventory()
        #expect(inventory.gpus.map(\.uuid) == [gpu(1), gpu(2), gpu(3), gpu(4)])
        #expect(inventory.gpus.map { $0.kind?.name } == ["T4", "H100", "H200", "GB200"])
        for number: UInt64 in [4, 2, 1] {
            try hardware.say("first \(gpu(number))")
            #expect(hardware.inventory() == inventory)
        }
        #expect(try hardware.device(2).facts(catalogue: GPUKind.catalogue).value.product == "NVIDIA H100 80GB HBM3")
    }

    @Test("a board that the catalogue does not know is shown by its product, without a kind")
    func unknown() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "text \(gpu(1)) name NVIDIA H100 NVL")
        try hardware.say("set \(gpu(1)) total_memory \(95_830 << 20)")
        let facts = try #require(hardware.inventory().gpus.first)
        #expect(facts.product == "NVIDIA H100 NVL" && facts.kind == nil)
    }

    // MARK: What is broken

    @Test("a lost GPU is counted and complained of, and the others are listed")
    func lost() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "gpu H100 \(gpu(2))", "lose \(gpu(1))")
        let inventory = hardware.inventory()
        #expect(inventory.gpus.map(\.uuid) == [gpu(2)])
        #expect(inventory.namelessCount == 1)
        #expect(inventory.complaints.map(\.isFatal) == [true])
        #expect(inventory.complaints.allSatisfy { $0.text.contains("GPU_IS_LOST: the GPU has fallen off the bus") })
        let failure = NVMLFailure.refused("nvmlDeviceGetHandleByIndex_v2", .gpuIsLost)
        #expect(throws: failure) { try hardware.device(1) }
        // The others are found as if nothing had happened; the one that is not there may be the lost one.
        #expect(try hardware.device(2).uuid == gpu(2))
        #expect(throws: failure) { try hardware.device(3) }
        try hardware.say("find \(gpu(1))")
        #expect(hardware.inventory().complaints == [])
        #expect(throws: NVMLFailure.refused("nvmlDeviceGetUUID", .notFound, gpu(3))) { try hardware.device(3) }
    }

    @Test(
        "a GPU that does no work until somebody has done something is no detail",
        arguments: [(UInt32(16), true), (8, true), (11, true), (14, true), (17, true), (10, false), (999, false)])
    func fatal(_ code: UInt32, _ isFatal: Bool) throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "fail nvmlDeviceGetSerial \(code)")
        #expect(hardware.inventory().complaints.map(\.isFatal) == [isFatal])
        #expect(hardware.inventory().complaints.map(\.gpu) == [gpu(1)])
    }

    @Test("a library that knows a thing only in another layout says so: that is not a device without it")
    func otherLayout() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "fail nvmlDeviceGetGpuFabricInfoV 25")
        #expect(hardware.inventory().complaints == [])
        let inventory = hardware.inventory(hiding: ["nvmlDeviceGetGpuFabricInfo"])
        #expect(inventory.gpus.map(\.fabric) == [nil])
        let text = "nvmlDeviceGetGpuFabricInfoV of \(gpu(1)) answers ARGUMENT_VERSION_MISMATCH"
        #expect(inventory.complaints.map(\.text) == [text])
    }

    @Test("a GPU that is lost while it is read keeps its name, and is asked nothing more")
    func lostMidway() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "gpu H100 \(gpu(2))")
        try hardware.say("fail nvmlDeviceGetSerial 15 on \(gpu(1))")
        let inventory = hardware.inventory()
        #expect(inventory.gpus.map(\.uuid) == [gpu(1), gpu(2)])
        #expect(inventory.gpus.map(\.product) == [nil, "NVIDIA H100 80GB HBM3"])
        #expect(inventory.complaints.map(\.gpu) == [gpu(1)])
        #expect(inventory.complaints.map(\.isFatal) == [true])
        #expect(try hardware.calls(of: "nvmlDeviceGetVbiosVersion") == 1)
    }

    @Test("a GPU that does not say its name right is nameless")
    func misnamed() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "text \(gpu(1)) uuid GPU-of-somebody")
        let inventory = hardware.inventory()
        #expect(inventory.gpus.isEmpty && inventory.namelessCount == 1)
        #expect(inventory.complaints.map(\.text) == ["nvmlDeviceGetUUID answers with what cannot be: GPU-of-somebody"])
    }

    @Test("what cannot be read is complained of, and the rest is read")
    func partly() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "fail nvmlDeviceGetGpuInstanceProfileInfoV 999")
        let inventory = hardware.inventory()
        let facts = try #require(inventory.gpus.first)
        #expect(facts.profiles.isEmpty && facts.serial != nil && facts.kind != nil)
        #expect(inventory.complaints.map(\.isFatal) == [false])
        let text = "nvmlDeviceGetGpuInstanceProfileInfoV of \(gpu(1)) answers UNKNOWN"
        #expect(inventory.complaints.map(\.text) == [text])
    }

    @Test("a driver that goes in the middle ends the reading, with what was read, and no GPU is forgotten")
    func goes() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "gpu H100 \(gpu(2))")
        try hardware.say("fail nvmlDeviceGetName 9 on \(gpu(2))")
        let inventory = hardware.inventory()
        #expect(inventory.gpus.map(\.uuid) == [gpu(1), gpu(2)])
        #expect(inventory.gpus.map { $0.product == nil } == [false, true])
        #expect(inventory.complaints.map(\.isFatal) == [true])
        #expect(inventory.complaints.allSatisfy { $0.text.contains("DRIVER_NOT_LOADED") })
    }

    @Test("an older library answers the same by older functions, but for what only newer ones know")
    func older() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "set \(gpu(1)) fabric_clique 3")
        let newer = [
            "nvmlInitWithFlags", "nvmlDeviceGetCount_v2", "nvmlDeviceGetHandleByIndex_v2",
            "nvmlDeviceGetMemoryInfo_v2", "nvmlDeviceGetGpuFabricInfoV", "nvmlDeviceGetGpuInstanceProfileInfoV",
        ]
        let now = hardware.inventory()
        let before = hardware.inventory(hiding: newer)
        var expected = try #require(now.gpus.first)
        expected.profiles = expected.profiles.map {
            SliceProfile(
                id: $0.id, name: nil, computeSliceCount: $0.computeSliceCount, countMax: $0.countMax,
                multiprocessorCount: $0.multiprocessorCount, memory: $0.memory, engines: $0.engines,
                placements: $0.placements)
        }
        expected.fabric = expected.fabric.map {
            FabricIdentity(cluster: $0.cluster, clique: $0.clique, state: $0.state, health: nil, troubles: [])
        }
        #expect(before.complaints == [] && before.gpus == [expected])
    }

    @Test("a library that knows only the second layout of the fabric is asked for that")
    func olderLayout() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "fail nvmlDeviceGetGpuFabricInfoV 25 times 1")
        let fabric = try hardware.device(1).fabric()
        #expect(fabric?.state == .registered(failure: nil) && fabric?.health == nil)
        #expect(try hardware.calls(of: "nvmlDeviceGetGpuFabricInfoV") == 2)
        #expect(try hardware.calls(of: "nvmlDeviceGetGpuFabricInfo") == 0)
    }

    @Test("a fabric says how far the GPU's registration has come")
    func fabric() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))")
        let device = try hardware.device(1)
        let states: [FabricIdentity.State?] = [nil, .notStarted, .inProgress, .registered(failure: nil), .unknown(4)]
        for (code, state) in states.enumerated() {
            try hardware.say("set \(gpu(1)) fabric_state \(code)")
            #expect(try device.fabric()?.state == state)
        }
        try hardware.say("set \(gpu(1)) fabric_state 3")
        try hardware.say("set \(gpu(1)) fabric_status 999")
        try hardware.say("set \(gpu(1)) fabric_health 2")
        #expect(try device.fabric()?.state == .registered(failure: 999))
        #expect(try device.fabric()?.health == .unhealthy)
    }
}
