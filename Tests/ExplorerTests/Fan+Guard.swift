extension Fan {
    /// The guard starts what it was told to, and fences what is past its deadline.
    ///
    /// A deadline is armed before the work starts, and nothing starts from the deadline on, however long the agent or
    /// the guard was asleep in between (L5): an order whose time is over is gone with the tick that ends it. Once the
    /// deadline is there the work may be gone at once or at the end of K; the memory is wiped at some time after that.
    mutating func runGuard(in world: World) {
        start(in: world)
        let grant = Int(world.dirtied)
        guard grant > 0, Int(world.work[grant - 1]) <= bounds.eviction else { return }
        var world = world
        world.work[grant - 1] = 0
        world.dirtied = 0
        var step = Step(.fenced)
        step.place = grant
        add(step, world)
    }

    private mutating func start(in world: World) {
        let grant = Int(world.pending)
        guard grant > 0 else { return }
        var world = world
        world.work[grant - 1] = max(1, world.pendingLeft + UInt8(bounds.eviction))
        world.dirtied = UInt8(grant)
        world.forgetPending()
        var step = Step(.started)
        step.place = grant
        var laws: Laws = []
        if world.runs(otherThan: grant) { laws.insert(.oneHolder) }
        if world.isClosed(grant) { laws.insert(.epochsGrow) }
        if world.isFreed(grant) { laws.insert(.theWait) }
        add(step, world, breaking: laws)
    }
}

extension Bounds {
    /// The highest grant of a scene, for loops over all of them.
    var grantsMax: Int { max(1, grants) }
}
