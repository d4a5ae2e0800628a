import LeaseholdLog
import LeaseholdModel
import LeaseholdSimulator
import Testing

@Suite("The log machine")
struct LogMachineTests {
    private func isDown(_ failure: LogFailure) -> Bool {
        switch failure {
        case .lost: true
        case .refused: false
        }
    }

    @Test("a group is one write and one sync, and durable only after both")
    func oneSyncPerGroup() throws {
        let disk = try LogFixture.disk([], sealed: false)
        let opened = try SynchronousLog.open(LogFixture.identity(), on: disk) { _, _ throws(RecordRefusal) in }
        var machine = opened.log.machine
        var effects: [LogEffect] = []
        machine.handle(.recordsArrived([[1], [2]]), into: &effects)
        guard effects.count == 2,
            case .perform(let write, .write(.segment(.first), offset: 512, bytes: _)) = effects[0],
            case .perform(let sync, .sync(.segment(.first))) = effects[1]
        else { return #expect(Bool(false), "\(effects)") }
        effects = []
        machine.handle(.operationEnded(write, .success(())), into: &effects)
        #expect(effects.isEmpty)
        machine.handle(.operationEnded(sync, .success(())), into: &effects)
        guard effects.count == 1, case .durable(let head) = effects[0] else {
            return #expect(Bool(false), "\(effects)")
        }
        #expect(head.index == RecordIndex(rawValue: 2))
    }

    @Test("records that arrive while a group is under way make the next group, together")
    func gathering() throws {
        let disk = try LogFixture.disk([], sealed: false)
        var machine = try SynchronousLog.open(LogFixture.identity(), on: disk) { _, _ throws(RecordRefusal) in }.log
            .machine
        var effects: [LogEffect] = []
        machine.handle(.recordsArrived([[1]]), into: &effects)
        machine.handle(.recordsArrived([[2]]), into: &effects)
        machine.handle(.recordsArrived([[3]]), into: &effects)
        #expect(effects.count == 2)
        machine.foldChain()
        var numbers: [OperationNumber] = []
        for case .perform(let number, _) in effects { numbers.append(number) }
        effects = []
        for number in numbers { machine.handle(.operationEnded(number, .success(())), into: &effects) }
        guard effects.count == 3, case .durable(let head) = effects[0] else {
            return #expect(Bool(false), "\(effects)")
        }
        #expect(head.index.rawValue == 1)
        guard case .perform(_, .write(_, offset: 1_024, let bytes)) = effects[1] else {
            return #expect(Bool(false), "\(effects[1])")
        }
        #expect(bytes[24] == 2, "two records in the second frame")
    }

    @Test("idleness seals an unsealed group once, and a sealed log not again")
    func sealing() throws {
        let disk = try LogFixture.disk([[[1]]], sealed: false)
        var log = try SynchronousLog.open(LogFixture.identity(), on: disk) { _, _ throws(RecordRefusal) in }.log
        #expect(log.machine.needsSeal)
        try log.sealIfIdle()
        #expect(!log.machine.needsSeal)
        let count = disk.operationCount
        try log.sealIfIdle()
        #expect(disk.operationCount == count)
    }

    @Test(
        "after a failed sync the log is lost, and that file is never synced or written again", arguments: [true, false])
    func failedSync(failsOnSync: Bool) throws {
        let disk = SimulatedDisk()
        var log = try SynchronousLog.create(LogFixture.identity(), on: disk)
        _ = try log.commit([[1]])
        disk.fault = .inputOutput
        disk.failingOperation = disk.operationCount + (failsOnSync ? 2 : 1)
        #expect(throws: LogFailure.self) { _ = try log.commit([[2]]) }
        #expect(log.machine.isLost)
        #expect(log.head.index.rawValue == 1)
        let count = disk.operationCount
        #expect(throws: LogFailure.self) { _ = try log.commit([[3]]) }
        #expect(throws: LogFailure.self) { try log.sealIfIdle() }
        #expect(disk.operationCount == count, "nothing is asked of the disk after the loss")
    }

    @Test("a record that is too long is refused with both numbers, and nothing of its batch is written")
    func recordTooLong() throws {
        let disk = SimulatedDisk()
        var log = try SynchronousLog.create(LogFixture.identity(), on: disk)
        let count = disk.operationCount
        #expect(throws: LogFailure.refused(.recordTooLong(byteCount: 2_049, limit: 2_048))) {
            _ = try log.commit([[1], [UInt8](repeating: 0, count: 2_049)])
        }
        #expect(disk.operationCount == count)
        #expect(try log.commit([[UInt8](repeating: 0, count: 2_048)]).index.rawValue == 1)
    }

