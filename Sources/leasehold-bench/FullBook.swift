import Glibc
import LeaseholdBroker
import LeaseholdModel

/// A lease book whose calendar is nearly full, and what decisions on it cost.
struct FullBook {
    private let fleet: FleetDeclaration
    private(set) var book = LeaseBook()
    private(set) var index = RecordIndex.zero
    /// Everything that was entered, where somebody asked for it.
    private(set) var entries: [LogEntry] = []
    private let keepsEntries: Bool
    private var chance: Chance
    /// The first record of a lease that was booked.
    private(set) var firstBooked = RecordIndex.zero
    /// How many they are, and the seconds that they took.
    private(set) var booked = (recordCount: 0, seconds: 0.0)
    private var stayCount = 0
    private var loadPercent = 0.0
    /// The mean term of a lease on the calendar, in seconds.
    private var meanTerm = 0.0
    private static let start = CalendarInstant(nanoseconds: 1_767_225_600_000_000_000)
    private static let horizon = Span.hours(24 * 548)
    static let boot = BootID(high: 0, low: 1)
    private static let asker = Principal(role: .operator, name: "bench")
    private var now = Now(boot: BootInstant(nanoseconds: 1_000_000_000_000), calendar: FullBook.start)

    /// The same numbers in every run (SplitMix64).
    private struct Chance {
        private var state: UInt64 = 4

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
            return mixed ^ mixed >> 31
        }

        mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
        mutating func fraction() -> Double { Double(next() >> 11) / Double(1 << 53) }
    }

    /// A fleet whose nodes are all ready, and so many confirmed leases over 18 months, made by `evolve` from records that
    /// a planner of its own has laid out.
    init(_ fleet: FleetDeclaration, leaseCount: Int, keepsEntries: Bool = false) {
        self.fleet = fleet
        self.keepsEntries = keepsEntries
        chance = Chance()
        let begun = ReignBegan(
            reign: Reign(rawValue: 1), incarnation: Incarnation(high: 0, low: 1), boot: FullBook.boot, holds: .standard)
        enter(.reignBegan(begun))
        for part in fleet.parts(importHash: 1) {
            guard case .record(let record) = decide(.importFleet(part)) else {
                preconditionFailure("the fleet is refused at part \(part.part)")
            }
            enter(record)
        }
        for node in 0..<fleet.nodeCount {
            enter(.nodeReported(node: NodeID(rawValue: UInt32(node)), hardware: UInt64(node)))
        }
        enter(.tenantCreated(name: "acme", quota: .max))
        let plan = planned(leaseCount)
        firstBooked = index.next
        let elapsed = FullBook.seconds { for record in plan.records { enter(record) } }
        booked = (plan.records.count, elapsed)
        stayCount = plan.stayCount
        loadPercent = plan.load
    }

    // MARK: The calendar

    /// Leases of 1 to 512 GPUs, each on the nodes that come free first, with a pause of a tenth of a term between two.
    ///
    /// Most leases are of whole nodes. Those of fewer GPUs than a node has share a few nodes, GPU by GPU.
    private mutating func planned(_ leaseCount: Int) -> (records: [Record], stayCount: Int, load: Double) {
        let shapes = fleet.runs.flatMap { run in
            repeatElement((Int(run.gpusPerNode), run.envelope), count: Int(run.count))
        }
        let sizes = (0..<leaseCount).map { _ in
            let size = Int(exp2(chance.fraction() * 9.003))
            return size < 8 ? size : max(8, min(512, fleet.gpuCount / 2, size) / 8 * 8)
        }
        let smallShare = Double(sizes.filter { $0 < 8 }.reduce(0, +)) / Double(sizes.reduce(0, +))
        let sharedCount = max(1, Int(Double(shapes.count) * smallShare))
        meanTerm = Double(fleet.gpuCount) * Double(FullBook.horizon.wholeSeconds) * 0.88 / Double(sizes.reduce(0, +))
        var nodes = FreeList(sharedCount..<shapes.count)
        var slots = FreeList((0..<sharedCount).flatMap { node in (0..<shapes[node].0).map { node << 4 | $0 } })
        var records: [Record] = []
        var stayCount = 0
        var taken = 0.0
        for size in sizes {
            let term = Span.seconds(max(3_600, Int64(meanTerm * (0.2 + 1.6 * chance.fraction()))))
            var placements: [Placement] = []
            var chosen: [Int] = []
            var startsAt = FullBook.start
            var left = size
            while left > 0 {
                let (free, place) = size < 8 ? slots.removeFirst() : nodes.removeFirst()
                chosen.append(place)
                startsAt = max(startsAt, free)
                if size < 8 {
                    placements.append(Placement(node: NodeID(rawValue: UInt32(place >> 4)), gpus: .only(place & 15)))
                    left -= 1
                } else {
                    let gpus = GPUSet.first(min(left, shapes[place].0))
                    placements.append(Placement(node: NodeID(rawValue: UInt32(place)), gpus: gpus))
                    left -= gpus.count
                }
            }
            startsAt = startsAt + .seconds(Int64(meanTerm * 0.1 * 2 * chance.fraction()))
            for place in chosen {
                if size < 8 {
                    slots.add(place, freeAt: startsAt + term + .seconds(60))
                } else {
                    nodes.add(place, freeAt: startsAt + term + .seconds(60))
                }
            }
            let joined = FullBook.joined(placements)
            let watts = joined.reduce(Watts.zero) { sum, placement in
                let (count, envelope) = shapes[placement.node.offset]
                return sum + FullBook.share(of: envelope, placement.gpus, of: count)
            }
            stayCount += joined.count
            taken += Double(size) * Double(term.wholeSeconds)
            let part = LeasePart(startsAt: startsAt, endsAt: startsAt + term, watts: watts, placements: joined)
            records.append(
                .leaseGranted(
                    LeaseGranted(
                        tenant: TenantID(rawValue: 0), unit: .gpu, count: UInt32(size), kinds: [], onSilence: .fence,
                        silenceClass: .guarded, turnaround: .seconds(60), first: part, begun: nil)))
        }
        let all = Double(fleet.gpuCount) * Double(FullBook.horizon.wholeSeconds)
        return (records, stayCount, taken / all * 100)
    }

    /// Places by when they come free, the earliest first.
    private struct FreeList {
        /// A binary heap: parents before children.
        private var heap: [(freeAt: CalendarInstant, place: Int)]

        init(_ places: some Sequence<Int>) { heap = places.map { (FullBook.start, $0) } }

        mutating func add(_ place: Int, freeAt: CalendarInstant) {
            heap.append((freeAt, place))
            var child = heap.count - 1
            while child > 0, heap[child] < heap[(child - 1) / 2] {
                heap.swapAt(child, (child - 1) / 2)
                child = (child - 1) / 2
            }
        }

        mutating func removeFirst() -> (CalendarInstant, Int) {
            let first = heap[0]
            let last = heap.removeLast()
            if heap.isEmpty { return first }
            heap[0] = last
            var parent = 0
            while true {
                var least = parent
                for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[least] {
                    least = child
                }
                if least == parent { return first }
                heap.swapAt(parent, least)
                parent = least
            }
        }
    }

    /// Placements ascending by node, those on one node as one.
    private static func joined(_ placements: [Placement]) -> [Placement] {
        var joined: [Placement] = []
        for placement in placements.sorted(by: { $0.node < $1.node }) {
            if let last = joined.last, last.node == placement.node {
                joined[joined.count - 1] = Placement(node: last.node, gpus: last.gpus.union(placement.gpus))
            } else {
                joined.append(placement)
            }
        }
        return joined
    }

    /// The envelope of some GPUs of a node: equal shares, a watt of the remainder for the lowest positions.
    private static func share(of envelope: Watts, _ gpus: GPUSet, of count: Int) -> Watts {
        let (share, remainder) = envelope.count.quotientAndRemainder(dividingBy: Int64(count))
        return Watts(share * Int64(gpus.count) + Int64(gpus.intersection(.first(Int(remainder))).count))
    }

    // MARK: Measuring

    /// All figures, each median of several, under names that begin alike; or only those of taking records in.
    mutating func measure(_ name: String, isEvolveOnly: Bool, into figures: inout Figures) {
        let read = randomRead()
        figures.add("\(name).load", loadPercent, "percent")
        figures.add("\(name).stays", Double(stayCount), "stays")
        figures.add("\(name).evolve", Double(booked.recordCount) / booked.seconds, "records/s", reference: 1 / read)
        begin()
        thin(toPercent: 99)
        if !isEvolveOnly { measureDecisions(name, reference: read, into: &figures) }
        figures.add("\(name).resident", Machine.residentMiB(of: Machine.ownProcess), "MiB")
        let lived = live()
        figures.add(
            "\(name).evolve.lives", Double(booked.recordCount + lived.recordCount) / (booked.seconds + lived.seconds),
            "records/s", reference: 1 / read)
    }

    private mutating func measureDecisions(_ name: String, reference read: Double, into figures: inout Figures) {
        let leased = Double(book.statusView.gpus.leased) / Double(fleet.gpuCount) * 100
        figures.add("\(name).full", leased, "percent")
        func add(_ what: String, _ seconds: Double) {
            figures.add("\(name).\(what)", seconds, "s", reference: read)
        }
        let one = FullBook.terms(1, term: .hours(1))
        let gang = FullBook.terms(512, term: .hours(1))
        let eight = FullBook.terms(8, term: .hours(24), within: .node)
        let soonest = FullBook.terms(8, term: .hours(24 * 14), start: .soonest, within: .node)
        let after = FullBook.start + FullBook.horizon + .hours(24 * 365)
        let site = LeaseTerms(
            tenant: "acme", unit: .site, count: 1, kinds: [], start: .at(after), end: .after(.hours(24)),
            onSilence: .fence)
        add("one", median(of: Array(repeating: .createLease(one), count: 2_001)))
        add("gang", median(of: Array(repeating: .createLease(gang), count: 201)))
        add("later.one", median(of: somedays(501).map { .createLease(FullBook.terms(1, term: .hours(1), start: $0)) }))
        add(
            "later.gang",
            median(of: somedays(101).map { .createLease(FullBook.terms(512, term: .hours(1), start: $0)) }))
        add("site", median(of: Array(repeating: .createLease(site), count: 9)))
        add("quote", median(of: Array(repeating: .quoteLease(eight), count: 501)))
        add(
            "quote.later",
            median(
                of: somedays(501).map {
                    .quoteLease(FullBook.terms(8, term: .hours(24), start: $0, within: .node))
                }))
        add("quote.soonest", median(of: Array(repeating: .quoteLease(soonest), count: 51)))
        // More than is free on any node for so long: what binds, and every change tried.
        let long = FullBook.terms(8, term: .hours(24 * 500), within: .node)
        add("quote.declined", median(of: Array(repeating: .quoteLease(long), count: 51)))
    }

    /// Time goes on until the first leases have begun and none has ended.
    private mutating func begin() {
        now.calendar = FullBook.start + .seconds(Int64(meanTerm * 0.2))
        for lease in book.due(at: now.calendar, countMax: .max) {
            guard let record = book.decideBegin(lease, in: context) else { continue }
            enter(record)
        }
    }

    /// Leases are given back, the oldest first, until no more than so much of the fleet is leased.
    private mutating func thin(toPercent percent: Int) {
        let wanted = fleet.gpuCount * percent / 100
        for lease in book.startingLeases where book.statusView.gpus.leased > wanted {
            enter(.leaseEnding(lease.id, cause: .released))
            enter(.partitionsRetired(lease.id, nodes: lease.part.placements.map(\.node), proof: .acknowledged))
        }
    }

    /// Starts all over the calendar.
    private mutating func somedays(_ count: Int) -> [LeaseStart] {
        (0..<count).map { _ in
            .at(now.calendar + .seconds(Int64(chance.below(Int(FullBook.horizon.wholeSeconds) * 8 / 10))))
        }
    }

    private static func terms(
        _ count: UInt32, term: Span, start: LeaseStart = .now, within: LeaseReach? = nil
    ) -> LeaseTerms {
        LeaseTerms(
            tenant: "acme", unit: .gpu, count: count, kinds: [], start: start, end: .after(term), onSilence: .fence,
            within: within)
    }

    private func median(of requests: [Request]) -> Double {
        var times: [Double] = []
        var refusedCount = 0
        for request in requests {
            let context = context
            if request.isChange {
                var decision = Decision.refuse(.requestTableFull(limit: 0))
                times.append(FullBook.seconds { decision = book.decide(request, by: FullBook.asker, in: context) })
                if case .refuse = decision { refusedCount += 1 }
            } else {
                var reply = Reply.refused(.requestTableFull(limit: 0))
                times.append(FullBook.seconds { reply = book.answer(request, by: FullBook.asker, in: context) })
                if case .refused = reply { refusedCount += 1 }
            }
        }
        if refusedCount > 0 { Progress.say("\(refusedCount) of \(requests.count) were refused") }
        return Figures.median(times)
    }

    /// Seconds of one random read over an array as large as the calendar.
    private func randomRead() -> Double {
        let words = (0..<UInt64(max(1_024, stayCount * MemoryLayout<Stay>.stride / 8))).map { $0 }
        let count = 1_000_000
        var sum: UInt64 = 0
        let times = (0..<5).map { round in
            FullBook.seconds {
                var position = UInt64(round)
                for _ in 0..<count {
                    // The next place hangs on what was read, so that reads do not overlap.
                    position = position &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407 &+ sum & 1
                    sum &+= words[Int(position % UInt64(words.count))]
                }
            }
        }
        precondition(sum != 0, "the reference loop read nothing")
        return Figures.median(times) / Double(count)
    }

    static func seconds(_ body: () -> Void) -> Double {
        let elapsed = ContinuousClock().measure(body)
        return Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
    }

    private var context: DecisionContext {
        DecisionContext(
            now: now, reign: Reign(rawValue: 1), nextIndex: index.next, boot: FullBook.boot, holds: .standard,
            turnaround: .seconds(60))
    }

    private func decide(_ request: Request) -> Decision { book.decide(request, by: FullBook.asker, in: context) }

    private mutating func enter(_ record: Record) { enter(record, at: now.calendar) }

    mutating func enter(_ record: Record, at instant: CalendarInstant) {
        index = index.next
        let entry = LogEntry(index: index, at: instant, principal: .coordinator, request: nil, record: record)
        if keepsEntries { entries.append(entry) }
        book.evolve(entry)
    }
}
