import LeaseholdBroker
import LeaseholdDevices
import LeaseholdModel

/// Who holds what, kept the simple way: an array of memory slices per node, walked in full whenever a question comes up.
///
/// It takes the same records as the book and shares nothing with it, so that a mistake has to be made twice.
struct Slate {
    private struct Node {
        let shape: LeaseholdDevices.NodeShape
        /// By memory slice, eight for each GPU.
        var holders: [LeaseID?]
        /// Why it is not ready; nil where it has reported to this reign and was not set aside since.
        var aside: NodeReason? = .newReign
        var isCordoned = false
        var unhealthy = GPUSet.none

        init(_ shape: LeaseholdDevices.NodeShape) {
            self.shape = shape
            holders = Array(repeating: nil, count: shape.gpuCount * SliceSet.perGPU)
        }

        /// What all of it draws while nobody leases it.
        var idle: Watts { (0..<shape.gpuCount).reduce(.zero) { $0 + shape.idleFloor(ofGPU: $1) } }

        /// What leasing a placement adds.
        func rise(of placement: Placement) -> Watts {
            placement.gpus.positions.reduce(.zero) {
                $0 + rise(ofGPU: $1, sliceCount: placement.mask(ofGPU: $1).nonzeroBitCount)
            }
        }

        /// What leasing some slices of a GPU adds: their part of it, rounded up.
        private func rise(ofGPU position: Int, sliceCount: Int) -> Watts {
            let whole = (shape.envelope(ofGPU: position) - shape.idleFloor(ofGPU: position)).count
            return Watts((whole * Int64(sliceCount * 1_000 / SliceSet.perGPU) + 999) / 1_000)
        }

        /// What it adds to every feed above it, delivered or not (L11): each lease on a GPU its part.
        var committed: Watts {
            (0..<shape.gpuCount).reduce(idle) { sum, position in
                let slices = holders[position * SliceSet.perGPU..<(position + 1) * SliceSet.perGPU].compactMap { $0 }
                return Set(slices).reduce(sum) { sum, lease in
                    sum + rise(ofGPU: position, sliceCount: slices.count { $0 == lease })
                }
            }
        }

        /// The slices of a placement, by their places in `holders`.
        func places(of placement: some PartitionHolder) -> [Int] {
            holders.indices.filter { place in
                placement.mask(ofGPU: place / SliceSet.perGPU) >> UInt8(place % SliceSet.perGPU) & 1 == 1
            }
        }
    }

    private let fleet: SimulatedFleet
    private var nodes: [Node]
    /// Every part of a lease that is not over, in the order of the records.
    private var promises: [Promise] = []
    private var answered = Lookup<RequestOfPrincipal, RecordIndex>()

    /// GPUs that a part of a lease has over a window, the turnaround included.
    private struct Promise {
        let lease: LeaseID
        let turnaround: Span
        var part: LeasePart
        var hasBegun = false
        var isEnding = false

        /// Whether what is said of a lease is said of this part too.
        func isMeant(by lease: LeaseID) -> Bool {
            self.lease == lease || lease.part == 0 && self.lease.whole == lease
        }

        func overlaps(_ other: Promise) -> Bool {
            part.startsAt < other.part.endsAt + other.turnaround && other.part.startsAt < part.endsAt + turnaround
        }
    }

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
        case .reignBegan: for node in nodes.indices { nodes[node].aside = .newReign }
        case .nodeCordonSet(let node, let isCordoned): nodes[node.offset].isCordoned = isCordoned
        case .nodeReported(let node, _, _): nodes[node.offset].aside = nil
        case .nodesSetAside(let aside, _, let reason): for node in aside { nodes[node.offset].aside = reason }
        case .gpuHealthChanged(let node, let unhealthy): nodes[node.offset].unhealthy = unhealthy
        case .leaseGranted(let granted):
            for (number, part) in granted.parts.enumerated() {
                let lease = LeaseID(entry.index, part: number)
                found += promise(Promise(lease: lease, turnaround: granted.turnaround, part: part))
            }
            if granted.begun != nil { found += begin(LeaseID(entry.index)) }
        case .leaseConfirmed(let lease, let granted):
            found += promise(Promise(lease: lease, turnaround: granted.turnaround, part: granted.first))
            if granted.begun != nil { found += begin(lease) }
        case .leaseShrunk(_, _, let parts): for part in parts { found += shrink(part) }
        case .leaseBegun(let lease, _): found += begin(lease)
        case .leaseMoved(let lease, let placements, let watts):
            guard let position = promises.firstIndex(where: { $0.lease == lease }) else { break }
            var moved = promises.remove(at: position)
            let kept = moved.part.placements
            moved.part.placements = placements
            moved.part.watts = watts
            found += promise(moved, keeping: kept)
        case .leaseExtended(let lease, let endsAt, _, _):
            for position in promises.indices
            where promises[position].isMeant(by: lease) && !promises[position].isEnding {
                promises[position].part.endsAt = endsAt
                found += conflicts(of: promises[position])
            }
        case .leaseEnding(let lease, let cause):
            let isMeant = { (promise: Promise) in
                cause.isOfPart ? promise.lease == lease : promise.isMeant(by: lease)
            }
            promises.removeAll { !$0.hasBegun && isMeant($0) }
            for position in promises.indices where isMeant(promises[position]) { promises[position].isEnding = true }
        case .partitionsRetired(let lease, let retired, _): found += retire(lease, retired)
        case .fleetPartImported, .tenantCreated, .tenantQuotaSet, .leaseWaitlisted, .leaseActivated,
            .partitionSanitised, .ticketNoted, .headCountersigned, .requestRefused:
            break
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

