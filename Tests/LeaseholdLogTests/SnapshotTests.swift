import LeaseholdLog
import LeaseholdModel
import LeaseholdSimulator
import Testing

/// A state that is the list of its records: enough to see what recovery makes of snapshots.
private struct ListFollower: LogFollower {
    var records: [[UInt8]] = []
    var piecesTaken = 0
    /// Refuses every piece, as a version that does not know them.
    var knowsPieces = true

    mutating func restart() { (records, piecesTaken) = ([], 0) }

    mutating func take(piece: [UInt8]) throws(RecordRefusal) {
        guard knowsPieces else { throw RecordRefusal(reason: "unknown piece") }
        records.append(piece)
        piecesTaken += 1
    }

    mutating func finish(_ header: SnapshotHeader, bookDigest: UInt64) throws(RecordRefusal) {
        guard UInt64(records.count) == header.index.rawValue, bookDigest == ListFollower.digest(records) else {
            throw RecordRefusal(reason: "another book")
        }
    }

    mutating func take(_ index: RecordIndex, _ record: [UInt8]) throws(RecordRefusal) {
        guard index.rawValue == UInt64(records.count) + 1 else { throw RecordRefusal(reason: "a gap") }
        records.append(record)
    }

    func settle() throws(RecordRefusal) {}

    static func digest(_ records: [[UInt8]]) -> UInt64 {
        records.reduce(7) { $1.reduce($0 &* 31 &+ 5) { $0 &* 131 &+ UInt64($1) } }
    }
}

/// A log with a snapshot now and then, on one disk.
private struct SnapshotRun {
    static let identity = LogFixture.identity(kind: .coordinator)

    let disk: SimulatedDisk
    var log: SynchronousLog<SimulatedDisk>
    var keeper: SnapshotKeeper<SimulatedDisk>
    var records: [[UInt8]] = []

    init(_ disk: SimulatedDisk = SimulatedDisk()) throws {
        self.disk = disk
        log = try SynchronousLog.create(SnapshotRun.identity, on: disk)
        keeper = SnapshotKeeper(identity: SnapshotRun.identity, storage: disk, used: nil)
    }

    mutating func commit(_ count: Int) throws {
        for _ in 0..<count {
            let record = LogFixture.record(records.count + 1, byteCount: 300)
            _ = try log.commit([record])
            records.append(record)
        }
    }

    mutating func snapshot() throws {
        let all = records
        _ = try keeper.save(
            SnapshotHeader(logID: LogFixture.logID, tail: log.machine.tail), bookDigest: ListFollower.digest(all)
        ) { each throws(StorageFailure) in
            for record in all { try each(record) }
        } check: { _ throws(RecordRefusal) in
        }
        try log.cover(before: keeper.coveredBefore)
    }

    /// What recovery makes of the disk.
    static func recover(
        _ disk: SimulatedDisk, knowsPieces: Bool = true
    ) -> Result<(recovered: RecoveredLog, follower: ListFollower), RecoveryFailure> {
        var follower = ListFollower(knowsPieces: knowsPieces)
        var reader = disk
        do throws(RecoveryFailure) {
            let recovered = try LogScan.recover(SnapshotRun.identity, &reader, following: &follower)
            return .success((recovered, follower))
        } catch {
            return .failure(error)
        }
    }
}

/// A disk some of whose snapshots answer EIO.
private struct FailingSnapshotReader: LogReader {
    let disk: SimulatedDisk
    var unreadable: Set<RecordIndex>

    func listSegments() throws(StorageFailure) -> [SegmentFile] { try disk.listSegments() }

    func read(_ file: SegmentFile, _ range: Range<Int>) throws(StorageFailure) -> [UInt8] {
        try disk.read(file, range)
    }

    func listSnapshots() throws(StorageFailure) -> [RecordIndex] { try disk.listSnapshots() }

    func readSnapshot(_ index: RecordIndex, _ range: Range<Int>) throws(StorageFailure) -> [UInt8] {
        if unreadable.contains(index) {
            throw StorageFailure(kind: .inputOutput, attempt: "read snapshot \(index)")
        }
        return try disk.readSnapshot(index, range)
    }
}

@Suite("Snapshots")
struct SnapshotTests {
    private func fileName(_ index: UInt64) -> String { SnapshotName(RecordIndex(rawValue: index)).fileName }

    /// Three snapshots, the last two of which are kept, and records behind them.
    private func run() throws -> SnapshotRun {
        var run = try SnapshotRun()
        for count in [9, 8, 10] {
            try run.commit(count)
            try run.snapshot()
        }
        try run.commit(5)
        try run.log.sealIfIdle()
        return run
    }

