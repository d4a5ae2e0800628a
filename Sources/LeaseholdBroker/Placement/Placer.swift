import LeaseholdModel

/// Where a lease comes to lie.
///
/// Gang: all of it or nothing. Topology first: the smallest place that can hold all of it.
///
/// The rule, so that anybody can predict the answer; every tie goes to the lowest number, which is the order of import.
/// A GPU is free if nobody has it at any instant of the wish's window, the turnaround after its end included.
///
/// 1. One node: the one with the fewest free GPUs that suffice.
/// 2. Else one rack: the one with the fewest free GPUs that suffice. Then one hall, one site, then across sites; no
///    further than the wish allows.
/// 3. Within such a place: whole free parts of nodes, most free GPUs first, as long as more is missing than the next node
///    has free; what then remains goes to the node with the fewest free GPUs that suffice.
/// 4. On a node: the lowest free positions.
///
/// For a lease that begins now, nodes and places are put in order by what is free now; one that is promised to others
/// too soon is passed over. Whole nodes follow the same levels and count nodes that are free altogether, those with the
/// fewest GPUs first. A whole rack, hall, site or NVLink domain is every ready node of it that is not cordoned; each must
/// be free, and unhealthy GPUs are left out. A wish that is spread takes as many places of the level as it can, and of
/// each as much as of the others.
///
/// A node whose rack, hall or site cannot feed more is passed over, or gives as many GPUs as can be fed (L11). Where
/// all GPUs draw alike this finds a place whenever there is one; where kinds are mixed it may refuse for power what
/// a cleverer choice of kinds could fit.
struct Placer {
    let fleet: Inventory
    let calendar: Calendar
    /// The instant of the decision.
    let now: CalendarInstant
    let wish: Wish
    /// What is usually asked for.
    let demand: Demand
    /// Whether the wish states CPU or memory.
    private let statesUse: Bool
    /// Whether it names labels, or kinds that may be mixed.
    private let isPicky: Bool

    /// The same with another wish.
    func wishing(_ wish: Wish) -> Placer { Placer(self, wish) }

    private init(_ other: Placer, _ wish: Wish) {
        fleet = other.fleet
        calendar = other.calendar
        demand = other.demand
        now = other.now
        self.wish = wish
        statesUse = wish.shape.statesNodeUse
        isPicky = wish.kinds != nil || !wish.labels.isEmpty
    }

    init(in book: LeaseBook, for wish: Wish, at now: CalendarInstant) {
        fleet = book.fleet
        calendar = book.calendar
        demand = book.demand
        self.now = now
        self.wish = wish
        statesUse = wish.shape.statesNodeUse
        isPicky = wish.kinds != nil || !wish.labels.isEmpty
    }

    /// The GPUs for the wish, ascending by node; nil where they cannot be had.
    func place() -> [Placement]? {
        switch wish.unit {
        case .gpu, .node:
            if let level = wish.spread { return placeSpread(over: level) }
            if let found = placeInOneNode() { return found }
            return wish.within == .node ? nil : placeAcrossNodes()
        case .nvlinkDomain, .rack, .hall, .site: return placeWholes()
        case .slice, .share, .cpu: return PartPlacer(self).place()
        }
    }

    /// How much of the unit could be had, limits in watts aside.
    func room() -> Int {
        switch wish.unit {
        case .gpu, .node:
            var rooms = Rooms(in: fleet)
            forEachFree(in: fleet.everyNode) { rooms.add(amount(of: $1), at: $0, in: fleet) }
            let inOnePlace = wish.within.flatMap { reach in
                reach == .node ? roomInOneNode() : scopes(at: reach).map { rooms[$0] }.max()
            }
            return inOnePlace ?? rooms.total
        case .nvlinkDomain, .rack, .hall, .site: return wholes().count
        case .slice, .share, .cpu: return PartPlacer(self).room()
        }
    }

    // MARK: What is free

    /// GPUs of a node that the wish could have.
    func free(_ offset: Int) -> GPUSet {
        let brief = fleet.briefs[offset]
        if let kind = wish.kind, brief.kind != kind { return .none }
        if isPicky, !isMeant(offset) { return .none }
        let offered = wish.isNow ? brief.offer.subtracting(brief.leased) : brief.offer
        guard !offered.isEmpty else { return .none }
        var free = offered.subtracting(taken(offset, brief))
        for claim in wish.claims { free = free.subtracting(claim.gpus(on: NodeID(rawValue: UInt32(offset)))) }
        return statesUse || calendar.hasUses(offset) ? supplied(free, offset) : free
    }

