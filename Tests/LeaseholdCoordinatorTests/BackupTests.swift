import Foundation
import LeaseholdBroker
import LeaseholdCoordinator
import LeaseholdLog
import LeaseholdModel
import LeaseholdPlatform
import Testing

/// A coordinator's log in a directory, of several segments, and the book that its records make.
private final class SavedLog {
    let folder: URL
    let log: LogDirectory
    var book = LeaseBook()

    static var holder: LockHolder {
        get throws { try LockHolder.current(role: "test", incarnation: Incarnation.random()) }
    }

    init(_ count: Int) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "leasehold-backup-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let path = folder.appending(path: "log").path
        let identity = LogIdentity(
            cluster: "colossus-1", logID: .random(), kind: .coordinator, segmentByteCount: 65_536)
        try LogDirectory.create(at: path, identity, holder: SavedLog.holder)
        log = try LogDirectory.open(
            at: path, expecting: LogExpectation(kind: .coordinator), holder: SavedLog.holder
        ) { _, _ throws(RecordRefusal) in
        }.log
        log.enter(reign: Reign(rawValue: 1))
        let began = ReignBegan(
            reign: Reign(rawValue: 1), incarnation: Incarnation(high: 0, low: 1), boot: BootID(high: 0, low: 1),
            holds: .standard)
        try commit(.reignBegan(began))
        for number in 0..<count { try commit(.tenantCreated(name: "tenant-\(number)", quota: UInt32(number))) }
    }

    deinit {
        do { try FileManager.default.removeItem(at: folder) } catch { Issue.record("\(folder): \(error)") }
    }

    func commit(_ record: Record) throws {
        let entry = LogEntry(
            index: book.head.next, at: CalendarInstant(nanoseconds: Int64(book.head.rawValue) * 1_000),
            principal: .coordinator, request: nil, record: record)
        book.evolve(entry)
        _ = try log.commit([RecordCodec.encode(entry)])
    }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    /// Takes a backup page by page, as `leasectl backup save` does.
    func save(_ name: String, mayReplace: Bool = false) throws -> CheckedBackup {
        var pager = BackupPager(of: log.identity, try FileStorage(path: log.path))
        let end = log.tail
        var page = try pager.page(at: .beginning, before: end)
        let first = page
        let header = try BackupHeader.of(page, takenAt: CalendarInstant(nanoseconds: 1_800_000_000_000_000_000)).get()
        var draft = try BackupDraft(path: path(name), mayReplace: mayReplace, header)
        while true {
            try draft.take(page.place, page.bytes(before: first.end))
            guard let next = page.next, next < first.end.place else { return try draft.finish() }
            // The log goes on meanwhile, and what comes is not in the backup.
            try commit(.tenantCreated(name: "late-\(next.segment)-\(name)", quota: 1))
            page = try pager.page(at: next, before: log.tail)
        }
    }
}

@Suite("Backups of a coordinator's log")
struct BackupTests {
    private static let now = CalendarInstant(nanoseconds: 1_800_000_001_000_000_000)

    @Test("save, inspect, restore and open: the same book and head, a later incarnation, a higher reign")
    func roundTrip() throws {
        let saved = try SavedLog(900)
        let (digest, tail) = (saved.book.digest(), saved.log.tail)
        #expect(tail.segment.rawValue > 2)
        let backup = try saved.save("a.backup")
        #expect(saved.log.head.index > tail.head.index, "the log went on")
        let found = try CheckedBackup.read(path: saved.path("a.backup"))
        #expect(found.header == backup.header)
        #expect(found.header.tail == tail)
        #expect(found.book.digest() == digest)
        #expect(found.report.recordCount == 901)

        let directory = saved.path("restored")
        let restored = try found.restore(stateDirectory: directory, at: Self.now)
        #expect(restored.logIncarnation == 1_800_000_001)
        #expect(restored.head == tail.head)
        var recovered = RecoveredBook()
        let (log, report) = try LogDirectory.open(
            at: directory, expecting: LogExpectation(kind: .coordinator, logID: saved.log.identity.logID),
            holder: SavedLog.holder, following: &recovered)
        #expect(log.identity == saved.log.identity)
        #expect(log.head == tail.head)
        #expect(report.report.logIncarnation == restored.logIncarnation)
        #expect(recovered.book.digest() == digest)
        #expect(recovered.book == found.book)
        #expect(restored.nextReign == recovered.book.reign.next(in: log.tail.logIncarnation))
        #expect(restored.nextReign > Reign(rawValue: .max >> 32))
        #expect(try LogDirectory.verify(at: directory).verdict.isGood)
    }

