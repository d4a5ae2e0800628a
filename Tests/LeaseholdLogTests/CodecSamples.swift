import LeaseholdModel

/// At least one of every record, with small and with extreme numbers in it.
enum CodecSamples {
    static let lease = LeaseID(rawValue: 1742)
    static let headText: HeadText = {
        guard let head = HeadText("leasehold/colossus-1\n7\n") else { preconditionFailure("a short head") }
        return head
    }()
    static let head = LogHead(
        index: RecordIndex(rawValue: .max), chain: ChainHash(words: (.max, 2, 0x8000_0000_0000_0000, 4)))
    static let boot = BootID(high: .max, low: 7)

    private static let part = FleetPart(
        importHash: .max, part: 0, partCount: 2,
        kinds: [
            GPUKind(name: "H100", memoryGiB: 80, envelope: Watts(1_275), idleFloor: Watts(159)),
            GPUKind(
                name: "A30", memoryGiB: 24, envelope: Watts(300), idleFloor: Watts(30), isRackScale: true,
                profiles: [
                    MIGProfile(name: "1g.6gb", memorySliceCount: 2, starts: 0b0101_0101),
                    MIGProfile(name: "4g.24gb", memorySliceCount: 8, starts: 1),
                ]),
        ],
        places: [
            PlaceDeclaration(path: "colossus-1", limit: Watts(.max)),
            PlaceDeclaration(path: "colossus-1/hall-2", limit: nil),
            PlaceDeclaration(path: "colossus-1/hall-2/rack-117", limit: .zero),
        ],
        runs: [
            NodeRun(
                rack: 2, namePrefix: "node-", firstNumber: 0, count: 4, kind: "H100", gpusPerNode: 16,
                envelope: Watts(10_200)),
            NodeRun(
                rack: 2, namePrefix: "login", firstNumber: nil, count: 1, kind: "", gpusPerNode: 0, envelope: .zero),
            NodeRun(
                rack: 2, namePrefix: "n", firstNumber: nil, count: 1, kind: "A30", gpusPerNode: 4,
                envelope: Watts(1_200), cpu: Millicores(192_000), memory: Mebibytes(.max),
                labels: [NodeLabel(key: "rack", value: "r1"), NodeLabel(key: "zone", value: "east")]),
        ])
    private static let lastPart = FleetPart(
        importHash: 0, part: 1, partCount: 2, kinds: [], places: [], runs: [])

    private static func granted(
        _ unit: LeaseUnit, _ silenceClass: SilenceClass, _ mode: SilenceMode, placementCount: UInt32
    ) -> Record {
        .leaseGranted(
            LeaseGranted(
                tenant: TenantID(rawValue: 1), unit: unit, count: placementCount,
                kinds: mode == .keep ? [KindID(rawValue: .max), KindID(rawValue: 0)] : [], shape: shape(unit),
                labels: mode == .keep
                    ? [LabelRule(NodeLabel(key: "zone", value: "east"), isAvoided: unit == .gpu)] : [],
                onSilence: mode,
                silenceClass: silenceClass, within: mode == .keep ? .hall : nil, spread: mode == .keep ? .rack : nil,
                turnaround: .seconds(60), first: part(placementCount),
                further: mode == .keep ? [part(2), part(0)] : [],
                begun: unit == .node
                    ? nil
                    : LeaseBegun(reign: Reign(rawValue: 3), keepBound: mode == .keep ? .zero : nil, keepBoot: boot)))
    }

    /// A lease that comes again and takes parts of a node each time: nothing of the log lies deeper.
    private static let shared = LeaseGranted(
        tenant: TenantID(rawValue: 1), unit: .share, count: 1, kinds: [], shape: UnitShape(share: 250),
        onSilence: .fence, silenceClass: .guarded, first: usedPart, further: [usedPart], begun: nil)

    /// A lease in steps: of the first both are agreed, of the others one each, or nothing.
    private static let ramp = LeaseGranted(
        tenant: TenantID(rawValue: 1), unit: .node, count: 5, kinds: [], onSilence: .fence, silenceClass: .guarded,
        first: part(1), further: [part(1), part(2), part(1)],
        terms: [
            StepTerms(fee: Money(text: "1.99USD"), clause: "4.2b"), StepTerms(clause: "Ä § 4"),
            StepTerms(fee: Money(text: "1000000000000EUR")), .none,
        ], begun: nil)

    private static let usedPart = LeasePart(
        startsAt: CalendarInstant(nanoseconds: 1), endsAt: .never, watts: Watts(319),
        placements: [
            Placement(
                node: NodeID(rawValue: 5), gpus: .only(15),
                use: NodeUse(share: 250, cpu: Millicores(4_000), memory: Mebibytes(65_536)))
        ])

