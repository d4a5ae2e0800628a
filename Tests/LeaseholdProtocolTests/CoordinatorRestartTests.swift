import LeaseholdBroker
import LeaseholdModel
import LeaseholdProtocol
import Testing

@Suite("restarts of the coordinator")
struct CoordinatorRestartTests {
    typealias Bench = CoordinatorBench
    var bench = CoordinatorBench()

    @Test("a reign is one above the book's, and the first record of its machine")
    mutating func reignRises() {
        bench = CoordinatorBench(empty: ())
        let first = ReignBegan(
            reign: Reign(rawValue: 1), incarnation: Incarnation(high: 0, low: 1), boot: BootID(high: 0, low: 1),
            holds: Bench.holds)
        #expect(bench.log.map(\.record) == [.reignBegan(first)])
        #expect(bench.log.map(\.principal) == [.coordinator])
        bench.restart(at: .seconds(1), boot: 9)
        let second = ReignBegan(
            reign: Reign(rawValue: 2), incarnation: Incarnation(high: 0, low: 1), boot: BootID(high: 0, low: 9),
            holds: Bench.holds)
        #expect(bench.log.map(\.record) == [.reignBegan(first), .reignBegan(second)])
    }

    @Test("the replayed log gives the same book, digest and answers (L14)")
    mutating func sameBook() {
        bench.attachAll(at: .seconds(1))
        let key = bench.newKey(at: .seconds(2))
        bench.ask(.createLease(Bench.terms()), as: key, on: Bench.acme, at: .seconds(2))
        guard case .reply(_, let reply) = bench.seen().first else { preconditionFailure("no reply") }
        bench.release(bench.lease(tenant: "bolt", at: .seconds(2)), at: .seconds(3))
        bench.ask(.releaseLease(LeaseID(rawValue: 77)), at: .seconds(3))
        bench.tell(.disconnected(Bench.agent(2)), at: .seconds(4))
        var book = LeaseBook()
        for entry in bench.log { book.evolve(entry) }
        #expect(book == bench.machine.book)
        #expect(book.digest() == bench.machine.book.digest())
        bench.restart(at: .seconds(5))
        bench.joinClients(at: .seconds(5))
        bench.clear()
        let asker = bench.ask(.createLease(Bench.terms()), as: key, on: Bench.acme, at: .seconds(6))
        #expect(bench.seen() == [.reply(asker, reply)])
        #expect(bench.machine.book.checkInvariants() == [])
    }

    @Test("what was not durable is gone, as if it had never been asked")
    mutating func undurableIsGone() {
        let digest = bench.machine.book.digest()
        bench.isDurable = false
        let key = bench.newKey(at: .seconds(1))
        bench.ask(.createTenant(name: "core", quota: 5), as: key, at: .seconds(1))
        #expect(bench.machine.book.digest() != digest)
        bench.restart(at: .seconds(2))
        bench.joinClients(at: .seconds(2))
        bench.clear()
        bench.ask(.createTenant(name: "core", quota: 5), as: key, at: .seconds(2))
        #expect(bench.recorded() == [.tenantCreated(name: "core", quota: 5)])
    }

    @Test("after a restart nothing is grantable until its node has reported (L9)")
    mutating func grantableAfterReport() {
        bench.attachAll(at: .seconds(1))
        bench.restart(at: .seconds(2))
        bench.joinClients(at: .seconds(2))
        #expect((0..<4).map(bench.reason) == [.newReign, .newReign, .newReign, .newReign])
        bench.clear()
        let asker = bench.ask(.createLease(Bench.terms()), at: .seconds(2))
        let refusal = Refusal.noWholeNodes(unit: .node, asked: 1, grantable: 0)
        #expect(bench.seen() == [.reply(asker, .refused(refusal))])
        bench.attach(2, at: .seconds(3))
        let lease = bench.lease(at: .seconds(3))
        #expect(bench.machine.book.unretired(lease) == [Placement(node: Bench.node(2), gpus: .first(4))])
    }

    @Test("a lease that was starting becomes active when its nodes have started it after the restart")
    mutating func startingGoesOn() {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(nodes: 2, at: .seconds(1))
        bench.say(.started(bench.name(lease, on: 0)), of: 0, at: .seconds(1))
        bench.restart(at: .seconds(2))
        bench.attachAll(at: .seconds(3))
        bench.beat(0, running: lease, at: .seconds(4))
        #expect(bench.recorded() == [])
        bench.say(.started(bench.name(lease, on: 1)), of: 1, at: .seconds(4))
        #expect(bench.recorded() == [.leaseActivated(lease)])
    }

    @Test("a lease that runs is renewed by the new reign under its old epoch")
    mutating func activeGoesOn() {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(at: .seconds(1))
        bench.say(.started(bench.name(lease, on: 0)), of: 0, at: .seconds(1))
        bench.restart(at: .seconds(2))
        bench.attachAll(at: .seconds(3))
        bench.beat(0, running: lease, at: .seconds(4))
        #expect(bench.epoch(lease).reign == Reign(rawValue: 1))
        #expect(bench.seen().first == bench.renewing([bench.hold(lease)], on: 0))
    }

    @Test("a calendar that stepped back while the process was down does not take the log back")
    mutating func calendarStepsBack() {
        bench.calendarStep = .zero - .hours(1)
        bench.restart(at: .seconds(2))
        #expect(bench.log.last?.at == bench.log.dropLast().last?.at)
    }
}
