import LeaseholdModel

/// What a lease's story keeps: that it moved, that nodes of it were away, and why.
extension LeaseBook {
    /// Why a placement of a lease cannot be used as things are; nil where it can.
    ///
    /// `isOverdue` says that it should have begun, so that whoever has the GPUs still is in its way.
    func hindrance(to placement: Placement, of row: LeaseRow, isOverdue: Bool) -> Hindrance? {
        let standing = fleet[placement.node].standing
        if isOverdue, row.begun == nil, !fleet.isFreeNow(placement) {
            // Where nobody has its GPUs it is their CPU or memory that somebody has.
            let holdings = fleet.holdings(on: placement.node)
            let holder =
                holdings.first { Partitions(gpus: $0.gpus, slices: $0.use.slices).overlaps(placement) }
                ?? holdings.first
            if let holder { return .held(holder.lease) }
        }
        if standing.state != .ready { return .away(standing.state, standing.reason) }
        let broken = standing.unhealthy.intersection(placement.gpus)
        if !broken.isEmpty { return .broken(broken) }
        if !standing.traits.isSuperset(of: row.granted.unit.traits) { return .notCarved }
        return row.begun == nil && standing.isCordoned ? .cordoned : nil
    }

    /// The placements of a lease that cannot be used, each with the reason; those that it begins or runs without.
    func hindrances(of row: LeaseRow, at instant: CalendarInstant) -> [(placement: Placement, hindrance: Hindrance)] {
        let isOverdue = row.state == .confirmed && row.part.startsAt <= instant
        let isPlain = !isOverdue && row.granted.unit.traits.isEmpty
        return row.part.placements.compactMap { placement in
            // Nearly always all of it is offered.
            if isPlain, placement.gpus.isSubset(of: fleet.briefs[placement.node.offset].offer) { return nil }
            return hindrance(to: placement, of: row, isOverdue: isOverdue).map { (placement, $0) }
        }
    }

    // MARK: Taking note

    mutating func noteMoved(_ row: LeaseRow, to placements: [Placement], _ entry: LogEntry) {
        let kept = Set(placements)
        let gone = row.part.placements.filter { !kept.contains($0) }
        let isOverdue = row.part.startsAt <= entry.at
        // What must lie together moves for one of them.
        var found: [(NodeID, Hindrance)] = []
        for placement in gone {
            guard let hindrance = hindrance(to: placement, of: row, isOverdue: isOverdue) else { continue }
            found.append((placement.node, hindrance))
        }
        guard let (node, hindrance) = found.first else { return }
        leases.note(
            .moved(off: node, nodeCount: found.count, hindrance), of: row.id, entry.index, at: entry.at)
    }

    mutating func noteBegun(_ position: Int, _ entry: LogEntry) {
        // Nearly always all of it is offered.
        if leases.rows[position].granted.unit.traits.isEmpty,
            leases.rows[position].part.placements.allSatisfy({
                $0.gpus.isSubset(of: fleet.briefs[$0.node.offset].offer)
            })
        {
            return
        }
        let row = leases.rows[position]
        let missing = hindrances(of: row, at: entry.at)
        guard let first = missing.first else { return }
        leases.note(
            .beganWithout(first.placement.node, nodeCount: missing.count), of: row.id, entry.index, at: entry.at)
    }

    mutating func noteInterrupted(_ node: NodeID, _ state: NodeState, _ reason: NodeReason, _ entry: LogEntry) {
        for lease in running(on: node) {
            leases.note(.interrupted(node, state, reason), of: lease, entry.index, at: entry.at)
        }
    }

    mutating func noteBroken(_ node: NodeID, _ gpus: GPUSet, _ entry: LogEntry) {
        guard !gpus.isEmpty else { return }
        for holding in fleet.holdings(on: node) where holding.gpus.overlaps(gpus) && isRunning(holding.lease, on: node)
        {
            let broken = holding.gpus.intersection(gpus)
            leases.note(.broken(node, broken), of: holding.lease, entry.index, at: entry.at)
        }
    }

    mutating func noteRestored(_ node: NodeID, _ entry: LogEntry) {
        for holding in fleet.holdings(on: node)
        where !fleet[node].standing.unhealthy.overlaps(holding.gpus) && isRunning(holding.lease, on: node)
            && leases.notes[holding.lease]?.isInterrupted(on: node) ?? false
        {
            leases.note(.restored(node), of: holding.lease, entry.index, at: entry.at)
        }
    }

    private func running(on node: NodeID) -> [LeaseID] {
        fleet.holdings(on: node).map(\.lease).filter { isRunning($0, on: node) }
    }

    /// Whether a lease runs on a node and has not given it back.
    private func isRunning(_ lease: LeaseID, on node: NodeID) -> Bool {
        leases.position(of: lease).map { leases.rows[$0].isLive && leases.rows[$0].leaving(node) == nil } ?? false
    }
}
