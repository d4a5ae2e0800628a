import LeaseholdModel

/// Saying why a lease is as it is.
extension LeaseBook {
    /// Why a lease waits, moved, or is interrupted, by the book as it stands, for somebody who may see it.
    ///
    /// Of a whole lease in parts it is the first part that is not over that is told of, with what is missing of all of
    /// them, and with the notes of all of them.
    func explanation(
        of row: LeaseRow, for principal: Principal, in context: DecisionContext
    ) -> LeaseExplanation {
        let rows = row.id.part == 0 ? parts(of: row.id) : [row]
        let told = rows.first { !$0.state.isFinal } ?? rows.last ?? row
        let now = instant(in: context)
        let found = rows.filter(\.isDue).flatMap { row in hindrances(of: row, at: now).map { (row.id, $0) } }
        let missing = found.prefix(LeaseExplanation.missingCountMax).map { part, missing in
            MissingPlacement(
                node: fleet[missing.placement.node].shape.name, gpus: missing.placement.gpus,
                reason: (rows.count > 1 ? "\(part): " : "") + words(missing.hindrance, for: principal))
        }
        let waiting = waiting(told, in: context)
        let own = rows.compactMap { part in leases.notes[part.id].map { (part.id, $0) } }
        var all = own.flatMap { id, notes in notes.entries.map { (id: id, entry: $0) } }
            .sorted { ($0.entry.index, $0.id) < ($1.entry.index, $1.id) }
        // One record is told once, though it was noted of several parts.
        for position in all.indices.dropFirst().reversed() where all[position].entry == all[position - 1].entry {
            all.remove(at: position)
        }
        let notes = all.suffix(LeaseExplanation.noteCountMax).map { id, entry in
            EventView(
                index: entry.index, at: entry.at, principal: .coordinator, word: entry.note.word, lease: id,
                text: text(entry.note, for: principal))
        }
        let part = rows.count > 1 && told.id != row.id ? "\(told.id): " : ""
        return LeaseExplanation(
            lease: row.id, state: told.state,
            summary: part + summary(of: told, waiting, hindrances(of: told, at: now).count, in: context),
            waiting: waiting, missing: missing, missingCount: found.count, notes: notes,
            forgottenNoteCount: own.reduce(all.count - notes.count) { $0 + $1.1.forgottenCount })
    }

    /// How it is with a lease that waits, as another attempt tells; nil where it does not wait.
    private func waiting(_ row: LeaseRow, in context: DecisionContext) -> LeaseWaitlisted? {
        guard let entry = leases.waitlist[row.id], let place = leases.waitlist.standing(of: row.id) else { return nil }
        let terms = entry.waiting.terms
        switch fit(terms, in: context) {
        case .failure(let refusal):
            return LeaseWaitlisted(
                lease: row.id, place: place,
                estimatedStart: estimatedStart(of: terms, by: place.until, in: context), refusal: refusal)
        case .success(let fitting):
            return LeaseWaitlisted(
                lease: row.id, place: place, estimatedStart: fitting.parts[0].startsAt, refusal: entry.waiting.refusal)
        }
    }

    private func summary(
        of row: LeaseRow, _ waiting: LeaseWaitlisted?, _ missingCount: Int, in context: DecisionContext
    ) -> String {
        let (all, are) = (row.part.placements.count, missingCount == 1 ? "it is" : "they are")
        let some = all == 1 ? "its node" : "\(missingCount) of its \(counted(all, "node"))"
        let missing = missingCount == 0 || !row.isDue ? "" : "; \(some) cannot be used as \(are)"
        let leaving = row.leaving.isEmpty ? "" : "; it gives back \(counted(row.leaving.count, "more node"))"
        switch row.state {
        case .waitlisted:
            guard let waiting else { return "it waits" }
            return "it waits at position \(waiting.place.position) of the list: \(waiting.refusal.message)"
        case .confirmed:
            guard row.part.startsAt <= instant(in: context) else {
                return "it is promised from \(row.part.startsAt.rfc3339) on\(missing)"
            }
            if missingCount == 0, !fleet.canFeedNow(row.part.placements) {
                return "it should have begun at \(row.part.startsAt.rfc3339) and waits for watts that others still draw"
            }
            return "it should have begun at \(row.part.startsAt.rfc3339)\(missing)"
        case .starting: return "it has begun, and not every node has reported that it runs it\(missing)\(leaving)"
        case .active: return "it runs\(missing)\(leaving)"
        case .ending:
            let count = row.unretired.count
            let nodes = "\(counted(count, "node")) \(count == 1 ? "has" : "have") yet to prove that"
            return "it ends (\(row.cause)): \(nodes) \(count == 1 ? "it is" : "they are") clear of it"
        case .ended where row.cause == .closed:
            return "it had ended on its nodes already, by what a restore of the log has given up"
        case .ended: return "it has ended (\(row.cause))"
        case .cancelled:
            return row.cause == .lapsed ? "its time was over before it began" : "it was given up before it began"
        }
    }

    private func words(_ hindrance: Hindrance, for principal: Principal) -> String {
        switch hindrance {
        case .away(let state, let reason): "\(state): \(reason.explanation)"
        case .broken(let gpus): "\(gpus.named) \(gpus.count == 1 ? "is" : "are") unhealthy"
        case .cordoned: "cordoned: takes no new work"
        case .held(let holder):
            // Whose lease it is is nobody else's business (L13).
            lease(holder, visibleTo: principal) == nil
                ? "another lease holds it past its end" : "lease \(holder) holds it past its end"
        case .notCarved: "its agent cannot carve it any more"
        }
    }

    private func text(_ note: LeaseNote, for principal: Principal) -> String {
        func name(_ node: NodeID) -> String { "node \(fleet[node].shape.name)" }
        func list(_ node: NodeID, _ count: Int) -> String {
            count == 1 ? name(node) : "\(count) nodes, \(name(node)) first"
        }
        switch note {
        case .confirmed: return "it came off the waitlist"
        case .moved(let node, let count, let hindrance):
            return "it will not lie on \(list(node, count)): \(words(hindrance, for: principal))"
        case .beganWithout(let node, let count): return "it began without \(list(node, count))"
        case .interrupted(let node, let state, let reason): return "\(name(node)) is \(state): \(reason.explanation)"
        case .broken(let node, let gpus):
            return "\(gpus.named) of \(name(node)) \(gpus.count == 1 ? "is" : "are") unhealthy"
        case .restored(let node): return "\(name(node)) is well again"
        case .extended(let end): return "it ends at \(end.rfc3339)"
        case .shrunk(let count): return "it was resized to \(count)"
        }
    }
}

extension LeaseNote {
    /// What scripts call the note.
    var word: String {
        switch self {
        case .confirmed: "confirmed"
        case .moved: "moved"
        case .beganWithout: "beganWithout"
        case .interrupted: "interrupted"
        case .broken: "broken"
        case .restored: "restored"
        case .extended: "extended"
        case .shrunk: "shrunk"
        }
    }
}
