import LeaseholdModel

/// Every change of a node, with the counts that follow from it.
extension Inventory {
    /// Gives a node another standing and moves every count by the difference.
    mutating func set(_ standing: NodeStanding, of node: NodeID) {
        let offset = node.offset
        let gpuCount = feeds[offset].gpus.count
        let wattsBefore = committed(by: offset)
        let before = briefs[offset]
        let after = before.noting(standing)
        count(nodes[offset].standing, ofGPUs: gpuCount, sign: -1)
        nodes[offset].standing = standing
        noteBrief(of: offset, after)
        count(standing, ofGPUs: gpuCount, sign: 1)
        let watts = committed(by: offset) - wattsBefore
        guard after.grantable != before.grantable || watts != .zero else { return }
        let (free, freeBefore) = (after.grantable.count, before.grantable.count)
        if free != freeBefore {
            if freeBefore > 0 { byFreeCount.remove(node, kind: after.kind, count: freeBefore) }
            if free > 0 { byFreeCount.insert(node, kind: after.kind, count: free) }
        }
        let (isWhole, wasWhole) = (after.grantable == after.gpus, before.grantable == before.gpus)
        if isWhole != wasWhole {
            if wasWhole { wholeNodes.remove(node, kind: after.kind, count: gpuCount) }
            if isWhole { wholeNodes.insert(node, kind: after.kind, count: gpuCount) }
        }
        lift(offset, free: free - freeBefore, whole: (isWhole ? 1 : 0) - (wasWhole ? 1 : 0), watts: watts)
    }

    /// What a node adds to the committed watts of every place above it.
    @inline(__always)
    private func committed(by offset: Int) -> Watts {
        let standing = nodes[offset].standing
        return standing.parted.isEmpty && !standing.isDoubted
            ? feeds[offset].committed(standing.leased) : Inventory.committed(by: nodes[offset])
    }

    @inline(never)
    private static func committed(by row: NodeRow) -> Watts { row.committed }

    /// Moves the counts of every place and pool above a node.
    private mutating func lift(_ offset: Int, free: Int, whole: Int, watts: Watts) {
        places.withUnsafeMutableBufferPointer { places in
            var place: PlaceID? = feeds[offset].rack
            while let some = place {
                places[some.offset].freeCount += free
                places[some.offset].wholeCount += whole
                places[some.offset].committed += watts
                place = places[some.offset].parent
            }
        }
        guard free != 0 || whole != 0 else { return }
        var pool: Int? = feeds[offset].pool
        while let some = pool {
            pools[some].freeCount += free
            pools[some].wholeCount += whole
            pool = pools[some].parent
        }
    }

    /// Adds a node to the counts by state, or takes it away.
    mutating func count(_ standing: NodeStanding, ofGPUs gpuCount: Int, sign: Int) {
        nodeCounts.add(standing, sign: sign)
        gpuCounts.add(standing, ofGPUs: gpuCount, sign: sign)
    }

    // MARK: Holders

    /// Reads what a change of many nodes is about to need: so it is fetched side by side, and not one node after the
    /// other.
    ///
    /// The sum is of no use; somebody must ask for it, or nothing would be read.
    @inline(never)
    func fetch(_ placements: [Placement]) -> UInt64 {
        var sum: UInt64 = 0
        for placement in placements {
            let offset = placement.node.offset
            let feed = feeds[offset]
            sum |= UInt64(nodes[offset].standing.leased.bits | briefs[offset].gpus.bits) | holders[feed.firstHolder]
            sum |= UInt64(truncatingIfNeeded: places[feed.rack.offset].freeCount | pools[feed.pool].freeCount)
        }
        return sum
    }

    /// Gives GPUs of a node to a lease; nobody may hold them.
    mutating func hold(_ placement: Placement, for lease: LeaseID) {
        var standing = nodes[placement.node.offset].standing
        precondition(
            isFreeNow(placement),
            "lease \(lease) is granted \(placement.gpus) of node \(placement.node), leased are \(standing.leased)")
        standing.leased = standing.leased.union(placement.gpus)
        if !placement.use.isWhole { note(placement, of: lease, in: &standing) }
        if !placement.use.isPart { write(lease.rawValue, to: placement) }
        set(standing, of: placement.node)
    }

    /// What a lease takes that is not just whole GPUs.
    @inline(never)
    private mutating func note(_ placement: Placement, of lease: LeaseID, in standing: inout NodeStanding) {
        let uses = nodes[placement.node.offset].uses
        let position = uses.firstIndex { $0.lease > lease } ?? uses.count
        let watts = nodes[placement.node.offset].committed
        nodes[placement.node.offset].uses.insert(HeldUse(lease: lease, placement: placement), at: position)
        noteUses(of: placement.node.offset)
        if placement.use.isPart { standing.parted = standing.parted.union(placement.gpus) }
        lift(placement.node, from: watts)
    }

