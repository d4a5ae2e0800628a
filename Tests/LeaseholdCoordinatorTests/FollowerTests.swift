import Foundation
import LeaseholdBroker
import LeaseholdCoordinator
import LeaseholdLog
import LeaseholdModel
import LeaseholdPlatform
import Logging
import Testing

/// A log in a directory, the book of its owner, and a follower on a thread of its own.
private final class FollowedLog {
    let path: String
    let log: LogDirectory
    let follower: FollowerOwner
    var book: LeaseBook
    private let ended = DispatchSemaphore(value: 0)
    private let handler = CountingHandler()
    private let outcome = Box()

    final class Box: @unchecked Sendable { var book: LeaseBook? }

    init(_ path: String, _ recovered: inout RecoveredBook, startsAtOnce: Bool = true) throws {
        self.path = path
        log = try LogDirectory.open(
            at: path, expecting: LogExpectation(kind: .coordinator), holder: FollowedLog.holder, following: &recovered
        ).log
        book = recovered.book
        follower = try FollowerOwner(
            Follower(), recovered: recovered, log: log,
            ledger: LedgerDirectory(in: path, cluster: log.identity.cluster, log: log.identity.logID),
            pace: .wallClock, logger: Logger(label: "test") { [handler] _ in handler }, tell: { _ in true },
            answer: { _, _ in })
        if startsAtOnce { start() }
    }

    /// Lets the follower begin to take.
    func start() {
        let (handover, outcome, ended) = (Handover(follower), outcome, ended)
        let thread = Thread {
            outcome.book = handover.take().run()
            ended.signal()
        }
        thread.stackSize = 8_388_608
        thread.start()
    }

    static var holder: LockHolder {
        get throws { try LockHolder.current(role: "test", incarnation: Incarnation.random()) }
    }

    /// Commits records of tenants; without `isFollowed` the follower is not told, as when it has no room.
    func commit(_ count: Int, isFollowed: Bool = true) throws {
        for _ in 0..<count {
            let number = book.head.rawValue + 1
            let record: Record =
                book.tenants.rows.count < 20
                ? .tenantCreated(name: "tenant-\(number)", quota: UInt32(number))
                : .tenantQuotaSet(tenant: TenantID(rawValue: UInt32(number % 20)), quota: UInt32(number))
            let entry = LogEntry(
                index: book.head.next, at: CalendarInstant(nanoseconds: Int64(number) * 1_000),
                principal: .coordinator, request: nil, record: record)
            book.evolve(entry)
            let bytes = RecordCodec.encode(entry)
            _ = try log.commit([bytes])
            if isFollowed { follower.shared.follow([bytes], to: log.tail) }
            if let segment = follower.shared.takeCovered() { try log.cover(before: segment) }
        }
    }

    /// Waits until the follower has said one more line.
    func waitForLine() { handler.lines.wait() }

    /// Ends the follower and gives the log up; returns the book that followed.
    func end() throws -> LeaseBook? {
        follower.shared.end()
        ended.wait()
        try log.close()
        return outcome.book
    }

    func names(_ place: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path + "/" + place).sorted()
    }
}

@Suite("The book that follows the log")
struct FollowerTests {
    private func make() throws -> String {
        let path = FileManager.default.temporaryDirectory.path + "/follower-\(UUID().uuidString)"
        let identity = LogIdentity(
            cluster: "colossus-1", logID: .random(), kind: .coordinator, segmentByteCount: 65_536)
        try LogDirectory.create(at: path, identity, holder: FollowedLog.holder)
        _ = try LedgerDirectory.makeKey(in: path, cluster: identity.cluster, log: identity.logID)
        return path
    }

    @Test("it takes a snapshot for each segment, keeps two, lets what they cover go, and ends as the owner's book")
    func snapshots() throws {
        let path = try make()
        defer { try? FileManager.default.removeItem(atPath: path) }
        var recovered = RecoveredBook()
        let followed = try FollowedLog(path, &recovered)
        for round in 1...5 as ClosedRange<UInt64> {
            try followed.commit(140)
            followed.waitForLine()
            #expect(followed.follower.shared.report.snapshotCount == round)
        }
        try followed.commit(10)
        let report = followed.follower.shared.report
        #expect(report.snapshotCount == 5 && report.failureCount == 0, "\(report)")
        #expect(try followed.names("snapshots").count == 2)
        #expect(try followed.names("archive").count >= 3)
        let digest = followed.book.digest()
        #expect(try followed.end()?.digest() == digest)

        // The next start begins with the newest, and its book is the same.
        var again = RecoveredBook()
        let (_, found) = try LogDirectory.open(
            at: path, expecting: LogExpectation(kind: .coordinator), holder: FollowedLog.holder, following: &again)
        #expect(found.report.snapshot == report.snapshot)
        #expect(found.report.recordCount < 150)
        #expect(again.book.digest() == digest)
        // And so is that of whoever reads everything.
        var whole = RecoveredBook()
        _ = try LogDirectory.verify(at: path) { index, bytes throws(RecordRefusal) in try whole.take(index, bytes) }
        try whole.settle()
        #expect(whole.book.digest() == digest)
    }

