import LeaseholdModel

/// Where parts of nodes come to lie: slices, shares, CPU alone, and whole GPUs with CPU and memory as asked for.
///
/// The rule, unit by unit; every tie goes to the lowest number:
///
/// 1. Shares, CPU, and whole GPUs with stated CPU go where they cost the requests that usually come the least of what
///    the node could still hold for them (`Demand`); where that is equal, to the fullest node.
/// 2. A slice goes where it costs the GPU the fewest legal instances of the larger profiles; where that is equal, to the
///    GPU that is cut up most. So small slices share a GPU, and large ones stay possible.
/// 3. Shares of one lease on one node lie on different GPUs.
struct PartPlacer {
    private let placer: Placer
    private var fleet: Inventory { placer.fleet }
    private var wish: Wish { placer.wish }

    init(_ placer: Placer) { self.placer = placer }

    /// One unit on one node, and what it costs.
    private struct Choice {
        let cost: Int64
        /// The less the node has left after it, the better.
        let left: Int64
        let placement: Placement

        func isBetter(than other: Choice?) -> Bool {
            guard let other else { return true }
            if cost != other.cost { return cost < other.cost }
            if left != other.left { return left < other.left }
            return placement.node < other.placement.node
        }
    }

    /// A node with what is free of it, and the best that a unit can have there.
    private struct Candidate {
        let offset: Int
        var room: NodeRoom
        /// What the lease has there already.
        var taken: Placement?
        var best: Choice?
    }

    // MARK: Placing

    /// All units, ascending by node; nil where they cannot be had.
    func place() -> [Placement]? {
        let plan = PowerPlan(for: wish, in: fleet, placer.calendar, at: placer.now)
        var candidates = candidates(plan)
        guard let reach = wish.within else {
            var power = plan
            return place(among: &candidates, &power)?.placements
        }
        var groups: [Int: [Candidate]] = [:]
        for candidate in candidates { groups[scope(of: candidate.offset, reach), default: []].append(candidate) }
        var best: (cost: Int64, placements: [Placement])?
        for scope in groups.keys.sorted() {
            guard var group = groups[scope] else { continue }
            var power = plan
            guard let found = place(among: &group, &power) else { continue }
            if found.cost < best?.cost ?? .max { best = found }
        }
        return best?.placements
    }

    /// All of a lease of whole GPUs with stated CPU or memory, if one node has room for it.
    func placeInOneNode(_ plan: PowerPlan) -> [Placement]? {
        var best: Choice?
        for offset in fleet.nodes.indices {
            guard let choice = choice(on: offset, plan), choice.isBetter(than: best) else { continue }
            best = choice
        }
        return best.map { [$0.placement] }
    }

    private func choice(on offset: Int, _ plan: PowerPlan) -> Choice? {
        guard isOffered(offset) else { return nil }
        let free = placer.free(offset)
        guard free.count >= wish.count else { return nil }
        let room = placer.room(offset)
        let placement = placer.placement(free.lowest(wish.count), of: offset)
        guard room.fits(placement, of: fleet.nodes[offset].shape), plan.admits(placement, in: fleet) else { return nil }
        return priced(placement, room)
    }

    /// How many units could be had, limits in watts aside.
    func room() -> Int {
        let plan = PowerPlan(for: wish, in: fleet, placer.calendar, at: placer.now)
        var total = 0
        for var candidate in candidates(plan) {
            while let best = candidate.best, total < wish.count {
                take(best, from: &candidate, plan)
                total += 1
            }
        }
        return total
    }

    /// Whether a node has room for one unit of another wish.
    func hasRoom(on offset: Int, for wish: Wish) -> Bool {
        let other = PartPlacer(placer.wishing(wish))
        guard other.isOffered(offset) else { return false }
        let candidate = Candidate(offset: offset, room: other.placer.room(offset), taken: nil, best: nil)
        return other.best(on: candidate, PowerPlan.unbound) != nil
    }

    /// Whether a node that nobody had anything of would have room for one unit.
    func couldHaveRoom(on offset: Int) -> Bool {
        guard isOffered(offset) else { return false }
        let all = NodeRoom(of: fleet.nodes[offset].shape, offering: fleet.briefs[offset].offer)
        return best(on: Candidate(offset: offset, room: all, taken: nil, best: nil), PowerPlan.unbound) != nil
    }

