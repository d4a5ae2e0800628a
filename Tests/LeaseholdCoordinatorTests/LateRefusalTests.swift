import Foundation
import LeaseholdBroker
import LeaseholdCoordinator
import LeaseholdLog
import LeaseholdModel
import LeaseholdPlatform
import Testing

/// A book that follows each record before the next: slow, and never behind.
private struct ImmediateBook {
    private(set) var book = LeaseBook()

    mutating func take(_ index: RecordIndex, _ record: [UInt8]) throws(RecordRefusal) {
        if index == RecordIndex.zero.next { book = LeaseBook() }
        let entry: LogEntry
        do throws(RecordRefusal) { entry = try RecordCodec.entry(at: index, record) } catch {
            throw RecordRefusal(reason: error.reason)
        }
        if let objection = book.follow(entry) { throw RecordRefusal(reason: objection) }
    }
}

@Suite("Records that are refused late")
struct LateRefusalTests {
    /// What lies behind the last record that was committed whole.
    enum Behind: CaseIterable {
        case nothing
        case tornTail
        case damage
    }

    private static let recordCount = 4_000
    private static let groupCount = 9
    private static let lastGroup = (recordCount - 1) / groupCount * groupCount

    @Test(
        "a log of many segments is refused at the same place as by who is never behind, whatever lies behind the record",
        arguments: [nil, 2, 127, 128, 129, 700, 1_300, 3_997, 3_999], Behind.allCases)
    func samePlace(bad place: Int?, behind: Behind) throws {
        let path = FileManager.default.temporaryDirectory.path + "/late-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let segmentCount = try write(at: path, bad: place, behind)
        #expect(segmentCount > 5)
        var (late, immediate) = (RecoveredBook(), ImmediateBook())
        let found = try LogDirectory.verify(at: path) { index, record throws(RecordRefusal) in
            try late.take(index, record)
        } settle: { () throws(RecordRefusal) in
            try late.settle()
        }.verdict
        let expected = try LogDirectory.verify(at: path) { index, record throws(RecordRefusal) in
            try immediate.take(index, record)
        }.verdict
        #expect(found == expected)
        // What was torn with the last group is cut, and refused by nobody.
        let isCut = behind == .tornTail && place.map { $0 >= Self.lastGroup } == true
        #expect((found.refusal == nil) == (place == nil && behind != .damage || isCut))
        if found.refusal == nil { #expect(late.book == immediate.book) }
        let isBeforeDamage = behind != .damage || place.map { $0 < 3_000 } == true
        if let place, isBeforeDamage, !isCut {
            guard case .record(_, _, let index, _) = found.refusal else {
                Issue.record("\(found)")
                return
            }
            #expect(index.rawValue == UInt64(place) + 1)
        }
    }

    /// Writes a log with a record that cannot follow; its segments.
    private func write(at path: String, bad place: Int?, _ behind: Behind) throws -> UInt64 {
        let identity = LogIdentity(
            cluster: "colossus-1", logID: .random(), kind: .coordinator, segmentByteCount: 65_536)
        let holder = try LockHolder.current(role: "test", incarnation: Incarnation.random())
        try LogDirectory.create(at: path, identity, holder: holder)
        let log = try LogDirectory.open(at: path, expecting: LogExpectation(kind: .coordinator), holder: holder) {
            _, _ throws(RecordRefusal) in
        }.log
        var records = (0..<Self.recordCount).map { RecordCodec.encode(tenant($0)) }
        if let place {
            // One that contradicts the book, one of another place, one that is none.
            let bad = [RecordCodec.encode(tenant(place, name: "tenant-0")), records[place - 1], [0xFF, 0x00]]
            records[place] = bad[place % 3]
        }
        var last = log.tail
        for start in stride(from: 0, to: records.count, by: Self.groupCount) {
            last = log.tail
            _ = try log.commit(Array(records[start..<min(start + Self.groupCount, records.count)]))
        }
        switch behind {
        case .nothing: break
        case .tornTail: try flip(last.offset + 200, of: last.segment, in: path)
        case .damage: try flip(700, of: SegmentNumber(rawValue: last.segment.rawValue - 1), in: path)
        }
        return last.segment.rawValue
    }

    private func tenant(_ number: Int, name: String? = nil) -> LogEntry {
        LogEntry(
            index: RecordIndex(rawValue: UInt64(number) + 1), at: CalendarInstant(nanoseconds: 1_000_000_000),
            principal: .coordinator, request: nil, record: .tenantCreated(name: name ?? "tenant-\(number)", quota: 1))
    }

    private func flip(_ offset: Int, of segment: SegmentNumber, in path: String) throws {
        let file = try FileHandle(forUpdating: URL(filePath: "\(path)/\(segment.fileName)"))
        try file.seek(toOffset: UInt64(offset))
        let byte = try #require(try file.read(upToCount: 1)?.first)
        try file.seek(toOffset: UInt64(offset))
        try file.write(contentsOf: Data([byte ^ 1]))
        try file.close()
    }
}
