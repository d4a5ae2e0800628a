import Foundation
import LeaseholdLog
import LeaseholdModel
import LeaseholdPlatform
import LeaseholdSimulator
import Testing

/// A real directory and the simulated disk, asked for the same: what one shows the other shows.
private struct BothDisks: LogStorage {
    let real: FileStorage
    let simulated: SimulatedDisk
    /// Compares the two, after each operation.
    let compare: () -> Void

    func perform(_ operation: StorageOperation) throws(StorageFailure) {
        try real.perform(operation)
        try simulated.perform(operation)
        compare()
    }

    func listSnapshots() throws(StorageFailure) -> [RecordIndex] {
        let found = try real.listSnapshots()
        #expect(Set(found) == Set(try simulated.listSnapshots()))
        return found
    }

    func readSnapshot(_ index: RecordIndex, _ range: Range<Int>) throws(StorageFailure) -> [UInt8] {
        let found = try real.readSnapshot(index, range)
        #expect(found == (try simulated.readSnapshot(index, range)))
        return found
    }

    func settleSnapshot(_ index: RecordIndex) throws(StorageFailure) {
        try real.settleSnapshot(index)
        try simulated.settleSnapshot(index)
    }

    func settleBeforeReading() throws(StorageFailure) {
        try real.settleBeforeReading()
        try simulated.settleBeforeReading()
    }

    func listSegments() throws(StorageFailure) -> [SegmentFile] {
        let found = try real.listSegments()
        #expect(Set(found) == Set(try simulated.listSegments()))
        return found
    }

    func read(_ file: SegmentFile, _ range: Range<Int>) throws(StorageFailure) -> [UInt8] {
        let found = try real.read(file, range)
        #expect(found == (try simulated.read(file, range)))
        return found
    }
}

/// The torture works on the simulated disk; here is shown that a real one does the same with the same orders.
@Suite("The simulated disk and a real one")
struct BothDisksTests {
    private let scratch: StorageScratch

    init() throws {
        scratch = try StorageScratch()
        try FileManager.default.createDirectory(
            atPath: scratch.log + "/archive", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(
            atPath: scratch.log + "/snapshots", withIntermediateDirectories: false)
    }

    /// Every name of the directory, with its bytes.
    private func files() throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for folder in ["", "archive/", "snapshots/"] {
            for name in try scratch.names("/" + folder) where !["archive", "snapshots"].contains(name) {
                files[folder + name] = try scratch.bytes(folder + name)
            }
        }
        return files
    }

    private func files(_ disk: SimulatedDisk) -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for name in disk.names(.live) { files[name] = disk.bytes(name) }
        for name in disk.names(.archive) { files["archive/" + name] = disk.bytes(name, .archive) }
        for name in disk.names(.snapshots) { files["snapshots/" + name] = disk.bytes(name, .snapshots) }
        return files
    }

    @Test("a life of rolls, restarts and a cut leaves the same files after every operation on both")
    func life() throws {
        let identity = StorageScratch.identity(segmentByteCount: 4_096)
        let simulated = SimulatedDisk()
        var comparisonCount = 0
        let storage = BothDisks(real: try FileStorage(path: scratch.log), simulated: simulated) {
            comparisonCount += 1
            do {
                #expect(try files() == files(simulated), "after operation \(comparisonCount)")
            } catch {
                Issue.record("after operation \(comparisonCount): \(error)")
            }
        }
        var log = try SynchronousLog.create(identity, on: storage)
        var keeper = SnapshotKeeper(identity: identity, storage: storage, used: nil)
        for round in 0..<3 {
            for number in 0..<6 { _ = try log.commit([[UInt8](repeating: UInt8(number), count: 100 + 90 * number)]) }
            let header = SnapshotHeader(logID: identity.logID, tail: log.machine.tail)
            _ = try keeper.save(header, bookDigest: 7) { each throws(StorageFailure) in
                for piece in 0..<3 { try each([UInt8](repeating: UInt8(piece), count: 500_000)) }
            } check: { _ throws(RecordRefusal) in
            }
            try log.cover(before: keeper.coveredBefore)
            if round == 0 { try log.sealIfIdle() }
            // The last group is torn, or after a seal something lies behind the end.
            let name = try #require(simulated.names(.live).last { $0.hasSuffix(".segment") })
            var bytes = try scratch.bytes(name)
            let last = try #require(bytes.lastIndex { $0 != 0 })
            bytes[last / 512 * 512 + 140] ^= 1
            try scratch.write(bytes, to: name)
            simulated.tamper(try #require(SegmentNumber(fileName: name)).rawValue) { $0 = bytes }
            let opened = try SynchronousLog.open(identity, on: storage) { _, _ throws(RecordRefusal) in }
            guard case .cut = opened.recovered.report.end else { return #expect(Bool(false), "round \(round)") }
            log = opened.log
        }
        #expect(comparisonCount > 80)
        #expect(simulated.names(.snapshots).count == 2 && !simulated.names(.archive).isEmpty)
        #expect(try files().keys.contains { $0.hasSuffix(".torn") })
    }
}
