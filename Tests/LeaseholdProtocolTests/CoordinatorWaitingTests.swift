import LeaseholdBroker
import LeaseholdModel
import LeaseholdProtocol
import Testing

@Suite("what waits, what is given back, and what is promised where nothing is (L1, L5, L12, L15)")
struct CoordinatorWaitingTests {
    typealias Bench = CoordinatorBench
    var bench = CoordinatorBench()

    private func state(_ lease: LeaseID) -> LeaseState? { bench.machine.book.lease(lease)?.state }

    private static func terms(_ nodes: UInt32, waitlist: Span? = .hours(2), start: LeaseStart = .now) -> LeaseTerms {
        LeaseTerms(
            tenant: "acme", unit: .node, count: nodes, kinds: [], start: start, end: .after(.hours(1)),
            onSilence: .fence, waitlist: waitlist)
    }

    /// A lease of nodes that cannot be had.
    private mutating func wait(_ nodes: UInt32, for span: Span = .hours(2), at time: Span) -> LeaseID {
        bench.ask(.createLease(Self.terms(nodes, waitlist: span)), at: time)
        return LeaseID(bench.machine.book.head)
    }

    private mutating func retire(_ lease: LeaseID, on nodes: ClosedRange<Int>, at time: Span) {
        for node in nodes { bench.say(.retired(bench.name(lease, on: node)), of: node, at: time) }
    }

    private func orders(in effects: [CoordinatorEffect]) -> [CoordinatorEffect] {
        effects.filter { if case .order = $0 { true } else { false } }
    }

    // MARK: The waitlist

    @Test("what comes free goes to the first that it suffices for, in the batch in which it came free")
    mutating func alongTheList() {
        bench.attachAll(at: .seconds(1))
        let first = bench.lease(nodes: 2, at: .seconds(2))
        let second = bench.lease(nodes: 2, at: .seconds(2))
        let large = wait(3, at: .seconds(3))
        let small = wait(2, at: .seconds(3))
        let late = wait(1, at: .seconds(3))
        #expect([large, small, late].map(state) == [.waitlisted, .waitlisted, .waitlisted])
        bench.release(first, at: .seconds(4))
        retire(first, on: 0...0, at: .seconds(5))
        #expect([large, small, late].map(state) == [.waitlisted, .waitlisted, .starting])
        bench.clear()
        bench.release(late, at: .seconds(6))
        retire(first, on: 1...1, at: .seconds(6))
        retire(late, on: 0...0, at: .seconds(6))
        #expect([large, small].map(state) == [.waitlisted, .starting])
        #expect(orders(in: bench.seen()).suffix(2) == [0, 1].map { bench.granting(small, on: $0, after: 1) })
        bench.release(small, at: .seconds(7))
        bench.release(second, at: .seconds(7))
        retire(small, on: 0...1, at: .seconds(8))
        retire(second, on: 2...3, at: .seconds(8))
        #expect(state(large) == .starting)
    }

    @Test("somebody who asks in the same batch does not get what the list has waited for")
    mutating func beforeALaterAsker() {
        bench.attachAll(at: .seconds(1))
        let filler = bench.lease(nodes: 4, at: .seconds(2))
        let waiting = wait(1, at: .seconds(3))
        bench.release(filler, at: .seconds(4))
        let session = bench.name(filler, on: 0)
        let key = bench.newKey(at: .seconds(5))
        let asker = Asker(connection: Bench.acme, correlation: 99)
        let envelope = RequestEnvelope(key: key, request: .createLease(Self.terms(1, waitlist: nil)))
        bench.tell(
            [.agentSpoke(Bench.agent(0), .retired(session)), .requestArrived(asker, envelope)], at: .seconds(5))
        #expect(state(waiting) == .starting)
        #expect(bench.machine.book.statusView.leases.starting == 1)
    }

    @Test("whose time is over leaves the list then, and the machine wants to be woken for it")
    mutating func leavesTheList() {
        bench.attachAll(at: .seconds(1))
        _ = bench.lease(nodes: 4, at: .seconds(2))
        let waiting = wait(1, for: .seconds(30), at: .seconds(3))
        for second in 4..<33 { for node in 0...3 { bench.beat(node, at: .seconds(Int64(second))) } }
        #expect(bench.machine.nextDeadline(at: bench.now(.seconds(32))) <= .zero + .seconds(33))
        bench.clear()
        bench.tell(.deadlineReached, at: .seconds(33))
        #expect(bench.recorded().contains(.leaseEnding(waiting, cause: .lapsed)))
        #expect(state(waiting) == .cancelled)
    }

