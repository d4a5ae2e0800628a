/// The rules, and what they lead to from one world: every step that can come next, with the world after it.
///
/// The rules stand beside each other in the files `Fan+….swift`: the network, the agent, the guard, the coordinator,
/// accidents, time. Each asks whether something can happen in `world` and adds what the world is then.
struct Fan {
    let bounds: Bounds
    let mistake: Mistake?
    /// The worlds after, as far as filled.
    private(set) var worlds: [World] = []
    /// What leads to each.
    private(set) var steps: [Step] = []
    /// Which laws each step breaks.
    private(set) var broken: [Laws] = []

    init(bounds: Bounds, mistake: Mistake?) {
        self.bounds = bounds
        self.mistake = mistake
    }

    /// The world in which every scene begins: one session stands, nothing was ever granted.
    var beginning: World {
        var world = World()
        for chance in Chance.allCases { world.setChance(chance, bounds.chances[chance, default: 0]) }
        world.desks[0].session = 1
        world.desks[0].helloed = 1 << 1
        world.desks[0].since = UInt8(bounds.elapsedMax)
        world.desks[0].validLeft = UInt8(bounds.validity)
        return settled(world)
    }

    /// Fills in everything that can come after `world`.
    mutating func spread(from world: World) {
        worlds.removeAll(keepingCapacity: true)
        steps.removeAll(keepingCapacity: true)
        broken.removeAll(keepingCapacity: true)
        deliver(in: world)
        runAgent(in: world)
        runGuard(in: world)
        runCoordinators(in: world)
        sufferAccidents(in: world)
        passTime(in: world)
    }

    /// Adds a step.
    mutating func add(_ step: Step, _ world: World, breaking laws: Laws = []) {
        worlds.append(settled(world))
        steps.append(step)
        broken.append(laws)
    }

    /// Adds a step that says something: the message is lost, or on its way if there is room.
    ///
    /// `isMute` says that the step does nothing else, so that its loss would be no step at all.
    mutating func add(
        _ step: Step, _ world: World, saying message: Message, isMute: Bool = false, breaking laws: Laws = []
    ) {
        var step = step
        step.answer = message
        if !isMute {
            step.isLost = true
            add(step, world, breaking: laws)
        }
        var saying = world
        guard saying.send(message, limit: bounds.messages) else { return }
        step.isLost = false
        add(step, saying, breaking: laws)
    }

    /// What nobody can ever use again is forgotten, so that worlds merge.
    private func settled(_ world: World) -> World {
        var world = world
        for position in world.messages.indices where world.messages[position] != 0 {
            if isDead(Message(of: world, at: position), in: world) { world.messages[position] = 0 }
        }
        world.sortMessages()
        let isLastGrantDecided = Int(world.grantCount) == bounds.grants
        for position in world.desks.indices { settle(&world.desks[position], isLastGrantDecided: isLastGrantDecided) }
        return world
    }

    /// What a coordinator cannot use any more is forgotten too.
    private func settle(_ desk: inout Desk, isLastGrantDecided: Bool) {
        if Int(desk.lastAge) >= bounds.longestHold || isLastGrantDecided { desk.lastAge = Desk.noHeartbeat }
        if bounds.echo != nil { desk.since = 0 }
        if isLastGrantDecided, Int(desk.last) == bounds.grants { desk.since = 0 }
        guard bounds.isKeep else { return }
        if desk.lastAge == Desk.noHeartbeat, mistake != .keepWaitsW {
            desk.since = 0
            desk.calendarSince = 8
        }
        switch desk.state {
        case .live: break
        case .free: (desk.termLeft, desk.keepLeft) = (0, 0)
        case .ending: desk.termLeft = 0
        }
    }

    /// Whether a message makes no difference, whoever reads it and whenever.
    private func isDead(_ message: Message, in world: World) -> Bool {
        if let echo = bounds.echo { return message.age > echo.delay }
        let connection = message.connection
        if message.namesHeartbeat, message.age >= bounds.longestHold, mistake != .anchoredAtReceipt { return true }
        guard message.isForCoordinator else {
            if message.kind == .welcome { return connection != Int(world.dialled) || connection == Int(world.link) }
            if mistake == .oldConnectionRead { return false }
            return connection != Int(world.link) && connection != Int(world.dialled)
        }
        let desk = world.desks[bounds.desk(of: connection)]
        if message.kind == .hello { return desk.hasHeard(connection) }
        if Int(desk.session) > connection { return true }
        return !desk.hasHeard(connection) && mistake != .reportBeforeHelloCounted
    }
}

/// One step, for the story.
struct Step {
    /// What happened; the cases stand in the order of the files.
    enum Kind: UInt8 {
        case delivered
        case beat
        case dialled
        case reported
        case processesGone
        case memoryWiped
        case epochClosed
        case started
        case fenced
        case decided
        case grew
        case ended
        case waited
        case transactionSent
        case transactionDone
        case transactionAnswered
        case tookOver
        case lookedEarly
        case agentDied
        case guardDied
        case nodeRebooted
        case coordinatorDied
        case coordinatorRebooted
        case restored
        case calendarStepped
        case ticked
    }

    let kind: Kind
    /// Which coordinator; for `ticked` which clocks moved, as bits.
    var place = 0
    /// The message that was read.
    var message = Message.none
    /// The message that was said.
    var answer = Message.none
    /// Whether it was lost.
    var isLost = false
    /// Whether what was read is on its way still.
    var isRepeated = false

    init(_ kind: Kind, at place: Int = 0, reading message: Message = .none) {
        self.kind = kind
        self.place = place
        self.message = message
    }
}
