import LeaseholdBroker
import LeaseholdModel
import LeaseholdProtocol
import Testing

@Suite("requests at the coordinator (L2)")
struct CoordinatorRequestTests {
    typealias Bench = CoordinatorBench
    var bench = CoordinatorBench()

    @Test("the same id with the same body gets the same answer, and no second record")
    mutating func repeated() {
        bench.attachAll(at: .seconds(1))
        let key = bench.newKey(at: .seconds(2))
        let first = bench.ask(.createLease(Bench.terms()), as: key, at: .seconds(2))
        let answers = bench.seen()
        guard case .reply(first, let reply) = answers.first else { preconditionFailure("\(answers)") }
        #expect(bench.recorded().count == 1)
        bench.release(LeaseID(rawValue: 10), at: .seconds(3))
        bench.clear()
        let second = bench.ask(.createLease(Bench.terms()), as: key, at: .seconds(4))
        #expect(bench.seen() == [.reply(second, reply)])
        #expect(bench.recorded() == [])
        #expect(bench.machine.counters.repeatedCount == 1)
    }

    @Test("a repetition waits for the record of the first, and both get the one answer")
    mutating func repeatedBeforeDurable() {
        let key = bench.newKey(at: .seconds(1))
        bench.isDurable = false
        let first = bench.ask(.createTenant(name: "core", quota: 5), as: key, at: .seconds(1))
        let second = bench.ask(.createTenant(name: "core", quota: 5), as: key, at: .seconds(1))
        #expect(bench.seen() == [])
        bench.makeDurable()
        let reply = Reply.tenant(
            TenantView(id: TenantID(rawValue: 2), name: "core", quota: 5, held: 0, leaseCount: 0))
        #expect(bench.seen() == [.reply(first, reply), .reply(second, reply)])
        #expect(bench.recorded() == [.tenantCreated(name: "core", quota: 5)])
    }

    @Test("the same id with another body is refused, audited once, and leaves the first answer as it is")
    mutating func reused() {
        let key = bench.newKey(at: .seconds(1), body: 1)
        let other = RequestKey(id: key.id, bodyHash: 2)
        bench.ask(.createTenant(name: "core", quota: 5), as: key, at: .seconds(1))
        bench.clear()
        let asker = bench.ask(.createTenant(name: "dune", quota: 5), as: other, at: .seconds(1))
        #expect(bench.seen() == [.reply(asker, .refused(.requestReused(id: key.id)))])
        #expect(bench.recorded() == [.requestRefused(.requestReused(id: key.id))])
        #expect(bench.log.last?.principal == Bench.operations)
        let again = bench.ask(.createTenant(name: "core", quota: 5), as: key, at: .seconds(1))
        let reply = Reply.tenant(
            TenantView(id: TenantID(rawValue: 2), name: "core", quota: 5, held: 0, leaseCount: 0))
        #expect(bench.seen() == [.reply(again, reply)])
    }

    @Test("ids of different principals never meet")
    mutating func idsByPrincipal() {
        bench.attachAll(at: .seconds(1))
        let key = bench.newKey(at: .seconds(2))
        bench.ask(.createLease(Bench.terms(tenant: "acme")), as: key, on: Bench.acme, at: .seconds(2))
        bench.ask(.createLease(Bench.terms(tenant: "bolt")), as: key, on: Bench.bolt, at: .seconds(2))
        #expect(bench.machine.book.startingLeases.map(\.id.rawValue) == [10, 11])
    }

    @Test("a change without an id is refused and not recorded")
    mutating func withoutID() {
        let asker = bench.ask(.createTenant(name: "core", quota: 5), as: nil, at: .seconds(1))
        let refusal = Refusal.invalid(field: "requestId", value: "absent", expected: "a UUID of version 7")
        #expect(bench.seen() == [.reply(asker, .refused(refusal))])
        #expect(bench.recorded() == [])
    }

    @Test("an id older than the window is refused, one within it is not")
    mutating func tooOld() {
        let key = bench.newKey(at: .seconds(1))
        let asker = bench.ask(
            .createTenant(name: "core", quota: 5), as: key, at: .seconds(2) + Limits.requestWindow)
        let refusal = Refusal.requestTooOld(
            age: Limits.requestWindow + .seconds(1), window: Limits.requestWindow)
        #expect(bench.seen() == [.reply(asker, .refused(refusal))])
        #expect(bench.recorded() == [])
        bench.ask(.createTenant(name: "core", quota: 5), as: key, at: .seconds(1) + Limits.requestWindow)
        #expect(bench.recorded() == [.tenantCreated(name: "core", quota: 5)])
    }

