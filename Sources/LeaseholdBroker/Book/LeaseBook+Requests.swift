package import LeaseholdModel

/// One outcome for each request id (L2).
extension LeaseBook {
    /// The stored answer of a change; nil for an id that is new.
    package func remembered(_ key: RequestKey, of principal: Principal) -> Remembered? {
        guard let row = requests.row(RequestName(principal: principal, id: key.id), at: lastInstant) else { return nil }
        return row.bodyHash == key.bodyHash ? .reply(reply(row.outcome)) : .otherBody
    }

    /// Why a new id cannot be taken: not of version 7, too old, too far ahead, or no room; nil where it can.
    ///
    /// `askedAt` is the instant that the id carries, on the calendar of `instant`. That is the calendar clock; where it
    /// is behind the book, the book's own calendar counts, so that an id whose answer is forgotten is never young again.
    package func complaint(
        about key: RequestKey, of principal: Principal, askedAt: CalendarInstant, at instant: CalendarInstant
    ) -> Refusal? {
        guard key.id.isVersion7 else {
            return .invalid(field: "requestID", value: key.id.description, expected: "a UUID of version 7")
        }
        let latest = max(instant, lastInstant)
        let age = latest - askedAt
        if age > Limits.requestWindow { return .requestTooOld(age: age, window: Limits.requestWindow) }
        let ahead = askedAt - latest
        if ahead > Limits.requestAheadMax { return .requestAhead(by: ahead, limit: Limits.requestAheadMax) }
        if requests.isFull(for: principal, at: latest) {
            return .requestTableFull(limit: Limits.rememberedPerPrincipalCountMax)
        }
        return nil
    }

    /// What the requester of an entry gets; called after `evolve(entry)`, and only for entries that answer a request.
    package func reply(for entry: LogEntry) -> Reply {
        guard let key = entry.request,
            let row = requests.row(RequestName(principal: entry.principal, id: key.id), at: entry.at)
        else { preconditionFailure("record \(entry.index) answers no request that the book remembers") }
        return reply(row.outcome)
    }

    /// The reply that an outcome stands for; the same whenever it is built.
    private func reply(_ outcome: Outcome) -> Reply {
        switch outcome {
        case .imported(let imported): .fleetImported(imported)
        case .tenantCreated(let tenant, let quota):
            .tenant(TenantView(id: tenant, name: tenants[tenant].name, quota: quota, held: 0, leaseCount: 0))
        case .quotaSet(let tenant, let quota, let held, let leaseCount):
            .tenant(
                TenantView(
                    id: tenant, name: tenants[tenant].name, quota: quota, held: held, leaseCount: leaseCount))
        case .cordonSet(let node, let isCordoned):
            .cordon(CordonSet(node: fleet[node].shape.name, isCordoned: isCordoned))
        case .granted(let lease): .granted(grantView(of: lease))
        case .waitlisted(let lease, let position, let waiting):
            .waitlisted(
                LeaseWaitlisted(
                    lease: lease, place: WaitlistPlace(position: position, until: waiting.until),
                    estimatedStart: waiting.estimatedStart, refusal: waiting.refusal))
        case .resized(let lease, let count): .resized(LeaseResized(lease: lease, count: count))
        case .released(let lease, let at): .released(LeaseReleased(lease: lease, at: at))
        case .cancelled(let lease, let at): .cancelled(LeaseReleased(lease: lease, at: at))
        case .extended(let lease, let endsAt): .extended(LeaseExtended(lease: lease, endsAt: endsAt))
        case .countersigned(let head, let record):
            .countersigned(HeadCountersigned(head: head, record: record))
        case .refused(let refusal): .refused(refusal)
        }
    }

    /// A lease outlives every answer about it, because it ends after it was granted.
    private func grantView(of lease: LeaseID) -> LeaseGrantView {
        guard let row = leases[lease] else { preconditionFailure("lease \(lease) is forgotten before its answer") }
        return grantView(row)
    }
}
