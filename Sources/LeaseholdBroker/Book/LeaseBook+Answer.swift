package import LeaseholdModel

/// Answering queries. What a machine knows better (sessions, readings, connections, the log) it adds to the answer.
extension LeaseBook {
    /// The answer to a query, with a refusal inside where there is none to give.
    ///
    /// Asking for a change is a fault: `decide(_:by:in:)` has those. The context is the one that a change would have.
    package func answer(_ query: Request, by principal: Principal, in context: DecisionContext) -> Reply {
        if let refusal = refusal(to: query, by: principal) { return .refused(refusal) }
        switch query {
        case .status: return .status(statusView)
        case .showFleet: return .fleet(fleetView())
        case .listNodes(let page): return listNodes(page)
        case .showNode(let name):
            guard let node = fleet.node(named: name) else { return .refused(.notFound(.node, name: name)) }
            return .node(nodeView(node))
        case .listTenants(let page): return listTenants(page)
        case .showTenant(let name):
            guard let tenant = tenants.id(named: name) else { return .refused(.notFound(.tenant, name: name)) }
            return .tenant(tenantView(tenant))
        case .quoteLease(let terms):
            var walks = FleetWalks()
            return quote(terms, in: context, &walks)
        case .listLeases(let page, let filter): return listLeases(page, filter, by: principal)
        case .showLease(let id):
            guard let row = lease(id, visibleTo: principal) else {
                return .refused(.notFound(.lease, name: id.description))
            }
            return .lease(leaseView(row))
        case .explainLease(let id):
            guard let row = lease(id, visibleTo: principal) else {
                return .refused(.notFound(.lease, name: id.description))
            }
            return .explained(explanation(of: row, for: principal, in: context))
        case .watchEvents(let filter):
            if let id = filter.lease, lease(id, visibleTo: principal) == nil {
                return .refused(.notFound(.lease, name: id.description))
            }
            return .watching(from: filter.from ?? head.next)
        case .saveBackup: preconditionFailure("\(query.words) is answered by whoever reads the log")
        case .importFleet, .cordonNode, .uncordonNode, .createTenant, .setQuota, .createLease, .releaseLease,
            .cancelLease, .extendLease, .resizeLease:
            preconditionFailure("\(query.words) is a change: it is decided, not answered")
        }
    }

    /// Where a lease would lie and from when; nothing is held for it.
    ///
    /// Where it cannot be had, changes that would help are looked for with so many walks over the fleet.
    package func quote(_ terms: LeaseTerms, in context: DecisionContext, _ walks: inout FleetWalks) -> Reply {
        switch fit(terms, in: context) {
        case .failure(let refusal):
            return refusal.mayPass
                ? .declined(declined(terms, refusal, in: context, &walks)) : .refused(refusal)
        case .success(let fitting):
            let first = fitting.parts[0]
            return .quote(
                QuoteView(
                    gpuCount: first.gpuCount, watts: first.watts, startsAt: first.startsAt, endsAt: first.endsAt,
                    within: fleet.enclosure(of: first.placements).map { fleet[$0].path },
                    placements: first.placements, further: fitting.parts.dropFirst().map { LeasePartView($0) },
                    units: units(of: fitting.parts)))
        }
    }

    // MARK: Lists

    /// How many rows a page may have, or what is wrong with what was asked for.
    private func rowCountMax(_ countMax: Int) -> Result<Int, Refusal> {
        guard countMax >= 1 else {
            return .failure(.invalid(field: "countMax", value: "\(countMax)", expected: "1 or more"))
        }
        return .success(min(countMax, Limits.pageCountMax))
    }

    private func listNodes(_ page: Page<NodeID>) -> Reply {
        switch rowCountMax(page.countMax) {
        case .failure(let refusal): return .refused(refusal)
        case .success(let countMax):
            let range = LeaseBook.range(after: page.after, countMax, of: fleet.nodes.count)
            let views = range.map { nodeView(NodeID(rawValue: UInt32($0))) }
            return .nodes(views, next: range.upperBound < fleet.nodes.count ? views.last?.id : nil)
        }
    }

    private func listTenants(_ page: Page<TenantID>) -> Reply {
        switch rowCountMax(page.countMax) {
        case .failure(let refusal): return .refused(refusal)
        case .success(let countMax):
            let range = LeaseBook.range(after: page.after, countMax, of: tenants.rows.count)
            let views = range.map { tenantView(TenantID(rawValue: UInt32($0))) }
            return .tenants(views, next: range.upperBound < tenants.rows.count ? views.last?.id : nil)
        }
    }

    /// The positions of a page in a table of so many rows.
    private static func range<ID: NumberedID>(after: ID?, _ countMax: Int, of count: Int) -> Range<Int>
    where ID.RawValue == UInt32 {
        let start = min(count, after.map { Int($0.rawValue) + 1 } ?? 0)
        return start..<min(count, start + countMax)
    }

    private func listLeases(_ page: Page<LeaseID>, _ filter: LeaseFilter, by principal: Principal) -> Reply {
        switch rowCountMax(page.countMax) {
        case .failure(let refusal): return .refused(refusal)
        case .success(let countMax):
            let name = principal.role == .tenant ? principal.name : filter.tenant
            guard let name else {
                return leasePage(page.after, countMax, filter, of: leases.rows.count) { leases.rows[$0].id }
            }
            guard let tenant = tenants.id(named: name) else { return .refused(.notFound(.tenant, name: name)) }
            let ids = tenants.rows[tenant.offset].leases
            return leasePage(page.after, countMax, filter, of: ids.count) { ids[$0] }
        }
    }

    /// A page of leases out of an ascending list of ids, some of which may be forgotten.
    ///
    /// It ends before the lease that would be too much for one answer; a lease that is so by itself has its own page.
    private func leasePage(
        _ after: LeaseID?, _ countMax: Int, _ filter: LeaseFilter, of count: Int, id: (Int) -> LeaseID
    ) -> Reply {
        var views: [LeaseView] = []
        var placementCount = 0
        for position in LeaseBook.start(after: after, of: count, id: id)..<count {
            guard let row = leases[id(position)], filter.includesEnded || !row.state.isFinal else { continue }
            placementCount += row.part.placements.count
            if let last = views.last, views.count == countMax || placementCount > Limits.pagePlacementCountMax {
                return .leases(views, next: last.grant.lease)
            }
            views.append(leaseView(row))
        }
        return .leases(views, next: nil)
    }

    /// The position of the first id above another in an ascending list.
    private static func start(after: LeaseID?, of count: Int, id: (Int) -> LeaseID) -> Int {
        guard let after else { return 0 }
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if id(middle) <= after { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
