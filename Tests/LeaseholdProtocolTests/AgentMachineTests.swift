import LeaseholdModel
import LeaseholdProtocol
import Testing

@Suite("the agent")
struct AgentMachineTests {
    let coordinator = ConnectionID(rawValue: 1)
    let guardian = ConnectionID(rawValue: 2)
    let node = NodeID(rawValue: 7)
    var bench = AgentBench()
    /// How the grants of a test have their GPUs.
    var cut = SliceCut.none

    // MARK: Reigns (L4)

    @Test("a reign is durable before the first report on its connection")
    mutating func reignBeforeReport() {
        bench.begin(durable: false)
        bench.tell(.welcomeArrived(coordinator, welcome(reign: 1)), at: 1)
        #expect(bench.sent(on: coordinator) == [])
        bench.makeDurable()
        #expect(bench.sent(on: coordinator).count == 1)
    }

    @Test("a lower reign is refused")
    mutating func lowerReignRefused() {
        bench.begin()
        bench.tell(.welcomeArrived(coordinator, welcome(reign: 5)), at: 1)
        let older = ConnectionID(rawValue: 9)
        bench.tell(.welcomeArrived(older, welcome(reign: 4)), at: 2)
        #expect(bench.closed == [older])
    }

    @Test("another log is refused")
    mutating func otherLogRefused() {
        bench.begin()
        bench.tell(.welcomeArrived(coordinator, welcome(reign: 1)), at: 1)
        bench.tell(.welcomeArrived(ConnectionID(rawValue: 9), welcome(reign: 9, log: 2)), at: 2)
        #expect(bench.closed == [ConnectionID(rawValue: 9)])
    }

    @Test("a newer connection closes the older, whose orders are no longer obeyed")
    mutating func olderConnectionUnread() {
        attach()
        let newer = ConnectionID(rawValue: 9)
        bench.tell(.welcomeArrived(newer, welcome(reign: 2)), at: 2)
        #expect(bench.closed == [coordinator])
        bench.tell(.orderArrived(coordinator, grantOrder(1, number: 1)), at: 2)
        #expect(bench.machine.liveGrants == [])
    }

    // MARK: Grants (L4, L5)

    @Test("a grant is journaled durably before the guard hears of it")
    mutating func grantJournaledFirst() {
        attach()
        bench.isDurable = false
        bench.tell(.orderArrived(coordinator, grantOrder(1, number: 1)), at: 2)
        #expect(bench.guardOrders == [])
        bench.makeDurable()
        #expect(bench.guardOrders == [.start(grant(1), deadline: at(11))])
    }

    @Test("a deadline runs from the stamp of the heartbeat that the grant names, not from its arrival")
    mutating func deadlineFromStamp() {
        attach()
        bench.tell(.orderArrived(coordinator, grantOrder(1, number: 1)), at: 9)
        #expect(bench.guardOrders == [.start(grant(1), deadline: at(11))])
    }

    @Test("a grant whose deadline has passed is refused")
    mutating func lateGrantRefused() {
        attach()
        bench.tell(.orderArrived(coordinator, grantOrder(1, number: 1)), at: 11)
        #expect(bench.sent(on: coordinator) == [.grantRefused(name(1), .deadlinePassed)])
    }

    @Test("a grant that names a heartbeat of no memory is refused")
    mutating func unknownHeartbeatRefused() {
        attach()
        bench.tell(.orderArrived(coordinator, grantOrder(1, number: 2)), at: 2)
        #expect(bench.sent(on: coordinator) == [.grantRefused(name(1), .deadlinePassed)])
    }

    @Test("an epoch that is not above every epoch of its GPUs is refused")
    mutating func epochMustBeHigher() {
        attach()
        run(5)
        retire(5)
        for epoch: UInt64 in [5, 4] {
            bench.tell(.orderArrived(coordinator, grantOrder(epoch, number: 1)), at: 3)
            #expect(bench.sent(on: coordinator) == [.grantRefused(name(epoch), .epochNotHigher)])
        }
    }

