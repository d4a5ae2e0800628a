import LeaseholdModel

/// Deciding leases: what is asked for, whether the tenant may have it, where it lies, from when, and until when.
extension LeaseBook {
    /// A lease that could be granted.
    struct Fitting {
        let tenant: TenantID
        /// All that were named, in order of preference.
        let kinds: [KindID]
        /// Ascending by start; the first begins at once if it starts now.
        let parts: [LeasePart]

        var gpuCount: Int { parts.map(\.gpuCount).max() ?? 0 }
    }

    func decideLease(_ terms: LeaseTerms, in context: DecisionContext) -> Decision {
        if let refusal = complaint(aboutWaitOf: terms) { return .refuse(refusal) }
        switch fit(terms, in: context) {
        case .failure(let refusal): return decideWait(terms, refusal, in: context) ?? .refuse(refusal)
        case .success(let fitting): return .record(.leaseGranted(granted(terms, fitting, in: context)))
        }
    }

    /// What a record says of a lease that can be had.
    func granted(_ terms: LeaseTerms, _ fitting: Fitting, in context: DecisionContext) -> LeaseGranted {
        let first = fitting.parts[0]
        return LeaseGranted(
            tenant: fitting.tenant, unit: terms.unit, count: terms.count, kinds: fitting.kinds, shape: terms.shape,
            labels: terms.labels, onSilence: terms.onSilence, silenceClass: .guarded, within: terms.within,
            spread: terms.spread, turnaround: context.turnaround, first: first,
            further: Array(fitting.parts.dropFirst()), terms: terms.partTerms,
            begun: first.startsAt <= instant(in: context)
                ? begun(until: first.endsAt, terms.onSilence, in: context) : nil)
    }

    /// The instant of a decision: the calendar of the book never steps back, though the clock may.
    func instant(in context: DecisionContext) -> CalendarInstant { max(context.now.calendar, lastInstant) }

    /// How a part begins now that lasts until an instant.
    func begun(
        until endsAt: CalendarInstant, _ onSilence: SilenceMode, in context: DecisionContext
    ) -> LeaseBegun {
        LeaseBegun(
            reign: context.reign, keepBound: keepBound(until: endsAt, onSilence, in: context), keepBoot: context.boot)
    }

    /// Counted from now and not from the start: where the clock stepped back the node is told the longer remainder.
    func keepBound(
        until endsAt: CalendarInstant, _ onSilence: SilenceMode, in context: DecisionContext
    ) -> BootInstant? {
        switch onSilence {
        case .fence: nil
        case .keep: context.now.boot + context.holds.bound(after: endsAt - context.now.calendar)
        }
    }

    // MARK: Fitting

    /// Why a lease cannot be had.
    enum Obstacle: Error {
        case refused(Refusal)
        /// A part of it has no place; what is in its way takes another look at the fleet.
        case unplaced(Wish, [[KindID]])
    }

    /// Where the lease would lie and how long it would last, or the first reason why not.
    func fit(_ terms: LeaseTerms, in context: DecisionContext) -> Result<Fitting, Refusal> {
        var walks = FleetWalks()
        return found(terms, in: context, &walks).mapError { refusal(of: $0, at: instant(in: context)) }
    }

    /// The same without the words for why not, and with so many walks over the fleet besides what was asked for itself.
    func found(
        _ terms: LeaseTerms, in context: DecisionContext, _ walks: inout FleetWalks
    ) -> Result<Fitting, Obstacle> {
        if let refusal = complaint(aboutCountOf: terms) { return .failure(.refused(refusal)) }
        let now = instant(in: context)
        guard let tenant = tenants.id(named: terms.tenant) else {
            return .failure(.refused(.notFound(.tenant, name: terms.tenant)))
        }
        for names in terms.kinds {
            for name in LeaseBook.names(in: names) where fleet.kind(named: name) == nil {
                return .failure(.refused(.notFound(.kind, name: name)))
            }
        }
        let choices = kindChoices(of: terms)
        let kinds = choices.flatMap(\.self)
        if let refusal = complaint(aboutProfileOf: terms, kinds) { return .failure(.refused(refusal)) }
        func found(from earliest: CalendarInstant, _ walks: inout FleetWalks) -> Result<Fitting, Obstacle> {
            windows(of: terms, at: now, earliest: earliest).mapError(Obstacle.refused).flatMap { spans in
                place(terms, spans, choices, tenant, context.turnaround, at: now, &walks)
            }.map { Fitting(tenant: tenant, kinds: kinds, parts: $0) }
        }
        // Reached only by somebody who asks for years of short leases.
        if leases.counts.confirmed >= Limits.confirmedCountMax {
            let value = "\(leases.counts.confirmed) confirmed leases"
            return .failure(
                .refused(.invalid(field: "start", value: value, expected: "less than \(Limits.confirmedCountMax)")))
        }
        let first = found(from: now, &walks)
        guard terms.start == .soonest, case .failure(let obstacle) = first, obstacle.mayPass else { return first }
        walks.spend()
        let chances = chances(for: terms, choices, context.turnaround, after: now)
        return soonest(chances, of: tenant, &walks, found(from:_:)) ?? first
    }

