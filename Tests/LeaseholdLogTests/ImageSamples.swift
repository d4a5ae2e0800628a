import LeaseholdLog
import LeaseholdModel

/// A piece of an image of every case, with every outcome, note and hindrance in them.
enum ImageSamples {
    private static let lease = CodecSamples.lease
    private static let node = NodeID(rawValue: 7)

    private static var grants: [LeaseGranted] {
        CodecSamples.records.compactMap { if case .leaseGranted(let granted) = $0 { granted } else { nil } }
    }
    private static var waiting: [WaitlistedLease] {
        CodecSamples.records.compactMap { if case .leaseWaitlisted(let waiting) = $0 { waiting } else { nil } }
    }
    private static var fleetParts: [FleetPart] {
        CodecSamples.records.compactMap { if case .fleetPartImported(let part) = $0 { part } else { nil } }
    }

    static let notes: [LeaseNote] =
        [
            .confirmed, .beganWithout(node, nodeCount: 3), .interrupted(node, .quarantined, .guardDown),
            .interrupted(node, .suspect, .none), .broken(node, .only(15)), .restored(node), .extended(to: .never),
            .shrunk(to: 0),
        ] + hindrances.map { .moved(off: node, nodeCount: 2, $0) }

    static let hindrances: [Hindrance] = [
        .away(.suspect, .silent), .broken(.first(16)), .cordoned, .held(LeaseID(rawValue: .max)), .notCarved,
    ]

    static let outcomes: [Outcome] =
        [
            .imported(FleetImported(isCommitted: true, nodeCount: 30_040, gpuCount: 220_160)),
            .imported(FleetImported(isCommitted: false, nodeCount: 0, gpuCount: 0)),
            .tenantCreated(TenantID(rawValue: 9), quota: 64),
            .quotaSet(TenantID(rawValue: 9), quota: 64, held: 65, leaseCount: 3),
            .cordonSet(node, isCordoned: true), .cordonSet(node, isCordoned: false), .granted(lease),
            .waitlisted(
                lease, position: 4,
                Outcome.Waiting(until: .never, estimatedStart: nil, refusal: CodecSamples.refusals[0])),
            .waitlisted(
                lease, position: 1,
                Outcome.Waiting(
                    until: .never, estimatedStart: CalendarInstant(nanoseconds: 0),
                    refusal: CodecSamples.refusals[1])),
            .countersigned(head: RecordIndex(rawValue: 7), record: RecordIndex(rawValue: 1 << 48)),
            .resized(lease, count: 0), .released(lease, at: .never), .cancelled(lease, at: .never),
            .extended(lease, endsAt: CalendarInstant(nanoseconds: -1)),
        ] + CodecSamples.refusals.map { .refused($0) }

    private static func part(_ number: Int, _ state: LeaseState) -> LeasePartImage {
        let part = grants[0].first
        return LeasePartImage(
            number: number, part: number % 2 == 0 ? nil : part, state: state,
            cause: state.isFinal ? .released : .none, since: CalendarInstant(nanoseconds: Int64(number)),
            beginning: number == 0
                ? nil
                : BeginningImage(
                    begun: LeaseBegun(
                        reign: Reign(rawValue: 3), keepBound: number == 1 ? .zero : nil, keepBoot: CodecSamples.boot),
                    epoch: Epoch(reign: Reign(rawValue: 3), index: RecordIndex(rawValue: 1_742)),
                    firstEndsAt: .never, firstBound: number == 1 ? .never : nil),
            extendedBy: RecordIndex(rawValue: UInt64(number)), endedBy: RecordIndex(rawValue: .max),
            leaving: number == 2
                ? [
                    LeavingPlacement(
                        placement: Placement(
                            node: node, gpus: .only(1),
                            use: NodeUse(share: 250, cpu: Millicores(4_000), memory: Mebibytes(65_536))),
                        stay: Window(from: CalendarInstant(nanoseconds: 1), until: .never),
                        by: RecordIndex(rawValue: 4)),
                    LeavingPlacement(
                        placement: Placement(node: NodeID(rawValue: 8), gpus: .first(8)),
                        stay: Window(from: CalendarInstant(nanoseconds: 1), until: .never),
                        by: RecordIndex(rawValue: 4)),
                ] : [],
            retired: number == 2 ? [.max, 1] : [],
            notes: number == 1
                ? notes.enumerated().map {
                    NotedEntry(index: RecordIndex(rawValue: UInt64($0)), at: .never, note: $1)
                } : [], forgottenNoteCount: number)
    }

