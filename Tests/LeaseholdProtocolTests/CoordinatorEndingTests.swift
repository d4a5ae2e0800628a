import LeaseholdBroker
import LeaseholdModel
import LeaseholdProtocol
import Testing

@Suite("endings of leases at the coordinator (L4, L5, L6)")
struct CoordinatorEndingTests {
    typealias Bench = CoordinatorBench
    var bench = CoordinatorBench()
    /// W of the bench: 1.01 × (10 s / 0.99 + 1 s), rounded up to the nanosecond at each step.
    let wait = Span(nanoseconds: 11_212_020_204)

    @Test("the wait of the bench is the one that these tests count with")
    func waitOfTheBench() { #expect(Bench.holds.wait == wait) }

    // MARK: By the agents' word

    @Test("a release is answered, and its retire orders leave, behind the record")
    mutating func released() {
        let lease = running(nodes: 2)
        bench.isDurable = false
        let asker = bench.ask(.releaseLease(lease), at: .seconds(2))
        #expect(bench.seen() == [])
        #expect(bench.recorded() == [.leaseEnding(lease, cause: .released)])
        bench.makeDurable()
        let reply = Reply.released(LeaseReleased(lease: lease, at: Bench.calendar(.seconds(2))))
        #expect(
            bench.seen() == [.reply(asker, reply), bench.retiring(lease, on: 0), bench.retiring(lease, on: 1)])
    }

