import Foundation
import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Synchronization
import Testing

/// Kills the guard between any two stores, by making its stores one by one in the order that the article gives.
@Suite("A guard that dies in the middle of an update")
struct TornUpdateTests {
    private let scratch = Scratch()
    private let boot = BootID(high: 3, low: 4)
    private let start = BootInstant(nanoseconds: 1_000)
    private let slot = NodeSlot(rawValue: 0)
    private let shape = NodeShape(path: "s/n", kind: "T4", gpuCount: 1, envelope: Watts(100), idleFloor: Watts(10))
    /// One node: its entry ends before the second page does.
    private let cell = 8_192
    private let old = Epoch(reign: Reign(rawValue: 1), index: RecordIndex(rawValue: 500))
    private let new = Epoch(reign: Reign(rawValue: 2), index: RecordIndex(rawValue: 501))

    /// What occupying a GPU for `new` stores after it was held under `old` once, in order: (word, value).
    private let occupying: [(Int, UInt64)] = [
        (3, 501), (7, 2), (8, 501), (6, 2), (5, 0), (1, 2), (2, 501), (4, 77), (0, 0xABCD),
    ]

    private func grant(_ epoch: Epoch) -> GuardedGrant {
        GuardedGrant(slot: slot, lease: LeaseID(rawValue: epoch.index.rawValue), epoch: epoch, gpus: .only(0))
    }

    private func file(afterStores count: Int) throws -> DeviceFile {
        let path = scratch.path(of: "torn-\(count).map")
        try DeviceFile.create(path, nodes: [shape], boot: boot)
        let file = try DeviceFile.open(path, access: .writing)
        _ = try file.occupy(grant(old), at: start)
        file.vacate(grant(old))
        let handle = try #require(FileHandle(forUpdatingAtPath: path))
        for (word, value) in occupying.prefix(count) {
            try handle.seek(toOffset: UInt64(cell + word * 8))
            try handle.write(contentsOf: withUnsafeBytes(of: value.littleEndian) { Data($0) })
        }
        try handle.close()
        return file
    }

    @Test("each prefix of its stores shows nobody or the whole holder, the old epoch or the new one", arguments: 0...9)
    func prefixes(count: Int) throws {
        let file = try file(afterStores: count)
        let gpu = file.node(slot).gpus[0]
        #expect(gpu.holder == (count == 9 ? new : nil))
        #expect(file.holders().map(\.grant) == (count == 9 ? [grant(new)] : []))
        #expect(gpu.highest == (count >= 4 ? new : old))
    }

    @Test("after every prefix the next guard can give the GPU to the same grant, and to no older one", arguments: 0...9)
    func comesBack(count: Int) throws {
        let file = try file(afterStores: count)
        file.clear(boot: boot)
        let older = Epoch(reign: Reign(rawValue: 1), index: RecordIndex(rawValue: 499))
        #expect(throws: DeviceRefusal.self) { try file.occupy(grant(older), at: start) }
        _ = try file.occupy(grant(new), at: start)
        #expect(file.holders().map(\.grant) == [grant(new)])
    }

    @Test("whoever reads while the guard writes never sees half of an update")
    func readers() throws {
        let file = try file(afterStores: 0)
        let last: UInt64 = 100_000
        let isWritten = Mutex(false)
        let (slot, start) = (slot, start)
        Thread.detachNewThread {
            for number in 501...last {
                let epoch = Epoch(reign: Reign(rawValue: number), index: RecordIndex(rawValue: number))
                let grant = GuardedGrant(slot: slot, lease: LeaseID(rawValue: number), epoch: epoch, gpus: .only(0))
                do {
                    _ = try file.occupy(grant, at: start)
                } catch {
                    Issue.record("\(number) refused: \(error)")
                }
                file.vacate(grant)
            }
            isWritten.withLock { $0 = true }
        }
        var halves = 0
        var reads = 0
        var highest = Epoch.zero
        while !isWritten.withLock({ $0 }) {
            reads += 1
            guard reads.isMultiple(of: 4) else {
                let holder = file.holders(of: slot).first
                if let holder, holder.epoch.index.rawValue != holder.lease.rawValue { halves += 1 }
                continue
            }
            let gpu = file.node(slot).gpus[0]
            let isWhole = gpu.highest == old || gpu.highest.reign.rawValue == gpu.highest.index.rawValue
            if gpu.highest < highest || !isWhole { halves += 1 }
            highest = gpu.highest
            guard let holder = file.holders(of: slot).first else { continue }
            let number = holder.lease.rawValue
            if holder.epoch.reign.rawValue != number || holder.epoch.index.rawValue != number { halves += 1 }
        }
        #expect(halves == 0, "of \(reads) reads")
        #expect(file.node(slot).gpus[0].highest.index.rawValue == last)
    }
}
