import LeaseholdModel

/// Leases that begin as soon as possible: at which instants it is worth to look for a place.
extension LeaseBook {
    /// The first of some instants, or of those at which the tenant's quota frees some, at which a place is found.
    ///
    /// The first one is looked at by itself: nearly always it does.
    func soonest(
        _ chances: [CalendarInstant], of tenant: TenantID, _ walks: inout FleetWalks,
        _ found: (CalendarInstant, inout FleetWalks) -> Result<Fitting, Obstacle>
    ) -> Result<Fitting, Obstacle>? {
        guard let earliest = chances.first else { return nil }
        if case .success(let fitting) = found(earliest, &walks) { return .success(fitting) }
        // Where it is not the GPUs that bind, an instant after the first chance may be the first at which quota allows it.
        let others = chances.dropFirst() + calendar.falls(of: tenant, after: earliest)
        var last = earliest
        for start in others.sorted() where start != last && walks.left > 0 {
            last = start
            if case .success(let fitting) = found(start, &walks) { return .success(fitting) }
        }
        return nil
    }

    /// Instants at which a lease that cannot begin now might begin, ascending; a bounded number.
    ///
    /// For what lies in one node the very first at which a node has room. For the rest instants at which GPUs of a kind
    /// come free and so many of them are left by the counts; where they lie is looked at by placement.
    func chances(
        for terms: LeaseTerms, _ groups: [[KindID]], _ turnaround: Span, after now: CalendarInstant
    ) -> [CalendarInstant] {
        guard case .success(let spans) = windows(of: terms, at: now, earliest: now), let span = spans.first else {
            return []
        }
        let stay = span.window.extended(by: turnaround)
        func wish(_ group: [KindID]?) -> Wish {
            var wish = Wish(unit: terms.unit, count: span.count, kind: nil, window: stay, isNow: false)
            wish.shape = terms.shape
            wish.labels = terms.labels
            wish.choose(group)
            return wish
        }
        let choices: [[KindID]?] = groups.isEmpty ? [nil] : groups
        switch terms.unit {
        case .slice, .share, .cpu:
            return choices.flatMap { Placer(in: self, for: wish($0), at: now).startsOfParts() }.sorted()
        case .gpu, .node, .nvlinkDomain, .rack, .hall, .site: break
        }
        let isInOneNode =
            terms.unit == .node && span.count == 1
            || terms.unit == .gpu && (terms.within == .node || span.count == 1)
        if isInOneNode {
            return choices.compactMap { Placer(in: self, for: wish($0), at: now).firstStartInOneNode() }.sorted()
        }
        let least = terms.unit == .gpu ? span.count : 1
        let all = groups.isEmpty ? fleet.kinds.indices.map { KindID(rawValue: UInt16($0)) } : groups.flatMap(\.self)
        return calendar.chances(
            for: all, capacity: fleet.gpuCount(of:), areMixed: groups.allSatisfy { $0.count > 1 }, atLeast: least,
            like: stay)
    }
}
