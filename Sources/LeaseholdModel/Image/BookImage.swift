/// A piece of a lease book as facts, and nothing that follows from them: what a snapshot is made of.
///
/// A book writes itself as a row of pieces and is built again from them. They come in the order of the cases; lists may
/// be cut into several pieces of one case. What can be counted or looked up from them is left out: whoever reads them
/// counts again.
package enum BookImage: Hashable, Sendable {
    /// Once, and first.
    case heading(BookHeading)
    /// The fleet as it would be imported: kinds, places and nodes in the order of their ids, a run for each node.
    case fleet(FleetPart)
    /// How nodes stand, in the order of their ids.
    case nodes([NodeImage])
    /// What has come of an import whose last part has not; `part` is the part that is awaited.
    case staged(FleetPart)
    /// Tenants, in the order of their ids.
    case tenants([TenantImage])
    /// Leases that are remembered, ascending; those of many parts whole.
    case leases([LeaseImage])
    /// Those of them that wait, in the order of the list.
    case waiting([WaitingImage])
    /// Leases that have begun to end and have not ended, in that order.
    case ending([LeaseID])
    /// Ended and cancelled leases, in the order of their end.
    case ended([LeaseID])
    /// Answers that are remembered, in the order of their records.
    case answers([AnswerImage])
    /// What is usually asked for.
    case demand(DemandImage)
    /// Nodes that have had tickets, ascending.
    case tickets([TicketImage])
}

/// Where a book stands.
package struct BookHeading: Hashable, Sendable {
    package let head: RecordIndex
    package let lastInstant: CalendarInstant
    package let reign: Reign
    package let reignBegan: ReignBegan?
    package let longestHolds: HoldSettings
    package let restores: [LogRestore]

    package init(
        head: RecordIndex, lastInstant: CalendarInstant, reign: Reign, reignBegan: ReignBegan?,
        longestHolds: HoldSettings, restores: [LogRestore] = []
    ) {
        self.head = head
        self.lastInstant = lastInstant
        self.reign = reign
        self.reignBegan = reignBegan
        self.longestHolds = longestHolds
        self.restores = restores
    }
}

/// How a node stands, without what its leases say.
package struct NodeImage: Hashable, Sendable {
    package let state: NodeState
    package let reason: NodeReason
    package let isCordoned: Bool
    /// What this log does not have may run there.
    package let isDoubted: Bool
    package let unhealthy: GPUSet
    package let traits: NodeTraits
    package let since: CalendarInstant
    package let hardware: UInt64?

    package init(
        state: NodeState, reason: NodeReason, isCordoned: Bool, isDoubted: Bool, unhealthy: GPUSet,
        traits: NodeTraits, since: CalendarInstant, hardware: UInt64?
    ) {
        self.state = state
        self.reason = reason
        self.isCordoned = isCordoned
        self.isDoubted = isDoubted
        self.unhealthy = unhealthy
        self.traits = traits
        self.since = since
        self.hardware = hardware
    }
}

/// A tenant.
package struct TenantImage: Hashable, Sendable {
    package let name: String
    /// GPUs.
    package let quota: Int

    package init(name: String, quota: Int) {
        self.name = name
        self.quota = quota
    }
}

/// What the log has of a node's tickets.
package struct TicketImage: Hashable, Sendable {
    package let node: NodeID
    /// The newest that it has seen.
    package var last: Ticket.Name
    /// In the order in which it came to know them.
    package var open: [OpenTicket]

    package init(node: NodeID, last: Ticket.Name, open: [OpenTicket]) {
        self.node = node
        self.last = last
        self.open = open
    }
}

/// An open ticket, and for which leases the log has written it down.
package struct OpenTicket: Hashable, Sendable {
    package var ticket: Ticket
    /// In the order in which it came to concern them; those for which its end is written are not there any more.
    package var leases: [LeaseID]

    package init(ticket: Ticket, leases: [LeaseID]) {
        self.ticket = ticket
        self.leases = leases
    }
}

/// An answer that is remembered.
package struct AnswerImage: Hashable, Sendable {
    package let principal: Principal
    package let request: RequestKey
    package let at: CalendarInstant
    package let outcome: Outcome

    package init(principal: Principal, request: RequestKey, at: CalendarInstant, outcome: Outcome) {
        self.principal = principal
        self.request = request
        self.at = at
        self.outcome = outcome
    }
}
