import LeaseholdBroker
import LeaseholdModel
import Testing

/// How long decisions take on a fleet of 30,040 nodes with 220,160 GPUs; printed, and judged by a benchmark elsewhere.
@Suite("How long it takes", .serialized)
struct MeasureTests {
    /// 25,000 nodes of 8 GPUs and 5,040 nodes of 4: a mixed site.
    private static let fleet = FleetDeclaration.site("m", halls: 4, racks: 625, nodes: 10, gpus: 8).and(
        .site("n", halls: 4, racks: 70, nodes: 18, gpus: 4, kind: "GB200"))

    @Test("a GPU is decided in microseconds and a whole site in milliseconds")
    func measure() throws {
        let clock = ContinuousClock()
        var registry = Registry()
        let importing = clock.measure { registry.importFleet(Self.fleet) }
        let reporting = clock.measure { registry.reportAll() }
        registry.createTenant("acme", quota: 1_000_000)
        #expect(registry.book.nodeCount == 30_040 && registry.book.statusView.gpus.total == 220_160)
        var one = Duration.zero
        let rounds = 10_000
        for _ in 0..<rounds {
            let context = registry.context
            let request = Request.createLease(.terms(1))
            let start = clock.now
            let decision = registry.book.decide(request, by: Registry.operations, in: context)
            one += clock.now - start
            guard case .record(let record) = decision else { return }
            registry.append(record)
        }
        let gang = clock.measure {
            _ = registry.book.decide(.createLease(.terms(512)), by: Registry.operations, in: registry.context)
        }
        registry = Registry()
        registry.importFleet(Self.fleet)
        registry.reportAll()
        registry.createTenant("acme", quota: 1_000_000)
        var decision = Decision.refuse(.requestTableFull(limit: 0))
        let sites = clock.measure {
            decision = registry.book.decide(
                .createLease(.terms(2, .site)), by: Registry.operations, in: registry.context)
        }
        let mixed = clock.measure {
            _ = registry.book.decide(.createLease(.terms(220_160)), by: Registry.operations, in: registry.context)
        }
        guard case .record(let record) = decision else { return }
        let evolving = clock.measure { _ = registry.append(record) }
        let digesting = clock.measure { _ = registry.book.digest() }
        print(
            """
            30,040 nodes, 220,160 GPUs: import \(importing), all reports \(reporting)
              decide: one GPU \(one / rounds), 512 GPUs \(gang), both sites \(sites), every GPU \(mixed)
              evolve: both sites \(evolving); digest \(digesting)
            """)
        #expect(registry.book.statusView.gpus.leased == 220_160)
        #expect(registry.book.checkInvariants() == [])
    }
}