    @Test("acknowledgements of one batch become one record a lease")
    mutating func acknowledgedInOneRecord() {
        let first = running(nodes: 2)
        let second = bench.lease(at: .seconds(1))
        bench.release(first, at: .seconds(2))
        bench.release(second, at: .seconds(2))
        bench.clear()
        let retired = [(second, 2), (first, 1), (first, 0), (first, 1)].map { lease, node in
            CoordinatorEvent.agentSpoke(Bench.agent(node), .retired(bench.name(lease, on: node)))
        }
        bench.tell(retired, at: .seconds(3))
        #expect(
            bench.recorded() == [
                .partitionsRetired(first, nodes: [0, 1].map(Bench.node), proof: .acknowledged),
                .partitionsRetired(second, nodes: [Bench.node(2)], proof: .acknowledged),
            ])
        #expect(bench.machine.book.lease(first)?.state == .ended)
        #expect(bench.machine.counters.retiredByWordCount == 3)
    }

    @Test("an acknowledgement for a lease that is not ending retires nothing")
    mutating func acknowledgedTooSoon() {
        let lease = running()
        bench.say(.retired(bench.name(lease, on: 0)), of: 0, at: .seconds(2))
        #expect(bench.recorded() == [])
    }

    @Test("an acknowledgement under another epoch retires nothing")
    mutating func acknowledgedOtherEpoch() {
        let lease = running()
        bench.release(lease, at: .seconds(2))
        let name = bench.name(lease, on: 0)
        let other = GrantName(
            node: name.node, session: name.session, lease: lease,
            epoch: Epoch(reign: name.epoch.reign, index: name.epoch.index.next))
        bench.clear()
        bench.say(.retired(other), of: 0, at: .seconds(3))
        #expect(bench.recorded() == [])
    }

    @Test("a retire order without an answer is sent again two heartbeats later, not before")
    mutating func retireSentAgain() {
        let lease = running()
        bench.release(lease, at: .seconds(2))
        bench.clear()
        bench.beat(0, running: lease, at: .seconds(3))
        #expect(bench.seenBesidesRenewals() == [])
        bench.beat(0, running: lease, at: .seconds(4))
        #expect(bench.seenBesidesRenewals() == [bench.retiring(lease, on: 0)])
    }

    // MARK: By a report

    @Test("a report that has closed the epoch retires")
    mutating func reportCloses() {
        let lease = endingWhileAway()
        bench.greet(0, at: .seconds(3))
        bench.clear()
        bench.say(Bench.report(0, highest: bench.epoch(lease)), of: 0, at: .seconds(3))
        #expect(
            bench.recorded() == [
                .nodeReported(node: Bench.node(0), hardware: 100),
                .partitionsRetired(lease, nodes: [Bench.node(0)], proof: .acknowledged),
            ])
    }

    @Test("a report that lists the ending lease as live, or has not seen it, gets a retire order and retires nothing")
    mutating func reportDoesNotClose() {
        let lease = endingWhileAway()
        let reports = [
            Bench.report(0, highest: bench.epoch(lease), condition: Bench.condition([bench.live(lease)])),
            Bench.report(0, highest: Epoch(reign: Reign(rawValue: 1), index: RecordIndex(rawValue: 1))),
        ]
        bench.greet(0, at: .seconds(3))
        for report in reports {
            bench.say(Bench.report(1), of: 1, at: .seconds(3))
            bench.clear()
            bench.say(report, of: 0, at: .seconds(3))
            let orders = bench.seenBesidesRenewals()
            // The session first: an agent obeys no order of a session that it does not know.
            #expect(orders == [attached(0), bench.retiring(lease, on: 0)])
            #expect(!bench.recorded().contains { if case .partitionsRetired = $0 { true } else { false } })
        }
    }

    @Test("a report with one GPU that has not seen the epoch does not close it")
    mutating func reportClosesInPart() {
        let lease = endingWhileAway()
        bench.greet(0, at: .seconds(3))
        bench.clear()
        let highest = [bench.epoch(lease), bench.epoch(lease), bench.epoch(lease), .zero]
        for epochs in [highest, Array(highest.prefix(3))] {
            bench.say(
                .report(
                    NodeReport(
                        node: Bench.path(0), kind: "H100", gpuCount: 4, hardware: 100,
                        highest: SeenEpochs(gpus: epochs),
                        condition: Bench.condition(), witness: .none)), of: 0, at: .seconds(3))
        }
        #expect(bench.recorded() == [.nodeReported(node: Bench.node(0), hardware: 100)])
    }

    // MARK: By the wait

    @Test(
        "a node that goes on saying that it has not made clean what ended is not silent, and nothing is free by waiting"
    )
    mutating func listedIsNotFree() {
        let lease = running()
        bench.release(lease, at: .seconds(2))
        bench.clear()
        let live = bench.live(lease)
        let retiring = LiveGrant(
            lease: live.lease, epoch: live.epoch, gpus: live.gpus, slices: live.slices, phase: .retiring)
        for second in 3...120 as ClosedRange<Int64> {
            bench.beat(0, condition: Bench.condition([retiring]), at: .seconds(second))
            bench.tell(.deadlineReached, at: .seconds(second))
        }
        #expect(retired() == [])
        // Its silence frees, as ever, W after its last word; that its connection is gone says nothing of the devices.
        bench.tell(.disconnected(Bench.agent(0)), at: .seconds(121))
        bench.tell(.deadlineReached, at: .seconds(120) + wait - Span(nanoseconds: 1))
        #expect(retired() == [])
        bench.tell(.deadlineReached, at: .seconds(120) + wait + .milliseconds(250))
        #expect(retired().count == 1)
    }

    @Test("a silent partition of a node that is confirm-only is freed by nothing but the node's own word (L6)")
    mutating func confirmOnly() {
        bench.attachAll(at: .seconds(1))
        bench.say(Bench.report(0, traits: .confirmOnly), of: 0, at: .seconds(1))
        let lease = bench.lease(at: .seconds(1))
        bench.say(.started(bench.name(lease, on: 0)), of: 0, at: .seconds(1))
        bench.release(lease, at: .seconds(3))
        bench.clear()
        _ = bench.recorded()
        for hour in 1...20 as ClosedRange<Int64> { bench.tell(.deadlineReached, at: .seconds(hour * 3_600)) }
        #expect(retired() == [] && bench.machine.book.lease(lease)?.state == .ending)
        // By its own word it is free.
        bench.attachAll(at: .seconds(80_000))
        bench.say(.retired(bench.name(lease, on: 0)), of: 0, at: .seconds(80_001))
        #expect(retired() == [.partitionsRetired(lease, nodes: [Bench.node(0)], proof: .acknowledged)])
    }

    @Test("the last word of a node counts for what is ending already, of a quarantined one too (L6)")
    mutating func confirmOnlyLater() {
        let fresh = bench
        for isGuarded in [true, false] {
            bench = fresh
            let lease = running()
            bench.release(lease, at: .seconds(3))
            let condition = Bench.condition(isGuarded: isGuarded)
            bench.say(Bench.report(0, condition: condition, traits: .confirmOnly), of: 0, at: .seconds(4))
            bench.clear()
            for hour in 1...20 as ClosedRange<Int64> { bench.tell(.deadlineReached, at: .seconds(hour * 3_600)) }
            #expect(retired() == [] && bench.machine.book.lease(lease)?.state == .ending)
        }
    }

    @Test("a node that ends with its guard, and said that after the lease had begun to end, frees it by silence")
    mutating func guardedLater() {
        bench.attachAll(at: .seconds(1))
        bench.say(Bench.report(0, traits: .confirmOnly), of: 0, at: .seconds(1))
        let lease = bench.lease(at: .seconds(1))
        bench.say(.started(bench.name(lease, on: 0)), of: 0, at: .seconds(1))
        bench.release(lease, at: .seconds(3))
        bench.say(Bench.report(0), of: 0, at: .seconds(4))
        bench.clear()
        bench.tell(.deadlineReached, at: .seconds(4) + wait + .milliseconds(250))
        #expect(retired() == [.partitionsRetired(lease, nodes: [Bench.node(0)], proof: .waited)])
    }

    @Test("a silent fence partition is free W after its last renewed heartbeat, by the next sweep, and not before")
    mutating func waited() {
        let lease = running()
        bench.beat(0, running: lease, at: .seconds(2))
        bench.release(lease, at: .seconds(3))
        bench.clear()
        bench.tell(.deadlineReached, at: .seconds(2) + wait - Span(nanoseconds: 1))
        #expect(retired() == [])
        bench.tell(.deadlineReached, at: .seconds(2) + wait + .milliseconds(250))
        #expect(retired() == [.partitionsRetired(lease, nodes: [Bench.node(0)], proof: .waited)])
        #expect(bench.machine.book.lease(lease)?.state == .ended)
        #expect(bench.machine.counters.retiredByWaitCount == 1)
    }

    @Test("at W itself the partition is free")
    mutating func waitedExactly() {
        let lease = running()
        bench.beat(0, running: lease, at: .seconds(2))
        bench.release(lease, at: .seconds(3))
        bench.clear()
        bench.tell(.deadlineReached, at: .seconds(2) + wait)
        #expect(retired() == [.partitionsRetired(lease, nodes: [Bench.node(0)], proof: .waited)])
    }

    @Test("heartbeats after the end, which renew it no more, do not lengthen the wait")
    mutating func waitNotLengthened() {
        let lease = running()
        bench.beat(0, running: lease, at: .seconds(2))
        bench.release(lease, at: .seconds(3))
        bench.beat(0, running: lease, at: .seconds(4))
        bench.clear()
        bench.tell(.deadlineReached, at: .seconds(2) + wait)
        #expect(retired() == [.partitionsRetired(lease, nodes: [Bench.node(0)], proof: .waited)])
    }

    @Test("a silent keep partition is free at its bound, and not before")
    mutating func keepWaited() {
        let lease = running(term: .seconds(20), onSilence: .keep)
        bench.release(lease, at: .seconds(3))
        let bound = Span.seconds(1) + Bench.holds.bound(after: .seconds(20))
        bench.clear()
        bench.tell(.deadlineReached, at: bound - Span(nanoseconds: 1))
        #expect(retired() == [])
        bench.tell(.deadlineReached, at: bound + .milliseconds(250))
        #expect(retired() == [.partitionsRetired(lease, nodes: [Bench.node(0)], proof: .waited)])
    }

    @Test("a keep partition is free at its bound after a restart, and never by waiting after another boot")
    mutating func keepAfterRestart() {
        let lease = running(term: .seconds(20), onSilence: .keep)
        bench.release(lease, at: .seconds(3))
        var rebooted = bench
        rebooted.restart(at: .seconds(5), boot: 2)
        rebooted.tell(.deadlineReached, at: .hours(1_000))
        #expect(rebooted.recorded() == [])
        rebooted.attach(0, at: .hours(1_000))
        rebooted.say(.retired(rebooted.name(lease, on: 0)), of: 0, at: .hours(1_000))
        #expect(rebooted.recorded().last == .partitionsRetired(lease, nodes: [Bench.node(0)], proof: .acknowledged))
        bench.restart(at: .seconds(5), boot: 1)
        let bound = Span.seconds(1) + Bench.holds.bound(after: .seconds(20))
        bench.tell(.deadlineReached, at: bound - Span(nanoseconds: 1))
        #expect(retired() == [])
        bench.tell(.deadlineReached, at: bound + .milliseconds(250))
        #expect(retired() == [.partitionsRetired(lease, nodes: [Bench.node(0)], proof: .waited)])
    }

    @Test("after a restart every live hold counts as renewed at the restart", arguments: [false, true])
    mutating func restartRenews(isEndingBefore: Bool) {
        let lease = running()
        if isEndingBefore { bench.release(lease, at: .seconds(2)) }
        bench.restart(at: .seconds(30))
        bench.joinClients(at: .seconds(30))
        if !isEndingBefore { bench.release(lease, at: .seconds(31)) }
        bench.clear()
        bench.tell(.deadlineReached, at: .seconds(30) + wait - Span(nanoseconds: 1))
        #expect(retired() == [])
        bench.tell(.deadlineReached, at: .seconds(30) + wait + .milliseconds(250))
        #expect(retired() == [.partitionsRetired(lease, nodes: [Bench.node(0)], proof: .waited)])
    }

    @Test("a restart with other hold settings honours the longest of each number")
    mutating func restartWithOtherHolds() {
        let lease = running()
        bench.restart(
            at: .seconds(30),
            holds: HoldSettings(hold: .seconds(5), eviction: .seconds(2), clockRateErrorPPM: 20_000))
        let longest = HoldSettings(hold: .seconds(10), eviction: .seconds(2), clockRateErrorPPM: 20_000)
        bench.joinClients(at: .seconds(30))
        bench.release(lease, at: .seconds(31))
        bench.clear()
        bench.tell(.deadlineReached, at: .seconds(30) + longest.wait - Span(nanoseconds: 1))
        #expect(retired() == [])
        bench.tell(.deadlineReached, at: .seconds(30) + longest.wait + .milliseconds(250))
        #expect(retired() == [.partitionsRetired(lease, nodes: [Bench.node(0)], proof: .waited)])
    }

    @Test("what was freed by the wait is not retired again by an answer of the same batch")
    mutating func waitedThenAcknowledged() {
        let lease = running()
        bench.release(lease, at: .seconds(3))
        bench.clear()
        let answer = CoordinatorEvent.agentSpoke(Bench.agent(0), .retired(bench.name(lease, on: 0)))
        bench.tell(answer, .deadlineReached, answer, at: .seconds(60))
        #expect(retired() == [.partitionsRetired(lease, nodes: [Bench.node(0)], proof: .waited)])
    }

    // MARK: By the calendar

    @Test("a lease ends at its calendar end, and its nodes are told behind the record")
    mutating func lapsed() {
        let lease = running(term: .seconds(20))
        bench.tell(.deadlineReached, at: .seconds(21) - Span(nanoseconds: 1))
        bench.clear()
        bench.isDurable = false
        bench.tell(.deadlineReached, at: .seconds(21))
        #expect(bench.recorded() == [.leaseEnding(lease, cause: .lapsed)])
        #expect(bench.seen() == [])
        bench.makeDurable()
        #expect(bench.seen() == [bench.retiring(lease, on: 0)])
    }

    @Test("the machine asks to be woken at the next sweep or the next end, whichever is first")
    mutating func deadlines() {
        #expect(bench.machine.nextDeadline(at: bench.now(.zero)) == .zero + .milliseconds(250))
        _ = running(term: .seconds(1))
        bench.tell(.deadlineReached, at: .milliseconds(1_900))
        let now = bench.now(.milliseconds(1_900))
        #expect(bench.machine.nextDeadline(at: now) == .zero + .seconds(2))
        bench.calendarStep = .zero - .seconds(100)
        let later = bench.now(.milliseconds(1_900))
        #expect(bench.machine.nextDeadline(at: later) == .zero + .milliseconds(2_150))
    }

    @Test("many leases that end at once end a bounded number at a time, and the machine asks to go on at once")
    mutating func manyLapse() {
        let leaseCount = Limits.batchCountMax + 20
        bench = CoordinatorBench(nodesPerRack: UInt32(leaseCount / 8 + 1))
        for node in 0..<bench.nodeCount {
            let path = bench.machine.book.facts(of: Bench.node(node)).name
            bench.greet(node, at: .seconds(1))
            bench.say(Bench.report(node, path: path), of: node, at: .seconds(1))
        }
        for _ in 0..<leaseCount { bench.ask(.createLease(Bench.terms(1, .gpu)), at: .seconds(1)) }
        bench.clear()
        bench.tell(.deadlineReached, at: .hours(3))
        #expect(endings(bench.recorded()) == Limits.batchCountMax)
        #expect(bench.machine.nextDeadline(at: bench.now(.hours(3))) == .zero + .hours(3))
        bench.tell(.deadlineReached, at: .hours(3))
        #expect(endings(bench.recorded()) == 20)
        #expect(bench.machine.counters.endedByTermCount == UInt64(leaseCount))
    }

    private func endings(_ records: [Record]) -> Int {
        records.count { if case .leaseEnding = $0 { true } else { false } }
    }

    // MARK: Words

    /// A lease that runs on the first nodes, since second 1; nothing of that is left to be seen.
    private mutating func running(
        nodes: UInt32 = 1, term: Span = .hours(2), onSilence: SilenceMode = .fence
    ) -> LeaseID {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(nodes: nodes, term: term, onSilence: onSilence, at: .seconds(1))
        for node in 0..<Int(nodes) { bench.say(.started(bench.name(lease, on: node)), of: node, at: .seconds(1)) }
        bench.clear()
        return lease
    }

    /// A lease on node 0 that was released while the node was away.
    private mutating func endingWhileAway() -> LeaseID {
        let lease = running()
        bench.tell(.disconnected(Bench.agent(0)), at: .seconds(2))
        bench.release(lease, at: .seconds(2))
        bench.clear()
        return lease
    }

    /// The retirements among the records since the last look.
    private mutating func retired() -> [Record] {
        bench.recorded().filter { if case .partitionsRetired = $0 { true } else { false } }
    }

    private func attached(_ node: Int) -> CoordinatorEffect {
        guard let session = bench.sessions[node] else { preconditionFailure("node \(node) has no session") }
        return .order(
            Bench.agent(node), .attached(node: Bench.path(node), id: Bench.node(node), session: session.id))
    }
}