    @Test("the list is there after a restart, in its order")
    mutating func afterARestart() {
        bench.attachAll(at: .seconds(1))
        let filler = bench.lease(nodes: 4, at: .seconds(2))
        let waiting = [wait(2, at: .seconds(3)), wait(2, at: .seconds(3)), wait(2, at: .seconds(3))]
        bench.restart(at: .seconds(4))
        bench.joinClients(at: .seconds(4))
        bench.attachAll(at: .seconds(5))
        #expect(waiting.map(state) == [.waitlisted, .waitlisted, .waitlisted])
        bench.release(filler, at: .seconds(6))
        retire(filler, on: 0...3, at: .seconds(7))
        #expect(waiting.map(state) == [.starting, .starting, .waitlisted])
    }

    @Test("a long list is gone through piece by piece, and whoever waits behind many that cannot be served is served")
    mutating func behindMany() {
        bench.attachAll(at: .seconds(1))
        let filler = bench.lease(nodes: 4, at: .seconds(2))
        var others: [LeaseID] = []
        for _ in 0..<(2 * Limits.waitlistTriesPerSweepCountMax) { others.append(wait(3, at: .seconds(3))) }
        let last = wait(1, at: .seconds(3))
        bench.ask(.resizeLease(filler, count: 3), at: .seconds(4))
        retire(filler, on: 3...3, at: .seconds(4))
        #expect(state(last) == .waitlisted)
        for node in 0...3 { bench.beat(node, at: .seconds(4)) }
        bench.sweep(from: .seconds(4), to: .seconds(5))
        #expect(state(last) == .starting)
        #expect(others.allSatisfy { state($0) == .waitlisted })
    }

    @Test("who waits behind many is served on a busy site too, where something comes free all the time")
    mutating func behindManyOnABusySite() {
        bench.attachAll(at: .seconds(1))
        let filler = bench.lease(nodes: 4, at: .seconds(2))
        for _ in 0..<(2 * Limits.waitlistTriesPerSweepCountMax) { _ = wait(3, at: .seconds(3)) }
        let last = wait(1, at: .seconds(3))
        bench.ask(.resizeLease(filler, count: 3), at: .seconds(4))
        retire(filler, on: 3...3, at: .seconds(4))
        for round in 0..<8 {
            bench.ask(.setQuota(tenant: "bolt", quota: UInt32(1_000 + round)), at: .seconds(5))
        }
        #expect(state(last) == .starting)
    }

    @Test("nobody is served whose time on the list is over, though it has not left it yet")
    mutating func afterItsTime() {
        bench.attachAll(at: .seconds(1))
        let filler = bench.lease(nodes: 4, at: .seconds(2))
        let waiting = wait(4, for: .seconds(3), at: .seconds(3))
        for node in 0...3 { bench.beat(node, running: filler, at: .seconds(5)) }
        bench.release(filler, at: .seconds(5))
        let retired = (0...3).map {
            CoordinatorEvent.agentSpoke(Bench.agent($0), .retired(bench.name(filler, on: $0)))
        }
        bench.tell(retired, at: .seconds(6))
        #expect(state(waiting) == .waitlisted)
        bench.tell(.deadlineReached, at: .seconds(6))
        #expect(state(waiting) == .cancelled)
    }

    // MARK: Less than before

