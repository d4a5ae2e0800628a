import LeaseholdBroker
import LeaseholdModel

extension CoordinatorMachine {
    /// What hangs on a fresh entry of a request or of time: orders to the nodes of a lease.
    mutating func follow(_ entry: LogEntry, at now: Now, into out: inout CoordinatorBuffer) {
        switch entry.record {
        case .leaseGranted(let granted):
            if granted.begun != nil { send(LeaseID(entry.index), into: &out) }
        case .leaseConfirmed(let lease, let granted):
            if granted.begun != nil { send(lease, into: &out) }
        case .leaseBegun(let lease, _): send(lease, into: &out)
        case .leaseShrunk(_, _, let parts):
            for part in parts { giveBack(part.lease, by: entry.index, at: now, into: &out) }
        case .leaseEnding(let lease, let cause):
            let parts = cause.isOfPart ? [book.lease(lease)].compactMap { $0 } : book.everyPart(of: lease)
            for part in parts where part.endedBy == entry.index { end(part, into: &out) }
        case .reignBegan, .fleetPartImported, .tenantCreated, .tenantQuotaSet, .nodeCordonSet, .nodeReported,
            .nodesSetAside, .gpuHealthChanged, .leaseWaitlisted, .leaseMoved, .leaseExtended, .leaseActivated,
            .partitionsRetired, .partitionSanitised, .ticketNoted, .headCountersigned, .requestRefused:
            break
        }
    }

    /// Orders all nodes of a part that has just begun to end to retire it; those that it gave back before know.
    private mutating func end(_ part: BookedLease, into out: inout CoordinatorBuffer) {
        starting[part.id] = nil
        retire(part.part.placements, of: part, into: &out)
    }

    private mutating func retire(_ gone: [Placement], of part: BookedLease, into out: inout CoordinatorBuffer) {
        for placement in gone {
            scheduleRetirement(of: part.id, on: placement.node)
            sendRetire(part.id, part.epoch, placement, to: placement.node, into: &out)
        }
    }

    /// Orders the nodes that a part has just given back to retire it, while it runs on or starts on the others.
    private mutating func giveBack(
        _ lease: LeaseID, by record: RecordIndex, at now: Now, into out: inout CoordinatorBuffer
    ) {
        guard let part = book.lease(lease) else { preconditionFailure("lease \(lease) has just given back") }
        if part.endedBy == record { return end(part, into: &out) }
        let gone = book.givenBack(lease, by: record)
        retire(gone, of: part, into: &out)
        let wereAwaited = gone.count { starting[lease]?.started.contains($0.node) == false }
        let isComplete = starting.update(lease) { start in
            start.pendingCount -= wereAwaited
            return start.pendingCount == 0
        }
        guard isComplete == true else { return }
        starting[lease] = nil
        out.record(enter(.leaseActivated(lease), by: .coordinator, for: nil, at: now))
    }

    /// Orders to all nodes of a part of a lease that has just begun.
    private mutating func send(_ lease: LeaseID, into out: inout CoordinatorBuffer) {
        guard let booked = book.lease(lease) else { preconditionFailure("lease \(lease) has just begun") }
        starting[lease] = StartingLease(pendingCount: booked.part.placements.count)
        for placement in booked.part.placements {
            guard let grant = book.grant(of: lease, on: placement.node) else {
                preconditionFailure("lease \(lease) was just granted on node \(placement.node)")
            }
            sendGrant(grant, to: placement.node, into: &out)
        }
    }

    /// Sends a grant that names the last heartbeat of the node's session; without one it waits for the next (L5).
    private mutating func sendGrant(_ grant: BookedGrant, to node: NodeID, into out: inout CoordinatorBuffer) {
        guard var session = contacts[node.offset].session, session.number > .zero else { return }
        let name = GrantName(node: node, session: session.id, lease: grant.lease, epoch: grant.epoch)
        let order = GrantOrder(
            name: name, gpus: grant.gpus, cut: grant.cut, onSilence: grant.onSilence, number: session.number,
            remaining: remaining(of: grant, at: session.receivedAt), envelope: grant.watts, head: head)
        session.noteOrder(grant.lease, grant.epoch)
        contacts[node.offset].session = session
        out.observed(.grant(order), to: session.connection, applied: book.head)
    }

