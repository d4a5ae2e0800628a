internal import LeaseholdModel
internal import SwiftProtobuf

// Tickets as protobuf.

extension RepairTicket {
    /// The ticket as protobuf.
    var proto: ProtoRepairTicket {
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
                $0.outcome = ProtoRepairOutcome(rawValue: RecordField.number(of: closing.outcome)) ?? .unspecified
            }
        }
    }

    /// Reads the ticket.
    init(_ proto: ProtoRepairTicket, _ field: String) throws(RecordFailure) {
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

extension ProtoRepairNoted {
    /// The record that it is.
    var record: Record {
        get throws(RecordFailure) {
            try RecordField.allKnown(self, in: "repairNoted")
            return .repairNoted(
                NodeID(rawValue: node), try RepairTicket(ticket, "repairNoted.ticket"),
                lease == 0 ? nil : LeaseID(rawValue: lease))
        }
    }
}

extension [RepairImage] {
    /// The piece as protobuf.
    var proto: ProtoRepairList {
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

extension ProtoRepairList {
    /// The nodes of the piece.
    var images: [RepairImage] {
        get throws(RecordFailure) {
            try RecordField.allKnown(self, in: "repairs")
            var images: [RepairImage] = []
            for repairs in node {
                try RecordField.allKnown(repairs, in: "repairs.node")
                let last = CalendarInstant(nanoseconds: repairs.lastOpenedAtCalendarNs)
                images.append(
                    RepairImage(
                        node: NodeID(rawValue: repairs.node),
                        last: RepairTicket.Name(opened: last, number: repairs.lastNumber),
                        // How many there can be is the policy of whoever decided.
                        open: try RecordField.each(
                            repairs.open, "repairs.node.open", countMax: .max, RepairTicket.init)))
            }
            return images
        }
    }
}
