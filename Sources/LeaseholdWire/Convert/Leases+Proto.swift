internal import LeaseholdModel
internal import SwiftProtobuf

// Leases, quotes and events as protobuf.

extension ProtoPlacements {
    /// Placements as parallel arrays, with the names of the nodes where they are known.
    init(_ placements: [Placement], names: [String] = []) {
        nodeIds = placements.map(\.node.rawValue)
        gpuMasks = placements.map { UInt32($0.gpus.bits) }
        nodeNames = names
        uses = placements.allSatisfy(\.use.isWhole) ? [] : placements.map(\.use.proto)
    }

    /// Reads the placements.
    var placements: [Placement] {
        get throws(FieldFault) {
            let (nodes, masks, uses) = (nodeIds, gpuMasks, self.uses)
            let count = try Field.bounded(nodes, "placements.nodeIds", countMax: Limits.nodeCountMax).count
            try Field.sameCount(masks.count, "placements.gpuMasks", as: count)
            if !uses.isEmpty { try Field.sameCount(uses.count, "placements.uses", as: count) }
            var placements: [Placement] = []
            placements.reserveCapacity(count)
            for position in 0..<count {
                placements.append(
                    Placement(
                        node: NodeID(rawValue: nodes[position]),
                        gpus: try Field.gpus(masks[position], "placements.gpuMasks[\(position)]"),
                        use: uses.isEmpty ? .whole : try NodeUse(uses[position], "placements.uses[\(position)]")))
            }
            return placements
        }
    }

    /// Reads the names: one for each placement, or none at all.
    var names: [String] {
        get throws(FieldFault) {
            guard !nodeNames.isEmpty else { return [] }
            try Field.sameCount(nodeNames.count, "placements.nodeNames", as: nodeIds.count)
            return nodeNames
        }
    }
}

extension NodeUse {
    fileprivate var proto: ProtoNodeUse {
        .with {
            $0.shareThousandths = UInt32(share)
            $0.slicesLow = slices.low
            $0.slicesHigh = slices.high
            $0.cpuMillicores = cpu.count
            $0.memoryMib = memory.count
        }
    }

    fileprivate init(_ proto: ProtoNodeUse, _ field: String) throws(FieldFault) {
        self.init(
            share: UInt16(try Field.number(proto.shareThousandths, "\(field).shareThousandths", in: 0...1_000)),
            slices: SliceSet(low: proto.slicesLow, high: proto.slicesHigh), cpu: Millicores(proto.cpuMillicores),
            memory: Mebibytes(proto.memoryMib))
    }
}

extension Epoch {
    fileprivate var proto: ProtoEpoch {
        .with { ($0.reign, $0.index) = (reign.rawValue, index.rawValue) }
    }
}

extension QuoteView {
    /// The view as protobuf.
    var proto: ProtoQuote {
        .with {
            $0.gpuCount = UInt32(clamping: gpuCount)
            $0.watts = watts.count
            if let within { $0.within = within }
            $0.placements = ProtoPlacements(placements)
            $0.startsAt = startsAt.proto
            $0.endsAt = endsAt.proto
            $0.further = further.map(\.proto)
            $0.units = units.map { units in
                .with { ($0.kind, $0.gpuMilliseconds) = (units.kind, units.gpuMilliseconds) }
            }
        }
    }

    /// Reads the view.
    init(_ proto: ProtoQuote) throws(FieldFault) {
        let units = try Field.bounded(proto.units, "units", countMax: Limits.kindCountMax)
        self.init(
            gpuCount: Int(proto.gpuCount), watts: Watts(proto.watts),
            startsAt: try CalendarInstant(proto.startsAt, "startsAt"),
            endsAt: try CalendarInstant(proto.endsAt, "endsAt"), within: proto.hasWithin ? proto.within : nil,
            placements: try proto.placements.placements, further: try LeasePartView.all(of: proto.further),
            units: units.map { QuotedUnits(kind: $0.kind, gpuMilliseconds: $0.gpuMilliseconds) })
    }
}

extension LeasePartView {
    fileprivate var proto: ProtoLeasePart {
        .with {
            $0.startsAt = startsAt.proto
            $0.endsAt = endsAt.proto
            $0.gpuCount = UInt32(clamping: gpuCount)
            $0.watts = watts.count
            if let fee = terms.fee { $0.fee = "\(fee)" }
            if let clause = terms.clause { $0.clause = clause }
        }
    }

    /// Reads the later parts of a lease.
    fileprivate static func all(of protos: [ProtoLeasePart]) throws(FieldFault) -> [LeasePartView] {
        var parts: [LeasePartView] = []
        for (position, proto) in try Field.bounded(
            protos, "further", countMax: Limits.leasePartCountMax
        ).enumerated() {
            parts.append(
                LeasePartView(
                    startsAt: try CalendarInstant(proto.startsAt, "further[\(position)].startsAt"),
                    endsAt: try CalendarInstant(proto.endsAt, "further[\(position)].endsAt"),
                    gpuCount: Int(proto.gpuCount), watts: Watts(proto.watts),
                    terms: StepTerms(
                        fee: try Field.money(proto.fee, "further[\(position)].fee"),
                        clause: proto.hasClause ? proto.clause : nil)))
        }
        return parts
    }
}

extension LeaseGrantView {
    /// The view as protobuf.
    var proto: ProtoLeaseGrant {
        .with {
            $0.id = "\(lease)"
            $0.tenant = tenant
            $0.gpuCount = UInt32(clamping: gpuCount)
            if let epoch { $0.epoch = epoch.proto }
            $0.startsAt = startsAt.proto
            $0.endsAt = endsAt.proto
            $0.watts = watts.count
            $0.placements = ProtoPlacements(placements, names: nodeNames)
            $0.further = further.map(\.proto)
            if let fee = terms.fee { $0.fee = "\(fee)" }
            if let clause = terms.clause { $0.clause = clause }
        }
    }

