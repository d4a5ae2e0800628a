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

    /// Every GPU of the node.
    package var gpus: GPUSet { .first(gpuCount) }

    /// The envelope of some GPUs: an equal share each, and a watt of the remainder for the lowest positions.
    package func envelope(of some: GPUSet) -> Watts {
        let (share, remainder) = envelope.count.quotientAndRemainder(dividingBy: Int64(gpuCount))
        let favoured = some.intersection(.first(Int(remainder))).count
        return Watts(share * Int64(some.count) + Int64(favoured))
    }

    /// What some GPUs draw while nobody leases them: the kind's idle floor, and never more than their envelope.
    package func idle(of some: GPUSet) -> Watts {
        let share = envelope.count / Int64(gpuCount)
        return idleFloor.count <= share ? idleFloor * some.count : envelope(of: some)
    }

    /// What leasing some GPUs adds to the committed watts of every place above.
    func rise(of some: GPUSet) -> Watts { envelope(of: some) - idle(of: some) }
}

/// How a node stands: all of it that changes what can be granted.
package struct NodeStanding: Equatable, Sendable {
    /// What the book thinks of the node.
    package var state = NodeState.notDelivered
    /// Why it is suspect or quarantined.
    package var reason = NodeReason.none
    /// No new work here.
    package var isCordoned = false
    /// GPUs that leases hold, ending ones included.
    package var leased = GPUSet.none
    /// GPUs that the node last reported as unhealthy.
    package var unhealthy = GPUSet.none

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

    /// GPUs that can be granted now.
    var grantable: GPUSet {
        standing.isGrantable ? shape.gpus.subtracting(standing.leased).subtracting(standing.unhealthy) : .none
    }

    /// Whether every GPU of the node can be granted now.
    var isWhole: Bool { grantable == shape.gpus }

    /// What the node adds to every place above it, from its import on: nobody knows when a node that is planned will
    /// be switched on, so its idle floor is never given to anybody else (L11).
    package var committed: Watts {
        shape.envelope(of: standing.leased) + shape.idle(of: shape.gpus.subtracting(standing.leased))
    }
}

/// What placement looks at of a node: small, so that a walk over all nodes stays in the cache.
package struct NodeBrief: Equatable, Sendable {
    /// What its GPUs are.
    let kind: KindID
    /// Every GPU of it.
    let gpus: GPUSet
    /// Healthy GPUs, if the node takes new work; leased ones too.
    let offer: GPUSet
    /// GPUs that leases hold now.
    let leased: GPUSet

    init(of row: NodeRow) {
        kind = row.shape.kind
        gpus = row.shape.gpus
        offer = row.standing.isGrantable ? row.shape.gpus.subtracting(row.standing.unhealthy) : .none
        leased = row.standing.leased
    }
}
