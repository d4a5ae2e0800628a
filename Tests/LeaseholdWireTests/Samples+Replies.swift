import LeaseholdModel

extension Samples {
    private static let placements = [
        Placement(node: NodeID(rawValue: 0), gpus: .first(8)), Placement(node: NodeID(rawValue: 9), gpus: .first(16)),
    ]
    private static let parts = [
        Placement(
            node: NodeID(rawValue: 0), gpus: .first(2),
            use: NodeUse(
                slices: SliceSet.none.adding(3, ofGPU: 0).adding(.max, ofGPU: 1), cpu: Millicores(.max),
                memory: Mebibytes(1))),
        Placement(
            node: NodeID(rawValue: 9), gpus: .only(15), use: NodeUse(share: 999, cpu: .zero, memory: .zero)),
    ]
    private static let cut = LeaseGrantView(
        lease: lease, tenant: "a", epoch: epoch, gpuCount: 3, watts: Watts(600), startsAt: noon,
        endsAt: noon + .hours(2),
        placements: parts, nodeNames: ["site/hall/rack/node-0", path])
    static let grant = LeaseGrantView(
        lease: lease, tenant: "a", epoch: epoch, gpuCount: 24, watts: Watts(30_600), startsAt: noon,
        endsAt: noon + .hours(2), placements: placements, nodeNames: ["site/hall/rack/node-0", path])
    static let nameless = LeaseGrantView(
        lease: lease, tenant: "a", epoch: nil, gpuCount: 0, watts: .zero,
        startsAt: CalendarInstant(nanoseconds: -1), endsAt: .never, placements: placements, nodeNames: [],
        further: further, terms: StepTerms(fee: Money(text: "2.40USD"), clause: "4.1"))
    private static let further = [
        LeasePartView(startsAt: noon, endsAt: .never, gpuCount: 16, watts: Watts(20_400)),
        LeasePartView(
            startsAt: .never, endsAt: .never, gpuCount: 0, watts: .zero,
            terms: StepTerms(fee: Money(text: "0.0425EUR"), clause: "Ä § 4, \"b\"")),
        LeasePartView(
            startsAt: .never, endsAt: .never, gpuCount: 0, watts: .zero, terms: StepTerms(clause: "4.2b")),
        LeasePartView(
            startsAt: .never, endsAt: .never, gpuCount: 0, watts: .zero, terms: StepTerms(fee: Money(text: "0USD"))),
    ]

    static let leases: [LeaseView] =
        LeaseState.allCases.map { state in
            LeaseView(
                grant: grant, unit: .gpu, count: 24, kinds: ["H100"], onSilence: .fence, state: state, cause: .none,
                retiredCount: 0, isDegraded: false, principal: Principal(role: .tenant, name: "a"))
        }
        + [
            LeaseView(
                grant: cut, unit: .slice, count: 9, kinds: ["H100"],
                shape: UnitShape(
                    profile: "1g.10gb", share: 999, cpu: Millicores(1), memory: Mebibytes(.max)),
                labels: [LabelRule(NodeLabel(key: "zone", value: "east"), isAvoided: true)], onSilence: .fence,
                state: .active, cause: .none, retiredCount: 0, isDegraded: false,
                principal: Principal(role: .tenant, name: "a"))
        ]
        + [
            LeaseView(
                grant: nameless, unit: .gpu, count: 4, kinds: [], onSilence: .keep, state: .waitlisted, cause: .none,
                retiredCount: 0, isDegraded: false, waiting: WaitlistPlace(position: 1, until: .never),
                principal: Principal(role: .tenant, name: "a"))
        ]
        + EndCause.allCases.map { cause in
            LeaseView(
                grant: nameless, unit: .site, count: 1, kinds: [], onSilence: .keep, state: .ending, cause: cause,
                retiredCount: 1, isDegraded: true, principal: Principal(role: .operator, name: "a/b"))
        }

    static let nodes: [NodeView] =
        NodeState.allCases.map { state in
            var node = NodeView()
            node.name = path
            node.state = state
            return node
        }
        + NodeReason.allCases.map { reason in
            var node = NodeView()
            node.id = NodeID(rawValue: 4)
            node.name = path
            node.kind = "H100"
            node.gpus = .first(8)
            node.leased = .first(3)
            node.unhealthy = .only(7)
            node.state = .suspect
            node.reason = reason
            node.since = noon
            node.isCordoned = true
            node.envelope = Watts(10_200)
            node.committed = Watts(3_825)
            node.drawn = .zero
            node.silence = Span(nanoseconds: 5_250_000_000)
            node.leases = [lease]
            node.cpu = Millicores(192_000)
            node.memory = Mebibytes(.max)
            node.labels = [NodeLabel(key: "zone", value: "east")]
            node.traits = .all
            return node
        }

    static let status: StatusView = {
        var view = StatusView()
        view.cluster = "colossus"
        view.log = LogID(high: wide.high, low: wide.low)
        view.reign = Reign(rawValue: 3)
        view.head = head
        view.calendar = noon
        view.bookDigest = .max
        view.nodes.ready = 4
        view.nodes.cordoned = 1
        view.gpus.free = 8
        view.gpus.leased = 24
        view.leases.active = 1
        view.tenantCount = 1
        view.connectionCount = 5
        view.committed = Watts(30_600)
        view.restored = LogRestore(logIncarnation: 1_764_000_000, kept: head.index, at: noon)
        view.alarms = ["node x is silent"]
        return view
    }()

