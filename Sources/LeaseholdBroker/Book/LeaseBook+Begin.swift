package import LeaseholdModel

/// Deciding what begins by itself when its start has come, and where it moves if something is in its way.
extension LeaseBook {
    /// What becomes of a confirmed part whose start has come: it begins, or it is moved first because something is in
    /// its way; nil where it must wait.
    ///
    /// It waits for GPUs and watts that a lease has kept past its end, and for nodes that have something to explain (L9).
    /// For a node that is only silent or broken it waits a while, and then begins without it, degraded: better most of
    /// a large lease than none of it.
    ///
    /// Moving is a search over the fleet; where there are many to begin, `mayMove` leaves it for later.
    package func decideBegin(_ id: LeaseID, in context: DecisionContext, mayMove: Bool = true) -> Record? {
        guard let position = leases.position(of: id) else { preconditionFailure("no lease \(id) to begin") }
        let row = leases.rows[position]
        precondition(row.state == .confirmed, "lease \(id) is \(row.state.word) and begins")
        // Its term has passed while nobody looked: it lapses and does not begin.
        guard context.now.calendar < row.part.endsAt, lastInstant < row.part.endsAt else { return nil }
        let isLate = instant(in: context) - row.part.startsAt >= Limits.beginPatience
        var mustWait = !fleet.canFeedNow(row.part.placements)
        var mayWait = false
        var unfit: [NodeID] = []
        for placement in row.part.placements {
            let standing = fleet[placement.node].standing
            let isTaken = !fleet.isFreeNow(placement)
            let isBroken =
                standing.state != .ready || standing.unhealthy.overlaps(placement.gpus)
                || !standing.traits.isSuperset(of: row.granted.unit.traits)
            guard isTaken || isBroken || standing.isCordoned else { continue }
            // A node that has not reported to this reign will in a moment.
            if standing.reason != .newReign || isLate { unfit.append(placement.node) }
            if isTaken || standing.state != .ready && !standing.reason.isPlain { mustWait = true }
            if isBroken { mayWait = true }
        }
        if mayMove, !unfit.isEmpty, let moved = moved(row, off: unfit, in: context) { return moved }
        guard !mustWait, !mayWait || isLate else { return nil }
        return .leaseBegun(id, begun(until: row.part.endsAt, row.granted.onSilence, in: context))
    }

    /// What becomes of a confirmed part some of whose nodes have been away for a while, long before it begins: it is
    /// moved off them; nil where there is nothing else.
    package func decideRepair(_ id: LeaseID, in context: DecisionContext) -> Record? {
        guard let row = leases[id], row.state == .confirmed else { return nil }
        let now = instant(in: context)
        let away = row.part.placements.filter { isOut($0.node.offset, $0.gpus, at: now) }.map(\.node)
        return away.isEmpty ? nil : moved(row, off: away, in: context)
    }

    /// Confirmed leases that begin soon and are promised what is on nodes that have been away for a while, from a place
    /// of the fleet on, at most so many; and where to look next, nil at the end of the fleet.
    package func threatened(
        from place: RepairPlace, at instant: CalendarInstant, countMax: Int
    ) -> (leases: [LeaseID], next: RepairPlace?) {
        var found: [LeaseID] = []
        let end = min(fleet.nodes.count, place.node + Limits.repairNodesPerSweepCountMax)
        for offset in place.node..<max(place.node, end) where fleet.briefs[offset].offer != fleet.briefs[offset].gpus {
            for stay in calendar.stays(on: NodeID(rawValue: UInt32(offset))) {
                if stay.from > instant + Limits.repairHorizon { break }
                let due = Due(at: stay.from, lease: stay.lease)
                if offset == place.node, let last = place.last, due <= last { continue }
                guard isOut(offset, stay.gpus, at: instant), leases[stay.lease]?.state == .confirmed else { continue }
                if !found.contains(stay.lease) { found.append(stay.lease) }
                if found.count == countMax { return (found, RepairPlace(node: offset, last: due)) }
            }
        }
        return (found, end < fleet.nodes.count ? RepairPlace(node: end) : nil)
    }

    /// Whether GPUs of a node cannot be counted on: broken, or away for a while.
    ///
    /// A reign begins with every node away; those that live have reported long before the while is over.
    private func isOut(_ node: Int, _ gpus: GPUSet, at instant: CalendarInstant) -> Bool {
        let row = fleet.nodes[node]
        if row.standing.unhealthy.overlaps(gpus) || row.standing.isCordoned { return true }
        return row.standing.state != .ready && instant - row.since >= Limits.repairPatience
    }