    /// Tells a node to retire an epoch, live there or not.
    private mutating func sendRetire(
        _ lease: LeaseID, _ epoch: Epoch, _ partitions: some PartitionHolder, to node: NodeID,
        into out: inout CoordinatorBuffer
    ) {
        guard var session = contacts[node.offset].session else { return }
        let name = GrantName(node: node, session: session.id, lease: lease, epoch: epoch)
        session.noteOrder(lease, epoch)
        contacts[node.offset].session = session
        let order = RetireOrder(name: name, gpus: partitions.gpus, slices: partitions.slices, head: head)
        out.observed(.retire(order), to: session.connection, applied: book.head)
    }

    /// R of L6 for `keep`, at the receipt of the heartbeat that it is counted from; nothing for `fence`.
    ///
    /// Never so long that the node could run past the bound of the record: where the calendar stepped back, or the
    /// heartbeat came long before the grant, the bound counts and not the calendar.
    private func remaining(of grant: BookedGrant, at received: Now) -> Span? {
        switch grant.onSilence {
        case .fence: return nil
        case .keep:
            // A renewal leaves at once, so it rests on no extension that a crash could still take back (L3).
            let isSure = grant.extendedBy <= head.index
            let term = max(.zero, (isSure ? grant.endsAt : grant.firstEndsAt) - received.calendar)
            guard let bound = isSure ? grant.keepBound : grant.firstBound, isBoundHere(grant) else {
                return term
            }
            return min(term, book.longestHolds.remaining(within: bound - received.boot))
        }
    }

    // MARK: Reports and heartbeats against the book

    /// What a report proves (L4): a grant it lists is live; one it has closed is over; the rest is ordered again.
    mutating func reconcile(
        _ report: NodeReport, node: NodeID, at now: Now, into out: inout CoordinatorBuffer
    ) {
        var closed: [ClosedGrant] = []
        for grant in book.grants(on: node) {
            switch (grant.isEnding, report.closes(grant)) {
            case (true, true): noteRetired(grant.lease, grant.epoch, on: node)
            case (true, false): sendRetire(grant.lease, grant.epoch, grant, to: node, into: &out)
            case (false, true) where grant.reign.logIncarnation < reign.logIncarnation:
                closed.append(ClosedGrant(lease: grant.lease, epoch: grant.epoch))
            case (false, _): break
            }
        }
        contacts[node.offset].closed = closed
        for grant in closed { endClosed(grant, at: now, into: &out) }
        retireStrangers(in: report.condition.live, on: node, into: &out)
    }

    /// A part of a lease that every node of it has closed by what a restore gave up is over (L15).
    ///
    /// While some nodes run it, the book's word counts: the others refuse it, and say so.
    private mutating func endClosed(_ grant: ClosedGrant, at now: Now, into out: inout CoordinatorBuffer) {
        let nodes = book.unretired(grant.lease).map(\.node)
        guard nodes.allSatisfy({ contacts[$0.offset].closed.contains(grant) }) else { return }
        let entry = enter(.leaseEnding(grant.lease, cause: .closed), by: .coordinator, for: nil, at: now)
        out.record(entry)
        follow(entry, at: now, into: &out)
        for node in nodes { noteRetired(grant.lease, grant.epoch, on: node) }
    }

    /// The holds of a heartbeat that are renewed.
    ///
    /// Grants that the node does not list are sent, strangers retired.
    mutating func reconcile(
        _ heartbeat: Heartbeat, node: NodeID, at now: Now, into out: inout CoordinatorBuffer
    ) -> [HoldRenewal] {
        let grants = book.grants(on: node)
        guard !grants.isEmpty || !heartbeat.condition.live.isEmpty else { return [] }
        var holds: [HoldRenewal] = []
        for grant in grants {
            let live = heartbeat.condition.live.first { $0.lease == grant.lease && $0.epoch == grant.epoch }
            if grant.isEnding {
                guard let session = contacts[node.offset].session, session.wantsOrder(grant.lease, grant.epoch)
                else { continue }
                sendRetire(grant.lease, grant.epoch, grant, to: node, into: &out)
            } else if let live {
                holds.append(
                    HoldRenewal(
                        lease: grant.lease, epoch: grant.epoch, remaining: remaining(of: grant, at: now)))
                guard live.phase == .running else { continue }
                contacts[node.offset].session?.forgetOrder(grant.lease, grant.epoch)
                noteStarted(grant.lease, grant.epoch, on: node, at: now, into: &out)
            } else if contacts[node.offset].session?.wantsOrder(grant.lease, grant.epoch) ?? false {
                sendGrant(grant, to: node, into: &out)
            }
        }
        retireStrangers(in: heartbeat.condition.live, on: node, into: &out)
        return holds
    }

