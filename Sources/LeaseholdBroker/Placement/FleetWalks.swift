import LeaseholdModel

/// How many more searches over the whole fleet a decision may make, so that its time has a bound (L10).
///
/// A walk is one search for a place: up to three looks at every node. What was asked for is always looked at to its end;
/// the walks bound what is tried besides: other starts, and changes that a quote names. When they are spent, what has
/// been found counts, and what has not been tried is not spoken of.
package struct FleetWalks {
    /// How many are left; below zero where the last search was for several kinds, of which each is one.
    package private(set) var left: Int

    /// So many.
    package init(_ countMax: Int = Limits.fleetWalkCountMax) { left = countMax }

    /// Takes one.
    mutating func spend() { left -= 1 }

    /// Half of what is left for one more thing to try, so that no one of them leaves nothing to those after it.
    mutating func half<Outcome>(_ body: (inout FleetWalks) -> Outcome) -> Outcome {
        var part = FleetWalks((left + 1) / 2)
        let given = part.left
        let outcome = body(&part)
        left -= given - part.left
        return outcome
    }
}
