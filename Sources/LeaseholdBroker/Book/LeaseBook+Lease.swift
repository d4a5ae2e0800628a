package import LeaseholdModel

/// Deciding leases: what is asked for, whether the tenant may have it, where it lies, from when, and until when.
extension LeaseBook {
    /// A lease that could be granted.
    struct Fitting {
        let tenant: TenantID
        let kinds: [KindID]
        /// Ascending by start; the first begins at once if it starts now.
        let parts: [LeasePart]

        var gpuCount: Int { parts.map(\.gpuCount).max() ?? 0 }
    }

    func decideLease(_ terms: LeaseTerms, in context: DecisionContext) -> Decision {
        switch fit(terms, in: context) {
        case .failure(let refusal): return .refuse(refusal)
        case .success(let fitting):
            let first = fitting.parts[0]
            return .record(
                .leaseGranted(
                    LeaseGranted(
                        tenant: fitting.tenant, unit: terms.unit, count: terms.count, kinds: fitting.kinds,
                        onSilence: terms.onSilence, silenceClass: .guarded, within: terms.within,
                        spread: terms.spread, turnaround: context.turnaround, first: first,
                        further: Array(fitting.parts.dropFirst()),
                        begun: first.startsAt <= instant(in: context)
                            ? begun(until: first.endsAt, terms.onSilence, in: context) : nil)))
        }
    }

    /// The instant of a decision: the calendar of the book never steps back, though the clock may.
    private func instant(in context: DecisionContext) -> CalendarInstant { max(context.now.calendar, lastInstant) }

    /// How a part begins now that lasts until an instant.
    private func begun(
        until endsAt: CalendarInstant, _ onSilence: SilenceMode, in context: DecisionContext
    ) -> LeaseBegun {
        LeaseBegun(
            reign: context.reign, keepBound: keepBound(until: endsAt, onSilence, in: context), keepBoot: context.boot)
    }

    /// Counted from now and not from the start: where the clock stepped back the node is told the longer remainder.
    private func keepBound(
        until endsAt: CalendarInstant, _ onSilence: SilenceMode, in context: DecisionContext
    ) -> BootInstant? {
        switch onSilence {
        case .fence: nil
        case .keep: context.now.boot + context.holds.bound(after: endsAt - context.now.calendar)
        }
    }

    // MARK: Changes

    /// Early release: what has begun ends, what has not is cancelled with it.
    func decideRelease(_ id: LeaseID, by principal: Principal) -> Decision {
        guard lease(id, visibleTo: principal) != nil else {
            return .refuse(.notFound(.lease, name: id.description))
        }
        let rows = parts(of: id)
        guard rows.contains(where: \.isLive) else {
            return .refuse(.wrongState(lease: id, state: rows[0].state, asked: "released"))
        }
        return .record(.leaseEnding(id, cause: .released))
    }

    /// Gives up what of a lease is still to begin, while nothing of it runs.
    func decideCancel(_ id: LeaseID, by principal: Principal) -> Decision {
        guard lease(id, visibleTo: principal) != nil else {
            return .refuse(.notFound(.lease, name: id.description))
        }
        let rows = parts(of: id)
        if let live = rows.first(where: \.isLive) {
            return .refuse(.wrongState(lease: live.id, state: live.state, asked: "cancelled"))
        }
        guard rows.contains(where: { $0.state == .confirmed }) else {
            return .refuse(.wrongState(lease: id, state: rows[0].state, asked: "cancelled"))
        }
        return .record(.leaseEnding(id, cause: .cancelled))
    }

    /// A later end of all parts of a lease that have not ended, on the same GPUs; all of it or nothing.
    func decideExtend(_ id: LeaseID, to end: LeaseEnd, by principal: Principal, in context: DecisionContext) -> Decision
    {
        guard let row = lease(id, visibleTo: principal) else {
            return .refuse(.notFound(.lease, name: id.description))
        }
        let rows = parts(of: id).filter(\.isDue)
        guard let first = rows.first, first.part.endsAt > instant(in: context) else {
            return .refuse(.wrongState(lease: id, state: row.state, asked: "extended, its term being over"))
        }
        guard rows.allSatisfy({ $0.part.endsAt == first.part.endsAt }) else {
            return .refuse(.invalid(field: "lease", value: "\(id)", expected: "one that does not come again and again"))
        }
        let endsAt: CalendarInstant =
            switch end {
            case .after(let span): first.part.endsAt + span
            case .at(let instant): instant
            }
        guard endsAt > first.part.endsAt, endsAt - first.part.startsAt <= Limits.termMax else {
            let expected = "after its end, and a term of \(Limits.termMax) at most"
            return .refuse(
                .invalid(field: "end", value: "\(endsAt - first.part.startsAt) from its start", expected: expected))
        }
        if let refusal = objection(toExtending: rows, to: endsAt, in: context) { return .refuse(refusal) }
        let bound = rows.contains(where: \.isLive) ? keepBound(until: endsAt, row.granted.onSilence, in: context) : nil
        return .record(.leaseExtended(id, endsAt: endsAt, keepBound: bound, keepBoot: context.boot))
    }

