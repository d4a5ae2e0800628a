package import LeaseholdModel

/// What has to be done about nodes' GPUs, as far as the log has it: the open tickets, and how far each node has counted.
///
/// A node tells all of its tickets over and over; `news` is what of that the log does not have yet. So a word that was
/// lost is lost for no longer than until the next one.
package struct RepairTable: Equatable, Sendable {
    /// The tickets of one node.
    struct Row: Hashable {
        /// In the order in which the log came to know them.
        fileprivate(set) var open: [RepairTicket] = []
        /// The newest that was ever taken in.
        fileprivate(set) var last: RepairTicket.Name
    }

    /// Nodes that have had a ticket.
    private(set) var rows: [NodeID: Row] = [:]
    /// Open tickets of all nodes.
    package private(set) var openCount = 0

    /// The nodes that have had tickets, ascending.
    var nodes: [NodeID] { rows.keys.sorted() }

    /// What is open on a node.
    func open(on node: NodeID) -> [RepairTicket] { rows[node]?.open ?? [] }

    /// Takes in what became of a ticket.
    mutating func take(_ ticket: RepairTicket, on node: NodeID) {
        var row = rows[node] ?? Row(last: ticket.name)
        let countBefore = row.open.count
        let known = row.open.firstIndex { $0.name == ticket.name }
        switch (known, ticket.closing) {
        case (let known?, nil): row.open[known] = ticket
        case (let known?, _): row.open.remove(at: known)
        case (nil, nil): row.open.append(ticket)
        case (nil, _): break
        }
        row.last = max(row.last, ticket.name)
        openCount += row.open.count - countBefore
        rows[node] = row
    }

    /// What of a node's word the log does not have.
    ///
    /// A closed ticket that the log has not open is news if it is newer than all that the log has seen of the node:
    /// then all of it happened while nobody listened.
    ///
    /// - Parameters:
    ///   - told: what the node says.
    ///   - node: which node.
    ///   - now: when a ticket that the node tells of no more is closed.
    /// - Returns: tickets as they should be taken in, in that order; of each name one.
    func news(of told: ToldTickets, on node: NodeID, at now: CalendarInstant) -> [RepairTicket] {
        let row = rows[node]
        var room = Limits.ticketsPerNodeCountMax - (row?.open.count ?? 0)
        var named: Set<RepairTicket.Name> = []
        var news: [RepairTicket] = []
        for ticket in told.tickets where named.insert(ticket.name).inserted {
            if let known = row?.open.first(where: { $0.name == ticket.name }) {
                if known != ticket { news.append(ticket) }
            } else if ticket.closing != nil {
                if row.map({ ticket.name > $0.last }) ?? true { news.append(ticket) }
            } else if room > 0 {
                room -= 1
                news.append(ticket)
            }
        }
        guard told.areAllOpen else { return news }
        let untold = (row?.open ?? []).filter { !named.contains($0.name) }
        return news + untold.map { $0.closed(.untold, at: now) }
    }

    /// Takes in what an image says of a node, or says why it cannot be.
    mutating func restore(_ image: RepairImage) -> String? {
        guard rows[image.node] == nil,
            image.open.allSatisfy({ $0.closing == nil && $0.name <= image.last }),
            Set(image.open.map(\.name)).count == image.open.count
        else { return "tickets of node \(image.node) cannot be, or are there twice" }
        rows[image.node] = Row(open: image.open, last: image.last)
        openCount += image.open.count
        return nil
    }

    /// What an image says of a node that has had tickets.
    func image(of node: NodeID) -> RepairImage? {
        rows[node].map { RepairImage(node: node, last: $0.last, open: $0.open) }
    }
}

/// Tickets and the book.
extension LeaseBook {
    /// Open tickets of all nodes.
    package var openTicketCount: Int { repairs.openCount }

    /// What the log has open about a node's GPUs.
    package func tickets(on node: NodeID) -> [RepairTicket] { repairs.open(on: node) }

    /// The records by which the log follows what a node tells of its tickets; none where it has all of it.
    package func decideRepairs(of told: ToldTickets, on node: NodeID, at now: CalendarInstant) -> [Record] {
        repairs.news(of: told, on: node, at: now).flatMap { ticket -> [Record] in
            let leases = leases(concernedBy: ticket, on: node)
            return leases.isEmpty
                ? [.repairNoted(node, ticket, nil)] : leases.map { .repairNoted(node, ticket, $0) }
        }
    }

    /// Why a record of a ticket cannot be the next; nil where it can.
    func objection(toRepairing node: NodeID, of lease: LeaseID?) -> String? {
        guard node.offset < fleet.nodes.count else { return "no node \(node)" }
        guard let lease, leases[lease] == nil else { return nil }
        return "no lease \(lease)"
    }

    /// Whoever holds some of the GPU, ascending.
    private func leases(concernedBy ticket: RepairTicket, on node: NodeID) -> [LeaseID] {
        guard let gpu = ticket.gpu else { return [] }
        return fleet.holdings(on: node).filter { $0.gpus.contains(gpu) }.map(\.lease)
    }
}

/// Tickets in words.
extension RepairTicket {
    /// `ticket 7 for memory of GPU 3: reset the GPU`.
    var story: String {
        let part = "\(component) of \(gpu.map { "GPU \($0)" } ?? uuid)"
        guard let closing else {
            return "ticket \(name.number) for \(part): " + (done == nil ? action : "done, and watched")
        }
        switch closing.outcome {
        case .recovered: return "ticket \(name.number) for \(part) is closed: it is healthy"
        case .gpuLeft: return "ticket \(name.number) for \(part) is closed: the GPU was taken out"
        case .untold: return "ticket \(name.number) for \(part) is closed: its node tells of it no more"
        }
    }
}
