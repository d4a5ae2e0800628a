import LeaseholdModel

/// Who holds what, kept as simply as can be and without a line of the book: it reads records and complains.
struct NaiveModel {
    struct GPU: Hashable {
        let node: Int
        let position: Int
    }
    struct Node {
        let path: String
        let kind: String
        let gpus: Int
        let envelope: Int64
        let idle: Int64
        var isReady = false
        /// What the book does not have may run there.
        var isDoubted = false
        var isCordoned = false
        var unhealthy: Set<Int> = []
    }
    struct Lease {
        let tenant: Int
        var left: Set<GPU>
        /// What its tenant has of it; what it gave back and still holds counts until it is off the node.
        var all: Int
        var givenBack: Set<GPU> = []
        var startsAt: CalendarInstant
        var endsAt: CalendarInstant
        let turnaround: Span
        var hasBegun = false
        var isEnding = false

        /// Whether it has its GPUs at some instant of a window.
        func has(_ window: Window) -> Bool {
            Window(from: startsAt, until: endsAt + turnaround).overlaps(window)
        }
    }

    var nodes: [Node] = []
    var limits: [(path: String, watts: Int64)] = []
    var holder: [GPU: UInt64] = [:]
    var leases: [UInt64: Lease] = [:]
    /// Those that hold nothing and are promised nothing.
    var waitlist: Set<UInt64> = []
    var quotas: [Int] = []
    var complaints: [String] = []

    init(_ fleet: FleetDeclaration) {
        for place in fleet.places {
            if let limit = place.limit { limits.append((place.path, limit.count)) }
        }
        for run in fleet.runs {
            let idle = GPUKind.catalogue.first { $0.name == run.kind }?.idleFloor.count ?? 0
            for offset in 0..<run.count {
                let path = fleet.places[Int(run.rack)].path + "/" + run.name(at: offset)
                nodes.append(
                    Node(
                        path: path, kind: run.kind, gpus: Int(run.gpusPerNode), envelope: run.envelope.count, idle: idle
                    )
                )
            }
        }
    }

    /// GPUs that could be granted over a window, one by one.
    func free(kind: String? = nil, over window: Window, isNow: Bool, at now: CalendarInstant) -> [GPU] {
        var taken: Set<GPU> = []
        for lease in leases.values {
            let isOverdue = lease.hasBegun && (isNow || lease.endsAt + lease.turnaround <= now)
            if isOverdue || lease.has(window) { taken.formUnion(lease.left) }
        }
        return nodes.indices.flatMap { node -> [GPU] in
            guard nodes[node].isReady, !nodes[node].isCordoned, kind == nil || nodes[node].kind == kind else {
                return []
            }
            return (0..<nodes[node].gpus).filter { !nodes[node].unhealthy.contains($0) }
                .map { GPU(node: node, position: $0) }.filter { !taken.contains($0) }
        }
    }

    /// The most that a tenant has at once over a window; what it holds now counts for a lease that begins now.
    func held(by tenant: Int, over window: Window, isNow: Bool) -> Int {
        let own = leases.values.filter { $0.tenant == tenant }
        let instants = [window.from] + own.map(\.startsAt).filter { window.contains($0) }
        let promised =
            instants.map { instant in
                own.filter { $0.startsAt <= instant && instant < $0.endsAt && !$0.isEnding }.reduce(0) { $0 + $1.all }
            }.max() ?? 0
        return isNow
            ? max(promised, own.filter(\.hasBegun).reduce(0) { $0 + $1.all + $1.givenBack.count }) : promised
    }

    /// The envelope of one GPU: the remainder of the division goes to the lowest positions.
    private func envelope(_ gpu: GPU) -> Int64 {
        let node = nodes[gpu.node]
        let extra: Int64 = Int64(gpu.position) < node.envelope % Int64(node.gpus) ? 1 : 0
        return node.envelope / Int64(node.gpus) + extra
    }

    private func watts(below path: String, isLeased: (GPU) -> Bool) -> Int64 {
        var sum: Int64 = 0
        for (offset, node) in nodes.enumerated() where node.path.hasPrefix(path + "/") {
            for position in 0..<node.gpus {
                let gpu = GPU(node: offset, position: position)
                sum += isLeased(gpu) ? envelope(gpu) : min(node.idle, envelope(gpu))
            }
        }
        return sum
    }

