import LeaseholdLog
import LeaseholdModel
import LeaseholdSimulator

/// The bytes of a backup in memory.
struct BackupBytes: ByteReader {
    var bytes: [UInt8]

    func read(_ range: Range<Int>) throws(StorageFailure) -> [UInt8] {
        Array(bytes[range.clamped(to: 0..<bytes.count)])
    }
}

/// A coordinator's log of several small segments, and a backup of it as it is taken.
struct BackupRun {
    static let identity = LogFixture.identity(kind: .coordinator)
    static let takenAt = CalendarInstant(nanoseconds: 1_800_000_000_123_456_789)

    let disk = SimulatedDisk()
    var log: SynchronousLog<SimulatedDisk>
    var records: [[UInt8]] = []

    init(_ count: Int = 0) throws {
        log = try SynchronousLog.create(BackupRun.identity, on: disk)
        // A reign is in the log with its first frame.
        if count > 0 { log.enter(reign: Reign(rawValue: 3)) }
        try commit(count)
    }

    mutating func commit(_ count: Int, byteCount: Int = 300) throws {
        for _ in 0..<count {
            let record = LogFixture.record(records.count + 1, byteCount: byteCount)
            _ = try log.commit([record])
            records.append(record)
        }
    }

    var tail: LogTail { log.machine.tail }

    /// The pages of the log up to an end, one after the other, `between` each two.
    func pages(
        before end: LogTail, between: () throws -> Void = {}
    ) throws -> [(place: BackupPlace, bytes: [UInt8])] {
        var pages: [(place: BackupPlace, bytes: [UInt8])] = []
        var place: BackupPlace? = .beginning
        while let here = place {
            var pager = BackupPager(of: BackupRun.identity, disk)
            let page = try pager.page(at: here, before: end)
            pages.append((here, page.bytes))
            place = page.next
            try between()
        }
        return pages
    }

    /// A whole backup; its pieces are short, so that there are many of them.
    func backup(pieceByteCount: Int = 700) throws -> [UInt8] {
        let end = tail
        var (writer, bytes) = BackupWriter.begin(
            BackupHeader(identity: BackupRun.identity, tail: end, takenAt: BackupRun.takenAt))
        for page in try pages(before: end) {
            for start in stride(from: 0, to: page.bytes.count, by: pieceByteCount) {
                let place = BackupPlace(segment: page.place.segment, offset: page.place.offset + start)
                bytes += try writer.piece(
                    place, Array(page.bytes[start..<min(page.bytes.count, start + pieceByteCount)]))
            }
        }
        return bytes + (try writer.end(bookDigest: 77).bytes)
    }

    /// What a backup is found to be: its records, or why it is none.
    static func read(_ bytes: [UInt8]) -> Result<(Backup<BackupBytes>, [[UInt8]]), BackupFailure> {
        recover(bytes).map { ($0.0, $0.2) }
    }

    /// A backup, what its log was recovered as, and its records; or why it is none.
    static func recover(
        _ bytes: [UInt8]
    ) -> Result<(Backup<BackupBytes>, RecoveredLog, [[UInt8]]), BackupFailure> {
        var records: [[UInt8]] = []
        do throws(BackupFailure) {
            var (backup, sum) = try Backup.read(BackupBytes(bytes: bytes))
            guard sum.bookDigest == 77 else { throw .bookDigest(expected: 77, actual: sum.bookDigest) }
            let recovered = try backup.recover { _, record throws(RecordRefusal) in records.append(record) }
            return .success((backup, recovered, records))
        } catch {
            return .failure(error)
        }
    }
}
