import LeaseholdBroker
import LeaseholdModel
import Testing

/// Slices, shares and CPU under random requests, held against hardware: never more than there is, at any instant.
@Suite("Parts of nodes")
struct PartTests {
    private static let stepCount = 400

    @Test(
        "whatever is asked for, cuts are legal, GPUs and CPU are promised once, and the book is read back the same",
        arguments: 1...16 as ClosedRange<UInt64>)
    func laws(seed: UInt64) {
        var walk = PartWalk(seed: seed)
        for step in 0..<Self.stepCount {
            walk.step()
            let complaints = walk.registry.book.checkInvariants() + Bill(walk.registry.book).complaints
            guard complaints.isEmpty else {
                Issue.record("seed \(seed), step \(step): \(complaints)")
                return
            }
        }
        #expect(walk.registry.replayed().digest() == walk.registry.book.digest())
        #expect(walk.registry.replayed() == walk.registry.book)
        #expect(walk.partCount > 30 && walk.refusalCount > 10, "the walk did too little")
    }

    @Test("a refused change leaves the book as it was")
    func refusal() {
        var walk = PartWalk(seed: 4)
        for _ in 0..<60 { walk.step() }
        let before = walk.registry.book
        let reply = walk.registry.ask(.createLease(walk.terms(.share, share: 999, count: 1_000)))
        guard case .refused = reply else {
            Issue.record("\(reply)")
            return
        }
        #expect(walk.registry.book.leases == before.leases && walk.registry.book.calendar == before.calendar)
        #expect(walk.registry.book.fleet == before.fleet && walk.registry.book.demand == before.demand)
    }

    @Test("small slices fill a GPU before they begin another, in every order of profiles that fits")
    func packing() throws {
        let names = ["1g.10gb", "1g.20gb", "2g.20gb", "3g.40gb"]
        for (first, second) in names.flatMap({ first in names.map { (first, $0) } }) {
            var registry = Registry(.site(nodes: 2, gpus: 2, cpu: Millicores(64_000), memory: Mebibytes(65_536)))
            registry.carve()
            let profiles = [first, second]
            let placements = try profiles.map { profile in
                let terms = LeaseTerms(
                    tenant: "acme", unit: .slice, count: 1, kinds: [], shape: UnitShape(profile: profile),
                    end: .after(.hours(2)), onSilence: .fence)
                guard case .granted(let view) = registry.ask(.createLease(terms)) else {
                    throw NotGranted(profiles: profiles)
                }
                return view.placements[0]
            }
            #expect(placements[0].node == placements[1].node && placements[0].gpus == placements[1].gpus, "\(profiles)")
        }
    }

    @Test("CPU alone goes where it strands no GPU of those that usually come")
    func balance() throws {
        var fleet = FleetDeclaration.site(nodes: 1, gpus: 4, cpu: Millicores(16_000), memory: Mebibytes(65_536))
        let first = fleet.runs[0]
        fleet.runs.append(
            NodeRun(
                rack: first.rack, namePrefix: "big-", firstNumber: 1, count: 1, kind: first.kind,
                gpusPerNode: first.gpusPerNode, envelope: first.envelope, cpu: Millicores(64_000),
                memory: Mebibytes(65_536)))
        var registry = Registry(fleet)
        registry.carve()
        func terms(_ unit: LeaseUnit) -> LeaseTerms {
            LeaseTerms(
                tenant: "acme", unit: unit, count: 1, kinds: [],
                shape: UnitShape(cpu: Millicores(8_000), memory: Mebibytes(1_024)), end: .after(.seconds(60)),
                onSilence: .fence)
        }
        for _ in 0..<16 {
            guard case .granted(let view) = registry.ask(.createLease(terms(.gpu))) else { continue }
            registry.append(.leaseEnding(view.lease, cause: .lapsed))
            registry.append(
                .partitionsRetired(view.lease, nodes: view.placements.map(\.node), proof: .acknowledged))
        }
        // The small node has CPU for two GPUs of four, the big one for more than it has.
        guard case .granted(let view) = registry.ask(.createLease(terms(.cpu))) else {
            Issue.record("CPU alone is refused")
            return
        }
        #expect(view.placements.map(\.node) == [NodeID(rawValue: 1)])
    }

    @Test("what falls to GPUs is the same however leases are counted together")
    func additive() {
        // 200 cores over 3 GPUs leave a remainder.
        var registry = Registry(.site(nodes: 1, gpus: 3, cpu: Millicores(200_000), memory: Mebibytes(100)))
        registry.carve()
        func ask(_ cpu: Millicores?) -> Reply {
            registry.ask(
                .createLease(
                    LeaseTerms(
                        tenant: "acme", unit: .gpu, count: 1, kinds: [],
                        shape: UnitShape(cpu: cpu, memory: cpu.map { _ in Mebibytes(1) }), end: .after(.hours(2)),
                        onSilence: .fence)))
        }
        for cpu in [nil, nil, Millicores(66_668)] {
            guard case .granted = ask(cpu) else {
                Issue.record("the lease with \(cpu?.description ?? "what falls to it") is refused")
                return
            }
        }
        #expect(registry.book.checkInvariants() == [])
    }

