extension Fan {
    /// A tick of real time: every clock moves on by a unit or stands still, none stands still twice in a row.
    mutating func passTime(in world: World) {
        if let echo = bounds.echo, Int(world.sinceBeat) >= echo.interval { return }
        let clockCount = bounds.hasStandby ? 3 : 2
        for moved in 0..<(1 << clockCount) {
            let stalled = UInt8(~moved & (1 << clockCount - 1))
            guard stalled & world.stalled == 0, stalled == 0 || bounds.hasDrift else { continue }
            var after = world
            after.stalled = stalled
            after.passTick(isNodeMoving: moved & 1 == 1, bounds: bounds, mistake: mistake)
            for place in 0..<(clockCount - 1) where moved >> (place + 1) & 1 == 1 {
                after.desks[place].passUnit(bounds: bounds, isEarly: mistake == .nowBeforeBatch)
            }
            var laws: Laws = []
            if let echo = bounds.echo {
                after.quiet = min(after.quiet + 1, UInt8(echo.quietMax + 1))
                if after.desks[0].isReady == 1, Int(after.quiet) > echo.quietMax { laws = .suspicion }
            }
            var step = Step(.ticked)
            step.place = moved
            add(step, after, breaking: laws)
        }
    }
}

extension World {
    /// Real time, and a unit of the node's clock where it moves.
    fileprivate mutating func passTick(isNodeMoving: Bool, bounds: Bounds, mistake: Mistake?) {
        let eviction = UInt8(bounds.eviction)
        for position in work.indices where work[position] > 0 && work[position] != World.orphan {
            // Before the deadline the node's clock counts; after it K is real time, during which the work may still run.
            let isDue = work[position] <= eviction && mistake != .evictionOnNodeClock
            if isDue || isNodeMoving { work[position] -= 1 }
        }
        guard isNodeMoving else { return }
        if pending > 0 {
            if pendingLeft > 0 { pendingLeft -= 1 }
            if pendingLeft == 0, mistake != .startIgnoresDeadline { forgetPending() }
        }
        let oldest = bounds.longestHold
        for position in messages.indices where messages[position] != 0 {
            var message = Message(of: self, at: position)
            guard message.namesHeartbeat else { continue }
            message.age = min(message.age + 1, max(oldest, (bounds.echo?.delay ?? 0) + 1))
            messages[position] = message.bits
        }
        for position in desks.indices where desks[position].lastAge < Desk.noHeartbeat {
            desks[position].lastAge += 1
        }
        if bounds.echo != nil { sinceBeat += 1 }
    }
}

extension Desk {
    /// A unit of this coordinator's clock, and of its calendar.
    fileprivate mutating func passUnit(bounds: Bounds, isEarly: Bool) {
        since = min(since + 1, UInt8(bounds.elapsedMax))
        if waitLeft > 0, waitLeft != Desk.never { waitLeft -= 1 }
        if keepLeft > 0, keepLeft != Desk.never { keepLeft -= 1 }
        if termLeft > 0 { termLeft -= 1 }
        if validLeft > 0 { validLeft -= 1 }
        if holdOff > 0 { holdOff -= 1 }
        if transaction > 0 { transactionAge = min(transactionAge + 1, UInt8(bounds.validity)) }
        if isEarly { early = min(early + 1, UInt8(bounds.elapsedMax)) }
        guard let echo = bounds.echo else { return }
        sinceEvidence = min(sinceEvidence + 1, UInt8(echo.suspectAfter + 1))
        if Int(sinceEvidence) > echo.suspectAfter { isReady = 0 }
    }
}
