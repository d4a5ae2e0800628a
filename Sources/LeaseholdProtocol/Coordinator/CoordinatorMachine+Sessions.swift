import LeaseholdBroker
import LeaseholdModel

extension CoordinatorMachine {
    /// The first message of a connection.
    ///
    /// The reign in the welcome is durable: the shell listens only after that.
    mutating func greet(_ connection: ConnectionID, _ hello: Hello, into out: inout CoordinatorBuffer) {
        guard peers[connection] == nil else {
            close(connection, Complaint(.notHello, "a second hello"), into: &out)
            return
        }
        guard hello.versions.contains(Hello.version) else {
            let text =
                "protocol versions \(hello.versions.lowerBound) to \(hello.versions.upperBound); "
                + "this coordinator speaks \(Hello.version)"
            close(connection, Complaint(.versionUnknown, text), into: &out)
            return
        }
        if let seen = hello.seen, seen.log != identity.log {
            let text = "this is cluster \(identity.cluster) with log \(identity.log); you belong to log \(seen.log)"
            close(connection, Complaint(.otherLog, text), into: &out)
            return
        }
        if let seen = hello.seen, seen.reign > reign {
            // Nobody but a coordinator of this log raises its reign: this one has lost records, or is not the newest.
            raise("\(hello.principal) has seen reign \(seen.reign) of this log, which is at \(reign)", into: &out)
            close(connection, Complaint(.reignOld, "reign \(reign) is older than \(seen.reign)"), into: &out)
            return
        }
        let payloadByteCountMax: Int
        switch hello.principal.role {
        case .operator, .tenant: payloadByteCountMax = Limits.framePayloadByteCountMax
        case .agent: payloadByteCountMax = Limits.framePayloadByteCountMaxAgent
        case .coordinator:
            close(connection, Complaint(.notForRole, "a hello from \(hello.principal)"), into: &out)
            return
        }
        helloCount += 1
        peers[connection] = Peer(hello, order: helloCount)
        let welcome = Welcome(
            version: Hello.version, cluster: identity.cluster,
            reign: SeenReign(log: identity.log, reign: reign, incarnation: identity.incarnation),
            holds: identity.holds, head: head, ledgerKey: identity.ledgerKey)
        out.now(.welcome(connection, welcome, payloadByteCountMax: payloadByteCountMax))
    }

    /// A connection is gone: its nodes are silent from now on, and its watches end.
    mutating func part(from connection: ConnectionID, at now: Now, into out: inout CoordinatorBuffer) {
        watches.removeAll { $0.asker.connection == connection }
        guard let peer = peers[connection] else { return }
        peers[connection] = nil
        var silent: [NodeID] = []
        for node in peer.nodes where contacts[node.offset].session?.connection == connection {
            contacts[node.offset].part()
            if book.facts(of: node).state == .ready { silent.append(node) }
        }
        setAside(silent, as: .suspect, because: .silent, at: now, into: &out)
    }

    /// A message of an agent; anything else than a report needs the node's newest session on this connection.
    mutating func hear(
        _ message: AgentMessage, on connection: ConnectionID, at now: Now, into out: inout CoordinatorBuffer
    ) {
        guard let peer = peers[connection], peer.principal.role == .agent else {
            close(connection, Complaint(.notForRole, "an agent's message without an agent's hello"), into: &out)
            return
        }
        switch message {
        case .report(let report): admit(report, on: connection, of: peer, at: now, into: &out)
        case .heartbeat(let heartbeat): beat(heartbeat, on: connection, at: now, into: &out)
        case .started(let name):
            guard isCurrent(name, on: connection) else { return }
            contacts[name.node.offset].session?.forgetOrder(name.lease, name.epoch)
            noteStarted(name.lease, name.epoch, on: name.node, at: now, into: &out)
        case .grantRefused(let name, let reason):
            guard isCurrent(name, on: connection) else { return }
            weigh(reason, of: name, at: now, into: &out)
        case .retired(let name):
            guard isCurrent(name, on: connection) else { return }
            contacts[name.node.offset].session?.forgetOrder(name.lease, name.epoch)
            noteRetired(name.lease, name.epoch, on: name.node)
        case .sanitised(let node, let session, let certificate):
            guard isCurrent(session, of: node, on: connection) else { return }
            keep(certificate, of: node, in: session, on: connection, at: now, into: &out)
        case .detail(let node, let session, let detail):
            guard isCurrent(session, of: node, on: connection) else { return }
            contacts[node.offset].session?.detail = detail
            contacts[node.offset].session?.hasUnreadTickets = true
            noteTickets(of: node, at: now, into: &out)
        }
    }

