import LeaseholdModel

/// Deciding that a lease has less than before; wholly or not at all.
extension LeaseBook {
    /// So many units instead of more, and what each part keeps of what it has.
    ///
    /// Of a lease that comes in steps the last step gives first; of one that comes again every time keeps so many. What
    /// runs gives back whole placements, because a node holds a lease's part of it or does not.
    func decideResize(
        _ id: LeaseID, to count: Int, by principal: Principal, in context: DecisionContext
    ) -> Decision {
        guard let row = lease(id, visibleTo: principal) else {
            return .refuse(.notFound(.lease, name: id.description))
        }
        let rows = parts(of: id).filter(\.isDue)
        guard let first = rows.first, first.part.endsAt > instant(in: context) else {
            return .refuse(.wrongState(lease: id, state: row.state, asked: "resized"))
        }
        let counts = rows.map { unitCount(of: $0.part.placements, $0.granted) }
        let isStepped = rows.allSatisfy { $0.part.endsAt == first.part.endsAt }
        let had = isStepped ? counts.reduce(0, +) : counts.max() ?? 0
        guard count >= 1, count < had else {
            let none = "no resize: it has 1 (leasectl lease release or cancel)"
            let expected = had > 1 ? "1 to \(had - 1): it has \(had)" : none
            return .refuse(.invalid(field: "count", value: "\(count)", expected: expected))
        }
        var surplus = had - count
        var shrunk: [ShrunkPart] = []
        for (row, has) in zip(rows, counts).reversed() {
            let gives = isStepped ? min(surplus, has) : max(0, has - count)
            guard gives > 0 else { continue }
            surplus -= isStepped ? gives : 0
            let kept = gives == has ? [] : kept(of: row, without: gives)
            let missed = has - gives - unitCount(of: kept, row.granted)
            if missed < 0 { return .refuse(unevenCount(count, of: row, could: count - missed, had: had)) }
            shrunk.append(ShrunkPart(lease: row.id, watts: fleet.envelope(of: kept), placements: kept))
        }
        return .record(.leaseShrunk(id, count: UInt32(count), shrunk.reversed()))
    }

    /// That a running part cannot come down to just so many, and to how many it can.
    private func unevenCount(_ count: Int, of row: LeaseRow, could: Int, had: Int) -> Refusal {
        let least = row.part.placements.map { unitCount(of: [$0], row.granted) }.min() ?? had
        let reached = could < had ? could : had - least
        let how = reached > 0 ? "\(reached)" : "a release"
        let why = row.isLive ? "what runs gives back whole nodes" : "parts of a node are given back together"
        return .invalid(field: "count", value: "\(count)", expected: "\(how): \(why)")
    }

