extension Fan {
    // MARK: What a coordinator reads

    /// A message of the agent.
    mutating func coordinatorReads(_ step: Step, in world: World) {
        switch step.message.kind {
        case .hello: greet(step, in: world)
        case .report: admit(step, in: world)
        case .heartbeat: beat(step, in: world)
        case .retired: noteRetired(step, in: world)
        case .none, .welcome, .renewal, .grant, .retire: return
        }
    }

    /// A hello: refused if the agent has seen a higher reign; remembered if it has seen this one led by another start.
    private mutating func greet(_ step: Step, in world: World) {
        var world = world
        let message = step.message
        let desk = world.desks[step.place]
        let isUp = step.place == 0 || world.leader == 1
        guard isUp, message.term <= Int(desk.reign), !desk.hasHeard(message.connection) else { return add(step, world) }
        world.desks[step.place].helloed |= 1 << UInt8(message.connection)
        if message.term == Int(desk.reign), message.incarnation != Int(desk.incarnation) {
            world.desks[step.place].helloed |= 1 << UInt8(message.connection + 4)
        }
        var welcome = Message(.welcome, on: message.connection)
        welcome.term = Int(desk.reign)
        welcome.incarnation = Int(desk.incarnation)
        add(step, world, saying: welcome)
    }

    /// A report opens the session, unless a newer connection has reported (L4); it closes an epoch only if its highest
    /// is as high and it does not list it, because a report of "nothing" may cross a grant.
    private mutating func admit(_ step: Step, in world: World) {
        var world = world
        let message = step.message
        let before = world.desks[step.place]
        let isKnown = before.hasHeard(message.connection) || mistake == .reportBeforeHelloCounted
        guard isKnown, Int(before.session) <= message.connection else { return add(step, world) }
        world.desks[step.place].session = UInt8(message.connection)
        world.desks[step.place].lastAge = Desk.noHeartbeat
        if contradicts(message, desk: before, in: world) { world.desks[step.place].set(.diverged, true) }
        let isLive = message.grant > 0 && message.grant == Int(before.last)
        let isClosed =
            mistake == .emptyReportCloses || message.highest >= Int(world.epoch(of: Int(before.last)))
        if before.state == .ending, !isLive, isClosed {
            let laws = free(Int(before.last), at: step.place, in: &world)
            return add(step, world, breaking: laws)
        }
        let owed = debts(to: message.grant, at: step.place, in: world, age: nil)
        world.desks[step.place].set(.stranger, owed.second != .none)
        say(step, in: world, owed: owed)
    }

    /// Whether a witness proves that this log has lost records that were durable once (L9).
    private func contradicts(_ message: Message, desk: Desk, in world: World) -> Bool {
        if desk.suspects(message.connection) { return true }
        guard message.incarnation != Int(desk.incarnation), message.head > 0 else { return false }
        let seen = world.position(of: message.head)
        let known = world.position(of: Int(desk.recovered))
        return seen > known || seen == known && message.head != Int(desk.recovered)
    }

    /// A heartbeat of the session: what it lists and the book has is renewed; the rest is set right.
    ///
    /// The clock is read after it was taken, so its age for the coordinator is zero (L5).
    private mutating func beat(_ step: Step, in world: World) {
        var world = world
        let message = step.message
        let desk = world.desks[step.place]
        guard Int(desk.session) == message.connection, mayRenew(desk, at: step.place) else { return add(step, world) }
        world.desks[step.place].since = mistake == .nowBeforeBatch ? desk.early : 0
        world.desks[step.place].calendarSince = 8
        world.desks[step.place].lastAge = UInt8(min(message.age, Int(Desk.noHeartbeat)))
        if mistake == .validityBeforeHeartbeat { world.desks[step.place].early = 0 }
        if let echo = bounds.echo {
            if message.lag <= echo.lag || mistake == .renewalCountedWithoutEcho {
                world.desks[step.place].sinceEvidence = 0
                world.desks[step.place].isReady = 1
            }
            var renewal = Message(.renewal, on: message.connection)
            renewal.age = message.age
            renewal.behind = message.behind
            return add(step, world, saying: renewal)
        }
        let owed = debts(to: message.grant, at: step.place, in: world, age: message.age)
        // A report raises the doubt, the first heartbeat that lists no stranger ends it (decision 0008).
        if owed.second == .none { world.desks[step.place].set(.stranger, false) }
        if mistake == .keepBoundMovesEarlier, owed.first.kind == .renewal {
            world.desks[step.place].keepLeft = UInt8(bounds.bound(after: owed.first.term))
        }
        say(step, in: world, owed: owed)
    }

