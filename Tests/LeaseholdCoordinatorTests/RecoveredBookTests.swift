import Foundation
import LeaseholdBroker
import LeaseholdCoordinator
import LeaseholdLog
import LeaseholdModel
import LeaseholdPlatform
import Synchronization
import Testing

@Suite("recovery of the book")
struct RecoveredBookTests {
    @Test("the book is what its records tell, and nothing else")
    func replays() throws {
        var recovered = RecoveredBook()
        var book = LeaseBook()
        for entry in entries {
            try recovered.take(entry.index, RecordCodec.encode(entry))
            book.evolve(entry)
        }
        try recovered.settle()
        #expect(recovered.book == book)
        #expect(recovered.book.digest() == book.digest())
    }

    @Test("a second reading begins anew")
    func readsTwice() throws {
        var recovered = RecoveredBook()
        for _ in 0..<2 {
            for entry in entries { try recovered.take(entry.index, RecordCodec.encode(entry)) }
            try recovered.settle()
        }
        #expect(recovered.book.head == RecordIndex(rawValue: 2))
    }

    @Test("a record that cannot follow is refused with its place, and so are bytes that are none")
    func refuses() {
        let second = RecordCodec.encode(entries[1])
        for (index, bytes) in [(2, second), (1, second), (1, [0xFF, 0x00])] {
            var recovered = RecoveredBook()
            let refusal = #expect(throws: RecordRefusal.self) {
                try recovered.take(RecordIndex(rawValue: UInt64(index)), bytes)
                try recovered.settle()
            }
            #expect(refusal?.index == RecordIndex(rawValue: UInt64(index)))
        }
    }

    @Test("behind by any number of records, it comes to the same book, and names the first record that cannot follow")
    func behind() throws {
        let tenants = tenants(5_000)
        var recovered = RecoveredBook()
        var book = LeaseBook()
        for entry in tenants {
            try recovered.take(entry.index, RecordCodec.encode(entry))
            book.evolve(entry)
            guard entry.index.rawValue % 1_237 == 0 else { continue }
            try recovered.settle()
            #expect(recovered.book == book)
        }
        try recovered.settle()
        #expect(recovered.book == book)
        for place in [2, 129, 700, 4_998] {
            var records = tenants.map(RecordCodec.encode)
            records[place] = place % 2 == 0 ? [0xFF, 0x00] : records[place - 1]
            records[4_999] = [0xFF]
            var refused = RecoveredBook()
            let refusal = #expect(throws: RecordRefusal.self) {
                for (offset, record) in records.enumerated() {
                    try refused.take(RecordIndex(rawValue: UInt64(offset) + 1), record)
                }
                try refused.settle()
            }
            #expect(refusal?.index?.rawValue == UInt64(place) + 1)
            #expect(refused.book.head.rawValue == UInt64(place))
            // What was taken behind it is gone.
            try refused.settle()
            #expect(refused.book.head.rawValue == UInt64(place))
        }
    }

    @Test("a copy that was made while records were on their way comes to the same book")
    func copies() throws {
        var recovered = RecoveredBook()
        for (offset, record) in tenants(300).map(RecordCodec.encode).enumerated() {
            try recovered.take(RecordIndex(rawValue: UInt64(offset) + 1), record)
        }
        let copy = Handover(recovered)
        try recovered.settle()
        let settled = DispatchSemaphore(value: 0)
        let book = Mutex<LeaseBook?>(nil)
        Thread.detachNewThread {
            var copied = copy.take()
            do throws(RecordRefusal) { try copied.settle() } catch { Issue.record("\(error)") }
            book.withLock { $0 = copied.book }
            settled.signal()
        }
        #expect(settled.wait(timeout: .now() + 20) == .success)
        #expect(book.withLock { $0 } == recovered.book)
    }

    @Test("records are decoded in lots that are bounded by their number and by their bytes")
    func lots() {
        for (byteCount, count) in [(1, 128), (8_192, 128), (8_193, 128), (65_536, 16), (1_048_575, 2), (2_097_152, 1)] {
            var batch = RecordBatch(first: RecordIndex(rawValue: 1))
            var taken = 0
            while !batch.isFull {
                batch.append([UInt8](repeating: 0, count: byteCount))
                taken += 1
            }
            #expect(taken == count, "records of \(byteCount) bytes")
        }
    }

    @Test("a record that contradicts the book is refused instead of trusted")
    func refusesContradiction() throws {
        var recovered = RecoveredBook()
        for entry in entries { try recovered.take(entry.index, RecordCodec.encode(entry)) }
        let again = LogEntry(
            index: RecordIndex(rawValue: 3), at: entries[1].at, principal: entries[1].principal, request: nil,
            record: .tenantCreated(name: "acme", quota: 4))
        let bytes = RecordCodec.encode(again)
        let refusal = #expect(throws: RecordRefusal.self) {
            try recovered.take(again.index, bytes)
            try recovered.settle()
        }
        #expect(refusal?.reason.contains("acme") == true)
    }

    /// So many entries, nearly all of them of tenants.
    private func tenants(_ count: Int) -> [LogEntry] {
        entries
            + (3...count).map { number in
                LogEntry(
                    index: RecordIndex(rawValue: UInt64(number)), at: entries[1].at, principal: entries[1].principal,
                    request: nil, record: .tenantCreated(name: "tenant-\(number)", quota: 1))
            }
    }

    private var entries: [LogEntry] {
        let began = ReignBegan(
            reign: Reign(rawValue: 1), incarnation: Incarnation(high: 0, low: 1), boot: BootID(high: 0, low: 1),
            holds: .standard)
        let at = CalendarInstant(nanoseconds: 1_000_000_000)
        return [
            LogEntry(
                index: RecordIndex(rawValue: 1), at: at, principal: .coordinator, request: nil,
                record: .reignBegan(began)),
            LogEntry(
                index: RecordIndex(rawValue: 2), at: at, principal: Principal(role: .operator, name: "ann"),
                request: RequestKey(id: RequestID(at: at, chance: (1, 2)), bodyHash: 3),
                record: .tenantCreated(name: "acme", quota: 8)),
        ]
    }
}