    /// The kinds that terms name, in order of preference; those of one group are as good as each other.
    func kindChoices(of terms: LeaseTerms) -> [[KindID]] {
        terms.kinds.map { LeaseBook.names(in: $0).compactMap { fleet.kind(named: $0) } }
    }

    private static func names(in group: String) -> [String] {
        group.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
    }

    private func refusal(of obstacle: Obstacle, at now: CalendarInstant) -> Refusal {
        switch obstacle {
        case .refused(let refusal): refusal
        case .unplaced(let wish, let groups): refusal(of: wish, groups, at: now)
        }
    }

    private func place(
        _ terms: LeaseTerms, _ spans: [PartSpan], _ choices: [[KindID]], _ tenant: TenantID, _ turnaround: Span,
        at now: CalendarInstant, _ walks: inout FleetWalks
    ) -> Result<[LeasePart], Obstacle> {
        var parts: [LeasePart] = []
        var placementCount = 0
        for span in spans {
            if walks.areSpent { return .failure(.refused(.overloaded(retryAfter: Limits.overloadedRetry))) }
            // What the lease has already at the same time counts for its quota and is not free.
            let besideThousandths = parts.filter { $0.window.overlaps(span.window) }
                .reduce(0) { $0 + $1.gpuThousandths }
            let stay = span.window.extended(by: turnaround)
            let beside = parts.filter { $0.window.extended(by: turnaround).overlaps(stay) }
            let isNow = span.window.from <= now
            // A node has a GPU at least, so this is what the part takes at the very least.
            let least = span.count * terms.leastThousandths + besideThousandths
            if let refusal = complaint(aboutQuotaOf: tenant, asked: least, over: span.window, isNow: isNow) {
                return .failure(.refused(refusal))
            }
            var wish = Wish(
                unit: terms.unit, count: span.count, kind: nil, window: stay, isNow: isNow, within: terms.within,
                spread: terms.spread)
            wish.shape = terms.shape
            wish.labels = terms.labels
            wish.claims = beside.map { Claim(part: $0) }
            // What comes again lies where it lay before, if it can.
            let again: [Placement]? =
                terms.recurrence == nil ? nil : parts.last.flatMap { same($0.placements, wish, at: now) }
            guard let placements = again ?? place(wish, choices, at: now, &walks) else {
                return .failure(.unplaced(wish, choices))
            }
            let part = LeasePart(
                startsAt: span.window.from, endsAt: span.window.until, watts: fleet.envelope(of: placements),
                placements: placements)
            let asked = part.gpuThousandths + besideThousandths
            if let refusal = complaint(aboutQuotaOf: tenant, asked: asked, over: span.window, isNow: isNow) {
                return .failure(.refused(refusal))
            }
            parts.append(part)
            placementCount += placements.count
            // All parts are one record.
            let placementCountMax =
                terms.shape == .plain && terms.unit != .cpu ? Limits.nodeCountMax : Limits.usedPlacementCountMax
            guard placementCount <= placementCountMax else {
                let value = "\(placementCount) placements and more"
                return .failure(
                    .refused(
                        .invalid(field: "parts", value: value, expected: "\(placementCountMax) placements at most")))
            }
        }
        return .success(parts)
    }

    /// The same placements, if they are free and fed over the window of a wish.
    private func same(_ placements: [Placement], _ wish: Wish, at now: CalendarInstant) -> [Placement]? {
        let placer = Placer(in: self, for: wish, at: now)
        let areFree = placements.allSatisfy { placement in
            let isCounted = calendar.useCount(placement.node.offset) >= Limits.usesPerNodeCountMax
            if isCounted, !placement.use.isWhole { return false }
            guard placement.use.isPart || placement.gpus.isEmpty else {
                return placement.gpus.isSubset(of: placer.free(placement.node.offset))
            }
            return placer.room(placement.node.offset).fits(placement, of: fleet[placement.node].shape)
        }
        return areFree && placer.isFed(placements) ? placements : nil
    }

    // MARK: The request by itself

    /// So many units over a window.
    struct PartSpan {
        let count: Int
        let window: Window
    }

