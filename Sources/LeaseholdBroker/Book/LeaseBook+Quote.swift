package import LeaseholdModel

/// What stands in the way of a lease, and what would make it fit: every change is tried, on a book that nobody sees.
extension LeaseBook {
    /// Why a lease cannot be had, with the changes that a second quote confirms.
    ///
    /// All changes together take a bounded number of walks over the fleet (L10), each at most half of what those before
    /// it have left. When they are spent there may be a change that would help and is not named, a larger count than the
    /// one that is named, or an earlier start; what is named holds.
    func declined(
        _ terms: LeaseTerms, _ refusal: Refusal, in context: DecisionContext, _ walks: inout FleetWalks
    ) -> DeclinedQuote {
        var found: [(loss: Int64, relaxation: Relaxation)] = []
        func tried(_ binding: QuoteBinding, _ change: String, _ loss: Int64, _ fitting: Fitting?) {
            guard let part = fitting?.parts.first else { return }
            found.append(
                (
                    loss,
                    Relaxation(
                        binding: binding, change: change, startsAt: part.startsAt, endsAt: part.endsAt,
                        gpuCount: part.gpuCount, watts: part.watts)
                ))
        }
        if !terms.kinds.isEmpty {
            tried(.kind, "without --kind", 1, fitting(terms.with(kinds: []), in: context, &walks))
        }
        if !terms.labels.isEmpty {
            tried(.labels, "without --where", 1, fitting(terms.with(labels: []), in: context, &walks))
        }
        if terms.within != nil || terms.spread != nil {
            let flag = terms.within != nil ? "--within" : "--spread"
            tried(.reach, "without \(flag)", 1, fitting(terms.withoutReach, in: context, &walks))
        }
        if let later = later(terms, in: context, &walks) {
            let delay = later.parts[0].startsAt - start(of: terms, in: context)
            let term = later.parts[0].window.span
            let loss = delay.wholeSeconds * 1_000 / max(1, delay.wholeSeconds + term.wholeSeconds)
            tried(.calendar, "--start \(later.parts[0].startsAt.rfc3339)", 2 + loss, later)
        }
        if let (count, fitting) = fewer(terms, in: context, &walks) {
            let loss = Int64(terms.count - count) * 1_000 / Int64(terms.count)
            tried(.count, "--count \(count)", 2 + loss, fitting)
        }
        switch refusal {
        case .quotaExceeded(let tenant, _, let held, let asked):
            let quota = held + asked
            tried(
                .quota, "tenant set-quota \(tenant) \(quota)", 0,
                raised(quota: quota).fitting(terms, in: context, &walks))
        case .noPower(let place, _, let committed, let asked):
            let limit = committed + asked
            tried(
                .power, "a limit of \(limit) for \(place)", 0,
                raised(limit, of: place).fitting(terms, in: context, &walks))
        default: break
        }
        // The sort is stable: of equal losses the one that was tried first.
        let sorted = found.sorted { $0.loss < $1.loss }.map(\.relaxation)
        var binds = LeaseBook.binding(of: refusal).map { [$0] } ?? []
        for relaxation in sorted where !binds.contains(relaxation.binding) && relaxation.binding != .count {
            binds.append(relaxation.binding)
        }
        // Where not everything could be tried nobody knows what binds.
        if binds.isEmpty, walks.left > 0 { binds = [.count] }
        return DeclinedQuote(refusal: refusal, binds: binds, relaxations: sorted)
    }

    /// What is paid for, kind by kind, over the whole terms of all parts; a piece of a millisecond at the end is not.
    package func units(of parts: [LeasePart]) -> [QuotedUnits] {
        // Nanoseconds of thousandths of a GPU: years of a whole fleet are beyond 64 bits.
        var sums = [Int128](repeating: 0, count: fleet.kinds.count)
        for part in parts {
            for placement in part.placements {
                sums[fleet[placement.node].shape.kind.offset] +=
                    Int128(placement.gpuThousandths) * Int128(part.window.span.nanoseconds)
            }
        }
        return sums.indices.filter { sums[$0] > 0 }.map { offset in
            QuotedUnits(
                kind: fleet.kinds[offset].kind.name, gpuMilliseconds: Int64(clamping: sums[offset] / 1_000_000_000))
        }
    }

