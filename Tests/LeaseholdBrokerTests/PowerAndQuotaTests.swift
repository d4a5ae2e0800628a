import LeaseholdBroker
import LeaseholdModel
import Testing

/// A node of 8 H100s at 9,600 W: 1,200 W a GPU, of which 159 W are its idle floor; leasing one adds 1,041 W.
@Suite("Watts and quota")
struct PowerAndQuotaTests {
    @Test("an imported node commits its idle floor, a leased GPU its envelope, at every level above")
    func committedWatts() throws {
        var registry = Registry(.site(racks: 2, nodes: 1))
        #expect(registry.book.fleet.places.map(\.committed.count) == [2_544, 2_544, 1_272, 1_272])
        let lease = try registry.granted(3)
        #expect(lease.watts == Watts(3_600))
        #expect(registry.book.fleet.places.map(\.committed.count) == [5_667, 5_667, 4_395, 1_272])
        registry.ask(.releaseLease(lease.lease))
        #expect(registry.book.fleet.places[0].committed == Watts(5_667))
        registry.retire(lease.lease)
        #expect(registry.book.fleet.places[0].committed == Watts(2_544))
    }

    @Test("a node where unknown work may run commits its envelope, whatever is heard of it, until it is ready (L11)")
    func doubt() throws {
        // Idle floors, and one node.
        var registry = Registry(.site(nodes: 2, rackLimit: Watts(2 * 1_272 + 8 * 1_041)))
        let node = NodeID(rawValue: 0)
        let held = try registry.granted(1, .gpu)
        registry.append(.nodesSetAside([node], state: .quarantined, reason: .strangerListed))
        #expect(registry.book.fleet.places.map(\.committed.count) == [10_872, 10_872, 10_872])
        let refusal = Reply.refused(
            .noPower(place: "s/hall-1/rack-1", limit: Watts(10_872), committed: Watts(10_872), asked: Watts(1_041)))
        #expect(registry.lease(1) == refusal)
        // Other news of it, and less held, make nothing known.
        registry.append(.nodesSetAside([node], state: .quarantined, reason: .guardDown))
        registry.ask(.releaseLease(held.lease))
        registry.retire(held.lease)
        #expect(registry.lease(1) == refusal)
        #expect(registry.book.checkInvariants() == [])
        registry.report(node)
        #expect(registry.book.fleet.places.map(\.committed.count) == [2_544, 2_544, 2_544])
        #expect(try registry.granted(8).gpuCount == 8)
        // What is promised of a doubted node and what may run there are not counted twice, and no limit is broken by it.
        registry.append(.nodesSetAside([node], state: .quarantined, reason: .witnessAhead))
        #expect(registry.book.checkInvariants() == [])
    }

    @Test("the parts of an envelope that does not divide sum to the whole, the lowest positions taking the remainder")
    func remainders() throws {
        var registry = Registry(.site(nodes: 1, gpus: 3, envelope: Watts(1_001)))
        #expect(try registry.granted(1).watts == Watts(334))
        #expect(try registry.granted(1).watts == Watts(334))
        #expect(try registry.granted(1).watts == Watts(333))
        #expect(registry.book.fleet.places[0].committed == Watts(1_001))
        #expect(registry.book.checkInvariants() == [])
    }

