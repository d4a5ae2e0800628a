import LeaseholdModel

/// At least one of every message, with small and with extreme numbers in it.
enum Samples {
    static let id = RequestID(high: 0x0191_E7A0_7C3B_7D11, low: 0x8A2E_5D3C_1B2A_9F00)
    static let wide = (high: UInt64.max, low: UInt64(0x0123_4567_89AB_CDEF))
    static let head = LogHead(
        index: RecordIndex(rawValue: .max), chain: ChainHash(words: (.max, 2, 0x8000_0000_0000_0000, 4)))
    static let epoch = Epoch(reign: Reign(rawValue: 3), index: RecordIndex(rawValue: 1742))
    static let lease = LeaseID(rawValue: 1742)
    static let noon = CalendarInstant(nanoseconds: 1_777_636_800_000_000_000)
    static let path = "colossus-1/hall-2/rack-117/node-4"
    static let all: [Message] =
        sessions + agents + orders + guards
        + requests.map { .request(RequestEnvelope(key: nil, request: $0)) } + replies.map { .reply($0) }

    // MARK: Sessions

    private static let sessions: [Message] =
        Principal.Role.allCases.map { role in
            .hello(
                Hello(
                    versions: 1...1, principal: Principal(role: role, name: "alice"),
                    incarnation: Incarnation(high: 1, low: .max), boot: BootID(high: wide.high, low: wide.low),
                    seen: role == .agent
                        ? SeenReign(
                            log: LogID(high: wide.high, low: wide.low), reign: Reign(rawValue: 0),
                            incarnation: Incarnation(high: .max, low: 1)) : nil,
                    ledgerHead: role == .agent ? keptHead : nil))
        } + [
            .hello(
                Hello(
                    versions: 0...UInt16.max, principal: Principal(role: .tenant, name: ""),
                    incarnation: Incarnation(high: 0, low: 0), boot: BootID(high: 0, low: 0), seen: nil)),
            .welcome(
                Welcome(
                    version: 1, cluster: "colossus",
                    reign: SeenReign(
                        log: LogID(high: 5, low: 6), reign: Reign(rawValue: 3),
                        incarnation: Incarnation(high: 7, low: 8)), holds: .standard,
                    head: head, ledgerKey: "leasehold/colossus-1+0a1b2c3d+AQ==")),
        ] + Complaint.Code.allCases.map { .complaint(Complaint($0, "frame magic: value 71, expected 76")) }

    // MARK: Agents

    private static let name = GrantName(
        node: NodeID(rawValue: .max), session: SessionID(rawValue: 9), lease: lease, epoch: epoch)
    private static let condition = NodeCondition(
        live: GrantPhase.allCases.enumerated().map { position, phase in
            LiveGrant(
                lease: LeaseID(rawValue: UInt64(position)), epoch: position == 0 ? .zero : epoch,
                gpus: GPUSet(bits: position == 0 ? .max : 1 << UInt16(position)), phase: phase)
        }, unhealthy: .only(15), isGuarded: true, drawn: Watts(10_200))
    private static let cutCondition = NodeCondition(
        live: [
            LiveGrant(lease: lease, epoch: epoch, gpus: guardedSlices.gpus, slices: slices, phase: .running),
            LiveGrant(lease: LeaseID(rawValue: 9), epoch: epoch, gpus: .only(7), phase: .accepted),
        ], unhealthy: .none, isGuarded: true, drawn: Watts(1))
    static let idle = NodeCondition(live: [], unhealthy: .none, isGuarded: false, drawn: .zero)

    /// One of a grant that was metered in part, with every step there is, and one that says nothing.
    static let certificates = [
        SanitisingCertificate(
            lease: name.lease, epoch: name.epoch,
            gpus: [
                CertifiedGPU(position: 15, uuid: "GPU-1", sliceCount: 1, energy: Millijoules(.max)),
                CertifiedGPU(position: 0, uuid: "", energy: nil),
            ],
            window: Window(from: CalendarInstant(nanoseconds: -5), until: .never),
            steps: DeviceStep.allCases.map {
                CertifiedStep(step: $0, doneAt: .never, failureCount: .max, evidence: "3 processes")
            }),
        SanitisingCertificate(lease: LeaseID(rawValue: 0), epoch: .zero, gpus: [], window: nil, steps: []),
    ]

    static let heartbeat = Heartbeat(
        node: NodeID(rawValue: 7), session: SessionID(rawValue: 3), number: HeartbeatNumber(rawValue: 2),
        echo: HeartbeatNumber(rawValue: 1), condition: condition, witness: RecordIndex(rawValue: 1742))