    private func place(
        among candidates: inout [Candidate], _ power: inout PowerPlan
    ) -> (cost: Int64, placements: [Placement])? {
        var cost: Int64 = 0
        var counts = Array(repeating: 0, count: wish.spread == nil ? 0 : fleet.places.count)
        var missing = wish.count
        while missing > 0 {
            var chosen: Int?
            var chosenCount = Int.max
            for (position, candidate) in candidates.enumerated() {
                guard let best = candidate.best else { continue }
                let count = wish.spread.map { counts[place(of: candidate.offset, at: $0).offset] } ?? 0
                if count < chosenCount
                    || count == chosenCount && best.isBetter(than: chosen.flatMap { candidates[$0].best })
                {
                    (chosen, chosenCount) = (position, count)
                }
            }
            guard let chosen, let best = candidates[chosen].best else { return nil }
            // What was best before others of the lease were put on the same feed may not be fed any more.
            guard power.admits(best.placement, in: fleet) else {
                candidates[chosen].best = self.best(on: candidates[chosen], power)
                continue
            }
            missing -= 1
            power.add(best.placement, in: fleet)
            cost += best.cost
            if let level = wish.spread { counts[place(of: candidates[chosen].offset, at: level).offset] += 1 }
            take(best, from: &candidates[chosen], power)
        }
        return (cost, candidates.compactMap(\.taken))
    }

    private func take(_ choice: Choice, from candidate: inout Candidate, _ power: PowerPlan) {
        candidate.room.take(choice.placement, of: fleet.nodes[candidate.offset].shape)
        candidate.taken = candidate.taken.map { $0.joined(with: choice.placement) } ?? choice.placement
        candidate.best = best(on: candidate, power)
    }

    // MARK: Candidates

    private func candidates(_ plan: PowerPlan) -> [Candidate] {
        var found: [Candidate] = []
        for offset in fleet.nodes.indices where isOffered(offset) {
            var candidate = Candidate(offset: offset, room: placer.room(offset), taken: nil, best: nil)
            candidate.best = best(on: candidate, plan)
            if candidate.best != nil { found.append(candidate) }
        }
        return found
    }

    private func isOffered(_ offset: Int) -> Bool {
        guard placer.isMeant(offset), fleet.nodes[offset].standing.traits.isSuperset(of: wish.unit.traits) else {
            return false
        }
        guard placer.calendar.useCount(offset) < Limits.usesPerNodeCountMax else { return false }
        return wish.unit == .cpu ? fleet.nodes[offset].standing.isGrantable : !fleet.briefs[offset].offer.isEmpty
    }

    /// The place of a level that a node stands in.
    private func place(of offset: Int, at level: PlaceLevel) -> PlaceID {
        var place = fleet.nodes[offset].shape.rack
        while fleet[place].level < level, let parent = fleet[place].parent { place = parent }
        return place
    }

    /// A number for each place of a reach.
    private func scope(of offset: Int, _ reach: LeaseReach) -> Int {
        let rack = fleet.nodes[offset].shape.rack
        switch reach {
        case .node: return offset
        case .nvlinkDomain: return fleet.isNVLinkDomain(rack) ? fleet.nodes.count + rack.offset : offset
        case .rack: return rack.offset
        case .hall: return place(of: offset, at: .hall).offset
        case .site: return place(of: offset, at: .site).offset
        }
    }

    // MARK: One unit on one node

    private func best(on candidate: Candidate, _ plan: PowerPlan) -> Choice? {
        let shape = fleet.nodes[candidate.offset].shape
        let node = NodeID(rawValue: UInt32(candidate.offset))
        switch wish.unit {
        case .gpu, .node, .nvlinkDomain, .rack, .hall, .site:
            preconditionFailure("a \(wish.unit.word) is no part of a node")
        case .cpu:
            let use = NodeUse(cpu: wish.shape.cpu ?? .zero, memory: wish.shape.memory ?? .zero)
            let placement = Placement(node: node, gpus: .none, use: use)
            guard candidate.room.fits(placement, of: shape), plan.admits(placement, in: fleet) else { return nil }
            return priced(placement, candidate.room)
        case .share: return bestShare(on: candidate, node, shape, plan)
        case .slice: return bestSlice(on: candidate, node, shape, plan)
        }
    }

