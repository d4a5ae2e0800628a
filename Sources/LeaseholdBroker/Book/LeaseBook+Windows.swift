import LeaseholdModel

/// From what was asked to windows of the calendar.
extension LeaseBook {
    /// How many units over which windows a lease asks for, ascending by start; or what cannot be.
    ///
    /// A lease that begins as soon as possible is tried from `earliest` on.
    func windows(
        of terms: LeaseTerms, at now: CalendarInstant, earliest: CalendarInstant
    ) -> Result<[PartSpan], Refusal> {
        let start: CalendarInstant
        switch terms.start {
        case .now: start = now
        case .soonest: start = earliest
        case .at(let instant):
            guard instant >= now else {
                let distance = "\(Span.seconds((now - instant).wholeSeconds)) ago"
                return .failure(.invalid(field: "start", value: distance, expected: "now or later"))
            }
            guard instant - now <= Limits.leadMax else {
                let distance = "\(Span.seconds((instant - now).wholeSeconds)) from now"
                return .failure(
                    .invalid(field: "start", value: distance, expected: "\(Limits.leadMax) from now at most"))
            }
            start = instant
        }
        return end(of: terms, startsAt: start, at: now).flatMap { endsAt in
            let first = PartSpan(count: Int(terms.count), window: Window(from: start, until: endsAt))
            if let recurrence = terms.recurrence {
                guard terms.steps.isEmpty else {
                    return .failure(
                        .invalid(
                            field: "steps", value: "\(terms.steps.count)",
                            expected: "none in a lease that comes again and again"))
                }
                return repeated(first, recurrence)
            }
            return terms.steps.isEmpty ? .success([first]) : stepped(terms, first)
        }
    }

    private func end(
        of terms: LeaseTerms, startsAt: CalendarInstant, at now: CalendarInstant
    ) -> Result<CalendarInstant, Refusal> {
        let expected = "\(Limits.termMin) to \(Limits.termMax)"
        switch terms.end {
        case .after(let term):
            guard (Limits.termMin...Limits.termMax).contains(term) else {
                return .failure(.invalid(field: "term", value: "\(term)", expected: expected))
            }
            return .success(startsAt + term)
        case .at(let instant):
            guard (Limits.termMin...Limits.termMax).contains(instant - startsAt) else {
                let origin = startsAt > now ? "its start" : "now"
                let distance = "\(Span.seconds((instant - startsAt).wholeSeconds)) from \(origin)"
                return .failure(.invalid(field: "end", value: distance, expected: expected + " from \(origin)"))
            }
            return .success(instant)
        }
    }

    /// A part for each step, with what the step adds, from its instant to the end of all.
    private func stepped(_ terms: LeaseTerms, _ whole: PartSpan) -> Result<[PartSpan], Refusal> {
        guard terms.steps.count <= Limits.leaseStepCountMax else {
            return .failure(
                .invalid(field: "steps", value: "\(terms.steps.count)", expected: "\(Limits.leaseStepCountMax) at most")
            )
        }
        var found: [PartSpan] = []
        var had: UInt32 = 0
        var last = whole.window.from
        for (position, asked) in terms.steps.enumerated() {
            // `now` of the asker was a moment ago.
            let isJustNow = position == 0 && asked.at < last && last - asked.at <= Limits.requestAheadMax
            let step = LeaseStep(count: asked.count, at: isJustNow ? last : asked.at)
            let field = "steps[\(position)]"
            guard step.count > had else {
                return .failure(.invalid(field: field + ".count", value: "\(step.count)", expected: "more than \(had)"))
            }
            guard step.at >= last, position == 0 || step.at > last, step.at < whole.window.until else {
                return .failure(
                    .invalid(
                        field: field + ".at",
                        value: "\(Span.seconds((step.at - whole.window.from).wholeSeconds)) from the start",
                        expected: "after the step before and before the end"))
            }
            if let clause = asked.clause, !StepTerms.isClause(clause) {
                return .failure(
                    .invalid(
                        field: field + ".clause", value: clause.debugDescription,
                        expected: "1 to \(Limits.clauseByteCountMax) bytes of printable text on one line"))
            }
            found.append(
                PartSpan(count: Int(step.count - had), window: Window(from: step.at, until: whole.window.until)))
            had = step.count
            last = step.at
        }
        guard had == terms.count else {
            return .failure(.invalid(field: "steps", value: "\(had)", expected: "\(terms.count) with the last step"))
        }
        return .success(found)
    }

    private func repeated(_ first: PartSpan, _ recurrence: LeaseRecurrence) -> Result<[PartSpan], Refusal> {
        guard (1...Limits.leasePartCountMax).contains(Int(recurrence.count)) else {
            return .failure(
                .invalid(
                    field: "recurrence.count", value: "\(recurrence.count)",
                    expected: "1 to \(Limits.leasePartCountMax)"))
        }
        let period: Span = recurrence.rhythm == .weekly ? .hours(168) : .hours(24)
        guard first.window.span < period else {
            return .failure(.invalid(field: "term", value: "\(first.window.span)", expected: "less than \(period)"))
        }
        var found: [PartSpan] = []
        var window = first.window
        while found.count < Int(recurrence.count) {
            if recurrence.rhythm != .weekdays || !window.from.isWeekend {
                found.append(PartSpan(count: first.count, window: window))
            }
            window = Window(from: window.from + period, until: window.until + period)
        }
        return .success(found)
    }
}

extension CalendarInstant {
    /// Whether it is a Saturday or a Sunday in UTC.
    var isWeekend: Bool {
        // 1970-01-01 was a Thursday.
        let day = nanoseconds / 86_400_000_000_000
        return day % 7 == 2 || day % 7 == 3
    }
}
