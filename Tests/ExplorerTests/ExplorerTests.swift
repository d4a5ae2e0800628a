import Testing

/// The hold protocol as an abstract machine, explored to the end within stated bounds (L1, L4, L5, L6, L9).
///
/// The article TheHoldIsProved says what is modelled, how to read a story, and how to add a mistake.
@Suite("Explorer", .serialized)
struct ExplorerTests {
    @Test("the right protocol breaks no law, whatever happens", arguments: Scene.all)
    func rightProtocolHolds(_ scene: Scene) {
        let clock = ContinuousClock()
        let start = clock.now
        let outcome = Explorer.explore(scene.bounds)
        print(scene.row(outcome, time: clock.now - start))
        for line in Story.tell(outcome, scene.bounds, nil) { print(line) }
        #expect(outcome.law == nil)
        // A change of the model shows here; if it was meant, write the new count down.
        #expect(outcome.stateCount == scene.stateCount)
        // A law that nothing could have broken was not tested.
        #expect(outcome.hasSuccession == (scene.bounds.grants > 1))
        for kind in scene.bounds.accidents { #expect(outcome.has(kind), "no \(kind) in scene \(scene.name)") }
        if scene.bounds.grants > 1 {
            for kind in [Step.Kind.waited, .fenced, .epochClosed, .ended] { #expect(outcome.has(kind)) }
        }
    }

    @Test("every planted mistake breaks its law, and the story says how", arguments: Planting.all)
    func mistakeIsTold(_ planting: Planting) {
        let outcome = Explorer.explore(planting.scene.bounds, with: planting.mistake)
        print("\(planting): \(planting.mistake.text)")
        print("found after \(outcome.stateCount) states, \(outcome.depth) steps:")
        for line in Story.tell(outcome, planting.scene.bounds, planting.mistake) { print(line) }
        #expect(outcome.law == planting.mistake.law)
    }

    @Test("every mistake is planted in some scene")
    func everyMistakeIsPlanted() {
        for mistake in Mistake.allCases { #expect(Planting.all.contains { $0.mistake == mistake }, "\(mistake)") }
    }

    @Test("W is the smallest whole number of units that the inequality of L5 allows")
    func waitIsTight() {
        for hold in 1...4 {
            for eviction in 1...3 {
                let bounds = Bounds(hold: hold, eviction: eviction)
                // (1+ρ)·(T/(1−ρ) + K) with ρ = 1/3 and K ticks of 3/4 unit, times twelve so that all is whole.
                let twelvefold = 4 * (6 * hold + 3 * eviction)
                #expect(12 * bounds.wait >= twelvefold)
                #expect(12 * (bounds.wait - 1) < twelvefold)
            }
        }
    }

    @Test("W - 1 fails by the slowest node clock against the fastest coordinator clock, and by nothing less")
    func shortWaitNeedsTheTightSchedule() throws {
        for scene in Scene.all where scene.mistakes.contains(.waitOneUnitShort) {
            let bounds = scene.bounds
            let path = Explorer.explore(bounds, with: .waitOneUnitShort).path
            let ticks = Story.ticks(of: path, bounds, .waitOneUnitShort)
            // From the stamp of the heartbeat that was renewed to the start of the next grant.
            #expect(ticks.count == bounds.wait - 1)
            #expect(ticks.allSatisfy { $0 >> 1 & 1 == 1 }, "the coordinator's clock moves in every tick")
            let untilDeadline = ticks.prefix(2 * bounds.hold)
            let standing = untilDeadline.filter { $0 & 1 == 0 }.count
            #expect(standing == bounds.hold, "the node's clock stands still in every other tick until the deadline")
        }
        var steady = try #require(Scene.all.first { $0.mistakes.contains(.waitOneUnitShort) }).bounds
        steady.hasDrift = false
        let outcome = Explorer.explore(steady, with: .waitOneUnitShort)
        #expect(outcome.law == nil, "without drift, W - 1 is more than enough")
        #expect(outcome.hasSuccession)
    }

    @Test("the bound of suspicion is tight: one tick less is broken by the right protocol")
    func suspicionIsTight() throws {
        let scene = try #require(Scene.all.first { $0.bounds.echo != nil })
        var bounds = scene.bounds
        bounds.echo?.quietLess = 1
        #expect(Explorer.explore(bounds).law == .suspicion)
    }
}