    private func use(_ shape: NodeShape, share: UInt16 = 0, slices: SliceSet = .none) -> NodeUse {
        let thousandths = share != 0 ? Int(share) : slices.count * 1_000 / SliceSet.perGPU
        let falling = shape.falling(toThousandths: thousandths)
        return NodeUse(
            share: share, slices: slices, cpu: wish.shape.cpu ?? Millicores(UInt32(clamping: falling.cpu)),
            memory: wish.shape.memory ?? Mebibytes(UInt32(clamping: falling.memory)))
    }

    private func bestShare(on candidate: Candidate, _ node: NodeID, _ shape: NodeShape, _ plan: PowerPlan) -> Choice? {
        guard let share = wish.shape.share else { preconditionFailure("a share of nothing") }
        let use = use(shape, share: share)
        var best: Choice?
        var seen: Int16 = 0
        // GPUs with as much left are alike: the lowest of each amount, the smallest amount first.
        while let left = smallest(in: candidate.room.shares, above: max(seen, Int16(share) - 1)) {
            seen = left
            let position = (0..<shape.gpuCount).first {
                candidate.room.shares[$0] == left && !(candidate.taken?.gpus.contains($0) ?? false)
            }
            guard let position else { continue }
            let placement = Placement(node: node, gpus: .only(position), use: use)
            guard candidate.room.fits(placement, of: shape), plan.admits(placement, in: fleet) else { return best }
            let choice = priced(placement, candidate.room)
            if best.map({ choice.cost < $0.cost }) ?? true { best = choice }
        }
        return best
    }

    private func smallest(in shares: SIMD16<Int16>, above bound: Int16) -> Int16? {
        let least = shares.replacing(with: .max, where: shares .<= bound).min()
        return least == .max ? nil : least
    }

    private func bestSlice(on candidate: Candidate, _ node: NodeID, _ shape: NodeShape, _ plan: PowerPlan) -> Choice? {
        let profiles = fleet[shape.kind].kind.profiles
        guard let profile = profiles.first(where: { $0.name == wish.shape.profile }) else { return nil }
        var best: Choice?
        for position in 0..<shape.gpuCount {
            let free = candidate.room.slices.mask(ofGPU: position)
            guard free.nonzeroBitCount >= profile.memorySliceCount else { continue }
            for mask in profile.masks where mask & ~free == 0 {
                let slices = SliceSet.none.adding(mask, ofGPU: position)
                let placement = Placement(node: node, gpus: .only(position), use: use(shape, slices: slices))
                let lost = PartPlacer.value(of: free, profiles) - PartPlacer.value(of: free & ~mask, profiles)
                let choice = Choice(cost: lost, left: Int64(free.nonzeroBitCount), placement: placement)
                if choice.isBetter(than: best) { best = choice }
            }
        }
        guard let best, candidate.room.fits(best.placement, of: shape), plan.admits(best.placement, in: fleet) else {
            return nil
        }
        return best
    }

    /// What free slices of a GPU are good for: for each profile the memory of all instances that still fit.
    static func value(of free: UInt8, _ profiles: [MIGProfile]) -> Int64 {
        profiles.reduce(0) { sum, profile in
            sum + Int64(profile.memorySliceCount * profile.masks.count { $0 & ~free == 0 })
        }
    }

    private func priced(_ placement: Placement, _ room: NodeRoom) -> Choice {
        let shape = fleet.nodes[placement.node.offset].shape
        var after = room
        after.take(placement, of: shape)
        let gpusLeft = Int64(after.shares.wrappedSum())
        return Choice(
            cost: placer.demand.loss(from: room, to: after, kind: shape.kind),
            left: after.cpu * Int64(fleet.gpuCountMax) * 1_000 + gpusLeft * fleet.cpuMax, placement: placement)
    }
}

extension Placement {
    /// Both together, of one lease on one node.
    func joined(with other: Placement) -> Placement {
        precondition(node == other.node, "placements on nodes \(node) and \(other.node)")
        return Placement(node: node, gpus: gpus.union(other.gpus), use: use.joined(with: other.use))
    }
}
