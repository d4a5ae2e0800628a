package import LeaseholdModel

/// The book as people and scripts see it.
extension LeaseBook {
    /// What the book adds to a status: reign, counts, watts; the rest is the machine's.
    package var statusView: StatusView {
        var view = StatusView()
        view.reign = reign
        view.nodes = fleet.nodeCounts
        view.gpus = fleet.gpuCounts
        view.leases = leases.counts
        view.tenantCount = tenants.rows.count
        view.committed = fleet.committed
        view.restored = restores.last
        return view
    }

    /// The fleet by place; where the places are too many for one answer, without racks, then without halls.
    func fleetView() -> FleetView {
        var levels: [PlaceLevel] = []
        var count = 0
        for level in PlaceLevel.allCases.reversed() {
            count += fleet.placesByLevel[level.tableIndex].count
            if count <= Limits.shownPlaceCountMax { levels.append(level) }
        }
        let places = fleet.places.filter { levels.contains($0.level) }.map { place in
            PlaceView(
                path: place.path, level: place.level, nodeCount: place.nodeCount, gpuCount: place.gpuCount,
                limit: place.limit, committed: place.committed)
        }
        let kinds = fleet.kinds.indices.map { offset in
            let kind = KindID(rawValue: UInt16(offset))
            return KindView(
                kind: fleet[kind].kind, gpuCount: fleet.gpuCount(of: kind), freeCount: fleet.freeCount(of: kind))
        }
        return FleetView(places: places, kinds: kinds)
    }

    /// A node, without what only its session knows: `drawn` and `silence` are nil.
    package func nodeView(_ node: NodeID) -> NodeView {
        let row = fleet[node]
        var view = NodeView()
        view.id = node
        view.name = row.shape.name
        view.kind = fleet[row.shape.kind].kind.name
        view.gpus = row.shape.gpus
        view.leased = row.standing.leased
        view.unhealthy = row.standing.unhealthy
        view.state = row.standing.state
        view.reason = row.standing.reason
        view.since = row.since
        view.isCordoned = row.standing.isCordoned
        view.envelope = row.shape.envelope
        view.committed = row.committed
        view.leases = fleet.holdings(on: node).map(\.lease)
        view.cpu = row.shape.cpu
        view.memory = row.shape.memory
        view.labels = fleet.labelSets[Int(row.shape.labelSet)]
        view.traits = row.standing.traits
        return view
    }

    func tenantView(_ tenant: TenantID) -> TenantView {
        let row = tenants[tenant]
        return TenantView(id: tenant, name: row.name, quota: row.quota, held: row.held, leaseCount: row.leaseCount)
    }

    /// What was granted, as it was granted: the same for ever.
    func grantView(_ row: LeaseRow) -> LeaseGrantView {
        let epoch = row.granted.begun == nil ? nil : row.epoch
        let further = (1..<row.granted.partCount).map { number in
            LeasePartView(row.granted.part(number), row.granted.terms(ofPart: number))
        }
        return grantView(row, row.granted.first, epoch, further)
    }

    private func grantView(
        _ row: LeaseRow, _ part: LeasePart, _ epoch: Epoch?, _ further: [LeasePartView]
    ) -> LeaseGrantView {
        let names =
            part.placements.count <= LeaseGrantView.nodeNameCountMax
            ? part.placements.map { fleet[$0.node].shape.name } : []
        return LeaseGrantView(
            lease: row.id, tenant: tenants[row.granted.tenant].name, epoch: epoch, gpuCount: part.gpuCount,
            watts: part.watts, startsAt: part.startsAt, endsAt: part.endsAt, placements: part.placements,
            nodeNames: names, further: further, terms: row.granted.terms(ofPart: row.id.part))
    }

    func leaseView(_ row: LeaseRow) -> LeaseView {
        // What was given up or is over comes no more.
        let later = row.id.part == 0 ? parts(of: row.id).dropFirst() : []
        let further = later.filter { !$0.state.isFinal }
            .map { LeasePartView($0.part, $0.granted.terms(ofPart: $0.id.part)) }
        return LeaseView(
            grant: grantView(row, row.part, row.begun == nil ? nil : row.epoch, further), unit: row.granted.unit,
            count: row.part.placements.isEmpty
                ? Int(row.granted.count) : unitCount(of: row.part.placements, row.granted),
            kinds: row.granted.kinds.map { fleet[$0].kind.name },
            shape: row.granted.shape, labels: row.granted.labels,
            onSilence: row.granted.onSilence, within: row.granted.within, spread: row.granted.spread,
            state: row.state, cause: row.cause, retiredCount: row.retiredCount, isDegraded: isDegraded(row),
            waiting: leases.waitlist.standing(of: row.id), principal: row.principal)
    }

    /// Whether a lease that is not over has a node that is not ready or a GPU that is unhealthy.
    private func isDegraded(_ row: LeaseRow) -> Bool {
        row.isDue
            && row.part.placements.contains { placement in
                let standing = fleet.nodes[placement.node.offset].standing
                return standing.state != .ready || standing.unhealthy.overlaps(placement.gpus)
            }
    }
}

extension LeasePartView {
    /// The brief form of a part.
    init(_ part: LeasePart, _ terms: StepTerms = .none) {
        self.init(
            startsAt: part.startsAt, endsAt: part.endsAt, gpuCount: part.gpuCount, watts: part.watts, terms: terms)
    }
}
