package import LeaseholdModel

/// Single grants, as orders and answers name them.
extension LeaseBook {
    /// What a lease still holds on a node; nil where it holds nothing there (any more).
    package func grant(of lease: LeaseID, on node: NodeID) -> BookedGrant? {
        guard node.offset < nodeCount else { return nil }
        return grants(on: node).first { $0.lease == lease }
    }

    /// Leases that not every node has started, ascending.
    package var startingLeases: [BookedLease] {
        leases.rows.lazy.filter { $0.state == .starting && !$0.isForgotten }.compactMap { lease($0.id) }
    }
}