    /// The same part with other GPUs instead of those on some nodes; nil where there are none.
    ///
    /// What may lie anywhere is moved by itself. What must lie together is moved together, and a whole place is not
    /// moved at all.
    func moved(_ row: LeaseRow, off nodes: [NodeID], in context: DecisionContext) -> Record? {
        let now = instant(in: context)
        let isNow = row.part.startsAt <= now
        switch row.granted.unit {
        case .gpu, .node, .slice, .share, .cpu: break
        case .nvlinkDomain, .rack, .hall, .site: return nil
        }
        var wish = wish(row, over: row.stay, isNow: isNow, at: now)
        wish.moving = row.id
        wish.moved = row.part.placements
        let isTogether = row.granted.within != nil || !row.granted.unit.traits.isEmpty
        let staying = isTogether ? [] : row.part.placements
        let bad = Set(nodes)
        let kept = staying.filter { !bad.contains($0.node) }
        let gone = staying.isEmpty ? row.part.placements : staying.filter { bad.contains($0.node) }
        switch row.granted.unit {
        case .node: wish.count = gone.count
        case .gpu: wish.count = gone.reduce(0) { $0 + $1.gpus.count }
        case .slice, .share, .cpu: wish.count = unitCount(of: row.part.placements, row.granted)
        case .nvlinkDomain, .rack, .hall, .site: break
        }
        if row.granted.within == nil { wish.spread = nil }
        wish.claims = [
            Claim(part: LeasePart(startsAt: row.stay.from, endsAt: row.stay.until, watts: .zero, placements: kept))
        ]
        for kind in kinds(instead: fleet.briefs[gone[0].node.offset].kind, for: row.granted) {
            wish.kind = kind
            guard let found = Placer(in: self, for: wish, at: now).place() else { continue }
            let placements = LeaseBook.joined(kept, found)
            // As much as before: quota was judged for that.
            let thousandths = placements.reduce(0) { $0 + $1.gpuThousandths }
            guard thousandths == row.gpuThousandths, placements != row.part.placements else { continue }
            return .leaseMoved(row.id, placements, watts: fleet.envelope(of: placements))
        }
        return nil
    }

    /// Of which kinds the GPUs may be that a lease gets instead of some: of the same, if it named kinds; else of any.
    ///
    /// Nodes of one kind at a time, the same one first: those of another may have another number of GPUs.
    private func kinds(instead kind: KindID, for granted: LeaseGranted) -> [KindID?] {
        guard granted.kinds.isEmpty else { return [kind] }
        guard granted.unit == .node else { return [nil] }
        let others = fleet.kinds.indices.map { KindID(rawValue: UInt16($0)) }
            .filter { $0 != kind && fleet.gpuCount(of: $0) > 0 }
        return [kind] + Array(others.prefix(Limits.kindPreferenceCountMax))
    }

    /// Placements of one part, ascending by node; those on one node become one.
    static func joined(_ left: [Placement], _ right: [Placement]) -> [Placement] {
        var joined: [Placement] = []
        for placement in (left + right).sorted(by: { $0.node < $1.node }) {
            if let last = joined.last, last.node == placement.node {
                joined[joined.count - 1] = last.joined(with: placement)
            } else {
                joined.append(placement)
            }
        }
        return joined
    }

    func wish(_ row: LeaseRow, over window: Window, isNow: Bool, at now: CalendarInstant) -> Wish {
        Wish(
            unit: row.granted.unit, count: Int(row.granted.count), kind: nil, shape: row.granted.shape,
            labels: row.granted.labels, window: window, isNow: isNow, within: row.granted.within,
            spread: row.granted.spread)
    }
}

extension NodeReason {
    /// Whether the node is only silent or broken, and nothing that it might hold is in doubt.
    fileprivate var isPlain: Bool {
        switch self {
        case .silent, .guardDown: true
        case .none, .newReign, .hardwareDiffers, .witnessAhead, .orderRefused, .strangerListed,
            .logRestored:
            false
        }
    }
}

/// Where a walk over the nodes has come, for promises on those that are away.
package struct RepairPlace: Equatable, Sendable {
    let node: Int
    /// The last of the node's stays that was looked at; nil at the first.
    let last: Due?

    /// The beginning, or the first stay of a node.
    package init(node: Int = 0) { self.init(node: node, last: nil) }

    init(node: Int, last: Due?) {
        self.node = node
        self.last = last
    }
}