    @Test("epochs are remembered across a restart")
    mutating func epochsSurviveRestart() {
        attach()
        run(5)
        retire(5)
        bench.restart()
        attach(session: 2)
        bench.tell(.orderArrived(coordinator, grantOrder(4, number: 1, session: 2)), at: 3)
        #expect(bench.sent(on: coordinator) == [.grantRefused(name(4, session: 2), .epochNotHigher)])
    }

    @Test("a higher epoch on a GPU whose work still runs is refused")
    mutating func busyPartitionRefused() {
        attach()
        run(5)
        bench.tell(.orderArrived(coordinator, grantOrder(6, number: 1)), at: 3)
        #expect(bench.sent(on: coordinator) == [.grantRefused(name(6), .partitionBusy)])
    }

    @Test("a higher epoch closes a fenced one")
    mutating func higherEpochClosesFenced() {
        attach()
        run(5)
        bench.tell(.guardAnswered(guardian, .fenced(grant(5))), at: 3)
        bench.tell(.orderArrived(coordinator, grantOrder(6, number: 1)), at: 3)
        #expect(bench.machine.liveGrants == [grant(6)])
    }

    @Test("without a guard nothing is accepted")
    mutating func noGuardNoGrant() {
        attach()
        bench.tell(.guardDisconnected(guardian), at: 2)
        bench.tell(.orderArrived(coordinator, grantOrder(1, number: 1)), at: 2)
        #expect(bench.sent(on: coordinator) == [.grantRefused(name(1), .guardDown)])
    }

    @Test("a grant on a broken GPU is refused")
    mutating func brokenGPURefused() {
        attach()
        bench.tell(.devicesRead([DeviceReading(unhealthy: .only(0), drawn: .zero)]), at: 2)
        _ = bench.sent(on: coordinator)
        bench.tell(.orderArrived(coordinator, grantOrder(1, number: 2)), at: 2)
        #expect(bench.sent(on: coordinator) == [.grantRefused(name(1), .deviceMissing)])
    }

    @Test("a grant of an older session is not heard")
    mutating func oldSessionIgnored() {
        attach()
        bench.tell(.orderArrived(coordinator, grantOrder(1, number: 1, session: 99)), at: 2)
        #expect(bench.machine.liveGrants == [])
    }

    // MARK: Renewals (L5, L6)

    @Test("a fence hold is renewed to the stamp of the answered heartbeat and the hold time")
    mutating func fenceRenewal() {
        attach()
        run(5)
        bench.tell(.orderArrived(coordinator, renewal(of: 5, number: 1)), at: 8)
        #expect(bench.renewed == [RenewedHold(grant: grant(5), deadline: at(11))])
    }

    @Test("a keep hold is renewed by the remaining term")
    mutating func keepRenewal() {
        attach()
        run(5)
        bench.tell(.orderArrived(coordinator, renewal(of: 5, number: 1, remaining: .seconds(500))), at: 8)
        #expect(bench.renewed == [RenewedHold(grant: grant(5), deadline: at(501))])
    }

    @Test("a hold that a renewal omits is not renewed")
    mutating func omittedHoldNotRenewed() {
        attach()
        run(5)
        bench.tell(.orderArrived(coordinator, renewal(of: 6, number: 1)), at: 2)
        #expect(bench.renewed == [])
    }

    @Test("a renewal is echoed in the next heartbeat")
    mutating func renewalEchoed() {
        attach()
        bench.tell(.orderArrived(coordinator, renewal(of: 6, number: 1)), at: 2)
        bench.tell(.devicesRead([DeviceReading(unhealthy: .none, drawn: .zero)]), at: 2)
        guard case .heartbeat(let heartbeat)? = bench.sent(on: coordinator).last else {
            Issue.record("no heartbeat")
            return
        }
        #expect(heartbeat.echo == HeartbeatNumber(rawValue: 1))
    }

    @Test("work that was fenced starts again with a renewal, under the same epoch")
    mutating func fencedStartsAgain() {
        attach()
        run(5)
        bench.tell(.guardAnswered(guardian, .fenced(grant(5))), at: 3)
        bench.tell(.orderArrived(coordinator, renewal(of: 5, number: 1)), at: 4)
        #expect(bench.guardOrders == [.start(grant(5), deadline: at(11))])
    }

