package import LeaseholdModel

/// An answer that the book keeps.
package struct RequestRow: Equatable, Sendable {
    /// A hash of the request's body.
    let bodyHash: UInt64
    /// When the change was decided.
    let at: CalendarInstant
    /// What became of it.
    let outcome: Outcome
}

/// Whose request, and which: ids of different principals never meet.
package struct RequestName: Hashable, Sendable {
    /// Who asked.
    let principal: Principal
    /// What the asker calls it.
    let id: RequestID

    /// By the id alone, which hardly two principals have in common: the name would take longer than all the rest.
    package func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

/// The answers of the last day (L2): bounded for each principal; full, it refuses, and it never evicts.
///
/// An answer is kept for as long as its id would be accepted: the window, and besides it as much as the asker's clock
/// may be ahead. So an id is refused as too old before its answer is gone.
package struct RequestTable: Equatable, Sendable {
    /// How long an answer is kept.
    package static let memory =
        isPlanted(.forgetsAnswers) ? Span.seconds(1) : Limits.requestWindow + Limits.requestAheadMax
    /// Old answers taken away at most for every one that comes: more than one, so that they never pile up.
    static let forgottenPerStepCountMax = 4

    private var rows = Lookup<RequestName, RequestRow>()
    private var counts = Lookup<Principal, Int>()
    /// Every name that has an answer, in the order of the records.
    private(set) var order = Fifo<RequestName>()

    /// No answers.
    package init() {}

    /// How many answers are kept.
    package var count: Int { rows.count }

    /// The answer to a request, as long as it counts; nil for a request that is new.
    func row(_ name: RequestName, at instant: CalendarInstant) -> RequestRow? {
        guard let row = rows[name], row.at + RequestTable.memory >= instant else { return nil }
        return row
    }

    /// Whether a principal has as many answers as are kept for one, none of which is about to go.
    func isFull(for principal: Principal, at instant: CalendarInstant) -> Bool {
        guard (counts[principal] ?? 0) >= Limits.rememberedPerPrincipalCountMax else { return false }
        return !isOldestOver(at: instant)
    }

    /// Keeps an answer; one under the same name counts no more and is replaced.
    mutating func add(_ name: RequestName, _ row: RequestRow) {
        if let former = rows.put(row, for: name) {
            rows[name] = former
            while rows[name] != nil { forgetOldest() }
            rows[name] = row
        }
        count(name)
        order.append(name)
    }

    private mutating func count(_ name: RequestName) {
        if counts.update(name.principal, { $0 += 1 }) == nil { counts[name.principal] = 1 }
    }

    /// Takes away answers that no longer count, a few at a time.
    mutating func prune(at instant: CalendarInstant) {
        var left = RequestTable.forgottenPerStepCountMax
        while left > 0, isOldestOver(at: instant) {
            forgetOldest()
            left -= 1
        }
    }

    private func isOldestOver(at instant: CalendarInstant) -> Bool {
        guard let name = order.first, let row = rows[name] else { return false }
        return row.at + RequestTable.memory < instant
    }

    private mutating func forgetOldest() {
        guard let name = order.first else { preconditionFailure("\(rows.count) answers and none in order") }
        order.removeFirst()
        rows[name] = nil
        let count = counts[name.principal] ?? 0
        precondition(count > 0, "no count of answers for \(name.principal)")
        counts[name.principal] = count == 1 ? nil : count - 1
    }

    // MARK: As an image

    /// The answer to a request that has one, as an image has it.
    func image(of name: RequestName) -> AnswerImage {
        guard let row = rows[name] else {
            preconditionFailure("request \(name.id) of \(name.principal) is in order and has no answer")
        }
        return AnswerImage(
            principal: name.principal, request: RequestKey(id: name.id, bodyHash: row.bodyHash), at: row.at,
            outcome: row.outcome)
    }

    /// Adds answers behind those that are there, or says what is wrong with them.
    mutating func restore(_ answers: [AnswerImage]) -> String? {
        for answer in answers {
            let name = RequestName(principal: answer.principal, id: answer.request.id)
            let row = RequestRow(bodyHash: answer.request.bodyHash, at: answer.at, outcome: answer.outcome)
            guard rows.put(row, for: name) == nil else {
                return "request \(name.id) of \(name.principal) is answered twice"
            }
            count(name)
            order.append(name)
        }
        return nil
    }

    /// What is wrong with the table, as sentences.
    func complaints() -> [String] {
        var found: [String] = []
        var recounted = Lookup<Principal, Int>()
        if rows.count != order.count { found.append("L10: \(rows.count) answers, \(order.count) in order") }
        var last: CalendarInstant?
        for name in order.all {
            recounted[name.principal] = (recounted[name.principal] ?? 0) + 1
            guard let row = rows[name] else {
                found.append("L2: request \(name.id) of \(name.principal) is in order and has no answer")
                continue
            }
            if let last, row.at < last { found.append("L2: request \(name.id) is older than the one before") }
            last = row.at
        }
        for name in order.all where counts[name.principal] != recounted[name.principal] {
            found.append("L10: \(name.principal) has another number of answers than counted")
            break
        }
        if counts.count != recounted.count { found.append("L10: answers counted for somebody who has none") }
        return found
    }
}
