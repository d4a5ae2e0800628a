/// What has to be done about a part of a node's GPU, or had to be: its agent opens it, and follows it to its end.
///
/// The picture to have in mind is the card that a workshop ties to the key: one for each part, from the day on which it
/// was seen broken to the day on which it is handed back. Instants are by the node's clock, unless it says otherwise.
package struct Ticket: Hashable, Sendable {
    /// How one ends.
    package enum Outcome: UInt8, Hashable, Sendable, CaseIterable, CustomStringConvertible {
        /// The part is healthy: the GPU is handed back.
        case recovered = 1
        /// The node tells of it no more, as where its agent has lost its chart: what no agent says, and a coordinator
        /// finds; by its clock.
        case untold

        /// As scripts know it.
        package var description: String {
            switch self {
            case .recovered: "recovered"
            case .untold: "untold"
            }
        }
    }

    /// When one ended, and how.
    package struct Closing: Hashable, Sendable {
        package let at: CalendarInstant
        package let outcome: Outcome

        package init(at: CalendarInstant, outcome: Outcome) {
            self.at = at
            self.outcome = outcome
        }
    }

    /// What tells one ticket of a node from all others: a node whose chart was lost counts from one again.
    package struct Name: Hashable, Comparable, Sendable {
        package let opened: CalendarInstant
        package let number: UInt64

        package init(opened: CalendarInstant, number: UInt64) {
            self.opened = opened
            self.number = number
        }

        package static func < (left: Name, right: Name) -> Bool {
            (left.opened, left.number) < (right.opened, right.number)
        }
    }

    package let name: Name
    /// The GPU's position; nil where its agent does not know it.
    package let gpu: Int?
    /// What the GPU calls itself.
    package let uuid: String
    /// `memory`, `nvlink`, `fabric`.
    package let component: String
    /// What has to be done.
    package let action: String
    /// When that was seen done; nil before.
    package let done: CalendarInstant?
    /// Nil while it is open.
    package let closing: Closing?

    /// A ticket; its texts are cut to their bounds.
    package init(
        name: Name, gpu: Int?, uuid: String, component: String, action: String, done: CalendarInstant?,
        closing: Closing?
    ) {
        self.name = name
        self.gpu = gpu.flatMap { (0..<GPUSet.countMax).contains($0) ? $0 : nil }
        self.uuid = uuid.line(byteCountMax: Limits.deviceTextByteCountMax)
        self.component = component.line(byteCountMax: Limits.deviceTextByteCountMax)
        self.action = action.line(byteCountMax: Limits.troubleTextByteCountMax)
        self.done = done
        self.closing = closing
    }

    /// The same before it was over.
    package var reopened: Ticket {
        Ticket(
            name: name, gpu: gpu, uuid: uuid, component: component, action: action, done: done, closing: nil)
    }

    /// The same, over.
    package func closed(_ outcome: Outcome, at instant: CalendarInstant) -> Ticket {
        Ticket(
            name: name, gpu: gpu, uuid: uuid, component: component, action: action, done: done,
            closing: Closing(at: instant, outcome: outcome))
    }
}

/// What an agent tells of its node's tickets.
package struct ToldTickets: Hashable, Sendable {
    /// Open ones, the oldest first, then those that were closed last.
    ///
    /// At most `Limits.ticketsPerNodeCountMax` and `Limits.closedTicketsPerNodeCountMax`.
    package let tickets: [Ticket]
    /// Whether all that are open are among them, so that one that is not named is not open.
    package let areAllOpen: Bool

    /// Nothing, and nothing follows from it: an agent that tells of no tickets.
    package static let nothing = ToldTickets(tickets: [], areAllOpen: false)

    /// What was read of another's word.
    package init(tickets: [Ticket], areAllOpen: Bool) {
        self.tickets = tickets
        self.areAllOpen = areAllOpen
    }

    /// All that are open, and the last that were closed; what goes beyond the bound is left out.
    package init(open: [Ticket], closed: [Ticket]) {
        let told = open.sorted { $0.name < $1.name }.prefix(Limits.ticketsPerNodeCountMax)
        self.init(
            tickets: Array(told) + closed.suffix(Limits.closedTicketsPerNodeCountMax),
            areAllOpen: told.count == open.count)
    }
}
