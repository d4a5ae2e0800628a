import LeaseholdBroker
import LeaseholdModel
import LeaseholdProtocol
import Testing

@Suite("the ledger at the coordinator")
struct CoordinatorLedgerTests {
    typealias Bench = CoordinatorBench
    var bench = CoordinatorBench()

    private func head(_ index: UInt64) throws -> ShownHead {
        ShownHead(index: RecordIndex(rawValue: index), text: try #require(HeadText("head \(index)")))
    }

    /// The heads that renewals carried since the last look, by node.
    private mutating func carried() -> [UInt32: HeadText?] {
        var heads: [UInt32: HeadText?] = [:]
        for case .immediate(.renew(_, let renewal)) in bench.seen() {
            heads.updateValue(renewal.ledgerHead, forKey: renewal.node.rawValue)
        }
        return heads
    }

    @Test("each agent is shown each head once, with its next renewal (L9)")
    mutating func renewals() throws {
        bench.attachAll(at: .seconds(1))
        bench.clear()
        bench.beat(0, at: .seconds(2))
        #expect(carried() == [0: nil])
        bench.tell(.headSigned(try head(4)), at: .seconds(2))
        bench.beat(0, at: .seconds(3))
        bench.beat(1, at: .seconds(3))
        #expect(carried() == [0: HeadText("head 4"), 1: HeadText("head 4")])
        bench.beat(0, at: .seconds(4))
        #expect(carried() == [0: nil])
        bench.tell(.headSigned(try head(9)), at: .seconds(4))
        bench.beat(0, at: .seconds(5))
        #expect(carried() == [0: HeadText("head 9")])
        // A new connection is shown it again.
        bench.tell(.disconnected(Bench.agent(1)), at: .seconds(6))
        bench.attach(1, at: .seconds(6))
        bench.clear()
        bench.beat(1, at: .seconds(7))
        #expect(carried() == [1: HeadText("head 9")])
    }

    @Test("a head that proves nothing is an alarm; one that proves lost records ends the service (L9)")
    mutating func witnesses() {
        bench.attachAll(at: .seconds(1))
        bench.clear()
        bench.tell(.headWitnessed(Bench.agent(0), .unsigned(reason: "no signature")), at: .seconds(2))
        #expect(bench.machine.status.alarms.contains { $0.contains("no signature") })
        bench.ask(.showTenant(name: "acme"), at: .seconds(2))
        #expect(bench.seenBesidesRenewals().count == 1)
        bench.tell(.headWitnessed(Bench.agent(1), .contradicts(reason: "head 99")), at: .seconds(3))
        let left = bench.seenBesidesRenewals()
        guard case .immediate(.refuseToServe(let reason)) = left.last, left.count == 1 else {
            Issue.record("\(left)")
            return
        }
        #expect(reason.contains("head 99"))
        bench.ask(.showTenant(name: "acme"), at: .seconds(3))
        bench.beat(0, at: .seconds(4))
        #expect(bench.seen() == [])
    }

    @Test("a ledger that stands still is an alarm as long as it does")
    mutating func trouble() {
        bench.tell(.ledgerStands(reason: "disk full"), at: .seconds(1))
        bench.tell(.ledgerStands(reason: "disk full"), at: .seconds(2))
        #expect(bench.machine.status.alarms == ["the ledger stands still: disk full"])
        #expect(bench.machine.counters.alarmCount == 1)
        bench.tell(.ledgerStands(reason: nil), at: .seconds(3))
        #expect(bench.machine.status.alarms == [])
    }

    @Test("what the log answers is asked of whoever reads it; another tenant's records of nobody (L13)")
    mutating func questions() throws {
        bench.clear()
        bench.ask(.askLog(.head), at: .seconds(1))
        guard case .immediate(.lookUp(_, .head, let principal)) = try #require(bench.seen().last) else {
            Issue.record("an operator's question is not looked up")
            return
        }
        #expect(principal.role == .operator)
        let export = Request.askLog(.export(tenant: "acme", from: RecordIndex(rawValue: 1), under: nil))
        bench.ask(export, on: Bench.acme, at: .seconds(1))
        guard case .immediate(.lookUp(_, .export, let tenant)) = try #require(bench.seen().last) else {
            Issue.record("acme's own records")
            return
        }
        #expect(tenant == Bench.tenant("acme"))
        bench.ask(export, on: Bench.bolt, at: .seconds(1))
        guard case .reply(_, .refused(let refusal)) = try #require(bench.seen().last) else {
            Issue.record("acme's records for bolt")
            return
        }
        #expect(refusal.code == .notAllowed)
    }

    @Test("a tenant's signature goes on record where both signatures are good, and under its own name (L13)")
    mutating func countersignatures() throws {
        let text = try #require(HeadText("head"))
        func signed(_ standing: CountersignedHead.Standing) -> Request {
            .countersignHead(CountersignedHead(head: text, key: "tenant/acme+…", standing: standing))
        }
        func refusal(_ effects: [CoordinatorEffect]) -> Refusal.Code? {
            guard case .reply(_, .refused(let refusal)) = effects.last else { return nil }
            return refusal.code
        }
        bench.clear()
        let good = signed(.good(head: RecordIndex(rawValue: 2), signer: "tenant/acme"))
        bench.ask(good, on: Bench.acme, at: .seconds(1))
        let record = bench.machine.book.head
        let reply = Reply.countersigned(HeadCountersigned(head: RecordIndex(rawValue: 2), record: record))
        guard case .reply(_, reply) = try #require(bench.seen().last) else {
            Issue.record("not on record")
            return
        }
        #expect(
            bench.recorded() == [
                .headCountersigned(
                    TenantID(rawValue: 0), head: RecordIndex(rawValue: 2), text, key: "tenant/acme+…")
            ])
        bench.ask(good, on: Bench.bolt, at: .seconds(2))
        #expect(refusal(bench.seen()) == .invalid)
        bench.ask(good, at: .seconds(2))
        #expect(refusal(bench.seen()) == .notAllowed)
        bench.ask(signed(.bad(reason: "wrong")), on: Bench.acme, at: .seconds(2))
        #expect(refusal(bench.seen()) == .invalid)
        bench.ask(
            signed(.good(head: RecordIndex(rawValue: 9_999), signer: "tenant/acme")), on: Bench.acme, at: .seconds(2))
        #expect(refusal(bench.seen()) == .invalid)
    }
}
