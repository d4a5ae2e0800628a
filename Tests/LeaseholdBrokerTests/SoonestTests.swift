import LeaseholdBroker
import LeaseholdModel
import Testing

/// The earliest start, and what a quote that says no may take to look for it.
@Suite("As soon as possible")
struct SoonestTests {
    /// A site on which leases of all sizes lie from now on, cut up in time and over nodes.
    private static func crowded(seed: UInt64, racks: Int = 2) -> (registry: Registry, chance: Seeded) {
        var chance = Seeded(seed: seed)
        var registry = Registry(
            .site(racks: racks, nodes: 3, cpu: Millicores(64_000), memory: Mebibytes(512_000)))
        registry.turnaround = .seconds(60)
        registry.advance(.milliseconds(137))
        // Every other site has leases of days, which the sieve knows of.
        let stretch: Int64 = seed % 2 == 0 ? 20 : 1
        for _ in 0..<60 {
            let start: LeaseStart =
                chance.chance(30)
                ? .now : .at(registry.clock.calendar + .seconds(Int64(chance.below(200)) * 900 * stretch))
            let count = chance.chance(50) ? 8 : 1 + chance.below(12)
            let shape = UnitShape(share: chance.chance(15) ? UInt16(100 + chance.below(800)) : nil)
            let terms = LeaseTerms(
                tenant: "acme", unit: shape.share == nil ? .gpu : .share, count: UInt32(count), kinds: [], shape: shape,
                start: start, end: .after(.seconds(Int64(1 + chance.below(40)) * 600 * stretch)), onSilence: .fence)
            registry.ask(.createLease(terms))
        }
        return (registry, chance)
    }

    private static func quote(_ terms: LeaseTerms, _ registry: Registry) -> QuoteView? {
        let reply = registry.book.answer(.quoteLease(terms), by: Registry.operations, in: registry.context)
        if case .quote(let view) = reply { return view }
        return nil
    }

    private static func terms(
        _ count: Int, _ unit: LeaseUnit, _ shape: UnitShape, _ term: Span, _ start: LeaseStart,
        within: LeaseReach? = .node
    ) -> LeaseTerms {
        LeaseTerms(
            tenant: "acme", unit: unit, count: UInt32(count), kinds: [], shape: shape, start: start, end: .after(term),
            onSilence: .fence, within: within)
    }

    @Test(
        "what lies in one node begins at the first instant at which a quote for that instant says yes",
        arguments: 1...12 as ClosedRange<UInt64>)
    func firstOfAll(seed: UInt64) {
        var (registry, chance) = Self.crowded(seed: seed)
        registry.advance(.seconds(Int64(chance.below(40)) * 600))
        let now = registry.clock.calendar
        var instants: Set<CalendarInstant> = [now]
        for node in 0..<registry.book.nodeCount {
            for stay in registry.book.calendar.stays(on: NodeID(rawValue: UInt32(node))) where stay.until > now {
                instants.insert(stay.until)
            }
        }
        for _ in 0..<20 {
            let term = Span.seconds(Int64(1 + chance.below(80)) * 900)
            let unit: LeaseUnit = chance.chance(20) ? .node : chance.chance(25) ? .share : .gpu
            let count = unit == .gpu ? 1 + chance.below(8) : 1
            let shape = UnitShape(share: unit == .share ? 600 : nil)
            let within: LeaseReach? = unit == .gpu ? .node : nil
            let soonest = Self.quote(Self.terms(count, unit, shape, term, .soonest, within: within), registry)
            let first = instants.sorted().first {
                Self.quote(Self.terms(count, unit, shape, term, .at($0), within: within), registry) != nil
            }
            #expect(soonest?.startsAt == first, "seed \(seed): \(count) \(unit.word) for \(term)")
        }
    }

    @Test("a quote that says no spends no more walks than it has, and names only what then fits", arguments: 0...9)
    func walks(walkCount: Int) {
        for seed in 20...23 as ClosedRange<UInt64> {
            let (registry, _) = Self.crowded(seed: seed, racks: 4)
            for (count, term) in [(8, 20), (40, 4), (90, 9), (96, 30)] {
                let terms = Self.terms(
                    count, .gpu, .plain, .hours(Int64(term)), .now, within: count > 8 ? .rack : .node)
                var walks = FleetWalks(walkCount)
                let reply = registry.book.quote(terms, in: registry.context, &walks)
                guard case .declined(let declined) = reply else { continue }
                // A search that has begun is brought to the end of its first try.
                #expect(walks.left >= -2)
                #expect(walkCount == 0 ? declined.relaxations.isEmpty : walks.left < walkCount)
                for relaxation in declined.relaxations { Self.expectTrue(relaxation, of: terms, registry) }
            }
        }
    }

    private static func expectTrue(_ relaxation: Relaxation, of terms: LeaseTerms, _ registry: Registry) {
        var count = Int(terms.count)
        var start = LeaseStart.now
        var within = terms.within
        switch relaxation.binding {
        case .count: count = relaxation.gpuCount
        case .calendar:
            // The words are what a person would type.
            let words = relaxation.change.split(separator: " ").last.map(String.init) ?? ""
            start = CalendarInstant(text: words, now: registry.clock.calendar).map { .at($0) } ?? .now
        case .reach: within = nil
        case .kind, .labels, .quota, .power: return
        }
        guard case .after(let term) = terms.end else { return }
        let view = quote(Self.terms(count, .gpu, .plain, term, start, within: within), registry)
        #expect(view?.gpuCount == relaxation.gpuCount && view?.startsAt == relaxation.startsAt, "\(relaxation.change)")
    }

