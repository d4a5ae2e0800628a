internal import LeaseholdModel
internal import SwiftProtobuf

// Records as protobuf; those that carry lists of their own are in `LeaseGranted+Proto`, `Waitlist+Proto` and
// `FleetPart+Proto`.

extension Record {
    /// The record as protobuf.
    var proto: ProtoEntry.OneOf_Record {
        switch self {
        case .reignBegan(let began): .reignBegan(began.proto)
        case .fleetPartImported(let part): .fleetPartImported(part.proto)
        case .tenantCreated(let name, let quota): .tenantCreated(.with { ($0.name, $0.quota) = (name, quota) })
        case .tenantQuotaSet(let tenant, let quota):
            .tenantQuotaSet(.with { ($0.tenant, $0.quota) = (tenant.rawValue, quota) })
        case .nodeCordonSet(let node, let isCordoned):
            .nodeCordonSet(.with { ($0.node, $0.cordoned) = (node.rawValue, isCordoned) })
        case .nodeReported(let node, let hardware, let traits):
            .nodeReported(
                .with {
                    $0.node = node.rawValue
                    $0.hardware = hardware
                    $0.traits = UInt32(traits.rawValue)
                })
        case .nodesSetAside(let nodes, let state, let reason):
            .nodesSetAside(
                .with {
                    $0.node = nodes.map(\.rawValue)
                    $0.state = ProtoNodeState(rawValue: RecordField.number(of: state)) ?? .unspecified
                    $0.reason = ProtoNodeReason(rawValue: RecordField.number(of: reason)) ?? .unspecified
                })
        case .gpuHealthChanged(let node, let unhealthy):
            .gpuHealthChanged(.with { ($0.node, $0.unhealthyMask) = (node.rawValue, UInt32(unhealthy.bits)) })
        case .leaseGranted(let granted): .leaseGranted(granted.proto)
        case .leaseWaitlisted(let waitlisted): .leaseWaitlisted(waitlisted.proto)
        case .leaseConfirmed(let lease, let granted):
            .leaseConfirmed(.with { ($0.lease, $0.granted) = (lease.rawValue, granted.proto) })
        case .leaseBegun(let lease, let begun):
            .leaseBegun(
                .with {
                    $0.lease = lease.rawValue
                    $0.reign = begun.reign.rawValue
                    if let bound = begun.keepBound { $0.keepBoundBootNs = bound.nanoseconds }
                    ($0.keepBootHigh, $0.keepBootLow) = (begun.keepBoot.high, begun.keepBoot.low)
                })
        case .leaseMoved(let lease, let placements, let watts):
            .leaseMoved(
                .with {
                    $0.lease = lease.rawValue
                    $0.node = placements.map(\.node.rawValue)
                    $0.gpuMask = placements.map { UInt32($0.gpus.bits) }
                    $0.watts = watts.count
                    $0.use = RecordField.uses(of: placements)
                })
        case .leaseExtended(let lease, let endsAt, let keepBound, let keepBoot):
            .leaseExtended(
                .with {
                    $0.lease = lease.rawValue
                    $0.endsAtCalendarNs = endsAt.nanoseconds
                    if let keepBound { $0.keepBoundBootNs = keepBound.nanoseconds }
                    ($0.keepBootHigh, $0.keepBootLow) = (keepBoot.high, keepBoot.low)
                })
        case .leaseShrunk(let lease, let count, let parts):
            .leaseShrunk(
                .with {
                    ($0.lease, $0.count) = (lease.rawValue, count)
                    $0.part = parts.map(\.proto)
                })
        case .leaseActivated(let lease): .leaseActivated(.with { $0.lease = lease.rawValue })
        case .leaseEnding(let lease, let cause):
            .leaseEnding(
                .with {
                    $0.lease = lease.rawValue
                    $0.cause = ProtoEndCause(rawValue: RecordField.number(of: cause)) ?? .unspecified
                })
        case .partitionsRetired(let lease, let nodes, let proof):
            .partitionsRetired(
                .with {
                    $0.lease = lease.rawValue
                    $0.node = nodes.map(\.rawValue)
                    $0.proof = ProtoRetirementProof(rawValue: RecordField.number(of: proof)) ?? .unspecified
                })
        case .partitionSanitised(let node, let certificate): .partitionSanitised(certificate.proto(of: node))
        case .ticketNoted(let node, let ticket, let lease):
            .ticketNoted(
                .with {
                    ($0.node, $0.lease) = (node.rawValue, lease?.rawValue ?? 0)
                    $0.ticket = ticket.proto
                })
        case .headCountersigned(let tenant, let index, let head, let key):
            .headCountersigned(
                .with {
                    ($0.tenant, $0.headIndex) = (tenant.rawValue, index.rawValue)
                    ($0.head, $0.key) = (head.text, key)
                })
        case .requestRefused(let refusal): .requestRefused(refusal.proto)
        }
    }