    /// Whether the wish names the node's kind and labels.
    func isMeant(_ offset: Int) -> Bool {
        let kind = fleet.briefs[offset].kind
        if let wanted = wish.kind, kind != wanted { return false }
        guard isPicky else { return true }
        if let kinds = wish.kinds, !kinds.contains(kind) { return false }
        guard !wish.labels.isEmpty else { return true }
        let labels = fleet.labelSets[Int(fleet.nodes[offset].shape.labelSet)]
        return wish.labels.allSatisfy { $0.allows(labels) }
    }

    /// What of some GPUs of a node, as lowest positions, the CPU and memory that are left suffice for.
    private func supplied(_ free: GPUSet, _ offset: Int) -> GPUSet {
        guard !free.isEmpty else { return free }
        if statesUse, calendar.useCount(offset) >= Limits.usesPerNodeCountMax { return .none }
        let room = room(offset)
        var count = free.count
        while count > 0 {
            let some = placement(free.lowest(count), of: offset)
            if room.fits(some, of: fleet.nodes[offset].shape) { return some.gpus }
            count -= 1
        }
        return .none
    }

    /// What of a node, if it takes new work, is free over the window.
    func room(_ offset: Int) -> NodeRoom {
        var room = calendar.room(
            offset, offering: fleet.briefs[offset].offer, over: wish.window, moving: wish.moving, in: fleet, at: now)
        for claim in wish.claims {
            guard let placement = claim.placement(on: NodeID(rawValue: UInt32(offset))) else { continue }
            room.take(placement, of: fleet.nodes[offset].shape)
        }
        return room
    }

    /// Whole GPUs of a node, with the CPU and memory that the wish states or what falls to them.
    func placement(_ gpus: GPUSet, of offset: Int) -> Placement {
        let node = NodeID(rawValue: UInt32(offset))
        guard statesUse else { return Placement(node: node, gpus: gpus) }
        let falling = fleet.nodes[offset].shape.falling(toThousandths: 1_000 * gpus.count)
        let count = UInt32(gpus.count)
        return Placement(
            node: node, gpus: gpus,
            use: NodeUse(
                cpu: wish.shape.cpu.map { Millicores($0.count &* count) } ?? Millicores(UInt32(clamping: falling.cpu)),
                memory: wish.shape.memory.map { Mebibytes($0.count &* count) }
                    ?? Mebibytes(UInt32(clamping: falling.memory))))
    }

    /// GPUs of a node that somebody has over the window, or has kept past the end of its time.
    private func taken(_ offset: Int, _ brief: NodeBrief) -> GPUSet {
        let busy = calendar.busy(offset, over: wish.window, moving: wish.moving)
        return wish.isNow || brief.leased.isEmpty ? busy : busy.union(calendar.overdue(offset, at: now, in: fleet))
    }

    /// How much of the unit a node with these free GPUs gives.
    private func amount(of free: GPUSet) -> Int { wish.unit == .node ? 1 : free.count }

    /// Every node that can give something, ascending, with its free GPUs.
    func forEachFree(in ranges: [Range<Int>], _ body: (Int, GPUSet) -> Void) {
        walkFree(in: ranges, atLeast: 1) { offset, free in
            body(offset, free)
            return true
        }
    }

    /// Nodes that can give so many GPUs, ascending, with their free GPUs; `body` says whether to go on.
    private func walkFree(in ranges: [Range<Int>], atLeast least: Int, _ body: (Int, GPUSet) -> Bool) {
        let isForNodes = wish.unit == .node
        func look(_ offset: Int) -> Bool {
            let free = free(offset)
            if free.count < least || isForNodes && free != fleet.briefs[offset].gpus { return true }
            return body(offset, free)
        }
        guard !wish.isNow else {
            for range in ranges { for offset in range where !look(offset) { return } }
            return
        }
        let days = calendar.days(of: wish.window)
        for range in ranges {
            var offset = range.lowerBound
            while offset < range.upperBound {
                let block = offset / CoverTable.blockSize
                let first = block * CoverTable.blockSize
                let end = min(range.upperBound, first + CoverTable.blockSize)
                var offered = CoverTable.Masks()
                for offset in offset..<end { offered[offset - first] = fleet.briefs[offset].offer.bits }
                let left = calendar.uncovered(offered, block: block, on: days)
                while offset < end {
                    if left[offset - first].nonzeroBitCount >= least || wish.moving != nil, !look(offset) { return }
                    offset += 1
                }
            }
        }
    }