    @Test("work that died with its guard starts again with a renewal, once the guard is back and heard")
    mutating func guardLossRestarts() {
        attach()
        run(5)
        bench.tell(.guardDisconnected(guardian), at: 3)
        bench.tell(.orderArrived(coordinator, renewal(of: 5, number: 1)), at: 4)
        #expect(bench.guardOrders == [])
        let newer = ConnectionID(rawValue: 3)
        bench.tell(.guardConnected(newer), at: 5)
        bench.tell(.guardAnswered(newer, .holds([], areLast: true)), at: 5)
        bench.tell(.orderArrived(coordinator, renewal(of: 5, number: 1)), at: 5)
        #expect(bench.guardOrders == [.list, .start(grant(5), deadline: at(11))])
    }

    @Test("work that could not be started again is not said to run, and the next renewal tries anew")
    mutating func failedRestartTriesAgain() {
        attach()
        run(5)
        bench.tell(.guardAnswered(guardian, .startRefused(grant(5), .deviceFailed)), at: 3)
        bench.clear()
        bench.tell(.orderArrived(coordinator, renewal(of: 5, number: 1)), at: 4)
        #expect(bench.guardOrders == [.start(grant(5), deadline: at(11))])
    }

    @Test("a report carries what was witnessed before the welcome, not the welcome's own head")
    mutating func reportCarriesOldWitness() {
        bench.begin()
        let head = LogHead(index: RecordIndex(rawValue: 99), chain: .zero)
        let welcome = Welcome(
            version: 1, cluster: "test",
            reign: SeenReign(
                log: LogID(high: 0, low: 1), reign: Reign(rawValue: 1), incarnation: Incarnation(high: 0, low: 1)),
            holds: .standard, head: head, ledgerKey: "")
        bench.tell(.welcomeArrived(coordinator, welcome), at: 1)
        guard case .report(let report)? = bench.sent(on: coordinator).first else {
            Issue.record("no report")
            return
        }
        #expect(report.witness == .none)
        bench.tell(.devicesRead([DeviceReading(unhealthy: .none, drawn: .zero)]), at: 60)
        guard case .report(let again)? = bench.sent(on: coordinator).first else {
            Issue.record("no second report")
            return
        }
        #expect(again.witness == .none, "a later report on the connection says the same")
    }

    @Test("a restored log makes a witness of what it gave up forgotten, after it was reported once; a crash too (L9)")
    mutating func witnessOfEarlierIncarnation() {
        bench.begin()
        bench.tell(.welcomeArrived(coordinator, welcome(reign: 3, head: 900)), at: 1)
        bench.clear()
        let (second, third) = (ConnectionID(rawValue: 9), ConnectionID(rawValue: 10))
        bench.tell(.welcomeArrived(second, welcome(reign: 7 << 32 + 1, head: 50)), at: 2)
        guard case .report(let report)? = bench.sent(on: second).first else {
            Issue.record("no report")
            return
        }
        #expect(report.witness.head.index == RecordIndex(rawValue: 900))
        #expect(bench.machine.witness.head.index == RecordIndex(rawValue: 50))
        // In the same incarnation a witness only rises.
        bench.tell(.welcomeArrived(third, welcome(reign: 7 << 32 + 2, head: 40)), at: 3)
        guard case .report(let again)? = bench.sent(on: third).first else {
            Issue.record("no second report")
            return
        }
        #expect(again.witness.head.index == RecordIndex(rawValue: 50))
        bench.restart()
        #expect(bench.machine.witness.head.index <= RecordIndex(rawValue: 50))
        #expect(bench.machine.seen?.reign == Reign(rawValue: 7 << 32 + 2))
    }

    @Test("what the journal witnessed before a restore is no witness after a crash")
    mutating func journaledWitnessOfEarlierIncarnation() {
        attach()
        bench.tell(.orderArrived(coordinator, grantOrder(5, number: 1, head: 900)), at: 1)
        bench.restart()
        #expect(bench.machine.witness.head.index == RecordIndex(rawValue: 900))
        bench.tell(.welcomeArrived(ConnectionID(rawValue: 9), welcome(reign: 7 << 32 + 1, head: 0)), at: 5)
        bench.restart()
        #expect(bench.machine.witness == .none)
    }