    @Test("a refused change is recorded, and refused again though it could be granted by then")
    mutating func refusedForGood() {
        let key = bench.newKey(at: .seconds(1))
        let refusal = Refusal.noWholeNodes(unit: .node, asked: 1, grantable: 0)
        let first = bench.ask(.createLease(Bench.terms()), as: key, at: .seconds(1))
        #expect(bench.seen() == [.reply(first, .refused(refusal))])
        #expect(bench.recorded() == [.requestRefused(refusal)])
        bench.attachAll(at: .seconds(2))
        let second = bench.ask(.createLease(Bench.terms()), as: key, at: .seconds(3))
        #expect(bench.seen() == [.reply(second, .refused(refusal))])
        #expect(bench.recorded() == [])
        #expect(bench.machine.counters.count(of: .noWholeNodes) == 1)
    }

    @Test("a refusal waits for its record like any answer")
    mutating func refusalWaits() {
        bench.isDurable = false
        let asker = bench.ask(.releaseLease(LeaseID(rawValue: 77)), at: .seconds(1))
        #expect(bench.seen() == [])
        bench.makeDurable()
        #expect(bench.seen() == [.reply(asker, .refused(.notFound(.lease, name: "L77")))])
    }

    @Test("refusals beyond the burst are turned away unrecorded, of the one principal only")
    mutating func refusalsAboveTheRate() {
        bench.isDurable = false
        for _ in 0..<Limits.recordedRefusalBurst { refuse(on: Bench.acme, at: .seconds(1)) }
        #expect(bench.recorded().count == Limits.recordedRefusalBurst)
        _ = bench.seen()
        let asker = refuse(on: Bench.acme, at: .seconds(1))
        let refusal = Refusal.overloaded(retryAfter: Limits.overloadedRetry)
        #expect(bench.seen() == [.immediate(.turnAway(asker, refusal))])
        #expect(bench.recorded() == [])
        refuse(on: Bench.bolt, at: .seconds(1))
        #expect(bench.recorded().count == 1)
        refuse(on: Bench.acme, at: .milliseconds(1_001))
        refuse(on: Bench.acme, at: .milliseconds(1_001))
        refuse(on: Bench.acme, at: .milliseconds(1_001))
        #expect(bench.recorded().count == Limits.recordedRefusalsPerSecond / 1_000)
    }

    @Test("refusals below the rate are recorded for ever, however finely they are spaced")
    mutating func refusalsBelowTheRate() {
        bench.isDurable = false
        let spacing = Span(nanoseconds: 800_000)
        precondition(1_000_000_000 / spacing.nanoseconds < Int64(Limits.recordedRefusalsPerSecond))
        let count = Limits.recordedRefusalBurst * 3
        for number in 0..<count { refuse(on: Bench.acme, at: spacing * Int64(number)) }
        #expect(bench.recorded().count == count)
    }