    /// Why the GPUs, the watts or the quota of some parts with one end do not reach to a later one.
    private func objection(
        toExtending rows: [LeaseRow], to endsAt: CalendarInstant, in context: DecisionContext
    ) -> Refusal? {
        let added = Window(from: rows[0].part.endsAt, until: endsAt)
        let asked = rows.reduce(0) { $0 + $1.gpuCount }
        if let refusal = complaint(aboutQuotaOf: rows[0].granted.tenant, asked: asked, over: added, isNow: false) {
            return refusal
        }
        var promised: (node: NodeID, from: CalendarInstant)?
        for row in rows {
            let stay = Window(from: row.stay.until, until: endsAt + row.granted.turnaround)
            for placement in row.part.placements {
                let busy = calendar.busy(placement.node.offset, over: stay, moving: row.id)
                guard busy.overlaps(placement.gpus) else { continue }
                for other in calendar.stays(on: placement.node)
                where other.lease != row.id && other.gpus.overlaps(placement.gpus) && other.window.overlaps(stay) {
                    if other.from < promised?.from ?? .never { promised = (placement.node, other.from) }
                }
            }
        }
        if let promised {
            return .promised(
                lease: rows[0].id, node: fleet[promised.node].shape.name,
                until: promised.from - rows[0].granted.turnaround)
        }
        // All parts at once: each of them could be fed, and all of them not.
        let now = instant(in: context)
        let stay = Window(from: rows[0].stay.until, until: endsAt + rows[0].granted.turnaround)
        return fleet.shortage(
            for: rows.flatMap(\.part.placements), wish(rows[0], over: stay, isNow: false, at: now), calendar, at: now)
    }

    // MARK: What begins by itself

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
            let isTaken = standing.leased.overlaps(placement.gpus)
            let isBroken = standing.state != .ready || standing.unhealthy.overlaps(placement.gpus)
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

    /// The same part with other GPUs instead of those on some nodes; nil where there are none.
    ///
    /// What may lie anywhere is moved by itself. What must lie together is moved together, and a whole place is not
    /// moved at all.
    func moved(_ row: LeaseRow, off nodes: [NodeID], in context: DecisionContext) -> Record? {
        let now = instant(in: context)
        let isNow = row.part.startsAt <= now
        switch row.granted.unit {
        case .gpu, .node: break
        case .nvlinkDomain, .rack, .hall, .site: return nil
        }
        var wish = wish(row, over: row.stay, isNow: isNow, at: now)
        wish.moving = row.id
        wish.moved = row.part.placements
        let staying = row.granted.within == nil ? row.part.placements : []
        let bad = Set(nodes)
        let kept = staying.filter { !bad.contains($0.node) }
        let gone = staying.isEmpty ? row.part.placements : staying.filter { bad.contains($0.node) }
        wish.count = row.granted.unit == .node ? gone.count : gone.reduce(0) { $0 + $1.gpus.count }
        if !row.granted.kinds.isEmpty { wish.kind = fleet.briefs[gone[0].node.offset].kind }
        if row.granted.within == nil { wish.spread = nil }
        wish.claims = [
            Claim(part: LeasePart(startsAt: row.stay.from, endsAt: row.stay.until, watts: .zero, placements: kept))
        ]
        guard let found = Placer(fleet: fleet, calendar: calendar, now: now, wish: wish).place() else { return nil }
        let placements = LeaseBook.joined(kept, found)
        let gpuCount = placements.reduce(0) { $0 + $1.gpus.count }
        guard gpuCount == row.gpuCount, placements != row.part.placements else { return nil }
        return .leaseMoved(row.id, placements, watts: fleet.envelope(of: placements))
    }

    /// Placements of one part, ascending by node; those on one node become one.
    static func joined(_ left: [Placement], _ right: [Placement]) -> [Placement] {
        var joined: [Placement] = []
        for placement in (left + right).sorted(by: { $0.node < $1.node }) {
            if let last = joined.last, last.node == placement.node {
                joined[joined.count - 1] = Placement(node: last.node, gpus: last.gpus.union(placement.gpus))
            } else {
                joined.append(placement)
            }
        }
        return joined
    }

