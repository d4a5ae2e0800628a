import LeaseholdDevices
import LeaseholdModel
import Testing

@Suite("A simulated node's GPUs")
struct SimulatedNodeTests {
    private let shape = NodeShape(
        path: "s/h/r/n", kind: "H100", gpuCount: 4, envelope: Watts(4_000), idleFloor: Watts(400))
    private let start = BootInstant(nanoseconds: 1_000)

    private func grant(_ index: UInt64, reign: UInt64 = 1, gpus: GPUSet = .first(2)) -> GuardedGrant {
        GuardedGrant(
            slot: NodeSlot(rawValue: 0), lease: LeaseID(rawValue: index),
            epoch: Epoch(reign: Reign(rawValue: reign), index: RecordIndex(rawValue: index)), gpus: gpus)
    }

    private func occupied(by grant: GuardedGrant) throws -> SimulatedNode {
        var node = SimulatedNode(shape)
        try node.occupy(grant, at: start)
        return node
    }

    @Test("a grant takes its GPUs and raises their epoch, and they alone draw power")
    func occupy() throws {
        let node = try occupied(by: grant(7))
        #expect(node.held == .first(2))
        #expect(node.gpus.map(\.highest) == [grant(7).epoch, grant(7).epoch, .zero, .zero])
        #expect(node.drawn(at: start, seed: 0) == Watts(400))
        #expect(node.drawn(at: start + .seconds(1), seed: 0) == Watts(1_200))
    }

    @Test("a GPU that is held takes nobody else, and then none of the grant's GPUs is taken")
    func held() throws {
        var node = try occupied(by: grant(7, gpus: .only(1)))
        let before = node
        #expect(throws: DeviceRefusal(gpu: 1, .held(by: grant(7).epoch))) { try node.occupy(grant(8), at: start) }
        #expect(node == before)
    }

    @Test(
        "a GPU refuses every epoch below the highest that it has seen, whoever brings it",
        arguments: [(UInt64(1), UInt64(6)), (1, 1), (0, 900)])
    func lower(reign: UInt64, index: UInt64) throws {
        var node = try occupied(by: grant(7))
        node.vacate(grant(7))
        let refusal = DeviceRefusal(gpu: 0, .epochNotHigher(highest: grant(7).epoch))
        #expect(throws: refusal) { try node.occupy(grant(index, reign: reign), at: start) }
    }

    @Test("an equal epoch is the same grant coming back, and refused under another lease")
    func equal() throws {
        var node = try occupied(by: grant(7))
        node.vacate(grant(7))
        let forged = GuardedGrant(
            slot: NodeSlot(rawValue: 0), lease: LeaseID(rawValue: 99), epoch: grant(7).epoch, gpus: .first(2))
        let refusal = DeviceRefusal(gpu: 0, .epochNotHigher(highest: grant(7).epoch))
        #expect(throws: refusal) { try node.occupy(forged, at: start) }
        try node.occupy(grant(7), at: start)
        #expect(node.held == .first(2))
    }

    @Test("a higher reign outranks every index of a lower one")
    func reigns() throws {
        var node = try occupied(by: grant(700))
        node.vacate(grant(700))
        try node.occupy(grant(2, reign: 2), at: start)
        #expect(node.gpus[0].highest == grant(2, reign: 2).epoch)
    }

    @Test("a GPU whose memory was not wiped takes nobody")
    func dirty() throws {
        var node = SimulatedNode(shape)
        node.gpus[0].isMemoryDirty = true
        #expect(throws: DeviceRefusal(gpu: 0, .memoryDirty)) { try node.occupy(grant(8), at: start) }
    }

    @Test("vacating wipes what the grant holds and leaves what others hold")
    func vacate() throws {
        var node = try occupied(by: grant(7))
        try node.occupy(grant(8, gpus: .only(2)), at: start)
        node.gpus[0].work()
        node.vacate(grant(7, gpus: .first(4)))
        #expect(node.held == .only(2))
        #expect(!node.gpus[0].isMemoryDirty)
    }

