/// What to do so that a GPU stays under a power limit.
package enum LimitStep: Hashable, Sendable {
    /// It is as it should be.
    case keep
    case set(Milliwatts)
    /// The GPU cannot be set so, and stays as it is.
    case refuse(why: String)

    /// The step from what a GPU is told now to what is wanted.
    ///
    /// The range is nil where the driver does not say one: then no limit can be set.
    package init(to wanted: Milliwatts, from limit: Milliwatts?, within range: PowerRange?) {
        if limit == wanted {
            self = .keep
        } else if let range {
            let isWithin = range.least <= wanted && wanted <= range.most
            self =
                isWithin
                ? .set(wanted)
                : .refuse(why: "a limit of \(wanted) is outside of \(range.least) to \(range.most)")
        } else {
            self = .refuse(why: "a limit of \(wanted) cannot be set: the driver states no range for it")
        }
    }
}