    private static let agents: [Message] =
        [
            .agent(
                .report(
                    NodeReport(
                        node: path, kind: "H100", gpuCount: 16, hardware: .max,
                        highest: SeenEpochs(
                            gpus: [.zero, epoch, Epoch(reign: Reign(rawValue: .max), index: head.index)],
                            slices: [SliceEpoch(place: 3, epoch: epoch), SliceEpoch(place: 127, epoch: .zero)]),
                        condition: condition,
                        witness: WitnessedHead(head, by: Incarnation(high: 9, low: .max)), traits: .all))),
            .agent(
                .report(
                    NodeReport(
                        node: "", kind: "", gpuCount: 0, hardware: 0, highest: SeenEpochs(gpuCount: 0), condition: idle,
                        witness: .none))),
            .agent(.heartbeat(heartbeat)),
            .agent(
                .heartbeat(
                    Heartbeat(
                        node: NodeID(rawValue: 7), session: SessionID(rawValue: 3),
                        number: HeartbeatNumber(rawValue: 2),
                        echo: .zero, condition: cutCondition, witness: .zero))),
            .agent(
                .heartbeat(
                    Heartbeat(
                        node: NodeID(rawValue: 0), session: SessionID(rawValue: .max),
                        number: HeartbeatNumber(rawValue: .max), echo: .zero, condition: idle, witness: .zero))),
            .agent(.started(name)), .agent(.retired(name)),
        ] + certificates.map { .agent(.sanitised(node: name.node, session: name.session, $0)) }
        + details.map { .agent(.detail(node: name.node, session: name.session, $0)) }
        + GrantRefusal.allCases.map { .agent(.grantRefused(name, $0)) }

    private static let orders: [Message] =
        [
            .order(.attached(node: path, id: NodeID(rawValue: 4), session: SessionID(rawValue: 2))),
            .order(.reportRefused(node: path, reason: "no such node")),
            .order(
                .renewal(
                    Renewal(
                        node: NodeID(rawValue: 4), session: SessionID(rawValue: 2),
                        number: HeartbeatNumber(rawValue: 8),
                        holds: [
                            HoldRenewal(lease: lease, epoch: epoch, remaining: nil),
                            HoldRenewal(lease: lease, epoch: epoch, remaining: .zero),
                            HoldRenewal(lease: lease, epoch: epoch, remaining: Span(nanoseconds: .max)),
                        ], head: head, ledgerHead: keptHead))),
            .order(.certificateKept(name)),
            .order(.retire(RetireOrder(name: name, gpus: .first(8), head: head))),
            .order(.retire(RetireOrder(name: name, gpus: guardedSlices.gpus, slices: slices, head: head))),
            .order(
                .grant(
                    GrantOrder(
                        name: name, gpus: guardedSlices.gpus, cut: guardedSlices.cut, onSilence: .fence,
                        number: HeartbeatNumber(rawValue: 1), remaining: nil, envelope: Watts(800), head: head))),
        ]
        + SilenceMode.allCases.map { mode in
            .order(
                .grant(
                    GrantOrder(
                        name: name, gpus: .first(16), onSilence: mode, number: HeartbeatNumber(rawValue: 1),
                        remaining: mode == .keep ? .zero : nil, envelope: Watts(10_200), head: head)))
        }

    private static let guarded = GuardedGrant(
        slot: NodeSlot(rawValue: 2), lease: lease, epoch: epoch, gpus: .first(4))
    /// Two instances of two slices on the first GPU, and one on the last.
    private static let slices = SliceSet(low: 0b0011_1100, high: 0b11 << 56)
    private static let guardedSlices = GuardedGrant(
        slot: NodeSlot(rawValue: .max), lease: lease, epoch: epoch, gpus: GPUSet(bits: 1 << 15 | 1),
        cut: SliceCut(slices, as: MIGProfile(name: "1g.20gb", memorySliceCount: 2, starts: 0b0101_0101)))
    private static let guards: [Message] =
        [
            .guardOrder(.start(guardedSlices, deadline: .never)), .guardOrder(.retire(guardedSlices)),
            .guardAnswer(.startRefused(guardedSlices, .partitionBusy)),
            .guardAnswer(
                .holds(
                    [guarded, guardedSlices].map { GuardedHold(grant: $0, deadline: .zero, phase: .running) },
                    areLast: true)),
            .guardOrder(.list), .guardOrder(.start(guarded, deadline: .never)),
            .guardOrder(.renew(guarded, deadline: BootInstant(nanoseconds: 12_000_000_000))),
            .guardOrder(.retire(guarded)), .guardAnswer(.started(guarded)), .guardAnswer(.fenced(guarded)),
            .guardAnswer(.evicted(guarded.slot, EvictionTimes(count: 12, slowest: .milliseconds(1_250)))),
            .guardAnswer(.retired(guarded)), .guardAnswer(.holds([], areLast: true)),
            .guardAnswer(.holds([], areLast: true, traits: .endsMachine)),
            .guardAnswer(.holds([], areLast: true, traits: .findsTenants)),
            .guardAnswer(
                .holds(
                    GrantPhase.allCases.map { GuardedHold(grant: guarded, deadline: .zero, phase: $0) },
                    areLast: false)),
        ] + StartRefusal.allCases.map { .guardAnswer(.startRefused(guarded, $0)) }
}
