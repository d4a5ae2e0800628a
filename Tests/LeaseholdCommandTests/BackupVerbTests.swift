import Foundation
import LeaseholdLog
import LeaseholdModel
import LeaseholdWire
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
        let restored = await Spoken.run(["backup", "restore", files.path("a"), "--state-dir", files.path("log")])
        #expect(restored.status == 0, "\(restored)")
        for words in [
            "to record 9,", "is gone", "every node is quarantined until its agent has reported", "incarnation",
        ] {
            #expect(restored.out.contains(words), "\(restored.out)")
        }
        let again = await Spoken.run(["backup", "restore", files.path("a"), "--state-dir", files.path("log")])
        #expect(again.status == 6 && again.error.contains("holds a log already"), "\(again)")
        // A key goes along if it is the one of this log.
        let origin = LedgerHead.origin(cluster: "demo", log: LogID(high: 1, low: 2))
        for (name, status) in [(origin, Int32(0)), (origin + "x", 6)] {
            let signer = try #require(LedgerSigner(name: name, seed: [UInt8](repeating: 3, count: 32)))
            try (signer.secretText + "\n").write(toFile: files.path("key"), atomically: true, encoding: .utf8)
            let arguments = [
                "backup", "restore", files.path("a"), "--state-dir", files.path("log-\(status)"), "--ledger-key",
                files.path("key"),
            ]
            let keyed = await Spoken.run(arguments)
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
        for (name, status, words) in [
            ("damaged", Int32(1), "is damaged"), ("text", 2, "is no backup"), ("none", 1, "open"),
        ] {
            let inspected = await Spoken.run(["backup", "inspect", files.path(name)])
            #expect(inspected.status == status && inspected.error.contains(words), "\(inspected)")
            let restored = await Spoken.run(["backup", "restore", files.path(name), "--state-dir", files.path("log")])
            #expect(restored.status == status, "\(restored)")
            #expect(!FileManager.default.fileExists(atPath: files.path("log")))
        }
    }

    @Test("pages that are not the log's own make no file")
    func badPages() async throws {
        let files = try Files()
        var pages = try Self.pages()
        let last = pages.removeLast()
        let missing = try await Spoken.run(["backup", "save", files.path("a")], on: Self.stub(pages))
        #expect(missing.status == 1 || missing.status == 7, "\(missing)")
        var wrong = last.bytes
        wrong[wrong.count - 400] ^= 1
        pages.append(
            BackupPage(
                cluster: last.cluster, log: last.log, segmentByteCount: last.segmentByteCount, end: last.end,
                place: last.place, bytes: wrong, next: nil))
        let changed = try await Spoken.run(["backup", "save", files.path("a")], on: Self.stub(pages))
        #expect(changed.status == 1 && changed.error.contains("no whole log"), "\(changed)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: files.folder.path) == [])
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
