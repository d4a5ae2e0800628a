import LeaseholdModel
import LeaseholdProtocol
import Testing

/// Slices of one GPU are partitions of their own (L4): grants of them live beside each other.
@Suite("the agent and slices")
struct AgentSliceTests {
    private let coordinator = ConnectionID(rawValue: 1)
    private let guardian = ConnectionID(rawValue: 2)
    private let node = NodeID(rawValue: 7)
    private let session = SessionID(rawValue: 1)
    private static let half = MIGProfile(name: "3g.40gb", memorySliceCount: 4, starts: 0b0001_0001)
    private static let lower = SliceSet(low: 0x0F)
    private static let upper = SliceSet(low: 0xF0)
    private var bench = AgentBench()

    @Test("two slice grants on one GPU are started beside each other")
    mutating func beside() {
        attach()
        order(11, Self.lower)
        order(12, Self.upper)
        #expect(
            bench.guardOrders == [
                .start(grant(11, Self.lower), deadline: at(11)), .start(grant(12, Self.upper), deadline: at(11)),
            ])
        #expect(bench.machine.liveGrants == [grant(11, Self.lower), grant(12, Self.upper)])
    }

    @Test("a whole GPU conflicts with a slice of it, either way around")
    mutating func wholeConflicts() {
        attach()
        order(11, Self.lower)
        bench.clear()
        order(12, nil)
        #expect(bench.sent(on: coordinator) == [.grantRefused(name(12), .partitionBusy)])
        bench.tell(.guardAnswered(guardian, .started(grant(11, Self.lower))), at: 2)
        retire(11, Self.lower)
        order(13, nil)
        bench.tell(.guardAnswered(guardian, .started(grant(13, nil))), at: 2)
        bench.clear()
        order(14, Self.upper)
        #expect(bench.sent(on: coordinator) == [.grantRefused(name(14), .partitionBusy)])
    }

    @Test("an epoch must be above that of every slice that it covers, and of no other")
    mutating func epochsBySlice() {
        attach()
        order(20, Self.lower)
        bench.tell(.guardAnswered(guardian, .started(grant(20, Self.lower))), at: 2)
        retire(20, Self.lower)
        order(15, Self.lower)
        #expect(bench.sent(on: coordinator) == [.grantRefused(name(15), .epochNotHigher)])
        order(15, nil)
        #expect(bench.sent(on: coordinator) == [.grantRefused(name(15), .epochNotHigher)])
        order(15, Self.upper)
        #expect(bench.guardOrders == [.start(grant(15, Self.upper), deadline: at(11))])
    }

    @Test("retiring what never arrived closes its slices alone, durably, and the next report says so")
    mutating func neverArrived() {
        attach()
        retireOrder(30, Self.lower)
        #expect(bench.sent(on: coordinator) == [.retired(name(30))])
        bench.restart()
        let epochs = bench.machine.highestEpochs[0]
        #expect(epochs.gpus == Array(repeating: .zero, count: 4))
        #expect(epochs.slices == (0..<4).map { SliceEpoch(place: $0, epoch: epoch(30)) })
        attach()
        order(29, Self.lower)
        #expect(bench.sent(on: coordinator) == [.grantRefused(name(29), .epochNotHigher)])
    }

    @Test("a fenced slice grant is superseded by a higher epoch on its slices, not on others")
    mutating func superseded() {
        attach()
        for (index, slices) in [(11 as UInt64, Self.lower), (12, Self.upper)] {
            order(index, slices)
            bench.tell(.guardAnswered(guardian, .started(grant(index, slices))), at: 2)
            bench.tell(.guardAnswered(guardian, .fenced(grant(index, slices))), at: 3)
        }
        bench.clear()
        order(13, Self.lower)
        #expect(bench.machine.liveGrants == [grant(12, Self.upper), grant(13, Self.lower)])
    }

    @Test("after a restart the journal's slice grants are what they were")
    mutating func replayed() {
        attach()
        order(11, Self.lower)
        order(12, Self.upper)
        bench.tell(.guardAnswered(guardian, .started(grant(11, Self.lower))), at: 2)
        retire(11, Self.lower)
        bench.restart()
        #expect(bench.machine.liveGrants == [grant(12, Self.upper)])
        #expect(bench.machine.highestEpochs[0].highest(of: grant(11, Self.lower)) == epoch(11))
    }

    @Test("a node that cuts nothing refuses slices, and reports anew when its devices can be cut")
    mutating func traits() {
        attach(traits: [])
        order(11, Self.lower)
        #expect(bench.sent(on: coordinator) == [.grantRefused(name(11), .deviceMissing)])
        read([.slices])
        let carved = bench.sent(on: coordinator).compactMap { message -> NodeTraits? in
            if case .report(let report) = message { report.traits } else { nil }
        }
        #expect(carved == [.slices])
        read([.slices])
        let again = bench.sent(on: coordinator).contains { if case .report = $0 { true } else { false } }
        #expect(!again)
    }

    @Test("silence of a node whose work is no guard's frees nothing, unless the machine ends with its guard (L6)")
    mutating func confirmOnly() {
        let both: NodeTraits = [.slices, .confirmOnly]
        attach(traits: both)
        func told() -> [NodeTraits] {
            bench.sent(on: coordinator).compactMap { if case .report(let report) = $0 { report.traits } else { nil } }
        }
        read(both)
        #expect(told() == [])
        let newer = ConnectionID(rawValue: 91)
        bench.tell(.guardConnected(newer), at: 2)
        let full: GuardTraits = [.endsMachine, .findsTenants]
        bench.tell(.guardAnswered(newer, .holds([], areLast: false, traits: full)), at: 2)
        read(both)
        #expect(told() == [])
        // A guard that does not find the work makes up for nothing.
        bench.tell(.guardAnswered(newer, .holds([], areLast: true, traits: .endsMachine)), at: 2)
        read(both)
        #expect(told() == [])
        bench.tell(.guardAnswered(newer, .holds([], areLast: true, traits: full)), at: 2)
        read(both)
        #expect(told() == [.slices])
        // Without it nobody vouches for that any more.
        bench.tell(.guardDisconnected(newer), at: 3)
        read(both)
        #expect(told() == [both])
    }

    @Test(
        "slices that are gone under running work are told and make their GPU unhealthy, by a look that is younger than it"
    )
    mutating func torn() {
        attach()
        order(11, Self.lower)
        bench.tell(.guardAnswered(guardian, .started(grant(11, Self.lower))), at: 4)
        bench.clear()
        func told() -> [GPUSet] {
            bench.sent(on: coordinator).compactMap {
                if case .heartbeat(let beat) = $0 { beat.condition.unhealthy } else { nil }
            }
        }
        func read(_ slices: UInt8?, seenAt second: Int64, at now: Int64) {
            let cut = slices.map { CutReading(slices: $0, at: at(second)) }
            bench.tell(
                .devicesRead([DeviceReading(unhealthy: .none, drawn: .zero, traits: .slices, cuts: [cut])]), at: now)
        }
        // What was seen before it ran, or not seen, says nothing.
        read(0, seenAt: 3, at: 5)
        read(nil, seenAt: 5, at: 6)
        read(0x0F, seenAt: 6, at: 7)
        #expect(Set(told()) == [.none])
        read(0x07, seenAt: 7, at: 8)
        #expect(told() == [.only(0)])
        bench.tell(
            .detailRead(
                NodeSlot(rawValue: 0),
                NodeDetail(driver: "570", gpus: [], troubles: [], statedAt: CalendarInstant(nanoseconds: 0))), at: 8)
        let detail = bench.sent(on: coordinator).compactMap {
            if case .detail(_, _, let detail) = $0 { detail } else { nil }
        }
        #expect(detail.last?.troubles.map(\.component) == ["lease L11"])
        // Given back, it is nobody's any more.
        retire(11, Self.lower)
        read(0, seenAt: 9, at: 10)
        #expect(told().last == GPUSet.none)
    }

    @Test(
        "a guard that ends only its own work is told where others start it, until there is one that finds theirs (L5)")
    mutating func unfoundTenants() {
        let slot = NodeSlot(rawValue: 0)
        attach(traits: [.slices])
        func told(_ second: Int64, _ traits: NodeTraits, of guardian: GuardTraits?) -> [DeviceTrouble] {
            if let guardian {
                let newer = ConnectionID(rawValue: UInt64(second))
                bench.tell(.guardConnected(newer), at: second)
                bench.tell(.guardAnswered(newer, .holds([], areLast: true, traits: guardian)), at: second)
            }
            bench.tell(.devicesRead([DeviceReading(unhealthy: .none, drawn: .zero, traits: traits)]), at: second)
            let stated = CalendarInstant(nanoseconds: second)
            bench.tell(
                .detailRead(slot, NodeDetail(driver: "570", gpus: [], troubles: [], statedAt: stated)), at: second)
            return bench.sent(on: coordinator).compactMap {
                if case .detail(_, _, let detail) = $0 { detail.troubles } else { nil }
            }.last ?? []
        }
        #expect(told(100, [.slices], of: nil) == [])
        let troubles = told(200, [.slices, .confirmOnly], of: [])
        #expect(troubles.map(\.component) == ["guard"] && troubles.first?.since.nanoseconds == 200_000_000_000)
        #expect(told(300, [.slices, .confirmOnly], of: .endsMachine).count == 1)
        #expect(told(400, [.slices, .confirmOnly], of: .findsTenants) == [])
    }

    @Test("a node that took longer than K to end work is confirm-only until its guard is another, or K is (L5, L6)")
    mutating func slowGuard() {
        attach(traits: [.slices])
        read([.slices])
        bench.clear()
        func told() -> [NodeTraits] {
            bench.sent(on: coordinator).compactMap { if case .report(let report) = $0 { report.traits } else { nil } }
        }
        let slot = NodeSlot(rawValue: 0)
        let (quick, slow) = (
            EvictionTimes(count: 1, slowest: .milliseconds(990)), EvictionTimes(count: 2, slowest: .milliseconds(991))
        )
        bench.tell(.guardAnswered(guardian, .evicted(slot, quick)), at: 2)
        bench.tell(.guardAnswered(guardian, .evicted(NodeSlot(rawValue: 7), slow)), at: 2)
        read([.slices])
        #expect(told() == [])
        bench.tell(.guardAnswered(guardian, .evicted(slot, slow)), at: 2)
        read([.slices])
        #expect(told() == [[.slices, .confirmOnly]])
        // A guard that is only out of reach is the same, and says so when it is back.
        bench.tell(.guardDisconnected(guardian), at: 3)
        read([.slices])
        bench.tell(.guardConnected(guardian), at: 3)
        read([.slices])
        bench.tell(.guardAnswered(guardian, .evicted(slot, slow)), at: 3)
        bench.tell(.guardAnswered(guardian, .holds([], areLast: true)), at: 3)
        read([.slices])
        #expect(told() == [])
        let newer = ConnectionID(rawValue: 91)
        bench.tell(.guardConnected(newer), at: 3)
        bench.tell(.guardAnswered(newer, .holds([], areLast: true)), at: 3)
        read([.slices])
        #expect(told() == [[.slices]])
    }

    @Test(
        "a suspect GPU of which slices are held gets no new work by the report, as one that is held whole does by itself"
    )
    mutating func suspect() {
        attach()
        order(11, Self.lower)
        bench.tell(.guardAnswered(guardian, .started(grant(11, Self.lower))), at: 2)
        bench.clear()
        let suspect = DeviceReading(unhealthy: .none, suspect: .only(0), drawn: .zero, traits: .slices)
        bench.tell(.devicesRead([suspect]), at: 4)
        let told = bench.sent(on: coordinator).compactMap { message -> GPUSet? in
            if case .heartbeat(let beat) = message { beat.condition.unhealthy } else { nil }
        }
        #expect(told == [.only(0)])
        order(12, Self.upper)
        #expect(bench.sent(on: coordinator) == [.grantRefused(name(12), .deviceMissing)])
    }

    // MARK: Words of the tests

    private func at(_ seconds: Int64) -> BootInstant { .zero + .seconds(seconds) }
    private func epoch(_ index: UInt64) -> Epoch {
        Epoch(reign: Reign(rawValue: 1), index: RecordIndex(rawValue: index))
    }
    private func name(_ index: UInt64) -> GrantName {
        GrantName(node: node, session: session, lease: LeaseID(rawValue: index), epoch: epoch(index))
    }
    private func grant(_ index: UInt64, _ slices: SliceSet?) -> GuardedGrant {
        GuardedGrant(
            slot: NodeSlot(rawValue: 0), lease: LeaseID(rawValue: index), epoch: epoch(index), gpus: .only(0),
            cut: slices.map { SliceCut($0, as: Self.half) } ?? .none)
    }

    private mutating func attach(traits: NodeTraits = .slices) {
        bench.begin()
        read(traits)
        bench.tell(.guardConnected(guardian), at: 0)
        bench.tell(.guardAnswered(guardian, .holds([], areLast: true)), at: 0)
        let welcome = Welcome(
            version: 1, cluster: "test",
            reign: SeenReign(
                log: LogID(high: 0, low: 1), reign: Reign(rawValue: 1), incarnation: Incarnation(high: 0, low: 1)),
            holds: HoldSettings(hold: .seconds(10), eviction: .seconds(1), clockRateErrorPPM: 10_000), head: .empty,
            ledgerKey: "")
        bench.tell(.welcomeArrived(coordinator, welcome), at: 0)
        bench.tell(.orderArrived(coordinator, .attached(node: AgentBench.path, id: node, session: session)), at: 1)
        bench.clear()
    }

    private mutating func read(_ traits: NodeTraits) {
        bench.tell(.devicesRead([DeviceReading(unhealthy: .none, drawn: .zero, traits: traits)]), at: 1)
    }

    private mutating func order(_ index: UInt64, _ slices: SliceSet?) {
        let grant = grant(index, slices)
        bench.tell(
            .orderArrived(
                coordinator,
                .grant(
                    GrantOrder(
                        name: name(index), gpus: grant.gpus, cut: grant.cut, onSilence: .fence,
                        number: HeartbeatNumber(rawValue: 1), remaining: nil, envelope: Watts(600), head: .empty))),
            at: 2)
    }

    private mutating func retireOrder(_ index: UInt64, _ slices: SliceSet) {
        bench.tell(
            .orderArrived(
                coordinator, .retire(RetireOrder(name: name(index), gpus: .only(0), slices: slices, head: .empty))),
            at: 2)
    }

    private mutating func retire(_ index: UInt64, _ slices: SliceSet) {
        retireOrder(index, slices)
        bench.tell(.guardAnswered(guardian, .retired(grant(index, slices))), at: 2)
        bench.clear()
    }
}