    @Test("a coordinator that says nothing for a third of the hold is left")
    mutating func silentCoordinatorIsLeft() {
        attach()
        bench.tell(.deadlineReached, at: 4)
        #expect(bench.closed == [])
        bench.tell(.deadlineReached, at: 5)
        #expect(bench.closed == [coordinator])
    }

    @Test("a node that is told it has no session reports again")
    mutating func reportsAgain() {
        attach()
        bench.tell(.orderArrived(coordinator, .reportRefused(node: AgentBench.path, reason: "none")), at: 2)
        bench.tell(.devicesRead([DeviceReading(unhealthy: .none, drawn: .zero)]), at: 3)
        guard case .report? = bench.sent(on: coordinator).first else {
            Issue.record("no report")
            return
        }
    }

    // MARK: Retirement (L4)

    @Test("a retirement is acknowledged only when the guard has done it and the journal is durable")
    mutating func retirementInOrder() {
        attach()
        run(5)
        bench.tell(.orderArrived(coordinator, retireOrder(5)), at: 3)
        #expect(bench.guardOrders == [.retire(grant(5))])
        #expect(bench.sent(on: coordinator) == [])
        bench.isDurable = false
        bench.tell(.guardAnswered(guardian, .retired(grant(5))), at: 3)
        #expect(bench.sent(on: coordinator) == [])
        bench.makeDurable()
        #expect(bench.sent(on: coordinator) == [.retired(name(5))])
    }

    @Test("a retirement of a closed epoch is acknowledged again")
    mutating func retiredAgain() {
        attach()
        run(5)
        retire(5)
        bench.tell(.orderArrived(coordinator, retireOrder(5)), at: 4)
        #expect(bench.sent(on: coordinator) == [.retired(name(5))])
    }

    @Test("the word that opens a session, said again, does not begin it anew")
    mutating func attachedAgain() {
        attach()
        let again = NodeOrder.attached(node: AgentBench.path, id: node, session: SessionID(rawValue: 1))
        bench.tell(.orderArrived(coordinator, again), at: 2)
        #expect(bench.sent(on: coordinator) == [])
    }

    @Test("a retirement of an epoch that never arrived closes it before it can")
    mutating func retiredUnseen() {
        attach()
        bench.tell(.orderArrived(coordinator, retireOrder(5)), at: 2)
        #expect(bench.sent(on: coordinator) == [.retired(name(5))])
        bench.tell(.orderArrived(coordinator, grantOrder(5, number: 1)), at: 2)
        #expect(bench.sent(on: coordinator) == [.grantRefused(name(5), .epochNotHigher)])
    }

    @Test("what the guard holds and the journal does not is retired")
    mutating func strangerAtGuardRetired() {
        attach()
        let newer = ConnectionID(rawValue: 3)
        bench.tell(.guardConnected(newer), at: 2)
        let hold = GuardedHold(grant: grant(5), deadline: at(9), phase: .running)
        bench.tell(.guardAnswered(newer, .holds([hold], areLast: true)), at: 2)
        #expect(bench.guardOrders == [.list, .retire(grant(5))])
    }

    @Test("a guard's list that comes in pieces counts when its last piece is there")
    mutating func listInPieces() {
        attach()
        run(5)
        bench.restart()
        bench.tell(.guardConnected(guardian), at: 4)
        let hold = GuardedHold(grant: grant(5), deadline: at(9), phase: .running)
        bench.tell(.guardAnswered(guardian, .holds([hold], areLast: false)), at: 4)
        #expect(!bench.machine.isGuarded)
        bench.tell(.guardAnswered(guardian, .holds([], areLast: true)), at: 4)
        #expect(bench.machine.isGuarded)
        attach(session: 2, guarded: false)
        bench.tell(.orderArrived(coordinator, renewal(of: 5, number: 1, session: 2)), at: 5)
        #expect(bench.renewed == [RenewedHold(grant: grant(5), deadline: at(11))])
    }

