package import LeaseholdModel

/// What can follow what.
///
/// Only what no later policy can change: order, names, states, and one holder for each GPU (L1). Quota, power and
/// placement are judged once, in `decide`; a record that was decided under other rules still replays (L14).
extension LeaseBook {
    /// Why an entry cannot be the next one of this book; nil where it can.
    package func objection(to entry: LogEntry) -> String? {
        if entry.index != head.next { return "the next index is \(head.next)" }
        if entry.at < lastInstant { return "it is \(lastInstant - entry.at) older than the entry before it" }
        if let objection = objection(toAnswering: entry) { return objection }
        switch entry.record {
        case .reignBegan(let began):
            return began.reign > reign || isPlanted(.keepsReign)
                ? ownRecord(entry) : "reign \(began.reign) after reign \(reign)"
        case .fleetPartImported(let part): return objection(toImporting: part)
        case .tenantCreated(let name, _):
            return tenants.id(named: name) == nil ? nil : "tenant \(name) is there already"
        case .tenantQuotaSet(let tenant, _):
            return tenant.offset < tenants.rows.count ? nil : "no tenant \(tenant)"
        case .nodeCordonSet(let node, _):
            return node.offset < fleet.nodes.count ? nil : "no node \(node)"
        case .nodeReported(let node, let hardware, _):
            guard node.offset < fleet.nodes.count else { return "no node \(node)" }
            let known = fleet[node].hardware ?? hardware
            return known == hardware ? ownRecord(entry) : "node \(node) is bound to other hardware"
        case .nodesSetAside(let nodes, let state, let reason):
            return objection(toSetting: nodes, state, reason) ?? ownRecord(entry)
        case .gpuHealthChanged(let node, let unhealthy):
            guard node.offset < fleet.nodes.count else { return "no node \(node)" }
            let isThere = unhealthy.isSubset(of: fleet[node].shape.gpus)
            return isThere ? ownRecord(entry) : "node \(node) has no GPUs \(unhealthy)"
        case .leaseGranted(let granted): return objection(to: granted)
        case .leaseWaitlisted(let waiting): return objection(toWaiting: waiting, at: entry.at)
        case .leaseConfirmed(let lease, let granted):
            return objection(to: lease, from: [.waitlisted]) ?? objection(toConfirming: lease, granted, at: entry.at)
                ?? ownRecord(entry)
        case .leaseShrunk(let lease, _, let parts): return objection(toShrinking: lease, parts)
        case .leaseBegun(let lease, let begun):
            return objection(to: lease, from: [.confirmed]) ?? objection(toBeginning: lease, begun) ?? ownRecord(entry)
        case .leaseMoved(let lease, let placements, let watts):
            return objection(to: lease, from: [.confirmed]) ?? objection(toMoving: lease, placements, watts)
                ?? ownRecord(entry)
        case .leaseExtended(let lease, let endsAt, let keepBound, _):
            return objection(toExtending: lease, endsAt, keepBound)
        case .leaseActivated(let lease): return objection(to: lease, from: [.starting]) ?? ownRecord(entry)
        case .leaseEnding(let lease, let cause):
            if cause.isOfPart, let objection = ownRecord(entry) { return objection }
            return objection(toEnding: lease, cause)
        case .partitionsRetired(let lease, let nodes, _):
            return objection(toRetiring: lease, nodes) ?? ownRecord(entry)
        case .partitionSanitised(let node, let certificate):
            guard node.offset < fleet.nodes.count else { return "no node \(node)" }
            guard mayHaveBegun(certificate.lease, under: certificate.epoch) else {
                return "no lease \(certificate.lease) under epoch \(certificate.epoch)"
            }
            return ownRecord(entry)
        case .ticketNoted(let node, _, let lease):
            return objection(toTicketOf: node, for: lease) ?? ownRecord(entry)
        case .headCountersigned(let tenant, let signed, _, _):
            guard tenant.offset < tenants.rows.count else { return "no tenant \(tenant)" }
            return signed <= head ? nil : "a head of record \(signed) after record \(head)"
        case .requestRefused(.requestReused):
            // The id keeps its first answer, so this one is audited under no id (L2).
            return ownRecord(entry)
        case .requestRefused: return entry.request == nil ? "no request was refused" : nil
        }
    }

