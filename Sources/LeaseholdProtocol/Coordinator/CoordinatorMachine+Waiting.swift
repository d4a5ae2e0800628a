import LeaseholdBroker
import LeaseholdModel

/// How far a walk has come that goes over something long, a bounded piece at a time, and rests at its end.
struct Walk<Position: Equatable & Sendable>: Equatable, Sendable {
    /// The last that was looked at; nil at the beginning.
    private(set) var last: Position?
    /// When the next walk begins by itself; nil while one is under way.
    private(set) var restsUntil: BootInstant?

    /// Whether there is something to look at now.
    func isUnderWay(at now: BootInstant) -> Bool { restsUntil.map { $0 <= now } ?? true }

    /// Goes on behind a position with the next piece.
    mutating func pause(after position: Position) {
        last = position
        restsUntil = nil
    }

    /// Has come to the end.
    mutating func rest(until instant: BootInstant) {
        last = nil
        restsUntil = instant
    }

    /// Begins anew with the next piece: something has changed.
    mutating func restart() {
        last = nil
        restsUntil = nil
    }
}

/// What waits for capacity, and what is promised where there is none any more.
extension CoordinatorMachine {
    /// Offers what has come free to the leases on the waitlist, the first one first, a bounded number at once.
    ///
    /// After every change that frees something the walk begins at the head of the list, so that nobody is passed over
    /// by somebody who came later and could have been served instead.
    mutating func offerToWaitlist(at now: Now, into out: inout CoordinatorBuffer) {
        guard book.nextWaitlistEnd != nil, waitlistWalk.isUnderWay(at: now.boot), !isDraining else { return }
        let countMax = Limits.waitlistTriesPerSweepCountMax
        let tried = book.waitlisted(after: waitlistWalk.last, countMax: countMax)
        for lease in tried {
            guard let record = book.decideConfirm(lease, in: context(at: now)) else { continue }
            let entry = enter(record, by: .coordinator, for: nil, at: now)
            out.record(entry)
            follow(entry, at: now, into: &out)
        }
        if let last = tried.last, tried.count == countMax {
            waitlistWalk.pause(after: last)
        } else {
            waitlistWalk.rest(until: now.boot + Limits.waitlistPause)
        }
    }

    /// Leases whose time on the waitlist is over, a bounded number at once.
    mutating func endWaits(at now: Now, into out: inout CoordinatorBuffer) {
        for lease in book.waitlistEnds(by: now.calendar, countMax: Limits.batchCountMax) {
            out.record(enter(.leaseEnding(lease, cause: .lapsed), by: .coordinator, for: nil, at: now))
        }
    }

    /// Moves what is promised on nodes that have been away for a while, a bounded number at once.
    mutating func repairPromises(at now: Now, into out: inout CoordinatorBuffer) {
        guard repairWalk.isUnderWay(at: now.boot) else { return }
        let found = book.threatened(
            from: repairWalk.last ?? 0, nodeCountMax: Limits.repairNodesPerSweepCountMax, at: now.calendar,
            countMax: Limits.movesPerSweepCountMax)
        for lease in found.leases {
            guard let record = book.decideRepair(lease, in: context(at: now)) else { continue }
            out.record(enter(record, by: .coordinator, for: nil, at: now))
        }
        if let next = found.next {
            repairWalk.pause(after: next)
        } else {
            repairWalk.rest(until: now.boot + Limits.repairPause)
        }
    }
}

extension Record {
    /// Whether somebody who waits could be served after it and not before.
    var freesSomething: Bool {
        switch self {
        case .nodeCordonSet(_, let isCordoned): !isCordoned
        case .fleetPartImported(let part): part.isLast
        case .tenantQuotaSet, .nodeReported, .gpuHealthChanged, .leaseMoved, .leaseEnding, .leaseShrunk,
            .partitionsRetired:
            true
        case .reignBegan, .tenantCreated, .nodesSetAside, .leaseGranted, .leaseWaitlisted, .leaseConfirmed, .leaseBegun,
            .leaseExtended, .leaseActivated, .requestRefused:
            false
        }
    }
}