    private func wish(_ row: LeaseRow, over window: Window, isNow: Bool, at now: CalendarInstant) -> Wish {
        Wish(
            unit: row.granted.unit, count: Int(row.granted.count), kind: nil, window: window, isNow: isNow,
            within: row.granted.within, spread: row.granted.spread)
    }

    // MARK: Fitting

    /// Where the lease would lie and how long it would last, or the first reason why not.
    func fit(_ terms: LeaseTerms, in context: DecisionContext) -> Result<Fitting, Refusal> {
        if let refusal = complaint(aboutCountOf: terms) { return .failure(refusal) }
        let now = instant(in: context)
        guard let tenant = tenants.id(named: terms.tenant) else {
            return .failure(.notFound(.tenant, name: terms.tenant))
        }
        var kinds: [KindID] = []
        for name in terms.kinds {
            guard let kind = fleet.kind(named: name) else { return .failure(.notFound(.kind, name: name)) }
            kinds.append(kind)
        }
        func fit(from earliest: CalendarInstant) -> Result<Fitting, Refusal> {
            windows(of: terms, at: now, earliest: earliest).flatMap { spans in
                self.fit(terms, spans, kinds, tenant, context.turnaround, at: now)
            }.map { Fitting(tenant: tenant, kinds: kinds, parts: $0) }
        }
        // Reached only by somebody who asks for years of short leases.
        if leases.counts.confirmed >= Limits.confirmedCountMax {
            let value = "\(leases.counts.confirmed) confirmed leases"
            return .failure(.invalid(field: "start", value: value, expected: "less than \(Limits.confirmedCountMax)"))
        }
        let first = fit(from: now)
        guard terms.start == .soonest, case .failure(let refusal) = first, refusal.mayPass else { return first }
        let starts = chances(for: terms, kinds, context.turnaround, after: now) + calendar.falls(of: tenant, after: now)
        for start in starts.sorted() {
            if case .success(let fitting) = fit(from: start) { return .success(fitting) }
        }
        return first
    }

    /// Instants at which a lease that cannot begin now might begin, ascending; a bounded number.
    ///
    /// For what lies in one node the very first at which a node has room. For the rest instants at which GPUs of a kind
    /// come free and so many of them are left by the counts; where they lie is looked at by placement.
    private func chances(
        for terms: LeaseTerms, _ kinds: [KindID], _ turnaround: Span, after now: CalendarInstant
    ) -> [CalendarInstant] {
        guard case .success(let spans) = windows(of: terms, at: now, earliest: now), let span = spans.first else {
            return []
        }
        let stay = span.window.extended(by: turnaround)
        let choices: [KindID?] = kinds.isEmpty ? [nil] : kinds
        let isInOneNode =
            terms.unit == .node && span.count == 1
            || terms.unit == .gpu && (terms.within == .node || span.count == 1)
        if isInOneNode {
            return choices.compactMap { kind in
                let wish = Wish(unit: terms.unit, count: span.count, kind: kind, window: stay, isNow: false)
                return Placer(fleet: fleet, calendar: calendar, now: now, wish: wish).firstStartInOneNode()
            }.sorted()
        }
        let least = terms.unit == .gpu ? span.count : 1
        let all = kinds.isEmpty ? fleet.kinds.indices.map { KindID(rawValue: UInt16($0)) } : kinds
        return calendar.chances(
            for: all, capacity: fleet.gpuCount(of:), areMixed: kinds.isEmpty, atLeast: least, like: stay)
    }

    private func fit(
        _ terms: LeaseTerms, _ spans: [PartSpan], _ kinds: [KindID], _ tenant: TenantID, _ turnaround: Span,
        at now: CalendarInstant
    ) -> Result<[LeasePart], Refusal> {
        var parts: [LeasePart] = []
        var placementCount = 0
        for span in spans {
            // What the lease has already at the same time counts for its quota and is not free.
            let besideCount = parts.filter { $0.window.overlaps(span.window) }.reduce(0) { $0 + $1.gpuCount }
            let stay = span.window.extended(by: turnaround)
            let beside = parts.filter { $0.window.extended(by: turnaround).overlaps(stay) }
            let isNow = span.window.from <= now
            // A node has a GPU at least, so this is what the part takes at the very least.
            let least = span.count + besideCount
            if let refusal = complaint(aboutQuotaOf: tenant, asked: least, over: span.window, isNow: isNow) {
                return .failure(refusal)
            }
            var wish = Wish(
                unit: terms.unit, count: span.count, kind: nil, window: stay, isNow: isNow, within: terms.within,
                spread: terms.spread)
            wish.claims = beside.map { Claim(part: $0) }
            // What comes again lies where it lay before, if it can.
            let again: [Placement]? =
                terms.recurrence == nil ? nil : parts.last.flatMap { same($0.placements, wish, at: now) }
            switch again.map(Result.success) ?? place(wish, kinds: kinds, at: now) {
            case .failure(let refusal): return .failure(refusal)
            case .success(let placements):
                let part = LeasePart(
                    startsAt: span.window.from, endsAt: span.window.until, watts: fleet.envelope(of: placements),
                    placements: placements)
                let asked = part.gpuCount + besideCount
                if let refusal = complaint(aboutQuotaOf: tenant, asked: asked, over: span.window, isNow: isNow) {
                    return .failure(refusal)
                }
                parts.append(part)
                placementCount += placements.count
            }
            // All parts are one record.
            guard placementCount <= Limits.nodeCountMax else {
                let value = "\(placementCount) placements and more"
                return .failure(
                    .invalid(field: "parts", value: value, expected: "\(Limits.nodeCountMax) placements at most"))
            }
        }
        return .success(parts)
    }

