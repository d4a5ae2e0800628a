import LeaseholdCommand
import LeaseholdModel
import Synchronization

/// What a command line said and how it ended.
struct Spoken: Sendable {
    let status: Int32
    let out: String
    let error: String

    private final class Said: Sendable {
        let out = Mutex("")
        let error = Mutex("")
    }

    /// The instant of every test: 2026-11-21T04:32:52Z.
    static let now = CalendarInstant(nanoseconds: 1_795_235_572_000_000_000)
    /// The request id that every test draws.
    static let id = RequestID(at: now, chance: (1, 2))

    /// Runs a command line as it is, with a clock that stands, and no terminal, unless there are others.
    static func run(
        _ arguments: [String], environment: [String: String] = [:], isErrorTerminal: Bool = false,
        now: @escaping @Sendable () -> CalendarInstant = { Spoken.now }
    ) async -> Spoken {
        let said = Said()
        let console = Console(
            out: { text in said.out.withLock { $0 += text } }, error: { text in said.error.withLock { $0 += text } },
            isOutTerminal: false, isErrorTerminal: isErrorTerminal, environment: { environment[$0] }, now: now,
            chance: { (1, 2) })
        let status = await Console.$current.withValue(console) { await Leasectl.run(arguments) }
        return Spoken(status: status, out: said.out.withLock { $0 }, error: said.error.withLock { $0 })
    }

    /// Runs a command line against a stub.
    static func run(_ arguments: [String], on stub: StubCoordinator) async throws -> Spoken {
        await run(arguments, environment: ["LEASEHOLD_COORDINATOR": try await stub.start()])
    }
}

/// Answers for tests.
enum Sample {
    static let grant = LeaseGrantView(
        lease: LeaseID(rawValue: 1742), tenant: "acme",
        epoch: Epoch(reign: Reign(rawValue: 3), index: RecordIndex(rawValue: 1742)), gpuCount: 9,
        watts: Watts(11_475), startsAt: Spoken.now, endsAt: Spoken.now + .hours(2),
        placements: [
            Placement(node: NodeID(rawValue: 4), gpus: .first(8)), Placement(node: NodeID(rawValue: 5), gpus: .only(3)),
        ],
        nodeNames: ["north-1/a/r1/n4", "north-1/a/r1/n5"])

    static func lease(_ state: LeaseState, cause: EndCause = .none, retiredCount: Int = 0) -> LeaseView {
        LeaseView(
            grant: grant, unit: .gpu, count: 9, kinds: ["H100", "H200"], onSilence: .keep, state: state,
            cause: cause, retiredCount: retiredCount, isDegraded: state == .active,
            principal: Principal(role: .tenant, name: "acme"))
    }

    /// A lease that waits until tomorrow.
    static let waiting = LeaseView(
        grant: LeaseGrantView(
            lease: LeaseID(rawValue: 1743), tenant: "acme", epoch: nil, gpuCount: 0, watts: .zero,
            startsAt: Spoken.now + .hours(24), endsAt: Spoken.now + .hours(24), placements: [], nodeNames: []),
        unit: .node, count: 4, kinds: [], onSilence: .keep, state: .waitlisted, cause: .none, retiredCount: 0,
        isDegraded: false, waiting: WaitlistPlace(position: 3, until: Spoken.now + .hours(24)),
        principal: Principal(role: .tenant, name: "acme"))

    static func waitlisted(estimatedStart: CalendarInstant?) -> LeaseWaitlisted {
        LeaseWaitlisted(
            lease: LeaseID(rawValue: 1743), place: WaitlistPlace(position: 3, until: Spoken.now + .hours(24)),
            estimatedStart: estimatedStart, refusal: .noWholeNodes(unit: .node, asked: 4, grantable: 2))
    }

    static var node: NodeView {
        var node = NodeView()
        node.id = NodeID(rawValue: 4)
        node.name = "north-1/a/r1/n4"
        node.kind = "H100"
        node.gpus = .first(8)
        node.leased = .first(3)
        node.unhealthy = .only(7)
        node.state = .suspect
        node.reason = .silent
        node.isCordoned = true
        node.since = CalendarInstant(nanoseconds: Spoken.now.nanoseconds - 90_000_000_000)
        node.envelope = Watts(10_200)
        node.committed = Watts(3_825)
        node.drawn = Watts(3_100)
        node.silence = .milliseconds(12_500)
        node.leases = [LeaseID(rawValue: 12)]
        return node
    }

    static var readyNode: NodeView {
        var node = NodeView()
        node.id = NodeID(rawValue: 5)
        node.name = "north-1/a/r1/n5"
        node.kind = "GB200"
        node.gpus = .first(4)
        node.state = .ready
        node.since = Spoken.now
        return node
    }

    static func event(_ index: UInt64, _ word: String) -> EventView {
        EventView(
            index: RecordIndex(rawValue: index), at: Spoken.now, principal: Principal(role: .operator, name: "ops"),
            word: word, lease: LeaseID(rawValue: 1742), text: "what happened")
    }

    static let quotaRefusal = Refusal.quotaExceeded(tenant: "acme", quota: 8, held: 8, asked: 1)
}
