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

    /// A grant that runs on devices that were made ready for it.
    private mutating func runPrepared() {
        bench = AgentBench(plan: AgentMachineTests.plan)
        attach()
        bench.tell(.orderArrived(coordinator, grantOrder(5, number: 1)), at: 2)
        perform(.describe, at: 2)
        perform(.onGrant, at: 2)
        bench.tell(.guardAnswered(guardian, .started(grant(5))), at: 2)
        bench.clear()
    }

    @Test("each step is in the journal before it is carried out, and the work starts after the last")
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
        #expect(bench.steps == [.describe, .onGrant] && bench.guardOrders == [])
        // What nobody waits for changes nothing.
        perform(.describe, at: 3)
        perform(.evict, at: 3)
        #expect(bench.steps == [.describe, .onGrant])
        perform(.onGrant, at: 4)
        #expect(bench.guardOrders == [.start(grant(5), deadline: at(11))])
        #expect(
            bench.journaledSteps == ["describe began", "describe done", "onGrant began", "onGrant done"])
    }

    @Test("work that was made ready for too slowly starts with the next renewal, and never past its deadline (L5)")
    mutating func slowSteps() {
        bench = AgentBench(plan: AgentMachineTests.plan)
        attach()
        bench.tell(.orderArrived(coordinator, grantOrder(5, number: 1)), at: 2)
        perform(.describe, at: 2)
        perform(.onGrant, at: 11)
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
        #expect(bench.machine.nextDeadline == at(13) || bench.machine.nextDeadline < at(13))
        bench.tell(.deadlineReached, at: 12)
        #expect(bench.steps == [])
        bench.tell(.deadlineReached, at: 13)
        #expect(bench.steps == [.describe])
        perform(.describe, at: 14)
        perform(.onGrant, at: 14)
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

    @Test("a hold that ran out and was renewed starts again on devices that are still ready")
    mutating func fencedAgain() {
        runPrepared()
        bench.tell(.guardAnswered(guardian, .fenced(grant(5))), at: 11)
        bench.tell(.devicesRead([DeviceReading(unhealthy: .none, drawn: .zero)]), at: 12)
        bench.clear()
        bench.tell(.orderArrived(coordinator, renewal(of: 5, number: 2)), at: 13)
        #expect(bench.steps == [] && bench.guardOrders == [.start(grant(5), deadline: at(22))])
    }

    @Test("an agent that is killed after every record of its journal goes on where it was: nothing is skipped")
    func killedAnywhere() {
        let whole = DeviceLife(killedAfter: .max, isBeforeOutcome: false)
        #expect(whole.steps == [.describe, .onGrant, .withdraw, .evict, .verify] && whole.retiredCount == 1)
        var lives = 0
        for point in 1...whole.recordCount {
            for isBeforeOutcome in [false, true] {
                let life = DeviceLife(killedAfter: point, isBeforeOutcome: isBeforeOutcome)
                // The last time that each step was carried out is what counts, and these come in the order of the plan.
                var last: [DeviceStep] = []
                for step in life.steps {
                    last.removeAll { $0 == step }
                    last.append(step)
                }
                let expected: [[DeviceStep]] = [
                    [.describe, .onGrant, .withdraw, .evict, .verify], [.describe, .withdraw, .evict, .verify],
                    [.withdraw, .evict, .verify],
                ]
                #expect(expected.contains(last), "killed after record \(point): \(life.steps)")
                #expect(life.startCount == 0 || last.contains(.onGrant), "killed after record \(point)")
                #expect(life.retiredCount == 1, "killed after record \(point)")
                lives += 1
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
    private var session: UInt64 = 1
    private var second: Int64 = 2
    /// The steps that were carried out at the devices, in order.
    private(set) var steps: [DeviceStep] = []
    private(set) var startCount = 0
    private(set) var retiredCount = 0
    private(set) var recordCount = 0

    /// - Parameters:
    ///   - point: the record of the journal after which the agent dies.
    ///   - isBeforeOutcome: whether what it had ordered at that moment is carried out, and nobody hears of it.
    init(killedAfter point: Int, isBeforeOutcome: Bool) {
        test.bench = AgentBench(plan: DevicePlan([.describe, .onGrant, .withdraw, .evict, .verify]))
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
                effects = restart(keeping: firstCount + point)
            }
            var events = effects.compactMap { carryOut($0) }
            if events.isEmpty { events = [.orderArrived(test.coordinator, test.retireOrder(5, session: session))] }
            for event in events { test.bench.tell(event, at: second) }
        }
    }

    /// A new process that finds guard and coordinator; what it orders.
    private mutating func restart(keeping count: Int) -> [AgentEffect] {
        session += 1
        test.bench.restart(keeping: count)
        var effects = test.bench.takeEffects()
        let events: [AgentEvent] = [
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
        for event in events { test.bench.tell(event, at: second) }
        effects += test.bench.takeEffects()
        return effects
    }

    /// The world's answer to an order of the agent.
    private mutating func carryOut(_ effect: AgentEffect) -> AgentEvent? {
        switch effect {
        case .perform(let grant, let step):
            steps.append(step)
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
