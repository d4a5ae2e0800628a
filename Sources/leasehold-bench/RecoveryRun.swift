import Foundation
import LeaseholdBroker
import LeaseholdCoordinator
import LeaseholdLog
import LeaseholdModel
import LeaseholdPlatform

/// A log of many lives of leases, and what reading it back costs: by scan, by recovery, and part by part.
final class RecoveryRun {
    private let path: String
    private let records: [[UInt8]]
    private let byteCount: Int
    private let digest: UInt64
    /// Records in a group: what a busy coordinator gathers while it syncs.
    private static let groupRecordCount = 64

    /// Writes the log.
    init(_ fleet: FleetDeclaration, leaseCount: Int, in directory: URL) throws {
        path = directory.appendingPathComponent("lives").path
        var book = FullBook(fleet, leaseCount: leaseCount, keepsEntries: true)
        _ = book.live()
        records = book.entries.map(RecordCodec.encode)
        byteCount = records.reduce(0) { $0 + $1.count }
        digest = book.book.digest()
        let log = try AppendRun.makeLog(at: path)
        for start in stride(from: 0, to: records.count, by: RecoveryRun.groupRecordCount) {
            _ = try log.commit(Array(records[start..<min(start + RecoveryRun.groupRecordCount, records.count)]))
        }
        try log.close()
    }

    /// Everything once.
    func measure() throws -> Figures {
        var figures = Figures()
        figures.add("log.read.records", Double(records.count), "records")
        figures.add("log.read.size", Double(byteCount) / 1e6, "MB")
        func add(_ name: String, _ seconds: Double) {
            figures.add("log.\(name).rate", Double(records.count) / seconds, "records/s")
            figures.add("log.\(name).speed", Double(byteCount) / 1e6 / seconds, "MB/s")
        }
        add("scan", try scan())
        add("recover", try recover())
        let (decode, entries) = try decoded()
        figures.add("log.recover.decode", decode / Double(records.count), "s")
        figures.add("log.recover.evolve", try evolve(entries) / Double(records.count), "s")
        return figures
    }

    /// Checksums, places and chain of every frame.
    private func scan() throws -> Double {
        let start = ContinuousClock.now
        let (_, verdict) = try LogDirectory.verify(at: path)
        let seconds = SiteRun.seconds(start.duration(to: .now))
        guard verdict.isGood, verdict.report.recordCount == records.count else {
            throw CountFailure("the scan found \(verdict.report.recordCount) of \(records.count) records")
        }
        return seconds
    }

    /// As a coordinator starts: the log opened, every record decoded and evolved into a book.
    private func recover() throws -> Double {
        let holder = try LockHolder.current(role: "bench", incarnation: .random())
        var recovered = RecoveredBook()
        let start = ContinuousClock.now
        let (log, found) = try LogDirectory.open(
            at: path, expecting: LogExpectation(kind: .coordinator), holder: holder, following: &recovered)
        let seconds = SiteRun.seconds(start.duration(to: .now))
        try log.close()
        guard found.report.recordCount == records.count, recovered.book.digest() == digest else {
            throw CountFailure("the book that came back is another one")
        }
        return seconds
    }

    private func decoded() throws -> (seconds: Double, entries: [LogEntry]) {
        var entries: [LogEntry] = []
        entries.reserveCapacity(records.count)
        let start = ContinuousClock.now
        for record in records { entries.append(try RecordCodec.decode(record)) }
        return (SiteRun.seconds(start.duration(to: .now)), entries)
    }

    private func evolve(_ entries: [LogEntry]) throws -> Double {
        var book = LeaseBook()
        let start = ContinuousClock.now
        for entry in entries {
            if let objection = book.follow(entry) { throw CountFailure("record \(entry.index): \(objection)") }
        }
        return SiteRun.seconds(start.duration(to: .now))
    }
}