    /// A report opens the node's session, or says why not.
    ///
    /// The newest report wins (L4).
    private mutating func admit(
        _ report: NodeReport, on connection: ConnectionID, of peer: Peer, at now: Now,
        into out: inout CoordinatorBuffer
    ) {
        let turnAway = { (reason: String, out: inout CoordinatorBuffer, applied: RecordIndex) in
            out.observed(.reportRefused(node: report.node, reason: reason), to: connection, applied: applied)
        }
        guard let node = book.node(named: report.node) else {
            turnAway("no node \(report.node) in the fleet; import the fleet that has it", &out, book.head)
            return
        }
        guard peer.nodes.count < Limits.nodesPerConnectionCountMax || peer.carries(node) else {
            turnAway("more than \(Limits.nodesPerConnectionCountMax) nodes on one connection", &out, book.head)
            return
        }
        let facts = book.facts(of: node)
        if let session = contacts[node.offset].session, session.connection != connection,
            let other = peers[session.connection], other.order > peer.order
        {
            // It left before the newer connection was made, and was held up on the way.
            turnAway("a newer connection has reported this node", &out, book.head)
            return
        }
        if let difference = facts.difference(from: report) {
            raise("node \(report.node): \(difference)", into: &out)
            turnAway(difference, &out, book.head)
            // One that is heard with the right hardware is not set aside for what somebody else says.
            if let session = contacts[node.offset].session, session.connection != connection { return }
            setAside([node], as: .quarantined, because: .hardwareDiffers, at: now, into: &out)
            return
        }
        lastSession += 1
        let session = NodeSession(
            id: SessionID(rawValue: lastSession), connection: connection, hardware: report.hardware,
            traits: report.traits, receivedAt: now,
            isGuarded: report.condition.isGuarded, live: report.condition.live)
        contacts[node.offset].session = session
        contacts[node.offset].drawn = report.condition.drawn
        contacts[node.offset].heardAt = now.boot
        let _: Void? = peers.update(connection) { $0.add(node) }
        // For the rest of the reign: what the node sees from here on hides what it had seen.
        if contradicts(report.witness, of: peer) { contacts[node.offset].isDiverged = true }
        judge(report, of: peer, node: node, facts: facts, at: now, into: &out)
        // Before the orders of the session, which the agent knows by this alone.
        let attached = NodeOrder.attached(node: report.node, id: node, session: session.id)
        out.observed(attached, to: connection, applied: book.head)
        reconcile(report, node: node, at: now, into: &out)
    }

    /// Whether a witness proves that this log lost records that were durable once.
    ///
    /// What a node saw under another start of the coordinator is held against the log as it was recovered: by now the
    /// lost indices may have been given to other records. And nobody hears of a reign before it is durable, so a node
    /// that has seen this reign led by another start proves by that alone that its record was lost (L9).
    private func contradicts(_ witness: WitnessedHead, of peer: Peer) -> Bool {
        if isPlanted(.ignoresWitness) || isGivenUp(peer) { return false }
        if let seen = peer.seen, seen.reign == reign, seen.incarnation != identity.incarnation { return true }
        guard witness.leader != identity.incarnation else { return false }
        return witness.head.index > recovered.index
            || witness.head.index == recovered.index && witness.head.chain != recovered.chain
    }

    /// Whether all that a peer had seen is of an incarnation of the log before this one.
    ///
    /// That it has seen more than this log has is then no news: a restore gave it up, and said so.
    private func isGivenUp(_ peer: Peer) -> Bool {
        peer.seen.map { $0.reign.logIncarnation < reign.logIncarnation } ?? false
    }