    /// Reads the view.
    init(_ proto: ProtoLeaseGrant) throws(FieldFault) {
        self.init(
            lease: try Field.lease(proto.id, "id"), tenant: proto.tenant,
            epoch: proto.hasEpoch ? Epoch(proto.epoch.reign, proto.epoch.index) : nil, gpuCount: Int(proto.gpuCount),
            watts: Watts(proto.watts), startsAt: try CalendarInstant(proto.startsAt, "startsAt"),
            endsAt: try CalendarInstant(proto.endsAt, "endsAt"), placements: try proto.placements.placements,
            nodeNames: try proto.placements.names, further: try LeasePartView.all(of: proto.further),
            terms: StepTerms(
                fee: try Field.money(proto.fee, "fee"), clause: proto.hasClause ? proto.clause : nil))
    }
}

extension LeaseView {
    /// The view as protobuf; the facts of the grant stand beside what changes.
    var proto: ProtoLease {
        .with {
            $0.id = "\(grant.lease)"
            $0.tenant = grant.tenant
            $0.unit = unit.word
            $0.count = UInt32(clamping: count)
            $0.gpuCount = UInt32(clamping: grant.gpuCount)
            $0.kinds = kinds
            $0.state = state.word
            $0.cause = "\(cause)"
            $0.onSilence = onSilence.word
            if let epoch = grant.epoch { $0.epoch = epoch.proto }
            $0.startsAt = grant.startsAt.proto
            $0.endsAt = grant.endsAt.proto
            $0.watts = grant.watts.count
            $0.placements = ProtoPlacements(grant.placements, names: grant.nodeNames)
            $0.retiredCount = UInt32(clamping: retiredCount)
            $0.degraded = isDegraded
            if let within { $0.within = within.word }
            if let spread { $0.spread = spread.word }
            $0.further = grant.further.map(\.proto)
            $0.principal = "\(principal)"
            if let profile = shape.profile { $0.profile = profile }
            if let share = shape.share { $0.shareThousandths = UInt32(share) }
            if let cpu = shape.cpu { $0.cpuMillicores = cpu.count }
            if let memory = shape.memory { $0.memoryMib = memory.count }
            $0.labels = labels.map(\.description)
            if let waiting { $0.waiting = waiting.proto }
            if let fee = grant.terms.fee { $0.fee = "\(fee)" }
            if let clause = grant.terms.clause { $0.clause = clause }
        }
    }

    /// Reads the view.
    init(_ proto: ProtoLease) throws(FieldFault) {
        let grant = LeaseGrantView(
            lease: try Field.lease(proto.id, "id"), tenant: proto.tenant,
            epoch: proto.hasEpoch ? Epoch(proto.epoch.reign, proto.epoch.index) : nil, gpuCount: Int(proto.gpuCount),
            watts: Watts(proto.watts), startsAt: try CalendarInstant(proto.startsAt, "startsAt"),
            endsAt: try CalendarInstant(proto.endsAt, "endsAt"), placements: try proto.placements.placements,
            nodeNames: try proto.placements.names, further: try LeasePartView.all(of: proto.further),
            terms: StepTerms(
                fee: try Field.money(proto.fee, "fee"), clause: proto.hasClause ? proto.clause : nil))
        self.init(
            grant: grant, unit: try Field.word(proto.unit, "unit", spelled: \.word), count: Int(proto.count),
            kinds: proto.kinds,
            shape: UnitShape(
                profile: proto.hasProfile ? proto.profile : nil,
                share: proto.hasShareThousandths
                    ? UInt16(try Field.number(proto.shareThousandths, "shareThousandths", in: 1...1_000)) : nil,
                cpu: proto.hasCpuMillicores ? Millicores(proto.cpuMillicores) : nil,
                memory: proto.hasMemoryMib ? Mebibytes(proto.memoryMib) : nil),
            labels: try Field.rules(proto.labels, "labels"),
            onSilence: try Field.word(proto.onSilence, "onSilence", spelled: \.word),
            within: proto.hasWithin ? try Field.word(proto.within, "within", spelled: \.word) : nil,
            spread: proto.hasSpread ? try Field.word(proto.spread, "spread", spelled: \.word) : nil,
            state: try Field.word(proto.state, "state", spelled: \.word),
            cause: try Field.word(proto.cause, "cause") { "\($0)" }, retiredCount: Int(proto.retiredCount),
            isDegraded: proto.degraded,
            waiting: proto.hasWaiting ? try WaitlistPlace(proto.waiting, "waiting") : nil,
            principal: try Field.principal(proto.principal, "principal"))
    }
}

extension EventView {
    /// The view as protobuf.
    var proto: ProtoEvent {
        .with {
            $0.index = index.rawValue
            $0.at = at.proto
            $0.principal = "\(principal)"
            $0.word = word
            if let lease { $0.lease = "\(lease)" }
            $0.text = text
        }
    }

    /// Reads the view.
    init(_ proto: ProtoEvent) throws(FieldFault) {
        self.init(
            index: RecordIndex(rawValue: proto.index), at: try CalendarInstant(proto.at, "at"),
            principal: try Field.principal(proto.principal, "principal"), word: proto.word,
            lease: proto.hasLease ? try Field.lease(proto.lease, "lease") : nil, text: proto.text)
    }
}
