import Foundation
import LeaseholdLog
import LeaseholdModel
import LeaseholdPlatform
import Testing

@Suite("A log in a directory")
struct LogDirectoryTests {
    private func record(_ number: Int) -> [UInt8] {
        Array("record \(number) ".utf8) + [UInt8](repeating: 7, count: number % 900)
    }

    @Test("init makes the directories, the first segment and, last, the identity")
    func create() throws {
        let scratch = try StorageScratch()
        try scratch.create()
        #expect(try scratch.names() == ["0000000001.segment", "IDENTITY", "LOCK", "archive", "snapshots"])
        #expect(try scratch.bytes("0000000001.segment").count == 65_536)
        #expect(try LogDirectory.identity(at: scratch.log) == StorageScratch.identity())
        let text = String(decoding: try scratch.bytes("IDENTITY"), as: UTF8.self)
        #expect(text.hasPrefix("leasehold-log 1\ncluster colossus-1\nlog 0191e7a0-7c3b-7d11-8a2e-5d3c1b2a9f00\n"))
    }

    @Test("init refuses a directory that holds a log, and leaves it as it was")
    func createTwice() throws {
        let scratch = try StorageScratch()
        try scratch.create()
        do {
            let log = try scratch.open().log
            _ = try log.commit([[1]])
            try log.close()
        }
        let before = try scratch.bytes("0000000001.segment")
        #expect(scratch.failure { try scratch.create() } == .holdsLog(path: scratch.log, found: "0000000001.segment"))
        #expect(try scratch.bytes("0000000001.segment") == before)
        // Nor does the loss of a single file make it look empty.
        try FileManager.default.removeItem(atPath: scratch.log + "/IDENTITY")
        #expect(scratch.failure { try scratch.create() } == .holdsParts(path: scratch.log, found: "0000000001.segment"))
    }

    @Test("init refuses a directory with other things in it, and not one with what a broken-off init left")
    func createInUsedDirectory() throws {
        let scratch = try StorageScratch()
        try FileManager.default.createDirectory(atPath: scratch.log, withIntermediateDirectories: true)
        try scratch.write([1], to: "0000000001.segment.tmp")
        try scratch.write([1], to: "LOCK")
        try scratch.create()
        let other = try StorageScratch()
        try FileManager.default.createDirectory(atPath: other.log, withIntermediateDirectories: true)
        try other.write([1], to: "photo.jpeg")
        #expect(other.failure { try other.create() } == .notEmpty(path: other.log, found: "photo.jpeg"))
        #expect(try other.names() == ["photo.jpeg"])
    }

    @Test("a log that was made before there were snapshots is opened without a place for them; the first one makes it")
    func beforeSnapshots() throws {
        let scratch = try StorageScratch()
        try scratch.create()
        try FileManager.default.removeItem(atPath: scratch.log + "/snapshots")
        let log = try scratch.open().log
        _ = try log.commit([[1]])
        #expect(try scratch.names() == ["0000000001.segment", "IDENTITY", "LOCK", "archive"])
        var keeper = SnapshotKeeper(
            identity: log.identity, storage: try FileStorage(path: scratch.log), used: nil)
        let header = SnapshotHeader(logID: log.identity.logID, tail: log.tail)
        _ = try keeper.save(header, bookDigest: 7) { each throws(StorageFailure) in
            try each([1, 2, 3])
        } check: { _ throws(RecordRefusal) in
        }
        #expect(try scratch.names("/snapshots") == ["0000000000000001.snapshot"])
        #expect(try LogDirectory.snapshots(at: scratch.log) == [header.index])
    }

    @Test("an empty or missing directory is not a new log, and stays empty")
    func openNothing() throws {
        let scratch = try StorageScratch()
        #expect(scratch.failure { _ = try scratch.open() } == .noLog(path: scratch.log))
        try FileManager.default.createDirectory(atPath: scratch.log, withIntermediateDirectories: true)
        #expect(scratch.failure { _ = try scratch.open() } == .noLog(path: scratch.log))
        #expect(try scratch.names() == [])
    }

    @Test("what was committed is there after the process is gone, over many segments; what is covered is archived")
    func roundTrip() throws {
        let scratch = try StorageScratch()
        try scratch.create()
        var all: [[UInt8]] = []
        for start in 0..<4 {
            let (log, recovered, records) = try scratch.open()
            #expect(records == all)
            #expect(recovered.report.head == log.head)
            log.enter(reign: recovered.report.reign.next)
            for number in 0..<150 {
                let group = (0...number % 3).map { record(start * 1_000 + number + $0) }
                all += group
                #expect(try log.commit(group).index.rawValue == UInt64(all.count))
            }
            // Half of the times it is closed in order, half of the times it simply ends.
            if start % 2 == 0 { try log.close() }
        }
        let (log, recovered, records) = try scratch.open()
        #expect(records == all)
        #expect(recovered.report.reign == Reign(rawValue: 4))
        #expect(recovered.report.segmentCount > 4)
        #expect(try scratch.names("/archive") == [])
        #expect(recovered.live.count == recovered.report.segmentCount)
        try log.cover(before: recovered.live[3])
        #expect(try scratch.names("/archive") == recovered.live[..<3].map(\.fileName))
        #expect(try scratch.names().filter { $0.hasSuffix(".segment") } == recovered.live[3...].map(\.fileName))
    }

