import LeaseholdLog
import LeaseholdModel
import Testing

/// The coordinator dies of a record that its log does not take, so every record that it can decide has to fit.
@Suite("the largest records (L10)")
struct LargestRecordTests {
    /// The numbers of all nodes of the largest fleet.
    private static let nodes = (0..<UInt32(Limits.nodeCountMax)).map { NodeID(rawValue: $0) }

    @Test("a grant over the largest fleet, its retirement and its nodes' silence are records that the log takes")
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
        let records: [Record] = [
            .leaseGranted(granted), .leaseGranted(used), .partitionsRetired(lease, nodes: nodes, proof: .acknowledged),
            .nodesSetAside(nodes, state: .suspect, reason: .silent),
        ]
        for record in records {
            let entry = LogEntry(
                index: RecordIndex(rawValue: .max), at: .never,
                principal: Principal(role: .operator, name: String(repeating: "n", count: Limits.nameByteCountMax)),
                request: RequestKey(id: RequestID(high: .max, low: .max), bodyHash: .max), record: record)
            let count = RecordCodec.encode(entry).count
            // Some room is left for fields to come.
            #expect(count <= LogLimits.recordByteCountMax / 16 * 15, "record \(count) bytes long")
        }
    }
}
