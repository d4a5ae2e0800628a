package import LeaseholdModel

/// The witness: which GPUs and watts every lease has, over its whole window, as far ahead as leases reach.
///
/// A lease is confirmed by giving it GPUs that nobody else has at any instant of its window, and watts that every feed
/// above them has left at every instant. So nothing that was confirmed can turn out to be oversold (L1, L11), and no
/// lease that comes later can delay one that came before. It follows from the leases alone: a book that is read back
/// has the same.
package struct Calendar: Equatable, Sendable {
    private var table = StayTable()
    private var cover = CoverTable()
    /// By `PlaceID.offset`: watts above the idle floors that are promised; empty where a place can feed all that is
    /// below it.
    private(set) var watts: [StepLine] = []
    /// By `TenantID.offset`: thousandths of GPUs that are promised.
    private(set) var quotas: [StepLine] = []
    /// By `KindID.offset`: GPUs that are promised whole.
    private(set) var kinds: [StepLine] = []
    /// Whether what is promised is gathered until the calendar settles, and nobody may ask for heights.
    private var isGathering = false

    /// Nothing promised.
    package init() {}

    // MARK: What is free

    /// GPUs of a node that somebody has at some instant of a window; one lease may be left out.
    func busy(_ node: Int, over window: Window, moving: LeaseID? = nil) -> GPUSet {
        table.busy(node, over: window, moving: moving)
    }

    /// GPUs of a node that a lease still holds though its time is over.
    ///
    /// Nobody knows when they come back: they are promised to nobody until then.
    func overdue(_ node: Int, at now: CalendarInstant, in fleet: Inventory) -> GPUSet {
        let firstHolder = fleet.nodes[node].shape.firstHolder
        var overdue = GPUSet.none
        for stay in table.stays(on: node) {
            if stay.from >= now { break }
            guard stay.until <= now else { continue }
            if stay.hasUse {
                if fleet.nodes[node].holds(stay.lease) { overdue = overdue.union(stay.gpus) }
                continue
            }
            for position in stay.gpus.positions where fleet.holders[firstHolder + position] == stay.lease.rawValue {
                overdue = overdue.union(.only(position))
            }
        }
        return overdue
    }

    /// Whether somebody takes something else of a node than whole GPUs with what falls to them.
    func hasUses(_ node: Int) -> Bool { table.hasUses(node) }

    /// How many take something else of a node, now or later.
    func useCount(_ node: Int) -> Int { table.uses[node].count }

    /// What of some GPUs of a node, and of its CPU and memory, is free over a window; one lease may be left out.
    ///
    /// What a lease has kept past its end is not free.
    func room(
        _ node: Int, offering gpus: GPUSet, over window: Window, moving: LeaseID? = nil, in fleet: Inventory,
        at now: CalendarInstant
    ) -> NodeRoom {
        let row = fleet.nodes[node]
        return table.room(
            NodeID(rawValue: UInt32(node)), within: NodeRoom(of: row.shape, offering: gpus), of: row.shape,
            over: window, moving: moving, at: now
        ) { fleet.isHeld(by: $0, on: node) }
    }

    /// Whether nobody has anything of a placement at any instant of a window; one lease may be left out.
    func isFree(_ placement: Placement, over window: Window, moving: LeaseID? = nil, in fleet: Inventory) -> Bool {
        let node = placement.node.offset
        if placement.use.isWhole, !table.hasUses(node) {
            return !busy(node, over: window, moving: moving).overlaps(placement.gpus)
        }
        let shape = fleet.nodes[node].shape
        let room = table.room(
            placement.node, within: NodeRoom(of: shape, offering: shape.gpus), of: shape, over: window, moving: moving,
            at: window.from
        ) { _ in false }
        return room.fits(placement, of: shape)
    }

    /// What a stay adds to the committed watts of every place above its node.
    private func rise(of stay: Stay, on node: Int, in fleet: Inventory) -> Int64 {
        let placement = Placement(
            node: NodeID(rawValue: UInt32(node)), gpus: stay.gpus, use: table.use(of: stay, on: node))
        return fleet.feeds[node].rise(of: placement).count
    }

    /// The days of the sieve that a window touches.
    func days(of window: Window) -> Range<Int> { cover.days(of: window) }

    /// Of some GPUs of the nodes of a block those that nobody has all day on one of these days, at a glance.
    func uncovered(_ offered: CoverTable.Masks, block: Int, on days: Range<Int>) -> CoverTable.Masks {
        cover.uncovered(offered, block: block, on: days)
    }

    /// Watts that a place carries at most over the window of a wish, and that leases past their end still draw.
    func committed(
        _ place: PlaceID, over wish: Wish, in fleet: Inventory, at now: CalendarInstant
    ) -> Int64 {
        let row = fleet[place]
        guard place.offset < watts.count else { return row.committed.count }
        let line = watts[place.offset]
        let overdue = max(0, row.committed.count - row.floor.count - line.height(at: now))
        return row.floor.count + line.peak(over: wish.window) + overdue
    }

    /// The stays on a node, by start.
    package func stays(on node: NodeID) -> [Stay] {
        node.offset < table.nodeCount ? Array(table.stays(on: node.offset)) : []
    }

    /// The thousandths of GPUs that a tenant has been promised at most over a window.
    func promised(_ tenant: TenantID, over window: Window) -> Int {
        tenant.offset < quotas.count ? Int(quotas[tenant.offset].peak(over: window)) : 0
    }

    /// The earliest start before an instant at which so many of some GPUs of a node are free over a window moved there.
    func firstStart(
        on node: Int, of count: Int, among offer: GPUSet, like window: Window, before latest: CalendarInstant
    ) -> CalendarInstant? {
        table.firstStart(on: node, of: count, among: offer, like: window, before: latest)
    }

    /// Instants after the start of a window at which GPUs of some kinds come free and, by the counts, so many are left
    /// over the window moved there; ascending, a bounded number.
    func chances(
        for some: [KindID], capacity: (KindID) -> Int, areMixed: Bool, atLeast count: Int, like window: Window
    ) -> [CalendarInstant] {
        let known = some.filter { $0.offset < kinds.count }
        var starts: [CalendarInstant] = []
        for kind in known {
            var left = Calendar.fallCountMax
            kinds[kind.offset].forEachFall(after: window.from) { instant, _ in
                starts.append(instant)
                left -= 1
                return left > 0 && instant - window.from <= Limits.leadMax
            }
        }
        var found: [CalendarInstant] = []
        var last: CalendarInstant?
        for start in starts.sorted() where start != last && found.count < Calendar.chanceCountMax {
            last = start
            let moved = Window(from: start, until: start + window.span)
            let rooms = known.map { capacity($0) - Int(kinds[$0.offset].peak(over: moved)) }
            if (areMixed ? rooms.reduce(0, +) : rooms.max() ?? 0) >= count { found.append(start) }
        }
        return found
    }

    /// Instants at which a tenant has been promised less than before, the first few.
    func falls(of tenant: TenantID, after instant: CalendarInstant) -> [CalendarInstant] {
        guard tenant.offset < quotas.count else { return [] }
        var found: [CalendarInstant] = []
        quotas[tenant.offset].forEachFall(after: instant) { at, _ in
            found.append(at)
            return found.count < Calendar.chanceCountMax
        }
        return found
    }

    /// The watts above the idle floors that a place has promised at most from an instant on, though nobody counted
    /// them, because it could feed everything.
    func countedPeak(of place: PlaceID, in fleet: Inventory, from instant: CalendarInstant) -> Watts {
        if fleet[place].isBinding { return peak(of: place, from: instant) }
        var line = StepLine()
        for range in fleet[place].ranges {
            for node in range {
                for stay in table.stays(on: node) {
                    line.add(rise(of: stay, on: node, in: fleet), over: stay.window)
                }
            }
        }
        return Watts(line.peak(over: Window(from: instant, until: .never)))
    }

    /// Instants that are looked at for a lease that is to begin as soon as possible, for each kind.
    private static let fallCountMax = 4_096
    /// Those of them that placement tries.
    static let chanceCountMax = 64

    /// The watts above the idle floors that a place has promised at most from an instant on.
    func peak(of place: PlaceID, from instant: CalendarInstant) -> Watts {
        guard place.offset < watts.count else { return .zero }
        return Watts(watts[place.offset].peak(over: Window(from: instant, until: .never)))
    }

    // MARK: Growing

    /// Makes room for nodes and places that were added.
    mutating func grow(to fleet: Inventory) {
        table.grow(toNodeCount: fleet.nodes.count)
        cover.grow(toNodeCount: fleet.nodes.count)
        for offset in fleet.places.indices {
            if offset == watts.count { watts.append(StepLine()) }
            let place = fleet.places[offset]
            guard place.isBinding, watts[offset].isFlat else { continue }
            // It could feed everything before nodes were added: what was promised is counted from here on.
            for range in place.ranges {
                for node in range {
                    for stay in table.stays(on: node) {
                        watts[offset].add(rise(of: stay, on: node, in: fleet), over: stay.window)
                    }
                }
            }
        }
    }

    /// Time goes by: what is over is forgotten, and the sieve reaches far enough ahead.
    mutating func advance(to instant: CalendarInstant) {
        cover.advance(to: instant)
        if cover.goneDayCount >= Calendar.goneDayCountMax { turn(at: instant) }
    }

    /// By itself, so that time goes by cheaply where nothing is forgotten.
    @inline(never)
    private mutating func turn(at instant: CalendarInstant) {
        let day = cover.turn()
        let reach = CoverTable.instant(of: day)
        // What reaches so far ahead is rare: most nodes are done with at a glance.
        for node in 0..<table.nodeCount where !table.isAfterAll(reach, on: node) {
            table.withLine(node) { stays, longest in
                for stay in stays.reversed() {
                    if stay.from + longest <= reach { break }
                    guard stay.until > reach, !table.use(of: stay, on: node).isPart else { continue }
                    cover.set(
                        stay.gpus, ofNode: node, on: cover.days(coveredBy: stay.window, from: day), isCovered: true)
                }
            }
        }
        for kind in kinds.indices { kinds[kind].fold(through: instant) }
        for place in watts.indices { watts[place].fold(through: instant) }
        for tenant in quotas.indices { quotas[tenant].fold(through: instant) }
    }

    /// Days that may go by before the sieve reaches further: rare enough to cost nothing, often enough for 18 months.
    private static let goneDayCountMax = 30

    // MARK: Promising

    /// Gathers what will be promised until the calendar settles: for a book that is built before anybody asks it.
    mutating func gather() { isGathering = true }

    /// Counts what was gathered.
    mutating func settle() {
        isGathering = false
        for kind in kinds.indices { kinds[kind].settle() }
        for place in watts.indices { watts[place].settle() }
        for tenant in quotas.indices { quotas[tenant].settle() }
    }

    private static func add(_ amount: Int64, over window: Window, to line: inout StepLine, _ isGathering: Bool) {
        if isGathering { line.gather(amount, over: window) } else { line.add(amount, over: window) }
    }

    /// Reads what promising some GPUs, or taking the promise back, is about to need: so it is fetched side by side, and
    /// not one node after the other.
    ///
    /// The sum is of no use; somebody must ask for it, or nothing would be read.
    func fetch(_ placements: [Placement], over stay: Window, isForNext: Bool) -> UInt64 {
        table.fetch(placements, isForNext: isForNext) | cover.fetch(placements, on: cover.days(coveredBy: stay))
    }

    /// Promises GPUs to a lease of a tenant, and the watts that they draw.
    ///
    /// The tenant's quota counts the window that it asked for, without the turnaround.
    mutating func add(_ placements: [Placement], for lease: LeaseID, over stay: Window, in fleet: Inventory) {
        for placement in placements {
            let stay = Stay(placement.gpus, for: lease, over: stay, hasUse: !placement.use.isWhole)
            table.add(stay, placement.use, on: placement.node.offset)
        }
        note(placements, over: stay, isCovered: true)
        count(placements, over: stay, in: fleet, sign: 1)
    }

    /// Takes back what was promised to a lease on some nodes; `stay` is the window that was promised.
    mutating func remove(_ placements: [Placement], of lease: LeaseID, over stay: Window, in fleet: Inventory) {
        for placement in placements {
            let gone = table.remove(lease, from: stay.from, on: placement.node.offset)
            precondition(
                gone?.window == stay, "lease \(lease) has no stay on node \(placement.node) over \(stay)")
        }
        note(placements, over: stay, isCovered: false)
        count(placements, over: stay, in: fleet, sign: -1)
    }

    /// Says to the sieve what begins to be covered, or is so no longer.
    private mutating func note(_ placements: [Placement], over stay: Window, isCovered: Bool) {
        let days = cover.days(coveredBy: stay)
        if days.isEmpty { return }
        // Of a GPU that others may have parts of, nobody can say that it is covered.
        for placement in placements where !placement.use.isPart {
            cover.set(placement.gpus, ofNode: placement.node.offset, on: days, isCovered: isCovered)
        }
    }

    /// Promises thousandths of GPUs to a tenant, or takes a promise back.
    mutating func count(_ thousandths: Int, for tenant: TenantID, over window: Window) {
        while quotas.count <= tenant.offset { quotas.append(StepLine()) }
        Calendar.add(Int64(thousandths), over: window, to: &quotas[tenant.offset], isGathering)
    }

    private mutating func count(_ placements: [Placement], over window: Window, in fleet: Inventory, sign: Int64) {
        while kinds.count < fleet.kinds.count { kinds.append(StepLine()) }
        withUnsafeTemporaryAllocation(of: Int64.self, capacity: kinds.count) { counts in
            counts.initialize(repeating: 0)
            for placement in placements where !placement.use.isPart {
                counts[fleet.briefs[placement.node.offset].kind.offset] += Int64(placement.gpus.count)
            }
            for kind in kinds.indices {
                Calendar.add(sign * counts[kind], over: window, to: &kinds[kind], isGathering)
            }
        }
        guard fleet.isPowerBound else { return }
        for placement in placements {
            let feed = fleet.feeds[placement.node.offset]
            let rise = sign * feed.rise(of: placement).count
            var place: PlaceID? = feed.rack
            while let some = place {
                if fleet[some].isBinding { Calendar.add(rise, over: window, to: &watts[some.offset], isGathering) }
                place = fleet[some].parent
            }
        }
    }
}
