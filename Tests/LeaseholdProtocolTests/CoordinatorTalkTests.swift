import LeaseholdBroker
import LeaseholdModel
import LeaseholdProtocol
import Testing

@Suite("the coordinator's talk")
struct CoordinatorTalkTests {
    typealias Bench = CoordinatorBench
    var bench = CoordinatorBench()
    let stranger = ConnectionID(rawValue: 99)

    // MARK: Durable before visible (L3)

    @Test("a grant is answered and ordered behind its record only, with the head that made it durable")
    mutating func grantBehindItsRecord() {
        bench.attachAll(at: .seconds(1))
        bench.isDurable = false
        let asker = bench.ask(.createLease(Bench.terms()), at: .seconds(2))
        #expect(bench.seen() == [])
        bench.makeDurable()
        let lease = LeaseID(rawValue: 10)
        let view = LeaseGrantView(
            lease: lease, tenant: "acme", epoch: Epoch(reign: Reign(rawValue: 1), index: RecordIndex(rawValue: 10)),
            gpuCount: 4, watts: Watts(4_800), startsAt: Bench.calendar(.seconds(2)),
            endsAt: Bench.calendar(.seconds(2) + .hours(2)),
            placements: [Placement(node: Bench.node(0), gpus: .first(4))], nodeNames: [Bench.path(0)])
        #expect(bench.seen() == [.reply(asker, .granted(view)), bench.granting(lease, on: 0, after: 1)])
    }

    @Test("orders of one group carry the head of the group, not of their own records")
    mutating func ordersCarryTheGroupsHead() {
        bench.attachAll(at: .seconds(1))
        bench.isDurable = false
        let first = bench.lease(at: .seconds(2))
        let second = bench.lease(at: .seconds(2))
        bench.makeDurable()
        #expect(bench.head.index.rawValue == second.rawValue)
        let orders = bench.seen().filter { if case .order = $0 { true } else { false } }
        #expect(orders == [bench.granting(first, on: 0, after: 1), bench.granting(second, on: 1, after: 1)])
    }

    @Test("what waits leaves record by record, as the log catches up")
    mutating func leavesInOrder() {
        bench.isDurable = false
        let first = bench.ask(.setQuota(tenant: "acme", quota: 1), at: .seconds(1))
        let second = bench.ask(.setQuota(tenant: "acme", quota: 2), at: .seconds(1))
        bench.makeDurable(through: RecordIndex(rawValue: 6))
        #expect(bench.seen() == [.reply(first, quota(1))])
        bench.makeDurable(through: RecordIndex(rawValue: 7))
        #expect(bench.seen() == [.reply(second, quota(2))])
    }

    @Test("an answer to a query waits for the last record that the book had applied")
    mutating func answersWait() {
        bench.isDurable = false
        let change = bench.ask(.setQuota(tenant: "acme", quota: 1), at: .seconds(1))
        let query = bench.ask(.showTenant(name: "acme"), at: .seconds(1))
        #expect(bench.seen() == [])
        bench.makeDurable()
        #expect(bench.seen() == [.reply(change, quota(1)), .reply(query, quota(1))])
    }

    @Test("an answer to a query that rests on durable records leaves at once")
    mutating func answersLeave() {
        bench.isDurable = false
        let query = bench.ask(.showTenant(name: "acme"), at: .seconds(1))
        #expect(bench.seen() == [.reply(query, quota(10_000))])
    }

    @Test("a session is confirmed behind the record that made its node ready")
    mutating func attachedWaits() {
        bench.greet(0, at: .seconds(1))
        bench.clear()
        bench.isDurable = false
        bench.say(Bench.report(0), of: 0, at: .seconds(1))
        #expect(bench.seen() == [])
        bench.makeDurable()
        #expect(bench.seen() == [attached(0, session: 1)])
    }

