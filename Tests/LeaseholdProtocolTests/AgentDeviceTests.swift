import LeaseholdModel
import LeaseholdProtocol
import Testing

/// The steps at the devices of a grant.
extension AgentMachineTests {
    private static let plan = DevicePlan([.describe, .onGrant, .withdraw, .evict, .verify])

    /// What comes of the step that is under way.
    private mutating func perform(
        _ step: DeviceStep, _ outcome: StepOutcome? = nil, of index: UInt64 = 5, at second: Int64
    ) {
        bench.tell(.performed(grant(index), step, outcome ?? .done(evidence: "\(step) seen")), at: second)
    }

    /// A grant that the guard holds, while the site's program is run.
    private mutating func runUnannounced() {
        bench = AgentBench(plan: AgentMachineTests.plan)
        attach()
        bench.tell(.orderArrived(coordinator, grantOrder(5, number: 1)), at: 2)
        perform(.describe, at: 2)
        bench.tell(.guardAnswered(guardian, .started(grant(5))), at: 2)
    }

    /// A grant that runs on devices that were made ready for it.
    private mutating func runPrepared() {
        runUnannounced()
        perform(.onGrant, at: 2)
        bench.clear()
    }

    /// What a report to a new coordinator says of the grants.
    private mutating func reportedPhases() -> [GrantPhase] {
        bench.tell(.disconnected(coordinator), at: 5)
        bench.tell(.welcomeArrived(coordinator, welcome(reign: 1)), at: 5)
        return bench.sent(on: coordinator).compactMap {
            if case .report(let report) = $0 { report.condition.live.map(\.phase) } else { nil }
        }.last ?? []
    }

