package import LeaseholdModel

/// Taking in what was decided.
extension LeaseBook {
    /// Takes in the next entry of the log.
    ///
    /// An entry to which `objection(to:)` has something to say is a fault.
    package mutating func evolve(_ entry: LogEntry) {
        if let objection = follow(entry) {
            preconditionFailure("record \(entry.index) cannot follow record \(head): \(objection)")
        }
    }

    /// Takes in the next entry of a log that somebody else has written, or says why it cannot be the next and changes
    /// nothing.
    package mutating func follow(_ entry: LogEntry) -> String? {
        if let objection = objection(to: entry) { return objection }
        head = entry.index
        lastInstant = entry.at
        calendar.advance(to: entry.at)
        let outcome = apply(entry)
        requests.prune(at: entry.at)
        if let key = entry.request, let outcome {
            requests.add(
                RequestName(principal: entry.principal, id: key.id),
                RequestRow(bodyHash: key.bodyHash, at: entry.at, outcome: outcome))
        }
        forgetOldLeases(at: entry.at)
        return nil
    }

    /// Applies the record; returns what became of the request behind it.
    private mutating func apply(_ entry: LogEntry) -> Outcome? {
        switch entry.record {
        case .reignBegan(let began):
            begin(began, at: entry.at)
        case .fleetPartImported(let part):
            return .imported(take(part, at: entry.at))
        case .tenantCreated(let name, let quota):
            tenants.add(name: name, quota: quota)
            return .tenantCreated(TenantID(rawValue: UInt32(tenants.rows.count - 1)), quota: Int(quota))
        case .tenantQuotaSet(let tenant, let quota):
            tenants.rows[tenant.offset].quota = Int(quota)
            let row = tenants[tenant]
            return .quotaSet(tenant, quota: Int(quota), held: row.held, leaseCount: row.leaseCount)
        case .nodeCordonSet(let node, let isCordoned):
            var standing = fleet[node].standing
            standing.isCordoned = isCordoned
            fleet.set(standing, of: node)
            return .cordonSet(node, isCordoned: isCordoned)
        case .nodeReported(let node, let hardware, let carving):
            fleet.nodes[node.offset].hardware = hardware
            var standing = fleet[node].standing
            standing.carving = carving
            fleet.set(standing, of: node)
            move(node, to: .ready, reason: .none, at: entry.at)
        case .nodesSetAside(let nodes, let state, let reason):
            for node in nodes { move(node, to: state, reason: reason, at: entry.at) }
        case .gpuHealthChanged(let node, let unhealthy):
            var standing = fleet[node].standing
            standing.unhealthy = unhealthy
            fleet.set(standing, of: node)
        case .leaseGranted(let granted):
            return .granted(grant(granted, entry))
        case .leaseBegun(let lease, let begun):
            begin(position(of: lease), begun, entry)
        case .leaseMoved(let lease, let placements, let watts):
            move(position(of: lease), to: placements, watts)
        case .leaseExtended(let lease, let endsAt, let keepBound, let keepBoot):
            extend(lease, to: endsAt, keepBound, keepBoot)
            return .extended(lease, endsAt: endsAt)
        case .leaseActivated(let lease):
            leases.activate(position(of: lease), at: entry.at)
        case .leaseEnding(let lease, let cause):
            for position in leases.positions(of: lease, wholly: cause != .lapsed) { end(position, cause, at: entry.at) }
            return cause == .cancelled ? .cancelled(lease, at: entry.at) : .released(lease, at: entry.at)
        case .partitionsRetired(let lease, let nodes, _):
            retire(lease, on: nodes, at: entry.at)
        case .requestRefused(let refusal):
            return .refused(refusal)
        }
        return nil
    }

    private func position(of lease: LeaseID) -> Int {
        guard let position = leases.position(of: lease) else { preconditionFailure("no lease \(lease)") }
        return position
    }

    // MARK: Steps

