import LeaseholdBroker
import LeaseholdModel
import Testing

/// Each checker is proved on a book that was broken on purpose.
@Suite("The book checks itself")
struct InvariantTests {
    private static let faults: [(law: String, what: String, plant: @Sendable (inout LeaseBook) -> Void)] = [
        ("L1", "a lease claims what another holds", { $0.leases.rows[1] = $0.leases.rows[1].moved(to: 0) }),
        ("L12", "a mask has one GPU too many", { $0.fleet.nodes[1].standing.leased = .first(8) }),
        ("L12", "a GPU is held by a lease that does not have it", { $0.fleet.holders[20] = 3 }),
        ("L12", "a held GPU is nobody's", { $0.fleet.holders[0] = 0 }),
        ("L11", "watts are missing in a place", { $0.fleet.places[1].committed = Watts(5) }),
        ("L11", "a place commits more than its limit", { $0.fleet.places[0].committed = Watts(1_000_001) }),
        ("L12", "a rack counts a free GPU twice", { $0.fleet.places[2].freeCount += 1 }),
        ("L12", "a pool counts a free GPU twice", { $0.fleet.pools[0].freeCount += 1 }),
        ("L12", "a state is miscounted", { $0.fleet.nodeCounts.ready -= 1 }),
        ("L12", "GPUs are miscounted", { $0.fleet.gpuCounts.free += 1 }),
        ("L12", "a node is ready for a reason", { $0.fleet.nodes[0].standing.reason = .silent }),
        (
            "node 2", "a free node is not filed",
            { $0.fleet.byFreeCount.remove(NodeID(rawValue: 2), kind: KindID(rawValue: 0), count: 8) }
        ),
        (
            "node 2", "a whole node is not filed",
            { $0.fleet.wholeNodes.remove(NodeID(rawValue: 2), kind: KindID(rawValue: 0), count: 8) }
        ),
        (
            "nodes are filed", "a full node is filed as free",
            { $0.fleet.byFreeCount.insert(NodeID(rawValue: 0), kind: KindID(rawValue: 0), count: 4) }
        ),
        ("L12", "a tenant's GPUs are miscounted", { $0.tenants.rows[0].heldThousandths = 0 }),
        ("L4", "a lease of a reign to come", { $0.reign = Reign(rawValue: 0) }),
        ("L4", "a lease of an index to come", { $0.head = RecordIndex(rawValue: 2) }),
        ("L12", "leases are miscounted", { $0.leases.counts.active += 1 }),
        ("lease L", "a lease ended and holds GPUs", { $0.leases.rows[0].state = .ended }),
        ("lease L", "an active lease has a cause", { $0.leases.rows[0].cause = .released }),
        ("lease L", "a retired placement is counted twice", { $0.leases.rows[0].retiredCount += 1 }),
        ("L15", "a live lease waits for no end", { $0.leases.ends = DueQueue() }),
        ("L15", "a lease ends in no queue", { $0.leases.rows[0].state = .ending }),
        ("L12", "a leased GPU came back by itself", { $0.fleet.nodes[0].standing.leased = .none }),
        ("L1", "the calendar forgets a lease", { $0.calendar = Calendar() }),
        ("L1", "a lease ends later than the calendar has it", { $0.leases.rows[0].part.endsAt = .never }),
        ("L4", "leases are out of order", { $0.leases.rows.swapAt(0, 1) }),
        ("leases are looked", "a lease is where another is looked for", { $0.leases.rows.swapAt(0, 1) }),
        (
            "placement sees node 2", "the brief of a node is that of another",
            { $0.fleet.noteBrief(of: 2, $0.fleet.briefs[0]) }
        ),
    ]

    private func book() throws -> LeaseBook {
        var registry = Registry(.site(nodes: 3, siteLimit: Watts(1_000_000)))
        _ = try registry.granted(8)
        _ = try registry.granted(6)
        return registry.book
    }

    @Test("a sound book has nothing to complain about")
    func sound() throws {
        #expect(try book().checkInvariants() == [])
    }

    @Test("every planted fault is found and named by its law", arguments: InvariantTests.faults.indices)
    func planted(row: Int) throws {
        var broken = try book()
        Self.faults[row].plant(&broken)
        let complaints = broken.checkInvariants()
        #expect(complaints.contains { $0.hasPrefix(Self.faults[row].law) }, "\(Self.faults[row].what): \(complaints)")
    }

    @Test("the digest tells books apart that differ in one fact", arguments: 0..<9)
    func digest(row: Int) throws {
        let changes: [@Sendable (inout LeaseBook) -> Void] = [
            { $0.fleet.nodes[2].standing.isCordoned = true }, { $0.fleet.nodes[2].standing.unhealthy = .only(3) },
            { $0.fleet.nodes[0].hardware = 4 }, { $0.fleet.holders[0] = 9 }, { $0.tenants.rows[0].quota = 3 },
            { $0.leases.rows[1].state = .active }, { $0.longestHolds = $0.longestHolds.doubled },
            { $0.requests = RequestTable() }, { $0.lastInstant = .never },
        ]
        let sound = try book()
        var changed = sound
        changes[row](&changed)
        #expect(changed.digest() != sound.digest())
        #expect(try book().digest() == sound.digest())
    }
}

extension LeaseRow {
    /// The same lease with its first placement on another node.
    fileprivate func moved(to node: UInt32) -> LeaseRow {
        var row = self
        row.part.placements[0] = Placement(node: NodeID(rawValue: node), gpus: part.placements[0].gpus)
        return row
    }
}

extension HoldSettings {
    fileprivate var doubled: HoldSettings {
        HoldSettings(hold: hold * 2, eviction: eviction, clockRateErrorPPM: clockRateErrorPPM)
    }
}
