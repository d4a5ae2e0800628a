package import LeaseholdModel

/// Deciding changes other than leases.
extension LeaseBook {
    /// What becomes of a change: one record, or a refusal.
    ///
    /// Changes nothing itself; asked twice, it answers the same.
    /// Asking for a query is a fault: `answer(_:by:)` has those.
    package func decide(_ request: Request, by principal: Principal, in context: DecisionContext) -> Decision {
        if let refusal = refusal(to: request, by: principal) { return .refuse(refusal) }
        switch request {
        case .importFleet(let part): return decideImport(part)
        case .cordonNode(let name): return decideCordon(name, isCordoned: true)
        case .uncordonNode(let name): return decideCordon(name, isCordoned: false)
        case .createTenant(let name, let quota): return decideTenant(name, quota: quota)
        case .setQuota(let tenant, let quota):
            guard let id = tenants.id(named: tenant) else { return .refuse(.notFound(.tenant, name: tenant)) }
            return .record(.tenantQuotaSet(tenant: id, quota: quota))
        case .createLease(let terms): return decideLease(terms, in: context)
        case .releaseLease(let lease): return decideRelease(lease, by: principal)
        case .cancelLease(let lease): return decideCancel(lease, by: principal)
        case .extendLease(let lease, let end): return decideExtend(lease, to: end, by: principal, in: context)
        case .resizeLease(let lease, let count):
            return decideResize(lease, to: Int(count), by: principal, in: context)
        case .countersignHead(let signed): return decideCountersignature(signed, by: principal)
        case .status, .showFleet, .listNodes, .showNode, .listTenants, .showTenant, .quoteLease, .listLeases,
            .showLease, .explainLease, .watchEvents, .askLog:
            preconditionFailure("\(request.words) changes nothing: there is nothing to decide")
        }
    }

    /// A tenant's signature under a head goes on record, if both signatures were found to be good.
    private func decideCountersignature(_ signed: CountersignedHead, by principal: Principal) -> Decision {
        guard let tenant = tenants.id(named: principal.name) else {
            return .refuse(.notFound(.tenant, name: principal.name))
        }
        let name = "tenant/\(principal.name)"
        switch signed.standing {
        case .unchecked: preconditionFailure("a head's signatures are checked before anything is decided on them")
        case .bad(let reason):
            return .refuse(.invalid(field: "head", value: reason, expected: "a head signed by its log and by \(name)"))
        case .good(let head, let signer):
            guard signer == name else {
                return .refuse(.invalid(field: "key", value: signer, expected: "a key called \(name)"))
            }
            guard head <= self.head else {
                return .refuse(.invalid(field: "head", value: "\(head)", expected: "a record up to \(self.head)"))
            }
            return .record(.headCountersigned(tenant, head: head, signed.head, key: signed.key))
        }
    }

    // MARK: Who may what

    /// Why somebody may not ask for something, whatever the book holds (L13); nil where they may.
    ///
    /// Operators may everything; a tenant's principal, named like the tenant, what concerns its own leases; nobody
    /// else anything. Whether a lease is the asker's own is judged where the lease is looked up.
    package func refusal(to request: Request, by principal: Principal) -> Refusal? {
        let isAllowed: Bool
        switch principal.role {
        case .operator:
            // Nobody signs for a tenant but the tenant.
            if case .countersignHead = request { isAllowed = false } else { isAllowed = true }
        case .agent, .coordinator: isAllowed = false
        case .tenant:
            switch request {
            case .status, .importFleet, .showFleet, .listNodes, .showNode, .cordonNode, .uncordonNode, .createTenant,
                .listTenants, .setQuota, .askLog(.page):
                isAllowed = false
            case .showTenant(let name): isAllowed = name == principal.name
            case .quoteLease(let terms), .createLease(let terms): isAllowed = terms.tenant == principal.name
            case .listLeases(_, let filter): isAllowed = filter.tenant.map { $0 == principal.name } ?? true
            case .askLog(.export(let tenant, _, _)): isAllowed = tenant == principal.name
            case .showLease, .releaseLease, .cancelLease, .extendLease, .resizeLease, .explainLease, .watchEvents,
                .askLog, .countersignHead:
                isAllowed = true
            }
        }
        return isAllowed ? nil : .notAllowed(principal: principal.description, action: request.words)
    }

    /// A lease, as far as somebody may know of it; another tenant's looks as if it were not there.
    func lease(_ id: LeaseID, visibleTo principal: Principal) -> LeaseRow? {
        // Of one whose first part is long over, the first that is remembered.
        guard let row = leases[id] ?? parts(of: id).first, isVisible(row.granted.tenant, to: principal) else {
            return nil
        }
        return row
    }

    /// Whether somebody may see what concerns a tenant.
    func isVisible(_ tenant: TenantID, to principal: Principal) -> Bool {
        switch principal.role {
        case .operator: true
        case .tenant: tenants[tenant].name == principal.name
        case .agent, .coordinator: false
        }
    }

    // MARK: Fleet

    private func decideImport(_ part: FleetPart) -> Decision {
        if let refusal = LeaseBook.complaint(about: part) { return .refuse(refusal) }
        guard var whole = FleetStage.following(stage, part) else {
            let awaited = stage.map { "part \($0.nextPart) of the import under way, or part 0 of a new one" }
            return .refuse(.invalid(field: "part", value: "\(part.part)", expected: awaited ?? "part 0"))
        }
        guard part.isLast else { return .record(.fleetPartImported(part)) }
        whole.add(part)
        if let refusal = fleet.complaint(about: whole.fleet, calendar, at: lastInstant) { return .refuse(refusal) }
        let kinds = part.kinds + fleet.catalogueKinds(for: whole.fleet)
        return .record(
            .fleetPartImported(
                FleetPart(
                    importHash: part.importHash, part: part.part, partCount: part.partCount, kinds: kinds,
                    places: part.places, runs: part.runs)))
    }

    /// What is wrong with a part by itself: its bounds (L10).
    private static func complaint(about part: FleetPart) -> Refusal? {
        let bounds: [(field: String, value: Int, range: ClosedRange<Int>)] = [
            ("partCount", Int(part.partCount), 1...Limits.fleetPartCountMax),
            ("part", Int(part.part), 0...max(0, Int(part.partCount) - 1)),
            ("kinds", part.kinds.count, 0...Limits.kindCountMax),
            ("places", part.places.count, 0...Limits.fleetPartPlaceCountMax),
            ("runs", part.runs.count, 0...Limits.fleetPartRunCountMax),
        ]
        guard let wrong = bounds.first(where: { !$0.range.contains($0.value) }) else { return nil }
        let expected = "\(wrong.range.lowerBound) to \(wrong.range.upperBound)"
        return .invalid(field: wrong.field, value: "\(wrong.value)", expected: expected)
    }

    private func decideCordon(_ name: String, isCordoned: Bool) -> Decision {
        guard let node = fleet.node(named: name) else { return .refuse(.notFound(.node, name: name)) }
        return .record(.nodeCordonSet(node: node, isCordoned: isCordoned))
    }

    // MARK: Tenants

    private func decideTenant(_ name: String, quota: UInt32) -> Decision {
        if !isWellFormedName(name) { return .refuse(.notAName(field: "tenant", value: name)) }
        if tenants.id(named: name) != nil { return .refuse(.alreadyThere(.tenant, name: name)) }
        if tenants.rows.count >= Limits.tenantCountMax {
            let expected = "at most \(Limits.tenantCountMax) tenants"
            return .refuse(.invalid(field: "tenant", value: name, expected: expected))
        }
        return .record(.tenantCreated(name: name, quota: quota))
    }
}