    /// Grants that a node lists and the book does not have there.
    func strangers(in live: [LiveGrant], on node: NodeID) -> [LiveGrant] {
        guard !live.isEmpty else { return [] }
        let grants = book.grants(on: node)
        return live.filter { listed in
            !grants.contains { $0.lease == listed.lease && $0.epoch == listed.epoch }
        }
    }

    /// Strangers are over.
    private mutating func retireStrangers(
        in live: [LiveGrant], on node: NodeID, into out: inout CoordinatorBuffer
    ) {
        for stranger in strangers(in: live, on: node) {
            guard let session = contacts[node.offset].session, session.wantsOrder(stranger.lease, stranger.epoch)
            else { continue }
            sendRetire(stranger.lease, stranger.epoch, stranger, to: node, into: &out)
        }
    }

    // MARK: Answers of nodes

    /// A node runs its part of a lease; with the last of them the lease is active.
    mutating func noteStarted(
        _ lease: LeaseID, _ epoch: Epoch, on node: NodeID, at now: Now, into out: inout CoordinatorBuffer
    ) {
        guard let grant = book.grant(of: lease, on: node), grant.epoch == epoch, !grant.isEnding else { return }
        let isComplete = starting.update(lease) { start in
            if start.started.insert(node).inserted { start.pendingCount -= 1 }
            return start.pendingCount == 0
        }
        guard isComplete == true else { return }
        starting[lease] = nil
        out.record(enter(.leaseActivated(lease), by: .coordinator, for: nil, at: now))
    }

    /// A node would not start its part: tried again with the next heartbeat, or somebody has to look.
    mutating func weigh(
        _ refusal: GrantRefusal, of name: GrantName, at now: Now, into out: inout CoordinatorBuffer
    ) {
        switch refusal {
        case .deadlinePassed, .guardDown, .partitionBusy, .deviceMissing:
            // Passing: an older grant is just being retired, or a GPU is broken, which the node reports as such.
            contacts[name.node.offset].session?.forgetOrder(name.lease, name.epoch)
        case .epochNotHigher:
            // One that is set aside already refuses again with every heartbeat.
            guard book.facts(of: name.node).state != .quarantined else { return }
            let node = book.facts(of: name.node).name
            raise("node \(node) refused epoch \(name.epoch) of lease \(name.lease): \(refusal)", into: &out)
            setAside([name.node], as: .quarantined, because: .orderRefused, at: now, into: &out)
        }
    }

    /// A node has retired its part: gathered, and recorded once a batch.
    mutating func noteRetired(_ lease: LeaseID, _ epoch: Epoch, on node: NodeID) {
        guard let grant = book.grant(of: lease, on: node), grant.epoch == epoch, grant.isEnding else { return }
        acknowledged.append(Retirement(lease: lease, node: node, freeAt: nil))
    }

    /// Records what a node vouches for, and tells it so; one that is told again is recorded again.
    ///
    /// A log that has no room to spare takes none: the node says it again.
    mutating func keep(
        _ certificate: SanitisingCertificate, of node: NodeID, in session: SessionID, on connection: ConnectionID,
        at now: Now, into out: inout CoordinatorBuffer
    ) {
        guard strain == nil else { return }
        let (lease, epoch) = (certificate.lease, certificate.epoch)
        if book.mayHaveBegun(lease, under: epoch) {
            out.record(enter(.partitionSanitised(node, certificate), by: agent(of: node), for: nil, at: now))
        } else {
            raise(
                "node \(book.facts(of: node).name) vouches for lease \(lease) under epoch \(epoch), which this log does "
                    + "not know: its certificate stays in the agent's journal alone", into: &out)
        }
        let name = GrantName(node: node, session: session, lease: lease, epoch: epoch)
        out.observed(.certificateKept(name), to: connection, applied: book.head)
    }

