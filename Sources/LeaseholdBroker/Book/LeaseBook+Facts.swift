package import LeaseholdModel

/// A node, as far as the book knows it.
package struct NodeFacts: Equatable, Sendable {
    /// Its path.
    package let name: String
    /// The name of its GPUs' kind.
    package let kind: String
    /// From 1 to 16.
    package let gpuCount: Int
    /// What the book thinks of it.
    package let state: NodeState
    /// Why it is suspect or quarantined.
    package let reason: NodeReason
    /// No new work there.
    package let isCordoned: Bool
    /// The hardware that it is bound to; nil before its first accepted report.
    package let hardware: UInt64?
    /// GPUs that it last reported as unhealthy.
    package let unhealthy: GPUSet
    /// What its agent last said that it can carve.
    package let traits: NodeTraits
}

/// The part of a lease that a node holds now.
package struct BookedGrant: Equatable, Sendable, PartitionHolder {
    /// Which lease.
    package let lease: LeaseID
    /// The fencing number of its partitions.
    package let epoch: Epoch
    /// Its GPUs on this node.
    package let gpus: GPUSet
    /// How it has them, where not whole.
    package let cut: SliceCut
    /// What silence of the coordinator means for it.
    package let onSilence: SilenceMode
    /// How silence of the node is judged.
    package let silenceClass: SilenceClass
    /// When the tenant's term began.
    package let startsAt: CalendarInstant
    /// When its term is over.
    package let endsAt: CalendarInstant
    /// The record that last moved the end later; zero where none has.
    package let extendedBy: RecordIndex
    /// The end and the bound when it began: what counts while that record could still be lost (L3, L6).
    package let firstEndsAt: CalendarInstant
    package let firstBound: BootInstant?
    /// Whether it is over for the tenant, by its end or because it was given back, and is being retired.
    package let isEnding: Bool
    /// The envelope of its GPUs on this node.
    package let watts: Watts
    /// For `keep`: the earliest instant of `keepBoot` at which a silent partition could be granted again (L6).
    package let keepBound: BootInstant?
    /// The coordinator's boot that `keepBound` belongs to.
    package let keepBoot: BootID
    /// The reign that granted it.
    package let reign: Reign

    /// The memory slices that it has of its GPUs; none where it has them whole.
    package var slices: SliceSet { cut.slices }
}

/// A lease with what the book knows of it.
package struct BookedLease: Equatable, Sendable {
    /// Which lease.
    package let id: LeaseID
    /// The lease as its record made it; the same for all its parts.
    package let granted: LeaseGranted
    /// When, on how many watts and where this part lies.
    package let part: LeasePart
    /// How it began; nil before.
    package let begun: LeaseBegun?
    /// The fencing number of its partitions.
    package let epoch: Epoch
    /// Who asked for it.
    package let principal: Principal
    /// Where it is in its life.
    package let state: LeaseState
    /// Why it ends or ended.
    package let cause: EndCause
    /// When it came into its state.
    package let since: CalendarInstant
    /// Placements that still hold their GPUs, ascending by node.
    package let unretired: [Placement]
    /// The record by which it began to end; zero before.
    package let endedBy: RecordIndex
}

/// What the machine asks the book about nodes and leases.
extension LeaseBook {
    /// The node with this path; nil where the fleet has none.
    package func node(named path: String) -> NodeID? { fleet.node(named: path) }

    /// Nodes that have not reported since the log was restored.
    package var unheardSinceRestoreCount: Int { fleet.nodes.count { $0.standing.reason == .logRestored } }

    /// How many nodes the fleet has; their numbers are 0 up to it.
    package var nodeCount: Int { fleet.nodes.count }

    /// A node; a number that was never given out is a fault.
    package func facts(of node: NodeID) -> NodeFacts {
        let row = fleet[node]
        return NodeFacts(
            name: row.shape.name, kind: fleet[row.shape.kind].kind.name, gpuCount: row.shape.gpuCount,
            state: row.standing.state, reason: row.standing.reason, isCordoned: row.standing.isCordoned,
            hardware: row.hardware, unhealthy: row.standing.unhealthy, traits: row.standing.traits)
    }

    /// What of a node nobody holds: CPU in thousandths of a core, memory in MiB, and thousandths of each GPU.
    package func unheld(of node: NodeID) -> (cpu: Int64, memory: Int64, shares: [Int]) {
        let row = fleet[node]
        let room = row.heldRoom
        return (room.cpu, room.memory, (0..<row.shape.gpuCount).map { Int(room.shares[$0]) })
    }

    /// What a node holds and has not retired, ascending by lease.
    package func grants(on node: NodeID) -> [BookedGrant] {
        fleet.holdings(on: node).map { booked($0.lease, $0.gpus, $0.use, on: node) }
    }

    /// A lease; nil for one that never was or is forgotten.
    package func lease(_ id: LeaseID) -> BookedLease? {
        leases.position(of: id).map { BookedLease(leases.rows[$0]) }
    }

    /// The earliest end of a confirmed, starting or active lease; nil when there is none.
    package var nextEnd: CalendarInstant? { leases.ends.next?.at }

    /// The earliest start of a confirmed lease; nil when there is none.
    package var nextStart: CalendarInstant? { leases.starts.next?.at }

    /// Leases whose term is over, earliest end first, at most so many.
    package func lapsed(at instant: CalendarInstant, countMax: Int) -> [LeaseID] {
        leases.ends(by: instant, countMax: countMax)
    }

    /// Confirmed leases whose start has come, the earliest first, at most so many.
    package func due(at instant: CalendarInstant, countMax: Int) -> [LeaseID] {
        leases.starts(by: instant, countMax: countMax)
    }

    /// All parts of a lease, or the one part; empty for a lease that is unknown.
    package func everyPart(of id: LeaseID) -> [BookedLease] {
        leases.positions(of: id, wholly: true).map { BookedLease(leases.rows[$0]) }
    }

    /// What a part of a lease gave back by a record while it runs, ascending by node, as far as it is not retired.
    package func givenBack(_ id: LeaseID, by record: RecordIndex) -> [Placement] {
        leases[id]?.leaving.filter { $0.by == record }.map(\.placement) ?? []
    }

    /// The rows of a lease: all parts of the whole, else the one.
    func parts(of id: LeaseID) -> [LeaseRow] { leases.positions(of: id, wholly: true).map { leases.rows[$0] } }

    /// Leases that are ending, in the order in which they began to.
    package var endingLeases: [LeaseID] { leases.ending }

    /// Where a lease still holds GPUs, ascending by node; empty for a lease that ended or is unknown.
    package func unretired(_ id: LeaseID) -> [Placement] { leases[id]?.unretired ?? [] }
}

extension BookedLease {
    fileprivate init(_ row: borrowing LeaseRow) {
        self.init(
            id: row.id, granted: row.granted, part: row.part, begun: row.begun, epoch: row.epoch,
            principal: row.principal, state: row.state, cause: row.cause, since: row.since, unretired: row.unretired,
            endedBy: row.endedBy)
    }
}
