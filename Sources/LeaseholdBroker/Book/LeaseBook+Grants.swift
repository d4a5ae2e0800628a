package import LeaseholdModel

/// Single grants, as orders and answers name them.
extension LeaseBook {
    /// What a lease still holds on a node; nil where it holds nothing there (any more).
    package func grant(of lease: LeaseID, on node: NodeID) -> BookedGrant? {
        guard node.offset < nodeCount else { return nil }
        return fleet.holdings(on: node).first { $0.lease == lease }.map { booked($0.lease, $0.gpus, $0.use, on: node) }
    }

    /// What the book says of a lease on a node that holds these GPUs for it, or this of them.
    func booked(_ lease: LeaseID, _ gpus: GPUSet, _ use: NodeUse, on node: NodeID) -> BookedGrant {
        guard let position = leases.position(of: lease) else {
            preconditionFailure("node \(node) is held by lease \(lease), which nobody knows")
        }
        return booked(leases.rows[position], gpus, use, on: node)
    }

    private func booked(_ row: borrowing LeaseRow, _ gpus: GPUSet, _ use: NodeUse, on node: NodeID) -> BookedGrant {
        guard let begun = row.begun else { preconditionFailure("lease \(row.id) holds GPUs and has not begun") }
        return BookedGrant(
            lease: row.id, epoch: row.epoch, gpus: gpus, cut: cut(of: row, use, on: node),
            onSilence: row.granted.onSilence,
            silenceClass: fleet[node].standing.traits.contains(.confirmOnly) ? .confirmOnly : row.granted.silenceClass,
            startsAt: row.part.startsAt, endsAt: row.part.endsAt,
            extendedBy: row.extendedBy, firstEndsAt: row.firstEndsAt, firstBound: row.firstBound,
            isEnding: row.state == .ending || row.leaving(node) != nil,
            watts: fleet[node].shape.envelope(of: Placement(node: node, gpus: gpus, use: use)),
            keepBound: begun.keepBound, keepBoot: begun.keepBoot, reign: begun.reign)
    }

    /// Whether a lease has begun under this epoch, as far as the book remembers: one that is forgotten, a day after its
    /// end, may have.
    package func mayHaveBegun(_ lease: LeaseID, under epoch: Epoch) -> Bool {
        if let row = leases[lease] { return row.begun != nil && row.epoch == epoch }
        return lease.whole.rawValue <= epoch.index.rawValue && epoch.index <= head && epoch.reign <= reign
    }

    /// How a lease's slices on a node are cut: as its profile is, among those of the node's kind.
    private func cut(of row: borrowing LeaseRow, _ use: NodeUse, on node: NodeID) -> SliceCut {
        guard !use.slices.isEmpty else { return .none }
        let profiles = fleet[fleet[node].shape.kind].kind.profiles
        let name = row.granted.shape.profile
        let profile = profiles.first { $0.name == name }
        return profile.map { SliceCut(use.slices, as: $0) } ?? .unnamed(use.slices)
    }

    /// What is over for a tenant and not proved to be clear: of ending leases in the order in which they began to end, and
    /// of those that run what they gave back.
    package var retiring: [(lease: LeaseID, node: NodeID)] {
        let ending = leases.ending.flatMap { lease in unretired(lease).map { (lease: lease, node: $0.node) } }
        let leaving = leases.rows.lazy.filter { !$0.leaving.isEmpty && $0.state != .ending }.flatMap { row in
            row.leaving.map { (lease: row.id, node: $0.placement.node) }
        }
        return ending + leaving
    }

    /// Leases that not every node has started, ascending.
    package var startingLeases: [BookedLease] {
        leases.rows.lazy.filter { $0.state == .starting && !$0.isForgotten }.compactMap { lease($0.id) }
    }
}
