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
            begin(began, entry)
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
        case .nodeReported(let node, let hardware, let traits): take(node, hardware, traits, entry)
        case .nodesSetAside(let nodes, let state, let reason):
            for node in nodes {
                move(node, to: state, reason: reason, at: entry.at)
                noteInterrupted(node, state, reason, entry)
            }
        case .gpuHealthChanged(let node, let unhealthy):
            var standing = fleet[node].standing
            let known = standing.unhealthy
            standing.unhealthy = unhealthy
            fleet.set(standing, of: node)
            noteBroken(node, unhealthy.subtracting(known), entry)
            if standing.state == .ready { noteRestored(node, entry) }
        case .leaseGranted(let granted):
            return .granted(grant(granted, entry))
        case .leaseWaitlisted(let waiting):
            let lease = wait(waiting, entry)
            let said = Outcome.Waiting(
                until: waiting.until, estimatedStart: waiting.estimatedStart, refusal: waiting.refusal)
            return .waitlisted(lease, position: leases.waitlist.entries.count, said)
        case .leaseConfirmed(let lease, let granted):
            confirm(position(of: lease), granted, entry)
        case .leaseShrunk(let lease, let count, let parts):
            shrink(lease, to: Int(count), parts, entry)
            return .resized(lease, count: Int(count))
        case .leaseBegun(let lease, let begun):
            begin(position(of: lease), begun, entry)
        case .leaseMoved(let lease, let placements, let watts):
            move(position(of: lease), to: placements, watts, entry)
        case .leaseExtended(let lease, let endsAt, let keepBound, let keepBoot):
            extend(lease, to: endsAt, keepBound, keepBoot, entry)
            return .extended(lease, endsAt: endsAt)
        case .leaseActivated(let lease): leases.activate(position(of: lease), at: entry.at)
        case .leaseEnding(let lease, let cause):
            for position in leases.positions(of: lease, wholly: !cause.isOfPart) { end(position, cause, at: entry.at) }
            return cause == .cancelled ? .cancelled(lease, at: entry.at) : .released(lease, at: entry.at)
        case .partitionsRetired(let lease, let nodes, _):
            retire(lease, on: nodes, at: entry.at)
        case .partitionSanitised: break
        case .ticketNoted(let node, let ticket, let lease): tickets.take(ticket, of: lease, on: node)
        case .headCountersigned(_, let head, _, _):
            return .countersigned(head: head, record: entry.index)
        case .requestRefused(let refusal):
            return .refused(refusal)
        }
        return nil
    }

    func position(of lease: LeaseID) -> Int {
        guard let position = leases.position(of: lease) else { preconditionFailure("no lease \(lease)") }
        return position
    }

    // MARK: Steps

    /// A coordinator starts to lead: nothing is known of any node until it reports to this reign (L9).
    ///
    /// The first reign of a restored log knows less: what runs on a node may be what the backup does not have.
    private mutating func begin(_ began: ReignBegan, _ entry: LogEntry) {
        let isRestored = began.reign.logIncarnation > reign.logIncarnation
        if isRestored { addRestore(began, entry) }
        let counts = leases.counts
        let mayBeHeld = counts.starting + counts.active + counts.ending > 0
        longestHolds = mayBeHeld ? longestHolds.longest(with: began.holds) : began.holds
        reign = began.reign
        reignBegan = began
        for offset in fleet.nodes.indices where !isPlanted(.trustsSilence) {
            let node = NodeID(rawValue: UInt32(offset))
            switch fleet.nodes[offset].standing.state {
            case .ready where isRestored, .suspect where isRestored, .quarantined where isRestored:
                move(node, to: .quarantined, reason: .logRestored, at: entry.at)
            case .ready: move(node, to: .suspect, reason: .newReign, at: entry.at)
            case .notDelivered, .suspect, .quarantined: break
            }
        }
    }

    private mutating func addRestore(_ began: ReignBegan, _ entry: LogEntry) {
        let kept = RecordIndex(rawValue: entry.index.rawValue - 1)
        if restores.count >= Limits.restoreCountMax { restores.removeFirst() }
        restores.append(LogRestore(logIncarnation: began.reign.logIncarnation, kept: kept, at: entry.at))
    }

    private mutating func take(_ node: NodeID, _ hardware: UInt64, _ traits: NodeTraits, _ entry: LogEntry) {
        fleet.nodes[node.offset].hardware = hardware
        var standing = fleet[node].standing
        standing.traits = traits
        fleet.set(standing, of: node)
        move(node, to: .ready, reason: .none, at: entry.at)
        noteRestored(node, entry)
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
        let added = grow(by: whole.fleet, at: instant)
        return FleetImported(isCommitted: true, nodeCount: added.nodeCount, gpuCount: added.gpuCount)
    }

    /// Takes in a fleet, and makes room for its leases.
    mutating func grow(by whole: FleetDeclaration, at instant: CalendarInstant) -> (nodeCount: Int, gpuCount: Int) {
        let added = fleet.add(whole, at: instant)
        calendar.grow(to: fleet)
        leases.reserve(fleet.nodes.count * LeaseBook.expectedLeasesPerNode)
        return added
    }

    /// Leases for each node that the book has room for before its table is ever moved.
    private static let expectedLeasesPerNode = 4

    private mutating func move(_ node: NodeID, to state: NodeState, reason: NodeReason, at instant: CalendarInstant) {
        var standing = fleet[node].standing
        if standing.state != state { fleet.nodes[node.offset].since = instant }
        standing.state = state
        standing.reason = reason
        // Whatever else a node is set aside for, only its being ready proves that nothing unknown runs there.
        standing.isDoubted = state != .ready && (standing.isDoubted || reason.leavesDoubt)
        fleet.set(standing, of: node)
    }

    private mutating func grant(_ granted: LeaseGranted, _ entry: LogEntry) -> LeaseID {
        let tenant = granted.tenant
        for number in 0..<granted.partCount {
            let part = granted.part(number)
            let id = LeaseID(entry.index, part: number)
            var row = LeaseRow(id: id, granted: granted, part: part, principal: entry.principal, since: entry.at)
            promise(row)
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
        noteBegun(position, entry)
    }

    /// The calendar has what a part is promised.
    private mutating func promise(_ row: LeaseRow) {
        calendar.add(row.part.placements, for: row.id, over: row.stay, in: fleet)
        calendar.count(row.gpuThousandths, for: row.granted.tenant, over: row.part.window)
    }

    /// Takes back from the calendar what a part is promised that has not begun.
    private mutating func withdraw(_ row: LeaseRow) {
        calendar.remove(row.part.placements, of: row.id, over: row.stay, in: fleet)
        calendar.count(-row.gpuThousandths, for: row.granted.tenant, over: row.part.window)
    }

    /// A lease joins the waitlist: a row with its terms, and nothing in the calendar.
    private mutating func wait(_ waiting: WaitlistedLease, _ entry: LogEntry) -> LeaseID {
        let terms = waiting.terms
        guard let tenant = tenants.id(named: terms.tenant) else { preconditionFailure("no tenant \(terms.tenant)") }
        let nothing = LeasePart(startsAt: waiting.until, endsAt: waiting.until, watts: .zero, placements: [])
        let asked = LeaseGranted(
            tenant: tenant, unit: terms.unit, count: terms.count, kinds: kindChoices(of: terms).flatMap(\.self),
            shape: terms.shape, labels: terms.labels, onSilence: terms.onSilence, silenceClass: .guarded,
            within: terms.within, spread: terms.spread, first: nothing, begun: nil)
        let id = LeaseID(entry.index)
        var row = LeaseRow(id: id, granted: asked, part: nothing, principal: entry.principal, since: entry.at)
        row.state = .waitlisted
        tenants.rows[tenant.offset].leases.append(id)
        leases.add(row, waiting: waiting)
        return id
    }

    private mutating func confirm(_ position: Int, _ granted: LeaseGranted, _ entry: LogEntry) {
        leases.confirm(position, granted, at: entry.at)
        promise(leases.rows[position])
        leases.note(.confirmed, of: leases.rows[position].id, entry.index, at: entry.at)
        if let begun = granted.begun { begin(position, begun, entry) }
        learn(from: granted, at: entry.at)
    }

    private mutating func shrink(_ lease: LeaseID, to count: Int, _ parts: [ShrunkPart], _ entry: LogEntry) {
        for position in leases.positions(of: lease, wholly: true) where leases.rows[position].isDue {
            leases.note(.shrunk(to: count), of: leases.rows[position].id, entry.index, at: entry.at)
        }
        for part in parts {
            let position = position(of: part.lease)
            guard !part.placements.isEmpty else {
                end(position, leases.rows[position].isLive ? .released : .cancelled, at: entry.at)
                continue
            }
            let row = leases.rows[position]
            if row.isLive {
                let kept = Set(part.placements.map(\.node))
                let gone = row.part.placements.filter { !kept.contains($0.node) }
                let thousandths = gone.reduce(0) { $0 + $1.gpuThousandths }
                // Its nodes hold it until they have proved that they do not; its quota is free from now on.
                let left = Window(from: entry.at, until: row.part.endsAt)
                calendar.count(-thousandths, for: row.granted.tenant, over: left)
                leases.rows[position].leave(gone, by: entry.index)
                leases.rows[position].lie(on: part.placements, part.watts)
                if isPlanted(.freesGivenBack) { retire(part.lease, on: gone.map(\.node), at: entry.at) }
            } else {
                withdraw(row)
                leases.rows[position].lie(on: part.placements, part.watts)
                promise(leases.rows[position])
            }
        }
    }

    /// The GPUs of a part are its tenant's from here on.
    private mutating func hand(
        _ placements: [Placement], to lease: LeaseID, of tenant: TenantID, thousandths: Int
    ) {
        precondition(fleet.fetch(placements) != .max, "every lease in one sum")
        for placement in placements { fleet.hold(placement, for: lease) }
        tenants.rows[tenant.offset].heldThousandths += thousandths
        tenants.rows[tenant.offset].leaseCount += 1
    }

    private mutating func move(_ position: Int, to placements: [Placement], _ watts: Watts, _ entry: LogEntry) {
        let row = leases.rows[position]
        noteMoved(row, to: placements, entry)
        withdraw(row)
        leases.rows[position].lie(on: placements, watts)
        promise(leases.rows[position])
    }

    private mutating func extend(
        _ lease: LeaseID, to endsAt: CalendarInstant, _ keepBound: BootInstant?, _ keepBoot: BootID,
        _ entry: LogEntry
    ) {
        for position in leases.positions(of: lease, wholly: true) where leases.rows[position].isDue {
            let row = leases.rows[position]
            leases.note(.extended(to: endsAt), of: row.id, entry.index, at: entry.at)
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
        switch leases.rows[position].state {
        case .waitlisted: leases.cancel(position, cause: cause, at: instant)
        case .confirmed:
            withdraw(leases.rows[position])
            leases.cancel(position, cause: cause, at: instant)
        case .starting, .active:
            let tenant = leases.rows[position].granted.tenant
            let left = Window(from: instant, until: leases.rows[position].part.endsAt)
            calendar.count(-leases.rows[position].gpuThousandths, for: tenant, over: left)
            leases.beginEnding(position, cause: cause, by: head, at: instant)
        case .ending, .ended, .cancelled: break
        }
    }

    /// Frees the GPUs and watts of some nodes of an ending lease; with the last of them the lease has ended.
    private mutating func retire(_ lease: LeaseID, on nodes: [NodeID], at instant: CalendarInstant) {
        let position = position(of: lease)
        let tenant = leases.rows[position].granted.tenant
        let left = leases.rows[position].retireLeaving(on: nodes)
        for gone in left {
            fleet.release(gone.placement, from: lease)
            calendar.remove([gone.placement], of: lease, over: gone.stay, in: fleet)
            tenants.rows[tenant.offset].heldThousandths -= gone.placement.gpuThousandths
        }
        let leftNodes = Set(left.map(\.placement.node))
        let placements = leases.rows[position].part.placements
        let stay = leases.rows[position].stay
        precondition(calendar.fetch(placements, over: stay, isForNext: false) != .max, "every lease in one sum")
        precondition(fleet.fetch(placements) != .max, "every lease in one sum")
        var retired: [Placement] = []
        retired.reserveCapacity(nodes.count)
        var place = -1
        for node in nodes where leftNodes.isEmpty || !leftNodes.contains(node) {
            guard let found = placements.position(on: node, near: place + 1) else {
                preconditionFailure("lease \(lease) has nothing on node \(node)")
            }
            place = found
            leases.rows[position].retire(place)
            fleet.release(placements[place], from: lease)
            retired.append(placements[place])
        }
        calendar.remove(retired, of: lease, over: stay, in: fleet)
        guard leases.rows[position].state == .ending, leases.rows[position].leaving.isEmpty,
            leases.rows[position].retiredCount == placements.count
        else { return }
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