    @Test("what it was not handed it reads from the log, over the ends of segments too")
    func catchingUp() throws {
        let path = try make()
        defer { try? FileManager.default.removeItem(atPath: path) }
        var recovered = RecoveredBook()
        let followed = try FollowedLog(path, &recovered)
        try followed.commit(20)
        try followed.commit(300, isFollowed: false)
        try followed.commit(3)
        let digest = followed.book.digest()
        #expect(try followed.end()?.digest() == digest)
        #expect(followed.follower.shared.report.catchUpCount == 1)
    }

    @Test("a snapshot that is whole and states the right digest, and that no book can be built of, is named by verify")
    func unbuildable() throws {
        let path = try make()
        defer { try? FileManager.default.removeItem(atPath: path) }
        var recovered = RecoveredBook()
        let followed = try FollowedLog(path, &recovered)
        try followed.commit(20)
        let (identity, tail, book) = (followed.log.identity, followed.log.tail, followed.book)
        #expect(try followed.end()?.digest() == book.digest())
        var keeper = SnapshotKeeper(identity: identity, storage: try FileStorage(path: path), used: nil)
        func save(_ isLeftOut: (BookImage) -> Bool) throws {
            let header = SnapshotHeader(logID: identity.logID, tail: tail)
            _ = try keeper.save(header, bookDigest: book.digest()) { each throws(StorageFailure) in
                try book.forEachImage { piece throws(StorageFailure) in
                    if !isLeftOut(piece) { try each(ImageCodec.encode(piece)) }
                }
            } check: { _ throws(RecordRefusal) in
            }
        }
        try save { _ in false }
        #expect(try CoordinatorShell.verify(stateDirectory: path).damage == nil)
        try save { if case .tenants = $0 { true } else { false } }
        let damage = try CoordinatorShell.verify(stateDirectory: path).damage
        #expect(damage?.hasPrefix("snapshot 20, offset ") == true, "\(damage ?? "nothing is named")")
        #expect(damage?.contains("L14: the book's digest is ") == true, "\(damage ?? "")")
    }

    @Test("it ends with the last record that it was sent before the end, however close the two come")
    func lastBeforeEnd() throws {
        let path = try make()
        defer { try? FileManager.default.removeItem(atPath: path) }
        for round in 1...300 {
            var recovered = RecoveredBook()
            let followed = try FollowedLog(path, &recovered)
            try followed.commit(1)
            let head = followed.book.head
            #expect(try followed.end()?.head == head, "round \(round)")
        }
    }

    @Test("a record that cannot follow stops it, and is said")
    func objection() throws {
        let path = try make()
        defer { try? FileManager.default.removeItem(atPath: path) }
        var recovered = RecoveredBook()
        let followed = try FollowedLog(path, &recovered)
        try followed.commit(3)
        let entry = LogEntry(
            index: followed.book.head.next, at: followed.book.lastInstant, principal: .coordinator, request: nil,
            record: .tenantQuotaSet(tenant: TenantID(rawValue: 99), quota: 1))
        let bytes = RecordCodec.encode(entry)
        _ = try followed.log.commit([bytes])
        followed.follower.shared.follow([bytes], to: followed.log.tail)
        followed.waitForLine()
        #expect(followed.follower.shared.report.hasStopped)
        #expect(try followed.end() == nil)
    }

    @Test("a follower whose queue is full still hears of the end, and reads from the log what found no room")
    func endWithFullQueue() throws {
        let path = try make()
        defer { try? FileManager.default.removeItem(atPath: path) }
        var recovered = RecoveredBook()
        let followed = try FollowedLog(path, &recovered, startsAtOnce: false)
        try followed.commit(2)
        // Nobody takes yet: the queue fills with groups that say nothing, and what comes then finds no room.
        for _ in 0..<Limits.followedGroupCountMax { followed.follower.shared.follow([], to: followed.log.tail) }
        try followed.commit(3)
        followed.follower.shared.end()
        followed.start()
        #expect(try followed.end()?.head == RecordIndex(rawValue: 5))
        #expect(followed.follower.shared.report.catchUpCount == 1)
        #expect(!followed.follower.shared.report.hasStopped)
    }
}
