package import LeaseholdModel

/// Nodes by a small count of GPUs and by kind: for example those with exactly three free H100s.
///
/// The first row holds nodes of every kind, then comes one row for each kind.
package struct NodeIndex: Equatable, Sendable {
    private static let width = GPUSet.countMax + 1
    private var bitmaps = Array(repeating: NodeBitmap(), count: width)

    /// An index without kinds.
    package init() {}

    /// Makes a row for the next kind.
    mutating func addKind() {
        bitmaps.append(contentsOf: Array(repeating: NodeBitmap(), count: NodeIndex.width))
    }

    /// Files a node of a kind under a count from 1 on.
    package mutating func insert(_ node: NodeID, kind: KindID, count: Int) {
        bitmaps[count].insert(node)
        bitmaps[NodeIndex.row(kind) + count].insert(node)
    }

    /// Takes a node away from where it is filed.
    package mutating func remove(_ node: NodeID, kind: KindID, count: Int) {
        bitmaps[count].remove(node)
        bitmaps[NodeIndex.row(kind) + count].remove(node)
    }

    /// The first node of a kind, or of any, filed under this count, at this position or after it.
    func next(kind: KindID?, count: Int, from position: Int) -> NodeID? {
        bitmaps[(kind.map(NodeIndex.row) ?? 0) + count].next(from: position)
    }

    /// Whether a node of a kind is filed under this count, in its own row and in that of every kind.
    func contains(_ node: NodeID, kind: KindID, count: Int) -> Bool {
        bitmaps[count].contains(node) && bitmaps[NodeIndex.row(kind) + count].contains(node)
    }

    /// How many nodes are filed, of every kind.
    var count: Int { bitmaps.prefix(NodeIndex.width).reduce(0) { $0 + $1.count } }

    private static func row(_ kind: KindID) -> Int { (kind.offset + 1) * width }
}
