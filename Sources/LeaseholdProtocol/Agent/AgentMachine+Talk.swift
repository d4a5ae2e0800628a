import LeaseholdModel

extension AgentMachine {
    /// The hello of every connection: who asks, and the highest reign it has seen, which is durable.
    var hello: Hello {
        Hello(
            versions: Hello.version...Hello.version, principal: name, incarnation: incarnation, boot: boot, seen: seen)
    }

    /// A coordinator's welcome: its reign is made durable, older connections are closed unread, and only what is
    /// reported after that counts as a report (L4).
    mutating func enter(
        _ welcome: Welcome, on connection: ConnectionID, at now: Now, into out: inout AgentBuffer
    ) {
        if let seen, seen.log != welcome.reign.log {
            close(connection, "it leads log \(welcome.reign.log), this node belongs to \(seen.log)", into: &out)
            return
        }
        if let seen, seen.reign > welcome.reign.reign {
            close(connection, "its reign \(welcome.reign.reign) is older than \(seen.reign)", into: &out)
            return
        }
        if let older = link, older.connection != connection {
            close(older.connection, "a newer connection was welcomed", into: &out)
        }
        dropSessions()
        holds = welcome.holds
        for slot in nodes.indices { compareWithK(slot: slot, at: now, into: &out) }
        link = CoordinatorLink(
            connection: connection, witnessBefore: witness, heardAt: now.boot,
            reportAgainAt: now.boot + holds.heartbeatInterval)
        if seen != welcome.reign { journal(.reignSeen(welcome.reign), into: &out) }
        raiseWitness(shown(welcome.head))
        for offset in nodes.indices { report(slot: offset, on: connection, into: &out) }
        nextBeat = now.boot + beatSpacing
    }

    /// A connection is gone; holds run on at the guard.
    mutating func part(from connection: ConnectionID) {
        guard link?.connection == connection else { return }
        link = nil
        dropSessions()
        nextBeat = .never
    }

    private mutating func dropSessions() {
        for offset in nodes.indices {
            if let session = nodes[offset].session { slotByNode[session.node] = nil }
            nodes[offset].session = nil
        }
    }

    private mutating func close(_ connection: ConnectionID, _ reason: String, into out: inout AgentBuffer) {
        if link?.connection == connection { part(from: connection) }
        out.now(.close(connection, reason: reason))
    }

    private mutating func report(slot: Int, on connection: ConnectionID, into out: inout AgentBuffer) {
        nodes[slot].toldTraits = traits(of: slot)
        let node = nodes[slot]
        let report = NodeReport(
            node: node.description.path, kind: node.description.kind, gpuCount: node.description.gpuCount,
            hardware: node.description.hardware, highest: node.highest, condition: condition(of: node),
            witness: link?.witnessBefore ?? witness, traits: node.toldTraits)
        out.observed(.report(report), on: connection, applied: journalHead)
    }

    /// What a node's devices can, and what its silence says: a guard that finds who works on devices that no process of
    /// its own holds, and with which the machine ends, makes up for those (L6).
    private func traits(of slot: Int) -> NodeTraits {
        let traits = nodes[slot].reading.traits
        if nodes[slot].isSlowSince != nil { return traits.union(.confirmOnly) }
        let isMadeUpFor = isGuardHeard && guardTraits.isSuperset(of: [.findsTenants, .endsMachine])
        return isMadeUpFor ? traits.subtracting(.confirmOnly) : traits
    }

    /// Since when a node's work has been nobody's to end: others start it, and this guard ends only what it has started.
    private func isUnguardedSince(slot: Int) -> CalendarInstant? {
        let isOthersWork = nodes[slot].reading.traits.contains(.confirmOnly)
        return isOthersWork && !guardTraits.contains(.findsTenants) ? guardHeardSince : nil
    }

    private func condition(of node: ServedNode) -> NodeCondition {
        // To the coordinator a GPU that must get no new work and has none is as good as a broken one.
        // One that has slices only could still get some, and one that is being made clean gets the next: it counts as
        // held where somebody works on it whole.
        let held = node.grants.reduce(GPUSet.none) { held, grant in
            grant.grant.slices.isEmpty && grant.phase != .retiring ? held.union(grant.grant.gpus) : held
        }
        let stuck = node.grants.reduce(GPUSet.none) {
            $1.course.failure == nil ? $0.union($1.torn(node.reading.cuts)) : $0.union($1.grant.gpus)
        }
        return NodeCondition(
            live: node.grants.map { $0.live(by: plan) },
            unhealthy: node.reading.unhealthy.union(stuck).union(node.reading.suspect.subtracting(held)),
            isGuarded: isGuarded,
            drawn: node.reading.drawn)
    }

    // MARK: Beats

    /// Nodes beat in slices, so that a process with many does not send all at once.
    private var beatSliceCount: Int { max(1, min(nodes.count, 16)) }
    private var beatSpacing: Span { holds.heartbeatInterval / Int64(beatSliceCount) }

    /// Time to read the devices; the beats follow when they have answered.
    mutating func tick(at now: Now, into out: inout AgentBuffer) {
        guard now.boot >= nextBeat, let link else { return }
        if now.boot - link.heardAt > holds.hold / 3 {
            // Longer than any answer takes, and soon enough to find another way before the holds run out.
            close(link.connection, "no word from the coordinator for \(holds.hold / 3)", into: &out)
            return
        }
        nextBeat = now.boot + beatSpacing
        out.now(.readDevices)
    }

