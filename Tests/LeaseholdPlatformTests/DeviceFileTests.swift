import Foundation
import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Testing

@Suite("The device file")
struct DeviceFileTests {
    private let scratch = Scratch()
    private let boot = BootID(high: 3, low: 4)
    private let start = BootInstant(nanoseconds: 1_000_000_000)
    private let shapes = [
        NodeShape(path: "s/h/r/node-1", kind: "H100", gpuCount: 8, envelope: Watts(10_200), idleFloor: Watts(1_275)),
        NodeShape(path: "s/h/r/node-2", kind: "T4", gpuCount: 2, envelope: Watts(202), idleFloor: Watts(24)),
    ]
    private var path: String { scratch.path(of: DeviceFile.name) }

    private func made() throws -> DeviceFile {
        try DeviceFile.create(path, nodes: shapes, boot: boot)
        return try DeviceFile.open(path, expecting: shapes, access: .writing)
    }

    private func grant(_ index: UInt64, slot: UInt32 = 0, gpus: GPUSet = .first(2)) -> GuardedGrant {
        GuardedGrant(
            slot: NodeSlot(rawValue: slot), lease: LeaseID(rawValue: index),
            epoch: Epoch(reign: Reign(rawValue: 1), index: RecordIndex(rawValue: index)), gpus: gpus)
    }

    @Test("hardware, holders, epochs and broken GPUs survive the end of whoever wrote them")
    func survives() throws {
        var file = try made()
        let tag = try file.occupy(grant(7), at: start)
        file.record(ProcessIdentity(pid: 4_711, startTick: 99), for: grant(7))
        file.break(NodeSlot(rawValue: 1), .only(1))
        let before = (file.slots.map(file.hardware(of:)), file.slots.map(file.node))
        file = try DeviceFile.open(path, access: .reading)
        #expect(file.shapes == shapes)
        #expect(file.slots.map(file.hardware(of:)) == before.0)
        #expect(file.slots.map(file.node) == before.1)
        #expect(file.boot == boot)
        let holder = try #require(file.holders().first)
        #expect(holder.grant == grant(7))
        #expect(holder.tag == tag)
        #expect(holder.process == ProcessIdentity(pid: 4_711, startTick: 99))
        #expect(file.unhealthy(NodeSlot(rawValue: 1)) == .only(1))
    }

    @Test("no two nodes and no two files call their hardware the same")
    func hardware() throws {
        let file = try made()
        let other = scratch.path(of: "other.map")
        try DeviceFile.create(other, nodes: shapes, boot: boot)
        let second = try DeviceFile.open(other, access: .reading)
        let names = file.slots.map(file.hardware(of:)) + second.slots.map(second.hardware(of:))
        #expect(Set(names).count == 4)
    }

    @Test("a grant is refused whole where one of its GPUs is held, broken or ahead")
    func refusals() throws {
        let file = try made()
        _ = try file.occupy(grant(7), at: start)
        file.break(NodeSlot(rawValue: 0), .only(4))
        let held = DeviceRefusal(gpu: 1, .held(by: grant(7).epoch))
        #expect(throws: held) { try file.occupy(grant(8, gpus: GPUSet(bits: 0b1110)), at: start) }
        let broken = DeviceRefusal(gpu: 4, .broken)
        #expect(throws: broken) { try file.occupy(grant(8, gpus: GPUSet(bits: 0b11100)), at: start) }
        #expect(file.holders().map(\.gpus) == [.first(2)])
        file.vacate(grant(7))
        let lower = DeviceRefusal(gpu: 0, .epochNotHigher(highest: grant(7).epoch))
        #expect(throws: lower) { try file.occupy(grant(6), at: start) }
        #expect(file.holders().isEmpty)
    }

    @Test("a fenced grant may come back under its epoch and marks its GPUs anew")
    func comesBack() throws {
        let file = try made()
        let first = try file.occupy(grant(7), at: start)
        file.vacate(grant(7))
        let second = try file.occupy(grant(7), at: start)
        let third = try file.occupy(grant(7), at: start + .seconds(1))
        #expect(Set([first, second, third].map(\.rawValue)).count == 3)
        #expect(file.holders().map(\.tag) == [third])
        #expect(file.counts().intrusions == 0)
    }

    @Test("draw follows the lease, node by node")
    func drawn() throws {
        let file = try made()
        let slot = NodeSlot(rawValue: 0)
        #expect(file.drawn(slot, at: start) == Watts(1_275))
        _ = try file.occupy(grant(7, gpus: .first(8)), at: start)
        let later = file.drawn(slot, at: start + .seconds(5))
        #expect(later > Watts(8_900) && later <= Watts(10_200))
        #expect(file.drawn(NodeSlot(rawValue: 1), at: start + .seconds(5)) == Watts(24))
        file.vacate(grant(7, gpus: .first(8)))
        #expect(file.drawn(slot, at: start + .seconds(6)) == Watts(1_275))
    }

    @Test("a guard that starts empties what was left, and forgets no epoch")
    func clear() throws {
        let file = try made()
        _ = try file.occupy(grant(7), at: start)
        let next = BootID(high: 8, low: 9)
        file.clear(boot: next)
        #expect(file.holders().isEmpty)
        #expect(file.boot == next)
        let lower = DeviceRefusal(gpu: 0, .epochNotHigher(highest: grant(7).epoch))
        #expect(throws: lower) { try file.occupy(grant(6), at: start) }
    }

