import LeaseholdBroker
import LeaseholdModel

extension CoordinatorMachine {
    /// Often enough that a silence is noticed within a quarter of a heartbeat.
    var sweepInterval: Span { identity.holds.heartbeatInterval / 4 }

    /// What time alone brings: ends of leases, silences, waits that are over.
    mutating func sweep(at now: Now, into out: inout CoordinatorBuffer) {
        endLapsed(at: now, into: &out)
        guard now.boot >= nextSweep else { return }
        nextSweep = now.boot + sweepInterval
        suspectSilent(at: now, into: &out)
        freeWaited(at: now, into: &out)
    }

    /// What time brings while heartbeats may be waiting unheard: silence is judged when they have been heard, and at the
    /// latest two intervals late, so that a flood of requests hides no silent node.
    mutating func sweepBehind(at now: Now, into out: inout CoordinatorBuffer) {
        guard now.boot >= nextSweep + identity.holds.heartbeatInterval * 2 else {
            return endLapsed(at: now, into: &out)
        }
        sweep(at: now, into: &out)
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

    /// Partitions of ended leases whose node stayed silent past every hold it could have.
    private mutating func freeWaited(at now: Now, into out: inout CoordinatorBuffer) {
        retirements.removeAll { book.grant(of: $0.lease, on: $0.node) == nil }
        let due = retirements.filter { $0.freeAt.map { $0 <= now.boot } ?? false }
        guard !due.isEmpty else { return }
        retire(due, proof: .waited, at: now, into: &out)
    }
}
