import LeaseholdModel

/// Saying why a lease is as it is.
extension LeaseBook {
    /// Why a lease waits, moved, or is interrupted, by the book as it stands.
    func explanation(of row: LeaseRow, in context: DecisionContext) -> LeaseExplanation {
        let hindrances = row.isDue ? hindrances(of: row, at: instant(in: context)) : []
        let missing = hindrances.prefix(LeaseExplanation.missingCountMax).map { placement, hindrance in
            MissingPlacement(
                node: fleet[placement.node].shape.name, gpus: placement.gpus, reason: words(hindrance))
        }
        let waiting = waiting(row, in: context)
        let notes = leases.notes[row.id] ?? LeaseNotes()
        return LeaseExplanation(
            lease: row.id, state: row.state, summary: summary(of: row, waiting, hindrances.count, in: context),
            waiting: waiting, missing: missing, missingCount: hindrances.count,
            notes: notes.entries.map { entry in
                EventView(
                    index: entry.index, at: entry.at, principal: .coordinator, word: entry.note.word, lease: row.id,
                    text: text(entry.note))
            }, forgottenNoteCount: notes.forgottenCount)
    }

    /// How it is with a lease that waits, as another attempt tells; nil where it does not wait.
    private func waiting(_ row: LeaseRow, in context: DecisionContext) -> LeaseWaitlisted? {
        guard let entry = leases.waitlist[row.id], let place = leases.waitlist.standing(of: row.id) else { return nil }
        let terms = entry.waiting.terms
        switch fit(terms, in: context) {
        case .failure(let refusal):
            return LeaseWaitlisted(
                lease: row.id, place: place, estimatedStart: estimatedStart(of: terms, in: context), refusal: refusal)
        case .success(let fitting):
            return LeaseWaitlisted(
                lease: row.id, place: place, estimatedStart: fitting.parts[0].startsAt, refusal: entry.waiting.refusal)
        }
    }

    private func summary(
        of row: LeaseRow, _ waiting: LeaseWaitlisted?, _ missingCount: Int, in context: DecisionContext
    ) -> String {
        let placementCount = row.part.placements.count
        let missing =
            missingCount == 0 ? "" : "; \(missingCount) of its \(placementCount) nodes cannot be used as they are"
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
        case .starting: return "it has begun, and not every node has reported that it runs it\(missing)"
        case .active: return "it runs\(missing)"
        case .ending:
            let held = row.unretired.count
            return
                "it ends (\(row.cause)): \(held) of its \(placementCount) nodes have yet to prove that they are clear"
        case .ended: return "it has ended (\(row.cause))"
        case .cancelled:
            return row.cause == .lapsed ? "its time was over before it began" : "it was given up before it began"
        }
    }

    private func words(_ hindrance: Hindrance) -> String {
        switch hindrance {
        case .away(let state, let reason): "\(state): \(reason.explanation)"
        case .broken(let gpus): "GPUs \(gpus) are unhealthy"
        case .cordoned: "cordoned: takes no new work"
        case .held(let lease): "lease \(lease) holds it past its end"
        case .notCarved: "its agent cannot carve it any more"
        }
    }

    private func text(_ note: LeaseNote) -> String {
        func name(_ node: NodeID) -> String { "node \(fleet[node].shape.name)" }
        func list(_ node: NodeID, _ count: Int) -> String {
            count == 1 ? name(node) : "\(count) nodes, \(name(node)) first"
        }
        switch note {
        case .confirmed: return "it came off the waitlist"
        case .moved(let node, let count, let hindrance):
            return "it will not lie on \(list(node, count)): \(words(hindrance))"
        case .beganWithout(let node, let count): return "it began without \(list(node, count))"
        case .interrupted(let node, let state, let reason): return "\(name(node)) is \(state): \(reason.explanation)"
        case .broken(let node, let gpus): return "GPUs \(gpus) of \(name(node)) are unhealthy"
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
