import LeaseholdModel

/// The laws, as far as one book can break them: L1, L2, L4, L10, L11, L12.
extension LeaseBook {
    /// What is wrong with the book, as sentences that begin with the law; empty when nothing is.
    ///
    /// Recounts everything from nodes and leases. For tests, simulators and standing checks, not for the hot path.
    package func checkInvariants() -> [String] {
        fleet.complaints() + complaintsAboutHolders() + complaintsAboutLeases() + complaintsAboutTenants()
            + requests.complaints()
    }

    /// L1 in the book: every GPU is held by the one lease that has it among its placements, and by no other.
    private func complaintsAboutHolders() -> [String] {
        var found: [String] = []
        var claimed = Array(repeating: UInt64(0), count: fleet.holders.count)
        for row in leases.rows where !row.isForgotten {
            for placement in row.unretired {
                guard placement.node.offset < fleet.nodes.count else {
                    found.append("L1: lease \(row.id) lies on node \(placement.node), which is not there")
                    continue
                }
                let first = fleet[placement.node].shape.firstHolder
                for position in placement.gpus.positions where first + position < claimed.count {
                    if claimed[first + position] != 0 {
                        found.append(
                            "L1: GPU \(position) of node \(placement.node) is held by leases "
                                + "L\(claimed[first + position]) and \(row.id)")
                    }
                    claimed[first + position] = row.id.rawValue
                }
            }
        }
        for (position, holder) in fleet.holders.enumerated() where holder != claimed[position] {
            found.append("L12: GPU \(position) of the fleet is held by L\(holder), leased to L\(claimed[position])")
        }
        return found
    }

    private func complaintsAboutLeases() -> [String] {
        var found: [String] = []
        var truth = LeaseCounts()
        var last: LeaseID?
        for row in leases.rows {
            if let last, row.id <= last { found.append("L4: lease \(row.id) comes after \(last)") }
            last = row.id
            if row.epoch.reign > reign || row.id.rawValue > head.rawValue {
                found.append("L4: lease \(row.id) has the epoch \(row.epoch), above reign \(reign) or index \(head)")
            }
            guard !row.isForgotten else { continue }
            let placementCount = row.granted.placements.count
            let isSound: Bool
            switch row.state {
            case .starting:
                truth.starting += 1
                isSound = row.retiredCount == 0 && row.cause == .none
            case .active:
                truth.active += 1
                isSound = row.retiredCount == 0 && row.cause == .none
            case .ending:
                truth.ending += 1
                isSound = row.retiredCount < placementCount && row.cause != .none
            case .ended:
                truth.ended += 1
                isSound = row.retiredCount == placementCount && row.cause != .none
            }
            if !isSound || row.unretired.count != placementCount - row.retiredCount {
                found.append("lease \(row.id) is \(row.state.word) with \(row.retiredCount) placements retired")
            }
            if row.granted.watts != fleet.envelope(of: row.granted.placements) {
                found.append("L11: lease \(row.id) has \(row.granted.watts), not the envelope of its GPUs")
            }
            if (row.granted.onSilence == .keep) != (row.granted.keepBound != nil) {
                found.append("L6: lease \(row.id) is \(row.granted.onSilence.word) and its bound does not fit")
            }
        }
        if leases.counts != truth { found.append("L12: counted \(leases.counts), there are \(truth)") }
        return found + complaintsAboutQueues()
    }

    private func complaintsAboutQueues() -> [String] {
        var found: [String] = []
        let counts = leases.counts
        let due = leases.ends.due(at: .never, countMax: .max) { leases.isLive($0) }
        if due.count != counts.starting + counts.active || leases.ends.liveCount != due.count {
            found.append("L15: \(due.count) of \(counts.starting + counts.active) live leases wait for their end")
        }
        if nextEnd != due.first.flatMap({ leases[$0]?.granted.endsAt }) {
            found.append("L15: the next end is not that of the lease that ends first")
        }
        if leases.ending.count != counts.ending {
            found.append("L15: \(leases.ending.count) of \(counts.ending) ending leases are queued")
        }
        if leases.ended.count != counts.ended {
            found.append("L10: \(leases.ended.count) of \(counts.ended) ended leases wait to be forgotten")
        }
        return found
    }

    private func complaintsAboutTenants() -> [String] {
        var held = Array(repeating: 0, count: tenants.rows.count)
        var leaseCounts = held
        var found: [String] = []
        for row in leases.rows where !row.isForgotten && row.state != .ended {
            let tenant = row.granted.tenant.offset
            held[tenant] += row.gpuCount
            leaseCounts[tenant] += 1
            if !tenants.rows[tenant].leases.contains(row.id) {
                found.append("lease \(row.id) is missing in its tenant's list")
            }
        }
        for (offset, row) in tenants.rows.enumerated() {
            if row.held != held[offset] || row.leaseCount != leaseCounts[offset] {
                found.append("L12: tenant \(row.name) is said to hold \(row.held) GPUs, and holds \(held[offset])")
            }
            if tenants.id(named: row.name)?.offset != offset {
                found.append("tenant \(row.name) is not found by its name")
            }
        }
        return found
    }
}
