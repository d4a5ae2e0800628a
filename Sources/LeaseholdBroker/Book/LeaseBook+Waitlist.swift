package import LeaseholdModel

/// Leases that cannot be had yet: how they come onto the waitlist, and how they leave it.
extension LeaseBook {
    /// What is wrong with a wait by itself, or with the list that it would join.
    func complaint(aboutWaitOf terms: LeaseTerms) -> Refusal? {
        guard let wait = terms.waitlist else { return nil }
        guard terms.steps.isEmpty, terms.recurrence == nil else {
            let field = terms.steps.isEmpty ? "recurrence" : "steps"
            return .invalid(field: field, value: "beside a waitlist", expected: "a lease of one part")
        }
        guard (Limits.termMin...Limits.leadMax).contains(wait) else {
            let expected = "\(Limits.termMin) to \(Limits.leadMax)"
            return .invalid(field: "waitlist", value: "\(wait)", expected: expected)
        }
        return nil
    }

    /// Puts a lease on the waitlist that was refused for something that may pass; nil where it is not to wait.
    func decideWait(_ terms: LeaseTerms, _ refusal: Refusal, in context: DecisionContext) -> Decision? {
        guard let wait = terms.waitlist, refusal.mayPass, let tenant = tenants.id(named: terms.tenant) else {
            return nil
        }
        // More than there is will never be had, whatever it was refused for.
        let kinds = kindChoices(of: terms).flatMap(\.self)
        let all = kinds.isEmpty ? fleet.holders.count : kinds.reduce(0) { $0 + fleet.gpuCount(of: $1) }
        if terms.unit == .gpu, Int(terms.count) > all { return nil }
        let now = instant(in: context)
        let list = leases.waitlist
        let counts: [(count: Int, countMax: Int, whose: String)] = [
            (list.entries.count, Limits.waitlistCountMax, ""),
            (list.count(of: tenant), Limits.waitlistPerTenantCountMax, " of tenant \(terms.tenant)"),
        ]
        for (count, countMax, whose) in counts where count >= countMax {
            return .refuse(
                .invalid(field: "waitlist", value: "\(count) leases\(whose)", expected: "less than \(countMax)"))
        }
        // Past its start, or with too little of its term left, nobody wants it any more.
        var until = now + wait
        if case .at(let start) = terms.start { until = min(until, start) }
        if case .at(let end) = terms.end { until = min(until, end - Limits.termMin) }
        guard until > now else { return nil }
        return .record(
            .leaseWaitlisted(
                WaitlistedLease(
                    terms: terms, until: until, estimatedStart: estimatedStart(of: terms, by: until, in: context),
                    refusal: refusal)))
    }

    /// When a lease could begin by the calendar while it waits, were it the only one; nil: not in sight.
    ///
    /// One that wants its very window waits for what others give up, which no calendar tells.
    func estimatedStart(
        of terms: LeaseTerms, by until: CalendarInstant, in context: DecisionContext
    ) -> CalendarInstant? {
        guard terms.start == .now else { return nil }
        var walks = FleetWalks()
        guard case .success(let fitting) = found(terms.soonest, in: context, &walks) else { return nil }
        let start = fitting.parts[0].startsAt
        return start < until ? start : nil
    }

    /// Grants what waits, if it can be had now; nil where it cannot.
    package func decideConfirm(
        _ lease: LeaseID, _ walks: inout FleetWalks, in context: DecisionContext
    ) -> Record? {
        guard let entry = leases.waitlist[lease] else { preconditionFailure("lease \(lease) does not wait") }
        guard entry.waiting.until > instant(in: context) else { return nil }
        guard case .success(let fitting) = found(entry.waiting.terms, in: context, &walks) else { return nil }
        return .leaseConfirmed(lease, granted(entry.waiting.terms, fitting, in: context))
    }

    /// Leases on the waitlist behind one of them, or from the first on, at most so many.
    package func waitlisted(after lease: LeaseID?, countMax: Int) -> [LeaseID] {
        leases.waitlist.entries(after: lease, countMax: countMax).map(\.lease)
    }

    /// Leases whose time on the waitlist is over, at most so many.
    package func waitlistEnds(by instant: CalendarInstant, countMax: Int) -> [LeaseID] {
        leases.waitlist.ends(by: instant, countMax: countMax)
    }

    /// When the next lease leaves the waitlist, if nothing comes free; nil where nobody waits.
    package var nextWaitlistEnd: CalendarInstant? { leases.waitlist.nextEnd }
}
