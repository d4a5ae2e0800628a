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
}
