import LeaseholdBroker
import LeaseholdModel
import LeaseholdProtocol
import Testing

@Suite("what begins by itself (L4, L9, L15)")
struct CoordinatorBeginTests {
    typealias Bench = CoordinatorBench
    var bench = CoordinatorBench()

    /// A lease of whole nodes that begins later; its id is the index of its record.
    private mutating func promise(_ nodes: UInt32 = 1, start: Span, term: Span = .hours(2), at time: Span) -> LeaseID {
        let terms = LeaseTerms(
            tenant: "acme", unit: .node, count: nodes, kinds: [], start: .at(Bench.calendar(start)),
            end: .after(term), onSilence: .fence)
        bench.ask(.createLease(terms), at: time)
        return LeaseID(bench.machine.book.head)
    }

    private func state(_ lease: LeaseID) -> LeaseState? { bench.machine.book.lease(lease)?.state }

    @Test("nothing is ordered before the start; at the start the machine wants to be woken, and orders it")
    mutating func atTheStart() {
        bench.attachAll(at: .seconds(1))
        bench.clear()
        let lease = promise(start: .seconds(100), at: .seconds(2))
        #expect(bench.seenBesidesRenewals().allSatisfy { if case .order = $0 { false } else { true } })
        #expect(state(lease) == .confirmed)
        for second in 3..<100 { bench.beat(0, at: .seconds(Int64(second))) }
        #expect(bench.machine.nextDeadline(at: bench.now(.seconds(99))) <= .zero + .seconds(100))
        bench.clear()
        bench.tell(.deadlineReached, at: .seconds(100))
        #expect(state(lease) == .starting)
        #expect(bench.seenBesidesRenewals() == [bench.granting(lease, on: 0, after: 98)])
    }

    @Test("the epoch is that of the beginning, so that a lease in between never has the higher one")
    mutating func epochOfTheBeginning() {
        bench.attachAll(at: .seconds(1))
        let first = promise(4, start: .seconds(60), at: .seconds(2))
        let filler = bench.lease(nodes: 4, term: .seconds(30), at: .seconds(3))
        #expect(bench.epoch(first) == .zero)
        bench.tell(.deadlineReached, at: .seconds(33))
        for node in 0...3 {
            bench.say(.retired(bench.name(filler, on: node)), of: node, at: .seconds(34))
        }
        for node in 0...3 { bench.beat(node, at: .seconds(59)) }
        bench.tell(.deadlineReached, at: .seconds(60))
        #expect(state(first) == .starting)
        #expect(bench.epoch(first) > bench.epoch(filler))
        #expect(bench.epoch(first).index == bench.machine.book.head)
    }

    @Test("it waits for GPUs that a lease has kept past its end, and begins with the sweep after they are back")
    mutating func waits() {
        bench.attachAll(at: .seconds(1))
        let filler = bench.lease(nodes: 4, term: .seconds(30), at: .seconds(2))
        let next = promise(4, start: .seconds(32), at: .seconds(3))
        for node in 0...3 { bench.beat(node, running: filler, at: .seconds(31)) }
        bench.tell(.deadlineReached, at: .seconds(32))
        #expect(state(next) == .confirmed)
        for node in 0...3 {
            bench.say(.retired(bench.name(filler, on: node)), of: node, at: .seconds(33))
        }
        bench.sweep(from: .seconds(33), to: .seconds(36))
        #expect(state(next) == .starting)
    }

    @Test("after a restart it begins when the nodes have reported, on the nodes that were promised")
    mutating func afterARestart() {
        bench.attachAll(at: .seconds(1))
        let lease = promise(start: .seconds(100), at: .seconds(2))
        let promised = bench.machine.book.lease(lease)?.part.placements
        bench.restart(at: .seconds(110))
        bench.tell(.deadlineReached, at: .seconds(111))
        #expect(state(lease) == .confirmed)
        for node in (0...3).reversed() { bench.attach(node, at: .seconds(112)) }
        bench.sweep(from: .seconds(112), to: .seconds(115))
        #expect(state(lease) == .starting)
        #expect(bench.machine.book.lease(lease)?.part.placements == promised)
    }

    @Test("a release ends what has begun and cancels what has not, and retires only where something runs")
    mutating func releaseOfSteps() {
        bench.attachAll(at: .seconds(1))
        let steps = [
            LeaseStep(count: 1, at: Bench.calendar(.seconds(2))), LeaseStep(count: 3, at: Bench.calendar(.seconds(60))),
        ]
        let terms = LeaseTerms(
            tenant: "acme", unit: .node, count: 3, kinds: [], end: .after(.hours(1)), onSilence: .fence, steps: steps)
        bench.ask(.createLease(terms), at: .seconds(2))
        let lease = LeaseID(bench.machine.book.head)
        let later = LeaseID(lease.index, part: 1)
        #expect(state(lease) == .starting && state(later) == .confirmed)
        bench.clear()
        bench.release(lease, at: .seconds(3))
        #expect(state(lease) == .ending && state(later) == .cancelled)
        let orders = bench.seen().filter { if case .order = $0 { true } else { false } }
        #expect(orders == [bench.retiring(lease, on: 0)])
    }

    @Test("a renewal rests on no extension that a crash could still take back (L3, L6)")
    mutating func renewalBeforeTheExtension() {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(term: .seconds(100), onSilence: .keep, at: .seconds(2))
        bench.isDurable = false
        bench.ask(.extendLease(lease, to: .after(.seconds(50))), at: .seconds(3))
        bench.clear()
        bench.beat(0, running: lease, at: .seconds(4))
        #expect(remaining(in: bench.seen()) == [.seconds(98)])
        bench.makeDurable()
        bench.clear()
        bench.beat(0, running: lease, at: .seconds(5))
        #expect(remaining(in: bench.seen()) == [.seconds(147)])
    }

    private func remaining(in effects: [CoordinatorEffect]) -> [Span?] {
        effects.flatMap { effect -> [Span?] in
            guard case .immediate(.renew(_, let renewal)) = effect else { return [] }
            return renewal.holds.map(\.remaining)
        }
    }
}
