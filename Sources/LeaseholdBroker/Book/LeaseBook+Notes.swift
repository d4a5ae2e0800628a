import LeaseholdModel

/// What a lease's story keeps: that it moved, that nodes of it were away, and why.
extension LeaseBook {
    /// Why a placement of a lease cannot be used as things are; nil where it can.
    ///
    /// `isOverdue` says that it should have begun, so that whoever has the GPUs still is in its way.
    func hindrance(to placement: Placement, of row: LeaseRow, isOverdue: Bool) -> Hindrance? {
        let standing = fleet[placement.node].standing
        if isOverdue, row.begun == nil, !fleet.isFreeNow(placement),
            let holder = fleet.holdings(on: placement.node).first(where: {
                placement.gpus.isEmpty || $0.gpus.overlaps(placement.gpus)
            })
        {
            return .held(holder.lease)
        }
        if standing.state != .ready { return .away(standing.state, standing.reason) }
        let broken = standing.unhealthy.intersection(placement.gpus)
        if !broken.isEmpty { return .broken(broken) }
        if !standing.carving.isSuperset(of: row.granted.unit.carving) { return .notCarved }
        return row.begun == nil && standing.isCordoned ? .cordoned : nil
    }

    /// The placements of a lease that cannot be used, each with the reason; those that it begins or runs without.
    func hindrances(of row: LeaseRow, at instant: CalendarInstant) -> [(placement: Placement, hindrance: Hindrance)] {
        let isOverdue = row.state == .confirmed && row.part.startsAt <= instant
        return row.part.placements.compactMap { placement in
            hindrance(to: placement, of: row, isOverdue: isOverdue).map { (placement, $0) }
        }
    }

    // MARK: Taking note

    mutating func noteMoved(_ row: LeaseRow, to placements: [Placement], _ entry: LogEntry) {
        let kept = Set(placements)
        let gone = row.part.placements.filter { !kept.contains($0) }
        // What must lie together moves for one of them.
        let isOverdue = row.part.startsAt <= entry.at
        for placement in gone {
            guard let hindrance = hindrance(to: placement, of: row, isOverdue: isOverdue) else { continue }
            let note = LeaseNote.moved(off: placement.node, nodeCount: gone.count, hindrance)
            return leases.note(note, of: row.id, entry.index, at: entry.at)
        }
    }

    mutating func noteBegun(_ row: LeaseRow, _ entry: LogEntry) {
        let missing = row.part.placements.filter { fleet[$0.node].standing.state != .ready }
        guard let first = missing.first else { return }
        leases.note(
            .beganWithout(first.node, nodeCount: missing.count), of: row.id, entry.index, at: entry.at)
    }

    mutating func noteInterrupted(_ node: NodeID, _ state: NodeState, _ reason: NodeReason, _ entry: LogEntry) {
        for lease in running(on: node) {
            leases.note(.interrupted(node, state, reason), of: lease, entry.index, at: entry.at)
        }
    }

    mutating func noteBroken(_ node: NodeID, _ gpus: GPUSet, _ entry: LogEntry) {
        guard !gpus.isEmpty else { return }
        for holding in fleet.holdings(on: node) where holding.gpus.overlaps(gpus) && isRunning(holding.lease) {
            let broken = holding.gpus.intersection(gpus)
            leases.note(.broken(node, broken), of: holding.lease, entry.index, at: entry.at)
        }
    }

    mutating func noteRestored(_ node: NodeID, _ entry: LogEntry) {
        for holding in fleet.holdings(on: node)
        where !fleet[node].standing.unhealthy.overlaps(holding.gpus) && isRunning(holding.lease)
            && leases.notes[holding.lease]?.isInterrupted(on: node) ?? false
        {
            leases.note(.restored(node), of: holding.lease, entry.index, at: entry.at)
        }
    }

    private func running(on node: NodeID) -> [LeaseID] {
        fleet.holdings(on: node).map(\.lease).filter(isRunning)
    }

    private func isRunning(_ lease: LeaseID) -> Bool {
        leases.position(of: lease).map { leases.rows[$0].isLive } ?? false
    }
}
