package import LeaseholdModel

/// The leases: ascending by id in one array, which is their order of granting, with the queues that lead to them.
package struct LeaseTable: Equatable, Sendable {
    /// Ascending by id; forgotten rows are dropped in bulk.
    package var rows: [LeaseRow] = []
    /// The ids of the rows, close together, so that a search reads nothing else.
    private(set) var ids: [LeaseID] = []
    /// How many rows are forgotten.
    var forgottenCount = 0
    /// Starts of confirmed leases.
    package var starts = DueQueue()
    /// Ends of confirmed, starting and active leases.
    package var ends = DueQueue()
    /// Those that nothing is promised to yet.
    package var waitlist = Waitlist()
    /// What has happened to leases that are remembered, besides beginning and ending.
    private(set) var notes = Lookup<LeaseID, LeaseNotes>()
    /// Leases by state.
    package var counts = LeaseCounts()
    /// Ended and cancelled leases, in order of their end.
    var ended = Fifo<LeaseID>()
    /// Leases that have begun to end, in that order; ended ones are dropped in bulk.
    private var endingOrder: [LeaseID] = []
    private var endedInOrderCount = 0

    /// No leases.
    package init() {}

    /// Makes room for so many parts; until they are used it costs nothing.
    mutating func reserve(_ count: Int) { rows.reserveCapacity(count) }

    /// Where a lease's row is; nil for one that never was or is forgotten.
    func position(of id: LeaseID) -> Int? {
        LeaseTable.position(of: id, in: ids).flatMap { rows[$0].isForgotten ? nil : $0 }
    }

    private static func position(of id: LeaseID, in ids: [LeaseID]) -> Int? {
        let place = place(of: id, in: ids)
        return place < ids.count && ids[place] == id ? place : nil
    }

    /// How many ids come before this one.
    private static func place(of id: LeaseID, in ids: [LeaseID]) -> Int {
        guard let first = ids.first?.index.rawValue, let last = ids.last?.index.rawValue else { return 0 }
        // Leases come evenly enough that a guess is near.
        let index = max(first, min(last, id.index.rawValue))
        let guess = first < last ? Double(index - first) / Double(last - first) * Double(ids.count - 1) : 0
        return firstPosition(in: ids.count, near: Int(guess)) { ids[$0] < id }
    }

    /// A lease; nil for one that never was or is forgotten.
    subscript(id: LeaseID) -> LeaseRow? { position(of: id).map { rows[$0] } }

    /// Whether the book remembers the lease.
    func isKnown(_ id: LeaseID) -> Bool { position(of: id) != nil }

    /// Leases that have begun to end and have not ended, in the order in which they began.
    var ending: [LeaseID] {
        endingOrder.filter { id in position(of: id).map { rows[$0].state == .ending } ?? false }
    }

    /// The parts of a lease that are not forgotten, by position: all of them for the whole, else the one.
    func positions(of id: LeaseID, wholly: Bool) -> [Int] {
        guard wholly, id.part == 0 else { return position(of: id).map { [$0] } ?? [] }
        var place = LeaseTable.place(of: id, in: ids)
        var found: [Int] = []
        while place < ids.count, ids[place].whole == id {
            if !rows[place].isForgotten { found.append(place) }
            place += 1
        }
        return found
    }

    /// Whether an id is higher than every id before.
    func isNewest(_ id: LeaseID) -> Bool { ids.last.map { $0 < id } ?? true }

    // MARK: What is due

    /// Whether a start in the queue still counts.
    private static func isStart(_ due: Due, _ ids: [LeaseID], _ rows: [LeaseRow]) -> Bool {
        position(of: due.lease, in: ids).map { rows[$0].state == .confirmed } ?? false
    }

    /// Whether an end in the queue still counts: the lease is due, and not at another instant.
    private static func isEnd(_ due: Due, _ ids: [LeaseID], _ rows: [LeaseRow]) -> Bool {
        position(of: due.lease, in: ids).map { rows[$0].isDue && rows[$0].part.endsAt == due.at } ?? false
    }

    /// Confirmed leases that begin by an instant, the earliest first, at most so many.
    func starts(by instant: CalendarInstant, countMax: Int) -> [LeaseID] {
        starts.due(at: instant, countMax: countMax) { LeaseTable.isStart($0, ids, rows) }
    }

    /// Leases whose term is over at an instant, the earliest end first, at most so many.
    func ends(by instant: CalendarInstant, countMax: Int) -> [LeaseID] {
        ends.due(at: instant, countMax: countMax) { LeaseTable.isEnd($0, ids, rows) }
    }

    private mutating func leaveStarts() {
        let (ids, rows) = (ids, rows)
        starts.leave { LeaseTable.isStart($0, ids, rows) }
    }

    private mutating func leaveEnds() {
        let (ids, rows) = (ids, rows)
        ends.leave { LeaseTable.isEnd($0, ids, rows) }
    }

    // MARK: A life

    /// Adds a part, confirmed or starting; its id is higher than every id before.
    mutating func add(_ row: consuming LeaseRow) {
        let (id, state, window) = (row.id, row.state, row.part.window)
        precondition(isNewest(id), "lease \(id) after \(rows.count) others")
        rows.append(row)
        ids.append(id)
        if state == .confirmed {
            awaitStart(of: id, at: window.from)
        } else {
            counts.starting += 1
        }
        ends.insert(Due(at: window.until, lease: id))
    }

    private mutating func awaitStart(of lease: LeaseID, at instant: CalendarInstant) {
        counts.confirmed += 1
        starts.insert(Due(at: instant, lease: lease))
    }

    /// Adds a lease that waits; its id is higher than every id before.
    mutating func add(_ row: LeaseRow, waiting: WaitlistedLease) {
        precondition(isNewest(row.id), "lease \(row.id) after \(rows.count) others")
        precondition(row.state == .waitlisted, "lease \(row.id) is \(row.state.word) and waits")
        rows.append(row)
        ids.append(row.id)
        counts.waitlisted += 1
        waitlist.add(WaitlistEntry(lease: row.id, tenant: row.granted.tenant, waiting: waiting))
    }

    /// Waitlisted becomes confirmed.
    mutating func confirm(_ position: Int, _ granted: LeaseGranted, at instant: CalendarInstant) {
        precondition(rows[position].state == .waitlisted, "lease \(rows[position].id) is confirmed twice")
        waitlist.remove(rows[position].id)
        rows[position].confirm(granted)
        rows[position].since = instant
        counts.waitlisted -= 1
        awaitStart(of: rows[position].id, at: rows[position].part.startsAt)
        ends.insert(Due(at: rows[position].part.endsAt, lease: rows[position].id))
    }

    /// Notes what happened to a lease.
    mutating func note(_ note: LeaseNote, of lease: LeaseID, _ index: RecordIndex, at instant: CalendarInstant) {
        if notes.update(lease, { $0.add(note, index, at: instant) }) == nil {
            var first = LeaseNotes()
            first.add(note, index, at: instant)
            notes[lease] = first
        }
    }

    /// Confirmed becomes starting.
    mutating func begin(_ position: Int, _ begun: LeaseBegun, _ epoch: Epoch, at instant: CalendarInstant) {
        precondition(rows[position].state == .confirmed, "lease \(rows[position].id) begins twice")
        rows[position].begin(begun, epoch)
        rows[position].since = instant
        counts.confirmed -= 1
        counts.starting += 1
        leaveStarts()
    }

    /// A part that has not begun to end gets another end.
    mutating func extend(_ position: Int, to endsAt: CalendarInstant, by record: RecordIndex) {
        rows[position].part.endsAt = endsAt
        rows[position].extendedBy = record
        ends.insert(Due(at: endsAt, lease: rows[position].id))
        leaveEnds()
    }

    /// Waitlisted or confirmed becomes cancelled.
    mutating func cancel(_ position: Int, cause: EndCause, at instant: CalendarInstant) {
        let old = rows[position].state
        precondition(old == .confirmed || old == .waitlisted, "lease \(rows[position].id) has begun")
        rows[position].state = .cancelled
        rows[position].cause = cause
        rows[position].since = instant
        counts.cancelled += 1
        ended.append(rows[position].id)
        if old == .waitlisted {
            counts.waitlisted -= 1
            waitlist.remove(rows[position].id)
        } else {
            counts.confirmed -= 1
            leaveStarts()
            leaveEnds()
        }
    }

    /// Starting becomes active.
    mutating func activate(_ position: Int, at instant: CalendarInstant) {
        rows[position].state = .active
        rows[position].since = instant
        counts.starting -= 1
        counts.active += 1
    }

    /// Starting or active becomes ending.
    mutating func beginEnding(
        _ position: Int, cause: EndCause, by record: RecordIndex, at instant: CalendarInstant
    ) {
        switch rows[position].state {
        case .starting: counts.starting -= 1
        case .active: counts.active -= 1
        case .waitlisted, .confirmed: preconditionFailure("lease \(rows[position].id) has not begun")
        case .ending, .ended, .cancelled: preconditionFailure("lease \(rows[position].id) ends twice")
        }
        counts.ending += 1
        rows[position].beginEnding(cause, by: record, at: instant)
        endingOrder.append(rows[position].id)
        leaveEnds()
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
        let (ids, rows) = (ids, rows)
        endingOrder.removeAll { id in LeaseTable.position(of: id, in: ids).map { rows[$0].state == .ended } ?? true }
        endedInOrderCount = 0
    }

    /// Forgets the lease that ended first, where that was before an instant; returns whose it was.
    mutating func forgetOldest(endedBefore instant: CalendarInstant) -> TenantID? {
        guard let id = ended.first, let position = position(of: id), rows[position].since < instant else { return nil }
        ended.removeFirst()
        let tenant = rows[position].granted.tenant
        rows[position].isForgotten = true
        if !notes.isEmpty { notes[id] = nil }
        if rows[position].state == .cancelled { counts.cancelled -= 1 } else { counts.ended -= 1 }
        forgottenCount += 1
        if forgottenCount >= 64, forgottenCount * 2 > rows.count {
            rows.removeAll { $0.isForgotten }
            ids = rows.map(\.id)
            forgottenCount = 0
        }
        return tenant
    }

    // MARK: As an image

    /// Leases that have begun to end and ended or cancelled ones, each in their order.
    var orders: (ending: [LeaseID], ended: [LeaseID]) { (ending, Array(ended.all)) }

    /// Adds a part as an image has it; its id is higher than every id before.
    mutating func restore(_ row: consuming LeaseRow, _ notes: LeaseNotes?) {
        let (id, state, window, isDue) = (row.id, row.state, row.part.window, row.isDue)
        rows.append(row)
        ids.append(id)
        if let notes { self.notes[id] = notes }
        switch state {
        case .waitlisted: counts.waitlisted += 1
        case .confirmed: awaitStart(of: id, at: window.from)
        case .starting: counts.starting += 1
        case .active: counts.active += 1
        case .ending: counts.ending += 1
        case .ended: counts.ended += 1
        case .cancelled: counts.cancelled += 1
        }
        if isDue { ends.insert(Due(at: window.until, lease: id)) }
    }

    /// Restores the order of what has begun to end; whether the parts are such.
    mutating func restoreEnding(_ leases: [LeaseID]) -> Bool {
        endingOrder += leases
        return leases.allSatisfy { self[$0]?.state == .ending }
    }

    /// Restores the order of what has ended; whether the parts are such.
    mutating func restoreEnded(_ leases: [LeaseID]) -> Bool {
        for lease in leases { ended.append(lease) }
        return leases.allSatisfy { self[$0]?.state.isFinal ?? false }
    }
}
