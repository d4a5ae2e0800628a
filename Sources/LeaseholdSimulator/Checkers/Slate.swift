import LeaseholdBroker
import LeaseholdDevices
import LeaseholdModel

/// Who holds what, kept the simple way: an array of GPUs per node, walked in full whenever a question comes up.
///
/// It takes the same records as the book and shares nothing with it, so that a mistake has to be made twice.
struct Slate {
    private struct Node {
        let shape: LeaseholdDevices.NodeShape
        /// By position.
        var holders: [LeaseID?]
        /// Whether it has reported to this reign and was not set aside since.
        var isReady = false
        var isCordoned = false
        var unhealthy = GPUSet.none

        init(_ shape: LeaseholdDevices.NodeShape) {
            self.shape = shape
            holders = Array(repeating: nil, count: shape.gpuCount)
        }

        /// What it adds to every feed above it, delivered or not (L11).
        var committed: Watts {
            holders.indices.reduce(.zero) {
                $0 + (holders[$1] == nil ? shape.idleFloor(ofGPU: $1) : shape.envelope(ofGPU: $1))
            }
        }
    }

    private let fleet: SimulatedFleet
    private var nodes: [Node]
    private var placements = Lookup<LeaseID, [Placement]>()
    private var answered = Lookup<RequestOfPrincipal, RecordIndex>()

    private struct RequestOfPrincipal: Hashable, Sendable {
        let principal: Principal
        let id: RequestID
    }

    init(_ fleet: SimulatedFleet) {
        self.fleet = fleet
        nodes = fleet.shapes.map { Node($0) }
    }

    /// Takes a record; says which laws it breaks.
    mutating func take(_ entry: LogEntry) -> [(Law, String)] {
        var found = judgeRequest(entry)
        switch entry.record {
        case .reignBegan: for node in nodes.indices { nodes[node].isReady = false }
        case .nodeCordonSet(let node, let isCordoned): nodes[node.offset].isCordoned = isCordoned
        case .nodeReported(let node, _): nodes[node.offset].isReady = true
        case .nodesSetAside(let aside, _, _): for node in aside { nodes[node.offset].isReady = false }
        case .gpuHealthChanged(let node, let unhealthy): nodes[node.offset].unhealthy = unhealthy
        case .leaseGranted(let granted): found += grant(LeaseID(rawValue: entry.index.rawValue), granted)
        case .partitionsRetired(let lease, let retired, _): found += retire(lease, retired)
        case .fleetPartImported, .tenantCreated, .tenantQuotaSet, .leaseActivated, .leaseEnding, .requestRefused: break
        }
        return found
    }

    /// One outcome for each request (L2).
    private mutating func judgeRequest(_ entry: LogEntry) -> [(Law, String)] {
        guard let key = entry.request else { return [] }
        let name = RequestOfPrincipal(principal: entry.principal, id: key.id)
        defer { answered[name] = entry.index }
        guard let first = answered[name] else { return [] }
        return [(.nothingLost, "request \(key.id) of \(entry.principal) has records \(first) and \(entry.index)")]
    }

    private mutating func grant(_ lease: LeaseID, _ granted: LeaseGranted) -> [(Law, String)] {
        var found: [(Law, String)] = []
        placements[lease] = granted.placements
        for placement in granted.placements {
            let node = placement.node.offset
            let path = nodes[node].shape.path
            if !nodes[node].isReady {
                found.append((.witnesses, "\(lease) lies on \(path), which has not reported to this reign"))
            }
            if nodes[node].isCordoned { found.append((.conservation, "\(lease) lies on \(path), which is cordoned")) }
            if nodes[node].unhealthy.overlaps(placement.gpus) {
                found.append((.conservation, "\(lease) lies on unhealthy GPUs of \(path)"))
            }
            for position in placement.gpus.positions {
                if let holder = nodes[node].holders[position] {
                    found.append((.oneHolder, "GPU \(position) of \(path) goes to \(lease) and is held by \(holder)"))
                }
                nodes[node].holders[position] = lease
            }
        }
        return found + overloads(after: lease)
    }

    private func overloads(after lease: LeaseID) -> [(Law, String)] {
        fleet.feeds.compactMap { feed in
            let committed = feed.nodes.reduce(Watts.zero) { $0 + nodes[$1].committed }
            guard committed > feed.limit else { return nil }
            return (.watts, "\(feed.path) carries \(committed) of \(feed.limit) after \(lease)")
        }
    }

    private mutating func retire(_ lease: LeaseID, _ retired: [NodeID]) -> [(Law, String)] {
        var found: [(Law, String)] = []
        for node in retired {
            guard let placement = placements[lease]?.first(where: { $0.node == node }) else {
                found.append((.conservation, "\(lease) gives back what it has not on node \(node)"))
                continue
            }
            for position in placement.gpus.positions where nodes[node.offset].holders[position] == lease {
                nodes[node.offset].holders[position] = nil
            }
        }
        return found
    }

    /// Where the book's holders are not the slate's (L12).
    func differences(from book: LeaseBook) -> [String] {
        nodes.indices.prefix(book.nodeCount).compactMap { offset in
            var holders = [LeaseID?](repeating: nil, count: nodes[offset].holders.count)
            for grant in book.grants(on: NodeID(rawValue: UInt32(offset))) {
                for position in grant.gpus.positions { holders[position] = grant.lease }
            }
            guard holders != nodes[offset].holders else { return nil }
            let text = { (all: [LeaseID?]) in all.map { $0?.description ?? "-" }.joined(separator: " ") }
            return
                "\(nodes[offset].shape.path): the book has \(text(holders)), the slate \(text(nodes[offset].holders))"
        }
    }

    /// Leases that hold a GPU, ascending by node and position.
    var holders: [LeaseID] { nodes.flatMap { $0.holders.compactMap { $0 } } }
}
