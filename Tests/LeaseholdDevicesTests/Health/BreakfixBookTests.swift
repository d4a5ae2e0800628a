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
        closing: BreakfixTicket.Closing? = nil
    ) -> BreakfixTicket {
        BreakfixTicket(
            number: TicketNumber(number), gpu: HealthSamples.gpu, component: component, opened: calendar(opened),
            action: action, done: done.map(calendar), closing: closing)
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
        let closing = BreakfixTicket.Closing(instant: calendar(65), outcome: .recovered)
        let closed = ticket(1, .memory, opened: 1, .resetGPU, done: 3, closing: closing)
        #expect(book.follow(health, at: calendar(65)) == [.closed(closed)])
        #expect(book.open == [] && book.closed == [closed])
    }

    @Test("the last that were closed stay, as many as are told, also where an older program kept the book")
    func closed() throws {
        var book = BreakfixBook()
        var health = GPUHealth(gpu: HealthSamples.gpu)
        let countMax = Limits.closedTicketsPerNodeCountMax
        for number in 1...countMax + 3 {
            take(&health, .xid(48), at: Int64(number))
            _ = book.follow(health, at: calendar(Int64(number)))
            _ = book.close(leaving: HealthSamples.gpu, at: calendar(Int64(number)))
        }
        #expect(book.closed.map(\.number.number) == (4...UInt64(countMax + 3)).map { $0 })
        #expect(book.isWhole && book.closed.allSatisfy { $0.closing?.outcome == .gpuLeft })
        let old = try JSONDecoder().decode(BreakfixBook.self, from: Data(#"{"open":[],"next":{"number":9}}"#.utf8))
        #expect(old == BreakfixBook(next: TicketNumber(9)) || old.closed == [])
        #expect(old.next == TicketNumber(9) && old.isWhole)
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

    @Test("what is left of a GPU that was taken out is closed as such, and of no other")
    func leaving() {
        let other = GPUUUID(high: 1, low: 1)
        var health = GPUHealth(gpu: HealthSamples.gpu)
        var neighbour = GPUHealth(gpu: other)
        var book = BreakfixBook()
        take(&health, .lost, at: 0)
        neighbour.take(HealthSamples.event(.lost, of: other), at: HealthSamples.now(0))
        _ = book.follow(neighbour, at: calendar(0))
        _ = book.follow(health, at: calendar(0))
        let closing = BreakfixTicket.Closing(instant: calendar(9), outcome: .gpuLeft)
        let closed = ticket(2, .bus, opened: 0, .restartNode, closing: closing)
        #expect(book.close(leaving: HealthSamples.gpu, at: calendar(9)) == [.closed(closed)])
        #expect(book.open.map(\.gpu) == [other])
    }
}
