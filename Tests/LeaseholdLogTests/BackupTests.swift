import LeaseholdChecksum
import LeaseholdLog
import LeaseholdModel
import LeaseholdSimulator
import Testing

@Suite("Backups")
struct BackupTests {
    private static let later: UInt32 = 1_800_000_001

    @Test(
        "a backup has every record in its own group, and the head, chain and bytes of the log",
        arguments: [0, 1, 7, 30])
    func whole(count: Int) throws {
        let run = try BackupRun(count)
        let (backup, records) = try BackupRun.read(run.backup()).get()
        #expect(records == run.records)
        #expect(backup.header.tail == run.tail)
        #expect(backup.header.identity == BackupRun.identity)
        #expect(backup.header.takenAt == BackupRun.takenAt)
        if count == 30 { #expect(run.tail.segment.rawValue > 3) }
    }

    @Test("what is committed and rolled while it is taken is not in it, and disturbs nothing")
    func besideTheWriter() throws {
        var run = try BackupRun(12)
        let end = run.tail
        let before = run.records
        var (writer, bytes) = BackupWriter.begin(
            BackupHeader(identity: BackupRun.identity, tail: end, takenAt: BackupRun.takenAt))
        var place: BackupPlace? = .beginning
        while let here = place {
            var pager = BackupPager(of: BackupRun.identity, run.disk)
            let page = try pager.page(at: here, before: end)
            bytes += try writer.piece(here, page.bytes)
            place = page.next
            try run.commit(5)
            try run.log.cover(before: run.tail.segment)
        }
        bytes += try writer.end(bookDigest: 77).bytes
        #expect(!run.disk.names(.archive).isEmpty)
        let (backup, records) = try BackupRun.read(bytes).get()
        #expect(records == before)
        #expect(backup.header.tail.head.index == RecordIndex(rawValue: 12))
    }

    @Test("D14: any changed byte is seen")
    func everyByte() throws {
        var run = try BackupRun(9)
        try run.log.sealIfIdle()
        let bytes = try run.backup()
        for offset in bytes.indices {
            var changed = bytes
            changed[offset] ^= 1 << UInt8(offset % 8)
            guard case .failure = BackupRun.read(changed) else {
                Issue.record("byte \(offset) may be anything")
                return
            }
        }
        #expect(bytes.count > 6_000)
    }

    @Test("D14: a file that ends early, at any length, or goes on too long is no backup")
    func everyLength() throws {
        let bytes = try BackupRun(9).backup()
        for length in bytes.indices {
            guard case .failure = BackupRun.read(Array(bytes[..<length])) else {
                Issue.record("\(length) of \(bytes.count) bytes are enough")
                return
            }
        }
        guard case .failure(.damaged(_, .long)) = BackupRun.read(bytes + [0]) else {
            Issue.record("a byte behind the end")
            return
        }
    }

    @Test("pieces out of order, missing, or of another length are refused, whatever their checksums say")
    func pieces() throws {
        let run = try BackupRun(20)
        let header = BackupHeader(identity: BackupRun.identity, tail: run.tail, takenAt: BackupRun.takenAt)
        let pages = try run.pages(before: run.tail)
        #expect(pages.count > 2)
        var (writer, _) = BackupWriter.begin(header)
        #expect(throws: BackupFailure.self) { try writer.piece(pages[1].place, pages[1].bytes) }
        _ = try writer.piece(pages[0].place, pages[0].bytes)
        #expect(throws: BackupFailure.self) { try writer.piece(pages[0].place, pages[0].bytes) }
        #expect(throws: BackupFailure.self) { try writer.piece(pages[2].place, pages[2].bytes) }
        #expect(throws: BackupFailure.self) { try writer.piece(pages[1].place, []) }
        #expect(throws: BackupFailure.self) {
            try writer.piece(pages[1].place, [UInt8](repeating: 0, count: BackupRun.identity.segmentByteCount + 1))
        }
        // And one that lacks the last pages has no end.
        #expect(throws: BackupFailure.self) { try writer.end(bookDigest: 77) }
    }

    @Test("a backup whose checksums are those of its bytes, and whose log is another's, is refused by the log's own")
    func forgedLog() throws {
        let run = try BackupRun(9)
        var pages = try run.pages(before: run.tail)
        pages[1].bytes[700] ^= 1
        var (writer, bytes) = BackupWriter.begin(
            BackupHeader(identity: BackupRun.identity, tail: run.tail, takenAt: BackupRun.takenAt))
        for page in pages { bytes += try writer.piece(page.place, page.bytes) }
        bytes += try writer.end(bookDigest: 77).bytes
        guard case .failure(.refused) = BackupRun.read(bytes) else {
            Issue.record("a forged record was taken")
            return
        }
    }

