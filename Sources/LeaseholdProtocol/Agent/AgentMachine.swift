package import LeaseholdModel

/// An agent without its shell: the bailiff who carries leases out at the devices of his nodes.
///
/// The picture to keep in mind: between the coordinator, who gives writs, and the guard, who holds the tenants' work
/// and locks the door at the deadline. The agent writes down what it accepts before it lets the guard start it, never
/// believes a writ with an older epoch (L4), and counts every deadline from the moment when it itself sent the
/// heartbeat that was answered (L5). Its own death stops nothing: the guard goes on until the deadline.
///
/// What it never does: start work that is not journaled, move a deadline earlier, free a GPU by itself.
package struct AgentMachine: Equatable, Sendable {
    package let name: Principal
    package let incarnation: Incarnation
    package let boot: BootID
    /// The steps at the devices of every grant.
    let plan: DevicePlan
    package internal(set) var counters = AgentCounters()

    /// By slot.
    var nodes: [ServedNode] = []
    var slotByPath = Lookup<String, NodeSlot>()
    var slotByNode = Lookup<NodeID, NodeSlot>()
    /// The highest reign that it has been told of, durable at the node (L4).
    package internal(set) var seen: SeenReign?
    /// The highest head of the log that a welcome, a renewal or an order has named (L9).
    package internal(set) var witness = WitnessedHead.none
    /// The index of the last journal record applied.
    package internal(set) var journalHead: RecordIndex = .zero
    var gate = CommitGate<AgentEffect>(durable: .zero)

    /// The coordinator's connection and what it said; nil while there is none.
    var link: CoordinatorLink?
    var guardConnection: ConnectionID?
    /// When that guard had told what it holds; before that nothing is known of what runs.
    var guardHeardSince: CalendarInstant?
    /// What that guard can.
    var guardTraits: GuardTraits = []
    /// What the guard has told of its holds so far; empty unless more is to follow.
    var toldHolds: [GuardedHold] = []
    var holds = HoldSettings.standard
    var nextBeat = BootInstant.never
    /// Which of the beat slices is next.
    var beatSlice = 0
    var lossReason: String?

    /// An agent that knows what its journal says; `nodes` of the journal come first, in their old slots.
    package init(name: String, incarnation: Incarnation, boot: BootID, plan: DevicePlan = .none) {
        self.plan = plan
        self.name = Principal(role: .agent, name: name)
        self.incarnation = incarnation
        self.boot = boot
    }

    /// Replays one record of the journal, before `began`.
    package mutating func replay(_ record: JournalRecord) {
        evolve(record)
        if isPlanted(.forgetsEpochs) { for slot in nodes.indices { nodes[slot].forgetEpochs() } }
        if isPlanted(.forgetsSlices) { for slot in nodes.indices { nodes[slot].forgetSlices() } }
        gate = CommitGate(durable: journalHead)
    }

    /// Takes in one event; what has to be journaled and done is added to `out`.
    package mutating func handle(_ event: AgentEvent, at now: Now, into out: inout AgentBuffer) {
        guard lossReason == nil else { return }
        switch event {
        case .began:
            out.now(.readDevices)
            takeUp(at: now, into: &out)
        case .connected(let connection):
            out.now(.hello(connection, hello))
        case .welcomeArrived(let connection, let welcome):
            enter(welcome, on: connection, at: now, into: &out)
        case .orderArrived(let connection, let order):
            guard link?.connection == connection else { return }
            obey(order, at: now, into: &out)
        case .disconnected(let connection): part(from: connection)
        case .guardConnected(let connection):
            guardConnection = connection
            guardHeardSince = nil
            toldHolds = []
            for slot in nodes.indices { nodes[slot].evictions = nil }
            out.observed(.list, toGuard: connection, applied: journalHead)
        case .guardAnswered(let connection, let answer):
            guard guardConnection == connection else { return }
            note(answer, at: now, into: &out)
        case .guardDisconnected(let connection): loseGuard(connection, at: now, into: &out)
        case .devicesRead(let readings): take(readings, at: now, into: &out)
        case .performed(let grant, let step, let outcome): note(outcome, of: step, for: grant, at: now, into: &out)
        case .detailRead(let slot, let detail): take(detail, of: slot, at: now, into: &out)
        case .durable(let index): gate.open(through: index, into: &out) { $0 }
        case .journalLost(let reason): lossReason = reason
        case .deadlineReached:
            tick(at: now, into: &out)
            retryDue(at: now, into: &out)
        }
        gate.takeOver(from: &out)
    }

    /// When the machine wants `deadlineReached`, on the boot clock.
    package var nextDeadline: BootInstant { min(nextBeat, nextRetry) }

    /// The nodes by slot.
    package var descriptions: [NodeDescription] { nodes.map(\.description) }

    /// The highest epochs that the GPUs have seen, by slot (L4).
    package var highestEpochs: [SeenEpochs] { nodes.map(\.highest) }

    /// Every grant that is accepted and not retired, by slot, then lease.
    package var liveGrants: [GuardedGrant] { nodes.flatMap { $0.grants.map(\.grant) } }

    /// How many certificates no log is known to keep.
    package var certificateCount: Int { nodes.reduce(0) { $0 + $1.certificates.count } }

    /// How long ends of work have taken, by the paths of the nodes where there was one since their guard began.
    package var evictions: [(node: String, times: EvictionTimes)] {
        nodes.compactMap { node in node.evictions.map { (node.description.path, $0) } }
    }

    /// How many nodes there are.
    package var nodeCount: Int { nodes.count }

    /// How many grants are accepted and not retired.
    package var liveGrantCount: Int { nodes.reduce(0) { $0 + $1.grants.count } }

    /// Whether a coordinator has opened sessions for all nodes.
    package var isAttached: Bool { link != nil && nodes.allSatisfy { $0.session != nil } }

    /// Whether this connection is that of the coordinator whose orders it takes.
    package func isLed(on connection: ConnectionID) -> Bool { link?.connection == connection }

    var isGuardHeard: Bool { guardHeardSince != nil }

    /// Whether a guard is connected and has told what it holds.
    package var isGuarded: Bool { guardConnection != nil && isGuardHeard }

    /// Takes over the nodes that this process is told to serve: those of the journal first, in their slots.
    ///
    /// - Returns: a complaint when the journal knows other nodes, or the same with other devices.
    package mutating func serve(_ wanted: [NodeDescription], into out: inout AgentBuffer) -> String? {
        for (offset, known) in nodes.enumerated() {
            guard offset < wanted.count else {
                return "the journal serves \(nodes.count) nodes, \(wanted.count) are asked for; nodes only join"
            }
            guard known.description == wanted[offset] else {
                return "node \(offset) was \(known.description.path) (\(known.description.gpuCount) x "
                    + "\(known.description.kind), hardware \(hexadecimal(known.description.hardware))), now "
                    + "\(wanted[offset].path) (\(wanted[offset].gpuCount) x \(wanted[offset].kind), hardware "
                    + "\(hexadecimal(wanted[offset].hardware))); use the state directory of that node"
            }
        }
        for offset in nodes.count..<wanted.count {
            let node = wanted[offset]
            journal(
                .nodeServed(
                    NodeSlot(rawValue: UInt32(offset)), path: node.path, kind: node.kind, gpuCount: node.gpuCount,
                    hardware: node.hardware), into: &out)
        }
        gate.takeOver(from: &out)
        return nil
    }

    // MARK: The journal

    /// Appends to the journal and applies.
    ///
    /// What must wait for it is held behind `journalHead`.
    mutating func journal(_ record: JournalRecord, into out: inout AgentBuffer) {
        out.append(record)
        evolve(record)
    }

    private mutating func evolve(_ record: JournalRecord) {
        journalHead = journalHead.next
        switch record {
        case .nodeServed(let slot, let path, let kind, let gpuCount, let hardware):
            precondition(slot.offset == nodes.count, "slot \(slot) journaled with \(nodes.count) nodes")
            let description = NodeDescription(path: path, kind: kind, gpuCount: gpuCount, hardware: hardware)
            nodes.append(ServedNode(description: description))
            slotByPath[path] = slot
        case .reignSeen(let reign):
            // What a restore of the log gave up, and said so, is no witness any more: its indices are given again.
            if let seen, seen.reign.logIncarnation < reign.reign.logIncarnation { witness = .none }
            seen = reign
        case .grantAccepted(let grant, _, let onSilence, let witness):
            let held = HeldGrant(grant: grant, onSilence: onSilence, phase: .accepted)
            let offset = grant.slot.offset
            nodes[offset].highest.raise(grant, to: grant.epoch)
            let position = nodes[offset].grants.firstIndex { $0.grant.lease > grant.lease }
            nodes[offset].grants.insert(held, at: position ?? nodes[offset].grants.count)
            raiseWitness(witness)
        case .epochRaised(let slot, let gpus, let slices, let epoch):
            nodes[slot.offset].highest.raise(Partitions(gpus: gpus, slices: slices), to: epoch)
        case .grantRetired(let grant, let witness):
            for held in nodes[grant.slot.offset].grants where held.grant == grant {
                if let certificate = held.certificate { nodes[grant.slot.offset].keep(certificate) }
            }
            nodes[grant.slot.offset].grants.removeAll { $0.grant == grant }
            raiseWitness(witness)
        case .stepBegan(let slot, let lease, let epoch, let step):
            guard let position = nodes[slot.offset].position(of: lease, epoch) else { return }
            nodes[slot.offset].grants[position].course.begin(step)
            if step.isLeaving { nodes[slot.offset].grants[position].phase = .retiring }
        case .stepEnded(let slot, let lease, let epoch, let step, let outcome, let failures, let at):
            guard let position = nodes[slot.offset].position(of: lease, epoch) else { return }
            nodes[slot.offset].grants[position].course.end(step, outcome, after: failures, at: at)
        case .workBegan(let slot, let lease, let epoch, let reading):
            guard let position = nodes[slot.offset].position(of: lease, epoch) else { return }
            nodes[slot.offset].grants[position].began = reading
        case .workEnded(let slot, let lease, let epoch, let reading):
            guard let position = nodes[slot.offset].position(of: lease, epoch) else { return }
            nodes[slot.offset].grants[position].ended = reading
            nodes[slot.offset].grants[position].course.leave()
            nodes[slot.offset].grants[position].phase = .retiring
        case .certificateKept(let slot, let lease, let epoch):
            nodes[slot.offset].certificates.removeAll { $0.lease == lease && $0.epoch == epoch }
        }
    }

    mutating func raiseWitness(_ shown: WitnessedHead) {
        if shown.head.index > witness.head.index { witness = shown }
    }

    /// A head that the present coordinator shows.
    func shown(_ head: LogHead) -> WitnessedHead {
        guard let seen else { preconditionFailure("head \(head.index) is shown by a coordinator of no reign") }
        return WitnessedHead(head, by: seen.incarnation)
    }
}

/// The coordinator that the agent listens to.
struct CoordinatorLink: Hashable, Sendable {
    let connection: ConnectionID
    /// What had been witnessed before its welcome: every report on the connection says that, because the coordinator's
    /// own head would hide what it has lost (L9).
    let witnessBefore: WitnessedHead
    /// When it last said anything.
    var heardAt: BootInstant
    /// When a report that opened no session is sent again.
    var reportAgainAt: BootInstant
}

/// What an agent has counted since it began.
package struct AgentCounters: Hashable, Sendable {
    package var heartbeatCount: UInt64 = 0
    package var renewalCount: UInt64 = 0
    package var startedCount: UInt64 = 0
    package var fencedCount: UInt64 = 0
    package var retiredCount: UInt64 = 0
    package var refusedCount: UInt64 = 0
    package init() {}
}
