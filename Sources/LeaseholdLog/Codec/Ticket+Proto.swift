internal import LeaseholdModel
internal import SwiftProtobuf

// Tickets as protobuf.

extension Ticket {
    /// The ticket as protobuf.
    var proto: ProtoTicket {
        .with {
            $0.number = name.number
            $0.openedAtCalendarNs = name.opened.nanoseconds
            if let gpu { $0.gpu = UInt32(clamping: gpu) }
            $0.uuid = uuid
            $0.component = component
            $0.action = action
            if let done { $0.doneAtCalendarNs = done.nanoseconds }
            if let closing {
                $0.closedAtCalendarNs = closing.at.nanoseconds
                $0.outcome = ProtoTicketOutcome(rawValue: RecordField.number(of: closing.outcome)) ?? .unspecified
            }
        }
    }

    /// Reads the ticket.
    init(_ proto: ProtoTicket, _ field: String) throws(RecordFailure) {
        try RecordField.allKnown(proto, in: field)
        try RecordField.sameCount(
            proto.outcome == .unspecified ? 0 : 1, "\(field).outcome", as: proto.hasClosedAtCalendarNs ? 1 : 0)
        let closing =
            proto.hasClosedAtCalendarNs
            ? Closing(
                at: CalendarInstant(nanoseconds: proto.closedAtCalendarNs),
                outcome: try RecordField.word(proto.outcome.rawValue, "\(field).outcome")) : nil
        let gpu =
            proto.hasGpu
            ? try RecordField.number(proto.gpu, "\(field).gpu", max: UInt32(GPUSet.countMax) - 1) : nil
        self.init(
            name: Name(opened: CalendarInstant(nanoseconds: proto.openedAtCalendarNs), number: proto.number),
            gpu: gpu.map(Int.init), uuid: proto.uuid, component: proto.component, action: proto.action,
            done: proto.hasDoneAtCalendarNs ? CalendarInstant(nanoseconds: proto.doneAtCalendarNs) : nil,
            closing: closing)
        try RecordField.unchanged(proto.uuid, "\(field).uuid", as: uuid)
        try RecordField.unchanged(proto.component, "\(field).component", as: component)
        try RecordField.unchanged(proto.action, "\(field).action", as: action)
    }
}

extension ProtoTicketNoted {
    /// The record that it is.
    var record: Record {
        get throws(RecordFailure) {
            try RecordField.allKnown(self, in: "ticketNoted")
            return .ticketNoted(
                NodeID(rawValue: node), try Ticket(ticket, "ticketNoted.ticket"),
                lease == 0 ? nil : LeaseID(rawValue: lease))
        }
    }
}

extension [TicketImage] {
    /// The piece as protobuf.
    var proto: ProtoTicketList {
        .with { list in
            list.node = map { image in
                .with {
                    $0.node = image.node.rawValue
                    $0.lastOpenedAtCalendarNs = image.last.opened.nanoseconds
                    $0.lastNumber = image.last.number
                    $0.open = image.open.map(\.proto)
                }
            }
        }
    }
}

extension OpenTicket {
    fileprivate var proto: ProtoOpenTicket {
        .with {
            $0.ticket = ticket.proto
            $0.lease = leases.map(\.rawValue)
        }
    }

    fileprivate init(_ proto: ProtoOpenTicket, _ field: String) throws(RecordFailure) {
        try RecordField.allKnown(proto, in: field)
        self.init(
            ticket: try Ticket(proto.ticket, "\(field).ticket"), leases: proto.lease.map { LeaseID(rawValue: $0) })
    }
}

extension ProtoTicketList {
    /// The nodes of the piece.
    var images: [TicketImage] {
        get throws(RecordFailure) {
            try RecordField.allKnown(self, in: "tickets")
            // How many there can be is the policy of whoever decided.
            return try RecordField.each(node, "tickets.node", countMax: .max) { (proto, field) throws(RecordFailure) in
                try RecordField.allKnown(proto, in: field)
                let last = CalendarInstant(nanoseconds: proto.lastOpenedAtCalendarNs)
                return TicketImage(
                    node: NodeID(rawValue: proto.node), last: Ticket.Name(opened: last, number: proto.lastNumber),
                    open: try RecordField.each(proto.open, "\(field).open", countMax: .max, OpenTicket.init))
            }
        }
    }
}
