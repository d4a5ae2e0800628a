package import LeaseholdModel

/// The steps at the devices of grants: journaled before and after, one at a time for each grant.
extension AgentMachine {
    /// From one try of a step that fails to the next.
    private static let retryAfter = Span.seconds(10)

    /// Grants whose devices are not as they have to be, by slot, then lease.
    package var stuckGrants: [StuckGrant] {
        nodes.flatMap { node in
            node.grants.compactMap { held in
                guard let reason = held.course.failure, let step = held.undone(of: plan),
                    let since = held.course.failedSince
                else { return nil }
                return StuckGrant(grant: held.grant, step: step, reason: reason, since: since)
            }
        }
    }

    /// The grants that containers may be made for, by slot, then lease.
    package var describedGrants: [GuardedGrant] {
        nodes.flatMap { node in
            node.grants.filter { !$0.course.isLeaving && $0.course.hasDone(.describe) }.map(\.grant)
        }
    }

    /// When a step that failed is tried again.
    var nextRetry: BootInstant {
        nodes.reduce(.never) { next, node in
            node.grants.reduce(next) { next, held in
                let isWaiting = held.course.failure != nil && held.course.underWay == nil
                return isWaiting && held.next(of: plan) != nil ? min(next, held.course.retryAt) : next
            }
        }
    }

    /// Tries again what failed long enough ago.
    mutating func retryDue(at now: Now, into out: inout AgentBuffer) {
        guard nextRetry <= now.boot else { return }
        for grant in liveGrants { advance(grant, at: now, into: &out) }
    }

    /// Goes on with what an earlier life of this agent has left undone.
    mutating func takeUp(at now: Now, into out: inout AgentBuffer) {
        for grant in liveGrants {
            guard let place = place(of: grant), nodes[place.slot].grants[place.position].course.isLeaving else {
                continue
            }
            advance(grant, at: now, into: &out)
        }
    }

    /// The work of a grant is off its GPUs by the guard's own word, and will not come back.
    mutating func leave(_ grant: GuardedGrant, at now: Now, into out: inout AgentBuffer) {
        guard let place = place(of: grant) else { return }
        nodes[place.slot].grants[place.position].phase = .retiring
        guard !nodes[place.slot].grants[place.position].course.isLeaving else { return }
        guard nodes[place.slot].grants[place.position].course.underWay == nil else {
            nodes[place.slot].grants[place.position].course.mustLeave = true
            return
        }
        endWork(place, at: now, into: &out)
        advance(grant, at: now, into: &out)
    }

    /// Writes down that the work of a grant is gone, and what its GPUs' counters show.
    private mutating func endWork(_ place: Place, at now: Now, into out: inout AgentBuffer) {
        let grant = nodes[place.slot].grants[place.position].grant
        let reading = meterReading(of: grant, at: now)
        guard !plan.isEmpty || !reading.gpus.isEmpty else {
            // Nothing was metered and nothing is to be done: the end of the grant, which follows, says it all.
            return nodes[place.slot].grants[place.position].course.leave()
        }
        journal(.workEnded(grant.slot, lease: grant.lease, epoch: grant.epoch, reading), into: &out)
    }

    /// What the counters of a grant's GPUs showed when the devices were last read.
    func meterReading(of grant: GuardedGrant, at now: Now) -> MeterReading {
        let meters = nodes[grant.slot.offset].reading.meters
        let gpus = grant.gpus.positions.filter(meters.indices.contains).map { meters[$0] }
        return MeterReading(at: now.calendar, gpus: gpus)
    }

    /// Makes the devices of a grant ready for its work once more, unless that runs.
    mutating func prepareAnew(_ grant: GuardedGrant, at now: Now, into out: inout AgentBuffer) {
        guard let place = place(of: grant), nodes[place.slot].grants[place.position].course.underWay == nil else {
            return
        }
        nodes[place.slot].grants[place.position].course.prepareAnew()
        advance(grant, at: now, into: &out)
    }

