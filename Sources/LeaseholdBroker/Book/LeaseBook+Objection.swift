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
        switch entry.record {
        case .reignBegan(let began):
            return began.reign > reign || isPlanted(.keepsReign)
                ? ownRecord(entry) : "reign \(began.reign) after reign \(reign)"
        case .fleetPartImported(let part):
            if FleetStage.following(stage, part) == nil { return "part \(part.part) is not awaited" }
            return part.part < part.partCount ? nil : "part \(part.part) of \(part.partCount)"
        case .tenantCreated(let name, _):
            return tenants.id(named: name) == nil ? nil : "tenant \(name) is there already"
        case .tenantQuotaSet(let tenant, _):
            return tenant.offset < tenants.rows.count ? nil : "no tenant \(tenant)"
        case .nodeCordonSet(let node, _):
            return node.offset < fleet.nodes.count ? nil : "no node \(node)"
        case .nodeReported(let node, let hardware):
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
        case .leaseActivated(let lease): return objection(to: lease, from: [.starting]) ?? ownRecord(entry)
        case .leaseEnding(let lease, let cause):
            if cause == .none { return "lease \(lease) ends without a cause" }
            if cause == .lapsed, let objection = ownRecord(entry) { return objection }
            return objection(to: lease, from: [.starting, .active])
        case .partitionsRetired(let lease, let nodes, _):
            return objection(to: lease, from: [.ending]) ?? objection(toRetiring: lease, nodes) ?? ownRecord(entry)
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
        if granted.reign != reign { return "granted by reign \(granted.reign), \(reign) leads" }
        if granted.endsAt <= granted.startsAt { return "it ends before it starts" }
        if granted.placements.isEmpty { return "a lease of nothing" }
        if let kind = granted.kinds.first(where: { $0.offset >= fleet.kinds.count }) { return "no kind \(kind)" }
        if (granted.onSilence == .keep) != (granted.keepBound != nil) { return "\(granted.onSilence) and its bound" }
        var last: NodeID?
        var watts = Watts.zero
        for placement in granted.placements {
            guard placement.node.offset < fleet.nodes.count else { return "no node \(placement.node)" }
            if let last, placement.node <= last { return "node \(placement.node) after node \(last)" }
            last = placement.node
            let row = fleet.nodes[placement.node.offset]
            guard !placement.gpus.isEmpty, placement.gpus.isSubset(of: row.shape.gpus) else {
                return "node \(placement.node) has no GPUs \(placement.gpus)"
            }
            if placement.gpus.overlaps(row.standing.leased) {
                return "GPUs \(placement.gpus.intersection(row.standing.leased)) of node \(placement.node) are leased"
            }
            watts += row.shape.envelope(of: placement.gpus)
        }
        return watts == granted.watts ? nil : "\(granted.watts) granted, its GPUs' envelope is \(watts)"
    }

    private func objection(to lease: LeaseID, from states: [LeaseState]) -> String? {
        guard let position = leases.position(of: lease) else { return "no lease \(lease)" }
        let state = leases.rows[position].state
        return states.contains(state) ? nil : "lease \(lease) is \(state.word)"
    }

    private func objection(toRetiring lease: LeaseID, _ nodes: [NodeID]) -> String? {
        guard let position = leases.position(of: lease), !nodes.isEmpty else { return "nothing is retired" }
        var last: NodeID?
        for node in nodes.sorted() {
            if node == last { return "node \(node) is retired twice" }
            last = node
            guard let place = leases.rows[position].position(on: node) else {
                return "lease \(lease) has nothing on node \(node)"
            }
            if leases.rows[position].isRetired(place) { return "node \(node) of lease \(lease) is retired already" }
        }
        return nil
    }
}
