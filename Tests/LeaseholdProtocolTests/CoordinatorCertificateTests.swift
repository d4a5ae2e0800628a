import LeaseholdBroker
import LeaseholdModel
import LeaseholdProtocol
import Testing

@Suite("certificates at the coordinator")
struct CoordinatorCertificateTests {
    typealias Bench = CoordinatorBench
    var bench = CoordinatorBench()

    private func certificate(of name: GrantName) -> SanitisingCertificate {
        SanitisingCertificate(
            lease: name.lease, epoch: name.epoch,
            gpus: [CertifiedGPU(position: 0, uuid: "GPU-1", energy: Millijoules(7))], window: nil,
            steps: [CertifiedStep(step: .verify, doneAt: .never, failureCount: 0, evidence: "no process")])
    }

    private func kept(_ name: GrantName) -> CoordinatorEffect { .order(Bench.agent(0), .certificateKept(name)) }

    /// A lease on the first node that is ending; its name there.
    private mutating func ending() -> GrantName {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(at: .seconds(1))
        let name = bench.name(lease, on: 0)
        bench.say(.started(name), of: 0, at: .seconds(1))
        bench.release(lease, at: .seconds(2))
        bench.clear()
        _ = bench.recorded()
        return name
    }

    @Test("it is recorded before the retirement, by the node, and the node is told when that is durable (L3)")
    mutating func recorded() {
        let name = ending()
        let certificate = certificate(of: name)
        bench.isDurable = false
        bench.say(
            .sanitised(node: name.node, session: name.session, certificate), .retired(name), of: 0, at: .seconds(3))
        #expect(bench.seen() == [])
        bench.makeDurable()
        #expect(bench.seen() == [kept(name)])
        #expect(
            bench.recorded() == [
                .partitionSanitised(name.node, certificate),
                .partitionsRetired(name.lease, nodes: [name.node], proof: .acknowledged),
            ])
        let principal = bench.log.last { if case .partitionSanitised = $0.record { true } else { false } }?.principal
        #expect(principal?.role == .agent)
    }

    @Test("one that comes after the lease has ended is recorded too, and one that comes again, again")
    mutating func late() {
        let name = ending()
        bench.say(.retired(name), of: 0, at: .seconds(3))
        _ = bench.recorded()
        for _ in 0..<2 {
            bench.say(.sanitised(node: name.node, session: name.session, certificate(of: name)), of: 0, at: .seconds(4))
        }
        #expect(bench.recorded().count == 2)
        #expect(bench.seen().suffix(2) == [kept(name), kept(name)])
    }

    @Test("one about what this log does not know is an alarm and no record, and the node need not tell it again")
    mutating func unknown() {
        let name = ending()
        let stranger = GrantName(
            node: name.node, session: name.session, lease: name.lease,
            epoch: Epoch(reign: Reign(rawValue: 99), index: name.epoch.index))
        bench.say(.sanitised(node: name.node, session: name.session, certificate(of: stranger)), of: 0, at: .seconds(3))
        #expect(bench.recorded() == [])
        let seen = bench.seen()
        #expect(seen.contains(kept(stranger)))
        #expect(seen.contains { if case .immediate(.note(let note)) = $0 { note.level == .alarm } else { false } })
    }

    @Test("a log that is short of room takes none, and does not say that it has")
    mutating func strained() {
        let name = ending()
        bench.tell(.logStrained(.noSegment(reason: "full")), at: .seconds(3))
        bench.clear()
        bench.say(.sanitised(node: name.node, session: name.session, certificate(of: name)), of: 0, at: .seconds(3))
        #expect(bench.recorded() == [] && !bench.seen().contains(kept(name)))
    }

    @Test("one about a lease that is forgotten by now is recorded, without an alarm")
    mutating func forgotten() {
        let name = ending()
        bench.say(.retired(name), of: 0, at: .seconds(3))
        for hour in 1...26 as ClosedRange<Int64> {
            bench.say(Bench.report(0), of: 0, at: .seconds(hour * 3_600))
            bench.release(name.lease, at: .seconds(hour * 3_600))
        }
        #expect(bench.machine.book.lease(name.lease) == nil)
        bench.clear()
        _ = bench.recorded()
        let session = bench.sessions[0]?.id ?? name.session
        let again = certificate(of: name)
        bench.say(.sanitised(node: name.node, session: session, again), of: 0, at: .seconds(26 * 3_600))
        #expect(bench.recorded() == [.partitionSanitised(name.node, again)])
        #expect(
            !bench.seen().contains { if case .immediate(.note(let note)) = $0 { note.level == .alarm } else { false } })
    }

    @Test("of another session, or of another's node, nothing is taken")
    mutating func otherSession() {
        let name = ending()
        let certificate = certificate(of: name)
        bench.say(.sanitised(node: name.node, session: SessionID(rawValue: 99), certificate), of: 0, at: .seconds(3))
        bench.say(.sanitised(node: name.node, session: name.session, certificate), of: 1, at: .seconds(3))
        #expect(bench.recorded() == [] && bench.seen() == [])
    }
}
