import LeaseholdBroker
import LeaseholdModel
import LeaseholdProtocol
import Testing

@Suite("starts of a coordinator whose log was restored from a backup")
struct CoordinatorRestoreTests {
    typealias Bench = CoordinatorBench
    var bench = CoordinatorBench()
    /// Seconds since 1970, as a restore gives them.
    private let later: UInt32 = 1_800_000_000

    /// What an agent has seen of the present reign.
    private var seen: SeenReign {
        SeenReign(log: Bench.log, reign: bench.machine.reign, incarnation: bench.machine.identity.incarnation)
    }

    @Test("the first reign is above every reign of the incarnation before, and so are its epochs (L4)")
    mutating func reigns() {
        for second in 1...5 { bench.restart(at: .seconds(Int64(second))) }
        let lost = bench.machine.reign
        #expect(lost == Reign(rawValue: 6))
        bench.restore(to: RecordIndex(rawValue: 5), as: later, at: .seconds(6))
        #expect(bench.machine.reign == Reign(rawValue: UInt64(later) << 32 + 1))
        #expect(bench.machine.reign > Reign(rawValue: .max >> 32))
        #expect(bench.machine.reign.logIncarnation == later)
        bench.restart(at: .seconds(7))
        bench.joinClients(at: .seconds(7))
        #expect(bench.machine.reign == Reign(rawValue: UInt64(later) << 32 + 2))
        bench.attachAll(at: .seconds(8))
        let lease = bench.lease(at: .seconds(8))
        #expect(bench.epoch(lease) > Epoch(reign: lost, index: RecordIndex(rawValue: 1_000_000)))
    }

    @Test(
        "of two restores of one backup the later is above all that the other ever gives, and its agents turn that away (L4)"
    )
    mutating func twoRestores() {
        let index = bench.machine.book.head
        bench.restore(to: index, as: later, at: .seconds(1))
        // The first goes on, with starts and grants of its own.
        for second in 2...9 { bench.restart(at: .seconds(Int64(second))) }
        bench.joinClients(at: .seconds(10))
        bench.attachAll(at: .seconds(10))
        let granted = bench.lease(at: .seconds(11))
        let first = bench
        #expect(first.machine.reign == Reign(rawValue: UInt64(later) << 32 + 9))
        bench.restore(to: index, as: later + 1, at: .seconds(12))
        bench.joinClients(at: .seconds(12))
        bench.attachAll(at: .seconds(13))
        let second = seen
        #expect(second.reign > first.machine.reign)
        let lease = bench.lease(at: .seconds(13))
        #expect(bench.epoch(lease) > first.epoch(granted) && first.epoch(granted) > .zero)
        // The first comes back, with all its records, to a node that has seen the second.
        bench = first
        bench.restart(at: .seconds(14))
        #expect(bench.machine.reign.logIncarnation == later)
        bench.greet(0, seen: second, at: .seconds(15))
        let text = "reign \(bench.machine.reign) is older than \(second.reign)"
        #expect(bench.seen().contains(.immediate(.close(Bench.agent(0), Complaint(.reignOld, text)))))
    }