    /// What the coordinator does by itself answers no request.
    private func ownRecord(_ entry: LogEntry) -> String? {
        entry.request == nil ? nil : "it answers request \(entry.request.map { $0.id.description } ?? "")"
    }

    /// An id is answered once for as long as its answer counts (L2).
    private func objection(toAnswering entry: LogEntry) -> String? {
        guard let key = entry.request else { return nil }
        return requests.row(RequestName(principal: entry.principal, id: key.id), at: entry.at) == nil
            ? nil : "request \(key.id) of \(entry.principal) is answered already"
    }

    /// With its last part an import is a fleet that the one at hand can grow by.
    private func objection(toImporting part: FleetPart) -> String? {
        guard var whole = FleetStage.following(stage, part) else { return "part \(part.part) is not awaited" }
        guard part.isLast else { return part.part < part.partCount ? nil : "part \(part.part) of \(part.partCount)" }
        whole.add(part)
        return fleet.complaint(aboutWhole: whole.fleet)?.message
    }

    private func objection(toSetting nodes: [NodeID], _ state: NodeState, _ reason: NodeReason) -> String? {
        switch state {
        case .suspect, .quarantined: break
        case .notDelivered, .ready: return "a node is set aside as \(state)"
        }
        if reason == .none { return "set aside without a reason" }
        for node in nodes {
            guard node.offset < fleet.nodes.count else { return "no node \(node)" }
            if state == .suspect, fleet[node].standing.state == .notDelivered {
                return "node \(node) is suspect and was never delivered"
            }
        }
        return nil
    }

    private func objection(to granted: LeaseGranted) -> String? {
        if granted.tenant.offset >= tenants.rows.count { return "no tenant \(granted.tenant)" }
        if let kind = granted.kinds.first(where: { $0.offset >= fleet.kinds.count }) { return "no kind \(kind)" }
        if granted.turnaround < .zero { return "a turnaround of \(granted.turnaround)" }
        if granted.further.count >= Limits.leasePartCountMax { return "\(granted.further.count) further parts" }
        if !granted.terms.isEmpty, granted.terms.count != granted.partCount {
            return "terms of \(granted.terms.count) parts for \(granted.partCount)"
        }
        var last = granted.first.startsAt
        for number in 0..<granted.partCount {
            let part = granted.part(number)
            if part.endsAt <= part.startsAt { return "it ends before it starts" }
            if part.startsAt < last { return "part \(number) starts before the one before it" }
            last = part.startsAt
            let stay = part.window.extended(by: granted.turnaround)
            if let objection = objection(to: part.placements, part.watts, over: stay) { return objection }
            for other in (0..<number).lazy.map(granted.part)
            where other.window.extended(by: granted.turnaround).overlaps(stay) {
                let taken = Claim(part: other)
                for placement in part.placements {
                    guard let before = taken.placement(on: placement.node) else { continue }
                    let shape = fleet[placement.node].shape
                    var room = NodeRoom(of: shape, offering: shape.gpus)
                    room.take(before, of: shape)
                    if !room.fits(placement, of: shape) {
                        return "part \(number) has of node \(placement.node) what an earlier part has"
                    }
                }
            }
        }
        guard let begun = granted.begun else { return nil }
        return objection(toHanding: granted.first.placements) ?? objection(to: begun, granted.onSilence)
    }

    private func objection(toWaiting waiting: WaitlistedLease, at instant: CalendarInstant) -> String? {
        let terms = waiting.terms
        if tenants.id(named: terms.tenant) == nil { return "no tenant \(terms.tenant)" }
        if !terms.steps.isEmpty || terms.recurrence != nil { return "a lease of several parts waits" }
        return waiting.until > instant ? nil : "it leaves the waitlist before it joins it"
    }

    private func objection(
        toConfirming lease: LeaseID, _ granted: LeaseGranted, at instant: CalendarInstant
    ) -> String? {
        guard let entry = leases.waitlist[lease] else { return "lease \(lease) does not wait" }
        if entry.waiting.until <= instant { return "lease \(lease) waits no longer" }
        if granted.tenant != entry.tenant { return "lease \(lease) waits for tenant \(entry.tenant)" }
        return granted.further.isEmpty ? objection(to: granted) : "\(granted.further.count) further parts"
    }