    /// Reads the record.
    init(_ proto: ProtoEntry.OneOf_Record) throws(RecordFailure) {
        switch proto {
        case .reignBegan(let began): self = .reignBegan(try ReignBegan(began))
        case .fleetPartImported(let part): self = .fleetPartImported(try FleetPart(part))
        case .tenantCreated(let tenant):
            try RecordField.allKnown(tenant, in: "tenantCreated")
            self = .tenantCreated(name: tenant.name, quota: tenant.quota)
        case .tenantQuotaSet(let set):
            try RecordField.allKnown(set, in: "tenantQuotaSet")
            self = .tenantQuotaSet(tenant: TenantID(rawValue: set.tenant), quota: set.quota)
        case .nodeCordonSet(let set):
            try RecordField.allKnown(set, in: "nodeCordonSet")
            self = .nodeCordonSet(node: NodeID(rawValue: set.node), isCordoned: set.cordoned)
        case .nodeReported(let reported):
            try RecordField.allKnown(reported, in: "nodeReported")
            let traits = try RecordField.number(
                reported.traits, "nodeReported.traits", max: UInt32(NodeTraits.all.rawValue))
            self = .nodeReported(
                node: NodeID(rawValue: reported.node), hardware: reported.hardware,
                traits: NodeTraits(rawValue: UInt8(traits)))
        case .nodesSetAside(let aside):
            try RecordField.allKnown(aside, in: "nodesSetAside")
            self = .nodesSetAside(
                aside.node.map { NodeID(rawValue: $0) },
                state: try RecordField.word(aside.state.rawValue, "nodesSetAside.state"),
                reason: try RecordField.word(aside.reason.rawValue, "nodesSetAside.reason"))
        case .gpuHealthChanged(let changed):
            try RecordField.allKnown(changed, in: "gpuHealthChanged")
            self = .gpuHealthChanged(
                node: NodeID(rawValue: changed.node),
                unhealthy: try RecordField.gpus(changed.unhealthyMask, "gpuHealthChanged.unhealthyMask"))
        case .leaseGranted(let granted): self = .leaseGranted(try LeaseGranted(granted, "leaseGranted"))
        case .leaseWaitlisted(let waitlisted): self = .leaseWaitlisted(try WaitlistedLease(waitlisted))
        case .leaseConfirmed(let confirmed):
            self = .leaseConfirmed(LeaseID(rawValue: confirmed.lease), try confirmed.grant)
        case .leaseBegun(let begun):
            self = .leaseBegun(LeaseID(rawValue: begun.lease), try LeaseBegun(begun))
        case .leaseMoved(let moved):
            try RecordField.allKnown(moved, in: "leaseMoved")
            self = .leaseMoved(
                LeaseID(rawValue: moved.lease),
                try RecordField.placements(moved.node, moved.gpuMask, moved.use, "leaseMoved"),
                watts: Watts(moved.watts))
        case .leaseExtended(let extended): self = try extended.record
        case .leaseShrunk(let shrunk):
            self = .leaseShrunk(LeaseID(rawValue: shrunk.lease), count: shrunk.count, try shrunk.parts)
        case .leaseActivated(let activated):
            try RecordField.allKnown(activated, in: "leaseActivated")
            self = .leaseActivated(LeaseID(rawValue: activated.lease))
        case .leaseEnding(let ending):
            try RecordField.allKnown(ending, in: "leaseEnding")
            self = .leaseEnding(
                LeaseID(rawValue: ending.lease),
                cause: try RecordField.word(ending.cause.rawValue, "leaseEnding.cause"))
        case .partitionsRetired(let retired):
            try RecordField.allKnown(retired, in: "partitionsRetired")
            self = .partitionsRetired(
                LeaseID(rawValue: retired.lease), nodes: retired.node.map { NodeID(rawValue: $0) },
                proof: try RecordField.word(retired.proof.rawValue, "partitionsRetired.proof"))
        case .partitionSanitised(let sanitised): self = try sanitised.record
        case .ticketNoted(let noted): self = try noted.record
        case .headCountersigned(let signed): self = try signed.record
        case .requestRefused(let refused): self = .requestRefused(try Refusal(refused, "requestRefused"))
        }
    }
}

