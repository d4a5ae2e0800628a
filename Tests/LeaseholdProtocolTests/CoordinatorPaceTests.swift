import LeaseholdBroker
import LeaseholdModel
import LeaseholdProtocol
import Testing

private typealias Bench = CoordinatorBench

@Suite("a coordinator whose calendar is sped up: an hour a second")
struct CoordinatorPaceTests {
    private var bench = CoordinatorBench(speed: 3_600)

    @Test("an end in an hour of the calendar is a second away, and it comes then")
    mutating func deadlines() {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(term: .hours(1), at: .seconds(1))
        bench.tell(.deadlineReached, at: .milliseconds(1_900))
        #expect(bench.machine.nextDeadline(at: bench.now(.milliseconds(1_900))) == .zero + .seconds(2))
        bench.clear()
        bench.tell(.deadlineReached, at: .seconds(2))
        #expect(bench.recorded() == [.leaseEnding(lease, cause: .lapsed)])
    }

    @Test("a start is awaited at the calendar's pace too")
    mutating func starts() {
        bench.attachAll(at: .seconds(1))
        let terms = LeaseTerms(
            tenant: "acme", unit: .node, count: 1, kinds: [], start: .at(bench.now(.seconds(1)).calendar + .hours(2)),
            end: .after(.hours(9)), onSilence: .fence)
        bench.ask(.createLease(terms), at: .seconds(1))
        let lease = LeaseID(bench.machine.book.head)
        bench.tell(.deadlineReached, at: .milliseconds(2_900))
        #expect(bench.machine.book.lease(lease)?.state == .confirmed)
        #expect(bench.machine.nextDeadline(at: bench.now(.milliseconds(2_900))) == .zero + .seconds(3))
        bench.tell(.deadlineReached, at: .seconds(3))
        #expect(bench.machine.book.lease(lease)?.state == .starting)
    }

    @Test("silence is as long as ever: suspect after 2.5 s, and its partition free after W, not an instant sooner")
    mutating func silence() {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(term: .hours(1), at: .seconds(1))
        bench.tell(.deadlineReached, at: .seconds(2))
        #expect(bench.machine.book.lease(lease)?.state == .ending)
        bench.tell(.deadlineReached, at: .milliseconds(3_499))
        #expect(bench.machine.book.facts(of: Bench.node(0)).state == .ready)
        bench.tell(.deadlineReached, at: .milliseconds(3_750))
        #expect(bench.machine.book.facts(of: Bench.node(0)).state == .suspect)
        let free = Span.seconds(1) + Bench.holds.wait
        bench.tell(.deadlineReached, at: free - Span(nanoseconds: 1))
        #expect(bench.machine.book.lease(lease)?.state == .ending)
        bench.sweep(from: free, to: free + .seconds(1))
        #expect(bench.machine.book.lease(lease)?.state == .ended)
    }

    @Test("what a keep hold is told in calendar time ends on the boot clock within its bound, and never early (L6)")
    mutating func keepWithinItsBound() {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(term: .hours(10), onSilence: .keep, at: .seconds(1))
        guard let bound = bench.machine.book.grant(of: lease, on: Bench.node(0))?.keepBound else {
            preconditionFailure("a keep grant without a bound")
        }
        bench.say(.started(bench.name(lease, on: 0)), of: 0, at: .seconds(1))
        // The lease ends 11 s after the boot; what the node is told at each second is longer, and ends before the bound.
        for second: Int64 in 1..<11 {
            bench.clear()
            bench.beat(0, running: lease, at: .seconds(second))
            guard case .immediate(.renew(_, let renewal)) = bench.seen().first, let told = renewal.holds[0].remaining
            else { preconditionFailure("no renewal") }
            #expect(told == .hours(11 - second))
            #expect(.zero + .seconds(second) + told >= .zero + .seconds(11))
            #expect(.zero + .seconds(second) + Bench.holds.bound(after: told) <= bound)
        }
    }

    @Test("who asks lives by the wall clock: asked now is asked now, and half a minute ago is a day too old")
    mutating func requestIDs() {
        let age = Span.seconds(1_000)
        #expect(bench.now(age).calendar - Bench.calendar(age) > Limits.requestWindow * 40)
        let fresh = bench.newKey(at: age)
        bench.ask(.createTenant(name: "fresh", quota: 1), as: fresh, at: age)
        let late = bench.newKey(at: age - .seconds(30))
        let asker = bench.ask(.createTenant(name: "late", quota: 1), as: late, at: age)
        #expect(
            bench.seen().last
                == .reply(asker, .refused(.requestTooOld(age: .hours(30), window: Limits.requestWindow))))
        #expect(bench.machine.book.remembered(fresh, of: Bench.operations) != nil)
    }

    @Test("the status shows the calendar")
    mutating func status() {
        let asker = bench.ask(.status, at: .seconds(5))
        guard case .reply(asker, .status(let status)) = bench.seen().last else { preconditionFailure("no status") }
        #expect(status.calendar == Bench.calendar(.zero) + .hours(5))
    }
}
