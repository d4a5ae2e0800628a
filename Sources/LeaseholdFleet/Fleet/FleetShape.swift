import LeaseholdModel

/// What a place or a run of nodes is called: one name, or a name with a hyphen and each of some numbers.
struct Label {
    /// The name, or what stands before the numbers, hyphen included.
    let prefix: String
    /// Nil for a single thing.
    let numbers: ClosedRange<Int>?

    var count: Int { numbers?.count ?? 1 }

    /// The first of the names, or the only one.
    var firstName: String { numbers.map { "\(prefix)\($0.lowerBound)" } ?? prefix }
    /// The names, in order.
    var names: [String] { numbers.map { $0.map { "\(prefix)\($0)" } } ?? [prefix] }
}

/// A limit with the place where it is written.
struct Limit {
    let watts: Watts
    let path: String
    let line: Int
}

/// A site as its file says it.
struct SiteShape {
    let name: String
    let limit: Limit?
    let halls: [HallShape]

    var nodeCount: Int { halls.reduce(0) { $0 + $1.label.count * $1.nodeCount } }
}

/// Halls that are alike.
struct HallShape {
    let label: Label
    let limit: Limit?
    let racks: [RackShape]

    /// Of one of the halls.
    var nodeCount: Int { racks.reduce(0) { $0 + $1.label.count * $1.nodeCount } }
}

/// Racks that are alike.
struct RackShape {
    let label: Label
    let limit: Limit?
    let nodes: [NodeShape]

    /// Of one of the racks.
    var nodeCount: Int { nodes.reduce(0) { $0 + $1.label.count } }
    /// What the nodes of one of the racks draw when nobody leases them.
    var idle: Watts { nodes.reduce(.zero) { $0 + $1.kind.idleFloor * ($1.label.count * $1.gpusPerNode) } }
}

/// Nodes of one rack that are alike.
struct NodeShape {
    let label: Label
    let kind: GPUKind
    let gpusPerNode: Int
    let envelope: Watts
    let supply: NodeSupply
}

/// What a node has beside its GPUs, as its file says it.
struct NodeSupply {
    var cpu = Millicores.zero
    var memory = Mebibytes.zero
    /// Ascending by key.
    var labels: [NodeLabel] = []
}

/// What numbers in a fleet file may be; beyond these lies a typing error.
enum FleetRange {
    static let hallCount = 1...1_000
    static let rackCount = 1...100_000
    static let nodeCount = 1...10_000
    static let first = 0...1_000_000
    static let gpusPerNode = 1...GPUSet.countMax
    static let memoryGiB = 1...65_536
    static let nodeCPU = Millicores(1)...Millicores(4_000_000)
    static let nodeMemory = Mebibytes(1)...Mebibytes(1 << 30)
    static let kindWatts = Watts(1)...Watts(100_000)
    static let nodeEnvelope = Watts(1)...Watts(1_000_000)
    static let rackEnvelope = Watts(1)...Watts(100_000_000)
    static let limit = Watts(1)...Watts(100_000_000_000)
}