    @Test("nodes that are given back are ordered to retire, and the others run on")
    mutating func givesBack() {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(nodes: 4, at: .seconds(2))
        for node in 0...3 { bench.say(.started(bench.name(lease, on: node)), of: node, at: .seconds(2)) }
        bench.clear()
        bench.ask(.resizeLease(lease, count: 2), at: .seconds(3))
        #expect(orders(in: bench.seen()) == [2, 3].map { bench.retiring(lease, on: $0) })
        for node in 0...3 { bench.beat(node, running: lease, at: .seconds(4)) }
        let renewed = bench.seen().compactMap { effect -> Int? in
            guard case .immediate(.renew(_, let renewal)) = effect, !renewal.holds.isEmpty else { return nil }
            return renewal.node.offset
        }
        #expect(renewed == [0, 1])
        bench.clear()
        retire(lease, on: 2...3, at: .seconds(5))
        #expect(
            bench.recorded()
                == [2, 3].map { .partitionsRetired(lease, nodes: [Bench.node($0)], proof: .acknowledged) })
        #expect(state(lease) == .active)
        let next = bench.lease(nodes: 2, at: .seconds(6))
        #expect(bench.machine.book.lease(next)?.part.placements.map(\.node.offset) == [2, 3])
    }

    @Test("a lease that is starting is active when the nodes that it keeps have started")
    mutating func whileStarting() {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(nodes: 4, at: .seconds(2))
        for node in [0, 3] { bench.say(.started(bench.name(lease, on: node)), of: node, at: .seconds(2)) }
        bench.ask(.resizeLease(lease, count: 3), at: .seconds(3))
        #expect(state(lease) == .starting)
        bench.ask(.resizeLease(lease, count: 2), at: .seconds(3))
        #expect(state(lease) == .starting)
        bench.ask(.resizeLease(lease, count: 1), at: .seconds(3))
        #expect(state(lease) == .active)
        retire(lease, on: 1...3, at: .seconds(4))
        #expect(bench.machine.book.unretired(lease).map(\.node.offset) == [0])
    }

    @Test("a node that is given back and falls silent is free when the longest hold is over, not before")
    mutating func silentNode() {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(nodes: 2, at: .seconds(2))
        bench.beat(0, running: lease, at: .seconds(3))
        bench.beat(1, running: lease, at: .seconds(3))
        bench.ask(.resizeLease(lease, count: 1), at: .seconds(4))
        let wait = Bench.holds.wait
        for second in 4..<(3 + wait.wholeSeconds) {
            bench.beat(0, running: lease, at: .seconds(second))
            bench.tell(.deadlineReached, at: .seconds(second))
        }
        #expect(bench.machine.book.unretired(lease).count == 2)
        bench.sweep(from: .seconds(3) + wait, to: .seconds(4) + wait)
        #expect(bench.machine.book.unretired(lease).map(\.node.offset) == [0])
        #expect(state(lease) == .active)
    }

    @Test("what was given back before a restart is waited for anew, and ordered again when its node is heard")
    mutating func restartInBetween() {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(nodes: 3, at: .seconds(2))
        for node in 0...2 { bench.say(.started(bench.name(lease, on: node)), of: node, at: .seconds(2)) }
        bench.ask(.resizeLease(lease, count: 1), at: .seconds(3))
        bench.restart(at: .seconds(4))
        bench.clear()
        bench.attach(1, at: .seconds(5))
        #expect(orders(in: bench.seen()).last == bench.retiring(lease, on: 1))
        retire(lease, on: 1...1, at: .seconds(7))
        bench.sweep(from: .seconds(4) + Bench.holds.wait, to: .seconds(5) + Bench.holds.wait)
        #expect(bench.machine.book.unretired(lease).map(\.node.offset) == [0])
        #expect(state(lease) == .active)
    }

    @Test("released while it gives back, it ends when the last node has proved it, and every node is ordered once")
    mutating func releasedInBetween() {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(nodes: 3, at: .seconds(2))
        bench.ask(.resizeLease(lease, count: 2), at: .seconds(3))
        bench.clear()
        bench.release(lease, at: .seconds(3))
        #expect(orders(in: bench.seen()) == [0, 1].map { bench.retiring(lease, on: $0) })
        retire(lease, on: 0...1, at: .seconds(4))
        #expect(state(lease) == .ending)
        retire(lease, on: 2...2, at: .seconds(5))
        #expect(state(lease) == .ended)
    }

    @Test("a part that a resize has ended is not ended again by a release, though the calendar stands still")
    mutating func stepsAtOneInstant() {
        bench.attachAll(at: .seconds(1))
        let start = Bench.calendar(.seconds(2))
        let steps = [LeaseStep(count: 1, at: start), LeaseStep(count: 3, at: start + .seconds(1))]
        let terms = LeaseTerms(
            tenant: "acme", unit: .node, count: 3, kinds: [], end: .after(.hours(1)), onSilence: .fence, steps: steps)
        bench.ask(.createLease(terms), at: .seconds(2))
        let lease = LeaseID(bench.machine.book.head)
        let later = LeaseID(lease.index, part: 1)
        bench.tell(.deadlineReached, at: .seconds(3))
        #expect(state(later) == .starting)
        // From here on every record is of the same instant.
        bench.calendarStep = .zero - .hours(1)
        bench.ask(.resizeLease(lease, count: 1), at: .seconds(3))
        bench.say(.retired(bench.name(later, on: 2)), of: 2, at: .seconds(3))
        #expect(bench.machine.book.unretired(later).map(\.node.offset) == [3])
        bench.clear()
        bench.release(lease, at: .seconds(3))
        #expect(orders(in: bench.seen()) == [bench.retiring(lease, on: 0)])
    }

    // MARK: Promises on nodes that are away

    @Test("what is promised on a node that has been away for a while is moved, and before that it is not")
    mutating func repaired() {
        bench.attachAll(at: .seconds(1))
        bench.ask(
            .createLease(Self.terms(1, waitlist: nil, start: .at(Bench.calendar(.hours(5))))), at: .seconds(2))
        let lease = LeaseID(bench.machine.book.head)
        #expect(bench.machine.book.lease(lease)?.part.placements.map(\.node.offset) == [0])
        func nodes() -> [Int]? { bench.machine.book.lease(lease)?.part.placements.map(\.node.offset) }
        bench.tell(.disconnected(Bench.agent(0)), at: .seconds(3))
        let patience = Limits.repairPatience.wholeSeconds
        for second in 3..<(3 + patience) {
            for node in 1...3 { bench.beat(node, at: .seconds(second)) }
            bench.tell(.deadlineReached, at: .seconds(second))
        }
        #expect(nodes() == [0])
        for second in (3 + patience)...(4 + patience + Limits.repairPause.wholeSeconds) {
            for node in 1...3 { bench.beat(node, at: .seconds(second)) }
            bench.tell(.deadlineReached, at: .seconds(second))
        }
        #expect(nodes() == [1])
    }
}