extension ProtoLeaseExtended {
    fileprivate var record: Record {
        get throws(RecordFailure) {
            try RecordField.allKnown(self, in: "leaseExtended")
            return .leaseExtended(
                LeaseID(rawValue: lease), endsAt: CalendarInstant(nanoseconds: endsAtCalendarNs),
                keepBound: hasKeepBoundBootNs ? BootInstant(nanoseconds: keepBoundBootNs) : nil,
                keepBoot: BootID(high: keepBootHigh, low: keepBootLow))
        }
    }
}

extension ReignBegan {
    var proto: ProtoReignBegan {
        .with {
            $0.reign = reign.rawValue
            $0.incarnationHigh = incarnation.high
            $0.incarnationLow = incarnation.low
            $0.bootHigh = boot.high
            $0.bootLow = boot.low
            $0.holdNs = holds.hold.nanoseconds
            $0.evictionNs = holds.eviction.nanoseconds
            $0.clockRateErrorPpm = holds.clockRateErrorPPM
        }
    }

    init(_ proto: ProtoReignBegan) throws(RecordFailure) {
        try RecordField.allKnown(proto, in: "reignBegan")
        let holds = HoldSettings(
            hold: Span(nanoseconds: proto.holdNs), eviction: Span(nanoseconds: proto.evictionNs),
            clockRateErrorPPM: proto.clockRateErrorPpm)
        if let complaint = holds.complaint {
            throw .invalid(field: "reignBegan.holds", value: complaint, expected: "settings within their bounds")
        }
        self.init(
            reign: Reign(rawValue: proto.reign),
            incarnation: Incarnation(high: proto.incarnationHigh, low: proto.incarnationLow),
            boot: BootID(high: proto.bootHigh, low: proto.bootLow), holds: holds)
    }
}

extension LeaseBegun {
    init(_ proto: ProtoLeaseBegun) throws(RecordFailure) {
        try RecordField.allKnown(proto, in: "leaseBegun")
        self.init(
            reign: Reign(rawValue: proto.reign),
            keepBound: proto.hasKeepBoundBootNs ? BootInstant(nanoseconds: proto.keepBoundBootNs) : nil,
            keepBoot: BootID(high: proto.keepBootHigh, low: proto.keepBootLow))
    }
}

extension Refusal {
    /// The refusal as protobuf.
    var proto: ProtoRequestRefused {
        .with {
            $0.code = ProtoRefusalCode(rawValue: RecordField.number(of: code)) ?? .unspecified
            $0.word = parts.words
            $0.number = parts.numbers
        }
    }

    /// Reads the refusal in a field.
    init(_ proto: ProtoRequestRefused, _ field: String) throws(RecordFailure) {
        try RecordField.allKnown(proto, in: field)
        let code: Refusal.Code = try RecordField.word(proto.code.rawValue, "\(field).code")
        let parts = RefusalParts(code: code, words: proto.word, numbers: proto.number)
        guard let refusal = Refusal(parts: parts), refusal.parts == parts else {
            throw .invalid(
                field: "\(field).word", value: "\(proto.word.count) words and \(proto.number.count) numbers",
                expected: "those of \(code.word)")
        }
        self = refusal
    }
}

extension ProtoHeadCountersigned {
    /// The record.
    fileprivate var record: Record {
        get throws(RecordFailure) {
            try RecordField.allKnown(self, in: "headCountersigned")
            guard let text = HeadText(head) else {
                throw .invalid(
                    field: "headCountersigned.head", value: "\(head.utf8.count) bytes",
                    expected: "1 to \(Limits.headTextByteCountMax)")
            }
            return .headCountersigned(
                TenantID(rawValue: tenant), head: RecordIndex(rawValue: headIndex), text, key: key)
        }
    }
}
