package import LeaseholdModel

/// A site, hall or rack of the book, which is a power domain too.
package struct PlaceRow: Equatable, Sendable {
    /// Names from the site down.
    package let path: String
    /// Rack, hall or site.
    package let level: PlaceLevel
    /// The place above; nil for a site.
    package let parent: PlaceID?
    /// What the feed carries at most; nil where only the places above limit it.
    package internal(set) var limit: Watts?
    /// The nodes below, as ascending runs of their numbers.
    var ranges: [Range<Int>] = []
    /// Nodes below.
    package var nodeCount = 0
    /// GPUs below.
    package var gpuCount = 0
    /// GPUs below that can be granted now.
    package var freeCount = 0
    /// Nodes below all of whose GPUs can be granted now.
    package var wholeCount = 0
    /// The envelope of everything below.
    package var envelope = Watts.zero
    /// The idle floor of everything below.
    package var floor = Watts.zero
    /// The envelope of what is leased below and the idle floor of the rest, delivered or not: never above the limit
    /// (L11), except for what nodes in doubt may draw unknown to the book.
    package var committed = Watts.zero

    init(path: String, level: PlaceLevel, parent: PlaceID?, limit: Watts?) {
        self.path = path
        self.level = level
        self.parent = parent
        self.limit = limit
    }

    /// Whether leasing everything below would draw more than the feed carries.
    var isBinding: Bool { limit.map { $0 < envelope } ?? false }

    /// Adds nodes that follow all nodes of the fleet.
    mutating func add(_ nodes: Range<Int>) {
        if let last = ranges.last, last.upperBound == nodes.lowerBound {
            ranges[ranges.count - 1] = last.lowerBound..<nodes.upperBound
        } else {
            ranges.append(nodes)
        }
    }
}

/// The GPUs of one kind in one place.
package struct PoolRow: Equatable, Sendable {
    /// Where.
    package let place: PlaceID
    /// Which kind.
    package let kind: KindID
    /// The pool of the same kind in the place above; nil in a site.
    let parent: Int?
    /// GPUs.
    package var gpuCount = 0
    /// GPUs that can be granted now.
    package var freeCount = 0
    /// Nodes all of whose GPUs can be granted now.
    package var wholeCount = 0

    init(place: PlaceID, kind: KindID, parent: Int?) {
        self.place = place
        self.kind = kind
        self.parent = parent
    }
}

/// A kind of the book with where it is found.
package struct KindRow: Equatable, Sendable {
    /// Its numbers.
    package let kind: GPUKind
    /// Its pools by level, racks first, each in the order in which they came up.
    var pools: [[Int]] = [[], [], []]

    init(kind: GPUKind) { self.kind = kind }
}
