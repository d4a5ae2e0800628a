import Foundation
import LeaseholdDevices
import LeaseholdModel
import Testing

@Suite("Breakfix tickets")
struct BreakfixBookTests {
    private func take(_ health: inout GPUHealth, _ what: GPUEvent.What, at second: Int64) {
        health.take(HealthSamples.event(what), at: HealthSamples.now(second))
    }

    private func calendar(_ second: Int64) -> CalendarInstant { HealthSamples.now(second).calendar }

    private func ticket(
        _ number: UInt64, _ component: Component, opened: Int64, _ action: Remedy, done: Int64? = nil,
        closed: Int64? = nil
    ) -> BreakfixTicket {
        BreakfixTicket(
            number: TicketNumber(number), gpu: HealthSamples.gpu, component: component, opened: calendar(opened),
            action: action, done: done.map(calendar), closed: closed.map(calendar))
    }

    @Test("a ticket is opened when a part is unhealthy, updated with what is to be done and was, closed at its health")
    func life() {
        var health = GPUHealth(gpu: HealthSamples.gpu, calm: .seconds(60))
        var book = BreakfixBook()
        take(&health, .xid(nil), at: 0)
        #expect(book.follow(health, at: calendar(0)) == [])
        take(&health, .xid(48), at: 1)
        #expect(book.follow(health, at: calendar(1)) == [.opened(ticket(1, .memory, opened: 1, .resetGPU))])
        #expect(book.follow(health, at: calendar(2)) == [])
        health.take(done: .resetGPU, at: HealthSamples.now(3))
        let done = ticket(1, .memory, opened: 1, .resetGPU, done: 3)
        #expect(book.follow(health, at: calendar(4)) == [.updated(done)])
        health.take(HealthSamples.reading(), fabric: nil, at: HealthSamples.now(5))
        #expect(book.follow(health, at: calendar(5)) == [])
        #expect(book.open == [done])
        health.take(HealthSamples.reading(), fabric: nil, at: HealthSamples.now(65))
        let closed = ticket(1, .memory, opened: 1, .resetGPU, done: 3, closed: 65)
        #expect(book.follow(health, at: calendar(65)) == [.closed(closed)])
        #expect(book.open == [] && book.closed == [closed])
    }

    @Test("the last that were closed stay, as many as are told, also where an older program kept the book")
    func closed() throws {
        var book = BreakfixBook()
        var health = GPUHealth(gpu: HealthSamples.gpu, calm: .seconds(60))
        let countMax = UInt64(Limits.closedTicketsPerNodeCountMax)
        for start in (0..<Int64(countMax) + 3).map({ $0 * 1_000 }) {
            take(&health, .xid(48), at: start)
            _ = book.follow(health, at: calendar(start))
            health.take(done: .resetGPU, at: HealthSamples.now(start + 1))
            for second in [2, 70] as [Int64] {
                health.take(HealthSamples.reading(), fabric: nil, at: HealthSamples.now(start + second))
            }
            _ = book.follow(health, at: calendar(start + 70))
        }
        #expect(book.open == [] && book.closed.map(\.number.number) == Array(4...countMax + 3))
        #expect(book.isWhole && book.closed.allSatisfy { $0.closed != nil })
        let old = try JSONDecoder().decode(BreakfixBook.self, from: Data(#"{"open":[],"next":{"number":9}}"#.utf8))
        #expect(old == BreakfixBook(next: TicketNumber(9)) && old.isWhole)
        #expect(try JSONDecoder().decode(BreakfixBook.self, from: JSONEncoder().encode(book)) == book)
    }

    @Test("each part has its own ticket, and numbers go on after a restart")
    func numbers() {
        var health = GPUHealth(gpu: HealthSamples.gpu)
        var book = BreakfixBook()
        take(&health, .xid(48), at: 0)
        _ = book.follow(health, at: calendar(0))
        var resumed = BreakfixBook(open: book.open, next: book.next)
        take(&health, .lost, at: 1)
        #expect(resumed.follow(health, at: calendar(1)) == [.opened(ticket(2, .bus, opened: 1, .restartNode))])
        #expect(resumed.next == TicketNumber(3))
    }
}