    @Test(
        "each step is in the journal before it is carried out; the guard is armed before the site's program runs (L5)")
    mutating func stepsBeforeWork() {
        bench = AgentBench(plan: AgentMachineTests.plan)
        attach()
        bench.clear()
        bench.isDurable = false
        bench.tell(.orderArrived(coordinator, grantOrder(5, number: 1)), at: 2)
        #expect(bench.steps == [] && bench.journaledSteps == ["describe began"])
        bench.makeDurable()
        #expect(bench.steps == [.describe])
        bench.isDurable = true
        perform(.describe, at: 3)
        #expect(bench.steps == [.describe] && bench.guardOrders == [.start(grant(5), deadline: at(11))])
        // What nobody waits for changes nothing.
        perform(.describe, at: 3)
        perform(.evict, at: 3)
        perform(.onGrant, at: 3)
        #expect(bench.steps == [.describe])
        bench.tell(.guardAnswered(guardian, .started(grant(5))), at: 4)
        #expect(bench.steps == [.describe, .onGrant])
        // It runs when the site's program says so, and not before.
        bench.clear()
        bench.tell(.orderArrived(coordinator, grantOrder(5, number: 1)), at: 4)
        #expect(bench.sent(on: coordinator) == [])
        let before = bench
        #expect(reportedPhases() == [.accepted])
        bench = before
        perform(.onGrant, at: 4)
        #expect(bench.sent(on: coordinator) == [.started(name(5))])
        #expect(
            bench.journaledSteps == ["describe began", "describe done", "onGrant began", "onGrant done"])
        bench.tell(.orderArrived(coordinator, grantOrder(5, number: 1)), at: 4)
        #expect(bench.sent(on: coordinator) == [.started(name(5))])
        #expect(reportedPhases() == [.running])
    }

    @Test(
        "what the site's program takes is renewed at the guard, and tried again where it fails, until it is fenced (L5)"
    )
    mutating func slowProgram() {
        runUnannounced()
        bench.tell(.devicesRead([DeviceReading(unhealthy: .none, drawn: .zero)]), at: 9)
        bench.tell(.orderArrived(coordinator, renewal(of: 5, number: 2)), at: 10)
        #expect(bench.renewed == [RenewedHold(grant: grant(5), deadline: at(19))])
        bench.clear()
        perform(.onGrant, .failed(reason: "exit status 1"), at: 10)
        #expect(bench.machine.stuckGrants.map(\.step) == [.onGrant] && bench.steps == [])
        bench.tell(.deadlineReached, at: 20)
        #expect(bench.steps == [.onGrant])
        // Its word runs out in the middle: what the program began is ended, so nothing runs when it comes back.
        bench.tell(.guardAnswered(guardian, .fenced(grant(5))), at: 20)
        bench.clear()
        perform(.onGrant, at: 21)
        #expect(bench.sent(on: coordinator) == [])
        #expect(reportedPhases() == [.fenced])
    }

    @Test("an agent that was killed while the site's program ran runs it again when the guard has told its hold")
    mutating func killedInProgram() {
        runUnannounced()
        bench.restart()
        bench.tell(.guardConnected(guardian), at: 3)
        #expect(bench.steps == [])
        let hold = GuardedHold(grant: grant(5), deadline: at(11), phase: .running)
        bench.tell(.guardAnswered(guardian, .holds([hold], areLast: true)), at: 3)
        #expect(bench.steps == [.onGrant])
    }

    @Test("work that was made ready for too slowly starts with the next renewal, and never past its deadline (L5)")
    mutating func slowSteps() {
        bench = AgentBench(plan: AgentMachineTests.plan)
        attach()
        bench.tell(.orderArrived(coordinator, grantOrder(5, number: 1)), at: 2)
        perform(.describe, at: 11)
        #expect(bench.guardOrders == [])
        bench.tell(.devicesRead([DeviceReading(unhealthy: .none, drawn: .zero)]), at: 12)
        bench.tell(.orderArrived(coordinator, renewal(of: 5, number: 2)), at: 13)
        #expect(bench.guardOrders == [.start(grant(5), deadline: at(22))])
    }

    @Test("a step that fails keeps the work from starting and the GPUs from others, and is tried again")
    mutating func failingStep() {
        bench = AgentBench(plan: AgentMachineTests.plan)
        attach()
        bench.tell(.orderArrived(coordinator, grantOrder(5, number: 1)), at: 2)
        bench.clear()
        perform(.describe, .failed(reason: "no space"), at: 3)
        #expect(bench.steps == [] && bench.machine.stuckGrants.map(\.reason) == ["no space"])
        bench.tell(.devicesRead([DeviceReading(unhealthy: .only(3), drawn: .zero)]), at: 4)
        guard case .heartbeat(let beat)? = bench.sent(on: coordinator).last else {
            return #expect(Bool(false), "no heartbeat")
        }
        #expect(beat.condition.unhealthy == .first(2).union(.only(3)))
        var alone = bench
        alone.tell(.disconnected(coordinator), at: 4)
        #expect(alone.machine.nextDeadline == at(13))
        bench.tell(.deadlineReached, at: 12)
        #expect(bench.steps == [])
        bench.tell(.deadlineReached, at: 13)
        #expect(bench.steps == [.describe])
        perform(.describe, at: 14)
        #expect(bench.machine.stuckGrants == [])
    }

    @Test("a retirement is acknowledged when what the work left is taken away, and not before (L5)")
    mutating func cleaned() {
        runPrepared()
        bench.tell(.orderArrived(coordinator, retireOrder(5)), at: 3)
        #expect(bench.steps == [] && bench.guardOrders == [.retire(grant(5))])
        bench.tell(.guardAnswered(guardian, .retired(grant(5))), at: 3)
        #expect(bench.steps == [.withdraw])
        perform(.withdraw, at: 4)
        perform(.evict, .failed(reason: "process 7 lives on"), at: 4)
        #expect(bench.sent(on: coordinator) == [])
        // Another grant has to wait, and so does the same order.
        bench.tell(.orderArrived(coordinator, grantOrder(6, number: 1)), at: 5)
        #expect(bench.sent(on: coordinator) == [.grantRefused(name(6), .partitionBusy)])
        bench.tell(.orderArrived(coordinator, retireOrder(5)), at: 5)
        bench.tell(.guardAnswered(guardian, .retired(grant(5))), at: 5)
        #expect(bench.sent(on: coordinator) == [])
        // The coordinator goes on talking, or it would be taken for gone.
        bench.tell(.orderArrived(coordinator, retireOrder(5)), at: 13)
        bench.tell(.deadlineReached, at: 14)
        perform(.evict, at: 15)
        bench.isDurable = false
        perform(.verify, at: 16)
        #expect(bench.sent(on: coordinator) == [])
        bench.makeDurable()
        #expect(bench.sent(on: coordinator).last == .retired(name(5)))
        #expect(bench.machine.liveGrants == [])
    }

    @Test("what is retired while its devices are made ready is cleaned when that step has come back")
    mutating func retiredInPreparation() {
        bench = AgentBench(plan: AgentMachineTests.plan)
        attach()
        bench.tell(.orderArrived(coordinator, grantOrder(5, number: 1)), at: 2)
        bench.tell(.orderArrived(coordinator, retireOrder(5)), at: 3)
        bench.tell(.guardAnswered(guardian, .retired(grant(5))), at: 3)
        #expect(bench.steps == [.describe])
        perform(.describe, at: 4)
        #expect(bench.steps == [.describe, .withdraw])
        for step in [DeviceStep.withdraw, .evict, .verify] { perform(step, at: 5) }
        #expect(bench.sent(on: coordinator).last == .retired(name(5)))
        #expect(bench.guardOrders == [])
    }

    @Test("what the site's program began after the guard had ended all is ended by the guard too (L5)")
    mutating func retiredInProgram() {
        runUnannounced()
        bench.tell(.orderArrived(coordinator, retireOrder(5)), at: 3)
        bench.tell(.guardAnswered(guardian, .retired(grant(5))), at: 3)
        bench.clear()
        perform(.onGrant, at: 4)
        #expect(bench.steps == [] && bench.guardOrders == [.retire(grant(5))])
        bench.tell(.guardAnswered(guardian, .retired(grant(5))), at: 4)
        #expect(bench.steps == [.withdraw])
    }

    @Test("what is retired after a step has failed is not tried again before the guard has spoken, nor waited for")
    mutating func retiredAfterFailure() {
        bench = AgentBench(plan: AgentMachineTests.plan)
        attach()
        bench.tell(.orderArrived(coordinator, grantOrder(5, number: 1)), at: 2)
        perform(.describe, .failed(reason: "no space"), at: 3)
        bench.tell(.orderArrived(coordinator, retireOrder(5)), at: 12)
        bench.tell(.deadlineReached, at: 14)
        #expect(bench.machine.nextDeadline > at(14))
        bench.clear()
        bench.tell(.guardAnswered(guardian, .retired(grant(5))), at: 15)
        #expect(bench.steps == [.withdraw])
    }

    @Test("nothing starts on the word of a guard that has not told what it holds, and is made ready anew after that")
    mutating func unheardGuard() {
        runPrepared()
        bench.tell(.guardDisconnected(guardian), at: 3)
        let newer = ConnectionID(rawValue: 3)
        bench.tell(.guardConnected(newer), at: 3)
        bench.tell(.devicesRead([DeviceReading(unhealthy: .none, drawn: .zero)]), at: 3)
        bench.tell(.orderArrived(coordinator, renewal(of: 5, number: 2)), at: 3)
        #expect(bench.guardOrders == [.list])
        bench.clear()
        bench.tell(.guardAnswered(newer, .holds([], areLast: true)), at: 4)
        #expect(bench.steps == [.describe])
        perform(.describe, at: 4)
        #expect(bench.guardOrders == [.start(grant(5), deadline: at(13))])
    }

    @Test("what the guard does not have is made ready anew when it is renewed, and not before: it may be over")
    mutating func goneFromTheGuard() {
        runPrepared()
        // The order to retire has reached the guard, and this agent dies before the guard's answer is written down.
        bench.restart()
        bench.tell(.guardConnected(guardian), at: 3)
        bench.tell(.guardAnswered(guardian, .holds([], areLast: true)), at: 3)
        bench.tell(.welcomeArrived(coordinator, welcome(reign: 1)), at: 3)
        bench.tell(
            .orderArrived(
                coordinator, .attached(node: AgentBench.path, id: node, session: SessionID(rawValue: 2))), at: 3)
        #expect(bench.steps == [] && bench.machine.nextDeadline > at(3))
        var over = bench
        over.tell(.orderArrived(coordinator, retireOrder(5, session: 2)), at: 3)
        over.tell(.guardAnswered(guardian, .retired(grant(5))), at: 3)
        #expect(over.steps == [.withdraw])
        bench.tell(.orderArrived(coordinator, renewal(of: 5, number: 1, session: 2)), at: 3)
        #expect(bench.steps == [.describe])
    }

    @Test("a step that was done once and failed when it was done anew is not done, in another life of the agent either")
    mutating func failedAnew() {
        runPrepared()
        bench.tell(.guardDisconnected(guardian), at: 3)
        bench.tell(.guardConnected(guardian), at: 3)
        bench.tell(.guardAnswered(guardian, .holds([], areLast: true)), at: 3)
        perform(.describe, .failed(reason: "no space"), at: 4)
        bench.restart()
        #expect(bench.machine.stuckGrants.map(\.step) == [.describe])
        bench.tell(.deadlineReached, at: 20)
        #expect(bench.steps == [.describe] && bench.machine.nextDeadline > at(20))
    }

    @Test("a GPU that should get no new work is told as such while what it had is being made clean")
    mutating func suspectInCleaning() {
        runPrepared()
        let suspect = DeviceReading(unhealthy: .none, suspect: .only(1), drawn: .zero)
        bench.tell(.devicesRead([suspect]), at: 3)
        #expect(beatUnhealthy() == GPUSet.none)
        bench.tell(.orderArrived(coordinator, retireOrder(5)), at: 3)
        bench.tell(.guardAnswered(guardian, .retired(grant(5))), at: 3)
        bench.tell(.devicesRead([suspect]), at: 4)
        #expect(beatUnhealthy() == .only(1))
    }

    /// What the last heartbeat since the last look calls unhealthy.
    private mutating func beatUnhealthy() -> GPUSet? {
        bench.sent(on: coordinator).compactMap {
            if case .heartbeat(let beat) = $0 { beat.condition.unhealthy } else { nil }
        }.last
    }

    @Test("a step that fails for days makes few records, and every failure is counted (L10)")
    mutating func failsForDays() {
        runPrepared()
        bench.tell(.orderArrived(coordinator, retireOrder(5)), at: 3)
        bench.tell(.guardAnswered(guardian, .retired(grant(5))), at: 3)
        perform(.withdraw, at: 3)
        let before = bench.journalCount
        var second: Int64 = 4
        for _ in 0..<1_000 {
            perform(.evict, .failed(reason: "lives on"), at: second)
            second += 10
            bench.tell(.orderArrived(coordinator, retireOrder(5)), at: second)
            bench.tell(.deadlineReached, at: second)
        }
        #expect(bench.journalCount - before == 10)
        perform(.evict, .failed(reason: "another"), at: second)
        #expect(bench.journalCount - before == 11)
        bench.tell(.orderArrived(coordinator, retireOrder(5)), at: second + 10)
        bench.tell(.deadlineReached, at: second + 10)
        bench.clear()
        perform(.evict, at: second + 10)
        perform(.verify, at: second + 10)
        let counts = bench.sent(on: coordinator).compactMap {
            if case .sanitised(_, _, let certificate) = $0 {
                certificate.steps.first { $0.step == .evict }?.failureCount
            } else {
                nil
            }
        }
        #expect(counts == [1_001])
    }

    @Test("a higher epoch finds the GPUs of a fenced one only when they are clean")
    mutating func superseded() {
        runPrepared()
        bench.tell(.guardAnswered(guardian, .fenced(grant(5))), at: 3)
        bench.clear()
        bench.tell(.orderArrived(coordinator, grantOrder(6, number: 1)), at: 3)
        #expect(bench.guardOrders == [.retire(grant(5))])
        #expect(bench.sent(on: coordinator) == [.grantRefused(name(6), .partitionBusy)])
        bench.tell(.guardAnswered(guardian, .retired(grant(5))), at: 3)
        for step in [DeviceStep.withdraw, .evict, .verify] { perform(step, at: 4) }
        bench.clear()
        bench.tell(.orderArrived(coordinator, grantOrder(6, number: 1)), at: 5)
        #expect(bench.machine.liveGrants == [grant(6)] && bench.steps == [.describe])
    }

    @Test("a hold that ran out and was renewed is made ready anew: what the site's program began is gone")
    mutating func fencedAgain() {
        runPrepared()
        bench.tell(.guardAnswered(guardian, .fenced(grant(5))), at: 11)
        bench.tell(.devicesRead([DeviceReading(unhealthy: .none, drawn: .zero)]), at: 12)
        let fenced = bench
        startAgain(at: 13)
        // Another life, which knows of the fence from the guard alone.
        bench = fenced
        bench.restart()
        let hold = GuardedHold(grant: grant(5), deadline: at(11), phase: .fenced)
        bench.tell(.guardConnected(guardian), at: 12)
        bench.tell(.guardAnswered(guardian, .holds([hold], areLast: true)), at: 12)
        bench.tell(.welcomeArrived(coordinator, welcome(reign: 1)), at: 12)
        bench.tell(
            .orderArrived(
                coordinator, .attached(node: AgentBench.path, id: node, session: SessionID(rawValue: 2))), at: 12)
        startAgain(at: 13, session: 2)
    }

    /// A renewal of what is over, up to the site's program.
    private mutating func startAgain(at second: Int64, session: UInt64 = 1) {
        bench.clear()
        let number: UInt64 = session == 1 ? 2 : 1
        bench.tell(.orderArrived(coordinator, renewal(of: 5, number: number, session: session)), at: second)
        #expect(bench.steps == [.describe] && bench.guardOrders == [])
        perform(.describe, at: second)
        #expect(bench.guardOrders.count == 1)
        bench.tell(.guardAnswered(guardian, .started(grant(5))), at: second)
        #expect(bench.steps == [.describe, .onGrant])
    }

    @Test("what runs goes on running under a version that would have done more before")
    mutating func newerPlan() {
        runPrepared()
        bench.restart(plan: DevicePlan([.attest, .describe, .onGrant, .withdraw, .evict, .verify]))
        bench.tell(.guardConnected(guardian), at: 3)
        let hold = GuardedHold(grant: grant(5), deadline: at(11), phase: .running)
        bench.tell(.guardAnswered(guardian, .holds([hold], areLast: true)), at: 3)
        #expect(bench.steps == [])
        #expect(reportedPhases() == [.running])
    }

    @Test("what the guard does not know when it is renewed is made ready anew as well")
    mutating func unknownAtRenewal() {
        runPrepared()
        bench.tell(.guardAnswered(guardian, .startRefused(grant(5), .deadlinePassed)), at: 3)
        #expect(bench.steps == [])
        bench.tell(.devicesRead([DeviceReading(unhealthy: .none, drawn: .zero)]), at: 3)
        bench.tell(.orderArrived(coordinator, renewal(of: 5, number: 2)), at: 4)
        #expect(bench.steps == [.describe])
        // Nor does what was made ready help, where the guard does not find it.
        perform(.describe, at: 4)
        bench.tell(.guardAnswered(guardian, .startRefused(grant(5), .deviceFailed)), at: 4)
        bench.clear()
        bench.tell(.orderArrived(coordinator, renewal(of: 5, number: 2)), at: 5)
        #expect(bench.steps == [.describe])
    }

    /// Both halves of a GPU cut in two have one of these.
    private static let halves = SliceCut(
        SliceSet(low: 0x0F0F), as: MIGProfile(name: "3g.40gb", memorySliceCount: 4, starts: 0b0001_0001))
    private static let fullPlan = DevicePlan(Set(DeviceStep.allCases).subtracting([.onRelease, .onSanitise]))

    @Test("GPUs are cut before anything else, slices unmade after all else is off them, and whole GPUs reset instead")
    func planOrder() {
        let slices = DeviceLife(AgentMachineTests.fullPlan, AgentMachineTests.halves, killedAfter: .max)
        #expect(slices.steps == [.carve, .attest, .describe, .onGrant, .withdraw, .evict, .uncarve, .verify])
        let whole = DeviceLife(AgentMachineTests.fullPlan, .none, killedAfter: .max)
        #expect(whole.steps == [.carve, .attest, .describe, .onGrant, .withdraw, .evict, .reset, .verify])
        #expect(DeviceStep.allCases.map(\.rawValue) == Array(1...11))
    }

    @Test("slices that cannot be cut, or not be unmade, are told with the reason, and nobody else gets them")
    mutating func slicesStuck() {
        cut = AgentMachineTests.halves
        bench = AgentBench(plan: AgentMachineTests.fullPlan)
        attach()
        bench.tell(.orderArrived(coordinator, grantOrder(5, number: 1)), at: 2)
        perform(.carve, .failed(reason: "INSUFFICIENT_RESOURCES"), at: 3)
        #expect(bench.machine.stuckGrants.map(\.reason) == ["INSUFFICIENT_RESOURCES"] && bench.guardOrders == [])
        bench.tell(.orderArrived(coordinator, retireOrder(5)), at: 3)
        bench.tell(.guardAnswered(guardian, .retired(grant(5))), at: 4)
        for step in [DeviceStep.withdraw, .evict] { perform(step, at: 4) }
        perform(.uncarve, .failed(reason: "IN_USE"), at: 4)
        #expect(bench.machine.stuckGrants.map(\.step) == [.uncarve])
        bench.clear()
        bench.tell(.orderArrived(coordinator, grantOrder(6, number: 1)), at: 5)
        #expect(bench.sent(on: coordinator) == [.grantRefused(name(6), .partitionBusy)])
        bench.tell(.orderArrived(coordinator, retireOrder(5)), at: 13)
        bench.tell(.deadlineReached, at: 14)
        #expect(bench.steps == [.uncarve])
        perform(.uncarve, at: 15)
        perform(.verify, at: 15)
        #expect(bench.sent(on: coordinator).last == .retired(name(5)))
    }

    @Test(
        "an agent that is killed after every record of its journal goes on where it was: nothing is skipped",
        arguments: [
            ([DeviceStep.describe, .onGrant, .withdraw, .evict, .verify], SliceCut.none),
            ([.carve, .attest, .describe, .onGrant, .withdraw, .evict, .uncarve, .verify], AgentMachineTests.halves),
        ])
    func killedAnywhere(steps: [DeviceStep], cut: SliceCut) {
        let plan = DevicePlan(Set(steps))
        let whole = DeviceLife(plan, cut, killedAfter: .max)
        #expect(whole.steps == steps && whole.retiredCount == 1)
        let leaving = steps.filter(\.isLeaving)
        let ready = steps.filter { !$0.isLeaving }
        // The last time that each step was carried out is what counts, and these come in the order of the plan: all that
        // takes away, after as much of what makes ready as there was time for.
        let expected = (0...ready.count).map { Array(ready.prefix($0)) + leaving }
        var lives = 0
        for point in 1...whole.recordCount {
            for isBeforeOutcome in [false, true] {
                for isGivenBack in [false, true] {
                    let life = DeviceLife(
                        plan, cut, killedAfter: point, isBeforeOutcome: isBeforeOutcome, isGivenBack: isGivenBack)
                    var last: [DeviceStep] = []
                    for step in life.steps {
                        last.removeAll { $0 == step }
                        last.append(step)
                    }
                    let isRight = isGivenBack ? expected.contains(last) : last == steps
                    #expect(isRight, "killed after record \(point): \(life.steps)")
                    #expect(isGivenBack || life.startCount > 0, "killed after record \(point)")
                    #expect(!life.wasUnguarded, "killed after record \(point)")
                    #expect(life.retiredCount == 1, "killed after record \(point)")
                    lives += 1
                }
            }
        }
        print("records of the journal x kills: \(whole.recordCount) x \(lives / whole.recordCount)")
    }
}

