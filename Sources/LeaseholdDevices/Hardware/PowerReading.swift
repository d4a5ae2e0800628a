package import LeaseholdModel

/// What a GPU draws and may draw; nil where its driver does not know such a thing.
package struct PowerReading: Hashable, Sendable {
    /// The draw: an average over about a second from Ampere on.
    package let draw: Milliwatts?
    /// Since the driver was loaded; what is metered is the difference of two readings.
    package let energy: Millijoules?
    /// What it was told to stay under.
    package let limit: Milliwatts?
    /// What it stays under in fact, by whatever binds first.
    package let enforced: Milliwatts?

    package init(draw: Milliwatts?, energy: Millijoules?, limit: Milliwatts?, enforced: Milliwatts?) {
        self.draw = draw
        self.energy = energy
        self.limit = limit
        self.enforced = enforced
    }
}

/// Within what a GPU's power limit can be set.
package struct PowerRange: Codable, Hashable, Sendable {
    package let least: Milliwatts
    package let most: Milliwatts
    /// Where it is after the driver was loaded.
    package let initial: Milliwatts

    package init(least: Milliwatts, most: Milliwatts, initial: Milliwatts) {
        self.least = least
        self.most = most
        self.initial = initial
    }
}
