internal import LeaseholdModel
internal import SwiftProtobuf

// Tickets as protobuf.

extension Ticket {
    /// The ticket as protobuf.
    var proto: ProtoTicket {
        .with {
            $0.number = name.number
            $0.opened = name.opened.proto
            if let gpu { $0.gpu = UInt32(clamping: gpu) }
            $0.uuid = uuid
            $0.component = component
            $0.action = action
            if let done { $0.done = done.proto }
            if let closing {
                $0.closed = closing.at.proto
                $0.outcome = "\(closing.outcome)"
            }
        }
    }

    fileprivate init(_ proto: ProtoTicket) throws(FieldFault) {
        let gpu = proto.hasGpu ? try Field.number(proto.gpu, "gpu", in: 0...UInt32(GPUSet.countMax - 1)) : nil
        let outcome = Outcome.recovered
        let words = proto.hasClosed ? "\(outcome)" : ""
        try require(
            proto.outcome == words, "outcome", value: Field.quoted(proto.outcome),
            expected: proto.hasClosed ? words : "nothing of a ticket that is open")
        self.init(
            name: Name(opened: try CalendarInstant(proto.opened, "opened"), number: proto.number),
            gpu: gpu.map(Int.init), uuid: try Field.deviceText(proto.uuid, "uuid"),
            component: try Field.deviceText(proto.component, "component"),
            action: try Field.text(proto.action, "action", byteCountMax: Limits.troubleTextByteCountMax),
            done: proto.hasDone ? try CalendarInstant(proto.done, "done") : nil,
            closing: proto.hasClosed ? Closing(at: try CalendarInstant(proto.closed, "closed"), outcome: outcome) : nil)
    }
}

extension [Ticket] {
    /// Reads the tickets of a node.
    init(_ protos: [ProtoTicket]) throws(FieldFault) {
        self = []
        let told = try Field.bounded(
            protos, "tickets", countMax: Limits.ticketsPerNodeCountMax + Limits.closedTicketsPerNodeCountMax)
        for (position, ticket) in told.enumerated() {
            append(try within("tickets[\(position)]") { () throws(FieldFault) in try Ticket(ticket) })
        }
    }
}