    private static func shape(_ unit: LeaseUnit) -> UnitShape {
        switch unit {
        case .slice: UnitShape(profile: "1g.10gb", cpu: Millicores(500))
        case .share: UnitShape(share: 999, memory: .zero)
        case .gpu, .node, .nvlinkDomain, .rack, .hall, .site, .cpu: .plain
        }
    }

    private static func part(_ placementCount: UInt32) -> LeasePart {
        LeasePart(
            startsAt: CalendarInstant(nanoseconds: -1), endsAt: .never, watts: Watts(10_200),
            placements: (0..<placementCount).map {
                Placement(node: NodeID(rawValue: $0), gpus: .first(Int($0 % 17)))
            })
    }

    /// What the first release did not know yet.
    static let laterRefusals: [Refusal] = [.logLost(reason: "it ends at record 5")]

    static let refusals: [Refusal] =
        [
            .noCapacity(asked: 16, grantable: 12, inventory: 32),
            .noWholeNodes(unit: .site, asked: 1, grantable: 0),
            .noPower(place: "colossus-1", limit: Watts(100_000), committed: Watts(99_000), asked: Watts(1_275)),
            .quotaExceeded(tenant: "a", quota: 8, held: 4, asked: 5), .notFound(.tenant, name: "x"),
            .alreadyThere(.fleet, name: "x"), .wrongState(lease: lease, state: .ended, asked: "released"),
            .invalid(field: "tenant", value: "\u{0}\"", expected: "a name"),
            .notAllowed(principal: "tenant/a", action: "cordon a node"),
            .requestTooOld(age: .hours(25), window: .hours(24)), .requestAhead(by: .hours(1), limit: .seconds(600)),
            .requestReused(id: RequestID(high: .max, low: 1)), .requestTableFull(limit: 1_000_000),
            .overloaded(retryAfter: .milliseconds(250)), .notServing(reason: "draining"),
            .historyTrimmed(oldest: RecordIndex(rawValue: .max)),
            .promised(lease: lease, node: "colossus-1/hall-2/rack-117/node-4", until: .never),
        ]

    private static let lifeOfALease: [Record] = [
        .leaseBegun(lease, LeaseBegun(reign: Reign(rawValue: 3), keepBound: nil, keepBoot: boot)),
        .leaseBegun(
            LeaseID(RecordIndex(rawValue: 9), part: 7),
            LeaseBegun(reign: Reign(rawValue: .max), keepBound: .zero, keepBoot: boot)),
        .leaseMoved(lease, [Placement(node: NodeID(rawValue: 4), gpus: .first(3))], watts: Watts(3_825)),
        .leaseMoved(lease, [], watts: .zero),
        .leaseMoved(
            lease,
            [
                Placement(
                    node: NodeID(rawValue: 4), gpus: .first(1),
                    use: NodeUse(
                        slices: SliceSet(low: 0x70, high: .max), cpu: Millicores(.max), memory: Mebibytes(.max))),
                Placement(
                    node: NodeID(rawValue: 5), gpus: .only(15), use: NodeUse(share: 999, cpu: .zero, memory: .zero)),
                Placement(node: NodeID(rawValue: 6), gpus: .first(3)),
            ], watts: Watts(3_825)),
        .leaseExtended(lease, endsAt: .never, keepBound: .never, keepBoot: boot),
        .leaseExtended(lease, endsAt: .never, keepBound: nil, keepBoot: boot),
    ]

    private static let waiting: [Record] = [
        .leaseWaitlisted(
            WaitlistedLease(
                terms: LeaseTerms(
                    tenant: "a", unit: .gpu, count: 16, kinds: ["H100|H200", "GB200"],
                    shape: UnitShape(profile: "1g.10gb", share: 999, cpu: Millicores(500), memory: .zero),
                    labels: [LabelRule(NodeLabel(key: "zone", value: "east"), isAvoided: true)], start: .soonest,
                    end: .after(.hours(2)), onSilence: .fence, within: .hall, spread: .rack,
                    waitlist: .hours(72)),
                until: .never, estimatedStart: CalendarInstant(nanoseconds: 0),
                refusal: .noCapacity(asked: 16, grantable: 12, inventory: 32))),
        .leaseWaitlisted(
            WaitlistedLease(
                terms: LeaseTerms(
                    tenant: "", unit: .site, count: .max, kinds: [], start: .at(CalendarInstant(nanoseconds: 0)),
                    end: .at(CalendarInstant(nanoseconds: 0)), onSilence: .keep,
                    waitlist: Span(nanoseconds: 1)),
                until: CalendarInstant(nanoseconds: 0), estimatedStart: nil,
                refusal: .quotaExceeded(tenant: "a", quota: 8, held: 4, asked: 5))),
        .leaseConfirmed(
            lease,
            LeaseGranted(
                tenant: TenantID(rawValue: 1), unit: .share, count: 1, kinds: [KindID(rawValue: 2)],
                shape: UnitShape(share: 250), onSilence: .keep, silenceClass: .guarded, first: usedPart,
                begun: LeaseBegun(reign: Reign(rawValue: 3), keepBound: .zero, keepBoot: boot))),
        .leaseConfirmed(
            LeaseID(rawValue: .max),
            LeaseGranted(
                tenant: TenantID(rawValue: 0), unit: .node, count: 3, kinds: [], onSilence: .fence,
                silenceClass: .confirmOnly, first: part(3), begun: nil)),
        .leaseShrunk(
            lease, count: 4,
            [
                ShrunkPart(lease: lease, watts: Watts(319), placements: usedPart.placements),
                ShrunkPart(
                    lease: LeaseID(RecordIndex(rawValue: 1742), part: 7), watts: .zero, placements: []),
            ]),
        .leaseShrunk(LeaseID(rawValue: .max), count: .max, []),
    ]