    @Test("the limit itself is granted and one watt less is not", arguments: [(0, true), (1, false)])
    func theEdge(missing: Int64, isGranted: Bool) {
        var registry = Registry(.site(nodes: 1, rackLimit: Watts(1_272 + 3 * 1_041 - missing)))
        let reply = registry.lease(3)
        if isGranted {
            guard case .granted = reply else {
                Issue.record("\(reply)")
                return
            }
        } else {
            #expect(
                reply
                    == .refused(
                        .noPower(
                            place: "s/hall-1/rack-1", limit: Watts(4_394), committed: Watts(1_272),
                            asked: Watts(3_123))))
        }
        #expect(registry.book.checkInvariants() == [])
    }

    @Test("a gang leaves a rack without power and takes what the hall can feed")
    func powerMovesAGang() throws {
        // Each rack can feed four of its eight GPUs.
        var registry = Registry(.site(racks: 2, nodes: 1, rackLimit: Watts(1_272 + 4 * 1_041)))
        #expect(try registry.granted(6).placements.map(\.gpus.count).sorted() == [2, 4])
        #expect(try registry.granted(2).placements.map(\.gpus.count) == [2])
        #expect(
            registry.lease(1)
                == .refused(
                    .noPower(
                        place: "s/hall-1/rack-1", limit: Watts(5_436), committed: Watts(5_436), asked: Watts(1_041))))
    }

    @Test("the refusal names the place that would be furthest above its limit")
    func tightestPlace() {
        var registry = Registry(
            .site(
                racks: 2, nodes: 1, rackLimit: Watts(9_000), hallLimit: Watts(10_000), siteLimit: Watts(15_000)))
        #expect(
            registry.lease(16)
                == .refused(
                    .noPower(place: "s/hall-1", limit: Watts(10_000), committed: Watts(2_544), asked: Watts(16_656))))
    }

    @Test("whole nodes and sites are fed altogether or not at all")
    func wholesAreFedWhole() throws {
        var registry = Registry(.site(racks: 2, nodes: 1, siteLimit: Watts(9_600 + 1_272)))
        #expect(
            registry.lease(1, .site)
                == .refused(
                    .noPower(place: "s", limit: Watts(10_872), committed: Watts(2_544), asked: Watts(16_656))))
        #expect(try registry.granted(1, .node).gpuCount == 8)
        guard case .refused(.noPower) = registry.lease(1, .node) else {
            Issue.record("a second node was fed")
            return
        }
    }

    @Test("a node that has not been delivered keeps its idle floor: its delivery lifts no feed above its limit")
    func deliveryWithinTheLimit() throws {
        var registry = Registry()
        registry.importFleet(.site(nodes: 2, rackLimit: Watts(2 * 1_272 + 1_041)))
        registry.createTenant("acme", quota: 99)
        registry.report(NodeID(rawValue: 0))
        _ = try registry.granted(1)
        guard case .refused(.noPower) = registry.lease(1) else {
            Issue.record("granted what the other node draws once it is there")
            return
        }
        #expect(registry.book.fleet.places.map(\.committed.count) == [3_585, 3_585, 3_585])
        registry.report(NodeID(rawValue: 1))
        #expect(registry.book.fleet.places.map(\.committed.count) == [3_585, 3_585, 3_585])
        #expect(registry.book.checkInvariants() == [])
    }

    @Test("a fleet whose idle floors are above a limit is refused with the place, and so is one that grows above it")
    func idleFloorsAboveALimit() {
        var registry = Registry()
        #expect(
            registry.importFleet(.site(nodes: 2, rackLimit: Watts(2_543)))
                == .refused(
                    .noPower(
                        place: "s/hall-1/rack-1", limit: Watts(2_543), committed: .zero, asked: Watts(2_544))))
        registry.importFleet(.site(nodes: 2, siteLimit: Watts(3_000)))
        #expect(
            registry.importFleet(.site(nodes: 3, siteLimit: Watts(3_000)))
                == .refused(.noPower(place: "s", limit: Watts(3_000), committed: Watts(2_544), asked: Watts(1_272))))
        #expect(registry.book.checkInvariants() == [])
    }

    @Test("several whole places are fed together or not at all")
    func severalWholes() throws {
        var registry = Registry(.site(nodes: 2, rackLimit: Watts(15_000)))
        guard case .refused(.noPower) = registry.lease(2, .nvlinkDomain) else {
            Issue.record("two domains were fed by a feed that carries one and a half")
            return
        }
        #expect(try registry.granted(1, .nvlinkDomain).gpuCount == 8)
        #expect(registry.book.checkInvariants() == [])
    }

    @Test("an extension is fed for all parts of a lease together")
    func extensionOfParts() throws {
        // Idle floors, and eight leased GPUs.
        var registry = Registry(.site(nodes: 2, rackLimit: Watts(2 * 1_272 + 8 * 1_041)))
        let now = registry.clock.calendar
        let terms = LeaseTerms(
            tenant: "acme", unit: .gpu, count: 8, kinds: [], end: .after(.hours(2)), onSilence: .fence,
            steps: [LeaseStep(count: 4, at: now), LeaseStep(count: 8, at: now + .hours(1))])
        guard case .granted(let ramp) = registry.ask(.createLease(terms)) else { return }
        // The other one lies on the other node.
        registry.ask(.cordonNode(name: "s/hall-1/rack-1/node-1"))
        guard case .granted = registry.ask(.createLease(.terms(4, start: .at(now + .hours(3))))) else {
            Issue.record("nothing is left for the other lease")
            return
        }
        guard case .refused(.noPower) = registry.ask(.extendLease(ramp.lease, to: .after(.hours(3)))) else {
            Issue.record("twelve GPUs were promised where eight are fed")
            return
        }
        #expect(registry.book.checkInvariants() == [])
    }

    @Test("an import that would take the watts of a promise is refused")
    func importBesideAPromise() throws {
        var registry = Registry(.site(nodes: 1, rackLimit: Watts(10_000)))
        let start = LeaseStart.at(registry.clock.calendar + .hours(1))
        guard case .granted = registry.ask(.createLease(.terms(8, start: start))) else { return }
        #expect(
            registry.importFleet(.site(nodes: 2, rackLimit: Watts(10_000)))
                == .refused(
                    .noPower(
                        place: "s/hall-1/rack-1", limit: Watts(10_000), committed: Watts(9_600), asked: Watts(1_272))))
    }

    @Test("a quota counts GPUs of leases until they have ended")
    func quota() throws {
        var registry = Registry(.site(nodes: 4), quota: 10)
        let first = try registry.granted(8)
        #expect(
            registry.lease(3) == .refused(.quotaExceeded(tenant: "acme", quota: 10, held: 8, asked: 3)))
        registry.ask(.releaseLease(first.lease))
        #expect(
            registry.lease(1, .node) == .refused(.quotaExceeded(tenant: "acme", quota: 10, held: 8, asked: 8)))
        registry.retire(first.lease)
        #expect(try registry.granted(1, .node).gpuCount == 8)
        registry.ask(.setQuota(tenant: "acme", quota: 0))
        #expect(registry.lease(1) == .refused(.quotaExceeded(tenant: "acme", quota: 0, held: 8, asked: 1)))
        #expect(registry.lease(1, tenant: "other") == .refused(.notFound(.tenant, name: "other")))
    }
}