    @Test("a second opener is refused and told who holds the log")
    func secondOpener() throws {
        let scratch = try StorageScratch()
        try scratch.create()
        let first = try scratch.open().log
        let holder = "\(StorageScratch.holder)"
        #expect(scratch.failure { _ = try scratch.open() } == .inUse(path: scratch.log, by: holder))
        #expect(holder.contains("process 4711"))
        try first.close()
        _ = try scratch.open()
    }

    @Test("another cluster, log or kind is refused with both names, before anything is touched")
    func anotherLog() throws {
        let scratch = try StorageScratch()
        try scratch.create()
        let other = LogID(high: 9, low: 9)
        #expect(
            scratch.failure {
                _ = try scratch.open(expecting: LogExpectation(kind: .coordinator, cluster: "colossus-2"))
            }
                == .anotherCluster(path: scratch.log, expected: "colossus-2", actual: "colossus-1"))
        #expect(
            scratch.failure { _ = try scratch.open(expecting: LogExpectation(kind: .coordinator, logID: other)) }
                == .anotherLog(path: scratch.log, expected: other, actual: StorageScratch.logID))
        #expect(
            scratch.failure { _ = try scratch.open(expecting: LogExpectation(kind: .journal)) }
                == .anotherKind(path: scratch.log, expected: .journal, actual: .coordinator))
    }

    @Test("every changed byte of the identity is noticed")
    func identityDamage() throws {
        let scratch = try StorageScratch()
        try scratch.create()
        let whole = try scratch.bytes("IDENTITY")
        for offset in whole.indices {
            var bytes = whole
            bytes[offset] ^= 0x04
            try scratch.write(bytes, to: "IDENTITY")
            guard case .identityDamaged = scratch.failure({ _ = try scratch.open() }) else {
                return #expect(Bool(false), "byte \(offset)")
            }
        }
        for byteCount in whole.indices {
            try scratch.write(Array(whole[..<byteCount]), to: "IDENTITY")
            guard case .identityDamaged = scratch.failure({ _ = try scratch.open() }) else {
                return #expect(Bool(false), "cut to \(byteCount)")
            }
        }
    }

    @Test("a torn tail is cut and copied aside, rot is refused, and verify says both without touching anything")
    func damage() throws {
        let scratch = try StorageScratch()
        try scratch.create()
        let log = try scratch.open().log
        _ = try log.commit([record(1)])
        _ = try log.commit([record(2)])
        try withExtendedLifetime(log) {
            let name = "0000000001.segment"
            let whole = try scratch.bytes(name)
            var rotten = whole
            rotten[700] ^= 1
            try scratch.write(rotten, to: name)
            guard case .damaged(let damage) = try LogDirectory.verify(at: scratch.log).verdict.refusal else {
                return #expect(Bool(false), "rot is not seen")
            }
            #expect(damage.offset == 512)
            var torn = whole
            torn[1_200] ^= 1
            try scratch.write(torn, to: name)
            guard case .cut = try LogDirectory.verify(at: scratch.log).verdict.report.end else {
                return #expect(Bool(false), "the torn tail is not seen")
            }
            #expect(try scratch.bytes(name) == torn)
        }
        try log.close()
        _ = try scratch.bytes("0000000001.segment")
    }

    @Test("rot is refused on opening; a torn tail is cut, and the next opening finds a whole log")
    func openDamaged() throws {
        let scratch = try StorageScratch()
        try scratch.create()
        do {
            let log = try scratch.open().log
            _ = try log.commit([record(1)])
            _ = try log.commit([record(2)])
        }
        let name = "0000000001.segment"
        let whole = try scratch.bytes(name)
        var rotten = whole
        rotten[700] ^= 1
        try scratch.write(rotten, to: name)
        guard case .refused(_, .damaged) = scratch.failure({ _ = try scratch.open() }) else {
            return #expect(Bool(false), "rot was accepted")
        }
        #expect(try scratch.bytes(name) == rotten)
        var torn = whole
        torn[1_200] ^= 1
        try scratch.write(torn, to: name)
        do {
            let (_, recovered, records) = try scratch.open()
            #expect(records == [record(1)])
            guard case .cut(let tail) = recovered.report.end else { return #expect(Bool(false)) }
            #expect(tail.offset == 1_024)
        }
        #expect(try scratch.bytes("0000000001.segment.torn") == Array(torn[1_024..<1_536]))
        let (log, recovered, records) = try scratch.open()
        #expect(records == [record(1)])
        #expect(recovered.report.end == .sealed)
        #expect(try log.commit([record(3)]).index.rawValue == 2)
    }

    @Test("verify beside a busy writer never finds damage that is not there")
    func verifyBesideWriter() async throws {
        let scratch = try StorageScratch()
        try scratch.create()
        let path = scratch.log
        let writer = Task.detached {
            let (log, _) = try LogDirectory.open(
                at: path, expecting: LogExpectation(kind: .coordinator), holder: StorageScratch.holder
            ) { _, _ throws(RecordRefusal) in }
            var count = 0
            while !Task.isCancelled, count < 3_000 {
                count += 1
                _ = try log.commit([[UInt8](repeating: UInt8(truncatingIfNeeded: count), count: count % 700)])
            }
            try log.close()
            return UInt64(count)
        }
        var verified = 0
        var last = RecordIndex.zero
        while verified < 200 {
            let verdict = try LogDirectory.verify(at: path).verdict
            #expect(verdict.refusal == nil, "\(String(describing: verdict.refusal))")
            #expect(verdict.report.head.index >= last)
            last = verdict.report.head.index
            verified += 1
        }
        writer.cancel()
        let count = try await writer.value
        #expect(try LogDirectory.verify(at: path).verdict.report.head.index.rawValue == count)
    }
}
