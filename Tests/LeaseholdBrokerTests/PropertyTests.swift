import LeaseholdBroker
import LeaseholdModel
import Testing

/// Random fleets under random requests, reports, cordons, broken GPUs, releases, retirements and reigns.
@Suite("Whatever happens")
struct PropertyTests {
    private static let stepCount = 500

    @Test(
        "the laws hold after every record, and a model that knows nothing of the book agrees",
        arguments: 1...40 as ClosedRange<UInt64>)
    func laws(seed: UInt64) {
        var walk = Walk(seed: seed, isPowerLimited: seed % 2 == 0)
        for step in 0..<Self.stepCount {
            walk.step()
            let complaints = walk.registry.book.checkInvariants() + walk.naive.complaints + walk.complaints
            guard complaints.isEmpty else {
                Issue.record("seed \(seed), step \(step): \(complaints)")
                return
            }
        }
        #expect(walk.registry.replayed().digest() == walk.registry.book.digest())
        #expect(walk.registry.replayed() == walk.registry.book)
        #expect(walk.grantCount > 3 && walk.refusalCount > 3 && walk.promiseCount > 0, "the walk did too little")
        #expect(walk.waitedCount > 3, "the walk did too little")
    }

    @Test("in a few walks leases come off the waitlist, shrink and move")
    func whatWalksDo() {
        var sums = (confirmed: 0, resized: 0, moved: 0)
        for seed in 1...6 as ClosedRange<UInt64> {
            var walk = Walk(seed: seed, isPowerLimited: false)
            for _ in 0..<Self.stepCount { walk.step() }
            sums.confirmed += walk.confirmedCount
            sums.resized += walk.resizedCount
            sums.moved += walk.movedCount
        }
        #expect(sums.confirmed > 5 && sums.resized > 5 && sums.moved > 5, "\(sums)")
    }
}

extension LeaseBook {
    fileprivate var tenantViews: Reply {
        answer(.listTenants(Page(after: nil, countMax: 9)), by: Registry.operations, in: Registry().context)
    }
}

/// One random history.
struct Walk {
    var registry = Registry()
    var naive: NaiveModel
    var complaints: [String] = []
    var grantCount = 0
    var refusalCount = 0
    var promiseCount = 0
    var movedCount = 0
    var waitedCount = 0
    var confirmedCount = 0
    var resizedCount = 0
    private var chance: Seeded
    private let isPowerLimited: Bool
    private var seenCount = 0
    private var answers: [(key: RequestKey, request: Request, reply: Reply)] = []

    init(seed: UInt64, isPowerLimited: Bool) {
        chance = Seeded(seed: seed)
        self.isPowerLimited = isPowerLimited
        registry.turnaround = .seconds(Int64(chance.below(3)) * 300)
        let fleet = Walk.fleet(&chance, isPowerLimited)
        naive = NaiveModel(fleet)
        registry.importFleet(fleet)
        registry.createTenant("acme", quota: UInt32(60 + chance.below(140)))
        registry.createTenant("rival", quota: 60)
        registry.reportAll()
        follow()
    }

    private static func fleet(_ chance: inout Seeded, _ isPowerLimited: Bool) -> FleetDeclaration {
        var fleet = FleetDeclaration()
        let kinds = ["H100", "T4", "B200"]
        func limit(_ watts: Int) -> Watts? {
            isPowerLimited && chance.chance(60) ? Watts(Int64(watts / 2 + chance.below(watts))) : nil
        }
        for site in 0..<1 + chance.below(2) {
            fleet.places.append(PlaceDeclaration(path: "s\(site)", limit: limit(60_000)))
            for hall in 0..<1 + chance.below(2) {
                fleet.places.append(PlaceDeclaration(path: "s\(site)/h\(hall)", limit: limit(40_000)))
                for rack in 0..<1 + chance.below(3) {
                    let path = "s\(site)/h\(hall)/r\(rack)"
                    for run in 0..<1 + chance.below(2) {
                        fleet.runs.append(
                            NodeRun(
                                rack: UInt32(fleet.places.count), namePrefix: "n\(run)-", firstNumber: 1,
                                count: UInt32(1 + chance.below(3)), kind: kinds[chance.below(3)],
                                gpusPerNode: UInt8(1 + chance.below(8)),
                                envelope: Watts(Int64(900 + chance.below(9_000)))))
                    }
                    fleet.places.append(PlaceDeclaration(path: path, limit: limit(20_000)))
                }
            }
        }
        return fleet
    }

