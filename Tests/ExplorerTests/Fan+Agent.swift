extension Fan {
    // MARK: What the agent does by itself

    /// Heartbeats, new connections, and a retirement step by step.
    mutating func runAgent(in world: World) {
        beat(in: world)
        dial(in: world)
        if bounds.reportsAgain, world.link > 0 { add(Step(.reported), world, saying: report(of: world), isMute: true) }
        retire(in: world)
    }

    /// A heartbeat: the stamp is read before anything is handed over, so it leaves with age 0 (L5).
    private mutating func beat(in world: World) {
        guard world.link > 0 else { return }
        if let echo = bounds.echo, Int(world.sinceBeat) < echo.interval { return }
        var world = world
        var message = Message(.heartbeat, on: Int(world.link))
        message.grant = Int(world.live)
        if let echo = bounds.echo {
            world.sinceBeat = 0
            world.lag = min(world.lag + 1, UInt8(echo.lag + 1))
            world.countHeartbeat(limit: echo.lag + 1)
            message.lag = Int(world.lag)
        }
        add(Step(.beat), world, saying: message, isMute: bounds.echo == nil)
    }

    private mutating func dial(in world: World) {
        guard Int(world.dialled) < bounds.connections else { return }
        var world = world
        world.dialled += 1
        var hello = Message(.hello, on: Int(world.dialled))
        hello.term = Int(world.seenReign)
        hello.incarnation = Int(world.seenIncarnation)
        add(Step(.dialled), world, saying: hello)
    }

    /// Processes gone, memory wiped, epoch closed, acknowledged: four steps, and the agent may die between any two.
    private mutating func retire(in world: World) {
        let grant = Int(world.live)
        guard let step = RetirementStep(rawValue: world.retirement), grant > 0 else { return }
        var world = world
        switch step {
        case .none: return
        case .ordered:
            // What the guard was told to start is started, and then ended with the rest: its orders come in a row.
            if Int(world.pending) == grant { world.forgetPending() }
            if world.work[grant - 1] != World.orphan { world.work[grant - 1] = 0 }
            world.retirement = RetirementStep.processesGone.rawValue
            add(Step(.processesGone), world)
        case .processesGone:
            if Int(world.dirtied) == grant { world.dirtied = 0 }
            world.retirement = RetirementStep.memoryWiped.rawValue
            add(Step(.memoryWiped), world)
        case .memoryWiped:
            world.close(grant)
            world.live = 0
            world.retirement = RetirementStep.none.rawValue
            guard world.link > 0 else { return add(Step(.epochClosed), world) }
            add(Step(.epochClosed), world, saying: answer(.retired, grant, on: Int(world.link)))
        }
    }

    // MARK: What the agent reads

    /// A message of a coordinator.
    mutating func agentReads(_ step: Step, in world: World) {
        let message = step.message
        if message.kind == .welcome { return enter(step, in: world) }
        let isCurrent = message.connection == Int(world.link)
        guard isCurrent || mistake == .oldConnectionRead && world.link > 0 else { return add(step, world) }
        switch message.kind {
        case .renewal: renew(step, in: world)
        case .grant: accept(step, in: world)
        case .retire: obeyRetire(step, in: world)
        case .none, .hello, .welcome, .report, .heartbeat, .retired: return
        }
    }

    /// The reign is journaled, older connections are closed unread, and only then it reports (L4).
    private mutating func enter(_ step: Step, in world: World) {
        let message = step.message
        guard message.connection == Int(world.dialled), message.connection != Int(world.link),
            message.term >= Int(world.seenReign)
        else { return add(step, world) }
        var world = world
        world.seenReign = UInt8(message.term)
        world.seenIncarnation = UInt8(message.incarnation)
        world.link = world.dialled
        add(step, world, saying: report(of: world))
    }

    /// Everything that the node knows.
    private func report(of world: World) -> Message {
        var report = Message(.report, on: Int(world.link))
        report.highest = Int(world.highest)
        report.grant = Int(world.live)
        report.head = Int(world.witnessHead)
        report.incarnation = Int(world.witnessIncarnation)
        return report
    }

    /// Units until the deadline that a grant or a renewal gives, on the node's clock.
    private func left(of message: Message) -> Int {
        let span = bounds.isKeep ? message.term : bounds.hold
        return mistake == .anchoredAtReceipt ? span : span - message.age
    }

    /// A deadline moves later, never earlier; what does not run is started again under its own epoch.
    private mutating func renew(_ step: Step, in world: World) {
        var world = world
        let message = step.message
        let grant = message.grant
        if bounds.echo != nil {
            world.lag = min(world.lag, UInt8(message.behind))
            world.quiet = 0
        }
        world.witness(message, bounds: bounds)
        let left = left(of: message)
        if grant > 0, grant == Int(world.live), world.retirement == 0, left > 0 {
            let deadline = UInt8(left + bounds.eviction)
            if world.runs(grant) {
                world.work[grant - 1] = max(world.work[grant - 1], deadline)
            } else if world.pending == 0 || Int(world.pending) == grant {
                world.pendingLeft = max(Int(world.pending) == grant ? world.pendingLeft : 0, UInt8(left))
                world.pending = UInt8(grant)
            }
        }
        add(step, world)
    }

    /// A grant: its epoch must be higher than all that were seen, and it is journaled before the guard hears of it.
    ///
    /// The agent of the house refuses while older work is on the device. That is left out, so that the wait alone must
    /// do; what is left of it here is that an older grant whose work is gone is wiped before the next one is taken.
    private mutating func accept(_ step: Step, in world: World) {
        var world = world
        let message = step.message
        world.witness(message, bounds: bounds)
        let epoch = world.epoch(of: message.grant)
        let left = left(of: message)
        let isHigher = mistake == .epochNotLower ? epoch >= world.highest : epoch > world.highest
        let isKnown = world.live > 0 && world.epoch(of: Int(world.live)) == epoch
        let isUnwiped = world.live > 0 && world.dirtied == world.live && !world.runs(Int(world.live))
        guard !isKnown, left > 0, isHigher, !isUnwiped else { return add(step, world) }
        if world.live > 0 { world.close(Int(world.live)) }
        world.live = UInt8(message.grant)
        world.retirement = 0
        world.highest = epoch
        world.highestSafe = epoch
        world.pending = UInt8(message.grant)
        world.pendingLeft = UInt8(left)
        add(step, world)
    }

    /// The order to retire: begun for a live grant, acknowledged at once for one that is closed or never came (L4).
    private mutating func obeyRetire(_ step: Step, in world: World) {
        var world = world
        let grant = step.message.grant
        let acknowledgement = answer(.retired, grant, on: Int(world.link))
        if grant == Int(world.live) {
            let isNew = world.retirement == 0
            if isNew { world.retirement = RetirementStep.ordered.rawValue }
            guard mistake == .retiredBeforeProcessesGone else { return add(step, world) }
            return add(step, world, saying: acknowledgement)
        }
        if mistake != .unseenEpochNotRaised {
            world.highest = max(world.highest, world.epoch(of: grant))
            if mistake != .retiredBeforeDurable { world.highestSafe = world.highest }
            world.close(grant)
        }
        add(step, world, saying: acknowledgement)
    }

    private func answer(_ kind: Message.Kind, _ grant: Int, on connection: Int) -> Message {
        var message = Message(kind, on: connection)
        message.grant = grant
        return message
    }
}

extension World {
    /// The guard has started it, or will not.
    mutating func forgetPending() {
        pending = 0
        pendingLeft = 0
    }

    /// One more heartbeat: those on their way, and the renewals that name them, are one further behind.
    fileprivate mutating func countHeartbeat(limit: Int) {
        for position in messages.indices where messages[position] != 0 {
            var message = Message(of: self, at: position)
            guard message.namesHeartbeat else { continue }
            message.behind = min(message.behind + 1, limit)
            messages[position] = message.bits
        }
    }

    /// The agent keeps the highest head that it was shown (L9).
    fileprivate mutating func witness(_ message: Message, bounds: Bounds) {
        guard bounds.hasRestore, position(of: message.head) > position(of: Int(witnessHead)) else { return }
        witnessHead = UInt8(message.head)
        witnessIncarnation = seenIncarnation
    }
}