    /// Whether the node is ready by this report, and which of its GPUs are well.
    private mutating func judge(
        _ report: NodeReport, of peer: Peer, node: NodeID, facts: NodeFacts, at now: Now,
        into out: inout CoordinatorBuffer
    ) {
        let isAhead = report.witness.head.index > head.index && !isGivenUp(peer) && !isPlanted(.ignoresWitness)
        if facts.traits != report.traits {
            // What its silence says counts from here on, whatever else is wrong with it (L6).
            noteReady(report, node: node, at: now, into: &out)
        }
        if contacts[node.offset].isDiverged || isAhead {
            let seen = "node \(report.node) has seen record \(report.witness.head.index)"
            raise(
                contacts[node.offset].isDiverged
                    ? "\(seen) of another history than this log, which was recovered to \(recovered.index)"
                    : "\(seen); this log ends at \(head.index)", into: &out)
            setAside([node], as: .quarantined, because: .witnessAhead, at: now, into: &out)
        } else if !report.condition.isGuarded {
            setAside([node], as: .quarantined, because: .guardDown, at: now, into: &out)
        } else if let stranger = strangers(in: report.condition.live, on: node).first {
            // What the log has lost may still run there, however low its epoch (decision 0008).
            if book.lease(stranger.lease)?.epoch != stranger.epoch {
                raise(
                    "node \(report.node) holds \(stranger.lease) under \(stranger.epoch), which this log does not have",
                    into: &out)
            }
            setAside([node], as: .quarantined, because: .strangerListed, at: now, into: &out)
        } else if book.facts(of: node).state != .ready {
            noteReady(report, node: node, at: now, into: &out)
        }
        noteHealth(report.condition, of: node, at: now, into: &out)
    }

    private mutating func noteReady(
        _ report: NodeReport, node: NodeID, at now: Now, into out: inout CoordinatorBuffer
    ) {
        let record = Record.nodeReported(node: node, hardware: report.hardware, traits: report.traits)
        out.record(enter(record, by: agent(of: node), for: nil, at: now))
    }

    /// A heartbeat: the holds it may count on are renewed at once; what is out of step is set right.
    private mutating func beat(
        _ heartbeat: Heartbeat, on connection: ConnectionID, at now: Now, into out: inout CoordinatorBuffer
    ) {
        let node = heartbeat.node
        guard node.offset < contacts.count else { return }
        guard var session = contacts[node.offset].session, session.connection == connection else {
            // The node believes in a session that is none: it reports again.
            let order = NodeOrder.reportRefused(node: book.facts(of: node).name, reason: "it has no session here")
            out.observed(order, to: connection, applied: book.head)
            return
        }
        guard session.id == heartbeat.session else {
            // The word that opened the newer session was lost at a full inbox: it is said again (L15).
            let attached = NodeOrder.attached(node: book.facts(of: node).name, id: node, session: session.id)
            out.observed(attached, to: connection, applied: book.head)
            return
        }
        guard heartbeat.number > session.number else { return }
        counters.heartbeatCount += 1
        session.number = heartbeat.number
        session.receivedAt = now
        session.isGuarded = heartbeat.condition.isGuarded
        session.live = heartbeat.condition.live
        let echo = min(heartbeat.echo, heartbeat.number)
        if heartbeat.number.rawValue - echo.rawValue <= Limits.heartbeatsWithoutEchoCountMax {
            session.evidencedAt = now.boot
        }
        contacts[node.offset].session = session
        contacts[node.offset].renewedAt = now.boot
        contacts[node.offset].heardAt = now.boot
        contacts[node.offset].drawn = heartbeat.condition.drawn
        reconsider(heartbeat, node: node, session: session, at: now, into: &out)
        noteHealth(heartbeat.condition, of: node, at: now, into: &out)
        noteTickets(of: node, at: now, into: &out)
        let holds = reconcile(heartbeat, node: node, at: now, into: &out)
        let renewal = Renewal(
            node: node, session: session.id, number: heartbeat.number, holds: holds, head: head,
            ledgerHead: headToShow(on: connection))
        out.now(.renew(connection, renewal))
    }

    /// The newest signed head, if the agent on this connection has not been shown it: one node's renewal is enough.
    private mutating func headToShow(on connection: ConnectionID) -> HeadText? {
        guard let ledgerHead, let peer = peers[connection], peer.shownHead < ledgerHead.index else { return nil }
        let _: Void? = peers.update(connection) { $0.shownHead = ledgerHead.index }
        return ledgerHead.text
    }