    /// Lets the other model read what has been recorded since.
    private mutating func follow() {
        for entry in registry.log[seenCount...] { naive.take(entry) }
        seenCount = registry.log.count
    }

    mutating func step() {
        registry.advance(.seconds(Int64(chance.below(1_200))))
        begin()
        follow()
        switch chance.below(26) {
        case 20...22: change()
        case 23, 24: offer()
        case 25: repair()
        case 0..<9: lease()
        case 9..<11: release()
        case 11..<14: retire()
        case 14: sweep()
        case 15: health()
        case 16, 17: visit()
        case 18: repeatRequest()
        default: rare()
        }
        follow()
    }

    private var node: NodeID {
        mutating get { NodeID(rawValue: UInt32(chance.below(registry.book.nodeCount))) }
    }

    private func leases(in states: [LeaseState]) -> [LeaseID] {
        registry.book.leases.rows.map(\.id).filter { id in
            registry.book.lease(id).map { states.contains($0.state) } ?? false
        }
    }

    private mutating func pick(_ states: [LeaseState]) -> LeaseID? {
        let some = leases(in: states)
        return some.isEmpty ? nil : some[chance.below(some.count)]
    }

    private mutating func lease() {
        let unit: LeaseUnit =
            chance.chance(70)
            ? .gpu : chance.chance(70) ? .node : [.site, .hall, .rack, .nvlinkDomain][chance.below(4)]
        let kinds = chance.chance(70) ? [] : chance.chance(50) ? ["H100", "T4"] : ["B200"]
        let count = unit == .gpu ? 1 + chance.below(chance.chance(80) ? 6 : 40) : 1 + chance.below(3)
        // Now and then so long that what comes daily touches itself.
        let term = Span.seconds(chance.chance(5) ? 86_390 : Int64(60 + chance.below(9_000)))
        let start = start()
        var steps: [LeaseStep] = []
        if count > 1, chance.chance(15) {
            let first = start == .now ? registry.clock.calendar : registry.clock.calendar + .hours(40)
            steps = [LeaseStep(count: 1, at: first), LeaseStep(count: UInt32(count), at: first + .seconds(30))]
        }
        let isSpread = chance.chance(10) && (unit == .gpu || unit == .node)
        let isWithin = !isSpread && chance.chance(10) && (unit == .gpu || unit == .node)
        let terms = LeaseTerms(
            tenant: chance.chance(70) ? "acme" : "rival", unit: unit, count: UInt32(count), kinds: kinds,
            start: steps.isEmpty || start == .now ? start : .at(steps[0].at), end: .after(term),
            onSilence: chance.chance(50) ? .fence : .keep,
            within: isWithin ? LeaseReach.allCases[chance.below(5)] : nil,
            spread: isSpread ? .rack : nil, steps: steps,
            recurrence: steps.isEmpty && chance.chance(10)
                ? LeaseRecurrence(rhythm: .daily, count: UInt32(1 + chance.below(3))) : nil,
            waitlist: chance.chance(15) ? .seconds(Int64(60 + chance.below(40_000))) : nil)
        let before = registry.book
        let now = max(registry.clock.calendar, before.lastInstant)
        let key = registry.newKey()
        let reply = registry.ask(.createLease(terms), key: key)
        answers.append((key, .createLease(terms), reply))
        switch reply {
        case .granted(let view):
            grantCount += 1
            if view.epoch == nil { promiseCount += 1 }
            let isPlain = steps.isEmpty && terms.recurrence == nil && !isSpread && !isWithin && terms.start != .soonest
            guard unit == .gpu, kinds.isEmpty, !isPowerLimited, isPlain, view.epoch == nil else { return }
            // The other model has not read the record yet.
            let free = naive.free(over: stay(of: view), isNow: false, at: now)
            if naive.enclosure(of: view.placements) != naive.smallestEnclosure(ofAtLeast: count, in: free) {
                complaints.append("\(count) GPUs could lie closer together than \(view.nodeNames)")
            }
        case .waitlisted(let waiting):
            waitedCount += 1
            if registry.book.lease(waiting.lease)?.state != .waitlisted || registry.book.fleet != before.fleet {
                complaints.append("\(waiting.lease) waits and has changed the book")
            }
        case .refused(let refusal):
            refusalCount += 1
            // Only what is older than a day may go with any record.
            if registry.book.fleet != before.fleet || registry.book.tenantViews != before.tenantViews
                || registry.book.endingLeases != before.endingLeases || registry.book.nextEnd != before.nextEnd
                || registry.book.nextStart != before.nextStart
            {
                complaints.append("a refusal changed the book")
            }
            if steps.isEmpty, terms.recurrence == nil, !isWithin { judge(refusal, terms, before, now) }
        default: complaints.append("\(reply)")
        }
    }

