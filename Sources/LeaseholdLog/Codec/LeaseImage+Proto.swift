internal import LeaseholdModel
internal import SwiftProtobuf

// Leases of an image as protobuf.

extension LeaseImage {
    /// The lease as protobuf.
    var proto: ProtoLease {
        .with {
            $0.lease = id.rawValue
            $0.principalRole = ProtoRole(rawValue: RecordField.number(of: principal.role)) ?? .unspecified
            $0.principalName = principal.name
            $0.granted = granted.proto
            $0.part = parts.map(\.proto)
        }
    }

    /// Reads the lease.
    init(_ proto: ProtoLease) throws(RecordFailure) {
        try RecordField.allKnown(proto, in: "lease")
        guard proto.hasGranted, proto.lease < 1 << 48, !proto.part.isEmpty else {
            throw .invalid(field: "lease.granted", value: "L\(proto.lease)", expected: "a whole lease with its parts")
        }
        var parts: [LeasePartImage] = []
        for part in proto.part { parts.append(try LeasePartImage(part)) }
        self.init(
            id: LeaseID(rawValue: proto.lease),
            principal: Principal(
                role: try RecordField.word(proto.principalRole.rawValue, "lease.principalRole"),
                name: proto.principalName),
            granted: try LeaseGranted(proto.granted, "lease.granted"), parts: parts)
    }
}

extension LeasePartImage {
    fileprivate var proto: ProtoLeasePartNow {
        .with {
            $0.number = UInt32(number)
            if let part { $0.part = part.proto }
            $0.state = ProtoLeaseState(rawValue: RecordField.number(of: state)) ?? .unspecified
            $0.cause = ProtoEndCause(rawValue: RecordField.number(of: cause)) ?? .unspecified
            $0.sinceCalendarNs = since.nanoseconds
            if let beginning { $0.beginning = beginning.proto }
            ($0.extendedBy, $0.endedBy) = (extendedBy.rawValue, endedBy.rawValue)
            $0.leaving = leaving.map(\.proto)
            $0.retired = retired
            $0.note = notes.map(\.proto)
            $0.forgottenNoteCount = UInt32(forgottenNoteCount)
        }
    }

    fileprivate init(_ proto: ProtoLeasePartNow) throws(RecordFailure) {
        try RecordField.allKnown(proto, in: "lease.part")
        var leaving: [LeavingPlacement] = []
        for left in proto.leaving { leaving.append(try LeavingPlacement(left)) }
        var notes: [NotedEntry] = []
        for note in proto.note { notes.append(try NotedEntry(note)) }
        self.init(
            number: Int(try RecordField.number(proto.number, "lease.part.number", max: UInt32(UInt16.max))),
            part: proto.hasPart ? try LeasePart(proto.part, "lease.part.part") : nil,
            state: try RecordField.word(proto.state.rawValue, "lease.part.state"),
            cause: try RecordField.word(proto.cause.rawValue, "lease.part.cause"),
            since: CalendarInstant(nanoseconds: proto.sinceCalendarNs),
            beginning: proto.hasBeginning ? try BeginningImage(proto.beginning) : nil,
            extendedBy: RecordIndex(rawValue: proto.extendedBy), endedBy: RecordIndex(rawValue: proto.endedBy),
            leaving: leaving, retired: proto.retired, notes: notes,
            forgottenNoteCount: Int(proto.forgottenNoteCount))
    }
}

extension BeginningImage {
    fileprivate var proto: ProtoBeginning {
        .with {
            $0.reign = begun.reign.rawValue
            if let bound = begun.keepBound { $0.keepBoundBootNs = bound.nanoseconds }
            ($0.keepBootHigh, $0.keepBootLow) = (begun.keepBoot.high, begun.keepBoot.low)
            ($0.epochReign, $0.epochIndex) = (epoch.reign.rawValue, epoch.index.rawValue)
            $0.firstEndsAtCalendarNs = firstEndsAt.nanoseconds
            if let firstBound { $0.firstBoundBootNs = firstBound.nanoseconds }
        }
    }

    fileprivate init(_ proto: ProtoBeginning) throws(RecordFailure) {
        try RecordField.allKnown(proto, in: "lease.part.beginning")
        self.init(
            begun: LeaseBegun(
                reign: Reign(rawValue: proto.reign),
                keepBound: proto.hasKeepBoundBootNs ? BootInstant(nanoseconds: proto.keepBoundBootNs) : nil,
                keepBoot: BootID(high: proto.keepBootHigh, low: proto.keepBootLow)),
            epoch: Epoch(proto.epochReign, proto.epochIndex),
            firstEndsAt: CalendarInstant(nanoseconds: proto.firstEndsAtCalendarNs),
            firstBound: proto.hasFirstBoundBootNs ? BootInstant(nanoseconds: proto.firstBoundBootNs) : nil)
    }
}

extension LeavingPlacement {
    fileprivate var proto: ProtoLeaving {
        .with {
            ($0.node, $0.gpuMask) = (placement.node.rawValue, UInt32(placement.gpus.bits))
            if !placement.use.isWhole { $0.use = placement.use.proto }
            ($0.fromCalendarNs, $0.untilCalendarNs) = (stay.from.nanoseconds, stay.until.nanoseconds)
            $0.by = by.rawValue
        }
    }

    fileprivate init(_ proto: ProtoLeaving) throws(RecordFailure) {
        try RecordField.allKnown(proto, in: "lease.part.leaving")
        self.init(
            placement: Placement(
                node: NodeID(rawValue: proto.node),
                gpus: try RecordField.gpus(proto.gpuMask, "lease.part.leaving.gpuMask"),
                use: proto.hasUse ? try NodeUse(proto.use, "lease.part.leaving.use") : .whole),
            stay: Window(
                from: CalendarInstant(nanoseconds: proto.fromCalendarNs),
                until: CalendarInstant(nanoseconds: proto.untilCalendarNs)),
            by: RecordIndex(rawValue: proto.by))
    }
}