    @Test("a header that promises another end than the log has is refused")
    func anotherEnd() throws {
        let run = try BackupRun(3)
        let pages = try run.pages(before: run.tail)
        let end = run.tail
        // The same place in the log, and another head: of a log that grew by as many bytes.
        let other = try BackupRun(2)
        var (writer, bytes) = BackupWriter.begin(
            BackupHeader(
                identity: BackupRun.identity, tail: try twin(of: end, in: other), takenAt: BackupRun.takenAt))
        for page in pages { bytes += try writer.piece(page.place, page.bytes) }
        bytes += try writer.end(bookDigest: 77).bytes
        guard case .failure(.anotherEnd) = BackupRun.read(bytes) else {
            Issue.record("another head was taken")
            return
        }
    }

    /// The tail of another log that ends at the same place.
    private func twin(of end: LogTail, in run: BackupRun) throws -> LogTail {
        var run = run
        _ = try run.log.commit([LogFixture.record(99, byteCount: 300)])
        #expect(run.tail.offset == end.offset && run.tail.segment == end.segment && run.tail != end)
        return run.tail
    }

    // MARK: Restoring

    private func restored(_ bytes: [UInt8], as incarnation: UInt32 = later) throws -> SimulatedDisk {
        let disk = SimulatedDisk()
        let (backup, recovered, _) = try BackupRun.recover(bytes).get()
        _ = try SynchronousLog.restore(backup, recovered, as: incarnation, on: disk)
        return disk
    }

    @Test("a restored log has the head, chain and groups of the backup, goes on as a later incarnation, and is durable")
    func restore() throws {
        var run = try BackupRun(30)
        let bytes = try run.backup()
        let kept = run.records
        let end = run.tail
        try run.commit(7)
        let disk = try restored(bytes)
        disk.losePower(keeping: { _ in false })
        var records: [[UInt8]] = []
        var (log, recovered) = try SynchronousLog.open(BackupRun.identity, on: disk) {
            _, record throws(RecordRefusal) in
            records.append(record)
        }
        #expect(records == kept)
        #expect(recovered.report.head == end.head)
        #expect(recovered.report.logIncarnation == Self.later)
        #expect(recovered.report.end == .sealed)
        #expect(recovered.tail.segment == end.segment.next)
        #expect(recovered.tail.logIncarnation == Self.later)
        // It goes on, is read again, and a backup of it is a backup.
        log.enter(reign: Reign(rawValue: 3).next(in: Self.later))
        _ = try log.commit([[1, 2, 3]])
        let (again, _) = try LogScanning.records(of: disk)
        #expect(again == kept + [[1, 2, 3]])
    }

    @Test("a restored log can be backed up and restored again, each time as a later incarnation")
    func restoreTwice() throws {
        let run = try BackupRun(9)
        let once = try restored(try run.backup())
        var (log, _) = try SynchronousLog.open(BackupRun.identity, on: once) { _, _ throws(RecordRefusal) in }
        log.enter(reign: Reign(rawValue: 3).next(in: Self.later))
        _ = try log.commit([[1]])
        var pager = BackupPager(of: BackupRun.identity, once)
        let end = log.machine.tail
        var (writer, bytes) = BackupWriter.begin(
            BackupHeader(identity: BackupRun.identity, tail: end, takenAt: BackupRun.takenAt))
        var place: BackupPlace? = .beginning
        while let here = place {
            let page = try pager.page(at: here, before: end)
            bytes += try writer.piece(here, page.bytes)
            place = page.next
        }
        bytes += try writer.end(bookDigest: 77).bytes
        let twice = try restored(bytes, as: Self.later + 1)
        let (records, report) = try LogScanning.records(of: twice)
        #expect(records == run.records + [[1]])
        #expect(report.logIncarnation == Self.later + 1)
    }

