internal import LeaseholdModel
internal import SwiftProtobuf

// A grant as protobuf: the placements as two packed arrays, because a whole site is one record.

extension LeaseGranted {
    /// The grant as protobuf.
    var proto: ProtoLeaseGranted {
        .with {
            $0.tenant = tenant.rawValue
            $0.unit = ProtoLeaseUnit(rawValue: RecordField.number(of: unit)) ?? .unspecified
            $0.count = count
            $0.kind = kinds.map { UInt32($0.rawValue) }
            $0.onSilence = ProtoSilenceMode(rawValue: RecordField.number(of: onSilence)) ?? .unspecified
            $0.silenceClass = ProtoSilenceClass(rawValue: RecordField.number(of: silenceClass)) ?? .unspecified
            $0.reign = reign.rawValue
            $0.startsAtCalendarNs = startsAt.nanoseconds
            $0.endsAtCalendarNs = endsAt.nanoseconds
            $0.watts = watts.count
            $0.node = placements.map(\.node.rawValue)
            $0.gpuMask = placements.map { UInt32($0.gpus.bits) }
            if let keepBound { $0.keepBoundBootNs = keepBound.nanoseconds }
            $0.keepBootHigh = keepBoot.high
            $0.keepBootLow = keepBoot.low
        }
    }

    /// Reads the grant.
    init(_ proto: ProtoLeaseGranted) throws(RecordFailure) {
        try RecordField.allKnown(proto, in: "leaseGranted")
        var kinds: [KindID] = []
        for (position, kind) in proto.kind.enumerated() {
            let number = try RecordField.number(kind, "leaseGranted.kind[\(position)]", max: UInt32(UInt16.max))
            kinds.append(KindID(rawValue: UInt16(number)))
        }
        let (nodes, masks) = (proto.node, proto.gpuMask)
        try RecordField.sameCount(masks.count, "leaseGranted.gpuMask", as: nodes.count)
        var placements: [Placement] = []
        placements.reserveCapacity(nodes.count)
        for position in nodes.indices {
            placements.append(
                Placement(
                    node: NodeID(rawValue: nodes[position]),
                    gpus: try RecordField.gpus(masks[position], "leaseGranted.gpuMask[\(position)]")))
        }
        self.init(
            tenant: TenantID(rawValue: proto.tenant),
            unit: try RecordField.word(proto.unit.rawValue, "leaseGranted.unit"), count: proto.count, kinds: kinds,
            onSilence: try RecordField.word(proto.onSilence.rawValue, "leaseGranted.onSilence"),
            silenceClass: try RecordField.word(proto.silenceClass.rawValue, "leaseGranted.silenceClass"),
            reign: Reign(rawValue: proto.reign),
            startsAt: CalendarInstant(nanoseconds: proto.startsAtCalendarNs),
            endsAt: CalendarInstant(nanoseconds: proto.endsAtCalendarNs), watts: Watts(proto.watts),
            placements: placements,
            keepBound: proto.hasKeepBoundBootNs ? BootInstant(nanoseconds: proto.keepBoundBootNs) : nil,
            keepBoot: BootID(high: proto.keepBootHigh, low: proto.keepBootLow))
    }
}
