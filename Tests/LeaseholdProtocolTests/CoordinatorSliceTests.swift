import LeaseholdBroker
import LeaseholdModel
import LeaseholdProtocol
import Testing

@Suite("the coordinator and slices")
struct CoordinatorSliceTests {
    private typealias Bench = CoordinatorBench
    private var bench = CoordinatorBench()

    @Test("a slice lease is ordered with its slices and their cut, and retired by them")
    mutating func ordered() throws {
        attach()
        let lease = sliceLease(count: 2)
        let grant = try #require(bench.machine.book.grants(on: Bench.node(0)).first)
        #expect(grant.slices.count == 2)
        #expect(grant.cut.instanceStarts(ofGPU: grant.gpus.positions[0])?.count == 2)
        let orders = bench.seenBesidesRenewals().compactMap { effect -> GrantOrder? in
            if case .order(_, .grant(let order)) = effect { order } else { nil }
        }
        #expect(orders.map(\.cut) == [grant.cut])
        // An eighth of the GPU's 1,200 W for each slice.
        #expect(orders.map(\.envelope) == [Watts(300)])
        bench.release(lease, at: .seconds(2))
        let retires = bench.seenBesidesRenewals().compactMap { effect -> RetireOrder? in
            if case .order(_, .retire(let order)) = effect { order } else { nil }
        }
        #expect(retires.map(\.slices) == [grant.slices] && retires.map(\.gpus) == [grant.gpus])
    }

    @Test("a report closes a slice lease by the epochs of its slices alone, and each by its own")
    mutating func closed() throws {
        attach()
        let lease = sliceLease(count: 1)
        let other = sliceLease(count: 1)
        let grants = bench.machine.book.grants(on: Bench.node(0))
        #expect(grants.count == 2 && grants[0].gpus == grants[1].gpus && !grants[0].overlaps(grants[1]))
        bench.tell(.disconnected(Bench.agent(0)), at: .seconds(2))
        bench.release(lease, at: .seconds(2))
        bench.release(other, at: .seconds(2))
        bench.greet(0, at: .seconds(3))
        bench.clear()
        let gpu = grants[0].gpus.positions[0]
        let place = UInt8(gpu * SliceSet.perGPU + grants[0].slices.mask(ofGPU: gpu).trailingZeroBitCount)
        let seen = SliceEpoch(place: place, epoch: bench.epoch(lease))
        bench.say(Bench.report(0, slices: [seen], traits: .slices), of: 0, at: .seconds(3))
        let retired = bench.recorded().compactMap { record -> LeaseID? in
            if case .partitionsRetired(let lease, _, _) = record { lease } else { nil }
        }
        #expect(retired == [lease])
    }

    @Test("a stranger with slices is retired by its slices")
    mutating func stranger() {
        attach()
        let epoch = Epoch(reign: .zero, index: RecordIndex(rawValue: 3))
        let listed = LiveGrant(
            lease: LeaseID(rawValue: 3), epoch: epoch, gpus: .only(1), slices: SliceSet(low: 0x0300), phase: .running)
        bench.beat(0, condition: Bench.condition([listed]), at: .seconds(2))
        let name = GrantName(node: Bench.node(0), session: SessionID(rawValue: 1), lease: listed.lease, epoch: epoch)
        #expect(
            bench.seenBesidesRenewals() == [
                .order(
                    Bench.agent(0),
                    .retire(RetireOrder(name: name, gpus: .only(1), slices: listed.slices, head: bench.head)))
            ])
    }

    /// Node 0 alone is there, and can be cut.
    private mutating func attach() {
        bench.greet(0, at: .seconds(1))
        bench.say(Bench.report(0, traits: .slices), of: 0, at: .seconds(1))
        bench.beat(0, at: .seconds(1))
        bench.clear()
    }

    private mutating func sliceLease(count: UInt32) -> LeaseID {
        let terms = LeaseTerms(
            tenant: "acme", unit: .slice, count: count, kinds: [], shape: UnitShape(profile: "1g.10gb"),
            end: .after(.hours(2)), onSilence: .fence, within: .node)
        bench.ask(.createLease(terms), at: .seconds(1))
        guard case .leaseGranted = bench.log.last?.record else {
            preconditionFailure("\(String(describing: bench.log.last)) is no grant")
        }
        return LeaseID(rawValue: bench.machine.book.head.rawValue)
    }
}
