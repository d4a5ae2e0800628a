internal import LeaseholdModel
internal import SwiftProtobuf

// A lease on the waitlist as protobuf: what it asks for stands in the log as it was asked, for nothing is decided yet.

extension WaitlistedLease {
    /// The lease as protobuf.
    var proto: ProtoLeaseWaitlisted {
        precondition(terms.steps.isEmpty && terms.recurrence == nil, "terms in parts do not wait: \(terms)")
        guard let waitlist = terms.waitlist else {
            preconditionFailure("terms that do not wait are on the waitlist: \(terms)")
        }
        return .with {
            $0.tenant = terms.tenant
            $0.unit = ProtoLeaseUnit(rawValue: RecordField.number(of: terms.unit)) ?? .unspecified
            $0.count = terms.count
            $0.kinds = terms.kinds
            if let profile = terms.shape.profile { $0.profile = profile }
            if let share = terms.shape.share { $0.shareThousandths = UInt32(share) }
            if let cpu = terms.shape.cpu { $0.cpuMillicores = cpu.count }
            if let memory = terms.shape.memory { $0.memoryMib = memory.count }
            $0.labels = RecordField.labels(of: terms.labels)
            switch terms.start {
            case .now: break
            case .at(let instant): $0.startsAtCalendarNs = instant.nanoseconds
            case .soonest: $0.soonest = true
            }
            switch terms.end {
            case .after(let term): $0.termNs = term.nanoseconds
            case .at(let instant): $0.endsAtCalendarNs = instant.nanoseconds
            }
            $0.onSilence = ProtoSilenceMode(rawValue: RecordField.number(of: terms.onSilence)) ?? .unspecified
            if let reach = terms.within {
                $0.within = ProtoLeaseReach(rawValue: RecordField.number(of: reach)) ?? .unspecified
            }
            if let level = terms.spread {
                $0.spread = ProtoPlaceLevel(rawValue: RecordField.number(of: level)) ?? .unspecified
            }
            $0.waitlistNs = waitlist.nanoseconds
            $0.untilCalendarNs = until.nanoseconds
            if let estimatedStart { $0.estimatedStartCalendarNs = estimatedStart.nanoseconds }
            $0.refusal = refusal.proto
        }
    }

    /// Reads the lease.
    init(_ proto: ProtoLeaseWaitlisted) throws(RecordFailure) {
        try RecordField.allKnown(proto, in: "leaseWaitlisted")
        guard proto.hasRefusal else {
            throw .invalid(field: "leaseWaitlisted.refusal", value: "missing", expected: "why it waits")
        }
        self.init(
            terms: try proto.terms, until: CalendarInstant(nanoseconds: proto.untilCalendarNs),
            estimatedStart: proto.hasEstimatedStartCalendarNs
                ? CalendarInstant(nanoseconds: proto.estimatedStartCalendarNs) : nil,
            refusal: try Refusal(proto.refusal, "leaseWaitlisted.refusal"))
    }
}

extension ProtoLeaseWaitlisted {
    /// Reads what is asked for.
    fileprivate var terms: LeaseTerms {
        get throws(RecordFailure) {
            LeaseTerms(
                tenant: tenant, unit: try RecordField.word(unit.rawValue, "leaseWaitlisted.unit"), count: count,
                kinds: kinds,
                shape: UnitShape(
                    profile: profile.isEmpty ? nil : profile,
                    share: try RecordField.share(shareThousandths, "leaseWaitlisted.shareThousandths"),
                    cpu: hasCpuMillicores ? Millicores(cpuMillicores) : nil,
                    memory: hasMemoryMib ? Mebibytes(memoryMib) : nil),
                labels: try RecordField.rules(labels, "leaseWaitlisted.labels"), start: try start, end: try end,
                onSilence: try RecordField.word(onSilence.rawValue, "leaseWaitlisted.onSilence"),
                within: within == .unspecified
                    ? nil : try RecordField.word(within.rawValue, "leaseWaitlisted.within"),
                spread: spread == .unspecified
                    ? nil : try RecordField.word(spread.rawValue, "leaseWaitlisted.spread"),
                waitlist: try wait)
        }
    }

    private var start: LeaseStart {
        get throws(RecordFailure) {
            guard hasStartsAtCalendarNs else { return soonest ? .soonest : .now }
            guard !soonest else {
                throw .invalid(
                    field: "leaseWaitlisted.soonest", value: "beside startsAtCalendarNs", expected: "one of the two")
            }
            return .at(CalendarInstant(nanoseconds: startsAtCalendarNs))
        }
    }

    private var end: LeaseEnd {
        get throws(RecordFailure) {
            guard hasTermNs != hasEndsAtCalendarNs else {
                throw .invalid(
                    field: "leaseWaitlisted.termNs", value: hasTermNs ? "beside endsAtCalendarNs" : "missing",
                    expected: "termNs or endsAtCalendarNs")
            }
            return hasTermNs
                ? .after(Span(nanoseconds: termNs)) : .at(CalendarInstant(nanoseconds: endsAtCalendarNs))
        }
    }

    private var wait: Span {
        get throws(RecordFailure) {
            guard waitlistNs > 0 else {
                throw .invalid(field: "leaseWaitlisted.waitlistNs", value: "\(waitlistNs)", expected: "above 0")
            }
            return Span(nanoseconds: waitlistNs)
        }
    }
}