    // MARK: One node

    private func placeInOneNode() -> [Placement]? {
        guard wish.unit == .node ? wish.count == 1 : wish.count <= GPUSet.countMax else { return nil }
        let plan = PowerPlan(for: wish, in: fleet, calendar, at: now)
        if statesUse { return PartPlacer(self).placeInOneNode(plan) }
        return wish.isNow ? nodeNow(plan) : nodeLater(plan)
    }

    /// What the wish takes of a node, if it can be fed.
    private func take(_ free: GPUSet, of offset: Int, _ plan: PowerPlan) -> [Placement]? {
        let isForNode = wish.unit == .node
        guard isForNode ? free == fleet.briefs[offset].gpus : free.count >= wish.count else { return nil }
        let wanted = isForNode ? free : free.lowest(wish.count)
        guard plan.admitted(wanted, of: fleet.feeds[offset], in: fleet) == wanted else { return nil }
        return [placement(wanted, of: offset)]
    }

    private func nodeNow(_ plan: PowerPlan) -> [Placement]? {
        let index = wish.unit == .node ? fleet.wholeNodes : fleet.byFreeCount
        for count in (wish.unit == .node ? 1 : wish.count)...GPUSet.countMax {
            var position = 0
            while let node = index.next(kind: wish.kind, count: count, from: position) {
                if let found = take(free(node.offset), of: node.offset, plan) { return found }
                position = node.offset + 1
            }
        }
        return nil
    }

    private func nodeLater(_ plan: PowerPlan) -> [Placement]? {
        let least = wish.unit == .node ? 1 : wish.count
        var best: (count: Int, found: [Placement])?
        walkFree(in: fleet.everyNode, atLeast: least) { offset, free in
            if free.count < best?.count ?? .max, let found = take(free, of: offset, plan) { best = (free.count, found) }
            // No node that comes after one with just enough is fuller.
            return best?.count != least
        }
        return best?.found
    }

    private func roomInOneNode() -> Int {
        var most = 0
        forEachFree(in: fleet.everyNode) { most = max(most, amount(of: $1)) }
        return most
    }

    // MARK: Several nodes

    private func placeAcrossNodes() -> [Placement]? {
        guard wish.count > 1 else { return nil }
        let rooms = wish.isNow ? nil : allRooms()
        for level in PlaceLevel.allCases where level <= wish.within?.level ?? .site {
            var candidates = scopes(at: level, rooms)
            // The best one nearly always does; only where power or a promise is in the way are the others put in order.
            guard let best = candidates.min() else { continue }
            if let found = plan(wish.count, within: fleet[best.place].ranges) { return found }
            candidates.sort()
            for scope in candidates.dropFirst() {
                if let found = plan(wish.count, within: fleet[scope.place].ranges) { return found }
            }
        }
        guard wish.within == nil, fleet.places(at: .site).count > 1 else { return nil }
        return plan(wish.count, within: fleet.everyNode)
    }

    /// A place that has room for all of a wish; the less room the better, then the lower number.
    private struct Scope: Comparable {
        let room: Int
        let place: PlaceID
        static func < (left: Scope, right: Scope) -> Bool {
            left.room != right.room ? left.room < right.room : left.place < right.place
        }
    }

    private func allRooms() -> Rooms {
        var rooms = Rooms(in: fleet)
        forEachFree(in: fleet.everyNode) { rooms.add(amount(of: $1), at: $0, in: fleet) }
        return rooms
    }

    /// Places of a reach, all of them where it is no reach of places.
    private func scopes(at reach: LeaseReach) -> [PlaceID] {
        fleet.places(at: reach.level ?? .rack).filter { reach != .nvlinkDomain || fleet.isNVLinkDomain($0) }
    }

    private func scopes(at level: PlaceLevel, _ rooms: Rooms?) -> [Scope] {
        let isForNode = wish.unit == .node
        var found: [Scope] = []
        func consider(_ place: PlaceID, _ room: Int) {
            guard room >= wish.count, wish.within != .nvlinkDomain || fleet.isNVLinkDomain(place) else { return }
            found.append(Scope(room: room, place: place))
        }
        if let rooms {
            for place in fleet.places(at: level) { consider(place, rooms[place]) }
        } else if let kind = wish.kind {
            for position in fleet[kind].pools[level.tableIndex] {
                let pool = fleet.pools[position]
                consider(pool.place, isForNode ? pool.wholeCount : pool.freeCount)
            }
        } else {
            for place in fleet.places(at: level) {
                consider(place, isForNode ? fleet[place].wholeCount : fleet[place].freeCount)
            }
        }
        return found
    }

