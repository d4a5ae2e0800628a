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
        guard (1..<had).contains(count) else {
            let expected = had > 1 ? "1 to \(had - 1): it has \(had)" : "nothing: it has 1; leasectl lease release"
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
        return .invalid(field: "count", value: "\(count)", expected: how + ": what runs gives back whole nodes")
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
        var left = surplus
        var given: Set<Int> = []
        for position in order where offers[position].size <= left {
            given.insert(position)
            left -= offers[position].size
        }
        var kept = offers.indices.filter { !given.contains($0) }.map { offers[$0].placements }
        if left > 0, isDivisible, let position = order.first(where: { !given.contains($0) }) {
            let placement = offers[position].placements[0]
            let rest = Placement(node: placement.node, gpus: placement.gpus.lowest(placement.gpus.count - left))
            kept.removeAll { $0[0].node == placement.node }
            kept.append([rest])
        }
        return kept.flatMap(\.self).sorted { $0.node < $1.node }
    }

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