    @Test("a restore that fails at any of its steps says how, and does nothing more (L7)")
    func brokenOff() throws {
        let run = try BackupRun(9)
        let bytes = try run.backup()
        let (backup, recovered, _) = try BackupRun.recover(bytes).get()
        let whole = SimulatedDisk()
        _ = try SynchronousLog.restore(backup, recovered, as: Self.later, on: whole)
        let count = whole.operationCount
        #expect(count > 20)
        let kinds: [(fault: SimulatedDisk.Fault, kinds: Set<StorageFailure.Kind>)] = [
            (.crash, [.other]), (.inputOutput, [.inputOutput]), (.noSpace, [.noSpace]), (.readOnly, [.readOnly]),
            (.short, [.short, .inputOutput]),
        ]
        #expect(kinds.map(\.fault) == SimulatedDisk.Fault.allCases)
        for operation in 1...count {
            for (fault, kinds) in kinds {
                let disk = SimulatedDisk()
                disk.failingOperation = operation
                disk.fault = fault
                let failure = #expect(throws: BackupFailure.self, "operation \(operation), \(fault)") {
                    _ = try SynchronousLog.restore(backup, recovered, as: Self.later, on: disk)
                }
                guard case .storage(let said) = failure, kinds.contains(said.kind) else {
                    Issue.record("operation \(operation), \(fault): \(failure.map { "\($0)" } ?? "nothing")")
                    return
                }
                #expect(disk.operationCount == operation)
            }
        }
    }

    @Test("what a lying disk loses of a restore is seen before anything is built on it")
    func lyingDisk() throws {
        let (backup, recovered, _) = try BackupRun.recover(try BackupRun(9).backup()).get()
        let whole = SimulatedDisk()
        _ = try SynchronousLog.restore(backup, recovered, as: Self.later, on: whole)
        let writes = whole.performed.enumerated().filter { if case .write = $0.element { true } else { false } }
        for (position, _) in writes {
            let disk = SimulatedDisk()
            disk.lie = (operation: position + 1, .flippedBit(9))
            #expect(throws: BackupFailure.self, "write \(position)") {
                _ = try SynchronousLog.restore(backup, recovered, as: Self.later, on: disk)
            }
        }
        #expect(writes.count > 5)
    }

    // MARK: Files that are none

    @Test("what does not begin as a backup is none, however short; what does and is newer says so")
    func noBackup() throws {
        for text in ["", "a", "hello\n", String(repeating: "a", count: 400)] {
            guard case .failure(.damaged(0, .magic)) = BackupRun.read(Array(text.utf8)) else {
                Issue.record("\(text) is not told from a backup")
                continue
            }
        }
        let bytes = try BackupRun(3).backup()
        guard case .failure(.damaged(0, .short)) = BackupRun.read(Array(bytes[..<199])) else {
            Issue.record("a header without its last byte")
            return
        }
        // Of another format version, and of another minimum reader version, each with its checksum.
        for (offset, version) in [(8, UInt8(2)), (12, 3)] {
            var newer = bytes
            newer[offset] = version
            let checksum = newer[8..<200].withUnsafeBytes { CRC32C.checksum(of: $0) }
            for place in 0..<4 { newer[4 + place] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * place)) }
            guard case .failure(.damaged(0, .newerFormat(UInt32(version), reader: 1))) = BackupRun.read(newer) else {
                Issue.record("version \(version) at \(offset) is not told")
                continue
            }
        }
    }

    // MARK: Pages

    @Test("a place that the log does not have is refused with where it ends")
    func outside() throws {
        let run = try BackupRun(20)
        let end = run.tail
        var pager = BackupPager(of: BackupRun.identity, run.disk)
        let last = BackupPlace(segment: end.segment.rawValue, offset: end.offset)
        for place in [
            last, BackupPlace(segment: 0, offset: 0), BackupPlace(segment: end.segment.rawValue + 1, offset: 0),
            BackupPlace(segment: 1, offset: 4_096), BackupPlace(segment: .max, offset: .max),
        ] {
            #expect(throws: PageRefusal.outside(place, end: last)) { try pager.page(at: place, before: end) }
        }
        #expect(try pager.page(at: BackupPlace(segment: 1, offset: 512), before: end).bytes.count > 512)
    }

    @Test("a page is never longer than a page, and the pages of a segment are its valid bytes")
    func pageSizes() throws {
        let identity = LogFixture.identity(segmentByteCount: 4_194_304, kind: .coordinator)
        let disk = SimulatedDisk()
        var log = try SynchronousLog.create(identity, on: disk)
        for number in 0..<3 { _ = try log.commit([LogFixture.record(number, byteCount: 900_000)]) }
        var pager = BackupPager(of: identity, disk)
        var bytes: [UInt8] = []
        var sizes: [Int] = []
        var place: BackupPlace? = .beginning
        while let here = place {
            let page = try pager.page(at: here, before: log.machine.tail)
            sizes.append(page.bytes.count)
            bytes += page.bytes
            place = page.next
        }
        #expect(sizes.count == 3 && sizes.allSatisfy { $0 <= Limits.backupPageByteCountMax }, "\(sizes)")
        #expect(bytes == Array(try #require(disk.bytes("0000000001.segment"))[..<log.machine.tail.offset]))
    }
}

/// What a disk's log says when it is read from its first byte on.
private enum LogScanning {
    static func records(of disk: SimulatedDisk) throws -> ([[UInt8]], LogReport) {
        var records: [[UInt8]] = []
        var scan = LogScan(identity: BackupRun.identity)
        var reader = disk
        let recovered = try scan.recover(&reader) { _, record throws(RecordRefusal) in records.append(record) }
        return (records, recovered.report)
    }
}