    private func stay(of view: LeaseGrantView) -> Window {
        Window(from: view.startsAt, until: view.endsAt + registry.turnaround)
    }

    private mutating func start() -> LeaseStart {
        switch chance.below(10) {
        case 0..<5: .now
        case 5..<8: .at(registry.clock.calendar + .seconds(Int64(chance.below(20_000))))
        default: .soonest
        }
    }

    /// Whether a refusal is right, as the other model sees it.
    private mutating func judge(_ refusal: Refusal, _ terms: LeaseTerms, _ before: LeaseBook, _ now: CalendarInstant) {
        let start: CalendarInstant
        if case .at(let instant) = terms.start { start = instant } else { start = now }
        guard case .after(let term) = terms.end else { return }
        let window = Window(from: start, until: start + term)
        let stay = window.extended(by: registry.turnaround)
        let isNow = start <= now
        let rooms = (terms.kinds.isEmpty ? [nil] : terms.kinds.map { $0 }).map {
            naive.free(kind: $0, over: stay, isNow: isNow, at: now).count
        }
        let free = rooms.max() ?? 0
        switch refusal {
        case .noCapacity(let asked, let grantable, _):
            if grantable != free || asked <= free {
                complaints.append("\(refusal.message), free are \(free) over \(stay) at \(now) for \(terms)")
            }
        case .noWholeNodes(.node, let asked, let grantable):
            if asked <= grantable { complaints.append(refusal.message) }
        case .noPower:
            if !isPowerLimited { complaints.append("\(refusal.message), and nothing is limited") }
        case .quotaExceeded(_, let quota, let held, let asked):
            let truth = naive.held(by: terms.tenant == "acme" ? 0 : 1, over: window, isNow: isNow)
            if held + asked <= quota || held != truth { complaints.append("\(refusal.message), truly \(truth)") }
        default: break
        }
    }

    /// What has come begins, or is moved, or waits.
    private mutating func begin() {
        for lease in registry.book.due(at: registry.clock.calendar, countMax: 5) {
            while let record = registry.book.decideBegin(lease, in: registry.context) {
                registry.append(record)
                if case .leaseBegun = record { break }
                movedCount += 1
            }
        }
    }

    private mutating func change() {
        guard let lease = pick([.waitlisted, .confirmed, .starting, .active]) else { return }
        let before = registry.book
        let request: Request =
            chance.chance(40)
            ? .extendLease(lease.whole, to: .after(.seconds(Int64(chance.below(6_000)))))
            : chance.chance(70)
                ? .resizeLease(lease.whole, count: UInt32(1 + chance.below(size(of: lease))))
                : .cancelLease(lease.whole)
        let reply = registry.ask(request)
        if case .resized = reply { resizedCount += 1 }
        guard case .refused = reply else { return }
        let nodes = (0..<before.nodeCount).map { NodeID(rawValue: UInt32($0)) }
        if nodes.contains(where: { registry.book.calendar.stays(on: $0) != before.calendar.stays(on: $0) })
            || registry.book.nextEnd != before.nextEnd || registry.book.nextStart != before.nextStart
        {
            complaints.append("a refused change changed the book")
        }
    }

