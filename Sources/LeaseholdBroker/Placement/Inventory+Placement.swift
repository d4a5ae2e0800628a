import LeaseholdModel

/// Where a lease comes to lie. Gang: all of it or nothing; topology first: the smallest place that can hold all of it.
///
/// The rule, so that anybody can predict the answer; every tie goes to the lowest number, which is the order of import.
///
/// 1. One node: the one with the fewest free GPUs that suffice.
/// 2. Else one rack: the one with the fewest free GPUs that suffice. Then one hall, one site, then across sites.
/// 3. Within such a place: whole free parts of nodes, most free GPUs first, as long as more is missing than the next node
///    has free; what then remains goes to the node with the fewest free GPUs that suffice.
/// 4. On a node: the lowest free positions.
///
/// Whole nodes follow the same levels and count nodes that are free altogether, those with the fewest GPUs first. A
/// site is every ready node of it that is not cordoned; each must be free of leases, and unhealthy GPUs are left out.
///
/// A node whose rack, hall or site cannot feed more is passed over, or gives as many GPUs as can be fed (L11). Where
/// all GPUs draw alike this finds a place whenever there is one; where kinds are mixed it may refuse for power what
/// a cleverer choice of kinds could fit.
extension Inventory {
    /// The GPUs for a wish, ascending by node; nil where they cannot be had.
    func place(_ wish: Wish) -> [Placement]? {
        switch wish.unit {
        case .gpu, .node: placeInOneNode(wish) ?? placeAcrossNodes(wish)
        case .site: placeSites(wish)
        }
    }

    /// How much of the unit could be granted now, limits in watts aside.
    func room(for wish: Wish) -> Int {
        switch wish.unit {
        case .gpu, .node:
            placesByLevel[PlaceLevel.site.tableIndex].reduce(0) { $0 + room(in: $1, for: wish) }
        case .site:
            placesByLevel[PlaceLevel.site.tableIndex].reduce(0) { $0 + (wholeSite($1, for: wish) == nil ? 0 : 1) }
        }
    }

    // MARK: One node

    private func placeInOneNode(_ wish: Wish) -> [Placement]? {
        let plan = PowerPlan(for: wish, in: self)
        let isForNode = wish.unit == .node
        let least = isForNode ? 1 : wish.count
        guard isForNode ? wish.count == 1 : wish.count <= GPUSet.countMax else { return nil }
        let index = isForNode ? wholeNodes : byFreeCount
        for count in least...GPUSet.countMax {
            var position = 0
            while let node = index.next(kind: wish.kind, count: count, from: position) {
                let wanted = isForNode ? self[node].grantable : self[node].grantable.lowest(wish.count)
                if plan.admitted(wanted, of: self[node], in: self) == wanted {
                    return [Placement(node: node, gpus: wanted)]
                }
                position = node.offset + 1
            }
        }
        return nil
    }

    // MARK: Several nodes

    private func placeAcrossNodes(_ wish: Wish) -> [Placement]? {
        guard wish.count > 1 else { return nil }
        for level in PlaceLevel.allCases {
            var scopes = candidates(at: level, for: wish)
            // The best one nearly always does; only where power is short are the others put in order.
            guard let best = scopes.min() else { continue }
            if let found = plan(wish, within: self[best.place].ranges) { return found }
            scopes.sort()
            for scope in scopes.dropFirst() {
                if let found = plan(wish, within: self[scope.place].ranges) { return found }
            }
        }
        guard placesByLevel[PlaceLevel.site.tableIndex].count > 1, room(for: wish) >= wish.count else { return nil }
        return plan(wish, within: everyNode)
    }

    /// A place that has room for all of a wish; the less room the better, then the lower number.
    private struct Scope: Comparable {
        let room: Int
        let place: PlaceID
        static func < (left: Scope, right: Scope) -> Bool {
            left.room != right.room ? left.room < right.room : left.place < right.place
        }
    }

    private func candidates(at level: PlaceLevel, for wish: Wish) -> [Scope] {
        let isForNode = wish.unit == .node
        var found: [Scope] = []
        if let kind = wish.kind {
            for pool in self[kind].pools[level.tableIndex] {
                let room = isForNode ? pools[pool].wholeCount : pools[pool].freeCount
                if room >= wish.count { found.append(Scope(room: room, place: pools[pool].place)) }
            }
        } else {
            for place in placesByLevel[level.tableIndex] {
                let room = isForNode ? self[place].wholeCount : self[place].freeCount
                if room >= wish.count { found.append(Scope(room: room, place: place)) }
            }
        }
        return found
    }

    private func room(in place: PlaceID, for wish: Wish) -> Int {
        guard let kind = wish.kind else { return wish.unit == .node ? self[place].wholeCount : self[place].freeCount }
        guard let pool = pool(of: kind, in: place) else { return 0 }
        return wish.unit == .node ? pool.wholeCount : pool.freeCount
    }

    private func plan(_ wish: Wish, within ranges: [Range<Int>]) -> [Placement]? {
        let shelf = NodeShelf(of: self, within: ranges, for: wish)
        let found = wish.unit == .node ? planNodes(wish, from: shelf) : planGPUs(wish, from: shelf)
        return found?.sorted { $0.node < $1.node }
    }

