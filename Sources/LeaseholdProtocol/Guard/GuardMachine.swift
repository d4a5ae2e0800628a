package import LeaseholdModel

/// A guard without its shell: holds the tenants' work and ends it at the deadline, whatever becomes of the agent.
///
/// The picture to keep in mind: a doorman with an alarm clock. The agent tells him who may stay until when, and may
/// move that later. When the clock rings he clears the room and locks it, asking nobody. If he himself falls, the
/// tenants' processes fall with him.
///
/// A hold's deadline is armed before its work is launched, and a launch after the deadline fails (L5). Deadlines are
/// of CLOCK_BOOTTIME and never move earlier.
package struct GuardMachine: Equatable, Sendable {
    /// Ascending by slot, then lease; a slot's live holds share no memory slice.
    private var holds: [Hold] = []
    /// The agent that is listened to; its word replaces that of older connections.
    private var agent: ConnectionID?
    private var isDraining = false
    private let traits: GuardTraits
    private let eviction: Span
    /// How long ends have taken, by slot.
    private var evictions: [EvictionTimes] = []

    /// One grant's room.
    private struct Hold: Hashable, Sendable {
        let grant: GuardedGrant
        var deadline: BootInstant
        var phase: Phase
        /// Set by `retire`: once vacated the hold is forgotten and the agent told.
        var isRetiring = false
        /// Whether its word ran out before, so that a launch that fails leaves it as it was: kept empty.
        var wasFenced = false
        /// Set by a launch that failed: once vacated the hold is forgotten and the agent told why.
        var failure: StartRefusal?
        /// Since when its work has to be off its GPUs; nil where there is none, or it may be there.
        var endsSince: BootInstant?
        /// Whether it was told that this takes longer than K.
        var isToldLate = false

        /// The hold as the agent sees it: what is being fenced runs until it is off the device.
        var told: GuardedHold {
            let told: GrantPhase =
                switch phase {
                case .launching, .running, .idle, .killing, .vacating: isRetiring ? .retiring : .running
                case .fenced: .fenced
                }
            return GuardedHold(grant: grant, deadline: deadline, phase: told)
        }
    }

    /// Where a hold is.
    private enum Phase: Hashable, Sendable {
        /// Armed; its launch has been ordered. Leaves for `running` or, when that fails, the hold is forgotten.
        case launching
        /// Leaves for `killing` at the deadline or by order; for `idle` when the process ends by itself.
        case running(TenantProcessID?)
        /// The work ended by itself; the mark stays. Leaves for `launching` with a renewal, `vacating` at the deadline.
        case idle
        /// Leaves for `vacating` when the process is gone.
        case killing(TenantProcessID, since: BootInstant)
        /// Leaves for `fenced`, or the hold is forgotten when it is being retired.
        case vacating
        /// Off the device since its deadline. Leaves for `launching` when the agent starts it again, or is forgotten.
        case fenced
    }

    /// A guard that holds nothing yet.
    ///
    /// `eviction` is K: an end of work that takes longer is told before it is over.
    package init(_ traits: GuardTraits = [], eviction: Span = HoldSettings.standard.eviction) {
        self.traits = traits
        self.eviction = eviction
    }

    /// How often a process that does not die is killed again.
    private static let killAgainAfter = Span.milliseconds(500)

    /// Takes in one event; what has to be done is appended to `out`.
    package mutating func handle(_ event: GuardEvent, at now: Now, into out: inout [GuardEffect]) {
        switch event {
        case .agentConnected(let connection):
            if let older = agent, older != connection { out.append(.close(older)) }
            agent = connection
        case .agentDisconnected(let connection):
            if agent == connection { agent = nil }
        case .ordered(let connection, let order):
            guard agent == connection else { return }
            obey(order, at: now, into: &out)
        case .launched(let grant, let process): noteLaunched(grant, process, at: now, into: &out)
        case .launchFailed(let grant, let reason):
            guard let position = position(of: grant) else { return }
            if holds[position].wasFenced, !holds[position].isRetiring {
                holds[position].phase = .fenced
                tell(.startRefused(grant, reason), into: &out)
                return
            }
            // Whatever mark it left on a device comes off before anybody hears of it.
            holds[position].failure = reason
            holds[position].phase = .vacating
            out.append(.vacate(grant, isFence: false))
        case .exited(let process): noteExited(process, into: &out)
        case .vacated(let grant): noteVacated(grant, at: now, into: &out)
        case .deadlineReached: fenceDue(at: now, into: &out)
        case .drainRequested:
            isDraining = true
            for position in holds.indices { end(position, at: now, into: &out) }
        }
    }

    /// When the machine wants `deadlineReached`, on the boot clock.
    package var nextDeadline: BootInstant {
        holds.reduce(.never) { next, hold in
            switch hold.phase {
            case .launching, .running, .idle: min(next, hold.deadline)
            case .killing(_, let since): min(next, since + GuardMachine.killAgainAfter, lateAt(hold))
            case .vacating: min(next, lateAt(hold))
            case .fenced: next
            }
        }
    }

    /// When it is to be told that the end of a hold's work takes longer than K.
    private func lateAt(_ hold: Hold) -> BootInstant {
        guard let since = hold.endsSince, !hold.isToldLate else { return .never }
        return since + eviction
    }

    /// Whether a grant's word is over, its work off its GPUs, and it has not been given back.
    package func isFenced(_ grant: GuardedGrant) -> Bool {
        position(of: grant).map { holds[$0].phase == .fenced } ?? false
    }

    /// The first deadline that is over while its work is not off its GPUs; `never` where there is none.
    package var firstUnended: BootInstant {
        holds.reduce(.never) { first, hold in
            switch hold.phase {
            case .killing, .vacating: hold.endsSince == nil ? first : min(first, hold.deadline)
            case .launching, .running, .idle, .fenced: first
            }
        }
    }

    /// Whether no tenant's work is on a device.
    package var isEmpty: Bool { holds.allSatisfy { $0.phase == .fenced } }

    /// How many holds run.
    package var runningCount: Int {
        holds.reduce(0) { count, hold in
            if case .running = hold.phase { count + 1 } else { count }
        }
    }

    // MARK: Orders

    private mutating func obey(_ order: GuardOrder, at now: Now, into out: inout [GuardEffect]) {
        switch order {
        case .list: list(into: &out)
        case .start(let grant, let deadline): start(grant, deadline, at: now, into: &out)
        case .renew(let grant, let deadline):
            guard let position = position(of: grant) else {
                // The agent believes that it runs; it starts it anew.
                tell(.startRefused(grant, .deadlinePassed), into: &out)
                return
            }
            guard !holds[position].isRetiring else { return }
            switch holds[position].phase {
            case .launching, .running: holds[position].deadline = max(holds[position].deadline, deadline)
            case .idle:
                holds[position].deadline = max(holds[position].deadline, deadline)
                guard holds[position].deadline > now.boot else { return }
                holds[position].phase = .launching
                out.append(.launch(grant, notAfter: holds[position].deadline))
            case .killing, .vacating, .fenced: return
            }
        case .retire(let grant):
            guard let position = position(of: grant) else {
                // Never started here, or lost with an older guard, whose processes died with it.
                retireUnheld(grant, into: &out)
                return
            }
            holds[position].isRetiring = true
            end(position, at: now, into: &out)
        }
    }

    /// Tells how long ends have taken, and every hold, in as many answers as it takes.
    private func list(into out: inout [GuardEffect]) {
        for (offset, times) in evictions.enumerated() where times.count > 0 {
            tell(.evicted(NodeSlot(rawValue: UInt32(offset)), times), into: &out)
        }
        var next = 0
        repeat {
            let end = min(next + Limits.holdsPerAnswerCountMax, holds.count)
            let told = holds[next..<end].map(\.told)
            tell(.holds(told, areLast: end == holds.count, traits: traits), into: &out)
            next = end
        } while next < holds.count
    }

    /// Arms the deadline, then launches; an agent that was asleep in between finds the deadline passed (L5).
    private mutating func start(
        _ grant: GuardedGrant, _ deadline: BootInstant, at now: Now, into out: inout [GuardEffect]
    ) {
        guard deadline > now.boot, !isDraining else {
            tell(.startRefused(grant, .deadlinePassed), into: &out)
            return
        }
        if let position = position(of: grant) {
            guard !holds[position].isRetiring else { return }
            switch holds[position].phase {
            case .running, .idle:
                holds[position].deadline = max(holds[position].deadline, deadline)
                tell(.started(grant), into: &out)
            case .launching: holds[position].deadline = max(holds[position].deadline, deadline)
            case .fenced:
                guard !isOccupied(grant) else {
                    tell(.startRefused(grant, .partitionBusy), into: &out)
                    return
                }
                holds[position].deadline = deadline
                holds[position].phase = .launching
                holds[position].wasFenced = true
                out.append(.launch(grant, notAfter: deadline))
            case .killing, .vacating: tell(.startRefused(grant, .partitionBusy), into: &out)
            }
            return
        }
        guard !isOccupied(grant) else {
            tell(.startRefused(grant, .partitionBusy), into: &out)
            return
        }
        insert(Hold(grant: grant, deadline: deadline, phase: .launching))
        out.append(.launch(grant, notAfter: deadline))
    }

    /// Whether another hold is on one of the grant's memory slices.
    ///
    /// One that is fenced under a lower epoch is forgotten: the agent accepted the higher epoch, so the lower one is
    /// over.
    private mutating func isOccupied(_ grant: GuardedGrant) -> Bool {
        let slot = positions(of: grant.slot)
        let others = slot.filter { holds[$0].grant != grant && holds[$0].grant.overlaps(grant) }
        let isOver = { (hold: Hold) -> Bool in hold.phase == .fenced && hold.grant.epoch < grant.epoch }
        let over = others.filter { isOver(holds[$0]) }
        for position in over.reversed() { holds.remove(at: position) }
        return over.count < others.count
    }

    /// Retires what is not held: the devices are wiped of it if they carry its mark, and only then it is said.
    private mutating func retireUnheld(_ grant: GuardedGrant, into out: inout [GuardEffect]) {
        guard !isOccupied(grant) else {
            tell(.retired(grant), into: &out)
            return
        }
        var hold = Hold(grant: grant, deadline: .zero, phase: .vacating)
        hold.isRetiring = true
        insert(hold)
        out.append(.vacate(grant, isFence: false))
    }

    // MARK: The end of work

    /// What is due: work past its deadline is ended, a process that will not die is killed again.
    private mutating func fenceDue(at now: Now, into out: inout [GuardEffect]) {
        for position in holds.indices {
            if lateAt(holds[position]) <= now.boot, let since = holds[position].endsSince {
                // Nobody knows when it will be over, and the coordinator counts on K as long as it hears nothing (L5).
                holds[position].isToldLate = true
                tellTaken(now.boot - since, on: holds[position].grant.slot, into: &out)
            }
            switch holds[position].phase {
            case .launching, .running, .idle:
                guard holds[position].deadline <= now.boot else { continue }
                end(position, at: now, into: &out)
            case .killing(let process, let since):
                guard since + GuardMachine.killAgainAfter <= now.boot else { continue }
                holds[position].phase = .killing(process, since: now.boot)
                out.append(.note(Note(.warning, "process \(process) of lease \(holds[position].grant.lease) lives on")))
                out.append(.kill(process))
            case .vacating, .fenced: continue
            }
        }
    }

    /// Ends the work of a hold: by deadline or by order.
    private mutating func end(_ position: Int, at now: Now, into out: inout [GuardEffect]) {
        switch holds[position].phase {
        case .running, .idle: holds[position].endsSince = min(holds[position].deadline, now.boot)
        case .launching, .killing, .vacating, .fenced: break
        }
        switch holds[position].phase {
        case .running(let process?):
            holds[position].phase = .killing(process, since: now.boot)
            out.append(.kill(process))
        case .running(nil), .idle, .fenced:
            guard holds[position].phase != .fenced || holds[position].isRetiring else { return }
            vacate(position, into: &out)
        case .launching, .killing, .vacating: return
        }
    }

    private mutating func vacate(_ position: Int, into out: inout [GuardEffect]) {
        holds[position].phase = .vacating
        out.append(.vacate(holds[position].grant, isFence: !holds[position].isRetiring))
    }

    private mutating func noteLaunched(
        _ grant: GuardedGrant, _ process: TenantProcessID?, at now: Now, into out: inout [GuardEffect]
    ) {
        guard let position = position(of: grant) else {
            preconditionFailure("lease \(grant.lease) was launched without a hold")
        }
        holds[position].phase = .running(process)
        holds[position].wasFenced = false
        if holds[position].isRetiring || isDraining || holds[position].deadline <= now.boot {
            end(position, at: now, into: &out)
        } else {
            tell(.started(grant), into: &out)
        }
    }

    private mutating func noteExited(_ process: TenantProcessID, into out: inout [GuardEffect]) {
        for position in holds.indices {
            switch holds[position].phase {
            case .running(process):
                holds[position].phase = .idle
                out.append(
                    .note(Note(.info, "the work of lease \(holds[position].grant.lease) ended by itself")))
                return
            case .killing(process, _):
                vacate(position, into: &out)
                return
            case .launching, .running, .idle, .killing, .vacating, .fenced: continue
            }
        }
    }

    private mutating func noteVacated(_ grant: GuardedGrant, at now: Now, into out: inout [GuardEffect]) {
        guard let position = position(of: grant) else { return }
        if let since = holds[position].endsSince {
            tellTaken(now.boot - since, on: grant.slot, isKnown: holds[position].isToldLate, into: &out)
            (holds[position].endsSince, holds[position].isToldLate) = (nil, false)
        }
        if holds[position].isRetiring {
            holds.remove(at: position)
            tell(.retired(grant), into: &out)
        } else if let failure = holds[position].failure {
            holds.remove(at: position)
            tell(.startRefused(grant, failure), into: &out)
        } else {
            holds[position].phase = .fenced
            tell(.fenced(grant), into: &out)
        }
    }

    private mutating func tellTaken(
        _ span: Span, on slot: NodeSlot, isKnown: Bool = false, into out: inout [GuardEffect]
    ) {
        let missing = slot.offset + 1 - evictions.count
        if missing > 0 { evictions += Array(repeating: EvictionTimes(), count: missing) }
        evictions[slot.offset].add(span, isKnown: isKnown)
        tell(.evicted(slot, evictions[slot.offset]), into: &out)
    }

    // MARK: Finding

    private mutating func insert(_ hold: Hold) {
        let (slot, lease) = (hold.grant.slot, hold.grant.lease)
        holds.insert(hold, at: firstPosition { ($0.slot, $0.lease) > (slot, lease) })
    }

    private func position(of grant: GuardedGrant) -> Int? {
        let first = firstPosition { ($0.slot, $0.lease) >= (grant.slot, grant.lease) }
        return holds[first...].prefix { ($0.grant.slot, $0.grant.lease) == (grant.slot, grant.lease) }
            .firstIndex { $0.grant == grant }
    }

    /// Where the holds of one node are.
    private func positions(of slot: NodeSlot) -> Range<Int> {
        let first = firstPosition { $0.slot >= slot }
        return first..<first + holds[first...].prefix { $0.grant.slot == slot }.count
    }

    /// The first hold that is not below something, or the end: a whole site's guard has thousands of holds.
    private func firstPosition(notBelow isReached: (GuardedGrant) -> Bool) -> Int {
        var low = 0
        var high = holds.count
        while low < high {
            let middle = (low + high) / 2
            if isReached(holds[middle].grant) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private func tell(_ answer: GuardAnswer, into out: inout [GuardEffect]) {
        if let agent { out.append(.answer(agent, answer)) }
    }
}
