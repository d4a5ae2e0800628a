import LeaseholdBroker
import LeaseholdModel
import LeaseholdProtocol
import Testing

@Suite("grants of the coordinator (L4, L5, L6)")
struct CoordinatorGrantTests {
    typealias Bench = CoordinatorBench
    var bench = CoordinatorBench()

    @Test("a grant names the last heartbeat of its node")
    mutating func namesTheLastHeartbeat() {
        bench.attachAll(at: .seconds(1))
        bench.beat(0, at: .seconds(2))
        bench.beat(0, at: .seconds(3))
        bench.clear()
        let lease = bench.lease(at: .seconds(3))
        #expect(bench.seen().last == bench.granting(lease, on: 0, after: 3))
    }

    @Test("a node without a heartbeat gets its grant with the first one")
    mutating func firstHeartbeat() {
        for node in 0...3 { bench.attach(node, at: .seconds(1)) }
        bench.clear()
        let lease = bench.lease(at: .seconds(1))
        #expect(bench.seenBesidesRenewals().count == 1)
        bench.beat(0, at: .seconds(2))
        #expect(bench.seen() == [bench.renewing([], on: 0), bench.granting(lease, on: 0, after: 1)])
    }

    @Test("a heartbeat that crosses its node's grant gets the grant behind the record")
    mutating func grantWithHeartbeatWaits() {
        for node in 0...3 { bench.attach(node, at: .seconds(1)) }
        bench.isDurable = false
        let lease = bench.lease(at: .seconds(1))
        bench.clear()
        bench.beat(0, at: .seconds(2))
        #expect(bench.seen() == [bench.renewing([], on: 0)])
        bench.makeDurable()
        #expect(bench.seen().last == bench.granting(lease, on: 0, after: 1))
    }

    @Test("a grant that the node does not list is sent again two heartbeats later, not before")
    mutating func sentAgain() {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(at: .seconds(1))
        bench.clear()
        bench.beat(0, at: .seconds(2))
        #expect(bench.seen() == [bench.renewing([], on: 0)])
        bench.beat(0, at: .seconds(3))
        #expect(bench.seen() == [bench.renewing([], on: 0), bench.granting(lease, on: 0, after: 3)])
        bench.beat(0, at: .seconds(4))
        #expect(bench.seen() == [bench.renewing([], on: 0)])
        bench.beat(0, at: .seconds(5))
        #expect(bench.seen() == [bench.renewing([], on: 0), bench.granting(lease, on: 0, after: 5)])
    }

    @Test("a lease is active once every node has started it")
    mutating func activated() {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(nodes: 2, at: .seconds(1))
        bench.clear()
        bench.say(.started(bench.name(lease, on: 0)), .started(bench.name(lease, on: 0)), of: 0, at: .seconds(2))
        #expect(bench.recorded() == [])
        bench.say(.started(bench.name(lease, on: 1)), of: 1, at: .seconds(2))
        #expect(bench.recorded() == [.leaseActivated(lease)])
        bench.say(.started(bench.name(lease, on: 1)), of: 1, at: .seconds(3))
        #expect(bench.recorded() == [])
    }

    @Test("a heartbeat that lists a grant as running is as good as its answer; other phases are not")
    mutating func activatedByHeartbeat() {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(at: .seconds(1))
        bench.clear()
        for phase in [GrantPhase.accepted, .fenced] {
            bench.beat(0, condition: Bench.condition([bench.live(lease, phase: phase)]), at: .seconds(2))
        }
        #expect(bench.recorded() == [])
        bench.beat(0, running: lease, at: .seconds(3))
        #expect(bench.recorded() == [.leaseActivated(lease)])
    }

    @Test(
        "a grant whose deadline had passed is sent again with the next heartbeat",
        arguments: [
            GrantRefusal.deadlinePassed, .guardDown, .partitionBusy, .deviceMissing,
        ])
    mutating func sentAgainAfterRefusal(refusal: GrantRefusal) {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(at: .seconds(1))
        bench.say(.grantRefused(bench.name(lease, on: 0), refusal), of: 0, at: .seconds(1))
        bench.clear()
        bench.beat(0, at: .seconds(2))
        #expect(bench.seen() == [bench.renewing([], on: 0), bench.granting(lease, on: 0, after: 2)])
        #expect(bench.recorded() == [])
    }

