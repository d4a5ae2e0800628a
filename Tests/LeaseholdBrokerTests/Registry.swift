import LeaseholdBroker
import LeaseholdModel

/// A book with a coordinator around it, as small as it can be: it keeps the log, the clock and the request ids.
struct Registry {
    var book = LeaseBook()
    var log: [LogEntry] = []
    var clock = Now(
        boot: BootInstant(nanoseconds: 1_000_000_000),
        // Monday, 2027-01-04T00:00:00Z
        calendar: CalendarInstant(nanoseconds: 1_799_020_800_000_000_000))
    var boot = BootID(high: 1, low: 1)
    var holds = HoldSettings.standard
    var turnaround = Span.zero
    private var chance: UInt64 = 0

    static let operations = Principal(role: .operator, name: "ops")
    static func tenant(_ name: String) -> Principal { Principal(role: .tenant, name: name) }

    init() { begin() }

    /// A registry whose fleet has reported and whose tenant `acme` may hold so many GPUs.
    init(_ fleet: FleetDeclaration, quota: UInt32 = 1_000_000) {
        self.init()
        importFleet(fleet)
        reportAll()
        createTenant("acme", quota: quota)
    }

    var context: DecisionContext {
        DecisionContext(
            now: clock, reign: book.reign, nextIndex: book.head.next, boot: boot, holds: holds, turnaround: turnaround)
    }

    mutating func advance(_ span: Span) {
        clock.boot = clock.boot + span
        clock.calendar = clock.calendar + span
    }

    // MARK: Records

    @discardableResult
    mutating func append(_ record: Record, by principal: Principal = .coordinator, key: RequestKey? = nil) -> LogEntry {
        let entry = LogEntry(
            index: book.head.next, at: max(clock.calendar, book.lastInstant), principal: principal, request: key,
            record: record)
        log.append(entry)
        book.evolve(entry)
        return entry
    }

    mutating func begin() {
        append(
            .reignBegan(
                ReignBegan(
                    reign: book.reign.next, incarnation: Incarnation(high: 7, low: book.head.rawValue), boot: boot,
                    holds: holds)))
    }

    mutating func report(_ node: NodeID) {
        append(.nodeReported(node: node, hardware: 1_000 + UInt64(node.rawValue)))
    }

    mutating func reportAll() {
        for offset in 0..<book.nodeCount { report(NodeID(rawValue: UInt32(offset))) }
    }

    mutating func retire(_ lease: LeaseID) {
        let nodes = book.unretired(lease).map(\.node)
        append(.partitionsRetired(lease, nodes: nodes, proof: .acknowledged))
    }

    @discardableResult
    mutating func importFleet(_ fleet: FleetDeclaration, hash: UInt64 = 1) -> Reply? {
        var last: Reply?
        for part in fleet.parts(importHash: hash) { last = ask(.importFleet(part)) }
        return last
    }

    mutating func createTenant(_ name: String, quota: UInt32) { ask(.createTenant(name: name, quota: quota)) }

    // MARK: Requests

    mutating func newKey(body: UInt64 = 1) -> RequestKey {
        chance += 1
        return RequestKey(id: RequestID(at: clock.calendar, chance: (chance, chance)), bodyHash: body)
    }

    /// Asks as a client does; the steps of the coordinator without its waits.
    @discardableResult
    mutating func ask(
        _ request: Request, by principal: Principal = Registry.operations, key: RequestKey? = nil
    ) -> Reply {
        guard request.isChange else { return book.answer(request, by: principal, in: context) }
        let key = key ?? newKey()
        switch book.remembered(key, of: principal) {
        case .reply(let reply): return reply
        case .otherBody: return .refused(.requestReused(id: key.id))
        case nil: break
        }
        if let refusal = book.complaint(about: key, of: principal, askedAt: key.id.askedAt, at: clock.calendar) {
            return .refused(refusal)
        }
        let record: Record =
            switch book.decide(request, by: principal, in: context) {
            case .record(let record): record
            case .refuse(let refusal): .requestRefused(refusal)
            }
        let entry = append(record, by: principal, key: key)
        return book.reply(for: entry)
    }

    @discardableResult
    mutating func lease(
        _ count: Int, _ unit: LeaseUnit = .gpu, kinds: [String] = [], tenant: String = "acme",
        term: Span = .hours(2), onSilence: SilenceMode = .fence
    ) -> Reply {
        ask(.createLease(.terms(count, unit, kinds: kinds, tenant: tenant, term: term, onSilence: onSilence)))
    }