    /// What a part keeps if it gives back so many units, or fewer where they do not come out even.
    ///
    /// What is broken goes first; of what is spread, what is most in its place; then what is large, so that it comes out
    /// even, and the highest number. Of whole GPUs that have not begun small pieces go first, and a last node keeps some.
    private func kept(of row: LeaseRow, without surplus: Int) -> [Placement] {
        struct Offer {
            let placements: [Placement]
            let size: Int
            let isBroken: Bool
            /// How many of the same place are before it.
            let rank: Int
        }
        let granted = row.granted
        var groups: [(key: Int, placements: [Placement])] = []
        var known: [Int: Int] = [:]
        for placement in row.part.placements {
            let key = unitPlace(of: placement, granted.unit)
            if let position = known[key] {
                groups[position].placements.append(placement)
            } else {
                known[key] = groups.count
                groups.append((key, [placement]))
            }
        }
        var ranks: [Int: Int] = [:]
        let offers = groups.map { group in
            let place = granted.spread.map { enclosing(group.placements[0].node, at: $0).offset }
            let rank = place.map { ranks[$0, default: 0] } ?? 0
            if let place { ranks[place] = rank + 1 }
            return Offer(
                placements: group.placements, size: unitCount(of: group.placements, granted),
                isBroken: group.placements.contains { hindrance(to: $0, of: row, isOverdue: false) != nil }, rank: rank)
        }
        let isDivisible = !row.isLive && granted.unit == .gpu && !granted.shape.statesNodeUse
        let order = offers.indices.sorted { left, right in
            let (one, other) = (offers[left], offers[right])
            if one.isBroken != other.isBroken { return one.isBroken }
            if one.rank != other.rank { return one.rank > other.rank }
            if one.size != other.size { return (one.size > other.size) != isDivisible }
            return left > right
        }
        // Where it does not come out even, again without the first of them, or the first two, and so on.
        var (given, left) = LeaseBook.taken(surplus, of: order) { offers[$0].size }
        for skipped in 1..<max(1, min(order.count, LeaseBook.unevenTryCountMax)) where left > 0 && !isDivisible {
            let other = LeaseBook.taken(surplus, of: order.dropFirst(skipped)) { offers[$0].size }
            if other.left < left { (given, left) = other }
        }
        var kept = offers.indices.filter { !given.contains($0) }.map { offers[$0].placements }
        if left > 0, isDivisible, let position = order.first(where: { !given.contains($0) }) {
            let placement = offers[position].placements[0]
            let count = placement.gpus.count - left
            let healthy = placement.gpus.subtracting(fleet[placement.node].standing.unhealthy)
            let broken = placement.gpus.subtracting(healthy).lowest(max(0, count - healthy.count))
            let rest = Placement(node: placement.node, gpus: healthy.lowest(min(count, healthy.count)).union(broken))
            kept.removeAll { $0[0].node == placement.node }
            kept.append([rest])
        }
        return kept.flatMap(\.self).sorted { $0.node < $1.node }
    }

    /// Takes from some offers, in order, what does not exceed an amount; and what of it is left.
    private static func taken(
        _ amount: Int, of order: some Sequence<Int>, size: (Int) -> Int
    ) -> (given: Set<Int>, left: Int) {
        var left = amount
        var given: Set<Int> = []
        for position in order where size(position) <= left && left > 0 {
            given.insert(position)
            left -= size(position)
        }
        return (given, left)
    }

    /// How many of the first offers are left out in search of an even amount.
    private static let unevenTryCountMax = 64

    // MARK: Units of placements

    /// How many units of a lease some placements of it are.
    func unitCount(of placements: [Placement], _ granted: LeaseGranted) -> Int {
        switch granted.unit {
        case .gpu: placements.reduce(0) { $0 + $1.gpus.count }
        case .node: placements.count
        case .nvlinkDomain, .rack, .hall, .site: Set(placements.map { unitPlace(of: $0, granted.unit) }).count
        case .slice, .share, .cpu: placements.reduce(0) { $0 + partCount(of: $1, granted.shape) }
        }
    }

    private func partCount(of placement: Placement, _ shape: UnitShape) -> Int {
        let use = placement.use
        if let profile = shape.profile {
            let kind = fleet[fleet.briefs[placement.node.offset].kind].kind
            let size = kind.profiles.first { $0.name == profile }?.memorySliceCount ?? SliceSet.perGPU
            return use.slices.count / size
        }
        if shape.share != nil { return placement.gpus.count }
        if let cpu = shape.cpu, cpu != .zero { return Int(use.cpu.count / cpu.count) }
        return Int(use.memory.count / max(1, shape.memory?.count ?? 1))
    }

    /// A number for the unit that a placement belongs to: what has the same number goes together.
    private func unitPlace(of placement: Placement, _ unit: LeaseUnit) -> Int {
        let rack = fleet.feeds[placement.node.offset].rack
        switch unit {
        case .gpu, .node, .slice, .share, .cpu: return placement.node.offset
        case .nvlinkDomain: return fleet.isNVLinkDomain(rack) ? -1 - rack.offset : placement.node.offset
        case .rack: return rack.offset
        case .hall: return enclosing(placement.node, at: .hall).offset
        case .site: return enclosing(placement.node, at: .site).offset
        }
    }

    /// The place of a level in which a node stands.
    private func enclosing(_ node: NodeID, at level: PlaceLevel) -> PlaceID {
        var place = fleet.feeds[node.offset].rack
        while fleet[place].level != level, let above = fleet[place].parent { place = above }
        return place
    }
}