    static let records: [Record] = [
        lifeOfALease, waiting,
        [
            .reignBegan(
                ReignBegan(
                    reign: Reign(rawValue: 3), incarnation: Incarnation(high: 1, low: .max), boot: boot,
                    holds: .standard)),
            .fleetPartImported(part), .fleetPartImported(lastPart), .tenantCreated(name: "a", quota: .max),
            .tenantCreated(name: "", quota: 0), .tenantQuotaSet(tenant: TenantID(rawValue: 0), quota: 64),
            .nodeCordonSet(node: NodeID(rawValue: .max), isCordoned: true),
            .nodeCordonSet(node: NodeID(rawValue: 0), isCordoned: false),
            .nodeReported(node: NodeID(rawValue: 4), hardware: .max),
            .nodeReported(node: NodeID(rawValue: 4), hardware: .max, traits: [.slices, .cpu]),
            .nodesSetAside([], state: .suspect, reason: .newReign),
            .gpuHealthChanged(node: NodeID(rawValue: 4), unhealthy: .first(16)),
            .gpuHealthChanged(node: NodeID(rawValue: 0), unhealthy: .none),
            .headCountersigned(
                TenantID(rawValue: 2), head: RecordIndex(rawValue: 7), headText, key: "tenant/a+0a1b2c3d+AQ=="),
            .partitionSanitised(NodeID(rawValue: 9), certificate),
            .partitionSanitised(
                NodeID(rawValue: 0),
                SanitisingCertificate(lease: LeaseID(rawValue: 0), epoch: .zero, gpus: [], window: nil, steps: [])),
            .ticketNoted(NodeID(rawValue: .max), openTicket, lease),
            .leaseGranted(shared), .leaseGranted(ramp), .leaseActivated(lease), .leaseActivated(LeaseID(rawValue: 0)),
        ],
        NodeState.allCases.map {
            .nodesSetAside([NodeID(rawValue: 1), NodeID(rawValue: 300)], state: $0, reason: .none)
        },
        NodeReason.allCases.map { .nodesSetAside([NodeID(rawValue: 1)], state: .quarantined, reason: $0) },
        LeaseUnit.allCases.map { granted($0, .guarded, .fence, placementCount: 3) },
        SilenceClass.allCases.map { granted(.gpu, $0, .keep, placementCount: 0) },
        EndCause.allCases.map { .leaseEnding(lease, cause: $0) },
        Ticket.Outcome.allCases.map {
            .ticketNoted(NodeID(rawValue: 0), closedTicket.closed($0, at: CalendarInstant(nanoseconds: .min)), nil)
        },
        RetirementProof.allCases.map { .partitionsRetired(lease, nodes: [NodeID(rawValue: 9)], proof: $0) },
        (refusals + laterRefusals).map { .requestRefused($0) },
    ].flatMap { $0 }

    static let entries: [LogEntry] = records.enumerated().map { position, record in
        let role = Principal.Role.allCases[position % Principal.Role.allCases.count]
        let key = RequestKey(id: RequestID(high: 0, low: UInt64(position)), bodyHash: .max)
        return LogEntry(
            index: RecordIndex(rawValue: UInt64(position)), at: CalendarInstant(nanoseconds: .max),
            principal: Principal(role: role, name: "alice"), request: position % 3 == 0 ? nil : key, record: record)
    }

