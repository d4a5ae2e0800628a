import LeaseholdModel

/// The book as one number: equal for the live book, the replayed log and every follower (L14).
///
/// Everything that a record can change, which is all that an image says, is walked in the order of ids or of records. What
/// is only counted from it (free GPUs, committed watts, indexes) is left out: `checkInvariants` recounts that.
extension LeaseBook {
    /// The digest; a walk of the whole book.
    package func digest() -> UInt64 {
        var digest = BookDigest()
        digest.combine(head.rawValue)
        digest.combine(lastInstant.nanoseconds)
        digest.combine(reign.rawValue)
        digest.combine(longestHolds)
        digest.combine(reignBegan?.reign.rawValue)
        if let reignBegan {
            digest.combine(reignBegan.incarnation)
            digest.combine(reignBegan.boot)
            digest.combine(reignBegan.holds)
        }
        for restore in restores { digest.combine(restore) }
        fleet.combine(into: &digest)
        combineStage(into: &digest)
        digest.combine(tenants.rows.count)
        for tenant in tenants.rows {
            digest.combine(tenant.name)
            digest.combine(tenant.quota)
            digest.combine(tenant.heldThousandths)
        }
        combineLeases(into: &digest)
        digest.combine(leases.waitlist.entries.count)
        for entry in leases.waitlist.entries { entry.combine(into: &digest) }
        demand.combine(into: &digest)
        requests.combine(into: &digest)
        tickets.combine(into: &digest)
        return digest.value
    }

    /// What was asked for and promised stands once before the parts that are remembered.
    private func combineLeases(into digest: inout BookDigest) {
        var whole: LeaseID?
        for row in leases.rows where !row.isForgotten {
            if whole != row.id.whole {
                whole = row.id.whole
                digest.combine(row.principal)
                row.granted.combine(into: &digest)
            }
            row.combine(into: &digest)
            leases.notes[row.id]?.combine(into: &digest)
        }
        let orders = leases.orders
        for order in [orders.ending, orders.ended] {
            digest.combine(order.count)
            for lease in order { digest.combine(lease.rawValue) }
        }
    }

    private func combineStage(into digest: inout BookDigest) {
        guard let stage else { return }
        digest.combine(stage.importHash)
        digest.combine(stage.partCount)
        digest.combine(stage.nextPart)
        for kind in stage.fleet.kinds { digest.combine(kind) }
        for place in stage.fleet.places { digest.combine(place) }
        for run in stage.fleet.runs { digest.combine(run) }
    }
}

extension Inventory {
    fileprivate func combine(into digest: inout BookDigest) {
        digest.combine(kinds.count)
        for row in kinds { digest.combine(row.kind) }
        digest.combine(places.count)
        for place in places {
            digest.combine(place.path)
            digest.combine(place.limit?.count)
            digest.combine(place.committed.count)
        }
        digest.combine(nodes.count)
        for row in nodes {
            digest.combine(row.shape.name)
            digest.combine(row.shape.kind.rawValue)
            digest.combine(row.shape.gpuCount)
            digest.combine(row.shape.envelope.count)
            digest.combine(row.shape.cpu.count)
            digest.combine(row.shape.memory.count)
            digest.combine(row.standing.traits.rawValue)
            digest.combine(labelSets[Int(row.shape.labelSet)])
            for held in row.uses {
                digest.combine(held.lease.rawValue)
                digest.combine(held.placement)
            }
            digest.combine(row.hardware)
            digest.combine(row.since.nanoseconds)
            let standing = row.standing
            digest.combine(
                UInt64(standing.state.rawValue) << 48 | UInt64(standing.reason.rawValue) << 40
                    | (standing.isCordoned ? 1 : 0) << 32 | (standing.isDoubted ? 1 : 0) << 33 | UInt64(
                        standing.leased.bits) << 16
                    | UInt64(standing.unhealthy.bits))
        }
        for holder in holders { digest.combine(holder) }
    }
}

extension WaitlistEntry {
    fileprivate func combine(into digest: inout BookDigest) {
        digest.combine(lease.rawValue)
        waiting.terms.combine(into: &digest)
        digest.combine(waiting.until.nanoseconds)
        digest.combine(waiting.estimatedStart?.nanoseconds)
        digest.combine(waiting.refusal)
    }
}

