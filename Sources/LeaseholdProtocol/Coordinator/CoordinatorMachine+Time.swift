import LeaseholdBroker
import LeaseholdModel

extension CoordinatorMachine {
    /// Often enough that a silence is noticed within a quarter of a heartbeat.
    var sweepInterval: Span { identity.holds.heartbeatInterval / 4 }

    /// What time alone brings: ends of leases, silences, waits that are over.
    mutating func sweep(at now: Now, into out: inout CoordinatorBuffer) {
        endLapsed(at: now, into: &out)
        endWaits(at: now, into: &out)
        beginDue(at: now, isFull: now.boot >= nextSweep, into: &out)
        guard now.boot >= nextSweep else { return }
        nextSweep = now.boot + sweepInterval
        suspectSilent(at: now, into: &out)
        freeWaited(at: now, into: &out)
        repairPromises(at: now, into: &out)
        offerToWaitlist(at: now, into: &out)
    }

    /// What time brings while heartbeats may be waiting unheard: silence is judged when they have been heard, and at the
    /// latest two intervals late, so that a flood of requests hides no silent node.
    mutating func sweepBehind(at now: Now, into out: inout CoordinatorBuffer) {
        guard now.boot >= nextSweep + identity.holds.heartbeatInterval * 2 else {
            endLapsed(at: now, into: &out)
            endWaits(at: now, into: &out)
            return beginDue(at: now, isFull: false, into: &out)
        }
        sweep(at: now, into: &out)
    }

    /// Confirmed leases whose start has come, a bounded number at once.
    ///
    /// One that cannot begin, because something is in its way, is tried again with every full sweep; between two, only
    /// those whose start has come since are looked at. So those that wait hold nobody up.
    private mutating func beginDue(at now: Now, isFull: Bool, into out: inout CoordinatorBuffer) {
        var left = Limits.batchCountMax
        var movesLeft = Limits.movesPerSweepCountMax
        let known = begunThrough
        begunThrough = max(begunThrough, now.calendar)
        for lease in book.due(at: now.calendar, countMax: .max) {
            guard left > 0 else {
                begunThrough = known
                return
            }
            if !isFull, let start = book.lease(lease)?.part.startsAt, start <= known { continue }
            while left > 0, let record = book.decideBegin(lease, in: context(at: now), mayMove: movesLeft > 0) {
                left -= 1
                let entry = enter(record, by: .coordinator, for: nil, at: now)
                out.record(entry)
                follow(entry, at: now, into: &out)
                if case .leaseBegun = record { break }
            }
            if book.lease(lease)?.state == .confirmed { movesLeft -= 1 }
        }
    }

    /// Leases whose term is over, a bounded number at once; the rest follows at once, because they are still due.
    private mutating func endLapsed(at now: Now, into out: inout CoordinatorBuffer) {
        for lease in book.lapsed(at: now.calendar, countMax: Limits.batchCountMax) {
            let entry = enter(.leaseEnding(lease, cause: .lapsed), by: .coordinator, for: nil, at: now)
            out.record(entry)
            follow(entry, at: now, into: &out)
        }
    }

    /// Nodes that no heartbeat has spoken for in time.
    private mutating func suspectSilent(at now: Now, into out: inout CoordinatorBuffer) {
        let suspectAfter = identity.holds.suspectAfter
        var silent: [NodeID] = []
        for (offset, contact) in contacts.enumerated() {
            guard let session = contact.session, now.boot - session.evidencedAt > suspectAfter else { continue }
            let node = NodeID(rawValue: UInt32(offset))
            if book.facts(of: node).state == .ready { silent.append(node) }
        }
        setAside(silent, as: .suspect, because: .silent, at: now, into: &out)
    }

    /// Whether a node that is not silent says that it has what is to be given back; of what it is making clean, whether
    /// it has not been silent for W since it said so.
    private func isListed(_ retirement: Retirement, at now: Now) -> Bool {
        let contact = contacts[retirement.node.offset]
        guard let heardAt = contact.heardAt, let grant = book.grant(of: retirement.lease, on: retirement.node) else {
            return false
        }
        let silence = now.boot - heardAt
        let live = contact.session?.live ?? contact.lastLive
        guard let listed = live.first(where: { $0.lease == grant.lease && $0.epoch == grant.epoch }) else {
            return false
        }
        return listed.phase == .retiring
            ? silence < book.longestHolds.wait : contact.session != nil && silence <= identity.holds.suspectAfter
    }

    /// Partitions of ended leases whose node stayed silent past every hold it could have.
    private mutating func freeWaited(at now: Now, into out: inout CoordinatorBuffer) {
        var due: [Retirement] = []
        var openCount = 0
        for position in retirements.indices {
            let retirement = retirements[position]
            guard let grant = book.grant(of: retirement.lease, on: retirement.node) else { continue }
            retirements[openCount] = retirement
            openCount += 1
            // What counts is the node's last word, which may be younger than the end of the lease (L6).
            guard let freeAt = retirement.freeAt, freeAt <= now.boot, grant.silenceClass == .guarded,
                !isListed(retirement, at: now)
            else { continue }
            due.append(retirement)
        }
        retirements.removeLast(retirements.count - openCount)
        guard !due.isEmpty else { return }
        retire(due, proof: .waited, at: now, into: &out)
    }
}