    @Test("every node is quarantined, with an alarm, and nothing is granted there until it has reported (L9)")
    mutating func quarantined() {
        bench.attachAll(at: .seconds(1))
        bench.tell(.disconnected(Bench.agent(3)), at: .seconds(2))
        #expect(bench.state(3) == .suspect)
        let head = bench.machine.book.head
        bench.restore(to: head, as: later, at: .seconds(3))
        bench.joinClients(at: .seconds(3))
        #expect((0..<4).map(bench.state) == Array(repeating: .quarantined, count: 4))
        #expect((0..<4).map(bench.reason) == Array(repeating: .logRestored, count: 4))
        #expect(
            bench.machine.status.alarms == [
                "the log was restored from a backup, as its incarnation \(later), at "
                    + "\(Bench.calendar(.seconds(3)).rfc3339): what came after record \(head) is gone, and 4 nodes are "
                    + "quarantined until their agents have reported"
            ])
        bench.clear()
        let asker = bench.ask(.createLease(Bench.terms()), at: .seconds(4))
        #expect(
            bench.seen() == [.reply(asker, .refused(.noWholeNodes(unit: .node, asked: 1, grantable: 0)))])
        // Time alone ends nothing.
        bench.sweep(from: .seconds(4), to: .seconds(60))
        #expect((0..<4).map(bench.state) == Array(repeating: .quarantined, count: 4))
        bench.attach(2, at: .seconds(60))
        #expect(bench.state(2) == .ready)
        let lease = bench.lease(at: .seconds(61))
        #expect(bench.machine.book.unretired(lease).map(\.node) == [Bench.node(2)])
        // Nor is it forgotten by the next start.
        bench.restart(at: .seconds(62))
        #expect((0..<4).map(bench.state) == [.quarantined, .quarantined, .suspect, .quarantined])
        #expect(bench.machine.status.alarms.map { $0.contains("and 3 nodes are quarantined") } == [true])
        #expect(bench.machine.status.restored?.logIncarnation == later && bench.machine.status.restored?.kept == head)
        for node in [0, 1] { bench.attach(node, at: .seconds(63)) }
        #expect(bench.machine.status.alarms.map { $0.contains("and 1 node is quarantined until its agent") } == [true])
        bench.attach(3, at: .seconds(64))
        #expect(bench.machine.status.alarms == [])
    }

    @Test("a node whose lost leases nobody knows is counted as drawing all that it can, until it has reported (L11)")
    mutating func wattsOfWhatIsGone() {
        bench.attachAll(at: .seconds(1))
        // One that was set aside before the backup, for another reason, is in no less doubt.
        bench.beat(3, condition: Bench.condition(isGuarded: false), at: .seconds(1))
        #expect(bench.reason(3) == .guardDown)
        let kept = bench.machine.book.head
        let idle = bench.machine.book.fleet.places[0].committed
        let lost = bench.lease(at: .seconds(2))
        let held = bench.live(lost)
        let old = seen
        bench.restore(to: kept, as: later, at: .seconds(3))
        bench.joinClients(at: .seconds(3))
        let envelope = Watts(4_800)
        #expect(bench.machine.book.fleet.places[0].committed == envelope * 4)
        for node in 1..<4 { bench.attach(node, at: .seconds(4)) }
        #expect(bench.machine.book.fleet.places[0].committed == idle - Watts(idle.count / 4) + envelope)
        bench.greet(0, seen: old, at: .seconds(5))
        bench.say(
            Bench.report(0, highest: held.epoch, condition: Bench.condition([held]), witness: kept.rawValue + 1), of: 0,
            at: .seconds(5))
        #expect(bench.reason(0) == .strangerListed)
        #expect(bench.machine.book.fleet.places[0].committed == idle - Watts(idle.count / 4) + envelope)
        bench.beat(0, at: .seconds(6))
        #expect(bench.state(0) == .ready && bench.machine.book.fleet.places[0].committed == idle)
    }

    @Test("a lease that its node had closed in what is gone is over as soon as the node has said so (L15)")
    mutating func closedInWhatIsGone() {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(at: .seconds(1))
        bench.say(.started(bench.name(lease, on: 0)), of: 0, at: .seconds(1))
        let kept = bench.machine.book.head
        let epoch = bench.epoch(lease)
        bench.release(lease, at: .seconds(2))
        bench.say(.retired(bench.name(lease, on: 0)), of: 0, at: .seconds(2))
        #expect(bench.machine.book.lease(lease)?.state == .ended)
        let old = seen
        bench.restore(to: kept, as: later, at: .seconds(3))
        bench.joinClients(at: .seconds(3))
        #expect(bench.machine.book.lease(lease)?.state == .active)
        bench.greet(0, seen: old, at: .seconds(4))
        bench.say(Bench.report(0, highest: epoch), of: 0, at: .seconds(4))
        #expect(bench.machine.book.lease(lease)?.state == .ended)
        #expect(bench.machine.book.lease(lease)?.cause == .closed)
        #expect(bench.machine.counters.endedAsClosedCount == 1)
        #expect(bench.state(0) == .ready)
        let again = bench.lease(at: .seconds(5))
        #expect(bench.machine.book.unretired(again).map(\.node) == [Bench.node(0)])
        #expect(bench.epoch(again) > epoch)
    }

    @Test("a lease of two nodes is over when both have said that they closed it, and runs on while one runs it")
    mutating func closedOnOneNode() {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(nodes: 2, at: .seconds(1))
        let nodes = bench.machine.book.unretired(lease).map { Int($0.node.rawValue) }
        for node in nodes { bench.say(.started(bench.name(lease, on: node)), of: node, at: .seconds(1)) }
        let (kept, epoch, old) = (bench.machine.book.head, bench.epoch(lease), seen)
        bench.restore(to: kept, as: later, at: .seconds(3))
        for node in nodes { bench.greet(node, seen: old, at: .seconds(4)) }
        bench.say(Bench.report(nodes[0], highest: epoch), of: nodes[0], at: .seconds(4))
        #expect(bench.machine.book.lease(lease)?.state == .active)
        let live = bench.live(lease)
        bench.say(
            Bench.report(nodes[1], highest: epoch, condition: Bench.condition([live])), of: nodes[1], at: .seconds(5))
        #expect(bench.machine.book.lease(lease)?.state == .active)
        // It refuses the grant that it has closed, and names what it waits for.
        bench.beat(nodes[0], at: .seconds(6))
        bench.say(.grantRefused(bench.name(lease, on: nodes[0]), .epochNotHigher), of: nodes[0], at: .seconds(6))
        #expect(bench.reason(nodes[0]) == .orderRefused)
        bench.say(Bench.report(nodes[1], highest: epoch), of: nodes[1], at: .seconds(7))
        #expect(bench.machine.book.lease(lease)?.state == .ended)
        bench.beat(nodes[0], at: .seconds(8))
        #expect(nodes.map(bench.state) == [.ready, .ready])
    }

    @Test("without a restore, a grant that its node has closed is nothing that ends by itself (L9)")
    mutating func closedWithoutRestore() {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(at: .seconds(1))
        bench.restart(at: .seconds(2))
        bench.greet(0, at: .seconds(3))
        bench.say(Bench.report(0, highest: bench.epoch(lease)), of: 0, at: .seconds(3))
        #expect(bench.machine.book.lease(lease)?.state == .starting)
        // The same report after a restore ends it, before it has run on all its nodes too.
        let old = seen
        bench.restore(to: bench.machine.book.head, as: later, at: .seconds(4))
        bench.greet(0, seen: old, at: .seconds(5))
        bench.say(Bench.report(0, highest: bench.epoch(lease)), of: 0, at: .seconds(5))
        #expect(bench.machine.book.lease(lease)?.cause == .closed)
    }

    @Test("a node that was never heard of stays so")
    mutating func neverDelivered() {
        bench.attach(0, at: .seconds(1))
        bench.restore(to: bench.machine.book.head, as: later, at: .seconds(2))
        #expect((0..<4).map(bench.state) == [.quarantined, .notDelivered, .notDelivered, .notDelivered])
    }

    @Test(
        "a node that has seen what the restore gave up comes back once it has reported, in this reign and the next (L15)"
    )
    mutating func witnessOfWhatIsGone() {
        bench.attachAll(at: .seconds(1))
        let kept = bench.machine.book.head
        for quota in UInt32(1)...9 { bench.ask(.setQuota(tenant: "acme", quota: quota), at: .seconds(2)) }
        let (old, gone) = (seen, bench.machine.book.head.rawValue)
        bench.restore(to: kept, as: later, at: .seconds(3))
        bench.greet(0, seen: old, at: .seconds(4))
        bench.say(Bench.report(0, witness: gone), of: 0, at: .seconds(4))
        #expect(bench.state(0) == .ready)
        bench.beat(0, witness: bench.machine.status.head.index.rawValue, at: .seconds(5))
        #expect(bench.state(0) == .ready)
        #expect(bench.machine.counters.alarmCount == 1, "the restore itself, and nothing else")
    }

    @Test("what a node has seen of this incarnation is held against the log as ever (L9)")
    mutating func witnessOfThisIncarnation() {
        bench.attachAll(at: .seconds(1))
        bench.restore(to: bench.machine.book.head, as: later, at: .seconds(2))
        bench.joinClients(at: .seconds(2))
        let kept = bench.machine.book.head
        for quota in UInt32(1)...9 { bench.ask(.setQuota(tenant: "acme", quota: quota), at: .seconds(3)) }
        let (old, gone) = (seen, kept.rawValue + 9)
        // Not a restore: the disk has lost the records, and nobody has said so.
        bench.restore(to: kept, as: later, at: .seconds(4))
        bench.greet(0, seen: old, at: .seconds(5))
        bench.say(Bench.report(0, witness: gone, witnessLeader: old.incarnation.low), of: 0, at: .seconds(5))
        #expect(bench.reason(0) == .witnessAhead)
    }

    @Test("what was granted after the backup runs on and is retired; only then are its GPUs another's (L1)")
    mutating func strangerOfWhatIsGone() {
        bench.attachAll(at: .seconds(1))
        let kept = bench.machine.book.head
        let lease = bench.lease(at: .seconds(2))
        let lost = bench.live(lease)
        let old = seen
        bench.restore(to: kept, as: later, at: .seconds(3))
        bench.joinClients(at: .seconds(3))
        bench.clear()
        bench.greet(0, seen: old, at: .seconds(4))
        bench.say(
            Bench.report(0, highest: lost.epoch, condition: Bench.condition([lost]), witness: kept.rawValue + 1), of: 0,
            at: .seconds(4))
        #expect(bench.reason(0) == .strangerListed)
        let orders = bench.seen().filter {
            if case .order(_, .retire(let order)) = $0 { order.name.epoch == lost.epoch } else { false }
        }
        #expect(orders.count == 1)
        bench.ask(.createLease(Bench.terms()), at: .seconds(5))
        #expect(bench.machine.book.grants(on: Bench.node(0)).isEmpty)
        bench.beat(0, condition: Bench.condition([lost]), at: .seconds(6))
        #expect(bench.state(0) == .quarantined)
        bench.beat(0, at: .seconds(7))
        #expect(bench.state(0) == .ready)
        // The new lease has the old one's name and another epoch, which no node takes for the old one.
        let again = bench.lease(at: .seconds(8))
        #expect(bench.epoch(again) > lost.epoch)
    }

    @Test("a silent keep partition is confirm-only after a restore, on the same boot too, and after an extension (L6)")
    mutating func keepIsConfirmOnly() {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(term: .seconds(20), onSilence: .keep, at: .seconds(2))
        bench.say(.started(bench.name(lease, on: 0)), of: 0, at: .seconds(2))
        let kept = bench.machine.book.head
        bench.restore(to: kept, as: later, at: .seconds(3))
        bench.joinClients(at: .seconds(3))
        bench.ask(.extendLease(lease, to: .after(.seconds(30))), at: .seconds(4))
        bench.sweep(from: .seconds(4), to: .seconds(400))
        #expect(bench.machine.book.lease(lease)?.state == .ending)
        #expect(!bench.machine.book.unretired(lease).isEmpty, "no wait frees it")
        // A restart is no restore: without one the bound frees it.
        var other = CoordinatorRestoreTests()
        other.bench.attachAll(at: .seconds(1))
        let same = other.bench.lease(term: .seconds(20), onSilence: .keep, at: .seconds(2))
        other.bench.restart(at: .seconds(3))
        other.bench.sweep(from: .seconds(4), to: .seconds(400))
        #expect(other.bench.machine.book.unretired(same).isEmpty)
    }

    @Test("a lease that the backup has runs on under its old epoch")
    mutating func leaseGoesOn() {
        bench.attachAll(at: .seconds(1))
        let lease = bench.lease(at: .seconds(1))
        bench.say(.started(bench.name(lease, on: 0)), of: 0, at: .seconds(1))
        let (kept, old) = (bench.machine.book.head, seen)
        bench.restore(to: kept, as: later, at: .seconds(2))
        bench.greet(0, seen: old, at: .seconds(3))
        bench.say(
            Bench.report(0, highest: bench.epoch(lease), condition: Bench.condition([bench.live(lease)])), of: 0,
            at: .seconds(3))
        #expect(bench.state(0) == .ready)
        bench.clear()
        bench.beat(0, running: lease, at: .seconds(4))
        #expect(bench.seen().first == bench.renewing([bench.hold(lease)], on: 0))
    }

    @Test("the replayed log gives the same book (L14)")
    mutating func sameBook() {
        bench.attachAll(at: .seconds(1))
        bench.restore(to: bench.machine.book.head, as: later, at: .seconds(2))
        bench.attach(1, at: .seconds(3))
        var book = LeaseBook()
        for entry in bench.log { book.evolve(entry) }
        #expect(book == bench.machine.book)
        #expect(book.digest() == bench.machine.book.digest())
        #expect(book.checkInvariants() == [])
    }
}
