import LeaseholdModel

/// Every count of the fleet, counted again from its nodes.
extension Inventory {
    /// What is out of step, as sentences; empty when nothing is.
    func complaints() -> [String] {
        complaintsAboutNodes() + complaintsAboutPlaces() + complaintsAboutPools() + complaintsAboutTotals()
    }

    private func complaintsAboutNodes() -> [String] {
        var found: [String] = []
        var freeNodeCount = 0
        var wholeNodeCount = 0
        for (offset, row) in nodes.enumerated() {
            let node = NodeID(rawValue: UInt32(offset))
            let first = row.shape.firstHolder
            var held: UInt16 = 0
            for position in 0..<row.shape.gpuCount where holders[first + position] != 0 {
                held |= 1 << UInt16(position)
            }
            let parted = row.uses.filter(\.placement.use.isPart).reduce(GPUSet.none) { $0.union($1.placement.gpus) }
            if parted != row.standing.parted || held & parted.bits != 0 {
                found.append("L12: node \(node) has parts of \(row.standing.parted), held are parts of \(parted)")
            }
            held |= parted.bits
            if held != row.standing.leased.bits {
                found.append("L12: node \(node) has leased \(row.standing.leased), held are \(GPUSet(bits: held))")
            }
            if !row.standing.leased.union(row.standing.unhealthy).isSubset(of: row.shape.gpus) {
                found.append("L12: node \(node) counts GPUs that it does not have")
            }
            if self.node(named: row.shape.name) != node { found.append("node \(node) is not found by its name") }
            let isSetAside = row.standing.state == .suspect || row.standing.state == .quarantined
            if isSetAside == (row.standing.reason == .none) {
                found.append("L12: node \(node) is \(row.standing.state) for the reason \(row.standing.reason)")
            }
            var brief = NodeBrief(kind: row.shape.kind, gpus: row.shape.gpus).noting(row.standing)
            brief.hasUses = !row.uses.isEmpty
            if brief != briefs[offset] { found.append("placement sees node \(node) otherwise than it stands") }
            let free = row.grantable
            if !free.isEmpty {
                freeNodeCount += 1
                if !byFreeCount.contains(node, kind: row.shape.kind, count: free.count) {
                    found.append("node \(node) has \(free.count) free GPUs and is not filed so")
                }
            }
            if row.isWhole {
                wholeNodeCount += 1
                if !wholeNodes.contains(node, kind: row.shape.kind, count: row.shape.gpuCount) {
                    found.append("node \(node) is free altogether and is not filed so")
                }
            }
        }
        if byFreeCount.count != freeNodeCount || wholeNodes.count != wholeNodeCount {
            found.append("nodes are filed as free that are not")
        }
        return found
    }

    private func complaintsAboutPlaces() -> [String] {
        var recounted = places.map { place in
            var empty = PlaceRow(path: place.path, level: place.level, parent: place.parent, limit: place.limit)
            empty.ranges = place.ranges
            return empty
        }
        // A node in doubt is counted as drawing more than the book has promised, which a limit need not carry.
        var excesses = Array(repeating: Watts.zero, count: places.count)
        for row in nodes {
            var place: PlaceID? = row.shape.rack
            while let some = place {
                recounted[some.offset].nodeCount += 1
                recounted[some.offset].gpuCount += row.shape.gpuCount
                recounted[some.offset].freeCount += row.grantable.count
                recounted[some.offset].wholeCount += row.isWhole ? 1 : 0
                recounted[some.offset].committed += row.committed
                excesses[some.offset] += row.committed - row.known
                recounted[some.offset].envelope += row.shape.envelope
                recounted[some.offset].floor += row.shape.idle(of: row.shape.gpus)
                place = recounted[some.offset].parent
            }
        }
        var found: [String] = []
        for ((place, truth), excess) in zip(zip(places, recounted), excesses) {
            if place.committed != truth.committed {
                found.append("L11: \(place.path) commits \(place.committed), its nodes \(truth.committed)")
            }
            if place != truth { found.append("L12: \(place.path) counts other nodes or GPUs than it has") }
            if let limit = place.limit, place.committed - excess > limit {
                found.append("L11: \(place.path) commits \(place.committed) of \(limit)")
            }
        }
        return found
    }

    private func complaintsAboutPools() -> [String] {
        var recounted = pools.map { PoolRow(place: $0.place, kind: $0.kind, parent: $0.parent) }
        for row in nodes {
            var pool: Int? = row.shape.pool
            while let some = pool {
                recounted[some].gpuCount += row.shape.gpuCount
                recounted[some].freeCount += row.grantable.count
                recounted[some].wholeCount += row.isWhole ? 1 : 0
                pool = recounted[some].parent
            }
        }
        return zip(pools, recounted).filter { $0 != $1 }.map { pool, _ in
            "L12: \(self[pool.place].path) counts other GPUs of kind \(self[pool.kind].kind.name) than it has"
        }
    }

    private func complaintsAboutTotals() -> [String] {
        var nodeTruth = NodeCounts()
        var gpuTruth = GPUCounts()
        for row in nodes {
            nodeTruth.add(row.standing, sign: 1)
            gpuTruth.add(row.standing, ofGPUs: row.shape.gpuCount, sign: 1)
        }
        var found: [String] = []
        if nodeCounts != nodeTruth { found.append("L12: counted \(nodeCounts), there are \(nodeTruth)") }
        if gpuCounts != gpuTruth { found.append("L12: counted \(gpuCounts), there are \(gpuTruth)") }
        if gpuCounts.total != holders.count { found.append("L12: \(gpuCounts.total) GPUs of \(holders.count)") }
        return found
    }
}