    @Test("a file that is there is replaced only if asked to, and a broken-off draft is no backup and in nobody's way")
    func replacing() throws {
        let saved = try SavedLog(3)
        try Data([1]).write(to: URL(filePath: saved.path("a.backup.new")))
        _ = try saved.save("a.backup")
        #expect(throws: BackupDraftFailure.file(.exists(path: saved.path("a.backup")))) {
            _ = try saved.save("a.backup")
        }
        try saved.commit(.tenantCreated(name: "one-more", quota: 1))
        #expect(try saved.save("a.backup", mayReplace: true).report.recordCount == 5)
        #expect(!FileManager.default.fileExists(atPath: saved.path("a.backup.new")))
    }

    @Test("a draft that does not come to its end leaves what was there, and nothing of itself")
    func brokenOff() throws {
        let saved = try SavedLog(3)
        let before = try saved.save("a.backup")
        do {
            var pager = BackupPager(of: saved.log.identity, try FileStorage(path: saved.log.path))
            let page = try pager.page(at: .beginning, before: saved.log.tail)
            var draft = try BackupDraft(path: saved.path("a.backup"), mayReplace: true, before.header)
            // Another one at the same time is refused, and does not touch this one.
            #expect(throws: BackupDraftFailure.file(.inUse(path: saved.path("a.backup.new")))) {
                _ = try BackupDraft(path: saved.path("a.backup"), mayReplace: true, before.header)
            }
            try draft.take(page.place, Array(page.bytes.prefix(512)))
            #expect(throws: BackupDraftFailure.self) { _ = try draft.finish() }
        }
        #expect(!FileManager.default.fileExists(atPath: saved.path("a.backup.new")))
        #expect(try CheckedBackup.read(path: saved.path("a.backup")).header == before.header)
    }

    @Test("a restore into a directory with anything in it is refused, and changes nothing there")
    func occupied() throws {
        let saved = try SavedLog(3)
        let backup = try saved.save("a.backup")
        #expect(throws: LogDirectoryFailure.holdsLog(path: saved.log.path, found: "0000000001.segment")) {
            _ = try backup.restore(stateDirectory: saved.log.path, at: Self.now)
        }
        let other = saved.path("photos")
        try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
        try Data([1]).write(to: URL(filePath: other + "/photo.jpeg"))
        #expect(throws: LogDirectoryFailure.notEmpty(path: other, found: "photo.jpeg")) {
            _ = try backup.restore(stateDirectory: other, at: Self.now)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: other) == ["photo.jpeg"])
    }

    @Test("a restore that is broken off before its last step leaves no log, and nobody takes it for one")
    func noHalfLog() throws {
        let saved = try SavedLog(3)
        let backup = try saved.save("a.backup")
        let directory = saved.path("half")
        let source = try FileSource(path: saved.path("a.backup"))
        #expect(throws: LogDirectoryFailure.networkFilesystem(path: "here", name: "stop")) {
            try LogDirectory.make(
                at: directory, backup.header.identity, holder: SavedLog.holder, allowingNetworkFilesystem: true
            ) { storage throws(LogDirectoryFailure) in
                do throws(BackupFailure) {
                    var copy = try Backup.read(source).backup
                    let recovered = try copy.recover { _, _ throws(RecordRefusal) in }
                    _ = try SynchronousLog.restore(copy, recovered, as: 7, on: storage)
                } catch {
                    throw .backup(error)
                }
                throw .networkFilesystem(path: "here", name: "stop")
            }
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: directory)
        #expect(names.contains("0000000001.segment") && !names.contains("IDENTITY"), "\(names)")
        var recovered = RecoveredBook()
        #expect(throws: LogDirectoryFailure.noLog(path: directory)) {
            _ = try LogDirectory.open(
                at: directory, expecting: LogExpectation(kind: .coordinator), holder: SavedLog.holder,
                following: &recovered)
        }
        #expect(throws: LogDirectoryFailure.holdsLog(path: directory, found: "0000000001.segment")) {
            _ = try backup.restore(stateDirectory: directory, at: Self.now)
        }
    }

    @Test("a book that is not the one of when the backup was taken is refused (L14)")
    func anotherBook() throws {
        let saved = try SavedLog(3)
        var pager = BackupPager(of: saved.log.identity, try FileStorage(path: saved.log.path))
        let page = try pager.page(at: .beginning, before: saved.log.tail)
        let header = try BackupHeader.of(page, takenAt: Self.now).get()
        var (writer, bytes) = BackupWriter.begin(header)
        bytes += try writer.piece(page.place, page.bytes)
        bytes += try writer.end(bookDigest: saved.book.digest() ^ 1).bytes
        try Data(bytes).write(to: URL(filePath: saved.path("b.backup")))
        #expect(
            throws: BackupFailure.bookDigest(expected: saved.book.digest() ^ 1, actual: saved.book.digest())
        ) {
            _ = try CheckedBackup.read(path: saved.path("b.backup"))
        }
    }
}
