import LeaseholdModel

/// What is to be placed, when, and what may stand in its way.
struct Wish {
    var unit: LeaseUnit
    /// How many of the unit.
    var count: Int
    /// Only this kind; nil: any, mixed.
    var kind: KindID?
    /// Where no kind is named: only these, mixed; nil: any.
    var kinds: KindSet?
    /// What one unit is, where its name does not say it.
    var shape = UnitShape.plain
    /// What every node must be labelled.
    var labels: [LabelRule] = []
    /// From its start until the GPUs could be somebody else's, the turnaround after its end included.
    var window: Window
    /// Whether it begins now: then what leases still hold is not free, whatever the calendar says.
    var isNow: Bool
    /// All of it within one place of this level; nil: anywhere.
    var within: LeaseReach?
    /// As evenly as possible over the places of this level; nil: packed.
    var spread: PlaceLevel?
    /// Whether limits in watts count; without them a search tells whether only power is missing.
    var mindsPower = true
    /// What the same lease has beside it and nobody knows of yet.
    var claims: [Claim] = []
    /// A lease whose own stays are no hindrance, because they are about to be moved.
    var moving: LeaseID?
    /// What that lease has now, so that its watts are not counted twice.
    var moved: [Placement] = []
}

/// GPUs that are as good as promised, though the calendar does not have them.
struct Claim {
    let part: LeasePart

    /// GPUs of a node.
    func gpus(on node: NodeID) -> GPUSet { placement(on: node)?.gpus ?? .none }

    /// What it has of a node.
    func placement(on node: NodeID) -> Placement? {
        var low = 0
        var high = part.placements.count
        while low < high {
            let middle = (low + high) / 2
            if part.placements[middle].node < node { low = middle + 1 } else { high = middle }
        }
        return low < part.placements.count && part.placements[low].node == node ? part.placements[low] : nil
    }
}

/// Some of the kinds of a fleet, as a bit each.
struct KindSet: Hashable, Sendable {
    private(set) var bits = SIMD4<UInt64>()

    /// Every kind.
    static let all = KindSet(bits: SIMD4(repeating: .max))

    init(bits: SIMD4<UInt64>) { self.bits = bits }

    init(_ kinds: some Sequence<KindID>) {
        for kind in kinds { bits[kind.offset / 64] |= 1 << UInt64(kind.offset % 64) }
    }

    func contains(_ kind: KindID) -> Bool { bits[kind.offset / 64] >> UInt64(kind.offset % 64) & 1 == 1 }

    /// The bits as words, lowest first.
    var words: [UInt64] { bits.indices.map { bits[$0] } }

    /// Reads the words; nil where there are more or fewer.
    init?(words: [UInt64]) {
        guard words.count == bits.scalarCount else { return nil }
        for position in bits.indices { bits[position] = words[position] }
    }
}

/// Watts that a plan would add, place by place, before anything is decided.
///
/// Empty where no place has a limit that could be reached or limits do not count: then everything fits.
struct PowerPlan {
    private var planned: [Int64]
    /// What each place has left for the whole window, above what is promised; `Int64.max` where it has no limit.
    private let left: [Int64]

    /// A plan that nothing binds.
    static let unbound = PowerPlan()

    private init() {
        planned = []
        left = []
    }

    init(for wish: Wish, in fleet: Inventory, _ calendar: Calendar, at now: CalendarInstant) {
        guard wish.mindsPower, fleet.isPowerBound else {
            planned = []
            left = []
            return
        }
        planned = Array(repeating: 0, count: fleet.places.count)
        left = fleet.places.indices.map { offset in
            let place = fleet.places[offset]
            guard place.isBinding, let limit = place.limit else { return .max }
            return limit.count - calendar.committed(PlaceID(rawValue: UInt32(offset)), over: wish, in: fleet, at: now)
        }
        for claim in wish.claims {
            for placement in claim.part.placements { add(placement, in: fleet) }
        }
        for placement in wish.moved { add(placement, in: fleet, sign: -1) }
    }

    /// The most of these GPUs, lowest positions first, that every place above the node can feed besides the plan.
    func admitted(_ gpus: GPUSet, of feed: NodeFeed, in fleet: Inventory) -> GPUSet {
        guard !planned.isEmpty else { return gpus }
        var count = gpus.count
        while count > 0 {
            let some = gpus.lowest(count)
            if fits(feed.rise(of: some), above: feed, in: fleet) { return some }
            count -= 1
        }
        return .none
    }

    /// Whether every place above the node can feed a placement besides the plan.
    func admits(_ placement: Placement, in fleet: Inventory) -> Bool {
        guard !planned.isEmpty else { return true }
        let feed = fleet.feeds[placement.node.offset]
        return fits(feed.rise(of: placement), above: feed, in: fleet)
    }

    /// Adds a placement to the plan.
    mutating func add(_ placement: Placement, in fleet: Inventory, sign: Int64 = 1) {
        guard !planned.isEmpty else { return }
        let feed = fleet.feeds[placement.node.offset]
        let rise = sign * feed.rise(of: placement).count
        var place: PlaceID? = feed.rack
        while let some = place {
            planned[some.offset] += rise
            place = fleet[some].parent
        }
    }

    /// The plan with placements added one after the other; nil where a feed does not carry them all.
    func adding(_ placements: [Placement], in fleet: Inventory) -> PowerPlan? {
        guard !planned.isEmpty else { return self }
        var plan = self
        for placement in placements {
            guard plan.admits(placement, in: fleet) else { return nil }
            plan.add(placement, in: fleet)
        }
        return plan
    }

    private func fits(_ rise: Watts, above feed: NodeFeed, in fleet: Inventory) -> Bool {
        var place: PlaceID? = feed.rack
        while let some = place {
            if left[some.offset] != .max, planned[some.offset] + rise.count > left[some.offset] { return false }
            place = fleet.places[some.offset].parent
        }
        return true
    }
}
