import LeaseholdModel

extension Samples {
    static let part = FleetPart(
        importHash: .max, part: 255, partCount: 256,
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
            PlaceDeclaration(path: "colossus-1", limit: Watts(300_000_000)),
            PlaceDeclaration(path: "colossus-1/hall-2", limit: nil),
            PlaceDeclaration(path: "colossus-1/hall-2/rack-117", limit: .zero),
        ],
        runs: [
            NodeRun(
                rack: 2, namePrefix: "node-", firstNumber: 0, count: 4, kind: "H100", gpusPerNode: 8,
                envelope: Watts(10_200)),
            NodeRun(
                rack: 2, namePrefix: "login", firstNumber: nil, count: 1, kind: "H100", gpusPerNode: 16,
                envelope: Watts(20_400), cpu: Millicores(192_000), memory: Mebibytes(.max),
                labels: [NodeLabel(key: "rack", value: "r1"), NodeLabel(key: "zone", value: "east")]),
        ])

    static let terms =
        LeaseUnit.allCases.map { unit in
            LeaseTerms(
                tenant: "a", unit: unit, count: .max, kinds: [], end: .after(.hours(2)), onSilence: .fence)
        }
        + LeaseReach.allCases.map { reach in
            LeaseTerms(
                tenant: "a", unit: .gpu, count: 4, kinds: [], start: .soonest, end: .after(.hours(2)),
                onSilence: .fence, within: reach)
        }
        + PlaceLevel.allCases.map { level in
            LeaseTerms(
                tenant: "a", unit: .node, count: 4, kinds: [], start: .at(noon), end: .after(.hours(2)),
                onSilence: .fence, spread: level,
                steps: [
                    LeaseStep(count: 1, at: noon), LeaseStep(count: 2, at: noon, fee: Money(text: "0.0425EUR")),
                    LeaseStep(count: 3, at: noon, clause: "Ä § 4, \"b\""),
                    LeaseStep(count: .max, at: .never, fee: Money(text: "1.99USD"), clause: "4.2b"),
                ])
        }
        + LeaseRhythm.allCases.map { rhythm in
            LeaseTerms(
                tenant: "a", unit: .node, count: 4, kinds: [], end: .after(.hours(2)), onSilence: .fence,
                recurrence: LeaseRecurrence(rhythm: rhythm, count: 20))
        } + [
            LeaseTerms(
                tenant: "a", unit: .slice, count: 7, kinds: ["H100|H200", "GB200"],
                shape: UnitShape(profile: "1g.10gb", cpu: Millicores(500)), end: .after(.hours(2)), onSilence: .fence),
            LeaseTerms(
                tenant: "a", unit: .share, count: 7, kinds: [], shape: UnitShape(share: 999, memory: Mebibytes(.max)),
                labels: [
                    LabelRule(NodeLabel(key: "zone", value: "east"), isAvoided: false),
                    LabelRule(NodeLabel(key: "rack", value: "r1"), isAvoided: true),
                ], end: .after(.hours(2)), onSilence: .fence),
            LeaseTerms(
                tenant: "a", unit: .gpu, count: 0, kinds: ["H100", "GB200"], end: .at(noon), onSilence: .keep),
            LeaseTerms(
                tenant: "a", unit: .gpu, count: 4, kinds: [], end: .after(Span(nanoseconds: .max)), onSilence: .keep),
            LeaseTerms(
                tenant: "a", unit: .gpu, count: 4, kinds: [], end: .at(.never), onSilence: .keep),
            LeaseTerms(
                tenant: "a", unit: .gpu, count: 4, kinds: [], end: .at(CalendarInstant(nanoseconds: .min)),
                onSilence: .keep),
            LeaseTerms(
                tenant: "a", unit: .gpu, count: 4, kinds: [], end: .after(.hours(2)), onSilence: .keep,
                waitlist: .hours(72)),
        ]

    static let requests: [Request] =
        [
            .status, .importFleet(part), .showFleet,
            .listNodes(Page(after: nil, countMax: 1)),
            .listNodes(Page(after: NodeID(rawValue: 0), countMax: Limits.pageCountMax)),
            .showNode(name: path), .cordonNode(name: path), .uncordonNode(name: path),
            .createTenant(name: "a", quota: 0), .createTenant(name: "a", quota: .max),
            .listTenants(Page(after: TenantID(rawValue: .max), countMax: 10)), .showTenant(name: "a"),
            .setQuota(tenant: "a", quota: 64),
            .listLeases(
                Page(after: nil, countMax: 10), LeaseFilter(tenant: nil, includesEnded: false)),
            .listLeases(
                Page(after: lease, countMax: 10), LeaseFilter(tenant: "a", includesEnded: true)),
            .showLease(lease), .releaseLease(LeaseID(rawValue: .max)), .cancelLease(lease),
            .extendLease(lease, to: .after(.hours(2))),
            .extendLease(LeaseID(RecordIndex(rawValue: 9), part: 3), to: .at(noon)),
            .resizeLease(lease, count: 0), .resizeLease(LeaseID(rawValue: .max), count: .max), .explainLease(lease),
            .watchEvents(EventFilter(from: nil, leasesOnly: false, lease: nil)),
            .watchEvents(EventFilter(from: .zero, leasesOnly: true, lease: lease)),
            .askLog(.head), .askLog(.inclusion(of: RecordIndex(rawValue: .max), under: nil)),
            .askLog(.inclusion(of: RecordIndex(rawValue: 1), under: headText)),
            .askLog(.consistency(from: headText, to: nil)), .askLog(.consistency(from: headText, to: longestHead)),
            .askLog(.export(tenant: "a", from: RecordIndex(rawValue: 7), under: nil)),
            .askLog(.export(tenant: "a", from: RecordIndex(rawValue: .max), under: longestHead)),
            .askLog(.export(tenant: nil, from: RecordIndex(rawValue: 1), under: nil)),
            .countersignHead(CountersignedHead(head: longestHead, key: "tenant/a+0a1b2c3d+AQ==")),
            .askLog(.page(.beginning)), .askLog(.page(BackupPlace(segment: .max, offset: .max >> 31))),
        ] + terms.map { .quoteLease($0) } + terms.map { .createLease($0) }

    static let headText: HeadText = {
        guard let head = HeadText("leasehold/colossus-1\n7\n") else { preconditionFailure("a short head") }
        return head
    }()
    static let longestHead: HeadText = {
        guard let head = HeadText(String(repeating: "h", count: Limits.headTextByteCountMax)) else {
            preconditionFailure("a head as long as any")
        }
        return head
    }()
    static let keptHead: HeadText = {
        guard let head = HeadText(String(repeating: "h", count: Limits.keptHeadByteCountMax)) else {
            preconditionFailure("a head as long as agents keep them")
        }
        return head
    }()

    static let refusals: [Refusal] =
        [
            .noCapacity(asked: 16, grantable: 12, inventory: 32),
            .noPower(place: "colossus-1", limit: Watts(100_000), committed: Watts(99_000), asked: Watts(1_275)),
            .quotaExceeded(tenant: "a", quota: 8, held: 4, asked: 5),
            .invalid(field: "tenant", value: "Ümlaut \"quoted\"\n", expected: "a name"),
            .notAllowed(principal: "tenant/a", action: "cordon a node"),
            .requestTooOld(age: .hours(25), window: .hours(24)), .requestAhead(by: .hours(1), limit: .seconds(600)),
            .requestReused(id: id), .requestTableFull(limit: 1_000_000), .overloaded(retryAfter: .milliseconds(250)),
            .promised(lease: lease, node: path, until: noon),
            .notServing(reason: "draining"), .historyTrimmed(oldest: RecordIndex(rawValue: .max)),
            .logLost(reason: "it ends at record 5"),
        ] + LeaseUnit.allCases.map { .noWholeNodes(unit: $0, asked: 2, grantable: 1) }
        + Noun.allCases.flatMap { [.notFound($0, name: "x"), .alreadyThere($0, name: "x")] }
        + LeaseState.allCases.map { .wrongState(lease: LeaseID(rawValue: .max), state: $0, asked: "released") }
}