    @Test("renewals, welcomes and complaints leave at once, whatever is not durable yet")
    mutating func someLeaveAtOnce() {
        bench.attachAll(at: .seconds(1))
        bench.isDurable = false
        bench.ask(.setQuota(tenant: "acme", quota: 1), at: .seconds(2))
        bench.beat(0, at: .seconds(2))
        bench.tell(.helloArrived(stranger, Bench.hello(Bench.operations)), at: .seconds(2))
        bench.tell(.helloArrived(Bench.ops, Bench.hello(Bench.operations)), at: .seconds(2))
        #expect(
            bench.seen() == [
                bench.renewing([], on: 0), welcome(stranger, payloadByteCountMax: Limits.framePayloadByteCountMax),
                .immediate(.close(Bench.ops, Complaint(.notHello, "a second hello"))),
            ])
        #expect(bench.machine.status.head.index == RecordIndex(rawValue: 9))
    }

    @Test("after the log is lost nothing leaves and nothing is recorded")
    mutating func silentAfterLoss() {
        bench.isDurable = false
        bench.ask(.setQuota(tenant: "acme", quota: 1), at: .seconds(1))
        bench.tell(.logLost(reason: "the disk said no"), at: .seconds(1))
        bench.clear()
        bench.ask(.status, at: .seconds(1))
        bench.ask(.setQuota(tenant: "acme", quota: 2), at: .seconds(1))
        bench.makeDurable()
        bench.tell(.deadlineReached, at: .seconds(90))
        #expect(bench.seen() == [])
        #expect(bench.recorded() == [])
    }

    // MARK: Hello

    @Test("a hello is welcomed with reign, holds and durable head, and room by role")
    mutating func welcomed() {
        bench.tell(.helloArrived(stranger, Bench.hello(Bench.agent)), at: .seconds(1))
        #expect(bench.seen() == [welcome(stranger, payloadByteCountMax: Limits.framePayloadByteCountMaxAgent)])
    }

    @Test("another version, another log and another coordinator are turned away")
    mutating func turnedAwayAtHello() {
        let otherLog = LogID(high: 8, low: 8)
        let coordinator = Principal(role: .coordinator, name: "second")
        bench.tell(.helloArrived(stranger, Bench.hello(Bench.operations, version: 2)), at: .seconds(1))
        bench.tell(.helloArrived(stranger, Bench.hello(Bench.agent, seen: seen(1, of: otherLog))), at: .seconds(1))
        bench.tell(.helloArrived(stranger, Bench.hello(coordinator)), at: .seconds(1))
        let log = "this is cluster bench with log \(Bench.log); you belong to log \(otherLog)"
        #expect(
            bench.seen() == [
                closing(.versionUnknown, "protocol versions 2 to 2; this coordinator speaks 1"),
                closing(.otherLog, log), closing(.notForRole, "a hello from coordinator/second"),
            ])
        #expect(bench.machine.status.connectionCount == 3)
    }

    @Test("an agent that has seen a higher reign is turned away, with an alarm")
    mutating func higherReignSeen() {
        bench.tell(.helloArrived(stranger, Bench.hello(Bench.agent, seen: seen(2))), at: .seconds(1))
        let alarm = "agent/agent has seen reign 2 of this log, which is at 1"
        #expect(
            bench.seen() == [
                .immediate(.note(Note(.alarm, alarm))), closing(.reignOld, "reign 1 is older than 2"),
            ])
        #expect(bench.machine.status.alarms == [alarm])
    }

    @Test("an agent that has seen this reign or a lower one is welcomed", arguments: [0, 1])
    mutating func reignSeen(reign: UInt64) {
        bench.tell(.helloArrived(stranger, Bench.hello(Bench.agent, seen: seen(reign))), at: .seconds(1))
        #expect(bench.seen() == [welcome(stranger, payloadByteCountMax: Limits.framePayloadByteCountMaxAgent)])
    }

    @Test("a node that has seen this reign led by another start proves that the reign's record was lost")
    mutating func reignOfAnotherStart() {
        bench.tell(.helloArrived(stranger, Bench.hello(Bench.agent, seen: seen(1, leader: 2))), at: .seconds(1))
        bench.tell(.agentSpoke(stranger, Bench.report(0)), at: .seconds(1))
        #expect(bench.state(0) == .quarantined)
        #expect(bench.reason(0) == .witnessAhead)
    }

    @Test("a request before the hello, or on an agent's connection, closes the connection")
    mutating func requestsOutOfPlace() {
        bench.ask(.status, on: stranger, at: .seconds(1))
        bench.tell(.helloArrived(stranger, Bench.hello(Bench.agent)), at: .seconds(1))
        _ = bench.seen()
        bench.ask(.createTenant(name: "core", quota: 1), on: stranger, at: .seconds(1))
        let text = "a request from agent/agent; clients ask, agents report"
        #expect(bench.seen() == [closing(.notForRole, text)])
        #expect(bench.recorded() == [])
    }

    @Test("a request before any hello closes the connection")
    mutating func requestBeforeHello() {
        bench.ask(.status, on: stranger, at: .seconds(1))
        #expect(bench.seen() == [closing(.notHello, "a request before the hello")])
    }

    @Test("an agent's message without an agent's hello closes the connection")
    mutating func agentsOutOfPlace() {
        bench.tell(.agentSpoke(stranger, Bench.report(0)), at: .seconds(1))
        bench.tell(.agentSpoke(Bench.acme, Bench.report(0)), at: .seconds(1))
        let complaint = Complaint(.notForRole, "an agent's message without an agent's hello")
        #expect(bench.seen() == [.immediate(.close(stranger, complaint)), .immediate(.close(Bench.acme, complaint))])
        #expect(bench.state(0) == .notDelivered)
    }

    // MARK: Words

    private func seen(_ reign: UInt64, of log: LogID = Bench.log, leader: UInt64 = 1) -> SeenReign {
        SeenReign(log: log, reign: Reign(rawValue: reign), incarnation: Incarnation(high: 0, low: leader))
    }

    private func closing(_ code: Complaint.Code, _ text: String) -> CoordinatorEffect {
        .immediate(.close(stranger, Complaint(code, text)))
    }

    private func welcome(_ connection: ConnectionID, payloadByteCountMax: Int) -> CoordinatorEffect {
        .immediate(
            .welcome(
                connection,
                Welcome(
                    version: 1, cluster: "bench", reign: seen(1), holds: Bench.holds, head: bench.machine.status.head,
                    ledgerKey: ""),
                payloadByteCountMax: payloadByteCountMax))
    }

    private func attached(_ node: Int, session: UInt64) -> CoordinatorEffect {
        .order(
            Bench.agent(node),
            .attached(node: Bench.path(node), id: Bench.node(node), session: SessionID(rawValue: session)))
    }

    private func quota(_ quota: Int) -> Reply {
        .tenant(TenantView(id: TenantID(rawValue: 0), name: "acme", quota: quota, held: 0, leaseCount: 0))
    }
}