    /// The same placements, if they are free and fed over the window of a wish.
    private func same(_ placements: [Placement], _ wish: Wish, at now: CalendarInstant) -> [Placement]? {
        let placer = Placer(fleet: fleet, calendar: calendar, now: now, wish: wish)
        let areFree = placements.allSatisfy { $0.gpus.isSubset(of: placer.free($0.node.offset)) }
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
            }
        if !(1...countMax).contains(Int(terms.count)) {
            return .invalid(field: "count", value: "\(terms.count)", expected: "1 to \(countMax)")
        }
        if terms.kinds.count > Limits.kindPreferenceCountMax {
            let expected = "\(Limits.kindPreferenceCountMax) kinds at most"
            return .invalid(field: "kinds", value: "\(terms.kinds.count)", expected: expected)
        }
        if terms.start == .soonest, !terms.steps.isEmpty || terms.recurrence != nil {
            let field = terms.steps.isEmpty ? "recurrence" : "steps"
            return .invalid(field: field, value: "beside soonest", expected: "a start at an instant, or now")
        }
        switch terms.unit {
        case .gpu, .node:
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

    private func complaint(
        aboutQuotaOf tenant: TenantID, asked: Int, over window: Window, isNow: Bool
    ) -> Refusal? {
        let row = tenants[tenant]
        let promised = calendar.promised(tenant, over: window)
        let held = isNow ? max(promised, row.held) : promised
        guard held + asked > row.quota else { return nil }
        return .quotaExceeded(tenant: row.name, quota: row.quota, held: held, asked: asked)
    }

    // MARK: The place

    /// The first kind that can hold all of it; with no kind named all kinds together.
    private func place(_ wish: Wish, kinds: [KindID], at now: CalendarInstant) -> Result<[Placement], Refusal> {
        let choices: [KindID?] = kinds.isEmpty ? [nil] : kinds
        func placer(_ kind: KindID?, mindsPower: Bool) -> Placer {
            var some = wish
            some.kind = kind
            some.mindsPower = mindsPower
            return Placer(fleet: fleet, calendar: calendar, now: now, wish: some)
        }
        for kind in choices {
            if let found = placer(kind, mindsPower: !isPlanted(.ignoresWatts)).place() { return .success(found) }
        }
        if fleet.isPowerBound {
            for kind in choices {
                guard let found = placer(kind, mindsPower: false).place() else { continue }
                if let shortage = fleet.shortage(for: found, wish, calendar, at: now) { return .failure(shortage) }
            }
        }
        let grantable = choices.map { placer($0, mindsPower: false).room() }.max() ?? 0
        switch wish.unit {
        case .gpu:
            let inventory =
                kinds.isEmpty ? fleet.holders.count : kinds.reduce(0) { $0 + fleet.gpuCount(of: $1) }
            return .failure(.noCapacity(asked: wish.count, grantable: grantable, inventory: inventory))
        case .node, .nvlinkDomain, .rack, .hall, .site:
            return .failure(.noWholeNodes(unit: wish.unit, asked: wish.count, grantable: grantable))
        }
    }
}

extension NodeReason {
    /// Whether the node is only silent or broken, and nothing that it might hold is in doubt.
    fileprivate var isPlain: Bool {
        switch self {
        case .silent, .guardDown: true
        case .none, .newReign, .hardwareDiffers, .witnessAhead, .orderRefused, .strangerListed: false
        }
    }
}

extension Refusal {
    /// Whether the same lease might be had later.
    fileprivate var mayPass: Bool {
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
