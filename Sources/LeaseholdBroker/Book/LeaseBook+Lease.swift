import LeaseholdModel

/// Deciding leases: what is asked for, whether the tenant may have it, where it lies, and until when.
extension LeaseBook {
    /// A lease that could be granted now.
    struct Fitting {
        let tenant: TenantID
        let kinds: [KindID]
        let startsAt: CalendarInstant
        let endsAt: CalendarInstant
        let gpuCount: Int
        let watts: Watts
        let placements: [Placement]
    }

    func decideLease(_ terms: LeaseTerms, in context: DecisionContext) -> Decision {
        // The calendar of the book never steps back, though the clock may.
        let startsAt = max(context.now.calendar, lastInstant)
        switch fit(terms, startsAt: startsAt) {
        case .failure(let refusal): return .refuse(refusal)
        case .success(let fitting):
            // From now and not from the start: where the clock stepped back the node is told the longer remainder.
            let remaining = fitting.endsAt - context.now.calendar
            let keepBound: BootInstant? =
                switch terms.onSilence {
                case .fence: nil
                case .keep: context.now.boot + context.holds.bound(after: remaining)
                }
            return .record(
                .leaseGranted(
                    LeaseGranted(
                        tenant: fitting.tenant, unit: terms.unit, count: terms.count, kinds: fitting.kinds,
                        onSilence: terms.onSilence, silenceClass: .guarded, reign: context.reign, startsAt: startsAt,
                        endsAt: fitting.endsAt, watts: fitting.watts, placements: fitting.placements,
                        keepBound: keepBound, keepBoot: context.boot)))
        }
    }

    func decideRelease(_ id: LeaseID, by principal: Principal) -> Decision {
        guard let row = lease(id, visibleTo: principal) else {
            return .refuse(.notFound(.lease, name: id.description))
        }
        guard row.isLive else { return .refuse(.wrongState(lease: id, state: row.state, asked: "released")) }
        return .record(.leaseEnding(id, cause: .released))
    }

    /// Where the lease would lie and how long it would last, or the first reason why not.
    func fit(_ terms: LeaseTerms, startsAt: CalendarInstant) -> Result<Fitting, Refusal> {
        if let refusal = complaint(aboutCountOf: terms) { return .failure(refusal) }
        let endsAt: CalendarInstant
        switch end(of: terms, startsAt: startsAt) {
        case .failure(let refusal): return .failure(refusal)
        case .success(let instant): endsAt = instant
        }
        guard let tenant = tenants.id(named: terms.tenant) else {
            return .failure(.notFound(.tenant, name: terms.tenant))
        }
        var kinds: [KindID] = []
        for name in terms.kinds {
            guard let kind = fleet.kind(named: name) else { return .failure(.notFound(.kind, name: name)) }
            kinds.append(kind)
        }
        // A node has a GPU at least, so this is what the lease takes at the very least.
        if let refusal = complaint(aboutQuotaOf: tenant, asked: Int(terms.count)) { return .failure(refusal) }
        return place(terms, kinds: kinds).flatMap { placements in
            let gpuCount = placements.reduce(0) { $0 + $1.gpus.count }
            if let refusal = complaint(aboutQuotaOf: tenant, asked: gpuCount) { return .failure(refusal) }
            return .success(
                Fitting(
                    tenant: tenant, kinds: kinds, startsAt: startsAt, endsAt: endsAt, gpuCount: gpuCount,
                    watts: fleet.envelope(of: placements), placements: placements))
        }
    }

    // MARK: The request by itself

    private func complaint(aboutCountOf terms: LeaseTerms) -> Refusal? {
        let countMax =
            switch terms.unit {
            case .gpu: Limits.nodeCountMax * GPUSet.countMax
            case .node, .site: Limits.nodeCountMax
            }
        if !(1...countMax).contains(Int(terms.count)) {
            return .invalid(field: "count", value: "\(terms.count)", expected: "1 to \(countMax)")
        }
        if terms.kinds.count > Limits.kindPreferenceCountMax {
            let expected = "\(Limits.kindPreferenceCountMax) kinds at most"
            return .invalid(field: "kinds", value: "\(terms.kinds.count)", expected: expected)
        }
        return nil
    }

    private func end(of terms: LeaseTerms, startsAt: CalendarInstant) -> Result<CalendarInstant, Refusal> {
        let expected = "\(Limits.termMin) to \(Limits.termMax)"
        let terms = terms.end
        switch terms {
        case .after(let term):
            guard (Limits.termMin...Limits.termMax).contains(term) else {
                return .failure(.invalid(field: "term", value: "\(term)", expected: expected))
            }
            return .success(startsAt + term)
        case .at(let instant):
            let term = instant - startsAt
            guard (Limits.termMin...Limits.termMax).contains(term) else {
                let distance = "\(Span.seconds(term.wholeSeconds)) from now"
                return .failure(.invalid(field: "end", value: distance, expected: expected + " from now"))
            }
            return .success(instant)
        }
    }

    private func complaint(aboutQuotaOf tenant: TenantID, asked: Int) -> Refusal? {
        let row = tenants[tenant]
        guard row.held + asked > row.quota else { return nil }
        return .quotaExceeded(tenant: row.name, quota: row.quota, held: row.held, asked: asked)
    }

    // MARK: The place

    /// The first kind that can hold all of it; with no kind named all kinds together.
    private func place(_ terms: LeaseTerms, kinds: [KindID]) -> Result<[Placement], Refusal> {
        let choices: [KindID?] = kinds.isEmpty ? [nil] : kinds
        func wish(_ kind: KindID?, mindsPower: Bool) -> Wish {
            Wish(unit: terms.unit, count: Int(terms.count), kind: kind, mindsPower: mindsPower)
        }
        for kind in choices {
            if let found = fleet.place(wish(kind, mindsPower: !isPlanted(.ignoresWatts))) { return .success(found) }
        }
        if fleet.isPowerLimited {
            for kind in choices {
                guard let found = fleet.place(wish(kind, mindsPower: false)) else { continue }
                if let shortage = fleet.shortage(for: found) { return .failure(shortage) }
            }
        }
        let grantable = choices.map { fleet.room(for: wish($0, mindsPower: false)) }.max() ?? 0
        switch terms.unit {
        case .gpu:
            let inventory =
                kinds.isEmpty ? fleet.holders.count : kinds.reduce(0) { $0 + fleet.gpuCount(of: $1) }
            return .failure(.noCapacity(asked: Int(terms.count), grantable: grantable, inventory: inventory))
        case .node, .site:
            return .failure(.noWholeNodes(unit: terms.unit, asked: Int(terms.count), grantable: grantable))
        }
    }
}

extension Inventory {
    /// GPUs of a kind, whatever their state.
    func gpuCount(of kind: KindID) -> Int {
        self[kind].pools[PlaceLevel.site.tableIndex].reduce(0) { $0 + pools[$1].gpuCount }
    }

    /// GPUs of a kind that can be granted now.
    func freeCount(of kind: KindID) -> Int {
        self[kind].pools[PlaceLevel.site.tableIndex].reduce(0) { $0 + pools[$1].freeCount }
    }
}