    /// A coordinator starts to lead: nothing is known of any node until it reports to this reign (L9).
    private mutating func begin(_ began: ReignBegan, at instant: CalendarInstant) {
        let counts = leases.counts
        let mayBeHeld = counts.starting + counts.active + counts.ending > 0
        longestHolds = mayBeHeld ? longestHolds.longest(with: began.holds) : began.holds
        reign = began.reign
        reignBegan = began
        for offset in fleet.nodes.indices
        where fleet.nodes[offset].standing.state == .ready && !isPlanted(.trustsSilence) {
            move(NodeID(rawValue: UInt32(offset)), to: .suspect, reason: .newReign, at: instant)
        }
    }

    private mutating func take(_ part: FleetPart, at instant: CalendarInstant) -> FleetImported {
        guard var whole = FleetStage.following(stage, part) else {
            preconditionFailure("part \(part.part) of import \(part.importHash) does not follow")
        }
        stage = nil
        whole.add(part)
        guard part.isLast else {
            defer { stage = whole }
            return FleetImported(
                isCommitted: false, nodeCount: whole.fleet.nodeCount, gpuCount: whole.fleet.gpuCount)
        }
        let added = fleet.add(whole.fleet, at: instant)
        calendar.grow(to: fleet)
        return FleetImported(isCommitted: true, nodeCount: added.nodeCount, gpuCount: added.gpuCount)
    }

    private mutating func move(_ node: NodeID, to state: NodeState, reason: NodeReason, at instant: CalendarInstant) {
        var standing = fleet[node].standing
        if standing.state != state { fleet.nodes[node.offset].since = instant }
        standing.state = state
        standing.reason = reason
        fleet.set(standing, of: node)
    }

    private mutating func grant(_ granted: LeaseGranted, _ entry: LogEntry) -> LeaseID {
        let tenant = granted.tenant
        for number in 0..<granted.partCount {
            let part = granted.part(number)
            let id = LeaseID(entry.index, part: number)
            var row = LeaseRow(id: id, granted: granted, part: part, principal: entry.principal, since: entry.at)
            calendar.add(part.placements, for: id, over: row.stay, in: fleet)
            calendar.count(row.gpuThousandths, for: tenant, over: part.window)
            if number == 0, let begun = granted.begun {
                row.begin(begun, Epoch(reign: begun.reign, index: entry.index))
                hand(part.placements, to: id, of: tenant, thousandths: row.gpuThousandths)
            }
            tenants.rows[tenant.offset].leases.append(id)
            leases.add(row)
        }
        learn(from: granted, at: entry.at)
        return LeaseID(entry.index)
    }

    private mutating func begin(_ position: Int, _ begun: LeaseBegun, _ entry: LogEntry) {
        let placements = leases.rows[position].part.placements
        hand(
            placements, to: leases.rows[position].id, of: leases.rows[position].granted.tenant,
            thousandths: leases.rows[position].gpuThousandths)
        leases.begin(position, begun, Epoch(reign: begun.reign, index: entry.index), at: entry.at)
    }

    /// The GPUs of a part are its tenant's from here on.
    private mutating func hand(
        _ placements: [Placement], to lease: LeaseID, of tenant: TenantID, thousandths: Int
    ) {
        precondition(fleet.fetch(placements) != .max, "lease \(lease) is granted what has another holder")
        for placement in placements { fleet.hold(placement, for: lease) }
        tenants.rows[tenant.offset].heldThousandths += thousandths
        tenants.rows[tenant.offset].leaseCount += 1
    }

    private mutating func move(_ position: Int, to placements: [Placement], _ watts: Watts) {
        let row = leases.rows[position]
        calendar.remove(row.part.placements, of: row.id, over: row.stay, in: fleet)
        calendar.add(placements, for: row.id, over: row.stay, in: fleet)
        leases.rows[position].part.placements = placements
        leases.rows[position].part.watts = watts
        leases.rows[position].gpuCount = leases.rows[position].part.gpuCount
    }