    private func complaint(aboutCountOf terms: LeaseTerms) -> Refusal? {
        let countMax =
            switch terms.unit {
            case .gpu: Limits.nodeCountMax * GPUSet.countMax
            case .node, .nvlinkDomain, .rack, .hall, .site: Limits.nodeCountMax
            case .slice, .share, .cpu: Limits.partCountMax
            }
        if !(1...countMax).contains(Int(terms.count)) {
            return .invalid(field: "count", value: "\(terms.count)", expected: "1 to \(countMax)")
        }
        if terms.kinds.count > Limits.kindPreferenceCountMax {
            let expected = "\(Limits.kindPreferenceCountMax) kinds at most"
            return .invalid(field: "kinds", value: "\(terms.kinds.count)", expected: expected)
        }
        if let refusal = complaint(aboutShapeOf: terms) { return refusal }
        if terms.start == .soonest, !terms.steps.isEmpty || terms.recurrence != nil {
            let field = terms.steps.isEmpty ? "recurrence" : "steps"
            return .invalid(field: field, value: "beside soonest", expected: "a start at an instant, or now")
        }
        switch terms.unit {
        case .gpu, .node, .slice, .share, .cpu:
            guard terms.within != nil, let spread = terms.spread else { return nil }
            return .invalid(field: "spread", value: spread.word, expected: "none beside within")
        case .nvlinkDomain, .rack, .hall, .site:
            if terms.within != nil || terms.spread != nil {
                let field = terms.within != nil ? "within" : "spread"
                return .invalid(field: field, value: terms.unit.word, expected: "a lease of GPUs or nodes")
            }
            return nil
        }
    }

    /// `asked` in thousandths of GPUs; the refusal counts whole ones, rounded up.
    func complaint(
        aboutQuotaOf tenant: TenantID, asked: Int, over window: Window, isNow: Bool
    ) -> Refusal? {
        let row = tenants[tenant]
        let promised = calendar.promised(tenant, over: window)
        let held = isNow ? max(promised, row.heldThousandths) : promised
        // Who may hold no GPU has no use for the CPU beside it.
        guard held + asked > row.quota * 1_000 || row.quota == 0 else { return nil }
        return .quotaExceeded(
            tenant: row.name, quota: row.quota, held: wholeGPUs(held), asked: wholeGPUs(asked))
    }

    // MARK: The place

    /// The first kind that can hold all of it; with no kind named all kinds together; nil where none can.
    private func place(
        _ wish: Wish, _ groups: [[KindID]], at now: CalendarInstant, _ walks: inout FleetWalks
    ) -> [Placement]? {
        let choices: [[KindID]?] = groups.isEmpty ? [nil] : groups
        for kind in choices where !walks.areSpent {
            walks.spend()
            let placer = placer(wish, kind, mindsPower: !isPlanted(.ignoresWatts), at: now)
            if let found = placer.place() { return found }
        }
        return nil
    }

    private func placer(
        _ wish: Wish, _ group: [KindID]?, mindsPower: Bool, at now: CalendarInstant
    ) -> Placer {
        var some = wish
        some.choose(group)
        some.mindsPower = mindsPower
        return Placer(in: self, for: some, at: now)
    }

    /// Why a wish that has no place has none.
    private func refusal(of wish: Wish, _ groups: [[KindID]], at now: CalendarInstant) -> Refusal {
        let choices: [[KindID]?] = groups.isEmpty ? [nil] : groups
        if fleet.isPowerBound {
            for kind in choices {
                guard let found = placer(wish, kind, mindsPower: false, at: now).place() else { continue }
                if let shortage = fleet.shortage(for: found, wish, calendar, at: now) { return shortage }
            }
        }
        let grantable = choices.map { placer(wish, $0, mindsPower: false, at: now).room() }.max() ?? 0
        switch wish.unit {
        case .gpu:
            let inventory =
                groups.isEmpty ? fleet.holders.count : groups.joined().reduce(0) { $0 + fleet.gpuCount(of: $1) }
            return .noCapacity(asked: wish.count, grantable: grantable, inventory: inventory)
        case .node, .nvlinkDomain, .rack, .hall, .site, .slice, .share, .cpu:
            return .noWholeNodes(unit: wish.unit, asked: wish.count, grantable: grantable)
        }
    }
}

extension LeaseTerms {
    /// What is agreed for each part, which is what a step adds; empty where nothing is agreed for any.
    fileprivate var partTerms: [StepTerms] {
        steps.contains { $0.terms != .none } ? steps.map(\.terms) : []
    }
}

extension LeaseBook.Obstacle {
    /// Whether the same lease might be had later.
    fileprivate var mayPass: Bool {
        switch self {
        case .refused(let refusal): refusal.mayPass
        case .unplaced: true
        }
    }
}

extension Refusal {
    /// Whether the same lease might be had later.
    var mayPass: Bool {
        switch code {
        case .noCapacity, .noWholeNodes, .noPower, .quotaExceeded: true
        default: false
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
