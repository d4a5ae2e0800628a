import LeaseholdModel

/// What is to be placed, and what may stand in its way.
struct Wish {
    let unit: LeaseUnit
    /// How many of the unit.
    let count: Int
    /// Only this kind; nil: any, mixed.
    let kind: KindID?
    /// Whether limits in watts count; without them a search tells whether only power is missing.
    let mindsPower: Bool
}

/// Watts that a plan would add, place by place, before anything is decided.
///
/// Empty where no place has a limit or limits do not count: then everything fits.
struct PowerPlan {
    private var planned: [Int64]

    init(for wish: Wish, in fleet: Inventory) {
        planned = wish.mindsPower && fleet.isPowerLimited ? Array(repeating: 0, count: fleet.places.count) : []
    }

    /// The most of these GPUs, lowest positions first, that every place above the node can feed besides the plan.
    func admitted(_ gpus: GPUSet, of node: NodeRow, in fleet: Inventory) -> GPUSet {
        guard !planned.isEmpty else { return gpus }
        guard fits(node.shape.rise(of: gpus.lowest(1)), above: node, in: fleet) else { return .none }
        var count = gpus.count
        while count > 1 {
            let some = gpus.lowest(count)
            if fits(node.shape.rise(of: some), above: node, in: fleet) { return some }
            count -= 1
        }
        return gpus.lowest(1)
    }

    /// Adds GPUs of a node to the plan.
    mutating func add(_ gpus: GPUSet, of node: NodeRow, in fleet: Inventory) {
        guard !planned.isEmpty else { return }
        let rise = node.shape.rise(of: gpus).count
        var place: PlaceID? = node.shape.rack
        while let some = place {
            planned[some.offset] += rise
            place = fleet[some].parent
        }
    }

    private func fits(_ rise: Watts, above node: NodeRow, in fleet: Inventory) -> Bool {
        var place: PlaceID? = node.shape.rack
        while let some = place {
            if let limit = fleet.places[some.offset].limit,
                fleet.places[some.offset].committed.count + planned[some.offset] + rise.count > limit.count
            {
                return false
            }
            place = fleet.places[some.offset].parent
        }
        return true
    }
}