    private func plan(_ count: Int, within ranges: [Range<Int>]) -> [Placement]? {
        var power = PowerPlan(for: wish, in: fleet, calendar, at: now)
        return plan(count, within: ranges, &power)
    }

    private func plan(_ count: Int, within ranges: [Range<Int>], _ power: inout PowerPlan) -> [Placement]? {
        let shelf = NodeShelf(within: ranges, for: self)
        guard wish.unit == .node ? shelf.nodeCount >= count : shelf.gpuCount >= count else { return nil }
        let found = wish.unit == .node ? planNodes(count, from: shelf, &power) : planGPUs(count, from: shelf, &power)
        return found?.sorted { $0.node < $1.node }
    }

    private func planNodes(_ count: Int, from shelf: NodeShelf, _ power: inout PowerPlan) -> [Placement]? {
        var found: [Placement] = []
        for gpuCount in 1...GPUSet.countMax {
            for (offset, gpus) in shelf.nodes(with: gpuCount)
            where power.admitted(gpus, of: fleet.feeds[offset], in: fleet) == gpus {
                let placement = Placement(node: NodeID(rawValue: UInt32(offset)), gpus: gpus)
                power.add(placement, in: fleet)
                found.append(placement)
                if found.count == count { return found }
            }
        }
        return nil
    }

    private func planGPUs(_ count: Int, from shelf: NodeShelf, _ power: inout PowerPlan) -> [Placement]? {
        var found: [Placement] = []
        var missing = count
        func take(_ gpus: GPUSet, of offset: Int, _ power: inout PowerPlan) {
            guard !gpus.isEmpty else { return }
            let placement = placement(gpus, of: offset)
            power.add(placement, in: fleet)
            found.append(placement)
            missing -= gpus.count
        }
        // Whole free parts, as long as more is missing than the next node has.
        var untouched: [(count: Int, nodes: ArraySlice<NodeShelf.Spot>)] = []
        for gpuCount in (1...GPUSet.countMax).reversed() {
            var queue = shelf.nodes(with: gpuCount)
            while missing >= gpuCount, untouched.isEmpty, let (offset, gpus) = queue.first {
                take(power.admitted(gpus, of: fleet.feeds[offset], in: fleet), of: offset, &power)
                queue.removeFirst()
                if missing == 0 { return found }
            }
            if !queue.isEmpty { untouched.append((gpuCount, queue)) }
        }
        // The remainder on the node that it fills best.
        for (gpuCount, queue) in untouched.reversed() where gpuCount >= missing {
            for (offset, gpus) in queue {
                let wanted = gpus.lowest(missing)
                guard power.admitted(wanted, of: fleet.feeds[offset], in: fleet) == wanted else { continue }
                take(wanted, of: offset, &power)
                return found
            }
        }
        // Only where power is short: what each node can still be fed.
        for (_, queue) in untouched {
            for (offset, gpus) in queue {
                take(power.admitted(gpus.lowest(missing), of: fleet.feeds[offset], in: fleet), of: offset, &power)
                if missing == 0 { return found }
            }
        }
        return nil
    }

    /// As even a share of every place of a level as there is room for; of what cannot be divided the places with more
    /// room get more.
    private func placeSpread(over level: PlaceLevel) -> [Placement]? {
        let rooms = allRooms()
        let places = fleet.places(at: level).filter { rooms[$0] > 0 }
            .map { Scope(room: rooms[$0], place: $0) }.sorted()
        var power = PowerPlan(for: wish, in: fleet, calendar, at: now)
        var found: [Placement] = []
        var missing = wish.count
        for (position, scope) in places.enumerated() {
            let share = min(scope.room, missing / (places.count - position))
            guard share > 0 else { continue }
            guard let some = plan(share, within: fleet[scope.place].ranges, &power) else { return nil }
            found += some
            missing -= share
        }
        return missing == 0 ? found.sorted { $0.node < $1.node } : nil
    }

    // MARK: Whole places

