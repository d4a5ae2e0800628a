package import LeaseholdModel

/// A lease of the book.
package struct LeaseRow: Equatable, Sendable {
    /// The index of its record.
    package let id: LeaseID
    /// What was granted; never changes.
    package let granted: LeaseGranted
    /// GPUs of all placements.
    package let gpuCount: Int
    /// Who asked for it.
    package let principal: Principal
    /// Where it is in its life.
    package var state = LeaseState.starting
    /// Why it ends or ended.
    package var cause = EndCause.none
    /// When it came into its state.
    package var since: CalendarInstant
    /// How many placements hold nothing any more.
    package var retiredCount = 0
    /// A bit for each placement that holds nothing any more; empty while none is retired.
    var retired: [UInt64] = []
    /// Ended so long ago that nobody may ask for it any more; the row waits to be dropped.
    var isForgotten = false

    /// A lease as it was granted.
    package init(id: LeaseID, granted: LeaseGranted, principal: Principal, since: CalendarInstant) {
        self.id = id
        self.granted = granted
        self.gpuCount = granted.placements.reduce(0) { $0 + $1.gpus.count }
        self.principal = principal
        self.since = since
    }

    /// The fencing number of all its partitions.
    package var epoch: Epoch { Epoch(reign: granted.reign, index: RecordIndex(rawValue: id.rawValue)) }

    /// Whether it is the tenant's: starting or active.
    package var isLive: Bool {
        switch state {
        case .starting, .active: true
        case .ending, .ended: false
        }
    }

    /// The position of its placement on a node; nil where it has none.
    func position(on node: NodeID) -> Int? {
        var low = 0
        var high = granted.placements.count
        while low < high {
            let middle = (low + high) / 2
            if granted.placements[middle].node < node { low = middle + 1 } else { high = middle }
        }
        return low < granted.placements.count && granted.placements[low].node == node ? low : nil
    }

    /// Whether the placement at a position holds nothing any more.
    func isRetired(_ position: Int) -> Bool {
        position >> 6 < retired.count && retired[position >> 6] >> UInt64(position & 63) & 1 == 1
    }

    /// Notes that the placement at a position holds nothing any more.
    mutating func retire(_ position: Int) {
        precondition(!isRetired(position), "placement \(position) of lease \(id) is retired twice")
        if retired.isEmpty { retired = Array(repeating: 0, count: (granted.placements.count + 63) / 64) }
        retired[position >> 6] |= 1 << UInt64(position & 63)
        retiredCount += 1
    }

    /// Placements that still hold their GPUs, ascending by node.
    package var unretired: [Placement] {
        guard retiredCount > 0 else { return granted.placements }
        return granted.placements.indices.filter { !isRetired($0) }.map { granted.placements[$0] }
    }
}

/// The leases: ascending by id in one array, which is their order of granting, with the queues that lead to them.
package struct LeaseTable: Equatable, Sendable {
    /// Ascending by id; forgotten rows are dropped in bulk.
    package var rows: [LeaseRow] = []
    /// How many rows are forgotten.
    var forgottenCount = 0
    /// Ends of starting and active leases.
    package var ends = EndQueue()
    /// Leases by state.
    package var counts = LeaseCounts()
    /// Ended leases, in order of their end.
    var ended = Fifo<LeaseID>()
    /// Leases that have begun to end, in that order; ended ones are dropped in bulk.
    private var endingOrder: [LeaseID] = []
    private var endedInOrderCount = 0

    /// No leases.
    package init() {}

    /// Where a lease's row is; nil for one that never was or is forgotten.
    func position(of id: LeaseID) -> Int? { LeaseTable.position(of: id, in: rows) }

    private static func position(of id: LeaseID, in rows: [LeaseRow]) -> Int? {
        var low = 0
        var high = rows.count
        while low < high {
            let middle = (low + high) / 2
            if rows[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low < rows.count && rows[low].id == id && !rows[low].isForgotten ? low : nil
    }

    /// A lease; nil for one that never was or is forgotten.
    subscript(id: LeaseID) -> LeaseRow? { position(of: id).map { rows[$0] } }

    /// Whether the lease is starting or active.
    func isLive(_ id: LeaseID) -> Bool { position(of: id).map { rows[$0].isLive } ?? false }

    /// Whether the book remembers the lease.
    func isKnown(_ id: LeaseID) -> Bool { position(of: id) != nil }

    /// Leases that have begun to end and have not ended, in the order in which they began.
    var ending: [LeaseID] {
        endingOrder.filter { id in position(of: id).map { rows[$0].state == .ending } ?? false }
    }

    // MARK: A life

    /// Adds a lease; its id is higher than every id before.
    mutating func add(_ row: LeaseRow) {
        precondition(rows.last.map { $0.id < row.id } ?? true, "lease \(row.id) after \(rows.count) others")
        rows.append(row)
        counts.starting += 1
        ends.insert(LeaseDue(endsAt: row.granted.endsAt, lease: row.id))
    }

    /// Starting becomes active.
    mutating func activate(_ position: Int, at instant: CalendarInstant) {
        rows[position].state = .active
        rows[position].since = instant
        counts.starting -= 1
        counts.active += 1
    }

    /// Starting or active becomes ending.
    mutating func beginEnding(_ position: Int, cause: EndCause, at instant: CalendarInstant) {
        switch rows[position].state {
        case .starting: counts.starting -= 1
        case .active: counts.active -= 1
        case .ending, .ended: preconditionFailure("lease \(rows[position].id) ends twice")
        }
        counts.ending += 1
        rows[position].state = .ending
        rows[position].cause = cause
        rows[position].since = instant
        endingOrder.append(rows[position].id)
        let rows = self.rows
        ends.leave { id in LeaseTable.position(of: id, in: rows).map { rows[$0].isLive } ?? false }
    }

    /// Ending becomes ended.
    mutating func end(_ position: Int, at instant: CalendarInstant) {
        rows[position].state = .ended
        rows[position].since = instant
        counts.ending -= 1
        counts.ended += 1
        ended.append(rows[position].id)
        endedInOrderCount += 1
        guard endedInOrderCount >= 64, endedInOrderCount * 2 > endingOrder.count else { return }
        let rows = self.rows
        endingOrder.removeAll { id in LeaseTable.position(of: id, in: rows).map { rows[$0].state == .ended } ?? true }
        endedInOrderCount = 0
    }

    /// Forgets the lease that ended first, where that was before an instant; returns whose it was.
    mutating func forgetOldest(endedBefore instant: CalendarInstant) -> TenantID? {
        guard let id = ended.first, let position = position(of: id), rows[position].since < instant else { return nil }
        ended.removeFirst()
        rows[position].isForgotten = true
        counts.ended -= 1
        forgottenCount += 1
        let tenant = rows[position].granted.tenant
        if forgottenCount >= 64, forgottenCount * 2 > rows.count {
            rows.removeAll { $0.isForgotten }
            forgottenCount = 0
        }
        return tenant
    }
}