    @Test("more records than may wait are refused, and the log goes on")
    func tooManyPending() throws {
        let disk = SimulatedDisk()
        var log = try SynchronousLog.create(LogFixture.identity(segmentByteCount: 1_048_576), on: disk)
        let limit = LogLimits.pendingRecordCountMax
        let records = [[UInt8]](repeating: [], count: limit + 1)
        #expect(throws: LogFailure.refused(.tooManyPending(recordCount: limit + 1, limit: limit))) {
            _ = try log.commit(records)
        }
        #expect(try log.commit(Array(records[..<limit])).index.rawValue == UInt64(limit))
    }

    @Test("many records become groups of at most 1024, one sync each")
    func groupBounds() throws {
        let disk = SimulatedDisk()
        var log = try SynchronousLog.create(LogFixture.identity(segmentByteCount: 1_048_576), on: disk)
        disk.restart()
        _ = try log.commit((0..<2_500).map { LogFixture.record($0, byteCount: 10) })
        let syncs = disk.performed.filter { if case .sync(.segment) = $0 { true } else { false } }
        #expect(syncs.count == 3)
    }

    @Test("when the next segment finds no space, writing goes on in the current one and preparing is tried again")
    func delayedSegment() throws {
        let disk = SimulatedDisk()
        var log = try SynchronousLog.create(LogFixture.identity(), on: disk)
        _ = try log.commit([LogFixture.record(1, byteCount: 300)])
        disk.fault = .noSpace
        // Write, sync, and then the preparation, because the segment is half full.
        disk.failingOperation = disk.operationCount + 3
        _ = try log.commit([LogFixture.record(2, byteCount: 800)])
        #expect(log.segmentDelay?.kind == .noSpace)
        try log.sealIfIdle()
        #expect(log.segmentDelay == nil)
        #expect(disk.names(.live).contains("0000000002.segment.tmp"))
    }

    @Test("a journal's full segment moves to the archive when its successor has its name, and not before")
    func archiving() throws {
        let disk = SimulatedDisk()
        var log = try SynchronousLog.create(LogFixture.identity(), on: disk)
        for number in 1...12 { _ = try log.commit([LogFixture.record(number, byteCount: 700)]) }
        #expect(disk.names(.archive) == ["0000000001.segment", "0000000002.segment", "0000000003.segment"])
        #expect(disk.names(.live) == ["0000000004.segment", "0000000005.segment.tmp"])
        let publish = try #require(disk.performed.firstIndex(of: .publish(SegmentNumber(rawValue: 2))))
        #expect(
            Array(disk.performed[publish...].prefix(5)) == [
                .publish(SegmentNumber(rawValue: 2)), .syncDirectory(.live), .archive(.first),
                .syncDirectory(.archive), .syncDirectory(.live),
            ])
    }

    @Test("a coordinator's segments stay until they are covered, the one being written always")
    func covering() throws {
        let disk = SimulatedDisk()
        let identity = LogFixture.identity(kind: .coordinator)
        var log = try SynchronousLog.create(identity, on: disk)
        for number in 1...12 { _ = try log.commit([LogFixture.record(number, byteCount: 700)]) }
        #expect(disk.names(.archive) == [])
        try log.cover(before: SegmentNumber(rawValue: 3))
        #expect(disk.names(.archive) == ["0000000001.segment", "0000000002.segment"])
        try log.cover(before: .first)
        try log.cover(before: SegmentNumber(rawValue: 99))
        #expect(disk.names(.archive).count == 3)
        #expect(disk.names(.live) == ["0000000004.segment", "0000000005.segment.tmp"])
        var reader = disk
        let found = try LogScan.verify(&reader, identity: identity)
        #expect(found.isGood && found.report.recordCount == 12)
    }
}