    private func placeWholes() -> [Placement]? {
        var offers = wholes().map { (gpuCount: $0.reduce(0) { $0 + $1.gpus.count }, placements: $0) }
        // The sort is stable: of equal places the lower number comes first.
        offers.sort { $0.gpuCount < $1.gpuCount }
        var power = PowerPlan(for: wish, in: fleet, calendar, at: now)
        var chosen: [Placement] = []
        var missing = wish.count
        for offer in offers where missing > 0 {
            guard let fed = power.adding(offer.placements, in: fleet) else { continue }
            power = fed
            chosen += offer.placements
            missing -= 1
        }
        guard missing == 0 else { return nil }
        return wish.count == 1 ? chosen : chosen.sorted { $0.node < $1.node }
    }

    /// All places of the unit that are free altogether, each as every GPU of its ready nodes.
    private func wholes() -> [[Placement]] {
        switch wish.unit {
        case .gpu, .node, .slice, .share, .cpu: preconditionFailure("a \(wish.unit.word) is no place")
        case .nvlinkDomain:
            let racks = fleet.places(at: .rack).filter { fleet.isNVLinkDomain($0) }.compactMap(whole)
            var nodes: [[Placement]] = []
            for offset in fleet.nodes.indices where !fleet.isNVLinkDomain(fleet.nodes[offset].shape.rack) {
                let free = free(offset)
                guard !free.isEmpty, free == fleet.briefs[offset].gpus else { continue }
                nodes.append([Placement(node: NodeID(rawValue: UInt32(offset)), gpus: free)])
            }
            return nodes + racks
        case .rack: return fleet.places(at: .rack).compactMap(whole)
        case .hall: return fleet.places(at: .hall).compactMap(whole)
        case .site: return fleet.places(at: .site).compactMap(whole)
        }
    }

    /// Every GPU of a place's ready nodes; nil where one of them is not free, or where there is none.
    private func whole(_ place: PlaceID) -> [Placement]? {
        var found: [Placement] = []
        for range in fleet[place].ranges {
            for offset in range {
                let brief = fleet.briefs[offset]
                guard isMeant(offset) else { continue }
                guard fleet.nodes[offset].standing.isGrantable else { continue }
                if wish.isNow, !brief.leased.isEmpty { return nil }
                let free = free(offset)
                guard free == brief.offer else { return nil }
                if !free.isEmpty { found.append(Placement(node: NodeID(rawValue: UInt32(offset)), gpus: free)) }
            }
        }
        return found.isEmpty ? nil : found
    }

    /// Whether every feed carries these placements.
    func isFed(_ placements: [Placement]) -> Bool {
        PowerPlan(for: wish, in: fleet, calendar, at: now).adding(placements, in: fleet) != nil
    }
}

/// How much of a unit is free in every place.
struct Rooms {
    private var amounts: [Int]
    private(set) var total = 0

    init(in fleet: Inventory) { amounts = Array(repeating: 0, count: fleet.places.count) }

    subscript(place: PlaceID) -> Int { amounts[place.offset] }

    /// Adds what a node gives to all places above it.
    mutating func add(_ amount: Int, at offset: Int, in fleet: Inventory) {
        total += amount
        var place: PlaceID? = fleet.nodes[offset].shape.rack
        while let some = place {
            amounts[some.offset] += amount
            place = fleet.places[some.offset].parent
        }
    }
}

/// The nodes of a scope that can give something, sorted by how many GPUs each can give, ascending within a count.
struct NodeShelf {
    /// A node and what it can give.
    typealias Spot = (offset: Int, gpus: GPUSet)

    private var sorted: [Spot] = []
    private var starts: [Int]
    /// GPUs of all of them.
    private(set) var gpuCount = 0
    /// How many they are.
    var nodeCount: Int { sorted.count }

    init(within ranges: [Range<Int>], for placer: Placer) {
        var counts = Array(repeating: 0, count: GPUSet.countMax + 2)
        var spots: [Spot] = []
        placer.forEachFree(in: ranges) { offset, gpus in
            counts[gpus.count + 1] += 1
            spots.append((offset, gpus))
        }
        for count in 1..<counts.count { counts[count] += counts[count - 1] }
        starts = counts
        sorted = spots
        for spot in spots {
            sorted[counts[spot.gpus.count]] = spot
            counts[spot.gpus.count] += 1
            gpuCount += spot.gpus.count
        }
    }

    /// The nodes that can give exactly so many GPUs.
    func nodes(with count: Int) -> ArraySlice<Spot> { sorted[starts[count]..<starts[count + 1]] }
}