    @Test("recovery begins with the newest snapshot and reads what is behind it; the last two are kept")
    func newest() throws {
        let run = try run()
        #expect(run.disk.names(.snapshots) == [fileName(17), fileName(27)])
        let (recovered, follower) = try SnapshotRun.recover(run.disk).get()
        #expect(follower.records == run.records)
        #expect(follower.piecesTaken == 27)
        #expect(recovered.report.snapshot == RecordIndex(rawValue: 27))
        #expect(recovered.report.recordCount == 5)
        #expect(recovered.report.head == run.log.head)
        #expect(recovered.report.unusable == [])
        // And it goes on from there.
        var follower2 = ListFollower()
        var (log, _) = try SynchronousLog.open(SnapshotRun.identity, on: run.disk, following: &follower2)
        #expect(try log.commit([[1]]).index.rawValue == 33)
    }

    @Test("segments go to the archive only when two verified snapshots stand for them")
    func archive() throws {
        var run = try SnapshotRun()
        try run.commit(20)
        try run.snapshot()
        #expect(run.disk.names(.archive) == [])
        let first = run.log.machine.tail.segment
        try run.commit(20)
        try run.snapshot()
        let archived = run.disk.names(.archive)
        #expect(archived.last == SegmentNumber(rawValue: first.rawValue - 1).fileName)
        #expect(archived.count == Int(first.rawValue) - 1)
    }

    @Test("D14: any changed byte of the newest snapshot is seen, and the one before with a longer tail is used instead")
    func everyByte() throws {
        let run = try run()
        let whole = run.disk.state
        let bytes = try #require(run.disk.bytes(fileName(27), .snapshots))
        var count = 0
        for offset in bytes.indices {
            run.disk.state = whole
            run.disk.tamper(fileName(27), .snapshots) { $0[offset] ^= 1 << UInt8(offset % 8) }
            let (recovered, follower) = try SnapshotRun.recover(run.disk).get()
            count += 1
            guard follower.records == run.records, recovered.report.snapshot == RecordIndex(rawValue: 17),
                recovered.report.unusable.count == 1
            else { return #expect(Bool(false), "byte \(offset): \(recovered.report)") }
        }
        #expect(count > 8_000)
    }

    @Test("D14: a snapshot that ends early or goes on too long is passed over, at every length")
    func everyLength() throws {
        let run = try run()
        let whole = run.disk.state
        let bytes = try #require(run.disk.bytes(fileName(27), .snapshots))
        for length in bytes.indices {
            run.disk.state = whole
            run.disk.tamper(fileName(27), .snapshots) { $0 = Array($0[..<length]) }
            let (recovered, follower) = try SnapshotRun.recover(run.disk).get()
            guard follower.records == run.records, recovered.report.snapshot == RecordIndex(rawValue: 17) else {
                return #expect(Bool(false), "length \(length): \(recovered.report)")
            }
        }
        run.disk.state = whole
        run.disk.tamper(fileName(27), .snapshots) { $0.append(0) }
        #expect(try SnapshotRun.recover(run.disk).get().recovered.report.snapshot == RecordIndex(rawValue: 17))
    }

    @Test("D14: with both snapshots damaged, or pieces that nobody knows, the whole log is read")
    func bothDamaged() throws {
        let run = try run()
        for index in [17, 27] as [UInt64] { run.disk.tamper(fileName(index), .snapshots) { $0[200] ^= 1 } }
        let (recovered, follower) = try SnapshotRun.recover(run.disk).get()
        #expect(follower.records == run.records)
        #expect(recovered.report.snapshot == nil)
        #expect(recovered.report.unusable.count == 2)
        let unknown = try SnapshotRun.recover(self.run().disk, knowsPieces: false).get()
        #expect(unknown.follower.records == run.records)
        #expect(unknown.recovered.report.unusable.count == 2)
    }

    @Test("D14: a snapshot that the disk cannot read is passed over like a rotten one")
    func unreadableSnapshot() throws {
        let run = try run()
        var reader = FailingSnapshotReader(disk: run.disk, unreadable: [RecordIndex(rawValue: 27)])
        var follower = ListFollower()
        let recovered = try LogScan.recover(SnapshotRun.identity, &reader, following: &follower)
        #expect(follower.records == run.records)
        #expect(recovered.report.snapshot == RecordIndex(rawValue: 17))
        #expect(recovered.report.unusable.count == 1)
        reader.unreadable.insert(RecordIndex(rawValue: 17))
        #expect(try LogScan.recover(SnapshotRun.identity, &reader, following: &follower).report.snapshot == nil)
        #expect(follower.records == run.records)
    }

    @Test("a piece that is too long makes no snapshot, and nothing else goes wrong")
    func pieceTooLong() throws {
        var run = try SnapshotRun()
        try run.commit(3)
        let piece = [UInt8](repeating: 0, count: LogLimits.pieceByteCountMax + 1)
        #expect(throws: SnapshotFailure.self) {
            _ = try run.keeper.save(
                SnapshotHeader(logID: LogFixture.logID, tail: run.log.machine.tail), bookDigest: 0
            ) { each throws(StorageFailure) in
                try each(piece)
            } check: { _ throws(RecordRefusal) in
            }
        }
        #expect(run.disk.names(.snapshots) == [])
        try run.snapshot()
        #expect(run.disk.names(.snapshots).count == 1)
    }

