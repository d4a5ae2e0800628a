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
        var isCordoned = false
        var unhealthy: Set<Int> = []
    }
    struct Lease {
        let tenant: Int
        var left: Set<GPU>
        let all: Int
    }

    var nodes: [Node] = []
    var limits: [(path: String, watts: Int64)] = []
    var holder: [GPU: UInt64] = [:]
    var leases: [UInt64: Lease] = [:]
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

    /// GPUs that could be granted, one by one.
    func free(kind: String? = nil) -> [GPU] {
        nodes.indices.flatMap { node -> [GPU] in
            guard nodes[node].isReady, !nodes[node].isCordoned, kind == nil || nodes[node].kind == kind else {
                return []
            }
            return (0..<nodes[node].gpus).filter { !nodes[node].unhealthy.contains($0) }
                .map { GPU(node: node, position: $0) }.filter { holder[$0] == nil }
        }
    }

    func held(by tenant: Int) -> Int { leases.values.filter { $0.tenant == tenant }.reduce(0) { $0 + $1.all } }

    /// The envelope of one GPU: the remainder of the division goes to the lowest positions.
    private func envelope(_ gpu: GPU) -> Int64 {
        let node = nodes[gpu.node]
        let extra: Int64 = Int64(gpu.position) < node.envelope % Int64(node.gpus) ? 1 : 0
        return node.envelope / Int64(node.gpus) + extra
    }

    func committed(below path: String) -> Int64 {
        var sum: Int64 = 0
        for (offset, node) in nodes.enumerated() where node.path.hasPrefix(path + "/") {
            for position in 0..<node.gpus {
                let gpu = GPU(node: offset, position: position)
                sum += holder[gpu] == nil ? min(node.idle, envelope(gpu)) : envelope(gpu)
            }
        }
        return sum
    }

    mutating func take(_ entry: LogEntry) {
        switch entry.record {
        case .reignBegan: for offset in nodes.indices { nodes[offset].isReady = false }
        case .fleetPartImported, .requestRefused, .leaseActivated, .leaseEnding: break
        case .tenantCreated(_, let quota): quotas.append(Int(quota))
        case .tenantQuotaSet(let tenant, let quota): quotas[tenant.offset] = Int(quota)
        case .nodeCordonSet(let node, let isCordoned): nodes[node.offset].isCordoned = isCordoned
        case .nodeReported(let node, _): nodes[node.offset].isReady = true
        case .nodesSetAside(let some, _, _): for node in some { nodes[node.offset].isReady = false }
        case .gpuHealthChanged(let node, let unhealthy): nodes[node.offset].unhealthy = Set(unhealthy.positions)
        case .leaseGranted(let granted): grant(granted, entry.index.rawValue)
        case .partitionsRetired(let lease, let some, _):
            for node in some {
                for gpu in leases[lease.rawValue]?.left ?? [] where gpu.node == node.offset {
                    if holder[gpu] != lease.rawValue { complaints.append("\(lease) gave back what it did not hold") }
                    holder[gpu] = nil
                    leases[lease.rawValue]?.left.remove(gpu)
                }
            }
            if leases[lease.rawValue]?.left.isEmpty == true { leases[lease.rawValue] = nil }
        }
    }

    private mutating func grant(_ granted: LeaseGranted, _ id: UInt64) {
        let free = Set(free())
        var gpus: Set<GPU> = []
        for placement in granted.placements {
            for position in placement.gpus.positions {
                gpus.insert(GPU(node: placement.node.offset, position: position))
            }
        }
        for gpu in gpus {
            if let other = holder[gpu] { complaints.append("L1: \(gpu) is given to L\(id) and held by L\(other)") }
            if !free.contains(gpu) { complaints.append("\(gpu) is given to L\(id) and was not free") }
            holder[gpu] = id
        }
        let watts = gpus.reduce(0) { $0 + envelope($1) }
        if watts != granted.watts.count { complaints.append("L\(id) has \(granted.watts), not \(watts)") }
        leases[id] = Lease(tenant: granted.tenant.offset, left: gpus, all: gpus.count)
        if held(by: granted.tenant.offset) > quotas[granted.tenant.offset] { complaints.append("L\(id) is over quota") }
        for limit in limits {
            let paths = granted.placements.map { nodes[$0.node.offset].path }
            guard paths.contains(where: { $0.hasPrefix(limit.path + "/") }) else { continue }
            if committed(below: limit.path) > limit.watts { complaints.append("L11: \(limit.path) after L\(id)") }
        }
        let isWhole = granted.placements.allSatisfy { $0.gpus.count == nodes[$0.node.offset].gpus }
        switch granted.unit {
        case .gpu: if gpus.count != granted.count { complaints.append("L\(id) got \(gpus.count) GPUs") }
        case .node:
            if granted.placements.count != granted.count || !isWhole { complaints.append("L\(id) got parts of nodes") }
        case .site: break
        }
    }

    /// The names that a path has in common with another, as a count: the closer, the more.
    func smallestEnclosure(ofAtLeast count: Int) -> Int {
        let free = free()
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