    /// Nobody is promised what another one is promised at the same time (L1), nor watts that are not there (L11), nor
    /// anything on a node that cannot have it as things are.
    ///
    /// What it keeps it was promised before.
    private mutating func promise(_ promise: Promise, keeping kept: [Placement] = []) -> [(Law, String)] {
        promises.append(promise)
        var found = conflicts(of: promise)
        for placement in promise.part.placements where !kept.contains(placement) {
            let node = nodes[placement.node.offset]
            let place = "\(promise.lease) lies on \(node.shape.path)"
            if let aside = node.aside { found.append((.witnesses, "\(place), which is set aside because \(aside)")) }
            if node.isCordoned { found.append((.conservation, "\(place), which is cordoned")) }
            if node.unhealthy.overlaps(placement.gpus) { found.append((.conservation, "\(place), on unhealthy GPUs")) }
        }
        return found
    }

    private func conflicts(of promise: Promise) -> [(Law, String)] {
        var found: [(Law, String)] = []
        let beside = promises.filter { $0.overlaps(promise) }
        for other in beside where other.lease != promise.lease {
            for placement in promise.part.placements {
                for taken in other.part.placements
                where taken.node == placement.node && taken.overlaps(placement) {
                    let path = nodes[placement.node.offset].shape.path
                    found.append(
                        (.oneHolder, "\(promise.lease) is promised GPUs of \(path) that \(other.lease) has then"))
                }
            }
        }
        // A sum changes only where something begins.
        for instant in beside.map(\.part.startsAt) {
            let there = beside.filter { $0.part.startsAt <= instant && instant < $0.part.endsAt + $0.turnaround }
            for feed in fleet.feeds {
                var committed = feed.nodes.reduce(Watts.zero) { $0 + nodes[$1].idle }
                for placement in there.flatMap(\.part.placements) where feed.nodes.contains(placement.node.offset) {
                    committed += nodes[placement.node.offset].rise(of: placement)
                }
                guard committed > feed.limit else { continue }
                found.append((.watts, "\(feed.path) is promised \(committed) of \(feed.limit) with \(promise.lease)"))
            }
        }
        return found
    }

    private mutating func begin(_ lease: LeaseID) -> [(Law, String)] {
        guard let position = promises.firstIndex(where: { $0.lease == lease }) else {
            return [(.conservation, "\(lease) begins and was never promised")]
        }
        var found: [(Law, String)] = []
        promises[position].hasBegun = true
        for placement in promises[position].part.placements {
            let node = placement.node.offset
            let path = nodes[node].shape.path
            if let aside = nodes[node].aside, aside != .silent, aside != .guardDown {
                found.append((.witnesses, "\(lease) begins on \(path), which is set aside because \(aside)"))
            }
            for place in nodes[node].places(of: placement) {
                if let holder = nodes[node].holders[place] {
                    found.append((.oneHolder, "slice \(place) of \(path) goes to \(lease) and is held by \(holder)"))
                }
                nodes[node].holders[place] = lease
            }
        }
        return found + overloads(after: lease)
    }

    /// What a part gives back is another promise that ends, where it runs; else it is gone.
    private mutating func shrink(_ part: ShrunkPart) -> [(Law, String)] {
        guard let position = promises.firstIndex(where: { $0.lease == part.lease && !$0.isEnding }) else {
            return [(.conservation, "\(part.lease) gives back what it never had")]
        }
        var given = promises[position]
        let keepsMore = part.placements.contains { kept in
            !given.part.placements.contains { $0.node == kept.node && kept.gpus.isSubset(of: $0.gpus) }
        }
        if keepsMore { return [(.conservation, "\(part.lease) keeps what it never had")] }
        promises[position].part.placements = part.placements
        promises[position].part.watts = part.watts
        given.part.placements.removeAll { part.placements.contains($0) }
        given.isEnding = true
        if part.placements.isEmpty { promises.remove(at: position) }
        if given.hasBegun { promises.append(given) }
        return []
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
            guard
                let position = promises.firstIndex(where: { promise in
                    promise.lease == lease && promise.isEnding
                        && promise.part.placements.contains { $0.node == node }
                }), let place = promises[position].part.placements.firstIndex(where: { $0.node == node })
            else {
                found.append((.conservation, "\(lease) gives back what it has not on node \(node)"))
                continue
            }
            let placement = promises[position].part.placements.remove(at: place)
            if promises[position].part.placements.isEmpty { promises.remove(at: position) }
            for place in nodes[node.offset].places(of: placement) where nodes[node.offset].holders[place] == lease {
                nodes[node.offset].holders[place] = nil
            }
        }
        return found
    }

    /// Where the book's holders are not the slate's (L12).
    func differences(from book: LeaseBook) -> [String] {
        nodes.indices.prefix(book.nodeCount).compactMap { offset in
            var holders = [LeaseID?](repeating: nil, count: nodes[offset].holders.count)
            for grant in book.grants(on: NodeID(rawValue: UInt32(offset))) {
                for place in nodes[offset].places(of: grant) { holders[place] = grant.lease }
            }
            guard holders != nodes[offset].holders else { return nil }
            let text = { (all: [LeaseID?]) in all.map { $0?.description ?? "-" }.joined(separator: " ") }
            return
                "\(nodes[offset].shape.path): the book has \(text(holders)), the slate \(text(nodes[offset].holders))"
        }
    }

    /// Leases that hold a slice, ascending by node and place.
    var holders: [LeaseID] { nodes.flatMap { $0.holders.compactMap { $0 } } }
}
