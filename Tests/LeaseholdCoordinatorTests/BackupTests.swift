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

    /// The names in the folder, or in one below it.
    func names(_ name: String = "") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path(name)).sorted()
    }

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
    private static let later: UInt32 = 1_800_000_001

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
        let logIncarnation = try found.incarnation(at: Self.now, isClockVouchedFor: false)
        #expect(logIncarnation == 1_800_000_001)
        let restored = try found.restore(stateDirectory: directory, as: logIncarnation, signer: nil)
        #expect(restored.logIncarnation == logIncarnation)
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
        let bytes = try Data(contentsOf: URL(filePath: saved.path("a.backup")))
        // A record more, so that a backup of now is another one.
        try saved.commit(.tenantCreated(name: "one-more", quota: 1))
        var pager = BackupPager(of: saved.log.identity, try FileStorage(path: saved.log.path))
        let page = try pager.page(at: .beginning, before: saved.log.tail)
        let header = try BackupHeader.of(page, takenAt: Self.now).get()
        do {
            var draft = try BackupDraft(path: saved.path("a.backup"), mayReplace: true, header)
            try draft.take(page.place, Array(page.bytes.prefix(512)))
            // Another one at the same time is refused, and does not touch this one.
            let written = try Data(contentsOf: URL(filePath: saved.path("a.backup.new")))
            #expect(throws: BackupDraftFailure.file(.inUse(path: saved.path("a.backup.new")))) {
                _ = try BackupDraft(path: saved.path("a.backup"), mayReplace: true, header)
            }
            #expect(written.count > 512)
            #expect(try Data(contentsOf: URL(filePath: saved.path("a.backup.new"))) == written)
            let failure = #expect(throws: BackupDraftFailure.self) { _ = try draft.finish() }
            guard case .backup(.anotherEnd(expected: header.tail, _)) = failure else {
                Issue.record("\(failure.map { "\($0)" } ?? "it is a backup")")
                return
            }
        }
        #expect(try saved.names() == ["a.backup", "log"])
        #expect(try Data(contentsOf: URL(filePath: saved.path("a.backup"))) == bytes)
        // Nor is it in the way of the next, which has the record more.
        let next = try saved.save("a.backup", mayReplace: true)
        #expect(next.header.tail.head.index == before.header.tail.head.index.next)
    }

    @Test("a restore into a directory with anything in it is refused, and changes nothing there")
    func occupied() throws {
        let saved = try SavedLog(3)
        let backup = try saved.save("a.backup")
        #expect(throws: LogDirectoryFailure.holdsLog(path: saved.log.path, found: "0000000001.segment")) {
            _ = try backup.restore(stateDirectory: saved.log.path, as: Self.later, signer: nil)
        }
        let other = saved.path("photos")
        try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
        try Data([1]).write(to: URL(filePath: other + "/photo.jpeg"))
        #expect(throws: LogDirectoryFailure.notEmpty(path: other, found: "photo.jpeg")) {
            _ = try backup.restore(stateDirectory: other, as: Self.later, signer: nil)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: other) == ["photo.jpeg"])
    }

    /// A restore that is broken off when all but its last step is done.
    private func breakOff(_ file: String, in directory: String) throws {
        var copy = try Backup.read(FileSource(path: file)).backup
        let (recovered, _) = try CheckedBackup.replay(&copy)
        #expect(throws: LogDirectoryFailure.networkFilesystem(path: "here", name: "stop")) {
            try LogDirectory.restore(
                at: directory, copy, recovered, as: 7, holder: SavedLog.holder,
                complete: { () throws(LogDirectoryFailure) in throw .networkFilesystem(path: "here", name: "stop") })
        }
    }

    @Test("a restore that is broken off leaves no log; nobody takes it for one, and the next restore begins again")
    func noHalfLog() throws {
        let saved = try SavedLog(3)
        let backup = try saved.save("a.backup")
        let directory = saved.path("half")
        try breakOff(saved.path("a.backup"), in: directory)
        let left = try saved.names("half")
        #expect(left.contains("0000000001.segment") && left.contains("RESTORING"), "\(left)")
        #expect(!left.contains("IDENTITY"), "\(left)")
        var recovered = RecoveredBook()
        #expect(throws: LogDirectoryFailure.restoring(path: directory)) {
            _ = try LogDirectory.open(
                at: directory, expecting: LogExpectation(kind: .coordinator), holder: SavedLog.holder,
                following: &recovered)
        }
        #expect(throws: LogDirectoryFailure.restoring(path: directory)) {
            try LogDirectory.create(at: directory, backup.header.identity, holder: SavedLog.holder)
        }
        #expect(try saved.names("half") == left)
        // A segment that this backup does not have is a leaving too.
        try Data([1]).write(to: URL(filePath: directory + "/0000000009.segment"))
        _ = try backup.restore(stateDirectory: directory, as: Self.later, signer: nil)
        #expect(
            try saved.names("half") == [
                "0000000001.segment", "0000000002.segment", "IDENTITY", "LOCK", "archive", "ledger", "snapshots",
            ])
        let (log, _) = try LogDirectory.open(
            at: directory, expecting: LogExpectation(kind: .coordinator), holder: SavedLog.holder,
            following: &recovered)
        #expect(log.tail.logIncarnation == Self.later && recovered.book == backup.book)
    }

    @Test(
        "a restore clears away what a restore has left, and nothing else",
        arguments: ["photo.jpeg", "archive/1", "IDENTITY"])
    func onlyItsOwn(name: String) throws {
        let saved = try SavedLog(3)
        let backup = try saved.save("a.backup")
        let directory = saved.path("half")
        try breakOff(saved.path("a.backup"), in: directory)
        try Data([1]).write(to: URL(filePath: directory + "/" + name))
        let left = try saved.names("half")
        #expect(throws: LogDirectoryFailure.self) {
            _ = try backup.restore(stateDirectory: directory, as: Self.later, signer: nil)
        }
        #expect(try saved.names("half") == left)
        #expect(try Data(contentsOf: URL(filePath: directory + "/" + name)) == Data([1]))
        // And where no restore was under way, segments are nobody's to clear away.
        try FileManager.default.removeItem(atPath: directory + "/" + name)
        try FileManager.default.removeItem(atPath: directory + "/RESTORING")
        #expect(throws: LogDirectoryFailure.holdsParts(path: directory, found: "0000000001.segment")) {
            _ = try backup.restore(stateDirectory: directory, as: Self.later, signer: nil)
        }
    }

    @Test("a restored log has the key that was given, or the one that an earlier attempt has left, and none is lost")
    func keys() throws {
        let saved = try SavedLog(3)
        let backup = try saved.save("a.backup")
        let identity = backup.header.identity
        let origin = LedgerHead.origin(cluster: identity.cluster, log: identity.logID)
        let signers = try [UInt8(1), 2].map {
            try #require(LedgerSigner(name: origin, seed: [UInt8](repeating: $0, count: 32)))
        }
        let directory = saved.path("half")
        func key() throws -> String { try String(contentsOfFile: directory + "/ledger/key", encoding: .utf8) }
        try breakOff(saved.path("a.backup"), in: directory)
        try LedgerDirectory.adopt(signers[0], in: directory)
        #expect(throws: LogDirectoryFailure.ledger(.keyPresent(path: directory + "/ledger/key"))) {
            _ = try backup.restore(stateDirectory: directory, as: Self.later, signer: signers[1])
        }
        #expect(try key() == signers[0].secretText + "\n")
        #expect(throws: LogDirectoryFailure.restoring(path: directory)) { try LogDirectory.identity(at: directory) }
        let restored = try backup.restore(stateDirectory: directory, as: Self.later, signer: nil)
        #expect(restored.key == signers[0].key)
        #expect(try key() == signers[0].secretText + "\n")
        let other = try backup.restore(stateDirectory: saved.path("other"), as: Self.later, signer: signers[1])
        #expect(other.key == signers[1].key)
    }

    @Test("a file is restored once at a time, by whatever name it is opened")
    func claimed() throws {
        let saved = try SavedLog(3)
        _ = try saved.save("a.backup")
        try FileManager.default.createSymbolicLink(
            atPath: saved.path("link"), withDestinationPath: saved.path("a.backup"))
        var first: CheckedBackup? = try CheckedBackup.read(path: saved.path("a.backup"), forRestore: true)
        #expect(throws: BackupFailure.isBeingRestored) {
            _ = try CheckedBackup.read(path: saved.path("link"), forRestore: true)
        }
        _ = try CheckedBackup.read(path: saved.path("link"))
        withExtendedLifetime(first) { first = nil }
        let second = try CheckedBackup.read(path: saved.path("link"), forRestore: true)
        withExtendedLifetime(second) {}
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
