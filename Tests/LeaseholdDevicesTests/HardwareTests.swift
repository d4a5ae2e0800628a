import LeaseholdDevices
import LeaseholdModel
import Testing

@Suite("What GPUs say of themselves")
struct HardwareTests {
    @Test("a GPU's name is read as the driver spells it, and nothing else is")
    func names() throws {
        let text = "GPU-8f6b1a52-0c3d-4e5f-9a7b-1c2d3e4f5a6b"
        let uuid = try #require(GPUUUID(driverText: text))
        #expect(uuid.driverText == text)
        for other in [
            "", "GPU-", "8f6b1a52-0c3d-4e5f-9a7b-1c2d3e4f5a6b", "MIG-8f6b1a52-0c3d-4e5f-9a7b-1c2d3e4f5a6b",
            "GPU-8f6b1a52-0c3d-4e5f-9a7b-1c2d3e4f5a6", "GPU-8f6b1a52-0c3d-4e5f-9a7b-1c2d3e4f5a6g",
            "GPU-8f6b1a52-0c3d-4e5f-9a7b-1c2d3e4f5a6b0", "GPU-8f6b1a520c3d4e5f9a7b1c2d3e4f5a6b",
        ] { #expect(GPUUUID(driverText: other) == nil, "\(other)") }
    }

    @Test("an address is spelled as the kernel spells it")
    func addresses() {
        #expect("\(PCIAddress(domain: 0, bus: 0x5A, device: 0))" == "0000:5a:00.0")
        #expect("\(PCIAddress(domain: 0x1_0009, bus: 1, device: 0x1F))" == "10009:01:1f.0")
    }

    @Test(
        "a product is of the kind that its words and its memory speak of",
        arguments: [
            ("NVIDIA H100 80GB HBM3", 81_559, "H100"), ("NVIDIA H100 PCIe", 81_559, "H100"),
            ("NVIDIA H100 NVL", 95_830, nil), ("NVIDIA H200", 143_771, "H200"), ("NVIDIA GH200 480GB", 97_871, nil),
            ("NVIDIA GH200 144G HBM3e", 147_456, nil), ("NVIDIA B200", 183_359, "B200"),
            ("NVIDIA GB200", 189_471, "GB200"), ("Tesla T4", 15_360, "T4"), ("NVIDIA A10", 23_028, "A10"),
            ("NVIDIA A100-SXM4-80GB", 81_920, nil), ("Tesla V100-SXM2-16GB", 16_160, "V100M16"),
            ("Tesla V100-SXM2-32GB", 32_510, "V100M32"), ("Tesla P100-PCIE-16GB", 16_280, "P100"), ("", 81_559, nil),
        ] as [(String, UInt64, String?)])
    func kinds(_ product: String, _ mebibytes: UInt64, _ kind: String?) {
        let memory = MemoryBytes(mebibytes << 20)
        #expect(GPUKind.named(byProduct: product, memory: memory, in: GPUKind.catalogue)?.name == kind)
    }

    private func profile(_ placements: [(UInt32, UInt32)], countMax: UInt32 = 1) -> SliceProfile {
        SliceProfile(
            id: SliceProfileID(rawValue: 3), name: nil, computeSliceCount: 1, countMax: countMax,
            multiprocessorCount: 1,
            memory: Mebibytes(1),
            engines: SliceProfile.Engines(copyCount: 1, decoderCount: 0, encoderCount: 0, jpegCount: 0, flowCount: 0),
            placements: placements.map { SliceProfile.Placement(start: $0.0, sliceCount: $0.1) })
    }

    @Test("a profile that eight slices hold has the book's geometry, and another has none")
    func geometry() {
        let known = MIGProfile(name: "profile-3", memorySliceCount: 2, starts: 0b0101)
        #expect(profile([(0, 2), (2, 2)]).geometry == known)
        for placements: [(UInt32, UInt32)] in [
            [], [(0, 0)], [(0, 9)], [(8, 1)], [(7, 2)], [(0, 4), (6, 4)], [(0, 2), (2, 3)],
        ] {
            #expect(profile(placements).geometry == nil)
        }
    }

    @Test("a profile is cut like a known one by its slices, its starts and how many there are at once")
    func alike() {
        let known = MIGProfile(name: "2g.20gb", memorySliceCount: 2, starts: 0b0001_0101)
        #expect(profile([(0, 2), (2, 2), (4, 2)], countMax: 3).isCut(like: known))
        #expect(!profile([(0, 2), (2, 2), (4, 2)], countMax: 1).isCut(like: known))
        #expect(!profile([(0, 2), (2, 2)], countMax: 2).isCut(like: known))
        #expect(!profile([(0, 1), (2, 1), (4, 1)], countMax: 3).isCut(like: known))
        // Starts that lie in each other's way count once.
        #expect(
            profile([(0, 4), (2, 4), (4, 4)], countMax: 2).isCut(
                like: MIGProfile(name: "", memorySliceCount: 4, starts: 0b0001_0101)))
    }

    @Test("what is wrong with the fabric is what the driver says is so, not what it does not say")
    func fabric() {
        #expect(FabricTroubles(mask: 0) == [])
        #expect(FabricTroubles(mask: 0b01_1010_1010) == [])
        #expect(FabricTroubles(mask: 0b01_1010_1001) == [.lessBandwidth])
        #expect(FabricTroubles(mask: 0b10_0100_0100) == [.routeRecovery, .accessRecovery, .configuration])
        #expect(FabricTroubles(mask: .max) == [.configuration])
    }

    @Test("every reason to throttle has a word, and what nobody knows is a number")
    func throttling() {
        #expect(Throttling([.idle, .hardwareHeat, .powerBrake]).words == ["idle", "hardware-heat", "power-brake"])
        #expect(Throttling(rawValue: 0x1_0004).words == ["power-limit", "0x10000"])
        #expect(Throttling(rawValue: 0x1FF).words.count == 9)
        #expect(Throttling([]).words == [])
    }

    @Test("every recovery action but none says what to do")
    func recovery() {
        let actions = (0...8).map { RecoveryAction(code: $0) }
        #expect(Set(actions).count == 9)
        #expect(actions.filter { $0.advice == nil } == [.none])
        #expect(actions.last == .unknown(8))
        #expect(RecoveryAction.unknown(8).advice?.contains("8") == true)
    }
}