    private func planNodes(_ wish: Wish, from shelf: NodeShelf) -> [Placement]? {
        var power = PowerPlan(for: wish, in: self)
        var found: [Placement] = []
        for count in 1...GPUSet.countMax {
            for offset in shelf.nodes(with: count) {
                let gpus = nodes[offset].grantable
                guard power.admitted(gpus, of: nodes[offset], in: self) == gpus else { continue }
                power.add(gpus, of: nodes[offset], in: self)
                found.append(Placement(node: NodeID(rawValue: UInt32(offset)), gpus: gpus))
                if found.count == wish.count { return found }
            }
        }
        return nil
    }

    private func planGPUs(_ wish: Wish, from shelf: NodeShelf) -> [Placement]? {
        var power = PowerPlan(for: wish, in: self)
        var found: [Placement] = []
        var missing = wish.count
        func take(_ gpus: GPUSet, of offset: Int) {
            guard !gpus.isEmpty else { return }
            power.add(gpus, of: nodes[offset], in: self)
            found.append(Placement(node: NodeID(rawValue: UInt32(offset)), gpus: gpus))
            missing -= gpus.count
        }
        // Whole free parts, as long as more is missing than the next node has.
        var untouched: [(count: Int, nodes: ArraySlice<Int>)] = []
        for count in (1...GPUSet.countMax).reversed() {
            var queue = shelf.nodes(with: count)
            while missing >= count, untouched.isEmpty, let offset = queue.first {
                take(power.admitted(nodes[offset].grantable, of: nodes[offset], in: self), of: offset)
                queue.removeFirst()
                if missing == 0 { return found }
            }
            if !queue.isEmpty { untouched.append((count, queue)) }
        }
        // The remainder on the node that it fills best.
        for (count, queue) in untouched.reversed() where count >= missing {
            for offset in queue {
                let wanted = nodes[offset].grantable.lowest(missing)
                guard power.admitted(wanted, of: nodes[offset], in: self) == wanted else { continue }
                take(wanted, of: offset)
                return found
            }
        }
        // Only where power is short: what each node can still be fed.
        for (_, queue) in untouched {
            for offset in queue {
                let wanted = nodes[offset].grantable.lowest(missing)
                take(power.admitted(wanted, of: nodes[offset], in: self), of: offset)
                if missing == 0 { return found }
            }
        }
        return nil
    }

    // MARK: Whole sites

    private func placeSites(_ wish: Wish) -> [Placement]? {
        var offers: [(gpuCount: Int, placements: [Placement])] = []
        for site in placesByLevel[PlaceLevel.site.tableIndex] {
            guard let placements = wholeSite(site, for: wish), isFed(placements, for: wish) else { continue }
            offers.append((placements.reduce(0) { $0 + $1.gpus.count }, placements))
        }
        guard offers.count >= wish.count else { return nil }
        // The sort is stable: of equal sites the lower number comes first.
        offers.sort { $0.gpuCount < $1.gpuCount }
        return offers.prefix(wish.count).flatMap(\.placements).sorted { $0.node < $1.node }
    }

    /// Every GPU of a site's ready nodes; nil where a lease lies on one of them, or where there is none.
    private func wholeSite(_ site: PlaceID, for wish: Wish) -> [Placement]? {
        var found: [Placement] = []
        for range in self[site].ranges {
            for offset in range where nodes[offset].standing.isGrantable {
                if let kind = wish.kind, nodes[offset].shape.kind != kind { continue }
                guard nodes[offset].standing.leased.isEmpty else { return nil }
                let gpus = nodes[offset].grantable
                if !gpus.isEmpty { found.append(Placement(node: NodeID(rawValue: UInt32(offset)), gpus: gpus)) }
            }
        }
        return found.isEmpty ? nil : found
    }

    private func isFed(_ placements: [Placement], for wish: Wish) -> Bool {
        var power = PowerPlan(for: wish, in: self)
        for placement in placements {
            let row = nodes[placement.node.offset]
            guard power.admitted(placement.gpus, of: row, in: self) == placement.gpus else { return false }
            power.add(placement.gpus, of: row, in: self)
        }
        return true
    }
}

/// The nodes of a scope that can give something, sorted by how many GPUs each can give, ascending within a count.
struct NodeShelf {
    private var sorted: [Int]
    private var starts: [Int]

    init(of fleet: Inventory, within ranges: [Range<Int>], for wish: Wish) {
        func key(_ offset: Int) -> Int {
            if let kind = wish.kind, fleet.nodes[offset].shape.kind != kind { return 0 }
            let free = fleet.nodes[offset].grantable
            return wish.unit == .node && free != fleet.nodes[offset].shape.gpus ? 0 : free.count
        }
        var counts = Array(repeating: 0, count: GPUSet.countMax + 2)
        for range in ranges {
            for offset in range { counts[key(offset) + 1] += 1 }
        }
        // Nodes that can give nothing are not sorted in.
        counts[1] = 0
        for count in 1..<counts.count { counts[count] += counts[count - 1] }
        starts = counts
        sorted = Array(repeating: 0, count: counts[counts.count - 1])
        for range in ranges {
            for offset in range {
                let count = key(offset)
                guard count > 0 else { continue }
                sorted[counts[count]] = offset
                counts[count] += 1
            }
        }
    }

    /// The nodes that can give exactly so many GPUs.
    func nodes(with count: Int) -> ArraySlice<Int> { sorted[starts[count]..<starts[count + 1]] }
}
