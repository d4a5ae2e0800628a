import LeaseholdModel

/// The waitlist, and why a lease is as it is, for people.
extension Rendering {
    /// A lease that could not be had: how it waits, why, and what to do next.
    static func waitlistedText(_ waitlisted: LeaseWaitlisted, style: Style) -> String {
        let (lease, place) = (waitlisted.lease, waitlisted.place)
        return "\(lease) waits at position \(place.position) of the waitlist "
            + "until \(place.until.rfc3339) (\(distance(to: place.until, from: style.now)))\n"
            + "  cannot be had yet: \(waitlisted.refusal.message)\n"
            + "  estimated start: \(estimate(waitlisted, style: style))\n"
            + "  next: leasectl lease explain \(lease) says how it stands, "
            + "leasectl lease cancel \(lease) gives it up\n"
    }

    private static func estimate(_ waitlisted: LeaseWaitlisted, style: Style) -> String {
        guard let start = waitlisted.estimatedStart else { return "not in sight" }
        return "\(start.rfc3339) (\(distance(to: start, from: style.now))) if no other waited; no promise"
    }

    /// Where a lease stands on the waitlist.
    static func place(_ place: WaitlistPlace, style: Style) -> [(String, Cell)] {
        [
            ("position", "\(place.position) of the waitlist"),
            ("waits until", "\(place.until.rfc3339) (\(distance(to: place.until, from: style.now)))"),
        ]
    }

    static func explanationFacts(_ explanation: LeaseExplanation, isWide: Bool, style: Style) -> Table {
        var facts: [(String, Cell)] = [
            ("lease", "\(explanation.lease)"),
            ("state", Cell(explanation.state.word)),
            ("summary", Cell(explanation.summary)),
        ]
        if let waiting = explanation.waiting {
            facts += place(waiting.place, style: style)
            facts.append(("because", Cell(waiting.refusal.message)))
            facts.append(("estimated start", Cell(estimate(waiting, style: style))))
        }
        for (position, line) in missing(explanation, isWide: isWide).enumerated() {
            facts.append((position == 0 ? "cannot be used" : "", Cell(line, tint: .bad)))
        }
        for (position, line) in notes(explanation).enumerated() {
            facts.append((position == 0 ? "notes" : "", Cell(line)))
        }
        return .facts(facts)
    }

    /// A line for each placement that cannot be used, the first few; a count of those left out.
    private static func missing(_ explanation: LeaseExplanation, isWide: Bool) -> [String] {
        let countMax = isWide ? LeaseExplanation.missingCountMax : shownNodeCountMax
        var lines = explanation.missing.prefix(countMax).map { "\($0.node)  \($0.gpus.named): \($0.reason)" }
        let restCount = max(explanation.missingCount, explanation.missing.count) - lines.count
        if restCount > 0 { lines.append("and on \(count(restCount, "more node"))") }
        return lines
    }

    /// A line for each thing that has happened to it, after a count of those that are no longer known.
    private static func notes(_ explanation: LeaseExplanation) -> [String] {
        let forgottenCount = explanation.forgottenNoteCount
        let forgotten = forgottenCount > 0 ? ["\(count(forgottenCount, "older one")) forgotten"] : []
        return forgotten
            + explanation.notes.map { "\($0.at.rfc3339)  \($0.word)  \($0.text)" }
    }
}
