import LeaseholdBroker
import LeaseholdModel
import Testing

/// A ticket of GPU 3, opened at second `number`.
private func ticket(
    _ number: UInt64, opened: Int64? = nil, gpu: Int? = 3, action: String = "reset the GPU", done: Int64? = nil
) -> Ticket {
    Ticket(
        name: Ticket.Name(opened: second(opened ?? Int64(number)), number: number), gpu: gpu, uuid: "GPU-3",
        component: "memory", action: action, done: done.map(second), closing: nil)
}

private func second(_ number: Int64) -> CalendarInstant { CalendarInstant(nanoseconds: number * 1_000_000_000) }

@Suite("What has to be done about GPUs, in the log")
struct TicketTests {
    private let node = NodeID(rawValue: 0)
    private var registry = Registry(.site(nodes: 2))

    /// What the node tells is decided and taken in.
    private mutating func tell(_ told: ToldTickets) -> [Record] {
        let records = registry.book.decideTickets(of: told, on: node, at: registry.clock.calendar)
        for record in records { registry.append(record) }
        return records
    }

    private mutating func tell(open: [Ticket], closed: [Ticket] = []) -> [Record] {
        tell(ToldTickets(open: open, closed: closed))
    }

    private func noted(_ tickets: Ticket...) -> [Record] { tickets.map { .ticketNoted(node, $0, nil) } }

    @Test("a ticket is written down when it is opened, when it changes, when it is closed, and never twice")
    mutating func life() {
        let open = ticket(1)
        #expect(tell(open: [open]) == noted(open))
        #expect(tell(open: [open]) == [])
        #expect(registry.book.tickets(on: node) == [open] && registry.book.openTicketCount == 1)
        let done = ticket(1, done: 9)
        #expect(tell(open: [done]) == noted(done))
        let closed = done.closed(.recovered, at: second(10))
        #expect(tell(open: [], closed: [closed]) == noted(closed))
        #expect(tell(open: [], closed: [closed]) == [])
        #expect(registry.book.tickets(on: node) == [] && registry.book.openTicketCount == 0)
        #expect(registry.book.tickets(on: NodeID(rawValue: 1)) == [])
    }