    /// Each part keeps some of what it has: a running one whole placements, another one any of them.
    private func objection(toShrinking lease: LeaseID, _ parts: [ShrunkPart]) -> String? {
        if parts.isEmpty { return "lease \(lease) keeps all of it" }
        var last: LeaseID?
        for part in parts {
            guard part.lease == lease || lease.part == 0 && part.lease.whole == lease else {
                return "lease \(part.lease) is no part of lease \(lease)"
            }
            if let last, part.lease <= last { return "part \(part.lease) after part \(last)" }
            last = part.lease
            if let objection = objection(to: part.lease, from: [.confirmed, .starting, .active]) { return objection }
            if part.placements.isEmpty { continue }
            guard let row = leases[part.lease] else { return "no lease \(part.lease)" }
            if let objection = objection(to: part.placements, part.watts, over: row.stay, moving: row.id) {
                return objection
            }
            for placement in part.placements {
                guard let place = row.part.placements.position(on: placement.node) else {
                    return "lease \(part.lease) has nothing on node \(placement.node)"
                }
                let had = row.part.placements[place]
                let isLess = !row.isLive && placement.gpus.isSubset(of: had.gpus) && placement.use == had.use
                if placement != had, !isLess || placement.use != .whole {
                    return "lease \(part.lease) keeps what it has not on node \(placement.node)"
                }
            }
            if part.placements == row.part.placements { return "part \(part.lease) keeps all of it" }
        }
        return nil
    }

    private func objection(toBeginning lease: LeaseID, _ begun: LeaseBegun) -> String? {
        guard let position = leases.position(of: lease) else { return "no lease \(lease)" }
        return objection(toHanding: leases.rows[position].part.placements)
            ?? objection(to: begun, leases.rows[position].granted.onSilence)
    }

    private func objection(to begun: LeaseBegun, _ onSilence: SilenceMode) -> String? {
        if begun.reign != reign { return "granted by reign \(begun.reign), \(reign) leads" }
        return (onSilence == .keep) == (begun.keepBound != nil) ? nil : "\(onSilence) and its bound"
    }

    private func objection(toMoving lease: LeaseID, _ placements: [Placement], _ watts: Watts) -> String? {
        guard let row = leases[lease] else { return "no lease \(lease)" }
        return objection(to: placements, watts, over: row.stay, moving: lease)
    }

    private func objection(
        toExtending lease: LeaseID, _ endsAt: CalendarInstant, _ keepBound: BootInstant?
    ) -> String? {
        let rows = parts(of: lease).filter(\.isDue)
        guard let first = rows.first else { return "no lease \(lease) that is not over" }
        if (first.granted.onSilence == .keep && rows.contains(where: \.isLive)) != (keepBound != nil) {
            return "\(first.granted.onSilence) and its bound"
        }
        for row in rows {
            if endsAt <= row.part.endsAt { return "lease \(row.id) ends at \(row.part.endsAt) already" }
            let added = Window(from: row.stay.until, until: endsAt + row.granted.turnaround)
            for placement in row.part.placements {
                if let objection = objection(to: placement, over: added, moving: row.id) { return objection }
            }
        }
        return nil
    }

    private func objection(toEnding lease: LeaseID, _ cause: EndCause) -> String? {
        if cause == .lapsed { return objection(to: lease, from: [.waitlisted, .confirmed, .starting, .active]) }
        if cause == .closed { return objection(to: lease, from: [.starting, .active]) }
        let rows = parts(of: lease)
        if rows.isEmpty { return "no lease \(lease)" }
        switch cause {
        case .none, .lapsed, .closed: return "lease \(lease) ends without a cause"
        case .released: return rows.contains(where: \.isLive) ? nil : "lease \(lease) is \(rows[0].state.word)"
        case .cancelled:
            let isGivenUp =
                !rows.contains(where: \.isLive) && rows.contains { $0.state == .confirmed || $0.state == .waitlisted }
            return isGivenUp ? nil : "lease \(lease) is \(rows[0].state.word)"
        }
    }

