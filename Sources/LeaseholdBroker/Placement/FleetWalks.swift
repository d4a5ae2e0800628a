import LeaseholdModel

/// How many more searches over the whole fleet a decision may make, so that its time has a bound (L10).
///
/// A walk is one search for a place among some kinds. What was asked for is always looked at to its end, all its parts and
/// kinds; the walks bound what is tried besides: other starts, and changes that a quote names. When they are spent, what
/// has been found counts, and what has not been tried is not spoken of.
package struct FleetWalks {
    /// How many are left; below zero where what was asked for took more.
    package private(set) var left: Int
    /// Whether the search is one that may be left unfinished.
    private var isBesides = false

    /// So many.
    package init(_ countMax: Int = Limits.fleetWalkCountMax) { left = countMax }

    /// Whether a search that is made besides ends here, finished or not.
    var areSpent: Bool { isBesides && left <= 0 }

    /// Takes one.
    mutating func spend() { left -= 1 }

    /// Half of what is left for one more thing to try, so that no one of them leaves nothing to those after it.
    mutating func half<Outcome>(_ body: (inout FleetWalks) -> Outcome) -> Outcome {
        var part = FleetWalks((left + 1) / 2)
        part.isBesides = true
        let given = part.left
        let outcome = body(&part)
        left -= given - part.left
        return outcome
    }
}
