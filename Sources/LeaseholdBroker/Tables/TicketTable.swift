package import LeaseholdModel

/// What has to be done about nodes' GPUs, as far as the log has it: the open tickets, and how far each node has counted.
///
/// A node tells all of its tickets over and over; `news` is what of that the log does not have yet. So a word that was
/// lost is lost for no longer than until the next one.
package struct TicketTable: Equatable, Sendable {
    /// What is to be written down: of a ticket as it is now, for a lease or for nobody's.
    struct News: Hashable {
        let ticket: Ticket
        let lease: LeaseID?
    }

    /// The nodes that have had tickets, ascending.
    private(set) var rows: [TicketImage] = []
    /// Open tickets of all nodes.
    package private(set) var openCount = 0

    /// What is open on a node.
    func open(on node: NodeID) -> [Ticket] { row(of: node)?.open.map(\.ticket) ?? [] }

    /// Takes in what became of a ticket.
    ///
    /// It is over when its end was written for every lease that it had been written for.
    mutating func take(_ ticket: Ticket, of lease: LeaseID?, on node: NodeID) {
        let place = place(of: node)
        if place == rows.count || rows[place].node != node {
            rows.insert(TicketImage(node: node, last: ticket.name, open: []), at: place)
        }
        rows[place].last = max(rows[place].last, ticket.name)
        let known = rows[place].open.firstIndex { $0.ticket.name == ticket.name }
        guard ticket.closing == nil else {
            guard let known else { return }
            rows[place].open[known].leases.removeAll { $0 == lease }
            guard lease == nil || rows[place].open[known].leases.isEmpty else { return }
            rows[place].open.remove(at: known)
            openCount -= 1
            return
        }
        guard let known else {
            rows[place].open.append(OpenTicket(ticket: ticket, leases: lease.map { [$0] } ?? []))
            openCount += 1
            return
        }
        rows[place].open[known].ticket = ticket
        if let lease, !rows[place].open[known].leases.contains(lease) { rows[place].open[known].leases.append(lease) }
    }

    /// What of a node's word the log does not have.
    ///
    /// A closed ticket that the log has not open is news if it is newer than all that the log has seen of the node:
    /// then all of it happened while nobody listened, and is written down as if somebody had. One that is open is not any
    /// more where the node does not tell of it, and tells of all, or of newer ones: it tells of the oldest first.
    ///
    /// - Parameters:
    ///   - told: what the node says.
    ///   - node: which node.
    ///   - now: when a ticket that the node tells of no more is closed, at the earliest.
    ///   - holders: whoever has some of a GPU, ascending.
    /// - Returns: what should be taken in, in that order.
    func news(
        of told: ToldTickets, on node: NodeID, at now: CalendarInstant, heldBy holders: (Ticket) -> [LeaseID]
    ) -> [News] {
        let row = row(of: node)
        var named: Set<Ticket.Name> = []
        let tickets = told.tickets.filter { named.insert($0.name).inserted }
        var room = Limits.ticketsPerNodeCountMax - (row?.open.count ?? 0)
        var news: [News] = []
        for ticket in tickets.filter({ $0.closing != nil }).sorted(by: { $0.name < $1.name }) {
            if let known = row?.open.first(where: { $0.ticket.name == ticket.name }) {
                room += 1
                news += known.end(ticket)
            } else if row.map({ ticket.name > $0.last }) ?? true {
                let unheard = News.each(ticket.reopened, holders(ticket))
                news += unheard + unheard.map { News(ticket: ticket, lease: $0.lease) }
            }
        }
        let open = tickets.filter { $0.closing == nil }
        let newest = open.map(\.name).max()
        for known in row?.open ?? [] where !named.contains(known.ticket.name) {
            guard told.areAllOpen || newest.map({ known.ticket.name < $0 }) ?? false else { continue }
            room += 1
            news += known.end(known.ticket.closed(.untold, at: max(now, known.ticket.name.opened)))
        }
        for ticket in open {
            if let known = row?.open.first(where: { $0.ticket.name == ticket.name }) {
                news += known.change(to: ticket, heldBy: holders(ticket))
            } else if room > 0 {
                room -= 1
                news += News.each(ticket, holders(ticket))
            }
        }
        return news
    }

    /// Takes in what an image says of a node, or says why it cannot be.
    mutating func restore(_ image: TicketImage) -> String? {
        let names = image.open.map(\.ticket.name)
        guard rows.last.map({ $0.node < image.node }) ?? true,
            image.open.allSatisfy({ $0.ticket.closing == nil && $0.ticket.name <= image.last }),
            Set(names).count == names.count
        else { return "tickets of node \(image.node) cannot be, or are there twice" }
        rows.append(image)
        openCount += names.count
        return nil
    }

    private func row(of node: NodeID) -> TicketImage? {
        let place = place(of: node)
        return place < rows.count && rows[place].node == node ? rows[place] : nil
    }

    /// How many of the rows are of nodes that come before this one.
    private func place(of node: NodeID) -> Int {
        firstPosition(in: rows.count, near: rows.count / 2) { rows[$0].node < node }
    }
}

