import LeaseholdBroker
import LeaseholdModel
import LeaseholdProtocol
import Testing

@Suite("sessions of nodes at the coordinator")
struct CoordinatorSessionTests {
    typealias Bench = CoordinatorBench
    var bench = CoordinatorBench()

    // MARK: Reports

    @Test("a report opens a session and makes its node ready")
    mutating func reportAttaches() {
        bench.attach(0, at: .seconds(1))
        #expect(bench.seenBesidesRenewals().last == attached(0, on: Bench.agent(0), session: 1))
        #expect(bench.recorded() == [.nodeReported(node: Bench.node(0), hardware: 100)])
        #expect(bench.state(0) == .ready)
    }

    @Test("a node that the fleet does not have is turned away")
    mutating func unknownNode() {
        bench.greet(0, at: .seconds(1))
        bench.clear()
        let path = "site/hall/rack-9/node-9"
        bench.say(
            .report(
                NodeReport(
                    node: path, kind: "H100", gpuCount: 4, hardware: 1, highest: SeenEpochs(gpuCount: 0),
                    condition: Bench.condition(),
                    witness: .none)), of: 0, at: .seconds(1))
        #expect(
            bench.seen() == [
                refused(path, "no node \(path) in the fleet; import the fleet that has it")
            ])
        #expect(bench.recorded() == [])
    }

    @Test(
        "a report of other hardware than the fleet's is turned away, its node quarantined",
        arguments: [
            ("A10", 4, UInt64(100), "reports A10 where the fleet has H100"),
            ("H100", 8, 100, "reports 8 GPUs where the fleet has 4"),
            ("H100", 4, 999, "reports hardware 00000000000003e7 where it was 0000000000000064 before"),
        ])
    mutating func otherHardware(kind: String, gpuCount: Int, hardware: UInt64, difference: String) {
        bench.attach(0, at: .seconds(1))
        bench.clear()
        bench.say(
            Bench.report(0, kind: kind, gpuCount: gpuCount, hardware: hardware), of: 0, at: .seconds(2))
        let alarm = Note(.alarm, "node \(Bench.path(0)): \(difference)")
        #expect(bench.seen() == [.immediate(.note(alarm)), refused(Bench.path(0), difference)])
        #expect(
            bench.recorded() == [
                .nodesSetAside([Bench.node(0)], state: .quarantined, reason: .hardwareDiffers)
            ])
        bench.say(Bench.report(0), of: 0, at: .seconds(3))
        #expect(bench.recorded() == [.nodeReported(node: Bench.node(0), hardware: 100)])
    }

    @Test("the newest report wins: the older session is no longer heard, on its connection or any other")
    mutating func newestReportWins() {
        bench.attachAll(at: .seconds(1))
        guard let older = bench.sessions[0] else { preconditionFailure("no session") }
        let newer = ConnectionID(rawValue: 50)
        bench.tell(
            .helloArrived(newer, Bench.hello(Bench.agent)), .agentSpoke(newer, Bench.report(0)), at: .seconds(2))
        #expect(bench.seenBesidesRenewals().last == attached(0, on: newer, session: 5))
        bench.clear()
        bench.tell(
            .agentSpoke(older.connection, heartbeat(0, session: older.id, number: 2)),
            .agentSpoke(newer, heartbeat(0, session: older.id, number: 2)),
            .agentSpoke(older.connection, heartbeat(0, session: SessionID(rawValue: 5), number: 2)), at: .seconds(2))
        let noSession = refused(Bench.path(0), "it has no session here")
        #expect(
            bench.seen() == [noSession, attached(0, on: newer, session: 5), noSession],
            "whoever believes in a lost session is told, and whoever missed the newer one is told it again")
        bench.tell(.disconnected(older.connection), at: .seconds(2))
        #expect(bench.recorded() == [])
        #expect(bench.state(0) == .ready)
    }

    @Test("an answer under an older session or on another connection changes nothing")
    mutating func staleAnswers() {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(at: .seconds(2))
        let name = bench.name(lease, on: 0)
        let stale = GrantName(
            node: name.node, session: SessionID(rawValue: 99), lease: lease, epoch: name.epoch)
        bench.clear()
        bench.say(.started(stale), .grantRefused(stale, .partitionBusy), of: 0, at: .seconds(2))
        bench.tell(
            .agentSpoke(Bench.agent(1), .started(name)),
            .agentSpoke(Bench.agent(1), .grantRefused(name, .partitionBusy)), at: .seconds(2))
        #expect(bench.seen() == [])
        #expect(bench.recorded() == [])
        bench.release(lease, at: .seconds(3))
        bench.clear()
        bench.say(.retired(stale), of: 0, at: .seconds(3))
        bench.tell(.agentSpoke(Bench.agent(1), .retired(name)), at: .seconds(3))
        #expect(bench.recorded() == [])
    }

    @Test("a heartbeat with a number that is not new is not answered")
    mutating func oldNumbers() {
        bench.attachAll(at: .seconds(1))
        guard let session = bench.sessions[0] else { preconditionFailure("no session") }
        for number in [1, 0] as [UInt64] {
            bench.say(heartbeat(0, session: session.id, number: number), of: 0, at: .seconds(2))
        }
        #expect(bench.seen() == [])
        bench.sweep(from: .seconds(1), to: .milliseconds(3_750))
        #expect(bench.reason(0) == .silent)
    }

    @Test("numbers at the end of their range are taken as they are")
    mutating func greatNumbers() {
        bench.attachAll(at: .seconds(1))
        guard let session = bench.sessions[0] else { preconditionFailure("no session") }
        let stranger = LiveGrant(
            lease: LeaseID(rawValue: .max), epoch: Epoch(reign: .zero, index: .zero), gpus: .first(1), phase: .running)
        bench.say(
            .heartbeat(
                Heartbeat(
                    node: Bench.node(0), session: session.id, number: HeartbeatNumber(rawValue: .max),
                    echo: HeartbeatNumber(rawValue: .max), condition: Bench.condition([stranger, stranger]),
                    witness: .zero)), of: 0, at: .seconds(2))
        #expect(bench.machine.counters.heartbeatCount == 5)
        #expect(bench.seenBesidesRenewals().count == 1)
    }

    @Test("a node that reports again and again on one connection counts as one")
    mutating func reportsAgain() {
        bench.greet(0, at: .seconds(1))
        for _ in 0..<3 {
            bench.say(Bench.report(0), Bench.report(1), of: 0, at: .seconds(1))
        }
        bench.clear()
        bench.tell(.disconnected(Bench.agent(0)), at: .seconds(2))
        #expect(
            bench.recorded() == [
                .nodesSetAside([Bench.node(0), Bench.node(1)], state: .suspect, reason: .silent)
            ])
    }

    // MARK: Silence

    @Test("a disconnected agent's nodes become suspect in one record, those that are ready")
    mutating func disconnected() {
        bench.greet(0, at: .seconds(1))
        let down = Bench.report(2, condition: Bench.condition(isGuarded: false))
        bench.say(Bench.report(0), Bench.report(1), down, of: 0, at: .seconds(1))
        bench.clear()
        bench.tell(.disconnected(Bench.agent(0)), at: .seconds(2))
        #expect(
            bench.recorded() == [
                .nodesSetAside([Bench.node(0), Bench.node(1)], state: .suspect, reason: .silent)
            ])
        #expect(bench.reason(2) == .guardDown)
    }

    @Test("silence is suspected by the sweep after two and a half intervals, in one record, and not before")
    mutating func silence() {
        bench.attachAll(at: .seconds(1))
        bench.beat(3, at: .seconds(2))
        bench.clear()
        bench.sweep(from: .seconds(1), to: .milliseconds(3_500))
        #expect(bench.recorded() == [])
        bench.sweep(from: .milliseconds(3_500), to: .milliseconds(3_750))
        let silent = [0, 1, 2].map(Bench.node)
        #expect(bench.recorded() == [.nodesSetAside(silent, state: .suspect, reason: .silent)])
        bench.beat(0, at: .seconds(4))
        #expect(bench.recorded() == [.nodeReported(node: Bench.node(0), hardware: 100)])
    }

    @Test("while more waits to be heard nobody is called silent, but for two intervals at most")
    mutating func silenceBehind() {
        bench.attachAll(at: .seconds(1))
        bench.sweep(from: .seconds(1), to: .milliseconds(3_500))
        bench.clear()
        bench.tell(.deadlineReachedBehind, at: .milliseconds(3_750))
        #expect(bench.recorded() == [])
        bench.beat(0, at: .milliseconds(3_760))
        bench.tell(.deadlineReachedBehind, at: .milliseconds(3_770))
        #expect(bench.recorded() == [])
        bench.tell(.deadlineReachedBehind, at: .milliseconds(6_500))
        let silent = [0, 1, 2, 3].map(Bench.node)
        #expect(bench.recorded() == [.nodesSetAside(silent, state: .suspect, reason: .silent)])
    }

    @Test("heartbeats whose renewals are never echoed do not postpone suspicion")
    mutating func oneWayPartition() {
        bench.attachAll(at: .seconds(1))
        for number in 2...6 {
            let time = Span.seconds(Int64(number))
            bench.beat(0, echo: 0, at: time)
            for node in 1...3 { bench.beat(node, at: time) }
            bench.sweep(from: time, to: time + .milliseconds(750))
        }
        // The third heartbeat without an echo came at 3 s.
        #expect(bench.recorded() == [.nodesSetAside([Bench.node(0)], state: .suspect, reason: .silent)])
        bench.beat(0, echo: 0, at: .seconds(7))
        #expect(bench.state(0) == .suspect)
        bench.beat(0, echo: 7, at: .seconds(8))
        #expect(bench.state(0) == .ready)
    }

    // MARK: Guards, witnesses, health

    @Test("a node whose guard is down is quarantined, and ready again when the guard is back")
    mutating func guardDown() {
        bench.attachAll(at: .seconds(1))
        bench.beat(0, condition: Bench.condition(isGuarded: false), at: .seconds(2))
        bench.beat(0, condition: Bench.condition(isGuarded: false), at: .seconds(3))
        #expect(
            bench.recorded() == [.nodesSetAside([Bench.node(0)], state: .quarantined, reason: .guardDown)])
        bench.beat(0, at: .seconds(4))
        #expect(bench.recorded() == [.nodeReported(node: Bench.node(0), hardware: 100)])
    }

    @Test("a node that first reported without a guard is ready, and bound to its hardware, when the guard is there")
    mutating func firstReportUnguarded() {
        bench.greet(0, at: .seconds(1))
        bench.say(Bench.report(0, condition: Bench.condition(isGuarded: false)), of: 0, at: .seconds(1))
        #expect(
            bench.recorded() == [.nodesSetAside([Bench.node(0)], state: .quarantined, reason: .guardDown)])
        #expect(bench.machine.book.facts(of: Bench.node(0)).hardware == nil)
        bench.beat(0, at: .seconds(2))
        #expect(bench.recorded() == [.nodeReported(node: Bench.node(0), hardware: 100)])
        #expect(bench.machine.book.facts(of: Bench.node(0)).hardware == 100)
    }

    @Test("a node that knows a later record is quarantined with an alarm, until the log has it (L9)")
    mutating func witnessAhead() {
        bench.greet(0, at: .seconds(1))
        bench.clear()
        bench.say(Bench.report(0, witness: 7), of: 0, at: .seconds(1))
        let alarm = "node \(Bench.path(0)) has seen record 7; this log ends at 5"
        #expect(
            bench.seen() == [.immediate(.note(Note(.alarm, alarm))), attached(0, on: Bench.agent(0), session: 1)])
        #expect(
            bench.recorded() == [.nodesSetAside([Bench.node(0)], state: .quarantined, reason: .witnessAhead)])
        #expect(bench.machine.status.alarms == [alarm])
        bench.beat(0, witness: 7, at: .seconds(2))
        #expect(bench.recorded() == [])
        bench.ask(.setQuota(tenant: "acme", quota: 1), at: .seconds(2))
        bench.clear()
        bench.beat(0, witness: 7, at: .seconds(3))
        #expect(bench.recorded() == [.nodeReported(node: Bench.node(0), hardware: 100)])
    }

    @Test("what a node has seen of a lost history is outlived neither by the log's growth nor by a second report (L9)")
    mutating func witnessOfLostHistory() {
        bench.restart(at: .seconds(1))
        bench.greet(0, at: .seconds(1))
        let lost = Bench.report(0, witness: 7, witnessLeader: 99)
        bench.say(lost, of: 0, at: .seconds(1))
        #expect(bench.reason(0) == .witnessAhead)
        for quota in UInt32(1)...4 { bench.ask(.setQuota(tenant: "acme", quota: quota), at: .seconds(2)) }
        bench.say(lost, of: 0, at: .seconds(3))
        bench.beat(0, witness: 7, at: .seconds(4))
        #expect(bench.reason(0) == .witnessAhead)
        bench.beat(0, condition: Bench.condition(isGuarded: false), at: .milliseconds(4_200))
        bench.beat(0, at: .milliseconds(4_400))
        #expect(bench.state(0) == .quarantined, "a guard that came back proves nothing about the log")
        // By now the node has seen records of this history that hide the lost ones.
        bench.say(Bench.report(0, witness: 9, witnessLeader: bench.incarnation), of: 0, at: .seconds(5))
        #expect(bench.reason(0) == .witnessAhead)
    }

    @Test("a node that reports a grant which this log does not have is not grantable until it has retired it (L9)")
    mutating func strangerListed() {
        bench.greet(0, at: .seconds(1))
        bench.clear()
        let lost = LiveGrant(
            lease: LeaseID(rawValue: 77), epoch: Epoch(reign: Reign(rawValue: 1), index: RecordIndex(rawValue: 77)),
            gpus: .first(2), phase: .running)
        bench.say(Bench.report(0, condition: Bench.condition([lost])), of: 0, at: .seconds(1))
        #expect(
            bench.recorded() == [.nodesSetAside([Bench.node(0)], state: .quarantined, reason: .strangerListed)])
        #expect(
            bench.machine.status.alarms == [
                "node \(Bench.path(0)) holds L77 under 1.77, which this log does not have"
            ])
        bench.beat(0, condition: Bench.condition([lost]), at: .seconds(2))
        #expect(bench.reason(0) == .strangerListed)
        bench.beat(0, at: .seconds(3))
        #expect(bench.recorded() == [.nodeReported(node: Bench.node(0), hardware: 100)])
    }

    @Test("a guard that is heard again does not make a node ready that lists what the log does not have")
    mutating func strangerBehindGuard() {
        bench.greet(0, at: .seconds(1))
        let lost = LiveGrant(
            lease: LeaseID(rawValue: 77), epoch: Epoch(reign: Reign(rawValue: 1), index: RecordIndex(rawValue: 77)),
            gpus: .first(2), phase: .running)
        bench.say(Bench.report(0, condition: Bench.condition([lost], isGuarded: false)), of: 0, at: .seconds(1))
        bench.beat(0, condition: Bench.condition([lost]), at: .seconds(2))
        #expect(bench.state(0) == .quarantined)
        bench.beat(0, at: .seconds(3))
        #expect(bench.state(0) == .ready)
    }

    @Test("a heartbeat that knows a later record quarantines its node")
    mutating func witnessAheadLater() {
        bench.attachAll(at: .seconds(1))
        bench.beat(0, witness: 10, at: .seconds(2))
        #expect(
            bench.recorded() == [.nodesSetAside([Bench.node(0)], state: .quarantined, reason: .witnessAhead)])
        #expect(bench.machine.counters.alarmCount == 1)
    }

    @Test("what is only applied does not count as had: a witness is measured by the durable head")
    mutating func witnessOfTheDurableHead() {
        bench.attachAll(at: .seconds(1))
        bench.isDurable = false
        bench.ask(.setQuota(tenant: "acme", quota: 1), at: .seconds(2))
        bench.beat(0, witness: 10, at: .seconds(2))
        #expect(bench.reason(0) == .witnessAhead)
    }

    @Test("a change of health is recorded once, from reports and from heartbeats")
    mutating func health() {
        let bad = Bench.condition(unhealthy: .only(2))
        bench.greet(0, at: .seconds(1))
        bench.say(Bench.report(0, condition: bad), of: 0, at: .seconds(1))
        bench.beat(0, condition: bad, at: .seconds(2))
        bench.beat(0, at: .seconds(3))
        #expect(
            bench.recorded() == [
                .nodeReported(node: Bench.node(0), hardware: 100),
                .gpuHealthChanged(node: Bench.node(0), unhealthy: .only(2)),
                .gpuHealthChanged(node: Bench.node(0), unhealthy: .none),
            ])
    }

    @Test("the health of GPUs that a node does not have is left out")
    mutating func healthOfNoGPU() {
        bench.attachAll(at: .seconds(1))
        bench.beat(0, condition: Bench.condition(unhealthy: .first(16)), at: .seconds(2))
        bench.beat(1, condition: Bench.condition(unhealthy: .only(9)), at: .seconds(2))
        #expect(bench.recorded() == [.gpuHealthChanged(node: Bench.node(0), unhealthy: .first(4))])
    }

    @Test(
        "a quarantine for a refused order ends with a heartbeat once the book has nothing there that the node refuses")
    mutating func refusedOrderEndsWithLease() {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(at: .seconds(2))
        bench.say(.grantRefused(bench.name(lease, on: 0), .epochNotHigher), of: 0, at: .seconds(2))
        bench.ask(.releaseLease(lease), at: .seconds(3))
        bench.clear()
        bench.beat(0, at: .seconds(4))
        #expect(bench.recorded() == [.nodeReported(node: Bench.node(0), hardware: 100)])
    }

    @Test("a quarantine for a refused order outlasts heartbeats and ends with the next report")
    mutating func refusedOrderEndsWithReport() {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(at: .seconds(2))
        bench.say(.grantRefused(bench.name(lease, on: 0), .epochNotHigher), of: 0, at: .seconds(2))
        bench.beat(0, at: .seconds(3))
        #expect(bench.reason(0) == .orderRefused)
        bench.clear()
        bench.say(Bench.report(0), of: 0, at: .seconds(4))
        #expect(bench.recorded() == [.nodeReported(node: Bench.node(0), hardware: 100)])
    }

    // MARK: Words

    private func heartbeat(_ node: Int, session: SessionID, number: UInt64) -> AgentMessage {
        .heartbeat(
            Heartbeat(
                node: Bench.node(node), session: session, number: HeartbeatNumber(rawValue: number), echo: .zero,
                condition: Bench.condition(), witness: .zero))
    }

    private func attached(_ node: Int, on connection: ConnectionID, session: UInt64) -> CoordinatorEffect {
        .order(
            connection,
            .attached(node: Bench.path(node), id: Bench.node(node), session: SessionID(rawValue: session)))
    }

    private func refused(_ path: String, _ reason: String) -> CoordinatorEffect {
        .order(Bench.agent(0), .reportRefused(node: path, reason: reason))
    }
}