    static let openTicket = Ticket(
        name: Ticket.Name(opened: .never, number: .max), gpu: 15, uuid: String(repeating: "u", count: 64),
        component: String(repeating: "c", count: 64), action: String(repeating: "a", count: 200), done: .never,
        closing: nil)
    static let closedTicket = Ticket(
        name: Ticket.Name(opened: CalendarInstant(nanoseconds: 0), number: 0), gpu: nil, uuid: "", component: "",
        action: "", done: nil, closing: nil)

    /// Of a grant that was metered in part, with every step there is.
    static let certificate = SanitisingCertificate(
        lease: lease, epoch: Epoch(reign: Reign(rawValue: 3), index: RecordIndex(rawValue: 1742)),
        gpus: [
            CertifiedGPU(position: 0, uuid: "GPU-1", sliceCount: 3, energy: Millijoules(.max)),
            CertifiedGPU(position: 15, uuid: "", energy: nil),
            CertifiedGPU(position: 3, uuid: "x", energy: Millijoules(0)),
        ],
        window: Window(from: CalendarInstant(nanoseconds: -5), until: .never),
        steps: DeviceStep.allCases.map {
            CertifiedStep(step: $0, doneAt: .never, failureCount: .max, evidence: "3 processes")
        })

    private static let grant = GuardedGrant(
        slot: NodeSlot(rawValue: 2), lease: lease,
        epoch: Epoch(reign: Reign(rawValue: 3), index: RecordIndex(rawValue: 1742)), gpus: .first(16))

    /// Three instances of one slice on GPU 0, and one on GPU 9.
    private static let sliced = GuardedGrant(
        slot: NodeSlot(rawValue: 2), lease: lease, epoch: grant.epoch, gpus: GPUSet(bits: 1 << 9 | 1),
        cut: SliceCut(
            SliceSet(low: 0b111, high: 1 << 14),
            as: MIGProfile(name: "1g.10gb", memorySliceCount: 1, starts: 0b0111_1111)))

    private static let witness = WitnessedHead(head, by: Incarnation(high: 6, low: .max))

    static let journal: [JournalRecord] =
        [
            .nodeServed(NodeSlot(rawValue: 0), path: "s/h/r/n", kind: "H100", gpuCount: 16, hardware: .max),
            .nodeServed(NodeSlot(rawValue: .max), path: "", kind: "", gpuCount: 0, hardware: 0),
            .reignSeen(
                SeenReign(
                    log: LogID(high: 1, low: .max), reign: Reign(rawValue: 3),
                    incarnation: Incarnation(high: .max, low: 4))),
            .epochRaised(NodeSlot(rawValue: 0), gpus: .none, epoch: .zero),
            .epochRaised(NodeSlot(rawValue: 1), gpus: .only(15), epoch: grant.epoch),
            .epochRaised(
                NodeSlot(rawValue: 1), gpus: .only(15), slices: SliceSet(high: 1 << 63), epoch: grant.epoch),
            .grantRetired(grant, witness: witness), .grantRetired(grant, witness: .none),
            .grantAccepted(sliced, node: NodeID(rawValue: 7), onSilence: .fence, witness: witness),
            .grantRetired(sliced, witness: witness),
        ]
        + DeviceStep.allCases.flatMap { step -> [JournalRecord] in
            let (slot, lease, epoch) = (grant.slot, grant.lease, grant.epoch)
            return [
                .stepBegan(slot, lease: lease, epoch: epoch, step),
                .stepEnded(
                    slot, lease: lease, epoch: epoch, step, .done(evidence: "3 processes"), after: .max, at: .never),
                .stepEnded(
                    slot, lease: lease, epoch: epoch, step, .failed(reason: ""), after: 0,
                    at: CalendarInstant(nanoseconds: 0)),
            ]
        }
        + [
            .workBegan(grant.slot, lease: lease, epoch: grant.epoch, MeterReading(at: .never, gpus: [])),
            .workEnded(
                grant.slot, lease: lease, epoch: grant.epoch,
                MeterReading(
                    at: CalendarInstant(nanoseconds: -1),
                    gpus: [
                        MeterReading.GPU(uuid: "GPU-1", used: Millijoules(.max)), MeterReading.GPU(uuid: "", used: nil),
                        MeterReading.GPU(uuid: "GPU-3", used: Millijoules(0)),
                    ])),
            .certificateKept(grant.slot, lease: lease, epoch: grant.epoch),
        ]
        + SilenceMode.allCases.map { .grantAccepted(grant, node: NodeID(rawValue: 7), onSilence: $0, witness: witness) }

    /// A lease of a site of 27,500 nodes.
    static let wholeSite = LogEntry(
        index: RecordIndex(rawValue: 1742), at: .never, principal: .coordinator, request: nil,
        record: granted(.site, .guarded, .keep, placementCount: 27_500))
}