    /// Takes GPUs of a node from the lease that holds them.
    mutating func release(_ placement: Placement, from lease: LeaseID) {
        var standing = nodes[placement.node.offset].standing
        precondition(
            placement.gpus.isSubset(of: standing.leased),
            "lease \(lease) gives back \(placement.gpus) of node \(placement.node), leased are \(standing.leased)")
        if !placement.use.isWhole { forget(placement, of: lease) }
        if placement.use.isPart {
            let left = Inventory.parted(nodes[placement.node.offset].uses)
            let gone = placement.gpus.subtracting(left)
            standing.leased = standing.leased.subtracting(gone)
            standing.parted = left
        } else {
            standing.leased = standing.leased.subtracting(placement.gpus)
            write(0, to: placement)
        }
        set(standing, of: placement.node)
    }

    @inline(never)
    private mutating func forget(_ placement: Placement, of lease: LeaseID) {
        let watts = nodes[placement.node.offset].committed
        nodes[placement.node.offset].uses.removeAll { $0.lease == lease }
        noteUses(of: placement.node.offset)
        lift(placement.node, from: watts)
    }

    /// GPUs of which leases hold parts.
    @inline(never)
    private static func parted(_ uses: [HeldUse]) -> GPUSet {
        uses.filter(\.placement.use.isPart).reduce(GPUSet.none) { $0.union($1.placement.gpus) }
    }

    /// Whether nobody holds anything of a placement.
    @inline(__always)
    func isFreeNow(_ placement: Placement) -> Bool {
        let brief = briefs[placement.node.offset]
        if placement.use.isWhole, !brief.hasUses { return !brief.leased.overlaps(placement.gpus) }
        return Inventory.isFree(placement, in: nodes[placement.node.offset])
    }

    /// The same where parts are held; by itself, so that what is asked far more often copies no row.
    @inline(never)
    private static func isFree(_ placement: Placement, in row: NodeRow) -> Bool {
        row.heldRoom.fits(placement, of: row.shape)
    }

    /// Whether a lease holds something of a node.
    func isHeld(by lease: LeaseID, on node: Int) -> Bool {
        let row = nodes[node]
        if row.holds(lease) { return true }
        let first = row.shape.firstHolder
        return holders[first..<first + row.shape.gpuCount].contains(lease.rawValue)
    }

    /// Moves the watts of every place above a node by what its uses have changed.
    private mutating func lift(_ node: NodeID, from watts: Watts) {
        lift(node.offset, free: 0, whole: 0, watts: nodes[node.offset].committed - watts)
    }

    private mutating func write(_ holder: UInt64, to placement: Placement) {
        let first = feeds[placement.node.offset].firstHolder
        var bits = placement.gpus.bits
        while bits != 0 {
            holders[first + bits.trailingZeroBitCount] = holder
            bits &= bits &- 1
        }
    }

    /// The leases on a node with their GPUs there and what they have of them, ascending by lease.
    func holdings(on node: NodeID) -> [(lease: LeaseID, gpus: GPUSet, use: NodeUse)] {
        var found = nodes[node.offset].uses.filter { $0.placement.use.isPart || $0.placement.gpus.isEmpty }
            .map { (lease: $0.lease, gpus: $0.placement.gpus, use: $0.placement.use) }
        let standing = nodes[node.offset].standing
        var bits = standing.leased.subtracting(standing.parted).bits
        while bits != 0 {
            let position = bits.trailingZeroBitCount
            bits &= bits &- 1
            let lease = LeaseID(rawValue: holders[nodes[node.offset].shape.firstHolder + position])
            if let known = found.firstIndex(where: { $0.lease == lease }) {
                found[known].gpus = found[known].gpus.union(.only(position))
            } else {
                found.append((lease, .only(position), .whole))
            }
        }
        return found.sorted { $0.lease < $1.lease }
    }
}

extension NodeCounts {
    /// Adds a node under its state, or takes it away.
    mutating func add(_ standing: NodeStanding, sign: Int) {
        switch standing.state {
        case .notDelivered: notDelivered += sign
        case .ready: ready += sign
        case .suspect: suspect += sign
        case .quarantined: quarantined += sign
        }
        if standing.isCordoned { cordoned += sign }
    }
}

extension GPUCounts {
    /// Adds a node's GPUs, or takes them away, each in exactly one place (L12): a leased GPU is leased though it be
    /// unhealthy or its node silent; an unhealthy one is unhealthy wherever its node stands.
    mutating func add(_ standing: NodeStanding, ofGPUs gpuCount: Int, sign: Int) {
        let broken = standing.unhealthy.subtracting(standing.leased).count
        let rest = gpuCount - standing.leased.count - broken
        switch standing.state {
        case .notDelivered:
            notDelivered += sign * gpuCount
            return
        case .ready: free += sign * rest
        case .suspect, .quarantined: quarantined += sign * rest
        }
        leased += sign * standing.leased.count
        unhealthy += sign * broken
    }
}