/// A grant from its order to its retirement, with an agent that dies once on the way.
private struct DeviceLife {
    private var test = AgentMachineTests()
    private let firstCount: Int
    private var hasDied = false
    private var isHeld = false
    /// Whether the coordinator has taken the grant back.
    private var isOver = false
    private var session: UInt64 = 1
    private var second: Int64 = 2
    /// The steps that were carried out at the devices, in order.
    private(set) var steps: [DeviceStep] = []
    private(set) var startCount = 0
    /// Whether the site's program was let begin work that no guard would have ended.
    private(set) var wasUnguarded = false
    private(set) var retiredCount = 0
    private(set) var recordCount = 0

    /// - Parameters:
    ///   - plan: the steps at its devices.
    ///   - cut: how it has them.
    ///   - point: the record of the journal after which the agent dies.
    ///   - isBeforeOutcome: whether what it had ordered at that moment is carried out, and nobody hears of it.
    ///   - isGivenBack: whether the grant is given back while it is dead.
    init(
        _ plan: DevicePlan, _ cut: SliceCut, killedAfter point: Int, isBeforeOutcome: Bool = false,
        isGivenBack: Bool = false
    ) {
        test.cut = cut
        test.bench = AgentBench(plan: plan)
        test.attach()
        firstCount = test.bench.journalCount
        test.bench.tell(.orderArrived(test.coordinator, test.grantOrder(5, number: 1)), at: second)
        while retiredCount == 0, second < 100 {
            second += 1
            recordCount = test.bench.journalCount - firstCount
            var effects = test.bench.takeEffects()
            if recordCount >= point, !hasDied {
                hasDied = true
                for effect in effects where isBeforeOutcome { _ = carryOut(effect) }
                isOver = isOver || isGivenBack
                effects = restart(keeping: firstCount + point)
            }
            var events = effects.compactMap { carryOut($0) }
            if events.isEmpty {
                isOver = true
                events = [.orderArrived(test.coordinator, test.retireOrder(5, session: session))]
            }
            for event in events { test.bench.tell(event, at: second) }
        }
    }

