package import LeaseholdModel

/// What of a node never changes after its import.
package struct NodeShape: Equatable, Sendable {
    /// Its path.
    package let name: String
    /// The rack that it stands in.
    package let rack: PlaceID
    /// The position of its rack's pool of its kind.
    let pool: Int
    /// What its GPUs are.
    package let kind: KindID
    /// From 1 to 16.
    package let gpuCount: Int
    /// What the node may draw; the shares of its GPUs sum to it exactly (L11).
    package let envelope: Watts
    /// What one GPU that nobody leases is counted with.
    package let idleFloor: Watts
    /// Where the node's GPUs begin in the table of holders.
    let firstHolder: Int
    /// What of its CPU and memory can be leased; zero where nobody has stated them.
    package let cpu: Millicores
    package let memory: Mebibytes
    /// Its labels, as a position in the fleet's sets of labels.
    let labelSet: UInt16

    /// Every GPU of the node.
    package var gpus: GPUSet { .first(gpuCount) }

    /// What of it power and placement look at most.
    var feed: NodeFeed {
        NodeFeed(
            rack: rack, pool: pool, envelope: envelope, idleFloor: idleFloor, gpuCount: gpuCount,
            firstHolder: firstHolder)
    }

    /// The envelope of some GPUs: an equal share each, and a watt of the remainder for the lowest positions.
    package func envelope(of some: GPUSet) -> Watts { feed.envelope(of: some) }

    /// The envelope of a placement: of a part of a GPU its part of the GPU's, rounded up.
    func envelope(of placement: Placement) -> Watts { feed.envelope(of: placement) }

    /// What some GPUs draw while nobody leases them: the kind's idle floor, and never more than their envelope.
    package func idle(of some: GPUSet) -> Watts { feed.idle(of: some) }

    /// What leasing a placement adds to the committed watts of every place above.
    func rise(of placement: Placement) -> Watts { feed.rise(of: placement) }
}

/// The watts of a node, where they come from, and where its GPUs are counted: small, so that a walk over many nodes
/// stays in the cache.
package struct NodeFeed: Equatable, Sendable {
    /// The rack that feeds it.
    let rack: PlaceID
    /// The position of its rack's pool of its kind.
    private let poolPosition: UInt32
    /// Where the node's GPUs begin in the table of holders.
    private let holderPosition: UInt32
    /// Of each GPU; those at the lowest positions have a watt more, so that all together have the node's envelope.
    private let share: Int32
    private let idleWatts: Int32
    private let favoured: GPUSet
    /// Every GPU of the node.
    let gpus: GPUSet

    var pool: Int { Int(poolPosition) }
    var firstHolder: Int { Int(holderPosition) }

    init(rack: PlaceID, pool: Int, envelope: Watts, idleFloor: Watts, gpuCount: Int, firstHolder: Int) {
        self.rack = rack
        poolPosition = UInt32(pool)
        holderPosition = UInt32(firstHolder)
        let (share, remainder) = envelope.count.quotientAndRemainder(dividingBy: Int64(gpuCount))
        self.share = Int32(share)
        idleWatts = Int32(idleFloor.count)
        favoured = .first(Int(remainder))
        gpus = .first(gpuCount)
    }

    /// The envelope of some GPUs: an equal share each, and a watt of the remainder for the lowest positions.
    func envelope(of some: GPUSet) -> Watts {
        Watts(Int64(share) * Int64(some.count) + Int64(some.intersection(favoured).count))
    }

    /// What some GPUs draw while nobody leases them: the kind's idle floor, and never more than their envelope.
    func idle(of some: GPUSet) -> Watts {
        idleWatts <= share ? Watts(Int64(idleWatts)) * some.count : envelope(of: some)
    }

    /// What the node adds to every place above it while some of its GPUs are leased whole, and the rest is not.
    func committed(_ leased: GPUSet) -> Watts { envelope(of: leased) + idle(of: gpus.subtracting(leased)) }

    /// What leasing some GPUs adds to the committed watts of every place above.
    func rise(of some: GPUSet) -> Watts { envelope(of: some) - idle(of: some) }

    /// The envelope of a placement: of a part of a GPU its part of the GPU's, rounded up.
    func envelope(of placement: Placement) -> Watts {
        placement.use.isPart ? part(placement, envelope(of:)) : envelope(of: placement.gpus)
    }

    /// What leasing a placement adds to the committed watts of every place above.
    func rise(of placement: Placement) -> Watts {
        placement.use.isPart ? part(placement, rise(of:)) : rise(of: placement.gpus)
    }

    /// What a part of one GPU adds.
    func rise(of placement: Placement, gpu position: Int) -> Watts {
        placement.gpus.contains(position) ? part(placement, gpu: position, rise(of:)) : .zero
    }

    private func part(_ placement: Placement, _ whole: (GPUSet) -> Watts) -> Watts {
        placement.gpus.positions.reduce(.zero) { $0 + part(placement, gpu: $1, whole) }
    }

    private func part(_ placement: Placement, gpu position: Int, _ whole: (GPUSet) -> Watts) -> Watts {
        let use = placement.use
        let slices = use.slices.mask(ofGPU: position).nonzeroBitCount
        let thousandths = use.share != 0 ? Int(use.share) : slices * 1_000 / SliceSet.perGPU
        return Watts((whole(.only(position)).count * Int64(thousandths) + 999) / 1_000)
    }
}