extension LeaseTerms {
    /// Terms in parts do not wait.
    fileprivate func combine(into digest: inout BookDigest) {
        digest.combine(tenant)
        digest.combine(UInt64(unit.rawValue) << 8 | UInt64(onSilence.rawValue))
        digest.combine(count)
        digest.combine(kinds.count)
        for kinds in kinds { digest.combine(kinds) }
        digest.combine(shape)
        digest.combine(labels)
        switch start {
        case .now: digest.combine(UInt64(1))
        case .soonest: digest.combine(UInt64(2))
        case .at(let instant):
            digest.combine(UInt64(3))
            digest.combine(instant.nanoseconds)
        }
        switch end {
        case .after(let span):
            digest.combine(UInt64(1))
            digest.combine(span.nanoseconds)
        case .at(let instant):
            digest.combine(UInt64(2))
            digest.combine(instant.nanoseconds)
        }
        digest.combine(within?.rawValue)
        digest.combine(spread?.rawValue)
        digest.combine(waitlist?.nanoseconds)
    }
}

extension LeaseNotes {
    fileprivate func combine(into digest: inout BookDigest) {
        digest.combine(forgottenCount)
        digest.combine(entries.count)
        for entry in entries {
            digest.combine(entry.index.rawValue)
            digest.combine(entry.at.nanoseconds)
            digest.combine(entry.note.word)
            entry.note.combine(into: &digest)
        }
    }
}

extension LeaseNote {
    fileprivate func combine(into digest: inout BookDigest) {
        switch self {
        case .confirmed: break
        case .moved(let node, let count, let hindrance):
            digest.combine(node.rawValue)
            digest.combine(count)
            hindrance.combine(into: &digest)
        case .beganWithout(let node, let count):
            digest.combine(node.rawValue)
            digest.combine(count)
        case .interrupted(let node, let state, let reason):
            digest.combine(node.rawValue)
            digest.combine(UInt64(state.rawValue) << 8 | UInt64(reason.rawValue))
        case .broken(let node, let gpus):
            digest.combine(node.rawValue)
            digest.combine(gpus.bits)
        case .restored(let node): digest.combine(node.rawValue)
        case .extended(let end): digest.combine(end.nanoseconds)
        case .shrunk(let count): digest.combine(count)
        }
    }
}

extension Hindrance {
    fileprivate func combine(into digest: inout BookDigest) {
        switch self {
        case .away(let state, let reason): digest.combine(UInt64(state.rawValue) << 8 | UInt64(reason.rawValue))
        case .broken(let gpus): digest.combine(gpus.bits)
        case .cordoned: digest.combine(UInt64(1) << 32)
        case .held(let lease): digest.combine(lease.rawValue)
        case .notCarved: digest.combine(UInt64(2) << 32)
        }
    }
}

extension LeaseGranted {
    fileprivate func combine(into digest: inout BookDigest) {
        digest.combine(tenant.rawValue)
        digest.combine(
            UInt64(unit.rawValue) << 16 | UInt64(onSilence.rawValue) << 8 | UInt64(silenceClass.rawValue))
        digest.combine(count)
        digest.combine(within?.rawValue)
        digest.combine(spread?.rawValue)
        digest.combine(turnaround.nanoseconds)
        digest.combine(kinds.count)
        for kind in kinds { digest.combine(kind.rawValue) }
        digest.combine(shape)
        digest.combine(labels)
        digest.combine(first)
        digest.combine(further.count)
        for part in further { digest.combine(part) }
        digest.combine(terms.count)
        for some in terms { digest.combine(some) }
        digest.combine(begun)
    }
}