    /// A new process that finds guard and coordinator; what it orders.
    private mutating func restart(keeping count: Int) -> [AgentEffect] {
        session += 1
        test.bench.restart(keeping: count)
        var effects = test.bench.takeEffects()
        var events: [AgentEvent] = [
            .guardConnected(test.guardian),
            .guardAnswered(
                test.guardian,
                .holds(
                    isHeld ? [GuardedHold(grant: test.grant(5), deadline: test.at(11), phase: .running)] : [],
                    areLast: true)),
            .welcomeArrived(test.coordinator, test.welcome(reign: 1)),
            .orderArrived(
                test.coordinator,
                .attached(node: AgentBench.path, id: test.node, session: SessionID(rawValue: session))),
        ]
        if !isOver {
            events.append(.orderArrived(test.coordinator, test.renewal(of: 5, number: 1, session: session)))
        }
        for event in events { test.bench.tell(event, at: second) }
        effects += test.bench.takeEffects()
        return effects
    }

    /// The world's answer to an order of the agent.
    private mutating func carryOut(_ effect: AgentEffect) -> AgentEvent? {
        switch effect {
        case .perform(let grant, let step):
            steps.append(step)
            if step.isGuarded, !isHeld { wasUnguarded = true }
            return .performed(grant, step, .done(evidence: ""))
        case .tellGuard(_, .start(let grant, _)):
            isHeld = true
            startCount += 1
            return .guardAnswered(test.guardian, .started(grant))
        case .tellGuard(_, .retire(let grant)):
            isHeld = false
            return .guardAnswered(test.guardian, .retired(grant))
        case .send(_, .retired):
            retiredCount += 1
            return nil
        case .tellGuard(_, .list), .tellGuard(_, .renew), .send, .immediate: return nil
        }
    }
}