    @Test("after a restart the guard's list says what runs")
    mutating func restartTakesOver() {
        attach()
        run(5)
        bench.restart()
        bench.tell(.guardConnected(guardian), at: 4)
        let hold = GuardedHold(grant: grant(5), deadline: at(9), phase: .running)
        bench.tell(.guardAnswered(guardian, .holds([hold], areLast: true)), at: 4)
        attach(session: 2, guarded: false)
        bench.tell(.orderArrived(coordinator, renewal(of: 5, number: 1, session: 2)), at: 5)
        #expect(bench.renewed == [RenewedHold(grant: grant(5), deadline: at(11))])
    }

    // MARK: Words of the tests

    func at(_ seconds: Int64) -> BootInstant { .zero + .seconds(seconds) }

    func welcome(reign: UInt64, log: UInt64 = 1, head: UInt64 = 0) -> Welcome {
        Welcome(
            version: 1, cluster: "test",
            reign: SeenReign(
                log: LogID(high: 0, low: log), reign: Reign(rawValue: reign),
                incarnation: Incarnation(high: 0, low: reign)),
            holds: HoldSettings(hold: .seconds(10), eviction: .seconds(1), clockRateErrorPPM: 10_000),
            head: LogHead(index: RecordIndex(rawValue: head), chain: .zero), ledgerKey: "")
    }

    func epoch(_ index: UInt64) -> Epoch { Epoch(reign: Reign(rawValue: 1), index: RecordIndex(rawValue: index)) }

    func grant(_ index: UInt64) -> GuardedGrant {
        GuardedGrant(
            slot: NodeSlot(rawValue: 0), lease: LeaseID(rawValue: index), epoch: epoch(index), gpus: .first(2),
            cut: cut)
    }

    func name(_ index: UInt64, session: UInt64 = 1) -> GrantName {
        GrantName(
            node: node, session: SessionID(rawValue: session), lease: LeaseID(rawValue: index), epoch: epoch(index))
    }

    func grantOrder(_ index: UInt64, number: UInt64, session: UInt64 = 1, head: UInt64 = 0) -> NodeOrder {
        .grant(
            GrantOrder(
                name: name(index, session: session), gpus: .first(2), cut: cut, onSilence: .fence,
                number: HeartbeatNumber(rawValue: number), remaining: nil, envelope: Watts(2_550),
                head: LogHead(index: RecordIndex(rawValue: head), chain: .zero)))
    }

    func retireOrder(_ index: UInt64, session: UInt64 = 1) -> NodeOrder {
        .retire(
            RetireOrder(name: name(index, session: session), gpus: .first(2), slices: cut.slices, head: .empty))
    }

    func renewal(of index: UInt64, number: UInt64, remaining: Span? = nil, session: UInt64 = 1) -> NodeOrder {
        .renewal(
            Renewal(
                node: node, session: SessionID(rawValue: session), number: HeartbeatNumber(rawValue: number),
                holds: [HoldRenewal(lease: LeaseID(rawValue: index), epoch: epoch(index), remaining: remaining)],
                head: .empty))
    }

    /// Connects guard and coordinator; the first heartbeat of the session is stamped at second 1.
    mutating func attach(session: UInt64 = 1, guarded: Bool = true) {
        bench.begin()
        if cut != .none {
            bench.tell(.devicesRead([DeviceReading(unhealthy: .none, drawn: .zero, traits: .slices)]), at: 0)
        }
        if guarded {
            bench.tell(.guardConnected(guardian), at: 0)
            bench.tell(.guardAnswered(guardian, .holds([], areLast: true)), at: 0)
        }
        bench.tell(.welcomeArrived(coordinator, welcome(reign: 1)), at: 0)
        bench.tell(
            .orderArrived(
                coordinator, .attached(node: AgentBench.path, id: node, session: SessionID(rawValue: session))), at: 1)
        bench.clear()
    }

    mutating func run(_ index: UInt64) {
        let session = bench.lastSession
        bench.tell(.orderArrived(coordinator, grantOrder(index, number: 1, session: session)), at: 2)
        bench.tell(.guardAnswered(guardian, .started(grant(index))), at: 2)
        bench.clear()
    }

    mutating func retire(_ index: UInt64) {
        bench.tell(.orderArrived(coordinator, retireOrder(index)), at: 2)
        bench.tell(.guardAnswered(guardian, .retired(grant(index))), at: 2)
        bench.clear()
    }
}