    /// A lease that must be granted.
    mutating func granted(_ count: Int, _ unit: LeaseUnit = .gpu, kinds: [String] = []) throws -> LeaseGrantView {
        let reply = lease(count, unit, kinds: kinds)
        guard case .granted(let view) = reply else { throw NotGranted(reply: reply) }
        return view
    }

    struct NotGranted: Error { let reply: Reply }

    /// The book that another process makes of the same log.
    func replayed() -> LeaseBook {
        var book = LeaseBook()
        for entry in log { book.evolve(entry) }
        return book
    }
}

extension LeaseTerms {
    static func terms(
        _ count: Int, _ unit: LeaseUnit = .gpu, kinds: [String] = [], tenant: String = "acme",
        term: Span = .hours(2), start: LeaseStart = .now, onSilence: SilenceMode = .fence
    ) -> LeaseTerms {
        LeaseTerms(
            tenant: tenant, unit: unit, count: UInt32(count), kinds: kinds, start: start, end: .after(term),
            onSilence: onSilence)
    }
}

extension FleetDeclaration {
    /// A site of equal racks.
    ///
    /// Envelopes are 1,200 W a GPU unless they are stated; so H100s add 1,041 W each when leased.
    static func site(
        _ name: String = "s", halls: Int = 1, racks: Int = 1, nodes: Int = 1, gpus: Int = 8, kind: String = "H100",
        envelope: Watts? = nil, rackLimit: Watts? = nil, hallLimit: Watts? = nil, siteLimit: Watts? = nil,
        cpu: Millicores = .zero, memory: Mebibytes = .zero, areLabelled: Bool = false
    ) -> FleetDeclaration {
        var fleet = FleetDeclaration()
        fleet.places.append(PlaceDeclaration(path: name, limit: siteLimit))
        for hall in 1...halls {
            let hallPath = "\(name)/hall-\(hall)"
            fleet.places.append(PlaceDeclaration(path: hallPath, limit: hallLimit))
            for rack in 1...racks {
                fleet.runs.append(
                    NodeRun(
                        rack: UInt32(fleet.places.count), namePrefix: "node-", firstNumber: 1, count: UInt32(nodes),
                        kind: kind, gpusPerNode: UInt8(gpus), envelope: envelope ?? Watts(1_200) * gpus, cpu: cpu,
                        memory: memory,
                        labels: areLabelled
                            ? [
                                NodeLabel(key: "rack", value: "r\(rack)"),
                                NodeLabel(key: "zone", value: rack % 2 == 1 ? "east" : "west"),
                            ] : []))
                fleet.places.append(PlaceDeclaration(path: "\(hallPath)/rack-\(rack)", limit: rackLimit))
            }
        }
        return fleet
    }

    /// Racks of one hall, each a list of nodes as counts of GPUs of a kind.
    static func racks(_ racks: [[(gpus: Int, kind: String)]]) -> FleetDeclaration {
        var fleet = FleetDeclaration()
        fleet.places = [PlaceDeclaration(path: "s", limit: nil), PlaceDeclaration(path: "s/h", limit: nil)]
        for (number, nodes) in racks.enumerated() {
            for (position, node) in nodes.enumerated() {
                fleet.runs.append(
                    NodeRun(
                        rack: UInt32(fleet.places.count), namePrefix: "n\(position)", firstNumber: nil, count: 1,
                        kind: node.kind, gpusPerNode: UInt8(node.gpus), envelope: Watts(1_000) * node.gpus))
            }
            fleet.places.append(PlaceDeclaration(path: "s/h/r\(number)", limit: nil))
        }
        return fleet
    }

    /// Two fleets in one import.
    func and(_ other: FleetDeclaration) -> FleetDeclaration {
        var both = self
        both.kinds += other.kinds
        both.places += other.places
        both.runs += other.runs.map {
            NodeRun(
                rack: $0.rack + UInt32(places.count), namePrefix: $0.namePrefix, firstNumber: $0.firstNumber,
                count: $0.count, kind: $0.kind, gpusPerNode: $0.gpusPerNode, envelope: $0.envelope, cpu: $0.cpu,
                memory: $0.memory, labels: $0.labels)
        }
        return both
    }
}

/// The same numbers for the same seed, on every machine (SplitMix64).
struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
}