    @Test("what was opened and closed while nobody listened is written down once, in its order")
    mutating func missed() {
        let first = ticket(1).closed(.recovered, at: second(5))
        let second = ticket(2).closed(.recovered, at: second(6))
        #expect(
            tell(open: [ticket(3)], closed: [second, first])
                == noted(ticket(1), first, ticket(2), second, ticket(3)))
        // Older than what the log has seen: it had that, or never will.
        #expect(tell(open: [ticket(3)], closed: [first, second]) == [])
        let later = ticket(4).closed(.recovered, at: .never)
        #expect(tell(open: [ticket(3)], closed: [second, later]) == noted(ticket(4), later))
    }

    @Test("what was over before a lease came does not concern it; what was not, does (L13)")
    mutating func before() throws {
        let start = registry.clock.calendar
        let lease = try registry.granted(4).lease
        let over = ticket(1).closed(.recovered, at: start + .seconds(-1))
        let open = ticket(2).closed(.recovered, at: start + .seconds(1))
        #expect(
            tell(open: [], closed: [over, open])
                == noted(ticket(1), over) + [
                    .ticketNoted(node, ticket(2), lease), .ticketNoted(node, open, lease),
                ])
    }

    @Test("tickets of a lost chart are closed, though of those after it there are too many to tell")
    mutating func lostChartWithMany() {
        let countMax = UInt64(Limits.ticketsPerNodeCountMax)
        #expect(tell(open: (1...countMax).map { ticket($0) }).count == Int(countMax))
        let new = (1...countMax + 5).map { ticket($0, opened: Int64(1_000 + $0)) }
        let records = tell(open: new.reversed())
        #expect(records.count == 2 * Int(countMax))
        #expect(registry.book.tickets(on: node) == Array(new.prefix(Int(countMax))))
    }

    @Test("a node that has lost its chart counts from one again, and what it tells of no more is closed")
    mutating func lostChart() {
        #expect(tell(open: [ticket(1), ticket(2)]).count == 2)
        let again = ticket(1, opened: 100)
        let at = registry.clock.calendar
        #expect(
            tell(open: [again])
                == noted(ticket(1).closed(.untold, at: at), ticket(2).closed(.untold, at: at), again))
        #expect(registry.book.tickets(on: node) == [again])
    }

    @Test("what is closed as untold is closed when it was opened at the earliest, whatever the clocks say")
    mutating func clocks() {
        let late = ticket(1, opened: 4_000_000_000)
        #expect(tell(open: [late]).count == 1)
        #expect(tell(open: []) == noted(late.closed(.untold, at: second(4_000_000_000))))
    }

    @Test("nothing is closed by the word of a node that does not tell all of its tickets")
    mutating func partly() {
        #expect(tell(open: [ticket(1)]).count == 1)
        #expect(tell(.nothing) == [])
        #expect(tell(ToldTickets(tickets: [ticket(1), ticket(2)], areAllOpen: false)) == noted(ticket(2)))
        let countMax = UInt64(Limits.ticketsPerNodeCountMax)
        // More open ones than are told: none of them is closed for it, and the log takes in as many as it keeps.
        let many = (1...countMax + 20).map { ticket($0) }
        let told = ToldTickets(open: many, closed: [])
        #expect(!told.areAllOpen && told.tickets == Array(many.prefix(Int(countMax))))
        #expect(tell(told).count == Int(countMax) - 2)
        #expect(tell(told) == [])
        #expect(registry.book.tickets(on: node).count == Int(countMax))
        // As soon as there is room for them, they are taken in: with the same word.
        let closed = ticket(1).closed(.recovered, at: .never)
        let rest = ToldTickets(open: Array(many.dropFirst()), closed: [closed])
        #expect(rest.tickets.count == Int(countMax) + 1)
        #expect(tell(rest) == noted(closed, many[Int(countMax)]))
    }

    @Test("as many as a node has open can be closed at once, and none of them is untold")
    mutating func atOnce() {
        let all = (1...UInt64(Limits.ticketsPerNodeCountMax)).map { ticket($0) }
        #expect(tell(open: all).count == all.count)
        let closed = all.map { $0.closed(.recovered, at: .never) }
        #expect(tell(open: [], closed: closed) == closed.map { .ticketNoted(node, $0, nil) })
        #expect(registry.book.openTicketCount == 0)
    }

    @Test("of a name that is there twice the first counts")
    mutating func twice() {
        #expect(
            tell(ToldTickets(tickets: [ticket(1), ticket(1, action: "go there")], areAllOpen: true))
                == noted(ticket(1)))
        #expect(tell(ToldTickets(tickets: [ticket(1), ticket(1, action: "go there")], areAllOpen: true)) == [])
    }

    @Test("it names whose lease has some of the GPU, to its end, and nobody else's (L13)")
    mutating func concerned() throws {
        let lease = try registry.granted(4)
        let placement = try #require(lease.placements.first)
        #expect(placement.node == node && placement.gpus == .first(4))
        let (theirs, others) = (ticket(1), ticket(2, gpu: 5))
        #expect(
            tell(open: [theirs, others]) == [
                .ticketNoted(node, theirs, lease.lease), .ticketNoted(node, others, nil),
            ])
        let gone = ticket(3, gpu: nil)
        #expect(tell(ToldTickets(tickets: [theirs, others, gone], areAllOpen: false)) == noted(gone))
        let entries = registry.log.suffix(3)
        #expect(entries.map(\.lease) == [lease.lease, nil, nil])
        let acme = Registry.tenant("acme")
        #expect(entries.map { registry.book.isVisible($0, to: acme) } == [true, false, false])
        #expect(!entries.contains { registry.book.isVisible($0, to: Registry.tenant("other")) })
        // The work is taken off, and the GPU is handed back when the lease has long been forgotten.
        registry.ask(.releaseLease(lease.lease))
        registry.retire(lease.lease)
        registry.advance(.hours(30))
        registry.ask(.createTenant(name: "later", quota: 1))
        #expect(registry.book.lease(lease.lease) == nil)
        let closed = theirs.closed(.recovered, at: .never)
        #expect(
            tell(open: [others, gone], closed: [closed]) == [.ticketNoted(node, closed, lease.lease)])
        #expect(registry.book.tickets(on: node) == [others, gone])
    }

    @Test("what a crash kept from one of several leases is written for it afterwards")
    mutating func several() throws {
        registry = Registry(.site(nodes: 1, gpus: 1, cpu: Millicores(64_000), memory: Mebibytes(65_536)))
        registry.carve()
        let leases = try (0..<2).map { _ in
            let terms = LeaseTerms(
                tenant: "acme", unit: .slice, count: 1, kinds: [], shape: UnitShape(profile: "1g.10gb"),
                end: .after(.hours(2)), onSilence: .fence)
            guard case .granted(let view) = registry.ask(.createLease(terms)) else { throw Unslit() }
            return view.lease
        }
        let open = ticket(1, gpu: 0)
        let records = registry.book.decideTickets(
            of: ToldTickets(open: [open], closed: []), on: node, at: registry.clock.calendar)
        #expect(records == leases.map { .ticketNoted(node, open, $0) })
        registry.append(records[0])
        #expect(tell(open: [open]) == [.ticketNoted(node, open, leases[1])])
        #expect(tell(open: [open]) == [])
        let closed = open.closed(.recovered, at: .never)
        let ends = registry.book.decideTickets(
            of: ToldTickets(open: [], closed: [closed]), on: node, at: registry.clock.calendar)
        #expect(ends == leases.map { .ticketNoted(node, closed, $0) })
        registry.append(ends[0])
        #expect(registry.book.tickets(on: node) == [open])
        #expect(try registry.book.rebuilt().digest() == registry.book.digest())
        #expect(tell(open: [], closed: [closed]) == [ends[1]])
        #expect(tell(open: [], closed: [closed]) == [] && registry.book.tickets(on: node) == [])
    }

    @Test("a record of a node or a lease that is not there cannot be, and none answers a request")
    mutating func objections() {
        func objection(_ node: UInt32, _ lease: LeaseID?, key: RequestKey? = nil) -> String? {
            registry.book.objection(
                to: LogEntry(
                    index: registry.book.head.next, at: registry.clock.calendar, principal: .coordinator, request: key,
                    record: .ticketNoted(NodeID(rawValue: node), ticket(1), lease)))
        }
        #expect(objection(0, nil) == nil)
        #expect(objection(2, nil) == "no node 2")
        #expect(objection(0, LeaseID(rawValue: 99)) == "no lease L99")
        #expect(objection(0, nil, key: RequestKey(id: RequestID(high: 1, low: 1), bodyHash: 1)) != nil)
    }

    @Test("a book with tickets is built again from its image, and from nothing that cannot be (L14)")
    mutating func image() throws {
        let before = registry.book.digest()
        #expect(tell(open: [ticket(1), ticket(2)]).count == 2)
        #expect(registry.book.digest() != before)
        let two = registry.book.digest()
        #expect(tell(open: [ticket(1)], closed: [ticket(2).closed(.recovered, at: .never)]).count == 1)
        #expect(registry.book.digest() != two)
        let rebuilt = try registry.book.rebuilt()
        #expect(rebuilt.image == registry.book.image && rebuilt.digest() == registry.book.digest())
        #expect(rebuilt.tickets == registry.book.tickets && rebuilt.openTicketCount == 1)
        #expect(registry.replayed().digest() == rebuilt.digest())
        // What was seen of a node counts on.
        let told = ToldTickets(open: [ticket(1)], closed: [ticket(2).closed(.recovered, at: .never)])
        #expect(rebuilt.decideTickets(of: told, on: node, at: .never) == [])

        let last = ticket(2).name
        let (one, three) = (OpenTicket(ticket: ticket(1), leases: []), OpenTicket(ticket: ticket(3), leases: []))
        let over = OpenTicket(ticket: ticket(1).closed(.recovered, at: .never), leases: [])
        for wrong in [
            [TicketImage(node: NodeID(rawValue: 2), last: last, open: [])],
            [TicketImage(node: node, last: last, open: []), TicketImage(node: node, last: last, open: [])],
            [TicketImage(node: node, last: last, open: [three])],
            [TicketImage(node: node, last: last, open: [one, one])],
            [TicketImage(node: node, last: last, open: [over])],
        ] {
            var builder = BookBuilder()
            var complaint: String?
            for piece in registry.book.image {
                if case .tickets = piece { continue }
                complaint = complaint ?? builder.take(piece)
            }
            #expect(complaint == nil)
            #expect(builder.take(.tickets(wrong)) != nil, "\(wrong)")
        }
    }

    private struct Unslit: Error {}
}