extension TicketTable.News {
    /// A ticket for each of some leases; for nobody's, where there are none.
    fileprivate static func each(_ ticket: Ticket, _ leases: [LeaseID]) -> [TicketTable.News] {
        leases.isEmpty
            ? [TicketTable.News(ticket: ticket, lease: nil)]
            : leases.map { TicketTable.News(ticket: ticket, lease: $0) }
    }
}

extension OpenTicket {
    /// Its end, for whomever it was written for.
    fileprivate func end(_ closed: Ticket) -> [TicketTable.News] { TicketTable.News.each(closed, leases) }

    /// What changed of it, for all whom it concerns; what did not, for those whom it came to concern.
    fileprivate func change(to told: Ticket, heldBy holders: [LeaseID]) -> [TicketTable.News] {
        let room = max(0, Limits.leasesPerTicketCountMax - leases.count)
        let new = holders.filter { !leases.contains($0) }.prefix(room)
        guard told != ticket else { return new.map { TicketTable.News(ticket: told, lease: $0) } }
        return TicketTable.News.each(told, leases + new)
    }
}

/// Tickets and the book.
extension LeaseBook {
    /// Open tickets of all nodes.
    package var openTicketCount: Int { tickets.openCount }

    /// What the log has open about a node's GPUs.
    package func tickets(on node: NodeID) -> [Ticket] { tickets.open(on: node) }

    /// The records by which the log follows what a node tells of its tickets; none where it has all of it.
    package func decideTickets(of told: ToldTickets, on node: NodeID, at now: CalendarInstant) -> [Record] {
        var told = told
        if isPlanted(.losesTickets) {
            told = ToldTickets(tickets: told.tickets.filter { $0.closing == nil }, areAllOpen: told.areAllOpen)
        }
        return tickets.news(of: told, on: node, at: max(now, lastInstant)) { ticket in
            guard let gpu = ticket.gpu else { return [] }
            let held = fleet.holdings(on: node).filter { $0.gpus.contains(gpu) }.map(\.lease)
            // Whoever came after it was over has nothing to do with it.
            let concerned = held.filter { lease in
                ticket.closing.map { closing in leases[lease].map { $0.part.startsAt <= closing.at } ?? false } ?? true
            }
            return Array(concerned.prefix(Limits.leasesPerTicketCountMax))
        }.map { .ticketNoted(node, $0.ticket, $0.lease) }
    }

    /// Why a record of a ticket cannot be the next; nil where it can.
    func objection(toTicketOf node: NodeID, for lease: LeaseID?) -> String? {
        guard node.offset < fleet.nodes.count else { return "no node \(node)" }
        // Leases are forgotten sooner than some tickets are closed.
        guard let lease, lease.index > head else { return nil }
        return "no lease \(lease)"
    }
}

/// Tickets in words.
extension Ticket {
    /// `ticket 7 for memory of GPU 3: reset the GPU`.
    var story: String {
        let subject = "ticket \(name.number) for \(component) of \(gpu.map { "GPU \($0)" } ?? uuid)"
        guard let closing else { return "\(subject): " + (done == nil ? action : "done, and watched") }
        switch closing.outcome {
        case .recovered: return "\(subject) is closed: it is healthy"
        case .untold: return "\(subject) is closed: its node tells of it no more"
        }
    }
}