    mutating func take(_ entry: LogEntry) {
        switch entry.record {
        case .reignBegan: for offset in nodes.indices { nodes[offset].isReady = false }
        case .fleetPartImported, .requestRefused, .leaseActivated, .partitionSanitised, .headCountersigned: break
        case .ticketNoted: break
        case .tenantCreated(_, let quota): quotas.append(Int(quota))
        case .tenantQuotaSet(let tenant, let quota): quotas[tenant.offset] = Int(quota)
        case .nodeCordonSet(let node, let isCordoned): nodes[node.offset].isCordoned = isCordoned
        case .nodeReported(let node, _, _): (nodes[node.offset].isReady, nodes[node.offset].isDoubted) = (true, false)
        case .nodesSetAside(let some, _, let reason):
            for node in some {
                nodes[node.offset].isReady = false
                if [.strangerListed, .witnessAhead].contains(reason) { nodes[node.offset].isDoubted = true }
            }
        case .gpuHealthChanged(let node, let unhealthy): nodes[node.offset].unhealthy = Set(unhealthy.positions)
        case .leaseGranted(let granted):
            for (number, part) in granted.parts.enumerated() {
                promise(granted, part, LeaseID(entry.index, part: number).rawValue, entry.at)
            }
            if granted.begun != nil { begin(entry.index.rawValue) }
        case .leaseWaitlisted: waitlist.insert(entry.index.rawValue)
        case .leaseConfirmed(let lease, let granted):
            if waitlist.remove(lease.rawValue) == nil { complaints.append("\(lease) did not wait") }
            promise(granted, granted.first, lease.rawValue, entry.at)
            if granted.begun != nil { begin(lease.rawValue) }
        case .leaseShrunk(_, _, let parts): for part in parts { shrink(part, entry.at) }
        case .leaseBegun(let lease, _): begin(lease.rawValue)
        case .leaseMoved(let lease, let placements, _): move(lease.rawValue, to: NaiveModel.gpus(of: placements))
        case .leaseExtended(let lease, let endsAt, _, _):
            for id in leases.keys where isMeant(id, by: lease) && leases[id]?.isEnding == false {
                guard let row = leases[id] else { continue }
                check(row.left, id, Window(from: row.endsAt + row.turnaround, until: endsAt + row.turnaround))
                leases[id]?.endsAt = endsAt
                judgeWatts(over: Window(from: row.endsAt, until: endsAt + row.turnaround), id)
                let added = Window(from: row.endsAt, until: endsAt)
                let held = held(by: row.tenant, over: added, isNow: false)
                if held > quotas[row.tenant] { complaints.append("\(lease) is over quota with \(held)") }
            }
        case .leaseEnding(let lease, let cause):
            waitlist.remove(lease.rawValue)
            for id in leases.keys {
                let isMeant = cause == .lapsed ? id == lease.rawValue : isMeant(id, by: lease)
                guard isMeant, let row = leases[id] else { continue }
                if row.hasBegun { leases[id]?.isEnding = true } else { leases[id] = nil }
            }
        case .partitionsRetired(let lease, let some, _):
            for node in some {
                for gpu in leases[lease.rawValue]?.left ?? [] where gpu.node == node.offset {
                    if holder[gpu] != lease.rawValue { complaints.append("\(lease) gave back what it did not hold") }
                    holder[gpu] = nil
                    leases[lease.rawValue]?.left.remove(gpu)
                    let wasGiven = leases[lease.rawValue]?.givenBack.remove(gpu) != nil
                    if !wasGiven, leases[lease.rawValue]?.isEnding == false {
                        complaints.append("\(lease) runs and lost \(gpu)")
                    }
                }
            }
            if leases[lease.rawValue]?.left.isEmpty == true { leases[lease.rawValue] = nil }
        }
    }

    private mutating func move(_ lease: UInt64, to gpus: Set<GPU>) {
        let before = leases[lease]?.left ?? []
        leases[lease]?.left = []
        if let row = leases[lease] {
            check(gpus, lease, Window(from: row.startsAt, until: row.endsAt + row.turnaround))
        }
        leases[lease]?.left = gpus
        judgeReadiness(of: gpus.subtracting(before), lease)
        if let row = leases[lease] {
            judgeWatts(over: Window(from: row.startsAt, until: row.endsAt + row.turnaround), lease)
        }
    }

    /// Less than before: at once where it has not begun, else when its nodes have proved it.
    private mutating func shrink(_ part: ShrunkPart, _ now: CalendarInstant) {
        let id = part.lease.rawValue
        guard let row = leases[id], !row.isEnding else {
            complaints.append("\(part.lease) shrinks and is not there")
            return
        }
        let kept = NaiveModel.gpus(of: part.placements)
        if !kept.isSubset(of: row.left) { complaints.append("\(part.lease) keeps what it has not") }
        guard row.hasBegun else {
            leases[id]?.left = kept
            leases[id]?.all = kept.count
            if kept.isEmpty { leases[id] = nil }
            return
        }
        guard !kept.isEmpty else {
            leases[id]?.isEnding = true
            return
        }
        let given = row.left.subtracting(kept).subtracting(row.givenBack)
        if Set(given.map(\.node)).contains(where: { node in kept.contains { $0.node == node } }) {
            complaints.append("\(part.lease) keeps a part of a node and gives back the rest")
        }
        leases[id]?.givenBack.formUnion(given)
        leases[id]?.all = kept.count
    }

