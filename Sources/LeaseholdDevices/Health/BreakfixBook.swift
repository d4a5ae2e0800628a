package import LeaseholdModel

/// Names a ticket among all that a node has ever opened; never used again.
package struct TicketNumber: Codable, Hashable, Comparable, Sendable {
    package let number: UInt64
    package init(_ number: UInt64) { self.number = number }

    package static func < (left: TicketNumber, right: TicketNumber) -> Bool { left.number < right.number }
}

/// What is to be done, or was, about one part of one GPU.
package struct BreakfixTicket: Codable, Hashable, Sendable {
    package let number: TicketNumber
    package let gpu: GPUUUID
    package let component: Component
    package let opened: CalendarInstant
    /// What has to be done.
    package fileprivate(set) var action: Remedy
    /// When that was seen done; nil before.
    package fileprivate(set) var done: CalendarInstant?
    /// When its part was healthy again, and the GPU was handed back; nil while it is open.
    package fileprivate(set) var closed: CalendarInstant?

    package init(
        number: TicketNumber, gpu: GPUUUID, component: Component, opened: CalendarInstant, action: Remedy,
        done: CalendarInstant? = nil, closed: CalendarInstant? = nil
    ) {
        self.number = number
        self.gpu = gpu
        self.component = component
        self.opened = opened
        self.action = action
        self.done = done
        self.closed = closed
    }
}

/// The open tickets of a node's GPUs: one for each part that is unhealthy, or was and is not healthy yet.
///
/// The value is all there is: kept before a change is told to anybody, it goes on with the numbers that it had. The last
/// tickets that were closed stay in it, for whoever was not there to hear of them.
package struct BreakfixBook: Codable, Hashable, Sendable {
    /// What became of a ticket.
    package enum Change: Hashable, Sendable {
        case opened(BreakfixTicket)
        case updated(BreakfixTicket)
        case closed(BreakfixTicket)
    }

    /// By number.
    package private(set) var open: [BreakfixTicket]
    /// The number of the ticket that is opened next.
    package private(set) var next: TicketNumber
    /// The last that were closed, in that order.
    package private(set) var closed: [BreakfixTicket]

    /// A book, new or as it was kept.
    package init(
        open: [BreakfixTicket] = [], closed: [BreakfixTicket] = [], next: TicketNumber = TicketNumber(1)
    ) {
        precondition((open + closed).allSatisfy { $0.number < next }, "a ticket from \(next) on is there")
        self.open = open
        self.next = next
        self.closed = closed
    }

    /// Reads a book; one that an older program kept has no closed tickets.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        open = try container.decode([BreakfixTicket].self, forKey: .open)
        closed = try container.decodeIfPresent([BreakfixTicket].self, forKey: .closed) ?? []
        next = try container.decode(TicketNumber.self, forKey: .next)
    }

    /// Whether a value that was read from somewhere can be one.
    package var isWhole: Bool { (open + closed).allSatisfy { $0.number < next } }

    /// Follows how a GPU is; what changed, by component.
    package mutating func follow(_ health: GPUHealth, at now: CalendarInstant) -> [Change] {
        Component.allCases.compactMap { follow(health[$0], of: $0, of: health.gpu, at: now) }
    }

    private mutating func follow(
        _ condition: Condition, of component: Component, of gpu: GPUUUID, at now: CalendarInstant
    ) -> Change? {
        guard let index = index(of: component, of: gpu) else {
            return condition.standing == .unhealthy ? open(condition, of: component, of: gpu, at: now) : nil
        }
        guard condition.standing > .healthy else { return close(index, at: now) }
        let before = open[index]
        open[index].action = condition.remedy
        open[index].done = condition.remedied
        return open[index] == before ? nil : .updated(open[index])
    }

    private mutating func open(
        _ condition: Condition, of component: Component, of gpu: GPUUUID, at now: CalendarInstant
    ) -> Change {
        let ticket = BreakfixTicket(
            number: next, gpu: gpu, component: component, opened: now, action: condition.remedy,
            done: condition.remedied)
        open.append(ticket)
        next = TicketNumber(next.number + 1)
        return .opened(ticket)
    }

    private mutating func close(_ index: Int, at now: CalendarInstant) -> Change {
        var ticket = open.remove(at: index)
        ticket.closed = now
        closed = (closed + [ticket]).suffix(Limits.closedTicketsPerNodeCountMax)
        return .closed(ticket)
    }

    private func index(of component: Component, of gpu: GPUUUID) -> Int? {
        open.firstIndex { $0.gpu == gpu && $0.component == component }
    }
}
