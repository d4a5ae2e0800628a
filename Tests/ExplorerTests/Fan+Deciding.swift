extension Fan {
    // MARK: What a coordinator does by itself

    /// Grants, ends, waits; renews its leadership and takes it over.
    mutating func runCoordinators(in world: World) {
        for place in 0..<(bounds.hasStandby ? 2 : 1) {
            lookEarly(at: place, in: world)
            if bounds.hasStandby { transact(at: place, in: world) }
            guard leads(place, in: world) else { continue }
            decide(at: place, in: world)
            grow(at: place, in: world)
            end(at: place, in: world)
            let desk = world.desks[place]
            if desk.state == .ending, desk.waitLeft == 0, desk.holdOff == 0 {
                var world = world
                let laws = free(Int(desk.last), at: place, in: &world)
                add(Step(.waited, at: place), world, breaking: laws)
            }
        }
        if bounds.hasStandby, world.leader == 0 { takeOver(in: world) }
    }

    /// A grant: only on a node that has reported to this process, whose witness fits this log, and that lists nothing
    /// which this log does not have (L9, decision 0008).
    private mutating func decide(at place: Int, in world: World) {
        let desk = world.desks[place]
        guard desk.state == .free, desk.session > 0, Int(world.grantCount) < bounds.grants else { return }
        let isDoubted = desk.has(.diverged) || desk.has(.stranger) && mistake != .strangerGrantable
        guard !isDoubted || mistake == .restoredWithoutQuarantine else { return }
        var world = world
        let position = world.position(of: Int(desk.last)) + 1
        world.grantCount += 1
        let grant = Int(world.grantCount)
        world.epochs[grant - 1] = desk.reign * 4 + position
        world.desks[place].last = UInt8(grant)
        if desk.head != World.laterRecord { world.desks[place].head = UInt8(grant) }
        world.desks[place].state = .live
        if bounds.isKeep {
            world.desks[place].termLeft = UInt8(bounds.term)
            world.desks[place].keepLeft = UInt8(bounds.bound(after: bounds.term))
        }
        let laws: Laws = world.runs(otherThan: grant) ? .theWait : []
        guard desk.lastAge != Desk.noHeartbeat else { return add(Step(.decided, at: place), world, breaking: laws) }
        let order = order(.grant, at: place, in: world, age: Int(desk.lastAge))
        add(Step(.decided, at: place), world, saying: order, breaking: laws)
    }

    /// A record about another node: a later index than anything that an older history of the log had.
    private mutating func grow(at place: Int, in world: World) {
        guard bounds.logGrows, world.chance(.restore) == 0, world.desks[place].head != World.laterRecord else { return }
        var world = world
        world.epochs[Int(World.laterRecord) - 1] = world.desks[place].reign * 4 + 3
        world.desks[place].head = World.laterRecord
        add(Step(.grew, at: place), world)
    }

    /// A lease ends, by release, by cause or by time: from here on silence is waited for (L5, L6).
    private mutating func end(at place: Int, in world: World) {
        let desk = world.desks[place]
        guard desk.state == .live, Int(desk.last) < bounds.grants else { return }
        var world = world
        world.desks[place].state = .ending
        world.desks[place].waitLeft = wait(at: place, in: world)
        guard desk.session > 0 else { return add(Step(.ended, at: place), world) }
        var order = Message(.retire, on: Int(desk.session))
        order.grant = Int(desk.last)
        add(Step(.ended, at: place), world, saying: order)
    }

    /// Units until silence frees the last grant: W after the last renewal, or the bound of the grant.
    func wait(at place: Int, in world: World) -> UInt8 {
        let desk = world.desks[place]
        if bounds.isKeep, mistake != .keepWaitsW { return desk.keepLeft }
        let wait = mistake == .waitOneUnitShort ? bounds.wait - 1 : bounds.wait
        return UInt8(max(0, wait - Int(desk.since)))
    }

    /// What mistakes look at too early: the clock before a batch, the validity before a heartbeat.
    private mutating func lookEarly(at place: Int, in world: World) {
        var world = world
        if mistake == .nowBeforeBatch, world.desks[place].early > 0 {
            world.desks[place].early = 0
            add(Step(.lookedEarly, at: place), world)
        }
        if mistake == .validityBeforeHeartbeat, world.desks[place].early == 0, world.desks[place].validLeft > 0 {
            world.desks[place].early = 1
            add(Step(.lookedEarly, at: place), world)
        }
    }

    // MARK: Leadership

    /// The mutating transaction that renews a leadership: valid for V from when it was *sent* (L5).
    private mutating func transact(at place: Int, in world: World) {
        guard place == 0 else { return }
        var world = world
        let desk = world.desks[place]
        switch desk.renewal {
        case .none:
            guard Int(desk.validLeft) < bounds.validity else { return }
            world.desks[place].renewal = .sent
            world.desks[place].transactionAge = 0
            add(Step(.transactionSent, at: place), world)
        case .sent:
            guard leads(place, in: world) else { return }
            world.desks[place].renewal = .done
            add(Step(.transactionDone, at: place), world)
        case .done:
            let age = mistake == .validityFromAnswer ? 0 : Int(desk.transactionAge)
            world.desks[place].validLeft = max(desk.validLeft, UInt8(max(0, bounds.validity - age)))
            world.desks[place].renewal = .none
            world.desks[place].transactionAge = 0
            add(Step(.transactionAnswered, at: place), world)
        }
    }

    /// The standby acquires the leadership, at any time: the store's word is all that it needs.
    ///
    /// It has the whole log, and waits for what the old leader may still renew.
    private mutating func takeOver(in world: World) {
        var world = world
        world.leader = 1
        world.startCount += 1
        var desk = Desk()
        desk.reign = world.desks[0].reign + 1
        desk.incarnation = world.startCount
        desk.last = world.desks[0].last
        desk.head = world.desks[0].head
        desk.recovered = desk.head
        desk.standing = world.desks[0].standing
        desk.holdOff = UInt8(mistake == .standbyWaitsW ? bounds.wait : bounds.standbyWait)
        world.desks[1] = desk
        add(Step(.tookOver, at: 1), world)
    }
}
