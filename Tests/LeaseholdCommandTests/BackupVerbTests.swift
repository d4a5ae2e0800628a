import Foundation
import LeaseholdChecksum
import LeaseholdLog
import LeaseholdModel
import LeaseholdPlatform
import LeaseholdWire
import Synchronization
import Testing

/// `leasectl backup`, from files and answers to words and exit status.
@Suite("leasectl backup")
struct BackupVerbTests {
    /// A folder of a test's own, and a log of one record in memory, page by page.
    private final class Files {
        let folder = URL(filePath: "/tmp/leasehold-backups-\(UUID().uuidString)", directoryHint: .isDirectory)

        init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

        deinit {
            do { try FileManager.default.removeItem(at: folder) } catch { Issue.record("\(folder): \(error)") }
        }

        func path(_ name: String) -> String { folder.appending(path: name).path }

        func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() }
    }

    /// A clock that is a second later at every look, from the instant of every test on.
    private final class Ticking: Sendable {
        private let seconds = Mutex<Int64>(0)

        var now: @Sendable () -> CalendarInstant {
            { [self] in
                seconds.withLock { looks in
                    looks += 1
                    return Spoken.now + .seconds(looks)
                }
            }
        }
    }

    private static func restore(
        _ arguments: [String], at now: (@Sendable () -> CalendarInstant)? = nil
    ) async -> Spoken {
        await Spoken.run(["backup", "restore"] + arguments, now: now ?? Ticking().now)
    }

    /// A coordinator that answers with the pages of a log that it has in memory.
    private static func stub(_ pages: [BackupPage]) -> StubCoordinator {
        StubCoordinator { asked in
            guard case .askLog(.page(let place)) = asked.envelope.request,
                let page = pages.first(where: { $0.place == place })
            else { return [.reply(.refused(.notServing(reason: "not in this test")))] }
            return [.reply(.backupPage(page))]
        }
    }

    /// A log of some records, in pages of 512 bytes.
    private static func pages() throws -> [BackupPage] {
        let disk = MemoryDisk()
        let identity = LogIdentity(
            cluster: "demo", logID: LogID(high: 1, low: 2), kind: .coordinator, segmentByteCount: 4_096)
        var log = try SynchronousLog.create(identity, on: disk)
        for number in 1...9 as ClosedRange<UInt64> {
            let entry = LogEntry(
                index: RecordIndex(rawValue: number), at: Spoken.now, principal: .coordinator, request: nil,
                record: .tenantCreated(name: "t\(number)", quota: 1))
            _ = try log.commit([RecordCodec.encode(entry)])
        }
        var pages: [BackupPage] = []
        var place: BackupPlace? = .beginning
        while let here = place {
            var pager = BackupPager(of: identity, disk)
            let page = try pager.page(at: here, before: log.machine.tail)
            pages.append(page)
            place = page.next
        }
        return pages
    }

    @Test("saved, inspected and restored, each says what it did")
    func allThree() async throws {
        let files = try Files()
        let pages = try Self.pages()
        #expect(pages.count > 1)
        let stub = Self.stub(pages)
        let saved = try await Spoken.run(["backup", "save", files.path("a")], on: stub)
        #expect(saved.status == 0, "\(saved)")
        #expect(saved.out == "saved records 1 to 9 of cluster demo in \(files.path("a")), read back whole\n")
        let inspected = await Spoken.run(["backup", "inspect", files.path("a")])
        #expect(inspected.status == 0 && inspected.out.contains("index        9\n"), "\(inspected)")
        let json = await Spoken.run(["backup", "inspect", files.path("a"), "-o", "json"])
        #expect(json.out.contains(#""headIndex":"9""#) && json.out.contains(#""records":"9""#), "\(json)")
        let restored = await Self.restore([files.path("a"), "--state-dir", files.path("log")])
        #expect(restored.status == 0, "\(restored)")
        for words in [
            "to record 9,", "is gone", "every node is quarantined until its agent has reported", "incarnation",
        ] {
            #expect(restored.out.contains(words), "\(restored.out)")
        }
        let again = await Self.restore([files.path("a"), "--state-dir", files.path("log")])
        #expect(again.status == 6 && again.error.contains("holds a log already"), "\(again)")
        // A key goes along if it is the one of this log.
        let origin = LedgerHead.origin(cluster: "demo", log: LogID(high: 1, low: 2))
        for (name, status) in [(origin, Int32(0)), (origin + "x", 6)] {
            let signer = try #require(LedgerSigner(name: name, seed: [UInt8](repeating: 3, count: 32)))
            try (signer.secretText + "\n").write(toFile: files.path("key"), atomically: true, encoding: .utf8)
            let keyed = await Self.restore(
                [files.path("a"), "--state-dir", files.path("log-\(status)"), "--ledger-key", files.path("key")])
            #expect(keyed.status == status, "\(keyed)")
            let kept = FileManager.default.contents(atPath: files.path("log-\(status)") + "/ledger/key")
            #expect(kept == (status == 0 ? Data((signer.secretText + "\n").utf8) : nil))
        }
        let twice = try await Spoken.run(["backup", "save", files.path("a")], on: stub)
        #expect(twice.status == 6 && twice.error.contains("--force"), "\(twice)")
        let forced = try await Spoken.run(["backup", "save", files.path("a"), "--force"], on: stub)
        #expect(forced.status == 0, "\(forced)")
        // A link is there too, wherever it leads.
        try FileManager.default.createSymbolicLink(atPath: files.path("link"), withDestinationPath: files.path("away"))
        let link = try await Spoken.run(["backup", "save", files.path("link")], on: Self.stub(Self.pages()))
        #expect(link.status == 6 && link.error.contains("is there already"), "\(link)")
        // And is not written through or replaced, whatever is forced; nor does a draft go through one, or stay open to all.
        let replaced = try await Spoken.run(
            ["backup", "save", files.path("link"), "--force"], on: Self.stub(Self.pages()))
        #expect(replaced.status == 6 && replaced.error.contains("is not a plain file"), "\(replaced)")
        try Data("mine".utf8).write(to: URL(filePath: files.path("victim")))
        try FileManager.default.createSymbolicLink(
            atPath: files.path("b.new"), withDestinationPath: files.path("victim"))
        let through = try await Spoken.run(["backup", "save", files.path("b")], on: Self.stub(Self.pages()))
        #expect(through.status == 6 && through.error.contains("is not a plain file"), "\(through)")
        #expect(FileManager.default.contents(atPath: files.path("victim")) == Data("mine".utf8))
        try Data("left".utf8).write(to: URL(filePath: files.path("c.new")))
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: files.path("c.new"))
        let over = try await Spoken.run(["backup", "save", files.path("c")], on: Self.stub(Self.pages()))
        #expect(over.status == 0, "\(over)")
        let mode = try FileManager.default.attributesOfItem(atPath: files.path("c"))[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test("a damaged file, a missing one and one that is none have statuses of their own, and restore nothing")
    func badFiles() async throws {
        let files = try Files()
        _ = try await Spoken.run(["backup", "save", files.path("a")], on: Self.stub(Self.pages()))
        var bytes = try Data(contentsOf: URL(filePath: files.path("a")))
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: URL(filePath: files.path("damaged")))
        try Data(repeating: 0x61, count: 400).write(to: URL(filePath: files.path("text")))
        try Data("short\n".utf8).write(to: URL(filePath: files.path("short")))
        try Data(bytes.prefix(100)).write(to: URL(filePath: files.path("cut")))
        try FileManager.default.createDirectory(atPath: files.path("folder"), withIntermediateDirectories: false)
        #expect(mkfifo(files.path("pipe"), 0o600) == 0)
        var newer = bytes
        newer[8] = 2
        let checksum = Array(newer[8..<200]).withUnsafeBytes { CRC32C.checksum(of: $0) }
        for place in 0..<4 { newer[4 + place] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * place)) }
        try newer.write(to: URL(filePath: files.path("newer")))
        for (name, status, words) in [
            ("damaged", Int32(1), "is damaged"), ("text", 2, "is no backup"), ("short", 2, "is no backup"),
            ("cut", 1, "is damaged"), ("none", 1, "no such file"), ("folder", 2, "not a plain file"),
            ("pipe", 2, "not a plain file"),
            ("newer", 2, "it is of format 2, and this leasectl reads none above 1\n  try: the leasectl of the version"),
        ] {
            let inspected = await Spoken.run(["backup", "inspect", files.path(name)])
            #expect(inspected.status == status && inspected.error.contains(words), "\(inspected)")
            let restored = await Self.restore([files.path(name), "--state-dir", files.path("log")])
            #expect(restored.status == status, "\(restored)")
            #expect(!FileManager.default.fileExists(atPath: files.path("log")))
        }
    }

    /// A page in which something is not as it was.
    private static func changed(
        _ page: BackupPage, log: LogID? = nil, end: BackupEnd? = nil, place: BackupPlace? = nil, bytes: [UInt8]? = nil
    ) -> BackupPage {
        BackupPage(
            cluster: page.cluster, log: log ?? page.log, segmentByteCount: page.segmentByteCount, end: end ?? page.end,
            place: place ?? page.place, bytes: bytes ?? page.bytes, next: page.next)
    }

    @Test("pages that are not the log's own make no file, and each says why")
    func badPages() async throws {
        let pages = try Self.pages()
        #expect(pages.count == 2)
        let (first, last) = (pages[0], pages[1])
        // A bit of a record; a frame's padding would do as well.
        var wrong = last.bytes
        wrong[140] ^= 1
        let end = last.end
        let earlier = BackupEnd(
            place: BackupPlace(segment: end.place.segment, offset: end.place.offset - 512), base: end.base,
            head: end.head, reign: end.reign, logIncarnation: end.logIncarnation)
        let restored = BackupEnd(
            place: end.place, base: end.base, head: end.head, reign: end.reign, logIncarnation: end.logIncarnation + 1)
        let unending = BackupEnd(
            place: end.place, base: .max, head: end.head, reign: end.reign, logIncarnation: end.logIncarnation)
        let cases: [(pages: [BackupPage], status: Int32, words: String)] = [
            (pages, 0, ""),
            ([first], 7, "not in this test"),
            ([first, Self.changed(last, bytes: wrong)], 1, "what came is no whole log"),
            ([first, Self.changed(last, bytes: Array(last.bytes.dropLast(512)))], 1, "what came is no whole log"),
            ([first, Self.changed(last, bytes: [])], 1, "a piece of 16 bytes"),
            ([first, Self.changed(last, log: LogID(high: 9, low: 9))], 1, "went on with another log"),
            ([first, Self.changed(last, end: earlier)], 1, "went on with another log"),
            ([first, Self.changed(last, end: restored)], 1, "went on with another log"),
            ([Self.changed(first, end: unending), last], 1, "went on with another log"),
        ]
        for (number, (pages, status, words)) in cases.enumerated() {
            let files = try Files()
            let saved = try await Spoken.run(["backup", "save", files.path("a")], on: Self.stub(pages))
            #expect(
                saved.status == status && (words.isEmpty || saved.error.contains(words)), "case \(number): \(saved)")
            #expect(try files.names() == (status == 0 ? ["a"] : []), "case \(number)")
        }
        // An answer about another place is none.
        let files = try Files()
        let stub = StubCoordinator { _ in [.reply(.backupPage(last))] }
        let elsewhere = try await Spoken.run(["backup", "save", files.path("a")], on: stub)
        #expect(elsewhere.status == 1 && elsewhere.error.contains("was answered with something else"), "\(elsewhere)")
    }

    // MARK: Restoring

    @Test("two restores of one backup are two incarnations, the later the higher, however near they are")
    func twoRestores() async throws {
        let files = try Files()
        _ = try await Spoken.run(["backup", "save", files.path("a")], on: Self.stub(Self.pages()))
        // A clock that is looked at twice by each restore, and shows every second for six looks.
        let looks = Mutex<Int64>(0)
        let slow: @Sendable () -> CalendarInstant = {
            looks.withLock { looks in
                looks += 1
                return Spoken.now + .seconds(1 + looks / 6)
            }
        }
        var incarnations: [UInt32] = []
        for name in ["one", "two", "three"] {
            let restored = await Self.restore(
                [files.path("a"), "--state-dir", files.path(name), "-o", "json"], at: slow)
            #expect(restored.status == 0, "\(restored)")
            let identity = try LogDirectory.identity(at: files.path(name))
            #expect(identity.cluster == "demo")
            let (_, verdict) = try LogDirectory.verify(at: files.path(name))
            incarnations.append(verdict.report.logIncarnation)
            #expect(verdict.isGood && restored.out.contains(#""logIncarnation":"\#(verdict.report.logIncarnation)""#))
        }
        #expect(Set(incarnations).count == 3 && incarnations == incarnations.sorted(), "\(incarnations)")
    }

    @Test("a clock that is behind the backup is refused, unless it is vouched for")
    func clockBehind() async throws {
        let files = try Files()
        _ = try await Spoken.run(["backup", "save", files.path("a")], on: Self.stub(Self.pages()))
        let looks = Mutex<Int64>(0)
        let behind: @Sendable () -> CalendarInstant = {
            looks.withLock { looks in
                looks += 1
                return CalendarInstant(nanoseconds: (1_770_000_000 + looks) * 1_000_000_000)
            }
        }
        let arguments = [files.path("a"), "--state-dir", files.path("log")]
        let refused = await Self.restore(arguments, at: behind)
        #expect(
            refused.status == 6 && refused.error.contains("the backup was taken at 2026-11-21T04:32:52Z")
                && refused.error.contains("--clock-is-right"), "\(refused)")
        #expect(try files.names() == ["a"])
        let vouched = await Self.restore(arguments + ["--clock-is-right"], at: behind)
        #expect(vouched.status == 0, "\(vouched)")
    }

    @Test("what is in the way of a restore is said with what to do about it, and to scripts as an object")
    func advice() async throws {
        let files = try Files()
        _ = try await Spoken.run(["backup", "save", files.path("a")], on: Self.stub(Self.pages()))
        let backup = try Data(contentsOf: URL(filePath: files.path("a")))
        for (name, file) in [("photos", "photo.jpeg"), ("parts", "0000000001.segment"), ("left", "RESTORING")] {
            try FileManager.default.createDirectory(atPath: files.path(name), withIntermediateDirectories: false)
            try Data([1]).write(to: URL(filePath: files.path(name) + "/" + file))
        }
        let cases: [(directory: String, status: Int32, words: String, advice: String)] = [
            ("a", 6, "a part of the path is a file", "a --state-dir that is a directory, or not there yet"),
            ("a/log", 6, "a part of the path is a file", "a --state-dir that is a directory, or not there yet"),
            ("photos", 6, "photos is not empty (photo.jpeg)", "another --state-dir"),
            ("parts", 6, "holds what is left of a log (0000000001.segment)", "empty it, if nothing in it is needed"),
            ("left", 0, "", ""),
        ]
        for (directory, status, words, advice) in cases {
            let arguments = [files.path("a"), "--state-dir", files.path(directory)]
            let said = await Self.restore(arguments)
            #expect(said.status == status, "\(said)")
            guard status == 6 else { continue }
            #expect(said.error.contains(words) && said.error.contains(advice), "\(said)")
            let object = await Self.restore(arguments + ["-o", "json"])
            #expect(object.status == 6 && object.error.isEmpty, "\(object)")
            #expect(object.out.hasPrefix(#"{"refused":{"code":"wrongState","message":""#), "\(object)")
            #expect(object.out.contains(advice) && object.out.hasSuffix("\"exitStatus\":6}}\n"), "\(object)")
        }
        #expect(try Data(contentsOf: URL(filePath: files.path("a"))) == backup)
        let there = try await Spoken.run(
            ["backup", "save", files.path("a"), "-o", "json"], on: Self.stub(Self.pages()))
        #expect(there.status == 6 && there.out.hasPrefix(#"{"refused":{"code":"alreadyThere""#), "\(there)")
        let nowhere = try await Spoken.run(["backup", "save", files.path("no/a")], on: Self.stub(Self.pages()))
        #expect(nowhere.status == 1 && nowhere.error.contains("make the directory first"), "\(nowhere)")
    }

    @Test("a tenant, who may not take a backup, is told what is a tenant's")
    func tenants() async throws {
        let files = try Files()
        let stub = StubCoordinator { _ in
            [.reply(.refused(.notAllowed(principal: "tenant/acme", action: "take a backup")))]
        }
        let said = try await Spoken.run(["backup", "save", files.path("a")], on: stub)
        #expect(said.status == 4 && said.error.contains("leasectl ledger head, prove and export"), "\(said)")
        #expect(try files.names() == [])
    }

    @Test("on a terminal inspect and restore say how far they are; for scripts and in a pipe they are quiet")
    func progress() async throws {
        let files = try Files()
        _ = try await Spoken.run(["backup", "save", files.path("a")], on: Self.stub(Self.pages()))
        let inspect = ["backup", "inspect", files.path("a")]
        let restore = ["backup", "restore", files.path("a"), "--state-dir"]
        let seen = await Spoken.run(inspect, isErrorTerminal: true)
        #expect(seen.status == 0 && seen.error.contains("checked record 9 of 9"), "\(seen)")
        #expect(seen.error.hasSuffix("\r\u{1B}[K"))
        let made = await Spoken.run(restore + [files.path("log-1")], isErrorTerminal: true, now: Ticking().now)
        #expect(made.status == 0 && made.error.contains("made segment 2 of 2"), "\(made)")
        for arguments in [inspect + ["-o", "json"], restore + [files.path("log-2"), "-o", "json"]] {
            let quiet = await Spoken.run(arguments, isErrorTerminal: true, now: Ticking().now)
            #expect(quiet.status == 0 && quiet.error.isEmpty, "\(quiet)")
        }
        let piped = await Spoken.run(inspect)
        #expect(piped.status == 0 && piped.error.isEmpty, "\(piped)")
    }
}