    private static func binding(of refusal: Refusal) -> QuoteBinding? {
        switch refusal {
        case .quotaExceeded: .quota
        case .noPower: .power
        default: nil
        }
    }

    private func fitting(_ terms: LeaseTerms, in context: DecisionContext, _ walks: inout FleetWalks) -> Fitting? {
        guard walks.left > 0 else { return nil }
        let result = walks.half { found(terms, in: context, &$0) }
        if case .success(let fitting) = result { return fitting }
        return nil
    }

    private func start(of terms: LeaseTerms, in context: DecisionContext) -> CalendarInstant {
        switch terms.start {
        case .at(let instant): instant
        case .now, .soonest: instant(in: context)
        }
    }

    /// The same lease as early as all of it can be had, at its instant or later; of what comes in steps or again nothing.
    private func later(_ terms: LeaseTerms, in context: DecisionContext, _ walks: inout FleetWalks) -> Fitting? {
        // What was to begin as soon as possible has been looked for already.
        guard terms.start != .soonest, terms.steps.isEmpty, terms.recurrence == nil else { return nil }
        var moved = context
        let start = start(of: terms, in: context)
        moved.now.calendar = max(moved.now.calendar, start)
        let end: LeaseEnd
        switch terms.end {
        case .after: end = terms.end
        case .at(let instant): end = .after(instant - start)
        }
        guard let found = fitting(terms.with(start: .soonest, end: end), in: moved, &walks) else { return nil }
        // It is said in whole seconds and beside the end as it was asked for: that is what has to fit.
        let said = found.parts[0].startsAt.roundedUpToSecond
        if said == found.parts[0].startsAt, end == terms.end { return found }
        return fitting(terms.with(start: .at(said)), in: context, &walks)
    }

    /// The most of the unit that can be had; nil where that is nothing, or where it comes in steps.
    private func fewer(
        _ terms: LeaseTerms, in context: DecisionContext, _ walks: inout FleetWalks
    ) -> (UInt32, Fitting)? {
        guard terms.steps.isEmpty, terms.count > 1 else { return nil }
        var best: (UInt32, Fitting)?
        var low: UInt32 = 1
        var high = terms.count - 1
        while low <= high, walks.left > 0 {
            let middle = low + (high - low) / 2
            if let fitting = fitting(terms.with(count: middle), in: context, &walks) {
                best = (middle, fitting)
                low = middle + 1
            } else {
                high = middle - 1
            }
        }
        return best
    }

    /// The book if every tenant might hold so many GPUs.
    private func raised(quota: Int) -> LeaseBook {
        var other = self
        for offset in other.tenants.rows.indices { other.tenants.rows[offset].quota = quota }
        return other
    }

    /// The book if a place carried so much.
    private func raised(_ limit: Watts, of place: String) -> LeaseBook {
        var other = self
        other.fleet.raise(limit, of: place)
        return other
    }
}

extension LeaseTerms {
    /// The same with something else in it.
    fileprivate func with(
        count: UInt32? = nil, kinds: [String]? = nil, labels: [LabelRule]? = nil, start: LeaseStart? = nil,
        end: LeaseEnd? = nil
    ) -> LeaseTerms {
        LeaseTerms(
            tenant: tenant, unit: unit, count: count ?? self.count, kinds: kinds ?? self.kinds, shape: shape,
            labels: labels ?? self.labels, start: start ?? self.start, end: end ?? self.end, onSilence: onSilence,
            within: within, spread: spread, steps: steps, recurrence: recurrence, waitlist: waitlist)
    }

    /// The same as early as all of it can be had, until the same end if that is an instant.
    var soonest: LeaseTerms { with(start: .soonest) }

    /// The same wherever it fits.
    fileprivate var withoutReach: LeaseTerms {
        LeaseTerms(
            tenant: tenant, unit: unit, count: count, kinds: kinds, shape: shape, labels: labels, start: start,
            end: end, onSilence: onSilence, steps: steps, recurrence: recurrence, waitlist: waitlist)
    }
}