    @Test("what is over hides nothing when its days come round in the sieve")
    func daysGoRound() throws {
        var registry = Registry(.site())
        let month = Span.hours(24 * 31)
        for _ in 0..<25 {
            guard case .granted(let view) = registry.lease(8, term: .hours(24 * 20)) else {
                Issue.record("the node is free and cannot be had")
                return
            }
            let later = Self.terms(8, .gpu, .plain, .hours(24 * 20), .at(registry.clock.calendar + .hours(24 * 20)))
            #expect(Self.quote(later, registry) != nil)
            registry.advance(.hours(24 * 20))
            registry.append(.leaseEnding(view.lease, cause: .lapsed))
            registry.retire(view.lease)
            registry.advance(month - .hours(24 * 20))
        }
        #expect(registry.book.checkInvariants() == [])
    }

    @Test("the stays of a node stand in order, however many come and go", arguments: 1...3 as ClosedRange<UInt64>)
    func manyStays(seed: UInt64) {
        var chance = Seeded(seed: seed)
        var registry = Registry(.site(nodes: 3))
        var promised: [LeaseID] = []
        // Boxes grow, are given back when the last stay has gone, and grow again.
        let rounds: [(count: Int, comers: Int)] = [(3_000, 75), (2_500, 5), (2_000, 75)]
        for comers in rounds.flatMap({ repeatElement($0.comers, count: $0.count) }) {
            if chance.chance(comers) || promised.isEmpty {
                let start = registry.clock.calendar + .hours(Int64(1 + chance.below(4_000)))
                let terms = LeaseTerms.terms(
                    1 + chance.below(12), term: .hours(Int64(1 + chance.below(6))), start: .at(start))
                if case .granted(let view) = registry.ask(.createLease(terms)) { promised.append(view.lease) }
            } else {
                registry.ask(.cancelLease(promised.remove(at: chance.below(promised.count))))
            }
        }
        for node in 0..<3 {
            let id = NodeID(rawValue: UInt32(node))
            let rows = registry.book.leases.rows.filter { $0.state == .confirmed }
            let truth = rows.flatMap { row in
                row.part.placements.filter { $0.node == id }.map { Stay($0.gpus, for: row.id, over: row.part.window) }
            }
            let ordered = truth.sorted { ($0.from, $0.lease) < ($1.from, $1.lease) }
            #expect(ordered.count > 130)
            #expect(registry.book.calendar.stays(on: id) == ordered)
        }
        #expect(registry.replayed() == registry.book)
    }

    @Test("a book says why an entry cannot follow and is as it was, or takes it in")
    func follow() throws {
        let registry = Registry(.site())
        var book = registry.book
        let entry = LogEntry(
            index: book.head.next, at: registry.clock.calendar, principal: .coordinator, request: nil,
            record: .leaseActivated(LeaseID(rawValue: 9)))
        #expect(book.follow(entry) == "no lease L9")
        #expect(book == registry.book)
        let other = LogEntry(
            index: book.head.next, at: registry.clock.calendar, principal: .coordinator, request: nil,
            record: .nodeCordonSet(node: NodeID(rawValue: 0), isCordoned: true))
        #expect(book.follow(other) == nil)
        #expect(book.head == entry.index)
    }

    @Test("a node has a bounded number of uses, whichever way they come")
    func usesAreBounded() {
        var registry = Registry(.site(cpu: Millicores(64_000), memory: Mebibytes(512_000)))
        let hour = LeaseRecurrence(rhythm: .daily, count: UInt32(Limits.leasePartCountMax))
        for round in 0...Limits.usesPerNodeCountMax / Limits.leasePartCountMax {
            let terms = LeaseTerms(
                tenant: "acme", unit: .gpu, count: 2, kinds: [], shape: UnitShape(cpu: Millicores(1_000)),
                start: .at(registry.clock.calendar + .hours(Int64(1 + 2 * round))), end: .after(.hours(1)),
                onSilence: .fence, recurrence: hour)
            let reply = registry.ask(.createLease(terms))
            let isFull = round == Limits.usesPerNodeCountMax / Limits.leasePartCountMax
            if case .refused(.noCapacity) = reply { #expect(isFull) } else { #expect(!isFull, "\(reply)") }
        }
        #expect(registry.book.statusView.leases.confirmed == Limits.usesPerNodeCountMax)
    }

    @Test("where nothing could be tried, nothing is said to bind")
    func nothingTried() {
        var registry = Registry(.site())
        registry.lease(8)
        var walks = FleetWalks(0)
        let reply = registry.book.quote(.terms(4), in: registry.context, &walks)
        guard case .declined(let quote) = reply else {
            Issue.record("\(reply)")
            return
        }
        #expect(quote.binds.isEmpty && quote.relaxations.isEmpty)
    }
}