    @Test("a node that has closed an epoch which the book has granted is quarantined with an alarm")
    mutating func quarantinedByRefusal() {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(at: .seconds(1))
        bench.clear()
        bench.say(.grantRefused(bench.name(lease, on: 0), .epochNotHigher), of: 0, at: .seconds(1))
        let alarm = "node \(Bench.path(0)) refused epoch \(bench.epoch(lease)) of lease \(lease): epochNotHigher"
        #expect(bench.seen() == [.immediate(.note(Note(.alarm, alarm)))])
        #expect(
            bench.recorded() == [.nodesSetAside([Bench.node(0)], state: .quarantined, reason: .orderRefused)])
    }

    // MARK: Renewals

    @Test("a renewal of a fence hold has no remaining term")
    mutating func fenceRenewal() {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(at: .seconds(1))
        bench.say(.started(bench.name(lease, on: 0)), of: 0, at: .seconds(1))
        bench.clear()
        bench.beat(0, running: lease, at: .seconds(2))
        #expect(bench.seen() == [bench.renewing([bench.hold(lease)], on: 0)])
    }

    @Test("a renewal of a keep hold carries the remaining term at the receipt of its heartbeat")
    mutating func keepRenewal() {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(term: .seconds(100), onSilence: .keep, at: .seconds(1))
        #expect(bench.seen().last == bench.granting(lease, on: 0, after: 1, remaining: .seconds(100)))
        bench.say(.started(bench.name(lease, on: 0)), of: 0, at: .seconds(1))
        bench.beat(0, running: lease, at: .seconds(31))
        #expect(bench.seen().first == bench.renewing([bench.hold(lease, remaining: .seconds(70))], on: 0))
    }

    @Test("a keep grant that names an earlier heartbeat cannot run past the bound of its record (L6)")
    mutating func keepGrantWithinItsBound() {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(term: .seconds(1_000), onSilence: .keep, at: .seconds(3))
        guard case .order(_, .grant(let order)) = bench.seen().last, let remaining = order.remaining else {
            preconditionFailure("no grant")
        }
        // Two seconds after the heartbeat; at most 1,002 s would be left by the calendar.
        #expect(remaining > .milliseconds(1_001_900) && remaining < .seconds(1_002))
        expectWithinBound(remaining, of: lease, from: .seconds(1))
    }

    @Test("a calendar that stepped back does not lengthen a keep hold past its bound (L6)")
    mutating func keepAfterCalendarStep() {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(term: .seconds(100), onSilence: .keep, at: .seconds(1))
        bench.clear()
        bench.calendarStep = .zero - .seconds(50)
        bench.beat(0, running: lease, at: .seconds(11))
        guard case .immediate(.renew(_, let renewal)) = bench.seen().first,
            let remaining = renewal.holds.first?.remaining
        else { preconditionFailure("no renewal") }
        #expect(remaining > .seconds(90) && remaining < .seconds(91))
        expectWithinBound(remaining, of: lease, from: .seconds(11))
    }

    private func expectWithinBound(_ remaining: Span, of lease: LeaseID, from received: Span) {
        let bound = bench.machine.book.lease(lease)?.begun?.keepBound ?? .zero
        #expect(.zero + received + Bench.holds.bound(after: remaining) <= bound)
        #expect(.zero + received + Bench.holds.bound(after: remaining + Span(nanoseconds: 2)) > bound)
    }

    @Test("the hold of an ending lease is not renewed; what else the node has is")
    mutating func endingNotRenewed() {
        bench.attachAll(at: .seconds(1))
        bench.ask(.createLease(Bench.terms(2, .gpu)), at: .seconds(1))
        bench.ask(.createLease(Bench.terms(2, .gpu)), at: .seconds(1))
        let grants = bench.machine.book.grants(on: Bench.node(0))
        #expect(grants.count == 2)
        let live = grants.map { LiveGrant(lease: $0.lease, epoch: $0.epoch, gpus: $0.gpus, phase: .running) }
        bench.say(.started(bench.name(grants[1].lease, on: 0)), of: 0, at: .seconds(1))
        bench.release(grants[0].lease, at: .seconds(1))
        bench.clear()
        bench.beat(0, condition: Bench.condition(live), at: .seconds(2))
        #expect(bench.seen().last == bench.renewing([bench.hold(grants[1].lease)], on: 0))
    }

    @Test("a grant that only the node knows is retired, and again two heartbeats later")
    mutating func strangerRetired() {
        bench.attachAll(at: .seconds(1))
        let stranger = LiveGrant(
            lease: LeaseID(rawValue: 3), epoch: Epoch(reign: .zero, index: RecordIndex(rawValue: 3)), gpus: .only(1),
            phase: .running)
        let name = GrantName(
            node: Bench.node(0), session: SessionID(rawValue: 1), lease: stranger.lease, epoch: stranger.epoch)
        let retire = CoordinatorEffect.order(
            Bench.agent(0), .retire(RetireOrder(name: name, gpus: .only(1), head: bench.head)))
        var answers: [[CoordinatorEffect]] = []
        for second in 2...4 {
            bench.beat(0, condition: Bench.condition([stranger]), at: .seconds(Int64(second)))
            answers.append(bench.seenBesidesRenewals())
        }
        #expect(answers == [[retire], [], [retire]])
        #expect(bench.recorded() == [])
    }

    @Test("a grant of the right lease under another epoch is retired, and the right one sent")
    mutating func otherEpochRetired() {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(at: .seconds(1))
        bench.clear()
        let older = LiveGrant(
            lease: lease, epoch: Epoch(reign: .zero, index: RecordIndex(rawValue: 1)), gpus: .first(4),
            phase: .running)
        bench.beat(0, condition: Bench.condition([older]), at: .seconds(2))
        bench.beat(0, condition: Bench.condition([older]), at: .seconds(3))
        let name = bench.name(lease, on: 0)
        let stale = GrantName(node: name.node, session: name.session, lease: lease, epoch: older.epoch)
        let retire = CoordinatorEffect.order(
            Bench.agent(0), .retire(RetireOrder(name: stale, gpus: .first(4), head: bench.head)))
        #expect(bench.seenBesidesRenewals() == [retire, bench.granting(lease, on: 0, after: 3)])
        #expect(bench.recorded() == [])
    }
}
