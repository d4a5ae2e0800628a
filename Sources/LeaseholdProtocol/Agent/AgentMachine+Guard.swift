import LeaseholdModel

extension AgentMachine {
    /// What the guard did.
    mutating func note(_ answer: GuardAnswer, at now: Now, into out: inout AgentBuffer) {
        switch answer {
        case .holds(let holds, let areLast, let traits):
            toldHolds += holds
            guard areLast else { return }
            guardTraits = traits
            guardHeardSince = now.calendar
            for slot in nodes.indices { compareWithK(slot: slot, at: now, into: &out) }
            compare(with: toldHolds, at: now, into: &out)
            toldHolds = []
        case .started(let grant):
            guard let position = position(of: grant) else { return }
            nodes[grant.slot.offset].grants[position].isStarting = false
            guard nodes[grant.slot.offset].grants[position].phase != .retiring else { return }
            nodes[grant.slot.offset].grants[position].phase = .running
            nodes[grant.slot.offset].grants[position].runsSince = now.boot
            counters.startedCount += 1
            announce(grant, into: &out)
            advance(grant, at: now, into: &out)
        case .startRefused(let grant, let reason):
            guard let position = position(of: grant) else { return }
            nodes[grant.slot.offset].grants[position].isStarting = false
            let phase = nodes[grant.slot.offset].grants[position].phase
            if phase != .retiring {
                // Nothing of it runs: the next renewal tries again, and makes ready anew what ran or is not as it was made.
                nodes[grant.slot.offset].grants[position].phase = .accepted
                let isGone = phase == .running || reason == .deviceFailed
                if isGone { nodes[grant.slot.offset].grants[position].course.isStale = true }
            }
            let path = nodes[grant.slot.offset].description.path
            out.now(.note(Note(.warning, "\(path): the guard did not start lease \(grant.lease): \(reason)")))
            switch reason {
            case .deadlinePassed: break
            case .partitionBusy: tell(grant, into: &out) { .grantRefused($0, .partitionBusy) }
            case .deviceFailed: tell(grant, into: &out) { .grantRefused($0, .deviceMissing) }
            }
        case .fenced(let grant):
            guard let position = position(of: grant) else { return }
            let held = nodes[grant.slot.offset].grants[position]
            guard held.phase != .retiring else { return }
            nodes[grant.slot.offset].grants[position].phase = .fenced
            nodes[grant.slot.offset].grants[position].course.isStale = true
            counters.fencedCount += 1
            let path = nodes[grant.slot.offset].description.path
            out.now(.note(Note(.warning, "\(path): the hold of lease \(grant.lease) ran out; its work was fenced")))
        case .retired(let grant): leave(grant, at: now, into: &out)
        case .evicted(let slot, let times):
            guard slot.offset < nodes.count else { return }
            nodes[slot.offset].evictions = times
            if holds.allows(times.slowest) { return }
            compareWithK(slot: slot.offset, at: now, into: &out)
        }
    }

    /// Whether a node has kept K of L5: one that has not is confirm-only, for the coordinator counts on it.
    mutating func compareWithK(slot: Int, at now: Now, into out: inout AgentBuffer) {
        // A guard that has not told everything may be the one that was slow.
        guard isGuardHeard else { return }
        guard let slowest = nodes[slot].evictions?.slowest, !holds.allows(slowest) else {
            nodes[slot].isSlowSince = nil
            return
        }
        guard nodes[slot].isSlowSince == nil else { return }
        nodes[slot].isSlowSince = now.calendar
        let path = nodes[slot].description.path
        out.now(
            .note(
                Note(
                    .alarm,
                    "\(path): it took \(slowest) to end work that had to be off its GPUs within \(holds.eviction): the "
                        + "node's silence frees nothing until its guard is started anew, or --eviction is more")))
    }

    /// The guard is gone and took the tenants' work along: nothing runs until a renewal starts it again.
    mutating func loseGuard(_ connection: ConnectionID, at now: Now, into out: inout AgentBuffer) {
        guard guardConnection == connection else { return }
        guardConnection = nil
        guardHeardSince = nil
        for slot in nodes.indices {
            for position in nodes[slot].grants.indices {
                nodes[slot].grants[position].isStarting = false
                guard nodes[slot].grants[position].phase == .running else { continue }
                nodes[slot].grants[position].phase = .accepted
            }
        }
        out.now(.note(Note(.warning, "the guard is gone; nothing is started until it is back")))
    }

    /// After a connection to the guard: its list is the truth about what runs, the journal about what should.
    private mutating func compare(with holds: [GuardedHold], at now: Now, into out: inout AgentBuffer) {
        guard let guardConnection else { return }
        var phases = Lookup<GuardedGrant, GrantPhase>()
        for hold in holds { phases[hold.grant] = hold.phase }
        for slot in nodes.indices {
            for position in nodes[slot].grants.indices {
                let held = nodes[slot].grants[position]
                if held.phase == .retiring {
                    out.observed(.retire(held.grant), toGuard: guardConnection, applied: journalHead)
                    continue
                }
                nodes[slot].grants[position].isStarting = false
                nodes[slot].grants[position].phase = phases[held.grant] ?? .accepted
                nodes[slot].grants[position].runsSince = held.runsSince ?? now.boot
            }
        }
        for held in nodes.flatMap(\.grants) { goOn(with: held, at: now, into: &out) }
        for hold in holds where position(of: hold.grant) == nil {
            let path = hold.grant.slot.offset < nodes.count ? nodes[hold.grant.slot.offset].description.path : "?"
            out.now(.note(Note(.warning, "\(path): the guard holds lease \(hold.grant.lease), the journal does not")))
            out.observed(.retire(hold.grant), toGuard: guardConnection, applied: journalHead)
        }
    }

    /// A grant whose phase the guard has just told.
    private mutating func goOn(with held: HeldGrant, at now: Now, into out: inout AgentBuffer) {
        guard let position = position(of: held.grant) else { return }
        switch held.phase {
        case .accepted, .fenced:
            // It may be gone from the guard because it is over, and this agent has died before it wrote that down.
            nodes[held.grant.slot.offset].grants[position].course.isStale = true
            guard held.phase == .accepted, held.course.startBy > now.boot else { return }
            prepareAnew(held.grant, at: now, into: &out)
        case .running: advance(held.grant, at: now, into: &out)
        case .retiring: return
        }
    }

    private func position(of grant: GuardedGrant) -> Int? {
        guard grant.slot.offset < nodes.count else { return nil }
        return nodes[grant.slot.offset].grants.firstIndex { $0.grant == grant }
    }

    /// Tells the coordinator what a node vouches for, if the node has a session; the next session is told otherwise.
    func vouch(for certificates: [SanitisingCertificate], slot: Int, into out: inout AgentBuffer) {
        guard let link, let session = nodes[slot].session else { return }
        for certificate in certificates {
            out.observed(
                .sanitised(node: session.node, session: session.id, certificate), on: link.connection,
                applied: journalHead)
        }
    }

    /// Tells the coordinator about a grant, if the node has a session; the next report tells it otherwise.
    func tell(
        _ grant: GuardedGrant, into out: inout AgentBuffer, _ message: (GrantName) -> AgentMessage
    ) {
        guard let link, let session = nodes[grant.slot.offset].session else { return }
        let name = GrantName(node: session.node, session: session.id, lease: grant.lease, epoch: grant.epoch)
        out.observed(message(name), on: link.connection, applied: journalHead)
    }
}
