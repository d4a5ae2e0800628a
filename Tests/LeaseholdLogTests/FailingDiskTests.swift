import LeaseholdLog
import LeaseholdModel
import LeaseholdSimulator
import Testing

/// What a disk says that cannot go on, and what the log makes of it (L7).
@Suite("Disks that say no")
struct FailingDiskTests {
    /// A log with one durable record.
    private func begun() throws -> (disk: SimulatedDisk, log: SynchronousLog<SimulatedDisk>) {
        let disk = SimulatedDisk()
        var log = try SynchronousLog.create(LogFixture.identity(), on: disk)
        _ = try log.commit([LogFixture.record(1, byteCount: 40)])
        return (disk, log)
    }

    private func kind(_ body: () throws(LogFailure) -> Void) -> StorageFailure.Kind? {
        do throws(LogFailure) {
            try body()
            return nil
        } catch {
            switch error {
            case .lost(let failure): return failure.kind
            case .refused: return nil
            }
        }
    }

    @Test(
        "a write that fails, for whatever reason, ends the log and is not tried again; what was acknowledged is there",
        arguments: [
            (SimulatedDisk.Fault.inputOutput, StorageFailure.Kind.inputOutput), (.noSpace, .noSpace),
            (.readOnly, .readOnly), (.short, .short),
        ])
    func failedWrite(fault: SimulatedDisk.Fault, told: StorageFailure.Kind) throws {
        var (disk, log) = try begun()
        disk.fault = fault
        disk.failingOperation = disk.operationCount + 1
        #expect(kind { () throws(LogFailure) in _ = try log.commit([[2]]) } == told)
        let count = disk.operationCount
        #expect(kind { () throws(LogFailure) in _ = try log.commit([[3]]) } == told)
        #expect(kind { () throws(LogFailure) in try log.sealIfIdle() } == told)
        #expect(disk.operationCount == count, "nothing is asked of the disk after the loss")
        disk.losePower(keeping: { _ in true })
        #expect(try LogFixture.recover(disk).get().records.first == LogFixture.record(1, byteCount: 40))
    }

    @Test("after a failed sync, what only the page cache has is written again and synced before anything rests on it")
    func cacheAfterFailedSync() throws {
        var (disk, log) = try begun()
        disk.fault = .inputOutput
        disk.failingOperation = disk.operationCount + 2
        #expect(kind { () throws(LogFailure) in _ = try log.commit([[2]]) } == .inputOutput)
        #expect(disk.unsyncedSectors.isEmpty, "the failed sync left the page clean")
        #expect(disk.droppedSectors.count == 1)
        disk.restart()
        disk.dropsCacheBeforeReading = false
        let opened = try SynchronousLog.open(LogFixture.identity(), on: disk) { _, _ throws(RecordRefusal) in }
        #expect(opened.log.head.index.rawValue == 2, "the cache shows the group")
        disk.losePower(keeping: { _ in false })
        #expect(try LogFixture.recover(disk).get().records == [LogFixture.record(1, byteCount: 40), [2]])
    }

    @Test("with no space for a next segment the log fills the one it has, then ends, and all it acknowledged is there")
    func noSpaceForTheNextSegment() throws {
        var (disk, log) = try begun()
        disk.isFull = true
        var witness = LogWitness()
        witness.appending([LogFixture.record(1, byteCount: 40)])
        witness.acknowledge()
        var failure: StorageFailure.Kind?
        var wasTold = false
        for number in 2..<20 where failure == nil {
            let group = [LogFixture.record(number, byteCount: 300)]
            witness.appending(group)
            failure = kind { () throws(LogFailure) in _ = try log.commit(group) }
            if failure == nil { witness.acknowledge() }
            wasTold = wasTold || log.segmentDelay?.kind == .noSpace
        }
        #expect(failure == .noSpace)
        #expect(wasTold, "nothing was said before the segment was full")
        // Header, six frames of one sector, and the sector that is kept for a seal.
        #expect(witness.acknowledged == 6)
        disk.losePower(keeping: { _ in false })
        let found = try LogFixture.recover(disk).get()
        #expect(witness.complaint(about: found.records, head: found.recovered.report.head) == nil)
        disk.isFull = false
        let opened = try SynchronousLog.open(LogFixture.identity(), on: disk) { _, _ throws(RecordRefusal) in }
        var again = opened.log
        #expect(try again.commit([LogFixture.record(20, byteCount: 300)]).index.rawValue == 7)
    }
}