    /// The devices' word, and with it the beats of the next slice.
    ///
    /// `now` is the stamp: nothing of it has been handed to the kernel yet (L5).
    mutating func take(_ readings: [DeviceReading], at now: Now, into out: inout AgentBuffer) {
        precondition(readings.count == nodes.count, "\(readings.count) readings for \(nodes.count) nodes")
        for offset in nodes.indices {
            nodes[offset].reading = readings[offset]
            noteTorn(slot: offset, at: now, into: &out)
        }
        guard let link else { return }
        // What a node can stands in its report alone.
        for offset in nodes.indices where nodes[offset].session != nil && nodes[offset].toldTraits != traits(of: offset)
        {
            report(slot: offset, on: link.connection, into: &out)
        }
        let mustReport = now.boot >= link.reportAgainAt
        if mustReport { self.link?.reportAgainAt = now.boot + holds.heartbeatInterval }
        let sliceCount = beatSliceCount
        for offset in nodes.indices {
            if nodes[offset].session == nil {
                if mustReport { report(slot: offset, on: link.connection, into: &out) }
            } else if offset % sliceCount == beatSlice {
                beat(slot: offset, on: link.connection, at: now, into: &out)
            }
        }
        beatSlice = (beatSlice + 1) % sliceCount
    }

    /// One heartbeat of one node.
    mutating func beat(slot: Int, on connection: ConnectionID, at now: Now, into out: inout AgentBuffer) {
        guard var session = nodes[slot].session else { return }
        let number = session.beat(at: now.boot)
        nodes[slot].session = session
        counters.heartbeatCount += 1
        let heartbeat = Heartbeat(
            node: session.node, session: session.id, number: number, echo: session.echo,
            condition: condition(of: nodes[slot]), witness: witness.head.index)
        out.observed(.heartbeat(heartbeat), on: connection, applied: journalHead)
        if !nodes[slot].certificates.isEmpty, session.vouchAgainAt <= now.boot {
            nodes[slot].session?.vouchAgainAt = now.boot + holds.hold
            vouch(for: nodes[slot].certificates, slot: slot, into: &out)
        }
        tellDetail(slot: slot, on: connection, at: now, into: &out)
    }

    // MARK: For people

    /// The newest word about a node's devices: told at once or behind a later beat, whichever its pace allows.
    mutating func take(_ detail: NodeDetail, of slot: NodeSlot, at now: Now, into out: inout AgentBuffer) {
        precondition(slot.offset < nodes.count, "a detail of slot \(slot) with \(nodes.count) nodes")
        nodes[slot.offset].detail = detail
        guard let link else { return }
        tellDetail(slot: slot.offset, on: link.connection, at: now, into: &out)
    }

    /// Looks whether the slices of what runs are still there: a driver that was loaded anew has none, and who may cut
    /// GPUs by hand may have unmade them.
    private mutating func noteTorn(slot: Int, at now: Now, into out: inout AgentBuffer) {
        for position in nodes[slot].grants.indices {
            let held = nodes[slot].grants[position]
            guard !held.torn(nodes[slot].reading.cuts).isEmpty else {
                nodes[slot].grants[position].isTornSince = nil
                continue
            }
            guard held.isTornSince == nil else { continue }
            nodes[slot].grants[position].isTornSince = now.calendar
            let path = nodes[slot].description.path
            out.now(
                .note(
                    Note(
                        .alarm,
                        "\(path): lease \(held.grant.lease) has \(held.grant.place), and not all of them are cut any "
                            + "more; its GPUs count as unhealthy until it is given back")))
        }
    }

    /// What is said of the devices, with what is wrong with the guard and with grants that run.
    private func shownDetail(slot: Int) -> NodeDetail? {
        let node = nodes[slot]
        var troubles = node.grants.flatMap { held in
            (held.isTornSince.map { since in
                held.torn(node.reading.cuts).positions.map { position in
                    DeviceTrouble(
                        gpu: position, component: "lease \(held.grant.lease)", standing: .unhealthy,
                        what:
                            "its slices are not all cut any more: the driver was loaded anew, or somebody unmade them",
                        remedy: "give the lease back; what is left of it is taken away", since: since, count: 1,
                        ticket: nil)
                }
            }) ?? []
        }
        if let since = node.isSlowSince {
            troubles.append(
                DeviceTrouble(
                    gpu: nil, component: "guard", standing: .suspect,
                    what: "it took \(node.evictions?.slowest ?? .zero) to end work, \(holds.eviction) is what it may",
                    remedy: "find what kept it, and start the guard anew; or set a longer --eviction everywhere",
                    since: since, count: 1, ticket: nil))
        }
        if let since = isUnguardedSince(slot: slot) {
            troubles.append(
                DeviceTrouble(
                    gpu: nil, component: "guard", standing: .suspect,
                    what: "it ends only work that it starts itself, and tenants' work on these GPUs is never fenced",
                    remedy: "run it with --work tenants, as root", since: since, count: 1, ticket: nil))
        }
        return node.detail?.adding(node.evictions, troubles)
    }

    /// Tells a session what it has not been told of the devices; it rests on nothing that is journaled.
    private mutating func tellDetail(
        slot: Int, on connection: ConnectionID, at now: Now, into out: inout AgentBuffer
    ) {
        guard var session = nodes[slot].session, let detail = shownDetail(slot: slot),
            session.tell(detail, at: now.boot, interval: holds.heartbeatInterval)
        else { return }
        nodes[slot].session = session
        out.observed(.detail(node: session.node, session: session.id, detail), on: connection, applied: .zero)
    }
}
