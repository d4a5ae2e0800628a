package import LeaseholdModel

/// The fleet as the book keeps it: places, kinds, nodes, and who holds each GPU.
///
/// Every change of a node goes through `set(_:of:)`, which moves all counts above the node by the difference; so a
/// count is never computed where it is needed and never out of step, and `Inventory.complaints` recounts them all.
package struct Inventory: Equatable, Sendable {
    /// By `PlaceID`; parents before children.
    package var places: [PlaceRow] = []
    /// By `KindID`.
    package var kinds: [KindRow] = []
    /// By `NodeID`.
    package var nodes: [NodeRow] = []
    /// The lease that holds each GPU, as its number, 0 for none; a node's GPUs lie together.
    package var holders: [UInt64] = []
    /// The GPUs of one kind in one place, for every pair that occurs.
    package var pools: [PoolRow] = []
    /// Places by level, racks first, ascending.
    var placesByLevel: [[PlaceID]] = [[], [], []]
    /// Nodes by how many of their GPUs can be granted now.
    package var byFreeCount = NodeIndex()
    /// Nodes all of whose GPUs can be granted now, by how many they have.
    package var wholeNodes = NodeIndex()
    /// Nodes by state.
    package var nodeCounts = NodeCounts()
    /// GPUs by where they are (L12).
    package var gpuCounts = GPUCounts()
    /// Whether the feed of any place could carry less than what is below it.
    private(set) var isPowerBound = false
    /// By `NodeID`, what placement looks at of every node, close together.
    package private(set) var briefs: [NodeBrief] = []
    /// Every set of labels that a node has; the first is that of nodes without.
    private(set) var labelSets: [[NodeLabel]] = [[]]
    private var labelSetByLabels = Lookup<[NodeLabel], Int>()
    /// GPUs of the largest node, and the most CPU of a node in thousandths of a core.
    private(set) var gpuCountMax = 0
    private(set) var cpuMax: Int64 = 0
    /// By `NodeID`, the watts of every node, close together.
    private(set) var feeds: [NodeFeed] = []
    /// By `PlaceID`: racks of a kind whose racks are one NVLink fabric.
    private var nvlinkDomains: [Bool] = []
    private var nodesByName = Lookup<String, NodeID>()
    private var placesByPath = Lookup<String, PlaceID>()
    private var kindsByName = Lookup<String, KindID>()
    private var poolsByName = Lookup<PoolName, Int>()

    private struct PoolName: Hashable, Sendable {
        let place: PlaceID
        let kind: KindID
    }

    /// An empty fleet.
    package init() {}

    /// The node with this path.
    func node(named path: String) -> NodeID? { nodesByName[path] }
    /// The place with this path.
    func place(at path: String) -> PlaceID? { placesByPath[path] }
    /// The kind with this name.
    func kind(named name: String) -> KindID? { kindsByName[name] }
    /// The GPUs of a kind in a place; nil where there are none.
    func pool(of kind: KindID, in place: PlaceID) -> PoolRow? {
        poolsByName[PoolName(place: place, kind: kind)].map { pools[$0] }
    }
    /// Places of a level, ascending.
    func places(at level: PlaceLevel) -> [PlaceID] { placesByLevel[level.tableIndex] }
    /// Whether all GPUs of a rack are one NVLink fabric.
    func isNVLinkDomain(_ rack: PlaceID) -> Bool { nvlinkDomains[rack.offset] }
    /// A node.
    subscript(node: NodeID) -> NodeRow { nodes[node.offset] }
    /// A place.
    subscript(place: PlaceID) -> PlaceRow { places[place.offset] }
    /// A kind.
    subscript(kind: KindID) -> KindRow { kinds[kind.offset] }
    /// All nodes.
    var everyNode: [Range<Int>] { nodes.isEmpty ? [] : [0..<nodes.count] }
    /// The watts of all sites.
    var committed: Watts {
        placesByLevel[PlaceLevel.site.tableIndex].reduce(.zero) { $0 + places[$1.offset].committed }
    }

    // MARK: Growing

    /// Adds a kind.
    mutating func add(_ kind: GPUKind) {
        precondition(kindsByName[kind.name] == nil, "kind \(kind.name) is there already")
        kindsByName[kind.name] = KindID(rawValue: UInt16(kinds.count))
        kinds.append(KindRow(kind: kind))
        byFreeCount.addKind()
        wholeNodes.addKind()
    }

    /// Adds a place below one that is there.
    mutating func add(_ place: PlaceDeclaration) {
        guard let level = place.level, placesByPath[place.path] == nil else {
            preconditionFailure("place \(place.path) is there already, or at no level")
        }
        let parent = place.parentPath.flatMap { placesByPath[$0] }
        precondition(level == .site || parent != nil, "place \(place.path) has no place above")
        let id = PlaceID(rawValue: UInt32(places.count))
        placesByPath[place.path] = id
        places.append(PlaceRow(path: place.path, level: level, parent: parent, limit: place.limit))
        placesByLevel[level.tableIndex].append(id)
        nvlinkDomains.append(false)
    }

    /// Adds a node to a rack, as never delivered.
    mutating func addNode(named name: String, rack: PlaceID, run: NodeRun, at instant: CalendarInstant) {
        guard let kind = kindsByName[run.kind], nodesByName[name] == nil else {
            preconditionFailure("node \(name) is there already, or of the unknown kind \(run.kind)")
        }
        let id = NodeID(rawValue: UInt32(nodes.count))
        let shape = NodeShape(
            name: name, rack: rack, pool: poolAdded(of: kind, in: rack), kind: kind, gpuCount: Int(run.gpusPerNode),
            envelope: run.envelope, idleFloor: kinds[kind.offset].kind.idleFloor, firstHolder: holders.count,
            cpu: run.cpu, memory: run.memory, labelSet: labelSetAdded(run.labels))
        gpuCountMax = max(gpuCountMax, shape.gpuCount)
        cpuMax = max(cpuMax, Int64(shape.cpu.count))
        nodesByName[name] = id
        nodes.append(NodeRow(shape: shape, since: instant))
        holders.append(contentsOf: repeatElement(0, count: shape.gpuCount))
        count(nodes[id.offset].standing, ofGPUs: shape.gpuCount, sign: 1)
        briefs.append(NodeBrief(kind: kind, gpus: shape.gpus))
        feeds.append(shape.feed)
        if kinds[kind.offset].kind.isRackScale { nvlinkDomains[rack.offset] = true }
        let watts = nodes[id.offset].committed
        var place: PlaceID? = rack
        while let some = place {
            places[some.offset].committed += watts
            places[some.offset].floor += watts
            places[some.offset].envelope += shape.envelope
            if places[some.offset].isBinding { isPowerBound = true }
            places[some.offset].add(id.offset..<id.offset + 1)
            places[some.offset].nodeCount += 1
            places[some.offset].gpuCount += shape.gpuCount
            place = places[some.offset].parent
        }
        var pool: Int? = shape.pool
        while let some = pool {
            pools[some].gpuCount += shape.gpuCount
            pool = pools[some].parent
        }
    }

    /// The position of a set of labels, added where it is new.
    private mutating func labelSetAdded(_ labels: [NodeLabel]) -> UInt16 {
        guard !labels.isEmpty else { return 0 }
        if let known = labelSetByLabels[labels] { return UInt16(known) }
        labelSetByLabels[labels] = labelSets.count
        labelSets.append(labels)
        return UInt16(labelSets.count - 1)
    }

    /// A place carries more; only for a book that is asked what it would do then.
    mutating func raise(_ limit: Watts, of path: String) {
        guard let place = place(at: path) else { return }
        places[place.offset].limit = limit
    }

    /// Notes what placement looks at of a node, which has changed.
    package mutating func noteBrief(of offset: Int, _ brief: NodeBrief) { briefs[offset] = brief }

    /// Copies whether somebody holds something else of a node than whole GPUs, which has changed.
    mutating func noteUses(of offset: Int) { briefs[offset].hasUses = !nodes[offset].uses.isEmpty }

    /// The pool of a kind in a place, made with those above it where it is missing.
    private mutating func poolAdded(of kind: KindID, in place: PlaceID) -> Int {
        let name = PoolName(place: place, kind: kind)
        if let pool = poolsByName[name] { return pool }
        let parent = places[place.offset].parent.map { poolAdded(of: kind, in: $0) }
        poolsByName[name] = pools.count
        kinds[kind.offset].pools[places[place.offset].level.tableIndex].append(pools.count)
        pools.append(PoolRow(place: place, kind: kind, parent: parent))
        return pools.count - 1
    }
}

extension PlaceLevel {
    /// Where the level stands in tables by level.
    var tableIndex: Int { Int(rawValue) - 1 }
}