    private func size(of lease: LeaseID) -> Int { max(1, registry.book.lease(lease)?.part.gpuCount ?? 1) }

    private mutating func release() {
        guard let lease = pick([.starting, .active]) else { return }
        if chance.chance(30), registry.book.lease(lease)?.state == .starting {
            registry.append(.leaseActivated(lease))
        } else {
            registry.ask(.releaseLease(lease))
        }
    }

    /// What has come free is offered along the waitlist, and whose time there is over leaves it.
    private mutating func offer() {
        for lease in registry.book.waitlistEnds(by: registry.clock.calendar, countMax: 5) {
            registry.append(.leaseEnding(lease, cause: .lapsed))
        }
        for lease in registry.book.waitlisted(after: nil, countMax: 50) {
            var walks = FleetWalks()
            guard let record = registry.book.decideConfirm(lease, &walks, in: registry.context) else { continue }
            registry.append(record)
            confirmedCount += 1
        }
    }

    private mutating func repair() {
        let now = registry.clock.calendar
        for lease in registry.book.threatened(from: RepairPlace(), at: now, countMax: 5).leases {
            guard let record = registry.book.decideRepair(lease, in: registry.context) else { continue }
            registry.append(record)
            movedCount += 1
        }
    }

    private mutating func retire() {
        let over = registry.book.retiring
        guard !over.isEmpty else { return }
        let lease = over[chance.below(over.count)].lease
        let nodes = over.filter { $0.lease == lease }.map(\.node).filter { _ in chance.chance(60) }
        if !nodes.isEmpty { registry.append(.partitionsRetired(lease, nodes: nodes, proof: .acknowledged)) }
    }

    private mutating func sweep() {
        for lease in registry.book.lapsed(at: registry.clock.calendar, countMax: 5) {
            registry.append(.leaseEnding(lease, cause: .lapsed))
        }
    }

    private mutating func health() {
        let node = node
        let gpus = GPUSet.first(registry.book.facts(of: node).gpuCount)
        let unhealthy = GPUSet(bits: UInt16(truncatingIfNeeded: chance.next() & chance.next())).intersection(gpus)
        registry.append(.gpuHealthChanged(node: node, unhealthy: unhealthy))
    }

    private mutating func visit() {
        let node = node
        let facts = registry.book.facts(of: node)
        switch chance.below(20) {
        case 0...3: registry.append(.nodesSetAside([node], state: .suspect, reason: .silent))
        case 4:
            let reasons = [NodeReason.strangerListed, .witnessAhead, .guardDown]
            let reason = reasons[chance.below(reasons.count)]
            registry.append(.nodesSetAside([node], state: .quarantined, reason: reason))
        case 5...8: registry.ask(facts.isCordoned ? .uncordonNode(name: facts.name) : .cordonNode(name: facts.name))
        default: registry.report(node)
        }
    }

    private mutating func repeatRequest() {
        guard !answers.isEmpty else { return }
        let old = answers[chance.below(answers.count)]
        guard registry.clock.calendar - old.key.id.askedAt < Limits.requestWindow else { return }
        let head = registry.book.head
        if registry.ask(old.request, key: old.key) != old.reply || registry.book.head != head {
            complaints.append("L2: another answer to request \(old.key.id)")
        }
    }

    private mutating func rare() {
        switch chance.below(3) {
        case 0:
            registry.begin()
            registry.reportAll()
        case 1: registry.ask(.setQuota(tenant: "rival", quota: UInt32(chance.below(100))))
        default: registry.advance(.hours(Int64(chance.below(30))))
        }
    }
}
