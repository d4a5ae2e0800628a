import LeaseholdLog
import LeaseholdModel
import Testing

/// The coordinator dies of a record that its log does not take, so every record that it can decide has to fit.
@Suite("the largest records (L10)")
struct LargestRecordTests {
    /// The numbers of all nodes of the largest fleet.
    private static let nodes = (0..<UInt32(Limits.nodeCountMax)).map { NodeID(rawValue: $0) }

    /// Placements in as many parts as a lease may have.
    private static func parts(_ placements: [Placement]) -> [ShrunkPart] {
        let share = placements.count / Limits.leasePartCountMax
        return (0..<Limits.leasePartCountMax).map { number in
            ShrunkPart(
                lease: LeaseID(rawValue: .max), watts: Watts(.max),
                placements: Array(placements[number * share..<(number + 1) * share]))
        }
    }

    /// A grant over the largest fleet in so many parts, with as much agreed for each as can be.
    private static func ramp(partCount: Int) -> LeaseGranted {
        let share = nodes.count / partCount
        let parts = (0..<partCount).map { number in
            LeasePart(
                startsAt: .never, endsAt: .never, watts: Watts(.max),
                placements: nodes[number * share..<(number + 1) * share].map {
                    Placement(node: $0, gpus: GPUSet(bits: .max))
                })
        }
        let terms = StepTerms(
            fee: Currency(code: "USD").flatMap { Money(tenThousandths: Limits.moneyTenThousandthsMax, of: $0) },
            clause: String(repeating: "n", count: Limits.clauseByteCountMax))
        return LeaseGranted(
            tenant: TenantID(rawValue: .max), unit: .node, count: .max,
            kinds: Array(repeating: KindID(rawValue: .max), count: Limits.kindPreferenceCountMax), onSilence: .keep,
            silenceClass: .guarded, within: .site, turnaround: Span(nanoseconds: .max), first: parts[0],
            further: Array(parts.dropFirst()), terms: Array(repeating: terms, count: partCount), begun: nil)
    }

    private static func byteCount(of record: Record) -> Int {
        RecordCodec.encode(
            LogEntry(
                index: RecordIndex(rawValue: .max), at: .never,
                principal: Principal(role: .operator, name: String(repeating: "n", count: Limits.nameByteCountMax)),
                request: RequestKey(id: RequestID(high: .max, low: .max), bodyHash: .max), record: record),
            salt: RecordSalt(high: .max, low: .max)
        ).count
    }

    @Test("a ramp over the largest fleet fits a record with fee and clause of every part, however many it has")
    func agreed() {
        let steps = LargestRecordTests.byteCount(
            of: .leaseGranted(LargestRecordTests.ramp(partCount: Limits.leaseStepCountMax)))
        #expect(steps <= LogLimits.recordByteCountMax / 16 * 15, "record \(steps) bytes long")
        // More parts than steps have nothing agreed for them today; if they had, they would fit too.
        let parts = LargestRecordTests.byteCount(
            of: .leaseGranted(LargestRecordTests.ramp(partCount: Limits.leasePartCountMax)))
        #expect(parts <= LogLimits.recordByteCountMax, "record \(parts) bytes long")
    }

    @Test("a grant over the largest fleet, what is left of it, its retirement and its nodes' silence fit a record")
    func fit() {
        let nodes = LargestRecordTests.nodes
        let granted = LeaseGranted(
            tenant: TenantID(rawValue: .max), unit: .site, count: .max,
            kinds: Array(repeating: KindID(rawValue: .max), count: Limits.kindPreferenceCountMax), onSilence: .keep,
            silenceClass: .guarded, within: .site, spread: .hall, turnaround: Span(nanoseconds: .max),
            first: LeasePart(
                startsAt: .never, endsAt: .never, watts: Watts(.max),
                placements: nodes.map { Placement(node: $0, gpus: GPUSet(bits: .max)) }),
            begun: LeaseBegun(
                reign: Reign(rawValue: .max), keepBound: .never, keepBoot: BootID(high: .max, low: .max)))
        let used = LeaseGranted(
            tenant: TenantID(rawValue: .max), unit: .gpu, count: .max,
            kinds: Array(repeating: KindID(rawValue: .max), count: Limits.kindPreferenceCountMax),
            shape: UnitShape(cpu: Millicores(.max), memory: Mebibytes(.max)),
            labels: (0..<Limits.labelRuleCountMax).map { _ in
                let name = String(repeating: "n", count: Limits.nameByteCountMax)
                return LabelRule(NodeLabel(key: name, value: name), isAvoided: true)
            }, onSilence: .keep, silenceClass: .guarded,
            first: LeasePart(
                startsAt: .never, endsAt: .never, watts: Watts(.max),
                placements: nodes.suffix(Limits.usedPlacementCountMax).map {
                    Placement(
                        node: $0, gpus: GPUSet(bits: .max),
                        use: NodeUse(
                            share: 999, slices: SliceSet(low: .max, high: .max), cpu: Millicores(.max),
                            memory: Mebibytes(.max)))
                }),
            begun: nil)
        let lease = LeaseID(rawValue: .max)
        // All but one node of the largest fleet, and all but one of as many as may have stated uses, in one part; in as
        // many parts as there may be a lease has no more placements.
        let kept = ShrunkPart(
            lease: lease, watts: Watts(.max), placements: granted.first.placements.dropLast())
        let keptUsed = ShrunkPart(
            lease: lease, watts: Watts(.max), placements: used.first.placements.dropLast())
        let name = String(repeating: "n", count: Limits.nameByteCountMax)
        let waitlisted = WaitlistedLease(
            terms: LeaseTerms(
                tenant: name, unit: .nvlinkDomain, count: .max,
                kinds: Array(repeating: name, count: Limits.kindPreferenceCountMax),
                shape: UnitShape(profile: name, share: 999, cpu: Millicores(.max), memory: Mebibytes(.max)),
                labels: used.labels, start: .at(.never), end: .at(.never), onSilence: .fence, within: .site,
                spread: .hall, waitlist: Span(nanoseconds: .max)),
            until: .never, estimatedStart: .never,
            refusal: .noPower(
                place: [name, name, name].joined(separator: "/"), limit: Watts(.max), committed: Watts(.max),
                asked: Watts(.max)))
        let records: [Record] = [
            .leaseGranted(granted), .leaseGranted(used), .partitionsRetired(lease, nodes: nodes, proof: .acknowledged),
            .nodesSetAside(nodes, state: .suspect, reason: .silent), .leaseConfirmed(lease, granted),
            .leaseConfirmed(lease, used), .leaseWaitlisted(waitlisted), .leaseShrunk(lease, count: .max, [kept]),
            .leaseShrunk(lease, count: .max, [keptUsed]),
            .leaseShrunk(lease, count: .max, LargestRecordTests.parts(granted.first.placements)),
            .leaseShrunk(lease, count: .max, LargestRecordTests.parts(used.first.placements)),
        ]
        for record in records {
            let count = LargestRecordTests.byteCount(of: record)
            // Some room is left for fields to come.
            #expect(count <= LogLimits.recordByteCountMax / 16 * 15, "record \(count) bytes long")
        }
    }
}