/// The segments of a log in memory: as much of a disk as making one takes.
private final class MemoryDisk: LogStorage {
    private var files: [String: [UInt8]] = [:]

    func perform(_ operation: StorageOperation) throws(StorageFailure) {
        switch operation {
        case .prepare(let number, let byteCount):
            files[number.temporaryName] = [UInt8](repeating: 0, count: byteCount)
        case .write(.segment(let number), let offset, let bytes):
            files[number.fileName]?.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        case .write(.temporary(let number), let offset, let bytes):
            files[number.temporaryName]?.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        case .publish(let number): files[number.fileName] = files.removeValue(forKey: number.temporaryName)
        case .sync, .archive, .syncDirectory, .discardTemporaries, .saveTorn, .beginSnapshot, .appendSnapshot,
            .syncSnapshot, .publishSnapshot, .dropSnapshot, .removeSnapshot:
            break
        }
    }

    func listSegments() throws(StorageFailure) -> [SegmentFile] {
        files.compactMap { name, bytes in
            SegmentNumber(fileName: name).map { SegmentFile(number: $0, place: .live, byteCount: bytes.count) }
        }
    }

    func read(_ file: SegmentFile, _ range: Range<Int>) throws(StorageFailure) -> [UInt8] {
        Array(files[file.number.fileName, default: []][range])
    }

    func settleSnapshot(_ index: RecordIndex) throws(StorageFailure) {}
    func settleBeforeReading() throws(StorageFailure) {}
}