    private static let fleet = FleetView(
        places: PlaceLevel.allCases.map {
            PlaceView(
                path: "p", level: $0, nodeCount: 4, gpuCount: 32, limit: $0 == .site ? Watts(300_000) : nil,
                committed: .zero)
        },
        kinds: GPUKind.catalogue.map { KindView(kind: $0, gpuCount: 32, freeCount: 8) })

    static let waitlisted = LeaseWaitlisted(
        lease: lease, place: WaitlistPlace(position: Limits.waitlistCountMax, until: noon), estimatedStart: noon,
        refusal: .noCapacity(asked: 16, grantable: 12, inventory: 32))
    private static let explanations = [
        LeaseExplanation(
            lease: lease, state: .waitlisted, summary: "it waits", waiting: waitlisted, missing: [], missingCount: 0,
            notes: [], forgottenNoteCount: 0),
        LeaseExplanation(
            lease: LeaseID(RecordIndex(rawValue: 9), part: 7), state: .active, summary: "", waiting: nil,
            missing: [
                MissingPlacement(node: path, gpus: GPUSet(bits: .max), reason: "no heartbeat in time"),
                MissingPlacement(node: "", gpus: .none, reason: ""),
            ], missingCount: 65,
            notes: [
                EventView(
                    index: head.index, at: noon, principal: .coordinator, word: "leaseMoved", lease: lease,
                    text: "4 GPUs elsewhere")
            ], forgottenNoteCount: 1),
    ]

    private static let tenant = TenantView(id: TenantID(rawValue: 0), name: "a", quota: 64, held: 24, leaseCount: 1)

    static let replies: [Reply] =
        [
            .status(status), .status(StatusView()),
            .fleetImported(FleetImported(isCommitted: true, nodeCount: 1_213, gpuCount: 6_212)),
            .fleetImported(FleetImported(isCommitted: false, nodeCount: 0, gpuCount: 0)), .fleet(fleet),
            .nodes(nodes, next: NodeID(rawValue: 0)), .nodes([], next: nil), .node(nodes[0]), .node(detailed),
            .tenant(tenant),
            .tenants([tenant, tenant], next: TenantID(rawValue: 1)), .tenants([], next: nil),
            .quote(
                QuoteView(
                    gpuCount: 24, watts: Watts(30_600), startsAt: noon, endsAt: .never, within: "colossus-1",
                    placements: placements, further: further,
                    units: [
                        QuotedUnits(kind: "H100", gpuMilliseconds: .max), QuotedUnits(kind: "H200", gpuMilliseconds: 0),
                    ])),
            .quote(
                QuoteView(gpuCount: 0, watts: .zero, startsAt: noon, endsAt: noon, within: nil, placements: [])),
            .declined(
                DeclinedQuote(
                    refusal: .noCapacity(asked: 16, grantable: 12, inventory: 32), binds: QuoteBinding.allCases,
                    relaxations: QuoteBinding.allCases.map {
                        Relaxation(
                            binding: $0, change: "--count 12", startsAt: noon, endsAt: .never, gpuCount: 12,
                            watts: Watts(15_300))
                    })),
            .declined(
                DeclinedQuote(
                    refusal: .quotaExceeded(tenant: "a", quota: 8, held: 4, asked: 5), binds: [], relaxations: [])),
            .granted(grant), .granted(nameless), .waitlisted(waitlisted),
            .waitlisted(
                LeaseWaitlisted(
                    lease: lease, place: WaitlistPlace(position: 1, until: .never), estimatedStart: nil,
                    refusal: .quotaExceeded(tenant: "a", quota: 8, held: 4, asked: 5))),
            .explained(explanations[0]), .explained(explanations[1]), .resized(LeaseResized(lease: lease, count: 4)),
            .resized(LeaseResized(lease: LeaseID(RecordIndex(rawValue: 9), part: 7), count: 0)),
            .leases(leases, next: lease), .leases([], next: nil),
            .lease(leases[0]), .released(LeaseReleased(lease: lease, at: noon)),
            .cancelled(LeaseReleased(lease: LeaseID(RecordIndex(rawValue: 9), part: 7), at: noon)),
            .extended(LeaseExtended(lease: lease, endsAt: .never)), .watching(from: .zero),
            .shown(
                LogShown(
                    text: "leasehold/colossus-1\n7\n", key: "leasehold/colossus-1+0a1b2c3d+AQ==",
                    through: RecordIndex(rawValue: 7), head: RecordIndex(rawValue: .max))),
            .countersigned(HeadCountersigned(head: RecordIndex(rawValue: 7), record: RecordIndex(rawValue: 8))),
            .backupPage(backupPage), .backupPage(lastBackupPage),
            .event(
                EventView(
                    index: head.index, at: noon, principal: .coordinator, word: "leaseGranted", lease: lease,
                    text: "24 GPUs for a")),
            .event(
                EventView(
                    index: .zero, at: .never, principal: .coordinator, word: "reignBegan", lease: nil, text: "")),
            .cordon(CordonSet(node: path, isCordoned: true)), .cordon(CordonSet(node: path, isCordoned: false)),
        ] + refusals.map { .refused($0) }
}