/// How a node stands: all of it that changes what can be granted.
package struct NodeStanding: Equatable, Sendable {
    /// What the book thinks of the node.
    package var state = NodeState.notDelivered
    /// Why it is suspect or quarantined.
    package var reason = NodeReason.none
    /// No new work here.
    package var isCordoned = false
    /// What this log does not have may run here, on any of its GPUs, until the node is ready again (L9).
    package var isDoubted = false
    /// GPUs that leases hold, or parts of them, ending ones included.
    package var leased = GPUSet.none
    /// Those of them of which leases hold parts.
    package var parted = GPUSet.none
    /// GPUs that the node last reported as unhealthy.
    package var unhealthy = GPUSet.none
    /// What its agent last said that it can carve.
    package var traits: NodeTraits = []

    /// A node that has never reported.
    package init() {}

    /// Whether new work may be put on the node's free GPUs.
    var isGrantable: Bool { state == .ready && !isCordoned }
}

/// A node of the book.
package struct NodeRow: Equatable, Sendable {
    /// What never changes.
    package let shape: NodeShape
    /// What changes; set through `Inventory.set`, which keeps every count in step.
    package var standing = NodeStanding()
    /// Since when it is in its state.
    package var since: CalendarInstant
    /// The hardware that it is bound to; nil before its first accepted report.
    package var hardware: UInt64?
    /// What leases hold that is not just whole GPUs with what falls to them; ascending by lease.
    package var uses: [HeldUse] = []

    /// Whether a lease holds something here that is not just whole GPUs.
    func holds(_ lease: LeaseID) -> Bool { uses.contains { $0.lease == lease } }

    /// What of the node's GPUs, CPU and memory nobody holds now.
    var heldRoom: NodeRoom {
        var room = NodeRoom(of: shape, offering: shape.gpus)
        let whole = standing.leased.subtracting(standing.parted)
        let stated = uses.filter { !$0.placement.use.isPart }.reduce(GPUSet.none) { $0.union($1.placement.gpus) }
        room.take(Placement(node: NodeID(rawValue: 0), gpus: whole.subtracting(stated)), of: shape)
        for held in uses { room.take(held.placement, of: shape) }
        return room
    }

    /// GPUs that can be granted now.
    var grantable: GPUSet {
        standing.isGrantable ? shape.gpus.subtracting(standing.leased).subtracting(standing.unhealthy) : .none
    }

    /// Whether every GPU of the node can be granted now.
    var isWhole: Bool { grantable == shape.gpus }

    /// What the node adds to every place above it, from its import on: nobody knows when a node that is planned will
    /// be switched on, so its idle floor is never given to anybody else (L11).
    ///
    /// What runs on a node in doubt is not known; it is no more than all of it.
    package var committed: Watts { standing.isDoubted ? shape.envelope : known }

    /// What the node adds by what leases hold of it in the book alone.
    var known: Watts {
        let whole = standing.leased.subtracting(standing.parted)
        let idle = shape.feed.committed(whole)
        guard !standing.parted.isEmpty else { return idle }
        let parts = uses.filter(\.placement.use.isPart)
        // Parts are rounded up, and together they are never more than the GPU.
        return standing.parted.positions.reduce(idle) { sum, position in
            let rise = parts.reduce(Watts.zero) { $0 + shape.feed.rise(of: $1.placement, gpu: position) }
            return sum + min(rise, shape.feed.rise(of: .only(position)))
        }
    }
}

/// What a lease holds of a node, where that is not just whole GPUs with what falls to them.
package struct HeldUse: Equatable, Sendable {
    /// Which lease.
    package let lease: LeaseID
    /// What it holds.
    package let placement: Placement
}

/// What placement looks at of a node: small, so that a walk over all nodes stays in the cache.
package struct NodeBrief: Equatable, Sendable {
    /// What its GPUs are.
    let kind: KindID
    /// Every GPU of it.
    let gpus: GPUSet
    /// Healthy GPUs, if the node takes new work; leased ones too.
    private(set) var offer = GPUSet.none
    /// GPUs that leases hold now, or parts of them.
    private(set) var leased = GPUSet.none
    /// Whether leases hold something else than whole GPUs with what falls to them.
    var hasUses = false

    /// A node that has never reported.
    init(kind: KindID, gpus: GPUSet) {
        self.kind = kind
        self.gpus = gpus
    }

    /// GPUs that can be granted now.
    var grantable: GPUSet { offer.subtracting(leased) }

    /// The same for a node that stands otherwise now.
    @inline(__always)
    func noting(_ standing: NodeStanding) -> NodeBrief {
        var brief = self
        brief.offer = standing.isGrantable ? gpus.subtracting(standing.unhealthy) : .none
        brief.leased = standing.leased
        return brief
    }
}