    /// Whether a heartbeat ends what the node was set aside for, or is itself a reason.
    private mutating func reconsider(
        _ heartbeat: Heartbeat, node: NodeID, session: NodeSession, at now: Now, into out: inout CoordinatorBuffer
    ) {
        let facts = book.facts(of: node)
        if heartbeat.witness > head.index, !isPlanted(.ignoresWitness) {
            guard facts.reason != .witnessAhead else { return }
            raise("node \(facts.name) has seen record \(heartbeat.witness); this log ends at \(head.index)", into: &out)
            setAside([node], as: .quarantined, because: .witnessAhead, at: now, into: &out)
            return
        }
        guard session.isGuarded else {
            guard facts.reason != .guardDown else { return }
            setAside([node], as: .quarantined, because: .guardDown, at: now, into: &out)
            return
        }
        // Whatever else it was set aside for since: a proof of lost records is not outlived (L9).
        guard !contacts[node.offset].isDiverged else {
            setAside([node], as: .quarantined, because: .witnessAhead, at: now, into: &out)
            return
        }
        let isBack: Bool =
            switch facts.reason {
            case .silent, .newReign, .logRestored: session.evidencedAt == now.boot
            case .guardDown: !isPlanted(.forgetsGuard)
            case .hardwareDiffers, .witnessAhead, .strangerListed: true
            case .orderRefused: isInStep(heartbeat, node: node)
            case .none: false
            }
        // Whatever it was set aside for: while it lists what the log does not have, nothing is granted there.
        if facts.state != .ready, isBack, strangers(in: heartbeat.condition.live, on: node).isEmpty {
            let record = Record.nodeReported(node: node, hardware: session.hardware, traits: session.traits)
            out.record(enter(record, by: agent(of: node), for: nil, at: now))
        }
    }

    /// Whether the node lists every grant that the book has there and that is not ending.
    private func isInStep(_ heartbeat: Heartbeat, node: NodeID) -> Bool {
        book.grants(on: node).allSatisfy { grant in
            grant.isEnding
                || heartbeat.condition.live.contains { $0.lease == grant.lease && $0.epoch == grant.epoch }
        }
    }

    private mutating func noteHealth(
        _ condition: NodeCondition, of node: NodeID, at now: Now, into out: inout CoordinatorBuffer
    ) {
        let facts = book.facts(of: node)
        let unhealthy = condition.unhealthy.intersection(.first(facts.gpuCount))
        guard unhealthy != facts.unhealthy else { return }
        let record = Record.gpuHealthChanged(node: node, unhealthy: unhealthy)
        out.record(enter(record, by: agent(of: node), for: nil, at: now))
    }

    /// Records that nodes are set aside; those that are so already, for the same reason, are left out.
    mutating func setAside(
        _ nodes: [NodeID], as state: NodeState, because reason: NodeReason, at now: Now,
        into out: inout CoordinatorBuffer
    ) {
        let changed = nodes.filter {
            let facts = book.facts(of: $0)
            return facts.state != state || facts.reason != reason
        }
        guard !changed.isEmpty else { return }
        let record = Record.nodesSetAside(changed, state: state, reason: reason)
        out.record(enter(record, by: .coordinator, for: nil, at: now))
    }

    /// Whether an answer names the newest session of its node, on the connection that it came on.
    private func isCurrent(_ name: GrantName, on connection: ConnectionID) -> Bool {
        isCurrent(name.session, of: name.node, on: connection)
    }

    /// Whether a session is the newest of its node, on the connection that it is named on.
    private func isCurrent(_ session: SessionID, of node: NodeID, on connection: ConnectionID) -> Bool {
        guard node.offset < contacts.count, let newest = contacts[node.offset].session else { return false }
        return newest.id == session && newest.connection == connection
    }

    func agent(of node: NodeID) -> Principal { Principal(role: .agent, name: book.facts(of: node).name) }

    mutating func close(_ connection: ConnectionID, _ complaint: Complaint, into out: inout CoordinatorBuffer) {
        counters.complaintCount += 1
        out.now(.close(connection, complaint))
    }

    /// Something that somebody should look at: kept for `status`, bounded, and noted.
    mutating func raise(_ alarm: String, into out: inout CoordinatorBuffer) {
        counters.alarmCount += 1
        if !alarms.contains(alarm) {
            if alarms.count == 32 { alarms.removeFirst() }
            alarms.append(alarm)
        }
        out.now(.note(Note(.alarm, alarm)))
    }
}

extension NodeFacts {
    /// What the report says otherwise than the fleet file, or than the hardware seen before; nil where all is equal.
    fileprivate func difference(from report: NodeReport) -> String? {
        if report.kind != kind { return "reports \(report.kind) where the fleet has \(kind)" }
        if report.gpuCount != gpuCount { return "reports \(report.gpuCount) GPUs where the fleet has \(gpuCount)" }
        if let hardware, hardware != report.hardware {
            return "reports hardware \(hexadecimal(report.hardware)) where it was \(hexadecimal(hardware)) before"
        }
        return nil
    }
}