    /// What the first release did not know yet.
    static let laterPieces: [BookImage] = [
        .heading(
            BookHeading(
                head: RecordIndex(rawValue: 12), lastInstant: .never, reign: .zero, reignBegan: nil,
                longestHolds: .standard,
                restores: [
                    LogRestore(logIncarnation: 2, kept: .zero, at: CalendarInstant(nanoseconds: -1)),
                    LogRestore(logIncarnation: .max, kept: RecordIndex(rawValue: 11), at: .never),
                ])),
        .nodes(
            [false, true].map { isDoubted in
                NodeImage(
                    state: .quarantined, reason: .guardDown, isCordoned: false, isDoubted: isDoubted, unhealthy: .none,
                    traits: [], since: .never, hardware: 1)
            }),
        .tickets([]),
        .tickets([
            TicketImage(
                node: NodeID(rawValue: .max), last: CodecSamples.openTicket.name,
                open: [
                    OpenTicket(ticket: CodecSamples.closedTicket, leases: []),
                    OpenTicket(ticket: CodecSamples.openTicket, leases: [LeaseID(rawValue: .max), lease]),
                ]),
            TicketImage(
                node: NodeID(rawValue: 0), last: Ticket.Name(opened: .never, number: .max), open: []),
        ]),
    ]

    /// A piece of every kind, as the first release wrote them.
    static let pieces: [BookImage] = [
        .heading(
            BookHeading(
                head: RecordIndex(rawValue: .max), lastInstant: .never, reign: .zero, reignBegan: nil,
                longestHolds: .standard)),
        .heading(
            BookHeading(
                head: RecordIndex(rawValue: 12), lastInstant: CalendarInstant(nanoseconds: 0),
                reign: Reign(rawValue: 3),
                reignBegan: ReignBegan(
                    reign: Reign(rawValue: 3), incarnation: Incarnation(high: 1, low: .max),
                    boot: CodecSamples.boot, holds: .standard), longestHolds: .standard)),
        .fleet(fleetParts[0]),
        .nodes(
            NodeState.allCases.map { state in
                NodeImage(
                    state: state, reason: state == .suspect ? .newReign : .none, isCordoned: state == .ready,
                    isDoubted: false, unhealthy: .only(3), traits: state == .ready ? .handsOut : [],
                    since: CalendarInstant(nanoseconds: -5), hardware: state == .notDelivered ? nil : 0)
            }),
        .staged(fleetParts[1]), .tenants([TenantImage(name: "a", quota: 0), TenantImage(name: "", quota: 64)]),
        .leases(
            [
                LeaseImage(
                    id: lease, principal: Principal(role: .tenant, name: "alice"), granted: grants[0],
                    parts: LeaseState.allCases.enumerated().map { part($0, $1) })
            ]
                + grants.map {
                    LeaseImage(
                        id: LeaseID(rawValue: 1 << 48 - 1), principal: .coordinator, granted: $0,
                        parts: [part(0, .confirmed)])
                }), .leases([]), .waiting(waiting.map { WaitingImage(lease: lease, waiting: $0) }),
        .ending([lease, LeaseID(rawValue: .max)]), .ended([]),
        .answers(
            outcomes.enumerated().map { position, outcome in
                AnswerImage(
                    principal: Principal(role: .operator, name: "ops"),
                    request: RequestKey(id: RequestID(high: 1, low: UInt64(position)), bodyHash: .max), at: .never,
                    outcome: outcome)
            }),
        .demand(
            DemandImage(
                seenCount: 1, nextFreeze: 2, cpuAsked: 3, gpusAsked: 4, balanceFactor: 5,
                slots: [
                    DemandImage.Slot(
                        kinds: [.max, 0, 0, 1], gpuCount: 8, shareBucket: 100, cpuBucket: 6, memoryBucket: 7, count: 8,
                        last: 9, cpuSum: 10, memorySum: 11, shareSum: .max)
                ],
                classes: [
                    DemandImage.Class(kinds: [1, 2, 3, 4], gpuCount: 1, share: 500, cpu: 6, memory: 7, weight: .min)
                ], remainderWorth: [0, -1, .max])),
    ]
}
