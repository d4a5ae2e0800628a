import LeaseholdBroker
import LeaseholdModel

/// The decision of a whole-site lease by itself: the lease book in this process, no log, no network.
struct DecideAlone {
    private var book = LeaseBook()
    private var index = RecordIndex.zero
    private static let holds = HoldSettings.standard
    private static let boot = BootID(high: 0, low: 1)
    private static let now = Now(
        boot: BootInstant(nanoseconds: 1_000_000_000_000),
        calendar: CalendarInstant(nanoseconds: 1_767_225_600_000_000_000))

    /// A book with the fleet, every node ready, and a tenant who may have all of it.
    init(_ fleet: FleetDeclaration) {
        let incarnation = Incarnation(high: 0, low: 1)
        enter(
            .reignBegan(
                ReignBegan(
                    reign: Reign(rawValue: 1), incarnation: incarnation, boot: DecideAlone.boot,
                    holds: DecideAlone.holds)))
        for part in fleet.parts(importHash: 1) {
            guard case .record(let record) = decide(.importFleet(part)) else {
                preconditionFailure("the fleet is refused at part \(part.part)")
            }
            enter(record)
        }
        for node in 0..<fleet.nodeCount {
            enter(.nodeReported(node: NodeID(rawValue: UInt32(node)), hardware: UInt64(node)))
        }
        enter(.tenantCreated(name: "whole", quota: UInt32(fleet.gpuCount)))
    }

    /// Seconds of one decision, the median of several, and of a loop of random reads over as many words as GPUs.
    func measure() -> (decide: Double, reference: Double, gpuCount: Int) {
        var gpuCount = 0
        let terms = LeaseTerms(
            tenant: "whole", unit: .site, count: 1, kinds: [], end: .after(.hours(1)), onSilence: .keep)
        let decisions = (0..<9).map { _ in
            seconds {
                guard case .record(.leaseGranted(let granted)) = decide(.createLease(terms)) else {
                    preconditionFailure("the whole site is refused")
                }
                gpuCount = granted.first.gpuCount
            }
        }
        let words = (0..<UInt64(gpuCount)).map { $0 }
        var sum: UInt64 = 0
        let reads = (0..<9).map { round in
            seconds {
                var position = UInt64(round)
                for _ in words.indices {
                    position = position &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    sum &+= words[Int(position % UInt64(words.count))]
                }
            }
        }
        precondition(sum != 0, "the reference loop read nothing")
        return (Figures.median(decisions), Figures.median(reads), gpuCount)
    }

    private func seconds(_ body: () -> Void) -> Double {
        let elapsed = ContinuousClock().measure(body)
        return Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
    }

    private func decide(_ request: Request) -> Decision {
        let context = DecisionContext(
            now: DecideAlone.now, reign: Reign(rawValue: 1), nextIndex: index.next, boot: DecideAlone.boot,
            holds: DecideAlone.holds)
        return book.decide(request, by: Principal(role: .operator, name: "bench"), in: context)
    }

    private mutating func enter(_ record: Record) {
        index = index.next
        book.evolve(
            LogEntry(index: index, at: DecideAlone.now.calendar, principal: .coordinator, request: nil, record: record))
    }
}
