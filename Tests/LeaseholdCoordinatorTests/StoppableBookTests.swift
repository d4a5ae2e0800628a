import Foundation
import LeaseholdBroker
import LeaseholdCoordinator
import LeaseholdLog
import LeaseholdModel
import LeaseholdPlatform
import Testing

@Suite("A recovery that is asked to stop")
struct StoppableBookTests {
    @Test("a log is given up at the next look, and read as ever by who is not asked", arguments: [nil, 1, 2, 5])
    func stopped(atLook look: Int?) throws {
        let path = FileManager.default.temporaryDirectory.path + "/stopped-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let identity = LogIdentity(
            cluster: "colossus-1", logID: .random(), kind: .coordinator, segmentByteCount: 65_536)
        let holder = try LockHolder.current(role: "test", incarnation: Incarnation.random())
        let expected = LogExpectation(kind: .coordinator)
        try LogDirectory.create(at: path, identity, holder: holder)
        let made = try LogDirectory.open(at: path, expecting: expected, holder: holder) { _, _ throws(RecordRefusal) in
        }.log
        let count = UInt64(StoppableBook.lookInterval * 5 + 1)
        for index in 1...count {
            let entry = LogEntry(
                index: RecordIndex(rawValue: index), at: CalendarInstant(nanoseconds: 1_000_000_000),
                principal: .coordinator, request: nil, record: .tenantCreated(name: "tenant-\(index)", quota: 1))
            _ = try made.commit([RecordCodec.encode(entry)])
        }
        try made.close()
        var looks = 0
        var book = StoppableBook {
            looks += 1
            return looks == look
        }
        do {
            let (_, found) = try LogDirectory.open(at: path, expecting: expected, holder: holder, following: &book)
            #expect(look == nil && !book.isStopped)
            #expect(found.report.recordCount == Int(count) && book.book.book.head.rawValue == count)
            #expect(looks == 6)
        } catch {
            #expect(look != nil && book.isStopped, "\(error)")
            #expect(looks == look)
        }
    }
}
