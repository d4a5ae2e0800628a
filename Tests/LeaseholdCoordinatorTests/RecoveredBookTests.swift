import LeaseholdBroker
import LeaseholdCoordinator
import LeaseholdLog
import LeaseholdModel
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
        #expect(recovered.book == book)
        #expect(recovered.book.digest() == book.digest())
    }

    @Test("a second reading begins anew")
    func readsTwice() throws {
        var recovered = RecoveredBook()
        for _ in 0..<2 {
            for entry in entries { try recovered.take(entry.index, RecordCodec.encode(entry)) }
        }
        #expect(recovered.book.head == RecordIndex(rawValue: 2))
    }

    @Test("a record that cannot follow is refused with its place, and so are bytes that are none")
    func refuses() {
        var recovered = RecoveredBook()
        let second = RecordCodec.encode(entries[1])
        #expect(throws: RecordRefusal.self) { try recovered.take(RecordIndex(rawValue: 2), second) }
        #expect(throws: RecordRefusal.self) { try recovered.take(RecordIndex(rawValue: 1), second) }
        #expect(throws: RecordRefusal.self) { try recovered.take(RecordIndex(rawValue: 1), [0xFF, 0x00]) }
    }

    @Test("a record that contradicts the book is refused instead of trusted")
    func refusesContradiction() throws {
        var recovered = RecoveredBook()
        for entry in entries { try recovered.take(entry.index, RecordCodec.encode(entry)) }
        let again = LogEntry(
            index: RecordIndex(rawValue: 3), at: entries[1].at, principal: entries[1].principal, request: nil,
            record: .tenantCreated(name: "acme", quota: 4))
        let bytes = RecordCodec.encode(again)
        let refusal = #expect(throws: RecordRefusal.self) { try recovered.take(again.index, bytes) }
        #expect(refusal?.reason.contains("acme") == true)
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