    /// Placements by themselves and over a window: nodes and GPUs that are there, ascending, with their envelope, free.
    private func objection(
        to placements: [Placement], _ granted: Watts, over stay: Window, moving: LeaseID? = nil
    ) -> String? {
        if placements.isEmpty { return "a lease of nothing" }
        var last: NodeID?
        var watts = Watts.zero
        for placement in placements {
            guard placement.node.offset < fleet.feeds.count else { return "no node \(placement.node)" }
            if let last, placement.node <= last { return "node \(placement.node) after node \(last)" }
            last = placement.node
            let feed = fleet.feeds[placement.node.offset]
            if let objection = objection(to: placement, of: feed.gpus) { return objection }
            watts += feed.envelope(of: placement)
        }
        if watts != granted { return "\(granted) granted, its GPUs' envelope is \(watts)" }
        precondition(calendar.fetch(placements, over: stay, isForNext: true) != .max, "every lease in one sum")
        for placement in placements {
            if let objection = objection(to: placement, over: stay, moving: moving) { return objection }
        }
        return nil
    }

    /// What a placement takes is of its own node, and of one sort.
    private func objection(to placement: Placement, of all: GPUSet) -> String? {
        let (gpus, use) = (placement.gpus, placement.use)
        guard gpus.isSubset(of: all) else { return "node \(placement.node) has no GPUs \(gpus)" }
        if gpus.isEmpty, use.isPart || use.isWhole { return "nothing of node \(placement.node)" }
        if use.share != 0, !use.slices.isEmpty { return "slices and shares of node \(placement.node)" }
        if use.share >= 1_000 { return "a share of \(use.share) thousandths" }
        return use.slices.isEmpty || use.slices.gpus == gpus
            ? nil : "slices of GPUs \(use.slices.gpus) and GPUs \(gpus) of node \(placement.node)"
    }

    /// No GPU is promised twice (L1).
    private func objection(to placement: Placement, over stay: Window, moving: LeaseID?) -> String? {
        calendar.isFree(placement, over: stay, moving: moving, in: fleet)
            ? nil : "\(placement.words) of node \(placement.node) are promised"
    }

    /// No GPU is handed to anybody while somebody has it (L1).
    private func objection(toHanding placements: [Placement]) -> String? {
        for placement in placements where !fleet.isFreeNow(placement) {
            return "\(placement.words) of node \(placement.node) are leased"
        }
        return nil
    }

    private func objection(to lease: LeaseID, from states: [LeaseState]) -> String? {
        guard let position = leases.position(of: lease) else { return "no lease \(lease)" }
        let state = leases.rows[position].state
        return states.contains(state) ? nil : "lease \(lease) is \(state.word)"
    }

    private func objection(toRetiring lease: LeaseID, _ nodes: [NodeID]) -> String? {
        guard let position = leases.position(of: lease), !nodes.isEmpty else { return "nothing is retired" }
        let placements = leases.rows[position].part.placements
        let state = leases.rows[position].state
        let hasLeaving = !leases.rows[position].leaving.isEmpty
        let hasRetired = leases.rows[position].retiredCount > 0
        var last: NodeID?
        var place = -1
        for node in nodes.ascending {
            if node == last { return "node \(node) is retired twice" }
            last = node
            if hasLeaving, leases.rows[position].leaving(node) != nil { continue }
            guard state == .ending else { return "lease \(lease) is \(state.word)" }
            guard let found = placements.position(on: node, near: place + 1) else {
                return "lease \(lease) has nothing on node \(node)"
            }
            place = found
            if hasRetired, leases.rows[position].isRetired(place) {
                return "node \(node) of lease \(lease) is retired already"
            }
        }
        return nil
    }
}

extension [NodeID] {
    /// The same nodes ascending, as they nearly always are.
    fileprivate var ascending: [NodeID] { zip(self, dropFirst()).allSatisfy { $0 <= $1 } ? self : sorted() }
}

extension Placement {
    /// What it takes of its node.
    fileprivate var words: String {
        if gpus.isEmpty { return "CPU and memory" }
        return use.isPart ? "parts of \(gpus.named)" : gpus.named
    }
}