    @Test("D12: a log that ends before its snapshot was taken has lost records, and is refused with both numbers")
    func logRolledBack() throws {
        var run = try SnapshotRun()
        try run.commit(9)
        let older = run.disk.state
        try run.commit(8)
        try run.snapshot()
        let newer = run.disk.state
        var mixed = older
        let name = DiskState.Name(place: .snapshots, name: fileName(17))
        mixed.files.append(newer.files[try #require(newer.names[name])])
        mixed.names[name] = mixed.files.count - 1
        run.disk.state = mixed
        guard case .failure(.refused(let refusal)) = SnapshotRun.recover(run.disk) else {
            return #expect(Bool(false), "a log of 9 records was taken for one of 17")
        }
        switch refusal {
        case .endsBeforeSnapshot(_, _, RecordIndex(rawValue: 9), snapshot: RecordIndex(rawValue: 17)),
            .missingSegment:
            break
        default: #expect(Bool(false), "\(refusal)")
        }
    }

    @Test("D12: a snapshot of another history of the same log is refused by its chain")
    func anotherHistory() throws {
        var run = try SnapshotRun()
        try run.commit(5)
        try run.snapshot()
        var other = try SnapshotRun()
        for number in 0..<5 { _ = try other.log.commit([LogFixture.record(100 + number, byteCount: 300)]) }
        let name = DiskState.Name(place: .snapshots, name: fileName(5))
        other.disk.state.files.append(run.disk.state.files[try #require(run.disk.state.names[name])])
        other.disk.state.names[name] = other.disk.state.files.count - 1
        guard case .failure(.refused(.anotherHistory)) = SnapshotRun.recover(other.disk) else {
            return #expect(Bool(false), "another history was taken for this one")
        }
    }

    @Test(
        "D15: whichever operation of taking snapshots fails, in whatever way, recovery finds every acknowledged record",
        arguments: SimulatedDisk.Fault.allCases)
    func everyOperation(fault: SimulatedDisk.Fault) throws {
        var operation = 0
        var states = 0
        while true {
            operation += 1
            var run = try SnapshotRun()
            run.disk.fault = fault
            run.disk.failingOperation = run.disk.operationCount + operation
            let last = run.disk.operationCount + operation
            var hasFailed = false
            do {
                for count in [5, 4, 6] {
                    try run.commit(count)
                    do { try run.snapshot() } catch is SnapshotFailure {
                        // A snapshot that fails leaves the log as it was, which goes on.
                        hasFailed = true
                        if run.disk.isDown { break }
                    }
                }
            } catch {
                hasFailed = true
            }
            if run.disk.operationCount < last { break }
            #expect(hasFailed || fault == .noSpace, "operation \(operation) failed and nobody noticed")
            let state = run.disk.state
            for keepsAll in [true, false] {
                for nameChanges in 0...state.pending.count {
                    states += 1
                    let disk = SimulatedDisk()
                    disk.state = state
                    disk.losePower(keeping: { _ in keepsAll }, nameChanges: nameChanges)
                    switch SnapshotRun.recover(disk) {
                    case .failure(let failure): #expect(Bool(false), "\(fault) at \(operation): \(failure)")
                    case .success(let found):
                        let known = found.follower.records
                        #expect(
                            known.count >= run.records.count && Array(known.prefix(run.records.count)) == run.records,
                            "\(fault) at \(operation): \(known.count) of \(run.records.count)")
                    }
                }
            }
        }
        #expect(operation > 60)
        #expect(states > 120)
    }

    @Test("a snapshot that does not read back as it was written is not kept, covers nothing, and nothing goes for it")
    func unreadable() throws {
        var run = try SnapshotRun()
        try run.commit(9)
        run.disk.ignoresSync = true
        #expect(throws: SnapshotFailure.self) { try run.snapshot() }
        #expect(run.disk.names(.snapshots) == [])
        #expect(run.keeper.newest == nil)
        // Nor do the two that are good.
        run.disk.ignoresSync = false
        try run.snapshot()
        try run.commit(9)
        try run.snapshot()
        try run.commit(9)
        let covered = run.keeper.coveredBefore
        run.disk.ignoresSync = true
        #expect(throws: SnapshotFailure.self) { try run.snapshot() }
        #expect(run.disk.names(.snapshots) == [fileName(9), fileName(18)])
        #expect(run.keeper.newest?.index == RecordIndex(rawValue: 18))
        #expect(run.keeper.coveredBefore == covered)
    }
}
