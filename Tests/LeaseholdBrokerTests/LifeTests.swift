import LeaseholdBroker
import LeaseholdModel
import Testing

@Suite("The life of a lease")
struct LifeTests {
    /// What can happen to a lease, and in which states it can.
    private static let table: [(word: String, record: @Sendable (LeaseID) -> Record, from: [LeaseState])] = [
        ("activated", { .leaseActivated($0) }, [.starting]),
        (
            "begun",
            {
                .leaseBegun(
                    $0, LeaseBegun(reign: Reign(rawValue: 1), keepBound: nil, keepBoot: BootID(high: 0, low: 0)))
            },
            [.confirmed]
        ),
        (
            "moved", { .leaseMoved($0, [Placement(node: NodeID(rawValue: 0), gpus: .first(1))], watts: Watts(1_200)) },
            [.confirmed]
        ),
        (
            "extended", { .leaseExtended($0, endsAt: .never, keepBound: nil, keepBoot: BootID(high: 0, low: 0)) },
            [.confirmed, .starting, .active]
        ),
        (
            "shrunk", { .leaseShrunk($0, count: 1, [ShrunkPart(lease: $0, watts: .zero, placements: [])]) },
            [.confirmed, .starting, .active]
        ),
        (
            "confirmed",
            { lease in
                let at = CalendarInstant(nanoseconds: 1_799_020_800_000_000_000) + .hours(9)
                let part = LeasePart(
                    startsAt: at, endsAt: at + .hours(1), watts: Watts(1_200),
                    placements: [Placement(node: NodeID(rawValue: 0), gpus: .only(7))])
                return .leaseConfirmed(
                    lease,
                    LeaseGranted(
                        tenant: TenantID(rawValue: 0), unit: .gpu, count: 1, kinds: [], onSilence: .fence,
                        silenceClass: .guarded, first: part, begun: nil))
            },
            [.waitlisted]
        ),
        ("ended by time", { .leaseEnding($0, cause: .lapsed) }, [.waitlisted, .confirmed, .starting, .active]),
        ("cancelled", { .leaseEnding($0, cause: .cancelled) }, [.waitlisted, .confirmed]),
        ("released", { .leaseEnding($0, cause: .released) }, [.starting, .active]),
        (
            "retired", { .partitionsRetired($0, nodes: [NodeID(rawValue: 0)], proof: .acknowledged) }, [.ending]
        ),
        ("waited out", { .partitionsRetired($0, nodes: [NodeID(rawValue: 0)], proof: .waited) }, [.ending]),
    ]

    /// A book whose one lease is in a state.
    private func registry(in state: LeaseState) throws -> (Registry, LeaseID) {
        var registry = Registry(.site())
        if state == .waitlisted {
            registry.lease(1)
            let terms = LeaseTerms(
                tenant: "acme", unit: .gpu, count: 8, kinds: [], end: .after(.hours(1)), onSilence: .fence,
                waitlist: .hours(2))
            guard case .waitlisted(let waiting) = registry.ask(.createLease(terms)) else {
                throw Registry.NotGranted(reply: registry.ask(.status))
            }
            return (registry, waiting.lease)
        }
        if state == .confirmed || state == .cancelled {
            let later = LeaseStart.at(registry.clock.calendar + .hours(1))
            guard case .granted(let view) = registry.ask(.createLease(.terms(2, start: later))) else {
                throw Registry.NotGranted(reply: registry.ask(.status))
            }
            if state == .cancelled { registry.append(.leaseEnding(view.lease, cause: .cancelled)) }
            return (registry, view.lease)
        }
        let lease = try registry.granted(2).lease
        if state == .starting { return (registry, lease) }
        registry.append(.leaseActivated(lease))
        if state == .active { return (registry, lease) }
        registry.append(.leaseEnding(lease, cause: .lapsed))
        if state == .ending { return (registry, lease) }
        registry.retire(lease)
        return (registry, lease)
    }