    @Test("a thousand parts of a GPU draw no more than the GPU")
    func manyShares() {
        var registry = Registry(.site(nodes: 1, gpus: 1, siteLimit: Watts(1_200)))
        registry.carve()
        for _ in 0..<1_000 {
            _ = registry.ask(
                .createLease(
                    LeaseTerms(
                        tenant: "acme", unit: .share, count: 1, kinds: [], shape: UnitShape(share: 1),
                        end: .after(.hours(2)), onSilence: .fence)))
        }
        #expect(registry.book.fleet.places[0].committed <= Watts(1_200))
        #expect(registry.book.checkInvariants() == [])
    }

    @Test("an import with more sets of labels than the house can number is refused")
    func manyLabels() {
        var fleet = FleetDeclaration.site()
        fleet.runs = (0...Limits.labelSetCountMax).map { number in
            NodeRun(
                rack: fleet.runs[0].rack, namePrefix: "n\(number)", firstNumber: nil, count: 1, kind: "H100",
                gpusPerNode: 8, envelope: Watts(9_600), labels: [NodeLabel(key: "serial", value: "s\(number)")])
        }
        var registry = Registry()
        let replies = fleet.parts(importHash: 1).map { registry.ask(.importFleet($0)) }
        guard case .refused(.invalid(let field, _, _)) = replies.last else {
            Issue.record("\(replies.count) parts are taken")
            return
        }
        #expect(field.hasSuffix(".labels"))
    }

    private struct NotGranted: Error { let profiles: [String] }
}

extension Registry {
    /// Every node's agent says that it can hand out everything.
    mutating func carve() {
        for offset in 0..<book.nodeCount {
            let node = NodeID(rawValue: UInt32(offset))
            append(.nodeReported(node: node, hardware: 1_000 + UInt64(offset), traits: .handsOut))
        }
    }
}

/// One random history of leases of parts, beside some of whole GPUs.
struct PartWalk {
    var registry: Registry
    var partCount = 0
    var refusalCount = 0
    private var chance: Seeded

    init(seed: UInt64) {
        chance = Seeded(seed: seed)
        registry = Registry(
            .site(
                racks: 2, nodes: 2, gpus: 3, siteLimit: seed % 3 == 0 ? Watts(9_000) : nil, cpu: Millicores(48_000),
                memory: Mebibytes(98_305), areLabelled: true), quota: 10_000)
        registry.turnaround = .seconds(Int64(seed % 2) * 300)
        registry.carve()
    }

    mutating func step() {
        registry.advance(.seconds(Int64(chance.below(900))))
        for lease in registry.book.due(at: registry.clock.calendar, countMax: 100) {
            while let record = registry.book.decideBegin(lease, in: registry.context) {
                registry.append(record)
                if case .leaseBegun = record { break }
            }
        }
        for lease in registry.book.lapsed(at: registry.clock.calendar, countMax: 100) {
            registry.append(.leaseEnding(lease, cause: .lapsed))
        }
        switch chance.below(12) {
        case 0..<7: lease()
        case 7..<9: retire()
        case 9: if let lease = pick([.starting, .active]) { ask(.releaseLease(lease)) }
        case 10: if let lease = pick([.confirmed]) { ask(.cancelLease(lease)) }
        default:
            if let lease = pick([.confirmed, .starting]) {
                ask(.extendLease(lease, to: .after(.seconds(Int64(60 + chance.below(4_000))))))
            }
        }
    }

    func terms(
        _ unit: LeaseUnit, profile: String? = nil, share: UInt16? = nil, count: Int, start: LeaseStart = .now,
        cpu: Millicores? = nil, within: LeaseReach? = nil, spread: PlaceLevel? = nil, term: Int = 3_600
    ) -> LeaseTerms {
        LeaseTerms(
            tenant: "acme", unit: unit, count: UInt32(count), kinds: [],
            shape: UnitShape(profile: profile, share: share, cpu: cpu), start: start,
            end: .after(.seconds(Int64(term))), onSilence: .fence, within: within, spread: spread)
    }

