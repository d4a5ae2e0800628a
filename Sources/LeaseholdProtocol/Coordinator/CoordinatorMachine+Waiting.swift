import LeaseholdBroker
import LeaseholdModel

/// How far the offers along the waitlist have come, which are made a bounded piece at a time.
struct WaitlistWalk: Equatable, Sendable {
    /// The last that was tried in turn; nil at the beginning.
    var last: LeaseID?
    /// Whether something has come free that nobody has been offered yet.
    var hasNews = false
    /// Whether something has come free since the walk began, so that it begins once more when it has ended.
    var goesRoundAgain = false
    /// When the next walk begins by itself; nil while one is under way.
    var restsUntil: BootInstant?

    /// Something has come free.
    mutating func tell() {
        hasNews = true
        goesRoundAgain = true
        if restsUntil != nil {
            last = nil
            restsUntil = nil
        }
    }
}

/// What waits for capacity, and what is promised where there is none any more.
extension CoordinatorMachine {
    /// Offers what has come free to the leases on the waitlist, a bounded number at once.
    ///
    /// After every change that frees something the first few are tried first; the others in their turn, piece by piece,
    /// so that a busy site starves nobody. While nothing happens the list is gone through now and then, because time
    /// alone opens windows.
    mutating func offerToWaitlist(at now: Now, into out: inout CoordinatorBuffer) {
        guard book.nextWaitlistEnd != nil, !isDraining, strain == nil else { return }
        if let rest = waitlistWalk.restsUntil, rest <= now.boot { waitlistWalk.restsUntil = nil }
        guard waitlistWalk.hasNews || waitlistWalk.restsUntil == nil else { return }
        let countMax = Limits.waitlistTriesPerSweepCountMax / 2
        var walks = FleetWalks(Limits.waitlistWalksPerSweepCountMax)
        let first = waitlistWalk.hasNews ? book.waitlisted(after: nil, countMax: countMax) : []
        waitlistWalk.hasNews = false
        let start = max(waitlistWalk.last ?? LeaseID(rawValue: 0), first.last ?? LeaseID(rawValue: 0))
        let others = book.waitlisted(after: start, countMax: countMax)
        for lease in first { offer(to: lease, &walks, at: now, into: &out) }
        for lease in others where walks.left > 0 {
            waitlistWalk.last = lease
            offer(to: lease, &walks, at: now, into: &out)
        }
        guard others.count < countMax, walks.left > 0 else { return }
        waitlistWalk.last = nil
        if !waitlistWalk.goesRoundAgain { waitlistWalk.restsUntil = now.boot + Limits.waitlistPause }
        waitlistWalk.goesRoundAgain = false
    }

    private mutating func offer(
        to lease: LeaseID, _ walks: inout FleetWalks, at now: Now, into out: inout CoordinatorBuffer
    ) {
        guard walks.left > 0, let record = book.decideConfirm(lease, &walks, in: context(at: now)) else { return }
        let entry = enter(record, by: .coordinator, for: nil, at: now)
        out.record(entry)
        follow(entry, at: now, into: &out)
    }

    /// Leases whose time on the waitlist is over, a bounded number at once.
    mutating func endWaits(at now: Now, into out: inout CoordinatorBuffer) {
        for lease in book.waitlistEnds(by: now.calendar, countMax: Limits.batchCountMax) {
            out.record(enter(.leaseEnding(lease, cause: .lapsed), by: .coordinator, for: nil, at: now))
        }
    }

    /// Moves what is promised on nodes that have been away for a while, a bounded number at once.
    mutating func repairPromises(at now: Now, into out: inout CoordinatorBuffer) {
        guard now.boot >= repairsAgain else { return }
        let found = book.threatened(from: repairPlace, at: now.calendar, countMax: Limits.movesPerSweepCountMax)
        for lease in found.leases {
            guard let record = book.decideRepair(lease, in: context(at: now)) else { continue }
            out.record(enter(record, by: .coordinator, for: nil, at: now))
        }
        repairPlace = found.next ?? RepairPlace()
        if found.next == nil { repairsAgain = now.boot + Limits.repairPause }
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
            .leaseExtended, .leaseActivated, .partitionSanitised, .ticketNoted, .headCountersigned,
            .requestRefused:
            false
        }
    }
}