    /// Whether a leader may renew: its leadership is still valid after it received the heartbeat (L5).
    ///
    /// Nobody takes over from the second leader, so its leadership is always valid.
    private func mayRenew(_ desk: Desk, at place: Int) -> Bool {
        guard bounds.hasStandby, place == 0 else { return true }
        return mistake == .validityBeforeHeartbeat ? desk.early == 1 : desk.validLeft > 0
    }

    /// A retirement is done: the ledger believes it, and the truth must bear it out.
    private mutating func noteRetired(_ step: Step, in world: World) {
        var world = world
        let grant = step.message.grant
        let desk = world.desks[step.place]
        let isAwaited = desk.state == .ending && Int(desk.last) == grant
        guard Int(desk.session) == step.message.connection, isAwaited, leads(step.place, in: world) else {
            return add(step, world)
        }
        var laws = free(grant, at: step.place, in: &world)
        let isEmpty = !world.runs(grant) && Int(world.dirtied) != grant
        if !isEmpty || !world.isClosed(grant) || world.highestSafe < world.epoch(of: grant) { laws.insert(.retirement) }
        add(step, world, breaking: laws)
    }

    // MARK: What a coordinator answers

    /// What a node that lists `listed` is owed: something about the book's own grant, and the end of a stranger.
    ///
    /// `age` is that of the heartbeat that orders and renewals name; nil for a report, which none can name.
    private func debts(to listed: Int, at place: Int, in world: World, age: Int?) -> Debts {
        let desk = world.desks[place]
        let connection = Int(desk.session)
        let own = Int(desk.last)
        var first = Message.none
        switch desk.state {
        case .free: break
        case .live:
            if let age { first = order(listed == own ? .renewal : .grant, at: place, in: world, age: age) }
        case .ending:
            first = Message(.retire, on: connection)
            first.grant = own
        }
        var second = Message.none
        if listed > 0, desk.state == .free || listed != own {
            second = Message(.retire, on: connection)
            second.grant = listed
        }
        return Debts(first: first, second: second)
    }

    /// A grant or a renewal that names the last heartbeat, with the term that remained when it was received (L6).
    func order(_ kind: Message.Kind, at place: Int, in world: World, age: Int) -> Message {
        let desk = world.desks[place]
        var message = Message(kind, on: Int(desk.session))
        message.grant = Int(desk.last)
        message.age = age
        if bounds.hasRestore { message.head = Int(desk.head) }
        guard bounds.isKeep else { return message }
        let since = Int(desk.since)
        let term = max(0, min(15, Int(desk.termLeft) + since + Int(desk.calendarSince) - 8))
        let isCapped = desk.keepLeft != Desk.never && mistake != .keepTrustsCalendar
        let rounded = mistake == .keepRemainderRoundedUp ? 1 : 0
        message.term = isCapped ? min(term, bounds.remaining(within: Int(desk.keepLeft) + since + rounded)) : term
        return message
    }

    /// Adds the step with none, either or both of what is owed.
    private mutating func say(_ step: Step, in world: World, owed: Debts) {
        if owed.second == .none {
            return owed.first == .none ? add(step, world) : add(step, world, saying: owed.first)
        }
        add(step, world, saying: owed.second)
        guard owed.first != .none else { return }
        var saying = world
        guard saying.send(owed.first, limit: bounds.messages) else { return }
        add(step, saying, saying: owed.second)
    }

    /// Gives a grant free.
    ///
    /// - Returns: the laws that this breaks.
    func free(_ grant: Int, at place: Int, in world: inout World) -> Laws {
        world.desks[place].state = .free
        world.desks[place].waitLeft = 0
        world.freed |= 1 << UInt8(grant)
        return world.runs(grant) ? .theWait : []
    }

    /// Whether a transaction of this coordinator succeeds at the log.
    func leads(_ place: Int, in world: World) -> Bool { Int(world.leader) == place }
}

/// What a coordinator owes a node: at most one message about its own grant, and one about another.
private struct Debts {
    let first: Message
    let second: Message
}
