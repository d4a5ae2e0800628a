import LeaseholdModel
import LeaseholdProtocol

/// A hold as it was renewed at the guard.
struct RenewedHold: Equatable {
    let grant: GuardedGrant
    let deadline: BootInstant
}

/// An agent machine on a bench: one node of four GPUs, a journal that becomes durable at once unless told otherwise.
struct AgentBench {
    static let path = "site/hall/rack/node"

    var machine: AgentMachine
    private var plan: DevicePlan
    /// Whether the journal is made durable after every event.
    var isDurable = true
    private(set) var closed: [ConnectionID] = []
    private(set) var renewed: [RenewedHold] = []
    private(set) var lastSession: UInt64 = 1
    private var effects: [AgentEffect] = []
    private var journal: [JournalRecord] = []
    private var hasBegun = false

    init(plan: DevicePlan = .none) {
        self.plan = plan
        machine = AgentBench.fresh(plan)
    }

    private static func fresh(_ plan: DevicePlan) -> AgentMachine {
        AgentMachine(
            name: "agent", incarnation: Incarnation(high: 0, low: 1), boot: BootID(high: 0, low: 1), plan: plan)
    }

    /// Serves the node; the first time, or after a restart.
    mutating func begin(durable: Bool = true) {
        isDurable = true
        if !hasBegun {
            hasBegun = true
            var out = AgentBuffer()
            let description = NodeDescription(path: AgentBench.path, kind: "H100", gpuCount: 4, hardware: 1)
            let complaint = machine.serve([description], into: &out)
            precondition(complaint == nil, complaint ?? "")
            take(&out)
            tell(.began, at: 0)
        }
        isDurable = durable
    }

    /// How many records the journal has.
    var journalCount: Int { journal.count }

    /// A new process on the old journal, or on as much of it as had become durable.
    mutating func restart(keeping count: Int = .max, plan newer: DevicePlan? = nil) {
        plan = newer ?? plan
        journal = Array(journal.prefix(count))
        machine = AgentBench.fresh(plan)
        for record in journal { machine.replay(record) }
        hasBegun = false
        clear()
        begin()
    }

    /// One event, and what follows from it.
    mutating func tell(_ event: AgentEvent, at seconds: Int64) {
        if case .orderArrived(_, .attached(_, _, let session)) = event { lastSession = session.rawValue }
        var out = AgentBuffer()
        machine.handle(
            event,
            at: Now(
                boot: .zero + .seconds(seconds), calendar: CalendarInstant(nanoseconds: seconds * 1_000_000_000)),
            into: &out)
        take(&out)
        if isDurable { makeDurable() }
    }

    /// The journal catches up.
    mutating func makeDurable() {
        var out = AgentBuffer()
        machine.handle(
            .durable(through: machine.journalHead),
            at: Now(boot: .zero, calendar: CalendarInstant(nanoseconds: 0)), into: &out)
        take(&out)
    }

    /// Messages on a connection since the last look, heartbeats included; looking forgets all effects.
    mutating func sent(on connection: ConnectionID) -> [AgentMessage] {
        defer { clear() }
        return effects.compactMap {
            if case .send(connection, let message) = $0 { message } else { nil }
        }
    }

    /// Orders to the guard since the last look.
    var guardOrders: [GuardOrder] {
        effects.compactMap {
            if case .tellGuard(_, let order) = $0 { order } else { nil }
        }
    }

    /// Steps that were to be carried out since the last look; a grant has at most one at a time.
    var steps: [DeviceStep] {
        effects.compactMap {
            if case .perform(_, let step) = $0 { step } else { nil }
        }
    }

    /// What was to be done since the last look, in order; looking forgets it.
    mutating func takeEffects() -> [AgentEffect] {
        defer { clear() }
        return effects
    }

    /// What the journal says, in short.
    var journaledSteps: [String] {
        journal.compactMap {
            switch $0 {
            case .stepBegan(_, _, _, let step): "\(step) began"
            case .stepEnded(_, _, _, let step, .done, _, _): "\(step) done"
            case .stepEnded(_, _, _, let step, .failed(let reason), _, _): "\(step) failed: \(reason)"
            case .workEnded: "work ended"
            case .grantRetired: "retired"
            case .workBegan, .certificateKept, .nodeServed, .reignSeen, .grantAccepted, .epochRaised: nil
            }
        }
    }

    /// Forgets what was seen.
    mutating func clear() {
        effects = []
        closed = []
        renewed = []
    }

    private mutating func take(_ out: inout AgentBuffer) {
        journal += out.entries
        effects += out.effects
        for effect in out.effects {
            guard case .immediate(let immediate) = effect else { continue }
            switch immediate {
            case .close(let connection, _): closed.append(connection)
            case .renewAtGuard(_, let grant, let deadline):
                renewed.append(RenewedHold(grant: grant, deadline: deadline))
            case .hello, .readDevices, .note: break
            }
        }
    }
}
