import LeaseholdModel

/// Deciding what becomes of a lease that is there: given back, given up, extended; each wholly or not at all.
extension LeaseBook {
    /// Early release: what has begun ends, what has not is cancelled with it.
    func decideRelease(_ id: LeaseID, by principal: Principal) -> Decision {
        guard lease(id, visibleTo: principal) != nil else {
            return .refuse(.notFound(.lease, name: id.description))
        }
        let positions = leases.positions(of: id, wholly: true)
        guard positions.contains(where: { leases.rows[$0].isLive }) else {
            return .refuse(.wrongState(lease: id, state: leases.rows[positions[0]].state, asked: "released"))
        }
        return .record(.leaseEnding(id, cause: .released))
    }

    /// Gives up what of a lease is still to begin, or its place on the waitlist, while nothing of it runs.
    func decideCancel(_ id: LeaseID, by principal: Principal) -> Decision {
        guard lease(id, visibleTo: principal) != nil else {
            return .refuse(.notFound(.lease, name: id.description))
        }
        let rows = parts(of: id)
        if let live = rows.first(where: \.isLive) {
            return .refuse(.wrongState(lease: live.id, state: live.state, asked: "cancelled"))
        }
        guard rows.contains(where: { $0.state == .confirmed || $0.state == .waitlisted }) else {
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
            let asked = row.state == .waitlisted ? "extended" : "extended, its term being over"
            return .refuse(.wrongState(lease: id, state: row.state, asked: asked))
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
        let asked = rows.reduce(0) { $0 + $1.gpuThousandths }
        if let refusal = complaint(aboutQuotaOf: rows[0].granted.tenant, asked: asked, over: added, isNow: false) {
            return refusal
        }
        var promised: (node: NodeID, from: CalendarInstant)?
        for row in rows {
            let stay = Window(from: row.stay.until, until: endsAt + row.granted.turnaround)
            for placement in row.part.placements
            where !calendar.isFree(placement, over: stay, moving: row.id, in: fleet) {
                // What is in the way begins later: beside what is there at its end the lease has been until then.
                let isCPUShort = placement.gpus.isEmpty || calendar.hasUses(placement.node.offset)
                for other in calendar.stays(on: placement.node)
                where other.lease != row.id && other.from >= stay.from && other.from < stay.until
                    && (isCPUShort || other.gpus.overlaps(placement.gpus))
                {
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
}