    /// Whether what is said of a lease is said of this part too.
    private func isMeant(_ id: UInt64, by lease: LeaseID) -> Bool {
        id == lease.rawValue || lease.part == 0 && LeaseID(rawValue: id).whole == lease
    }

    private static func gpus(of placements: [Placement]) -> Set<GPU> {
        Set(
            placements.flatMap { placement in
                placement.gpus.positions.map { GPU(node: placement.node.offset, position: $0) }
            })
    }

    /// Nobody else has one of these GPUs over a window (L1).
    private mutating func check(_ gpus: Set<GPU>, _ id: UInt64, _ window: Window) {
        for (other, row) in leases where other != id && row.has(window) && !row.left.isDisjoint(with: gpus) {
            complaints.append("L1: L\(id) is promised GPUs that L\(other) has then")
        }
    }

    private mutating func promise(
        _ granted: LeaseGranted, _ part: LeasePart, _ id: UInt64, _ now: CalendarInstant
    ) {
        let gpus = NaiveModel.gpus(of: part.placements)
        let stay = Window(from: part.startsAt, until: part.endsAt + granted.turnaround)
        check(gpus, id, stay)
        judgeReadiness(of: gpus, id)
        let watts = gpus.reduce(0) { $0 + envelope($1) }
        if watts != part.watts.count { complaints.append("L\(id) has \(part.watts), not \(watts)") }
        leases[id] = Lease(
            tenant: granted.tenant.offset, left: gpus, all: gpus.count, startsAt: part.startsAt, endsAt: part.endsAt,
            turnaround: granted.turnaround)
        let held = held(by: granted.tenant.offset, over: part.window, isNow: part.startsAt <= now)
        if held > quotas[granted.tenant.offset] { complaints.append("L\(id) is over quota with \(held)") }
        judgeWatts(over: stay, id)
        let isWhole = part.placements.allSatisfy { $0.gpus.count == nodes[$0.node.offset].gpus }
        let count = granted.further.isEmpty ? Int(granted.count) : nil
        switch granted.unit {
        case .gpu: if let count, gpus.count != count { complaints.append("L\(id) got \(gpus.count) GPUs") }
        case .node:
            if let count, part.placements.count != count || !isWhole { complaints.append("L\(id) got parts of nodes") }
        case .nvlinkDomain, .rack, .hall, .site, .slice, .share, .cpu: break
        }
    }

    private mutating func judgeReadiness(of gpus: Set<GPU>, _ id: UInt64) {
        for gpu in gpus {
            let node = nodes[gpu.node]
            if !node.isReady || node.isCordoned || node.unhealthy.contains(gpu.position) {
                complaints.append("\(gpu) is promised to L\(id) and cannot be had")
            }
        }
    }

    /// At every instant of a window every feed carries what is promised below it (L11).
    private mutating func judgeWatts(over window: Window, _ id: UInt64) {
        for instant in [window.from] + leases.values.map(\.startsAt).filter({ window.contains($0) }) {
            var there: Set<GPU> = []
            for row in leases.values where row.has(Window(from: instant, until: instant + Span(nanoseconds: 1))) {
                there.formUnion(row.left)
            }
            for limit in limits {
                let sum = watts(below: limit.path) { there.contains($0) }
                if sum > limit.watts { complaints.append("L11: \(limit.path) promises \(sum) with L\(id)") }
            }
        }
    }

    private mutating func begin(_ id: UInt64) {
        for gpu in leases[id]?.left ?? [] {
            if let other = holder[gpu] { complaints.append("L1: \(gpu) is given to L\(id) and held by L\(other)") }
            holder[gpu] = id
        }
        leases[id]?.hasBegun = true
        let feeding = limits.filter { limit in
            leases[id]?.left.contains { nodes[$0.node].path.hasPrefix(limit.path + "/") } ?? false
        }
        for limit in feeding
        where watts(below: limit.path, isLeased: { holder[$0] != nil || nodes[$0.node].isDoubted }) > limit.watts {
            complaints.append("L11: \(limit.path) after L\(id)")
        }
    }

    /// The names that a path has in common with another, as a count: the closer, the more.
    func smallestEnclosure(ofAtLeast count: Int, in free: [GPU]) -> Int {
        for depth in [4, 3, 2, 1] {
            var room: [String: Int] = [:]
            for gpu in free {
                let place = nodes[gpu.node].path.split(separator: "/").prefix(depth).joined(separator: "/")
                room[place, default: 0] += 1
            }
            if room.values.contains(where: { $0 >= count }) { return depth }
        }
        return 0
    }

    func enclosure(of placements: [Placement]) -> Int {
        let paths = placements.map { nodes[$0.node.offset].path.split(separator: "/") }
        return [4, 3, 2, 1].first { depth in
            Set(paths.map { $0.prefix(depth).joined(separator: "/") }).count == 1
        } ?? 0
    }
}
