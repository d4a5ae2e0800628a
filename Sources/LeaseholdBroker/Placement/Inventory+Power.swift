import LeaseholdModel

/// What a placement draws, and where it would be too much.
extension Inventory {
    /// The envelope of all GPUs of a placement.
    func envelope(of placements: [Placement]) -> Watts {
        placements.reduce(.zero) { $0 + feeds[$1.node.offset].envelope(of: $1) }
    }

    /// Why these GPUs cannot be fed over the window of a wish: the place that would be furthest above its limit.
    ///
    /// Nil where everything can be fed.
    func shortage(
        for placements: [Placement], _ wish: Wish, _ calendar: Calendar, at now: CalendarInstant
    ) -> Refusal? {
        guard isPowerBound else { return nil }
        var planned = [Watts?](repeating: nil, count: places.count)
        for placement in placements + wish.claims.flatMap(\.part.placements) {
            let rise = feeds[placement.node.offset].rise(of: placement)
            var place: PlaceID? = feeds[placement.node.offset].rack
            while let some = place {
                planned[some.offset] = (planned[some.offset] ?? .zero) + rise
                place = places[some.offset].parent
            }
        }
        var worst: (excess: Watts, refusal: Refusal)?
        for (offset, place) in places.enumerated() {
            guard place.isBinding, let limit = place.limit, let asked = planned[offset] else { continue }
            let committed = Watts(calendar.committed(PlaceID(rawValue: UInt32(offset)), over: wish, in: self, at: now))
            let excess = committed + asked - limit
            guard excess > .zero, excess > worst?.excess ?? .zero else { continue }
            worst = (
                excess, .noPower(place: place.path, limit: limit, committed: committed, asked: asked)
            )
        }
        return worst?.refusal
    }

    /// Whether every feed above these GPUs carries them beside what is leased now.
    func canFeedNow(_ placements: [Placement]) -> Bool {
        guard isPowerBound else { return true }
        var planned = Array(repeating: Watts.zero, count: places.count)
        for placement in placements {
            let rise = feeds[placement.node.offset].rise(of: placement)
            var place: PlaceID? = feeds[placement.node.offset].rack
            while let some = place {
                planned[some.offset] += rise
                if places[some.offset].isBinding, let limit = places[some.offset].limit,
                    places[some.offset].committed + planned[some.offset] > limit
                {
                    return false
                }
                place = places[some.offset].parent
            }
        }
        return true
    }

    /// The smallest place that encloses all of a placement; nil where it spans sites.
    func enclosure(of placements: [Placement]) -> PlaceID? {
        guard let first = placements.first else { return nil }
        var enclosing: PlaceID? = feeds[first.node.offset].rack
        for placement in placements {
            guard let place = enclosing else { return nil }
            enclosing = lowestCommon(place, feeds[placement.node.offset].rack)
        }
        return enclosing
    }

    private func lowestCommon(_ left: PlaceID, _ right: PlaceID) -> PlaceID? {
        var above: PlaceID? = left
        while let place = above {
            var below: PlaceID? = right
            while let other = below, self[other].level <= self[place].level {
                if other == place { return place }
                below = self[other].parent
            }
            above = self[place].parent
        }
        return nil
    }
}