extension LeaseRow {
    fileprivate func combine(into digest: inout BookDigest) {
        digest.combine(id.rawValue)
        digest.combine(UInt64(state.rawValue) << 8 | UInt64(cause.rawValue))
        digest.combine(since.nanoseconds)
        // Most lie as they were granted, in the same memory, and that has been taken in.
        let isAsGranted = id.part < granted.partCount && part == granted.part(id.part)
        digest.combine(UInt64(isAsGranted ? 1 : 0))
        if !isAsGranted { digest.combine(part) }
        digest.combine(begun)
        if begun != nil {
            digest.combine(epoch.reign.rawValue)
            digest.combine(epoch.index.rawValue)
            digest.combine(firstEndsAt.nanoseconds)
            digest.combine(firstBound?.nanoseconds)
        }
        digest.combine(extendedBy.rawValue)
        digest.combine(endedBy.rawValue)
        digest.combine(leaving.count)
        for left in leaving {
            digest.combine(left.placement)
            digest.combine(left.stay.from.nanoseconds)
            digest.combine(left.stay.until.nanoseconds)
            digest.combine(left.by.rawValue)
        }
        digest.combine(retiredCount)
        for word in retired { digest.combine(word) }
    }
}

extension RequestTable {
    fileprivate func combine(into digest: inout BookDigest) {
        digest.combine(count)
        for name in order.all {
            guard let row = row(name, at: CalendarInstant(nanoseconds: .min)) else {
                preconditionFailure("request \(name.id) of \(name.principal) is in order and has no answer")
            }
            digest.combine(name.principal)
            digest.combine(name.id)
            digest.combine(row.bodyHash)
            digest.combine(row.at.nanoseconds)
            row.outcome.combine(into: &digest)
        }
    }
}

extension Outcome {
    fileprivate func combine(into digest: inout BookDigest) {
        switch self {
        case .imported(let imported):
            digest.combine(UInt64(imported.isCommitted ? 2 : 1))
            digest.combine(imported.nodeCount)
            digest.combine(imported.gpuCount)
        case .tenantCreated(let tenant, let quota):
            digest.combine(UInt64(3))
            digest.combine(tenant.rawValue)
            digest.combine(quota)
        case .quotaSet(let tenant, let quota, let held, let leaseCount):
            digest.combine(UInt64(4))
            digest.combine(tenant.rawValue)
            digest.combine(quota)
            digest.combine(held)
            digest.combine(leaseCount)
        case .cordonSet(let node, let isCordoned):
            digest.combine(UInt64(isCordoned ? 6 : 5))
            digest.combine(node.rawValue)
        case .granted(let lease):
            digest.combine(UInt64(7))
            digest.combine(lease.rawValue)
        case .released(let lease, let at):
            digest.combine(UInt64(8))
            digest.combine(lease.rawValue)
            digest.combine(at.nanoseconds)
        case .cancelled(let lease, let at):
            digest.combine(UInt64(10))
            digest.combine(lease.rawValue)
            digest.combine(at.nanoseconds)
        case .extended(let lease, let endsAt):
            digest.combine(UInt64(11))
            digest.combine(lease.rawValue)
            digest.combine(endsAt.nanoseconds)
        case .refused(let refusal):
            digest.combine(UInt64(9))
            digest.combine(refusal)
        case .waitlisted(let lease, let position, let waiting):
            digest.combine(UInt64(12))
            digest.combine(lease.rawValue)
            digest.combine(position)
            digest.combine(waiting.until.nanoseconds)
            digest.combine(waiting.estimatedStart?.nanoseconds)
            digest.combine(waiting.refusal)
        case .resized(let lease, let count):
            digest.combine(UInt64(13))
            digest.combine(lease.rawValue)
            digest.combine(count)
        case .countersigned(let head, let record):
            digest.combine(UInt64(14))
            digest.combine(head.rawValue)
            digest.combine(record.rawValue)
        }
    }
}

extension TicketTable {
    /// Nothing where there was never a ticket, so that the books of older logs keep their numbers.
    fileprivate func combine(into digest: inout BookDigest) {
        for row in rows {
            digest.combine(row.node.rawValue)
            digest.combine(row.last)
            digest.combine(row.open.count)
            for open in row.open {
                digest.combine(open.ticket)
                digest.combine(open.leases.count)
                for lease in open.leases { digest.combine(lease.rawValue) }
            }
        }
    }
}

extension BookDigest {
    fileprivate mutating func combine(_ name: Ticket.Name) {
        combine(name.opened.nanoseconds)
        combine(name.number)
    }

    fileprivate mutating func combine(_ ticket: Ticket) {
        combine(ticket.name)
        combine(ticket.gpu)
        combine(ticket.uuid)
        combine(ticket.component)
        combine(ticket.action)
        combine(ticket.done?.nanoseconds)
    }
}
