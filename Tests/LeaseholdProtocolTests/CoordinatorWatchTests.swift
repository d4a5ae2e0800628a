import LeaseholdBroker
import LeaseholdModel
import LeaseholdProtocol
import Testing

@Suite("watches at the coordinator")
struct CoordinatorWatchTests {
    typealias Bench = CoordinatorBench
    var bench = CoordinatorBench()

    @Test("a watch from an index streams what is durable from there on, then what becomes durable")
    mutating func resumes() {
        let watcher = watch(from: 4)
        #expect(
            bench.seen() == [
                .reply(watcher, .watching(from: RecordIndex(rawValue: 4))), event(4, for: watcher),
                event(5, for: watcher),
            ])
        bench.isDurable = false
        let asker = bench.ask(.setQuota(tenant: "acme", quota: 1), at: .seconds(1))
        #expect(bench.seen() == [])
        bench.makeDurable()
        let effects = bench.seen()
        #expect(effects.count == 2)
        #expect(effects.last == event(6, for: watcher))
        guard case .reply(asker, .tenant) = effects.first else { preconditionFailure("\(effects)") }
    }

    @Test("a watch without an index begins with the next record to become durable")
    mutating func fromNowOn() {
        bench.isDurable = false
        bench.ask(.setQuota(tenant: "acme", quota: 1), at: .seconds(1))
        let watcher = watch()
        #expect(bench.seen() == [.reply(watcher, .watching(from: RecordIndex(rawValue: 6)))])
        bench.makeDurable()
        #expect(bench.seen().last == event(6, for: watcher))
    }

    @Test("events of a group that is durable in part leave in part")
    mutating func durableInPart() {
        let watcher = watch(from: 6)
        bench.isDurable = false
        bench.ask(.setQuota(tenant: "acme", quota: 1), at: .seconds(1))
        bench.ask(.setQuota(tenant: "acme", quota: 2), at: .seconds(1))
        _ = bench.seen()
        bench.makeDurable(through: RecordIndex(rawValue: 6))
        #expect(bench.seen().last == event(6, for: watcher))
        bench.makeDurable()
        #expect(bench.seen().last == event(7, for: watcher))
    }

    @Test("a watch of a lease shows that lease; a watch of leases no other records")
    mutating func filters() {
        bench.attachAll(at: .seconds(1))
        let first = bench.lease(at: .seconds(1))
        let second = bench.lease(at: .seconds(1))
        let one = watch(from: 1, lease: first)
        #expect(events(for: one).map(\.lease) == [first])
        let all = watch(from: 1, leasesOnly: true)
        #expect(events(for: all).map(\.lease) == [first, second])
        bench.release(first, at: .seconds(2))
        bench.ask(.setQuota(tenant: "acme", quota: 1), at: .seconds(2))
        let effects = bench.seen()
        #expect(effects.filter { if case .reply(one, .event) = $0 { true } else { false } } == [event(12, for: one)])
        #expect(effects.filter { if case .reply(all, .event) = $0 { true } else { false } } == [event(12, for: all)])
    }

    @Test("a tenant sees records about its own leases and no others (L13)")
    mutating func tenantsSeeTheirs() {
        bench.attachAll(at: .seconds(1))
        let own = bench.lease(tenant: "acme", at: .seconds(1))
        let other = bench.lease(tenant: "bolt", at: .seconds(1))
        #expect(events(for: watch(from: 1, on: Bench.acme)).map(\.lease) == [own])
        #expect(events(for: watch(from: 1, lease: other, on: Bench.acme)) == [])
        bench.clear()
        bench.release(other, at: .seconds(2))
        #expect(!bench.seen().contains { if case .reply(_, .event) = $0 { true } else { false } })
    }

    @Test("a watch over records that are no longer kept is refused, and says from where it can be had")
    mutating func trimmed() {
        bench.restart(at: .seconds(1))
        bench.joinClients(at: .seconds(1))
        bench.clear()
        let watcher = watch(from: 5)
        let refusal = Refusal.historyTrimmed(oldest: RecordIndex(rawValue: 6))
        #expect(bench.seen() == [.reply(watcher, .refused(refusal))])
        let second = watch(from: 6)
        #expect(bench.seen() == [.reply(second, .watching(from: RecordIndex(rawValue: 6))), event(6, for: second)])
    }

    @Test("the history keeps its bound, oldest records first to go")
    mutating func historyBounded() {
        bench.isDurable = false
        for _ in 0..<Limits.eventHistoryCountMax {
            bench.ask(.setQuota(tenant: "acme", quota: 1), at: .seconds(1))
        }
        bench.makeDurable()
        bench.clear()
        let oldest = RecordIndex(rawValue: 6)
        let refused = watch(from: 5)
        #expect(bench.seen() == [.reply(refused, .refused(.historyTrimmed(oldest: oldest)))])
        let watcher = watch(from: 6)
        let effects = bench.seen()
        #expect(effects.count == Limits.eventHistoryCountMax + 1)
        #expect(effects[1] == event(6, for: watcher))
        #expect(effects.last == event(Limits.eventHistoryCountMax + 5, for: watcher))
    }

    @Test("a watch that fell behind what is kept ends with that, rather than skip")
    mutating func fellBehind() {
        let watcher = watch(from: 6)
        bench.isDurable = false
        for _ in 0...Limits.eventHistoryCountMax {
            bench.ask(.setQuota(tenant: "acme", quota: 1), at: .seconds(1))
        }
        _ = bench.seen()
        bench.makeDurable()
        let refusal = Refusal.historyTrimmed(oldest: RecordIndex(rawValue: 7))
        #expect(bench.seen().last == .reply(watcher, .refused(refusal)))
        bench.ask(.setQuota(tenant: "acme", quota: 2), at: .seconds(1))
        bench.makeDurable()
        #expect(bench.seen().count == 1)
    }

    @Test("watches are bounded, and end with their connection")
    mutating func bounded() {
        for _ in 0..<Limits.watchCountMax { watch(on: Bench.acme) }
        _ = bench.seen()
        let refusal = Refusal.overloaded(retryAfter: Limits.overloadedRetry)
        let refused = watch()
        #expect(bench.seen() == [.immediate(.turnAway(refused, refusal))])
        bench.tell(.disconnected(Bench.acme), at: .seconds(1))
        let watcher = watch()
        #expect(bench.seen() == [.reply(watcher, .watching(from: RecordIndex(rawValue: 6)))])
    }

    // MARK: Words

    @discardableResult
    private mutating func watch(
        from index: UInt64? = nil, leasesOnly: Bool = false, lease: LeaseID? = nil,
        on connection: ConnectionID = Bench.ops
    ) -> Asker {
        let filter = EventFilter(
            from: index.map { RecordIndex(rawValue: $0) }, leasesOnly: leasesOnly, lease: lease)
        return bench.ask(.watchEvents(filter), on: connection, at: .seconds(1))
    }

    /// The events that a watch got since the last look.
    private mutating func events(for watcher: Asker) -> [EventView] {
        bench.seen().compactMap { if case .reply(watcher, .event(let view)) = $0 { view } else { nil } }
    }

    private func event(_ index: Int, for watcher: Asker) -> CoordinatorEffect {
        .reply(watcher, .event(bench.machine.book.event(for: bench.log[index - 1])))
    }
}