    @Test("a draining coordinator turns changes away and answers queries and repetitions")
    mutating func draining() {
        let key = bench.newKey(at: .seconds(1))
        bench.ask(.createTenant(name: "core", quota: 5), as: key, at: .seconds(1))
        bench.tell(.drainRequested, at: .seconds(1))
        bench.clear()
        let change = bench.ask(.createTenant(name: "dune", quota: 5), at: .seconds(1))
        let query = bench.ask(.showTenant(name: "core"), at: .seconds(1))
        let repetition = bench.ask(.createTenant(name: "core", quota: 5), as: key, at: .seconds(1))
        let tenant = Reply.tenant(
            TenantView(id: TenantID(rawValue: 2), name: "core", quota: 5, held: 0, leaseCount: 0))
        #expect(
            bench.seen() == [
                .immediate(.turnAway(change, .notServing(reason: "it is draining"))), .reply(query, tenant),
                .reply(repetition, tenant),
            ])
        #expect(bench.recorded() == [])
    }

    @Test("while the log's disk is in trouble what frees capacity is taken, and queries are answered (D9, D16)")
    mutating func strained() {
        let key = bench.newKey(at: .seconds(1))
        bench.ask(.createTenant(name: "core", quota: 5), as: key, at: .seconds(1))
        bench.tell(.logStrained(.slow(.seconds(3))), at: .seconds(1))
        bench.tell(.logStrained(.slow(.seconds(3))), at: .seconds(1))
        let said = bench.seen().filter { if case .immediate(.note) = $0 { true } else { false } }
        #expect(said.count == 1, "\(said)")
        bench.clear()
        let change = bench.ask(.createTenant(name: "dune", quota: 5), at: .seconds(1))
        let query = bench.ask(.showTenant(name: "core"), at: .seconds(1))
        let repetition = bench.ask(.createTenant(name: "core", quota: 5), as: key, at: .seconds(1))
        let tenant = Reply.tenant(
            TenantView(id: TenantID(rawValue: 2), name: "core", quota: 5, held: 0, leaseCount: 0))
        let refusal = Refusal.notServing(reason: "the log's disk is slow: a write took 3s")
        #expect(
            bench.seen() == [
                .immediate(.turnAway(change, refusal)), .reply(query, tenant), .reply(repetition, tenant),
            ])
        #expect(bench.recorded() == [])
        // A release goes its way: refused here by the book, on record, because there is no such lease.
        bench.clear()
        bench.ask(.releaseLease(LeaseID(rawValue: 1)), at: .seconds(1))
        #expect(bench.recorded().count == 1)
        bench.tell(.logStrained(nil), at: .seconds(1))
        bench.clear()
        bench.ask(.createTenant(name: "dune", quota: 5), at: .seconds(1))
        #expect(bench.recorded().count == 1)
    }

    @Test("a following book that has stopped is an alarm, said once and shown from then on (L14)")
    mutating func followerStopped() {
        for second in 1...3 as ClosedRange<Int64> { bench.tell(.followerStopped, at: .seconds(second)) }
        let alarm =
            "L14: the book that follows the log has stopped: no more snapshots, no signed heads, no answers from the log"
        #expect(bench.seen() == [.immediate(.note(Note(.alarm, alarm)))])
        #expect(bench.machine.status.alarms == [alarm])
        #expect(bench.machine.counters.alarmCount == 1)
    }

    @Test("a tenant may not ask for what concerns others")
    mutating func notAllowed() {
        let asker = bench.ask(.showTenant(name: "bolt"), on: Bench.acme, at: .seconds(1))
        let refusal = Refusal.notAllowed(principal: "tenant/acme", action: "tenant show")
        #expect(bench.seen() == [.reply(asker, .refused(refusal))])
    }

    @Test("a node's reading and silence are added to the book's answer")
    mutating func nodeWithContact() {
        bench.attachAll(at: .seconds(1))
        let asker = bench.ask(.showNode(name: Bench.path(1)), at: .seconds(2))
        var view = bench.machine.book.nodeView(Bench.node(1))
        #expect(view.drawn == nil)
        view.drawn = Watts(500)
        view.silence = .seconds(1)
        #expect(bench.seen() == [.reply(asker, .node(view))])
    }

    @Test("a status has the digest of the book and the durable head")
    mutating func status() {
        let asker = bench.ask(.status, at: .seconds(1))
        guard case .reply(asker, .status(let status)) = bench.seen().first else { preconditionFailure("no status") }
        #expect(status.bookDigest == bench.machine.book.digest())
        #expect(status.head == bench.head)
        #expect(status.cluster == "bench")
        #expect(status.connectionCount == 3)
        #expect(status.holds == Bench.holds)
    }

    /// A change that is always refused.
    @discardableResult
    private mutating func refuse(on connection: ConnectionID, at time: Span) -> Asker {
        bench.ask(.releaseLease(LeaseID(rawValue: 77)), on: connection, at: time)
    }
}

@Suite("pages for a backup")
struct CoordinatorBackupTests {
    typealias Bench = CoordinatorBench
    var bench = CoordinatorBench()

    @Test("an operator's question goes to whoever reads the log; a tenant's is refused")
    mutating func onlyOperators() {
        let place = BackupPlace(segment: 2, offset: 512)
        let asker = bench.ask(.askLog(.page(place)), at: .seconds(1))
        #expect(bench.seen() == [.immediate(.lookUp(asker, .page(place), by: Bench.operations))])
        let tenant = bench.ask(.askLog(.page(place)), on: Bench.acme, at: .seconds(1))
        #expect(
            bench.seen() == [
                .reply(tenant, .refused(.notAllowed(principal: "tenant/acme", action: "backup save")))
            ])
    }
}
