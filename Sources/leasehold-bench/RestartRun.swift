import Foundation
import LeaseholdBroker
import LeaseholdCoordinator
import LeaseholdLog
import LeaseholdModel
import LeaseholdPlatform

/// A log of a full site with leases on the calendar and a snapshot at its end: what taking it costs, and a start from it.
final class RestartRun {
    private let path: String
    private let book: LeaseBook
    private let tail: LogTail
    private let identity: LogIdentity

    /// Writes the log.
    init(_ fleet: FleetDeclaration, leaseCount: Int, in directory: URL) throws {
        path = directory.appendingPathComponent("restart").path
        let full = FullBook(fleet, leaseCount: leaseCount, keepsEntries: true)
        book = full.book
        let log = try AppendRun.makeLog(at: path)
        for start in stride(from: 0, to: full.entries.count, by: 64) {
            _ = try log.commit(full.entries[start..<min(start + 64, full.entries.count)].map(RecordCodec.encode))
        }
        try log.close()
        (tail, identity) = (log.tail, log.identity)
    }

    /// Everything once.
    func measure() throws -> Figures {
        var figures = Figures()
        var keeper = SnapshotKeeper(identity: identity, storage: try FileStorage(path: path), used: nil)
        let start = ContinuousClock.now
        let sum = try keeper.save(SnapshotHeader(logID: identity.logID, tail: tail), bookDigest: book.digest()) {
            each throws(StorageFailure) in
            try book.forEachImage { piece throws(StorageFailure) in try each(ImageCodec.encode(piece)) }
        } check: { piece throws(RecordRefusal) in
            do throws(RecordFailure) { _ = try ImageCodec.decode(piece) } catch {
                throw RecordRefusal(reason: "\(error)")
            }
        }
        figures.add("log.snapshot", SiteRun.seconds(start.duration(to: .now)), "s")
        figures.add("log.snapshot.size", Double(sum.byteCount) / 1e6, "MB")
        figures.add("log.restart", try restart(), "s")
        return figures
    }

    /// As a coordinator starts: the newest snapshot, and what is behind it.
    private func restart() throws -> Double {
        let holder = try LockHolder.current(role: "bench", incarnation: .random())
        var recovered = RecoveredBook()
        let start = ContinuousClock.now
        let (log, found) = try LogDirectory.open(
            at: path, expecting: LogExpectation(kind: .coordinator), holder: holder, following: &recovered)
        let seconds = SiteRun.seconds(start.duration(to: .now))
        try log.close()
        guard found.report.snapshot == tail.head.index, recovered.book.digest() == book.digest() else {
            throw CountFailure("the book that came back is another one: \(found.report)")
        }
        return seconds
    }
}
