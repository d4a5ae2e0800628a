internal import LeaseholdModel
internal import SwiftProtobuf

// A grant as protobuf: the placements as two packed arrays, because a whole site is one record; and what is left of one.

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
            if let within { $0.within = ProtoLeaseReach(rawValue: RecordField.number(of: within)) ?? .unspecified }
            if let spread { $0.spread = ProtoPlaceLevel(rawValue: RecordField.number(of: spread)) ?? .unspecified }
            $0.turnaroundNs = turnaround.nanoseconds
            $0.startsAtCalendarNs = first.startsAt.nanoseconds
            $0.endsAtCalendarNs = first.endsAt.nanoseconds
            $0.watts = first.watts.count
            $0.node = first.placements.map(\.node.rawValue)
            $0.gpuMask = first.placements.map { UInt32($0.gpus.bits) }
            $0.further = further.map(\.proto)
            if let profile = shape.profile { $0.profile = profile }
            if let share = shape.share { $0.shareThousandths = UInt32(share) }
            if let cpu = shape.cpu { $0.cpuMillicores = cpu.count }
            if let memory = shape.memory { $0.memoryMib = memory.count }
            $0.labels = RecordField.labels(of: labels)
            $0.use = RecordField.uses(of: first.placements)
            $0.terms = terms.map(\.proto)
            guard let begun else { return }
            $0.reign = begun.reign.rawValue
            if let bound = begun.keepBound { $0.keepBoundBootNs = bound.nanoseconds }
            $0.keepBootHigh = begun.keepBoot.high
            $0.keepBootLow = begun.keepBoot.low
        }
    }

    /// Reads the grant in a field.
    init(_ proto: ProtoLeaseGranted, _ field: String) throws(RecordFailure) {
        try RecordField.allKnown(proto, in: field)
        var kinds: [KindID] = []
        for (position, kind) in proto.kind.enumerated() {
            let number = try RecordField.number(kind, "\(field).kind[\(position)]", max: UInt32(UInt16.max))
            kinds.append(KindID(rawValue: UInt16(number)))
        }
        var further: [LeasePart] = []
        for (position, part) in proto.further.enumerated() {
            further.append(try LeasePart(part, "\(field).further[\(position)]"))
        }
        var terms: [StepTerms] = []
        for (position, step) in proto.terms.enumerated() {
            terms.append(try StepTerms(step, "\(field).terms[\(position)]"))
        }
        self.init(
            tenant: TenantID(rawValue: proto.tenant),
            unit: try RecordField.word(proto.unit.rawValue, "\(field).unit"), count: proto.count, kinds: kinds,
            shape: UnitShape(
                profile: proto.profile.isEmpty ? nil : proto.profile,
                share: try RecordField.share(proto.shareThousandths, "\(field).shareThousandths"),
                cpu: proto.hasCpuMillicores ? Millicores(proto.cpuMillicores) : nil,
                memory: proto.hasMemoryMib ? Mebibytes(proto.memoryMib) : nil),
            labels: try RecordField.rules(proto.labels, "\(field).labels"),
            onSilence: try RecordField.word(proto.onSilence.rawValue, "\(field).onSilence"),
            silenceClass: try RecordField.word(proto.silenceClass.rawValue, "\(field).silenceClass"),
            within: proto.within == .unspecified
                ? nil : try RecordField.word(proto.within.rawValue, "\(field).within"),
            spread: proto.spread == .unspecified
                ? nil : try RecordField.word(proto.spread.rawValue, "\(field).spread"),
            turnaround: Span(nanoseconds: proto.turnaroundNs),
            first: LeasePart(
                startsAt: CalendarInstant(nanoseconds: proto.startsAtCalendarNs),
                endsAt: CalendarInstant(nanoseconds: proto.endsAtCalendarNs), watts: Watts(proto.watts),
                placements: try RecordField.placements(proto.node, proto.gpuMask, proto.use, field)),
            further: further, terms: terms,
            begun: proto.reign == 0
                ? nil
                : LeaseBegun(
                    reign: Reign(rawValue: proto.reign),
                    keepBound: proto.hasKeepBoundBootNs ? BootInstant(nanoseconds: proto.keepBoundBootNs) : nil,
                    keepBoot: BootID(high: proto.keepBootHigh, low: proto.keepBootLow)))
    }
}

extension StepTerms {
    fileprivate var proto: ProtoStepTerms {
        .with {
            if let fee { ($0.currency, $0.feeTenThousandths) = (fee.currency.code, fee.tenThousandths) }
            if let clause { $0.clause = clause }
        }
    }

    fileprivate init(_ proto: ProtoStepTerms, _ field: String) throws(RecordFailure) {
        try RecordField.allKnown(proto, in: field)
        var fee: Money?
        if !proto.currency.isEmpty || proto.feeTenThousandths != 0 {
            fee = Currency(code: proto.currency).flatMap { Money(tenThousandths: proto.feeTenThousandths, of: $0) }
            guard fee != nil else {
                throw .invalid(
                    field: "\(field).feeTenThousandths",
                    value: "\(proto.feeTenThousandths) of \"\(proto.currency)\"",
                    expected: "0 to \(Limits.moneyTenThousandthsMax) of a currency")
            }
        }
        self.init(fee: fee, clause: proto.clause.isEmpty ? nil : proto.clause)
    }
}

