import LeaseholdModel

extension AgentMachine {
    /// An order of the coordinator that the agent listens to.
    mutating func obey(_ order: NodeOrder, at now: Now, into out: inout AgentBuffer) {
        guard let link else { return }
        self.link?.heardAt = now.boot
        switch order {
        case .attached(let path, let node, let session):
            guard let slot = slotByPath[path], nodes[slot.offset].session?.id != session else { return }
            if let older = nodes[slot.offset].session { slotByNode[older.node] = nil }
            nodes[slot.offset].session = AgentSession(id: session, node: node)
            slotByNode[node] = slot
            beat(slot: slot.offset, on: link.connection, at: now, into: &out)
        case .reportRefused(let path, let reason):
            if let slot = slotByPath[path], let session = nodes[slot.offset].session {
                slotByNode[session.node] = nil
                nodes[slot.offset].session = nil
            }
            out.now(.note(Note(.warning, "the coordinator does not take node \(path): \(reason)")))
        case .renewal(let renewal): renew(renewal, at: now, into: &out)
        case .grant(let order): accept(order, on: link.connection, at: now, into: &out)
        case .retire(let order): retire(order, on: link.connection, into: &out)
        case .certificateKept(let name):
            guard let slot = slot(of: name.node, name.session),
                nodes[slot].certificates.contains(where: { $0.lease == name.lease && $0.epoch == name.epoch })
            else { return }
            journal(
                .certificateKept(NodeSlot(rawValue: UInt32(slot)), lease: name.lease, epoch: name.epoch), into: &out)
        }
    }

    /// The slot of an order, if it names the node's newest session.
    private func slot(of node: NodeID, _ session: SessionID) -> Int? {
        guard let slot = slotByNode[node], nodes[slot.offset].session?.id == session else { return nil }
        return slot.offset
    }

    // MARK: Renewals

    /// Moves deadlines: from the stamp of the heartbeat that was answered, never earlier than they were (L5, L6).
    private mutating func renew(_ renewal: Renewal, at now: Now, into out: inout AgentBuffer) {
        guard let slot = slot(of: renewal.node, renewal.session),
            let stamp = nodes[slot].session?.stamp(of: renewal.number)
        else { return }
        counters.renewalCount += 1
        if let echo = nodes[slot].session?.echo { nodes[slot].session?.echo = max(echo, renewal.number) }
        raiseWitness(shown(renewal.head))
        guard let guardConnection else { return }
        for hold in renewal.holds {
            guard let position = nodes[slot].position(of: hold.lease, hold.epoch) else { continue }
            let held = nodes[slot].grants[position]
            let start = isPlanted(.holdsFromReceipt) ? now.boot : stamp
            let deadline = start + (hold.remaining ?? holds.hold)
            switch held.phase {
            case .running: out.now(.renewAtGuard(guardConnection, held.grant, deadline: deadline))
            case .accepted, .fenced:
                nodes[slot].grants[position].course.startBy = deadline
                if held.course.isStale { prepareAnew(held.grant, at: now, into: &out) }
                advance(held.grant, at: now, into: &out)
            case .retiring: continue
            }
        }
    }

    // MARK: Grants

    /// A grant: checked against the epochs of its memory slices and its own deadline, journaled, then given to the guard (L4).
    private mutating func accept(
        _ order: GrantOrder, on connection: ConnectionID, at now: Now, into out: inout AgentBuffer
    ) {
        let name = order.name
        guard let slot = slot(of: name.node, name.session) else { return }
        raiseWitness(shown(order.head))
        if let position = nodes[slot].position(of: name.lease, name.epoch) {
            // Heard before. What is not running yet is started by the next renewal.
            if nodes[slot].grants[position].isRunning(by: plan) {
                out.observed(.started(name), on: connection, applied: journalHead)
            }
            return
        }
        let deadline = nodes[slot].session?.stamp(of: order.number).map { $0 + (order.remaining ?? holds.hold) }
        if let refusal = refusal(of: order, slot: slot, deadline: deadline, at: now) {
            counters.refusedCount += 1
            out.observed(.grantRefused(name, refusal), on: connection, applied: journalHead)
            if refusal == .partitionBusy, !plan.isEmpty { clear(order, of: slot, into: &out) }
            return
        }
        guard let deadline else { return }
        for superseded in nodes[slot].grants where superseded.grant.overlaps(order) {
            // Off the device by the guard's own word, and the coordinator has waited it out: its epoch closes here.
            journal(.grantRetired(superseded.grant, witness: witness), into: &out)
        }
        let grant = GuardedGrant(
            slot: NodeSlot(rawValue: UInt32(slot)), lease: name.lease, epoch: name.epoch, gpus: order.gpus,
            cut: order.cut)
        journal(
            .grantAccepted(grant, node: name.node, onSilence: order.onSilence, witness: shown(order.head)), into: &out)
        let reading = meterReading(of: grant, at: now)
        if !reading.gpus.isEmpty {
            journal(.workBegan(grant.slot, lease: grant.lease, epoch: grant.epoch, reading), into: &out)
        }
        if let position = nodes[slot].position(of: name.lease, name.epoch) {
            nodes[slot].grants[position].course.startBy = deadline
        }
        advance(grant, at: now, into: &out)
    }

    /// Why a grant cannot be accepted; nil when it can.
    private func refusal(
        of order: GrantOrder, slot: Int, deadline: BootInstant?, at now: Now
    ) -> GrantRefusal? {
        let node = nodes[slot]
        guard let deadline, deadline > now.boot else { return .deadlinePassed }
        guard !order.gpus.isEmpty, order.gpus.isSubset(of: .first(node.description.gpuCount)),
            !order.gpus.overlaps(node.reading.unhealthy.union(node.reading.suspect)),
            order.slices.isEmpty || node.reading.traits.contains(.slices)
        else { return .deviceMissing }
        guard isGuarded else { return .guardDown }
        guard order.name.epoch > node.highest.highest(of: order) else { return .epochNotHigher }
        let isBusy = node.grants.contains { held in
            held.grant.overlaps(order) && (!plan.isEmpty || held.isStarting || !held.phase.isOffTheDevice)
        }
        return isBusy ? .partitionBusy : nil
    }

    // MARK: Retirement

    /// The end of an epoch, live here, closed already, or never arrived: acknowledged once it is durable (L4).
    private mutating func retire(
        _ order: RetireOrder, on connection: ConnectionID, into out: inout AgentBuffer
    ) {
        let name = order.name
        guard let slot = slot(of: name.node, name.session) else { return }
        raiseWitness(shown(order.head))
        if let position = nodes[slot].position(of: name.lease, name.epoch) {
            nodes[slot].grants[position].phase = .retiring
            let grant = nodes[slot].grants[position].grant
            guard let guardConnection else { return }
            out.observed(.retire(grant), toGuard: guardConnection, applied: journalHead)
            return
        }
        let known = Partitions(order, onFirst: nodes[slot].description.gpuCount)
        if !nodes[slot].highest.reaches(name.epoch, on: known) {
            let number = NodeSlot(rawValue: UInt32(slot))
            journal(.epochRaised(number, gpus: known.gpus, slices: known.slices, epoch: name.epoch), into: &out)
        }
        out.observed(.retired(name), on: connection, applied: journalHead)
    }
}

extension GrantPhase {
    /// Whether the guard has said that nothing of the grant runs.
    fileprivate var isOffTheDevice: Bool {
        switch self {
        case .accepted, .fenced: true
        case .running, .retiring: false
        }
    }
}