    @Test("a device file is made once")
    func once() throws {
        _ = try made()
        #expect(throws: DeviceFileFailure.alreadyThere(path: path)) {
            try DeviceFile.create(path, nodes: shapes, boot: boot)
        }
    }

    @Test("other nodes than expected are refused with the first difference")
    func otherShape() throws {
        _ = try made()
        var expected = shapes
        expected[1] = NodeShape(
            path: "s/h/r/node-2", kind: "T4", gpuCount: 4, envelope: Watts(404), idleFloor: Watts(48))
        let failure = DeviceFileFailure.shapeDiffers(
            path: path, slot: NodeSlot(rawValue: 1), found: "s/h/r/node-2 with 2 GPUs of T4, 202W and 24W idle",
            expected: "s/h/r/node-2 with 4 GPUs of T4, 404W and 48W idle")
        #expect(throws: failure) { _ = try DeviceFile.open(path, expecting: expected, access: .reading) }
        let fewer = DeviceFileFailure.shapeDiffers(
            path: path, slot: NodeSlot(rawValue: 1), found: "s/h/r/node-2 with 2 GPUs of T4, 202W and 24W idle",
            expected: "none")
        #expect(throws: fewer) {
            _ = try DeviceFile.open(path, expecting: [shapes[0]], access: .reading)
        }
    }

    @Test("what is not a whole device file is refused by name and place")
    func damaged() throws {
        #expect(throws: DeviceFileFailure.self) { _ = try DeviceFile.open(path, access: .reading) }
        try AtomicFile.write(Array("not devices".utf8), to: path)
        #expect(throws: DeviceFileFailure.notADeviceFile(path: path)) {
            _ = try DeviceFile.open(path, access: .reading)
        }
        let sound = scratch.path(of: "sound.map")
        try DeviceFile.create(sound, nodes: shapes, boot: boot)
        let bytes = try AtomicFile.read(sound)
        for (offset, value) in [(8, 2), (16, 9), (24, 11), (32, 1), (4_096 + 24, 0), (4_096 + 32, 255)] {
            var broken = bytes
            broken[offset] = UInt8(value)
            broken[offset + 1] = 0xFF
            try AtomicFile.write(broken, to: path)
            #expect(throws: DeviceFileFailure.self, "byte \(offset)") {
                _ = try DeviceFile.open(path, access: .reading)
            }
        }
        try AtomicFile.write(Array(bytes.dropLast(128)), to: path)
        #expect(throws: DeviceFileFailure.self) { _ = try DeviceFile.open(path, access: .reading) }
    }

    // MARK: Slices

    private func sliced(_ index: UInt64, _ mask: UInt64, gpus: GPUSet = .only(0)) -> GuardedGrant {
        GuardedGrant(
            slot: NodeSlot(rawValue: 1), lease: LeaseID(rawValue: index),
            epoch: Epoch(reign: Reign(rawValue: 1), index: RecordIndex(rawValue: index)), gpus: gpus,
            cut: .unnamed(SliceSet(low: mask)))
    }

    private var cuttable: [NodeShape] {
        [
            shapes[1],
            NodeShape(
                path: "s/h/r/node-3", kind: "H100", gpuCount: 2, envelope: Watts(2_550), idleFloor: Watts(318),
                canBeCut: true),
        ]
    }

    @Test("slices have cells of their own: held beside each other, cleared together, their epochs kept")
    func slices() throws {
        try DeviceFile.create(path, nodes: cuttable, boot: boot)
        let file = try DeviceFile.open(path, expecting: cuttable, access: .writing)
        #expect(file.shapes == cuttable)
        _ = try file.occupy(sliced(7, 0x0F), at: start)
        _ = try file.occupy(sliced(8, 0x03F0, gpus: .first(2)), at: start)
        file.record(ProcessIdentity(pid: 4_711, startTick: 99), for: sliced(8, 0x03F0, gpus: .first(2)))
        #expect(file.holders().map(\.grant) == [sliced(7, 0x0F), sliced(8, 0x03F0, gpus: .first(2))])
        #expect(file.holders().map { $0.process?.pid } == [nil, 4_711])
        #expect(throws: DeviceRefusal(gpu: 1, .held(by: grant(8).epoch))) {
            try file.occupy(grant(9, slot: 1, gpus: .only(1)), at: start)
        }
        file.vacate(sliced(7, 0x0F))
        #expect(file.counts(NodeSlot(rawValue: 1), gpu: 0) == DeviceCounts(writes: 0, intrusions: 0, wipes: 4))
        #expect(file.holders().map(\.lease) == [LeaseID(rawValue: 8)])
        file.clear(boot: boot)
        #expect(file.holders().isEmpty)
        #expect(throws: DeviceRefusal.self) { try file.occupy(sliced(6, 0x01), at: start) }
        _ = try file.occupy(grant(9, slot: 1), at: start)
        #expect(file.holders().map(\.grant) == [grant(9, slot: 1)])
    }

    @Test("a file that was made before slices were known is opened, and has none")
    func slicesUnknown() throws {
        let file = try made()
        var expected = shapes
        expected[0] = NodeShape(
            path: shapes[0].path, kind: "H100", gpuCount: 8, envelope: Watts(10_200), idleFloor: Watts(1_275),
            canBeCut: true)
        #expect(try DeviceFile.open(path, expecting: expected, access: .reading).shapes == file.shapes)
        let slice = GuardedGrant(
            slot: NodeSlot(rawValue: 0), lease: LeaseID(rawValue: 7), epoch: grant(7).epoch, gpus: .only(0),
            cut: .unnamed(SliceSet(low: 1)))
        #expect(throws: DeviceRefusal(gpu: 0, .notCut)) { try file.occupy(slice, at: start) }
        file.vacate(slice)
    }
}