    private mutating func extend(
        _ lease: LeaseID, to endsAt: CalendarInstant, _ keepBound: BootInstant?, _ keepBoot: BootID
    ) {
        for position in leases.positions(of: lease, wholly: true) where leases.rows[position].isDue {
            let row = leases.rows[position]
            calendar.remove(row.part.placements, of: row.id, over: row.stay, in: fleet)
            calendar.count(
                row.gpuThousandths, for: row.granted.tenant, over: Window(from: row.part.endsAt, until: endsAt))
            leases.extend(position, to: endsAt, by: head)
            calendar.add(row.part.placements, for: row.id, over: leases.rows[position].stay, in: fleet)
            // Never earlier than before, and after a reboot never at all: the node was told what it was told (L6).
            guard row.isLive, let begun = row.begun, begun.keepBoot == keepBoot, let old = begun.keepBound,
                let keepBound
            else { continue }
            leases.rows[position].begun = LeaseBegun(
                reign: begun.reign, keepBound: max(old, keepBound), keepBoot: keepBoot)
        }
    }

    /// A part that has begun is over for its tenant; one that has not is cancelled and leaves the calendar.
    private mutating func end(_ position: Int, _ cause: EndCause, at instant: CalendarInstant) {
        let state = leases.rows[position].state
        guard !state.isFinal, state != .ending else { return }
        let tenant = leases.rows[position].granted.tenant
        let thousandths = leases.rows[position].gpuThousandths
        let endsAt = leases.rows[position].part.endsAt
        if state == .confirmed {
            let row = leases.rows[position]
            calendar.remove(row.part.placements, of: row.id, over: row.stay, in: fleet)
            calendar.count(-thousandths, for: tenant, over: row.part.window)
            leases.cancel(position, cause: cause, at: instant)
        } else {
            calendar.count(-thousandths, for: tenant, over: Window(from: instant, until: endsAt))
            leases.beginEnding(position, cause: cause, at: instant)
        }
    }

    /// Frees the GPUs and watts of some nodes of an ending lease; with the last of them the lease has ended.
    private mutating func retire(_ lease: LeaseID, on nodes: [NodeID], at instant: CalendarInstant) {
        let position = position(of: lease)
        let placements = leases.rows[position].part.placements
        precondition(fleet.fetch(placements) != .max, "lease \(lease) has no holder")
        var retired: [Placement] = []
        retired.reserveCapacity(nodes.count)
        for node in nodes {
            guard let place = placements.position(on: node) else {
                preconditionFailure("lease \(lease) has nothing on node \(node)")
            }
            leases.rows[position].retire(place)
            fleet.release(placements[place], from: lease)
            retired.append(placements[place])
        }
        calendar.remove(retired, of: lease, over: leases.rows[position].stay, in: fleet)
        guard leases.rows[position].retiredCount == placements.count else { return }
        let tenant = leases.rows[position].granted.tenant
        tenants.rows[tenant.offset].heldThousandths -= isPlanted(.leaksQuota) ? 0 : leases.rows[position].gpuThousandths
        tenants.rows[tenant.offset].leaseCount -= 1
        leases.end(position, at: instant)
    }

    /// Forgets leases that ended longer ago than any answer about them is kept, a few at a time.
    private mutating func forgetOldLeases(at instant: CalendarInstant) {
        let horizon = CalendarInstant(nanoseconds: instant.nanoseconds - RequestTable.memory.nanoseconds)
        for _ in 0..<RequestTable.forgottenPerStepCountMax {
            guard let tenant = leases.forgetOldest(endedBefore: horizon) else { return }
            guard tenants.rows[tenant.offset].forgetOne() else { continue }
            let table = leases
            tenants.rows[tenant.offset].drop { !table.isKnown($0) }
        }
    }
}

extension HoldSettings {
    /// The greater of each of the three numbers.
    fileprivate func longest(with other: HoldSettings) -> HoldSettings {
        HoldSettings(
            hold: max(hold, other.hold), eviction: max(eviction, other.eviction),
            clockRateErrorPPM: max(clockRateErrorPPM, other.clockRateErrorPPM))
    }
}