extension LeasePart {
    var proto: ProtoLeasePart {
        .with {
            $0.startsAtCalendarNs = startsAt.nanoseconds
            $0.endsAtCalendarNs = endsAt.nanoseconds
            $0.watts = watts.count
            $0.node = placements.map(\.node.rawValue)
            $0.gpuMask = placements.map { UInt32($0.gpus.bits) }
            $0.use = RecordField.uses(of: placements)
        }
    }

    init(_ proto: ProtoLeasePart, _ field: String) throws(RecordFailure) {
        try RecordField.allKnown(proto, in: field)
        self.init(
            startsAt: CalendarInstant(nanoseconds: proto.startsAtCalendarNs),
            endsAt: CalendarInstant(nanoseconds: proto.endsAtCalendarNs), watts: Watts(proto.watts),
            placements: try RecordField.placements(proto.node, proto.gpuMask, proto.use, field))
    }
}

extension ProtoLeaseConfirmed {
    /// Reads the grant: one part, which is all that waits.
    var grant: LeaseGranted {
        get throws(RecordFailure) {
            try RecordField.allKnown(self, in: "leaseConfirmed")
            let field = "leaseConfirmed.granted"
            guard hasGranted else { throw .invalid(field: field, value: "missing", expected: "a grant") }
            guard granted.further.isEmpty else {
                throw .invalid(
                    field: "\(field).further", value: "\(granted.further.count) entries", expected: "none")
            }
            return try LeaseGranted(granted, field)
        }
    }
}

extension ShrunkPart {
    /// What a part keeps, as protobuf.
    var proto: ProtoShrunkPart {
        .with {
            $0.lease = lease.rawValue
            $0.node = placements.map(\.node.rawValue)
            $0.gpuMask = placements.map { UInt32($0.gpus.bits) }
            $0.watts = watts.count
            $0.use = RecordField.uses(of: placements)
        }
    }
}

extension ProtoLeaseShrunk {
    /// Reads what the parts keep.
    var parts: [ShrunkPart] {
        get throws(RecordFailure) {
            try RecordField.allKnown(self, in: "leaseShrunk")
            var parts: [ShrunkPart] = []
            for (position, proto) in part.enumerated() {
                let field = "leaseShrunk.part[\(position)]"
                try RecordField.allKnown(proto, in: field)
                parts.append(
                    ShrunkPart(
                        lease: LeaseID(rawValue: proto.lease), watts: Watts(proto.watts),
                        placements: try RecordField.placements(proto.node, proto.gpuMask, proto.use, field)))
            }
            return parts
        }
    }
}

extension RecordField {
    /// Placements out of their parallel arrays.
    static func placements(
        _ nodes: [UInt32], _ masks: [UInt32], _ uses: [ProtoNodeUse], _ field: String
    ) throws(RecordFailure) -> [Placement] {
        try sameCount(masks.count, "\(field).gpuMask", as: nodes.count)
        if !uses.isEmpty { try sameCount(uses.count, "\(field).use", as: nodes.count) }
        var placements: [Placement] = []
        placements.reserveCapacity(nodes.count)
        for position in nodes.indices {
            placements.append(
                Placement(
                    node: NodeID(rawValue: nodes[position]),
                    gpus: try gpus(masks[position], "\(field).gpuMask[\(position)]"),
                    use: uses.isEmpty ? .whole : try NodeUse(uses[position], "\(field).use[\(position)]")))
        }
        return placements
    }

    /// What every node must be labelled.
    static func rules(
        _ protos: [ProtoLabelRule], _ field: @autoclosure () -> String
    ) throws(RecordFailure) -> [LabelRule] {
        var rules: [LabelRule] = []
        for proto in protos {
            try allKnown(proto, in: field())
            rules.append(LabelRule(NodeLabel(key: proto.key, value: proto.value), isAvoided: proto.avoided))
        }
        return rules
    }

    /// What every node must be labelled, as protobuf.
    static func labels(of rules: [LabelRule]) -> [ProtoLabelRule] {
        rules.map { rule in
            .with { ($0.key, $0.value, $0.avoided) = (rule.label.key, rule.label.value, rule.isAvoided) }
        }
    }

    /// The part of a GPU that a unit is; nil for 0.
    static func share(_ thousandths: UInt32, _ field: @autoclosure () -> String) throws(RecordFailure) -> UInt16? {
        let share = try number(thousandths, field(), max: 1_000)
        return share == 0 ? nil : UInt16(share)
    }

    /// What each placement takes; none where all are whole GPUs with what falls to them.
    static func uses(of placements: [Placement]) -> [ProtoNodeUse] {
        placements.allSatisfy(\.use.isWhole) ? [] : placements.map(\.use.proto)
    }
}

extension NodeUse {
    var proto: ProtoNodeUse {
        .with {
            $0.shareThousandths = UInt32(share)
            $0.slicesLow = slices.low
            $0.slicesHigh = slices.high
            $0.cpuMillicores = cpu.count
            $0.memoryMib = memory.count
        }
    }

    init(_ proto: ProtoNodeUse, _ field: String) throws(RecordFailure) {
        try RecordField.allKnown(proto, in: field)
        self.init(
            share: UInt16(try RecordField.number(proto.shareThousandths, "\(field).shareThousandths", max: 1_000)),
            slices: SliceSet(low: proto.slicesLow, high: proto.slicesHigh), cpu: Millicores(proto.cpuMillicores),
            memory: Mebibytes(proto.memoryMib))
    }
}