    /// Records what the node's last word says of its tickets and the log does not have.
    ///
    /// Not more often than every so often, and not where the log has no room to spare: then with a later heartbeat.
    mutating func noteTickets(of node: NodeID, at now: Now, into out: inout CoordinatorBuffer) {
        guard let session = contacts[node.offset].session, session.hasUnreadTickets, let detail = session.detail,
            strain == nil, now.boot >= contacts[node.offset].ticketsAgainAt
        else { return }
        contacts[node.offset].session?.hasUnreadTickets = false
        let records = book.decideTickets(of: detail.tickets, on: node, at: now.calendar)
        guard !records.isEmpty else { return }
        contacts[node.offset].ticketsAgainAt = now.boot + Limits.ticketPause
        for record in records {
            // What a node says no more is no word of the node.
            guard case .ticketNoted(_, let ticket, _) = record else { continue }
            let isSaid = ticket.closing?.outcome != .untold
            out.record(enter(record, by: isSaid ? agent(of: node) : .coordinator, for: nil, at: now))
        }
    }

    /// Makes one record a lease of what was acknowledged in this batch.
    mutating func recordAcknowledged(at now: Now, into out: inout CoordinatorBuffer) {
        guard !acknowledged.isEmpty else { return }
        let batch = acknowledged
        acknowledged.removeAll(keepingCapacity: true)
        retire(batch, proof: .acknowledged, at: now, into: &out)
    }

    /// Frees partitions: by the agents' word, or because the wait is over.
    mutating func retire(
        _ batch: [Retirement], proof: RetirementProof, at now: Now, into out: inout CoordinatorBuffer
    ) {
        let open = batch.filter { book.grant(of: $0.lease, on: $0.node)?.isEnding ?? false }
        let sorted = open.sorted { ($0.lease, $0.node) < ($1.lease, $1.node) }
        var next = 0
        while next < sorted.count {
            let lease = sorted[next].lease
            var nodes: [NodeID] = []
            while next < sorted.count, sorted[next].lease == lease {
                if nodes.last != sorted[next].node { nodes.append(sorted[next].node) }
                next += 1
            }
            let record = Record.partitionsRetired(lease, nodes: nodes, proof: proof)
            out.record(enter(record, by: .coordinator, for: nil, at: now))
        }
    }

    /// From when on silence frees a partition: W after the last renewal for `fence`, the bound of the grant for `keep`,
    /// never after a reboot or a restore (L5, L6).
    ///
    /// Whether it frees anything of this node is asked when that has come.
    mutating func scheduleRetirement(of lease: LeaseID, on node: NodeID) {
        guard let grant = book.grant(of: lease, on: node) else {
            preconditionFailure("lease \(lease) holds nothing on node \(node)")
        }
        let freeAt: BootInstant? =
            switch grant.onSilence {
            case .fence:
                contacts[node.offset].renewedAt + book.longestHolds.wait / (isPlanted(.waitsHalf) ? 2 : 1)
            case .keep where isPlanted(.keepWaitsW):
                contacts[node.offset].renewedAt + book.longestHolds.wait
            case .keep: isBoundHere(grant) ? grant.keepBound : nil
            }
        retirements.append(Retirement(lease: lease, node: node, freeAt: freeAt))
    }

    /// Whether the bound of a `keep` grant can be relied on: after a reboot another clock counts, and after a restore a
    /// later bound may have been promised in what is gone (L6).
    private func isBoundHere(_ grant: BookedGrant) -> Bool {
        grant.keepBoot == identity.boot && grant.reign.logIncarnation == reign.logIncarnation
    }
}

extension NodeReport {
    /// Whether the node has closed a grant: it does not list it, and has seen its epoch on all its slices (L4).
    ///
    /// Of CPU alone no GPU's epoch says anything.
    fileprivate func closes(_ grant: BookedGrant) -> Bool {
        !grant.gpus.isEmpty && !condition.live.contains { $0.lease == grant.lease && $0.epoch == grant.epoch }
            && highest.reaches(grant.epoch, on: grant)
    }
}