    /// Takes the next step at a grant's devices, or what follows them: the guard takes its work over, or the grant is over.
    mutating func advance(_ grant: GuardedGrant, at now: Now, into out: inout AgentBuffer) {
        guard let place = place(of: grant) else { return }
        let held = nodes[place.slot].grants[place.position]
        guard held.course.underWay == nil, held.course.failure == nil || held.course.retryAt <= now.boot else { return }
        if let step = held.next(of: plan) {
            // The journal knows of one that is tried again.
            if held.course.failure == nil {
                journal(.stepBegan(grant.slot, lease: grant.lease, epoch: grant.epoch, step), into: &out)
            }
            nodes[place.slot].grants[place.position].course.underWay = step
            out.observed(.perform(grant, step), applied: journalHead)
        } else if held.course.isLeaving {
            if let oldest = nodes[place.slot].certificates.first, nodes[place.slot].mustForget {
                let path = nodes[place.slot].description.path
                out.now(
                    .note(
                        Note(
                            .alarm,
                            "\(path): no coordinator has taken the certificate of lease \(oldest.lease), and there is "
                                + "room for no more: it stays in this agent's journal alone")))
            }
            journal(.grantRetired(grant, witness: witness), into: &out)
            counters.retiredCount += 1
            if let certificate = held.certificate {
                nodes[place.slot].session?.vouchAgainAt = now.boot + holds.hold
                vouch(for: [certificate], slot: place.slot, into: &out)
            }
            tell(grant, into: &out) { .retired($0) }
        } else if held.mayStart(by: plan), !held.isStarting, held.course.startBy > now.boot, isGuardHeard,
            let guardConnection
        {
            nodes[place.slot].grants[place.position].isStarting = true
            out.observed(.start(grant, deadline: held.course.startBy), toGuard: guardConnection, applied: journalHead)
        }
    }

    /// What a step came to.
    mutating func note(
        _ outcome: StepOutcome, of step: DeviceStep, for grant: GuardedGrant, at now: Now,
        into out: inout AgentBuffer
    ) {
        guard let place = place(of: grant), nodes[place.slot].grants[place.position].course.underWay == step else {
            return
        }
        let course = nodes[place.slot].grants[place.position].course
        nodes[place.slot].grants[place.position].course.underWay = nil
        let outcome = outcome.cut
        var failures = course.failureCount
        if case .failed = outcome { failures += failures == .max ? 0 : 1 }
        if case .failed(course.failure ?? "") = outcome, failures.nonzeroBitCount > 1 {
            // A step that fails for days is not written down every time.
            nodes[place.slot].grants[place.position].course.failAgain()
        } else {
            journal(
                .stepEnded(
                    grant.slot, lease: grant.lease, epoch: grant.epoch, step, outcome, after: failures, at: now.calendar
                ),
                into: &out)
        }
        if case .failed(let reason) = outcome {
            nodes[place.slot].grants[place.position].course.retryAt = now.boot + AgentMachine.retryAfter
            let path = nodes[place.slot].description.path
            let what = "\(path): \(step.words) for lease \(grant.lease)"
            out.now(
                .note(
                    course.mustLeave
                        ? Note(.info, "\(what) came to nothing, and the lease is over: \(reason)")
                        : Note(
                            .alarm, "\(what) failed, and its GPUs get no other work until it is done: \(reason)")))
        }
        if nodes[place.slot].grants[place.position].course.mustLeave {
            if step.isGuarded {
                // It may have begun work after the guard had said that there is none: the guard says it once more.
                nodes[place.slot].grants[place.position].course.mustLeave = false
                if let guardConnection {
                    out.observed(.retire(grant), toGuard: guardConnection, applied: journalHead)
                }
            } else {
                endWork(place, at: now, into: &out)
            }
        }
        if step.isGuarded { announce(grant, into: &out) }
        advance(grant, at: now, into: &out)
    }

    /// Tells the coordinator that the work of a grant runs, when it does.
    func announce(_ grant: GuardedGrant, into out: inout AgentBuffer) {
        guard let place = place(of: grant), nodes[place.slot].grants[place.position].isRunning(by: plan) else { return }
        tell(grant, into: &out) { .started($0) }
    }

    /// Off the device, and superseded by a higher epoch: what a grant left is taken away before another has its GPUs.
    mutating func clear(_ wanted: some PartitionHolder, of slot: Int, into out: inout AgentBuffer) {
        guard let guardConnection else { return }
        for position in nodes[slot].grants.indices {
            let held = nodes[slot].grants[position]
            guard held.grant.overlaps(wanted), held.phase == .fenced else { continue }
            nodes[slot].grants[position].phase = .retiring
            out.observed(.retire(held.grant), toGuard: guardConnection, applied: journalHead)
        }
    }

    private typealias Place = (slot: Int, position: Int)

    private func place(of grant: GuardedGrant) -> Place? {
        guard grant.slot.offset < nodes.count else { return nil }
        let position = nodes[grant.slot.offset].grants.firstIndex { $0.grant == grant }
        return position.map { (grant.slot.offset, $0) }
    }
}