    private mutating func lease() {
        let profiles = ["1g.10gb", "1g.20gb", "2g.20gb", "3g.40gb", "4g.40gb", "7g.80gb"]
        let start: LeaseStart =
            chance.chance(60)
            ? .now
            : chance.chance(40) ? .soonest : .at(registry.clock.calendar + .seconds(Int64(chance.below(8_000))))
        let within: LeaseReach? = chance.chance(25) ? [.node, .rack, .nvlinkDomain][chance.below(3)] : nil
        let spread: PlaceLevel? = within == nil && chance.chance(20) ? .rack : nil
        let cpu: Millicores? = chance.chance(30) ? Millicores(UInt32(1 + chance.below(9_000))) : nil
        let count = 1 + chance.below(chance.chance(70) ? 2 : 6)
        let term = 60 + chance.below(9_000)
        let asked: LeaseTerms =
            switch chance.below(5) {
            case 0, 1:
                terms(
                    .slice, profile: profiles[chance.below(profiles.count)], count: count, start: start, cpu: cpu,
                    within: within, spread: spread, term: term)
            case 2:
                terms(
                    .share, share: UInt16(1 + chance.below(999)), count: count, start: start, cpu: cpu, within: within,
                    spread: spread, term: term)
            case 3:
                terms(
                    .cpu, count: count, start: start, cpu: cpu ?? Millicores(2_000), within: within, spread: spread,
                    term: term)
            default:
                terms(.gpu, count: count, start: start, cpu: cpu, within: within, spread: spread, term: term)
            }
        ask(.createLease(asked))
    }

    private mutating func ask(_ request: Request) {
        switch registry.ask(request) {
        case .granted: partCount += 1
        case .refused: refusalCount += 1
        default: break
        }
    }

    private mutating func retire() {
        guard let lease = pick([.ending]) else { return }
        let nodes = registry.book.unretired(lease).map(\.node)
        registry.append(.partitionsRetired(lease, nodes: nodes, proof: .acknowledged))
    }

    private mutating func pick(_ states: [LeaseState]) -> LeaseID? {
        let some = registry.book.leases.rows.map(\.id).filter { id in
            registry.book.lease(id).map { states.contains($0.state) } ?? false
        }
        return some.isEmpty ? nil : some[chance.below(some.count)]
    }
}

/// What leases have of the hardware, added up instant by instant, without a line of the book's own arithmetic.
private struct Bill {
    var complaints: [String] = []

    init(_ book: LeaseBook) {
        let rows = book.leases.rows.filter { !$0.state.isFinal }
        let stays = rows.map { row in
            (row, from: row.part.startsAt, until: row.part.endsAt + row.granted.turnaround)
        }
        let instants = Set(stays.map(\.from) + [book.lastInstant])
        for instant in instants where instant >= book.lastInstant {
            judge(stays.filter { $0.from <= instant && instant < $0.until }.map(\.0), book, instant)
        }
        // What has begun and is not off its node is there, whatever its time.
        judge(rows.filter { $0.begun != nil }, book, book.lastInstant)
        for row in rows where row.granted.unit == .slice { judgeCuts(of: row, book) }
    }

    private mutating func judge(_ rows: [LeaseRow], _ book: LeaseBook, _ instant: CalendarInstant) {
        for offset in 0..<book.nodeCount {
            var shares = Array(repeating: 0, count: GPUSet.countMax)
            var slices = Array(repeating: [Int](repeating: 0, count: 8), count: GPUSet.countMax)
            var cpu = 0
            let shape = book.fleet.nodes[offset].shape
            for placement in rows.flatMap(\.unretired) where placement.node.offset == offset {
                let use = placement.use
                cpu += use.isWhole ? Int(shape.cpu.count) * placement.gpus.count / shape.gpuCount : Int(use.cpu.count)
                for position in placement.gpus.positions {
                    if use.slices.isEmpty {
                        shares[position] += use.share == 0 ? 1_000 : Int(use.share)
                    } else {
                        let mask = use.slices.mask(ofGPU: position)
                        for slice in 0..<8 where mask >> slice & 1 == 1 { slices[position][slice] += 1 }
                    }
                }
            }
            for position in 0..<GPUSet.countMax
            where shares[position] > 1_000 || slices[position].contains(where: { $0 > 1 })
                || shares[position] > 0 && slices[position].contains(1)
            {
                complaints.append("GPU \(position) of node \(offset) is promised twice at \(instant)")
            }
            if cpu > Int(shape.cpu.count) { complaints.append("node \(offset) has promised \(cpu)m at \(instant)") }
        }
    }

    /// Every cut is made of legal instances of the profile: as many as the placement has slices for.
    private mutating func judgeCuts(of row: LeaseRow, _ book: LeaseBook) {
        let profile = GPUKind.catalogue[0].profiles.first { $0.name == row.granted.shape.profile }
        guard let profile else {
            complaints.append("lease \(row.id) has no profile")
            return
        }
        var instanceCount = 0
        for placement in row.part.placements {
            for position in placement.gpus.positions {
                var left = placement.use.slices.mask(ofGPU: position)
                for start in 0..<8 where profile.starts >> start & 1 == 1 {
                    let instance = UInt8((1 << profile.memorySliceCount - 1) << start & 0xFF)
                    guard left & instance == instance else { continue }
                    left &= ~instance
                    instanceCount += 1
                }
                if left != 0 { complaints.append("lease \(row.id) has slices that no instance can have") }
            }
        }
        if instanceCount != Int(row.granted.count) {
            complaints.append("lease \(row.id) has \(instanceCount) of \(row.granted.count) instances")
        }
    }
}