    @Test(
        "every record happens to a lease in the states that its life allows, and in no other",
        arguments: LeaseState.allCases, LifeTests.table.indices)
    func transitions(state: LeaseState, row: Int) throws {
        let (registry, lease) = try registry(in: state)
        #expect(registry.book.lease(lease)?.state == state)
        let record = Self.table[row].record(lease)
        let entry = LogEntry(
            index: registry.book.head.next, at: registry.clock.calendar, principal: .coordinator, request: nil,
            record: record)
        let isAllowed = Self.table[row].from.contains(state)
        #expect((registry.book.objection(to: entry) == nil) == isAllowed, "\(Self.table[row].word) in \(state.word)")
    }

    @Test("records that cannot follow are objected to, whatever the book would make of them")
    func objections() throws {
        var registry = Registry(.site(nodes: 2))
        let lease = try registry.granted(2)
        guard case .leaseGranted(let granted) = registry.log[registry.log.count - 1].record else { return }
        let node = NodeID(rawValue: 0)
        let records: [Record] = [
            .reignBegan(
                ReignBegan(
                    reign: Reign(rawValue: 1), incarnation: Incarnation(high: 0, low: 0),
                    boot: BootID(high: 0, low: 0), holds: .standard)),
            .fleetPartImported(FleetPart(importHash: 9, part: 1, partCount: 2, kinds: [], places: [], runs: [])),
            .fleetPartImported(
                FleetPart(
                    importHash: 9, part: 0, partCount: 1, kinds: [],
                    places: [PlaceDeclaration(path: "nowhere/hall", limit: nil)], runs: [])),
            .fleetPartImported(FleetDeclaration.racks([[(gpus: 8, kind: "T4")]]).parts(importHash: 9).whole),
            .tenantCreated(name: "acme", quota: 1),
            .tenantQuotaSet(tenant: TenantID(rawValue: 1), quota: 1),
            .headCountersigned(TenantID(rawValue: 1), head: .zero, try #require(HeadText("head")), key: ""),
            .headCountersigned(
                TenantID(rawValue: 0), head: RecordIndex(rawValue: 1 << 40), try #require(HeadText("head")), key: ""),
            .nodeCordonSet(node: NodeID(rawValue: 2), isCordoned: true),
            .nodeReported(node: node, hardware: 5),
            .nodesSetAside([node], state: .ready, reason: .silent),
            .nodesSetAside([node], state: .suspect, reason: .none),
            .gpuHealthChanged(node: node, unhealthy: .only(8)),
            .leaseGranted(granted),
            .leaseGranted(
                LeaseGranted(
                    tenant: granted.tenant, unit: .gpu, count: 1, kinds: [], onSilence: .fence, silenceClass: .guarded,
                    turnaround: .zero - .hours(9),
                    first: LeasePart(
                        startsAt: registry.clock.calendar + .hours(9), endsAt: registry.clock.calendar + .hours(10),
                        watts: Watts(1_200), placements: [Placement(node: node, gpus: .first(1))]), begun: nil)),
            .leaseActivated(LeaseID(rawValue: 1)),
            .leaseEnding(lease.lease, cause: .none),
            .leaseShrunk(lease.lease, count: 1, []),
            .leaseShrunk(
                lease.lease, count: 1,
                [
                    ShrunkPart(
                        lease: lease.lease, watts: Watts(1_200),
                        placements: [Placement(node: node, gpus: .first(1))])
                ]),
            .leaseShrunk(
                lease.lease, count: 2,
                [ShrunkPart(lease: lease.lease, watts: lease.watts, placements: lease.placements)]),
            .leaseConfirmed(lease.lease, granted),
            .leaseWaitlisted(
                WaitlistedLease(
                    terms: .terms(1), until: registry.clock.calendar, estimatedStart: nil,
                    refusal: .noCapacity(asked: 1, grantable: 0, inventory: 0))),
            .requestRefused(.requestTableFull(limit: 1)),
        ]
        for record in records {
            let entry = LogEntry(
                index: registry.book.head.next, at: registry.clock.calendar, principal: .coordinator, request: nil,
                record: record)
            #expect(registry.book.objection(to: entry) != nil, "\(record.word)")
        }
        let late = LogEntry(
            index: registry.book.head.next, at: CalendarInstant(nanoseconds: 1), principal: .coordinator, request: nil,
            record: .leaseActivated(lease.lease))
        #expect(registry.book.objection(to: late) != nil)
    }

    @Test("a node vouches for what the book knows to have begun, under the epoch under which it did")
    func vouching() throws {
        var registry = Registry(.site(nodes: 2))
        let lease = try registry.granted(2)
        let epoch = try #require(lease.epoch)
        func objection(_ node: UInt32, _ lease: LeaseID, _ epoch: Epoch) -> String? {
            let certificate = SanitisingCertificate(lease: lease, epoch: epoch, gpus: [], window: nil, steps: [])
            return registry.book.objection(
                to: LogEntry(
                    index: registry.book.head.next, at: registry.clock.calendar, principal: .coordinator, request: nil,
                    record: .partitionSanitised(NodeID(rawValue: node), certificate)))
        }
        #expect(objection(0, lease.lease, epoch) == nil)
        #expect(objection(2, lease.lease, epoch) == "no node 2")
        #expect(objection(0, LeaseID(rawValue: 9), epoch) != nil)
        #expect(objection(0, lease.lease, .zero) != nil)
    }

    @Test("what was answered is not answered again, for as long as the answer counts (L2)")
    func answeredTwice() throws {
        let registry = Registry(.site(nodes: 2))
        let answered = try #require(registry.log.last { $0.request != nil })
        func again(_ principal: Principal, after span: Span) -> String? {
            let entry = LogEntry(
                index: registry.book.head.next, at: answered.at + span, principal: principal, request: answered.request,
                record: .tenantCreated(name: "another", quota: 1))
            return registry.book.objection(to: entry)
        }
        #expect(again(answered.principal, after: .zero) != nil)
        #expect(again(answered.principal, after: RequestTable.memory) != nil)
        #expect(again(answered.principal, after: RequestTable.memory + .seconds(1)) == nil)
        #expect(again(Registry.tenant("acme"), after: .zero) == nil)
    }

    @Test("an entry that does not follow the book's head is a fault")
    func gapsAreFaults() async {
        await #expect(processExitsWith: .failure) {
            var book = LeaseBook()
            book.evolve(
                LogEntry(
                    index: RecordIndex(rawValue: 2), at: CalendarInstant(nanoseconds: 1), principal: .coordinator,
                    request: nil, record: .tenantCreated(name: "acme", quota: 1)))
        }
    }

    @Test("GPUs come back node by node, and with the last of them the lease has ended")
    func retirementInSteps() throws {
        var registry = Registry(.site(nodes: 3, gpus: 4))
        let lease = try registry.granted(10)
        registry.ask(.releaseLease(lease.lease))
        #expect(registry.book.endingLeases == [lease.lease])
        #expect(registry.book.grants(on: NodeID(rawValue: 1)).map(\.isEnding) == [true])
        registry.append(
            .partitionsRetired(
                lease.lease, nodes: [NodeID(rawValue: 2), NodeID(rawValue: 0)], proof: .acknowledged))
        #expect(registry.book.unretired(lease.lease).map(\.node.rawValue) == [1])
        #expect(registry.book.statusView.gpus.leased == 4)
        #expect(registry.book.lease(lease.lease)?.state == .ending)
        registry.append(.partitionsRetired(lease.lease, nodes: [NodeID(rawValue: 1)], proof: .waited))
        #expect(registry.book.lease(lease.lease)?.state == .ended)
        #expect(registry.book.endingLeases == [])
        #expect(registry.book.statusView.gpus.free == 12)
        #expect(registry.book.checkInvariants() == [])
    }

    @Test("terms lapse in the order of their ends, and a lease that was released lapses no more")
    func lapses() throws {
        var registry = Registry(.site())
        var leases: [LeaseID] = []
        for hours in [5, 1, 3, 2, 4] as [Int64] {
            guard case .granted(let view) = registry.lease(1, term: .hours(hours)) else { return }
            leases.append(view.lease)
        }
        registry.ask(.releaseLease(leases[1]))
        #expect(registry.book.nextEnd == registry.clock.calendar + .hours(2))
        let later = registry.clock.calendar + .hours(4)
        #expect(registry.book.lapsed(at: later, countMax: 9) == [leases[3], leases[2], leases[4]])
        #expect(registry.book.lapsed(at: later, countMax: 2) == [leases[3], leases[2]])
        #expect(registry.book.lapsed(at: registry.clock.calendar, countMax: 9) == [])
    }

    @Test("a lease that is over cannot be released again")
    func releasedOnce() throws {
        var registry = Registry(.site())
        let lease = try registry.granted(1).lease
        registry.ask(.releaseLease(lease))
        #expect(
            registry.ask(.releaseLease(lease))
                == .refused(.wrongState(lease: lease, state: .ending, asked: "released")))
        registry.retire(lease)
        #expect(
            registry.ask(.releaseLease(lease))
                == .refused(.wrongState(lease: lease, state: .ended, asked: "released")))
        #expect(
            registry.ask(.releaseLease(LeaseID(rawValue: 1))) == .refused(.notFound(.lease, name: "L1")))
    }

    @Test("the bound of `keep` is as late as the coordinator must wait, and belongs to its boot")
    func keepBound() throws {
        var registry = Registry(.site())
        guard case .granted(let view) = registry.lease(1, term: .hours(1), onSilence: .keep) else { return }
        let grant = registry.book.grants(on: NodeID(rawValue: 0))[0]
        #expect(grant.keepBound == registry.clock.boot + registry.holds.bound(after: .hours(1)))
        #expect(grant.keepBoot == registry.boot)
        #expect(grant.epoch == Epoch(reign: Reign(rawValue: 1), index: RecordIndex(rawValue: view.lease.rawValue)))
        _ = try registry.granted(1)
        #expect(registry.book.grants(on: NodeID(rawValue: 0)).map(\.keepBound)[1] == nil)
    }

    @Test("where the calendar clock stepped back a lease starts no earlier than the record before it")
    func clockStepsBack() throws {
        var registry = Registry(.site())
        let before = registry.clock
        registry.advance(.hours(1))
        registry.createTenant("late", quota: 1)
        registry.clock.calendar = before.calendar
        guard case .granted(let view) = registry.lease(1, term: .hours(2), onSilence: .keep) else { return }
        #expect(view.startsAt == before.calendar + .hours(1))
        #expect(view.endsAt == before.calendar + .hours(3))
        let bound = registry.clock.boot + registry.holds.bound(after: .hours(3))
        #expect(registry.book.grants(on: NodeID(rawValue: 0))[0].keepBound == bound)
    }

    @Test("waits honour the longest holds of every reign whose grants may still be held")
    func longestHolds() throws {
        var registry = Registry(.site())
        let long = HoldSettings(hold: .seconds(60), eviction: .seconds(1), clockRateErrorPPM: 5)
        let short = HoldSettings(hold: .seconds(10), eviction: .seconds(2), clockRateErrorPPM: 3)
        registry.holds = long
        registry.begin()
        #expect(registry.book.longestHolds == long)
        registry.reportAll()
        let lease = try registry.granted(1).lease
        registry.holds = short
        registry.begin()
        #expect(
            registry.book.longestHolds
                == HoldSettings(hold: .seconds(60), eviction: .seconds(2), clockRateErrorPPM: 5))
        registry.append(.leaseEnding(lease, cause: .lapsed))
        registry.retire(lease)
        registry.begin()
        #expect(registry.book.longestHolds == short)
        #expect(registry.book.facts(of: NodeID(rawValue: 0)).reason == .newReign)
    }

    @Test("an extension never moves the bound of `keep` earlier, and after a reboot does not touch it")
    func boundOfAnExtension() throws {
        var registry = Registry(.site())
        guard case .granted(let view) = registry.lease(2, term: .hours(100), onSilence: .keep) else { return }
        let bound = try #require(registry.book.lease(view.lease)?.begun?.keepBound)
        // The calendar steps half of the term ahead; the node counts on as it was told.
        registry.clock.calendar = registry.clock.calendar + .hours(50)
        registry.ask(.extendLease(view.lease, to: .after(.hours(1))))
        #expect(registry.book.lease(view.lease)?.begun?.keepBound == bound)
        registry.ask(.extendLease(view.lease, to: .after(.hours(100))))
        #expect(try #require(registry.book.lease(view.lease)?.begun?.keepBound) > bound)
        let before = registry.book.lease(view.lease)?.begun
        registry.boot = BootID(high: 2, low: 2)
        registry.begin()
        registry.ask(.extendLease(view.lease, to: .after(.hours(100))))
        #expect(registry.book.lease(view.lease)?.begun == before)
    }

    @Test("what comes daily and lasts nearly a day touches itself, turnaround included, and is laid beside itself")
    func daysThatTouch() throws {
        var registry = Registry(.site(nodes: 2))
        registry.turnaround = .seconds(60)
        let terms = LeaseTerms(
            tenant: "acme", unit: .node, count: 1, kinds: [], start: .at(registry.clock.calendar + .hours(1)),
            end: .after(.seconds(86_370)), onSilence: .fence, recurrence: LeaseRecurrence(rhythm: .daily, count: 2))
        guard case .granted(let view) = registry.ask(.createLease(terms)) else {
            Issue.record("refused")
            return
        }
        #expect(registry.book.everyPart(of: view.lease).map { $0.part.placements[0].node.rawValue } == [0, 1])
    }

    @Test("between two days of a lease the rest of it can be cancelled, and is known though the first day is forgotten")
    func restOfALease() throws {
        var registry = Registry(.site())
        let terms = LeaseTerms(
            tenant: "acme", unit: .gpu, count: 2, kinds: [], end: .after(.hours(1)), onSilence: .fence,
            recurrence: LeaseRecurrence(rhythm: .daily, count: 4))
        guard case .granted(let view) = registry.ask(.createLease(terms)) else { return }
        registry.advance(.hours(1))
        registry.append(.leaseEnding(view.lease, cause: .lapsed))
        registry.retire(view.lease)
        registry.advance(.hours(30))
        for _ in 0..<4 { registry.ask(.setQuota(tenant: "acme", quota: 50)) }
        guard case .cancelled = registry.ask(.cancelLease(view.lease)) else {
            Issue.record("the rest of the lease is lost")
            return
        }
        #expect(registry.book.statusView.leases.confirmed == 0)
        #expect(registry.book.checkInvariants() == [])
    }

    @Test("what moves to a node where the lease has GPUs already is joined there, CPU and memory with it")
    func joinedOnANode() {
        var scenario = Scenario()
        for line in [
            "fleet s racks=2 nodes=1 gpus=8 cpu=31 memory=100Gi", "report all", "tenant acme quota=100",
            "lease acme gpu 6 start=+1h term=1h spread=rack call=spread", "silent s/hall-1/rack-1/node-1", "wait 1h",
        ] { _ = scenario.run(line) }
        #expect(scenario.run("begin").count == 2)
        #expect(scenario.run("show spread").last == "  s/hall-1/rack-2/node-1: 0-5")
        #expect(scenario.registry.book.checkInvariants() == [])
        // What falls to the two that are left is theirs, and no more.
        #expect(scenario.run("lease acme gpu 2 term=30m").first?.hasPrefix("granted") == true)
        #expect(scenario.run("lease acme gpu 1 term=30m").first?.hasPrefix("refused") == true)
        #expect(scenario.registry.replayed() == scenario.registry.book)
    }
}

extension [FleetPart] {
    /// All of them as one part.
    fileprivate var whole: FleetPart {
        FleetPart(
            importHash: 9, part: 0, partCount: 1, kinds: flatMap(\.kinds), places: flatMap(\.places),
            runs: flatMap(\.runs))
    }
}
