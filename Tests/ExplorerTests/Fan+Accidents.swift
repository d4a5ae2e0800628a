extension Fan {
    /// Deaths, reboots, an older log, steps of the calendar: each as often as the scene's chances go.
    ///
    /// Being down for a while is dying late: a process that does nothing until it starts again makes no difference.
    mutating func sufferAccidents(in world: World) {
        if var after = world.spending(.agentDeath) {
            after.loseAgent(mistake)
            add(Step(.agentDied), after)
        }
        if var after = world.spending(.guardDeath) {
            after.loseGuard(leavingWork: mistake == .guardDeathLeavesWork)
            add(Step(.guardDied), after)
        }
        if var after = world.spending(.nodeReboot) {
            after.loseAgent(nil)
            after.loseGuard(leavingWork: false)
            add(Step(.nodeRebooted), after)
        }
        loseCoordinator(in: world)
        restore(in: world)
        stepCalendar(in: world)
    }

    /// After a restart every live hold counts as renewed at the last possible moment (L5).
    private mutating func loseCoordinator(in world: World) {
        if var after = world.spending(.coordinatorDeath) {
            restart(raising: true, in: &after)
            if mistake == .restartCountsNoRenewal {
                after.desks[0].since = UInt8(bounds.elapsedMax)
                after.desks[0].waitLeft = 0
            }
            add(Step(.coordinatorDied), after)
        }
        if var after = world.spending(.coordinatorReboot) {
            // A bound of another boot says nothing (L6). With the mistake its number is compared with a clock that is
            // ahead of it, as after a start on another machine.
            if bounds.isKeep, after.desks[0].last > 0 {
                after.desks[0].keepLeft = mistake == .keepBoundCountedAfterReboot ? 0 : Desk.never
            }
            restart(raising: true, in: &after)
            add(Step(.coordinatorRebooted), after)
        }
    }

    /// A new process over the same log: nothing is known of the node until it reports (L9).
    private func restart(raising: Bool, in world: inout World) {
        world.startCount += 1
        var desk = Desk()
        let old = world.desks[0]
        desk.reign = raising ? old.reign + 1 : old.reign
        desk.incarnation = world.startCount
        desk.last = old.last
        desk.head = old.head
        desk.recovered = old.head
        desk.standing = old.standing
        desk.keepLeft = old.keepLeft
        desk.termLeft = old.termLeft
        desk.early = mistake == .nowBeforeBatch ? 0 : old.early
        world.desks[0] = desk
        if desk.state == .ending { world.desks[0].waitLeft = wait(at: 0, in: world) }
    }

    /// The log goes back to any earlier point: the last grant as it was before, or the one before it, or none at all.
    ///
    /// With the reign's own record lost too, the new process leads the same reign again, under another start.
    private mutating func restore(in world: World) {
        guard world.chance(.restore) > 0 else { return }
        let last = world.desks[0].last
        guard last > 0 else { return }
        var points: [(last: UInt8, state: Standing)] = []
        switch world.desks[0].state {
        case .free: points = [(last, .ending), (last, .live)]
        case .ending: points = [(last, .live)]
        case .live: break
        }
        if let before = world.grant(before: last) {
            points += [(before, .free), (before, .ending), (before, .live)]
        } else {
            points.append((0, .free))
        }
        for point in points {
            for isRaised in [true, false] {
                guard var after = world.spending(.restore) else { return }
                after.desks[0].last = point.last
                after.desks[0].head = point.last
                after.desks[0].state = point.state
                // The bound stands in the record of its grant and never moves, so an older log of this boot has the same.
                let hasBound = point.last == last && world.desks[0].state != .free
                if bounds.isKeep, !hasBound { after.desks[0].keepLeft = Desk.never }
                if point.state != .free { after.freed &= ~(1 << point.last) }
                restart(raising: isRaised, in: &after)
                add(Step(.restored), after)
            }
        }
    }

    private mutating func stepCalendar(in world: World) {
        guard bounds.isKeep else { return }
        for direction in [-1, 1] {
            guard var after = world.spending(.calendarStep) else { return }
            let left = Int(after.desks[0].termLeft) - direction
            guard after.desks[0].last > 0, (0...15).contains(left) else { continue }
            after.desks[0].termLeft = UInt8(left)
            let since = Int(after.desks[0].calendarSince) + direction
            after.desks[0].calendarSince = UInt8(since)
            var step = Step(.calendarStepped)
            step.place = direction
            add(step, after)
        }
    }
}

extension World {
    /// What an agent's death loses: its connection, how far a retirement was, and what was not journaled.
    fileprivate mutating func loseAgent(_ mistake: Mistake?) {
        link = 0
        retirement = RetirementStep.none.rawValue
        highest = mistake == .epochForgottenByDeath ? 0 : highestSafe
        highestSafe = highest
    }

    /// A guard's death takes the work along, and the next guard wipes what it left before it does anything else.
    fileprivate mutating func loseGuard(leavingWork: Bool) {
        for position in work.indices where work[position] > 0 { work[position] = leavingWork ? World.orphan : 0 }
        forgetPending()
        if !leavingWork { dirtied = 0 }
    }

    /// The grant before another in the log; nil for the first.
    fileprivate func grant(before grant: UInt8) -> UInt8? {
        let position = self.position(of: Int(grant))
        guard position > 1 else { return nil }
        var candidate = grant - 1
        while candidate > 0 {
            if self.position(of: Int(candidate)) == position - 1 { return candidate }
            candidate -= 1
        }
        return nil
    }
}