    @Test("a broken GPU takes nobody and does no work, and remembers its epoch when it is mended")
    func broken() throws {
        var node = try occupied(by: grant(7))
        node.gpus[0].break()
        #expect(node.unhealthy == .only(0))
        #expect(node.drawn(gpu: 0, at: start + .seconds(1), seed: 0) == Watts(100))
        node.vacate(grant(7))
        #expect(throws: DeviceRefusal(gpu: 0, .broken)) { try node.occupy(grant(8), at: start) }
        node.gpus[0].mend()
        #expect(node.gpus[0].highest == grant(7).epoch)
        try node.occupy(grant(8), at: start)
    }

    @Test("a GPU that the node does not have is refused by its position")
    func missing() {
        var node = SimulatedNode(shape)
        let refusal = DeviceRefusal(gpu: 5, .missing(gpuCount: 4))
        #expect(throws: refusal) { try node.occupy(grant(7, gpus: .only(5)), at: start) }
        #expect(refusal.startRefusal == .deviceFailed)
    }

    // MARK: Slices

    private let cuttable = NodeShape(
        path: "s/h/r/n", kind: "H100", gpuCount: 4, envelope: Watts(4_000), idleFloor: Watts(400), canBeCut: true)

    private func sliced(_ index: UInt64, _ mask: UInt64) -> GuardedGrant {
        GuardedGrant(
            slot: NodeSlot(rawValue: 0), lease: LeaseID(rawValue: index),
            epoch: Epoch(reign: Reign(rawValue: 1), index: RecordIndex(rawValue: index)), gpus: .only(0),
            cut: .unnamed(SliceSet(low: mask)))
    }

    @Test("slices of one GPU are held beside each other, each wiped and given back for itself")
    func slicesBeside() throws {
        var node = SimulatedNode(cuttable)
        for grant in [sliced(7, 0x0F), sliced(8, 0xF0)] {
            try node.occupy(grant, at: start)
            node.work(grant)
        }
        // Half of what a GPU draws above its floor for each of them: together what a whole one draws.
        #expect(node.drawn(gpu: 0, at: start + .seconds(1), seed: 0) == Watts(500))
        node.vacate(sliced(7, 0x0F))
        #expect(node.drawn(gpu: 0, at: start + .seconds(1), seed: 0) == Watts(300))
        #expect(node.gpus[0].slices.map(\.isMemoryDirty) == (0..<8).map { $0 >= 4 })
        #expect(node.held == .only(0))
        node.vacate(sliced(8, 0xF0))
        #expect(node.held == .none)
    }

    @Test("a whole GPU and a slice of it stand in each other's way, by holder and by epoch")
    func slicesAndWhole() throws {
        var node = SimulatedNode(cuttable)
        try node.occupy(sliced(7, 0x0F), at: start)
        let held = DeviceRefusal(gpu: 0, .held(by: grant(7).epoch))
        #expect(throws: held) { try node.occupy(grant(9, gpus: .only(0)), at: start) }
        #expect(throws: held) { try node.occupy(sliced(9, 0x18), at: start) }
        node.vacate(sliced(7, 0x0F))
        let lower = DeviceRefusal(gpu: 0, .epochNotHigher(highest: grant(7).epoch))
        #expect(throws: lower) { try node.occupy(grant(6, gpus: .only(0)), at: start) }
        try node.occupy(grant(9, gpus: .only(0)), at: start)
        #expect(throws: DeviceRefusal(gpu: 0, .held(by: grant(9).epoch))) { try node.occupy(sliced(10, 1), at: start) }
        node.vacate(grant(9, gpus: .only(0)))
        let overtaken = DeviceRefusal(gpu: 0, .epochNotHigher(highest: grant(9).epoch))
        #expect(throws: overtaken) { try node.occupy(sliced(8, 0xF0), at: start) }
        try node.occupy(sliced(10, 0xF0), at: start)
    }

    @Test("a GPU that cannot be cut gives no slices, and a broken one none either")
    func slicesRefused() throws {
        var whole = SimulatedNode(shape)
        #expect(throws: DeviceRefusal(gpu: 0, .notCut)) { try whole.occupy(sliced(7, 1), at: start) }
        var node = SimulatedNode(cuttable)
        node.gpus[0].break()
        #expect(throws: DeviceRefusal(gpu: 0, .broken)) { try node.occupy(sliced(7, 1), at: start) }
    }
}
