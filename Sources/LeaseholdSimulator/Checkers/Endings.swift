import LeaseholdModel

/// By which records leases began to end or came down to less, and what of them on which node: what leaves for that
/// rests on these records (L3).
struct Endings {
    private struct Place: Hashable, Sendable {
        let lease: LeaseID
        let node: NodeID
    }

    private struct Size: Hashable, Sendable {
        let lease: LeaseID
        let count: Int
    }

    /// Where each part lies and has not begun to end.
    private var nodes = Lookup<LeaseID, [NodeID]>()
    /// How many parts each lease has.
    private var partCounts = Lookup<LeaseID, Int>()
    private var places = Lookup<Place, RecordIndex>()
    private var leases = Lookup<LeaseID, RecordIndex>()
    private var sizes = Lookup<Size, RecordIndex>()

    /// The record by which a lease was given back or up.
    func record(of lease: LeaseID) -> RecordIndex? { leases[lease] }

    /// The record by which what a lease has on a node began to end.
    func record(of lease: LeaseID, on node: NodeID) -> RecordIndex? { places[Place(lease: lease, node: node)] }

    /// The record by which a lease came down to so many units.
    func record(of lease: LeaseID, to count: Int) -> RecordIndex? { sizes[Size(lease: lease, count: count)] }

    /// Takes note of a record.
    mutating func take(_ entry: LogEntry) {
        switch entry.record {
        case .leaseGranted(let granted):
            partCounts[LeaseID(entry.index)] = granted.partCount
            for (number, part) in granted.parts.enumerated() {
                nodes[LeaseID(entry.index, part: number)] = part.placements.map(\.node)
            }
        case .leaseConfirmed(let lease, let granted): nodes[lease] = granted.first.placements.map(\.node)
        case .leaseMoved(let lease, let placements, _): nodes[lease] = placements.map(\.node)
        case .leaseShrunk(let lease, let count, let parts):
            sizes[Size(lease: lease, count: Int(count))] = entry.index
            for part in parts {
                let kept = part.placements.map(\.node)
                end(part.lease, on: (nodes[part.lease] ?? []).filter { !kept.contains($0) }, by: entry.index)
                nodes[part.lease] = kept
            }
        case .leaseEnding(let lease, let cause):
            leases[lease] = entry.index
            let isWhole = !cause.isOfPart && lease.part == 0
            for number in 0..<(isWhole ? partCounts[lease] ?? 1 : 1) {
                let part = isWhole ? LeaseID(lease.index, part: number) : lease
                end(part, on: nodes[part] ?? [], by: entry.index)
                nodes[part] = nil
            }
        default: break
        }
    }

    private mutating func end(_ lease: LeaseID, on nodes: [NodeID], by record: RecordIndex) {
        for node in nodes { places[Place(lease: lease, node: node)] = record }
    }
}
