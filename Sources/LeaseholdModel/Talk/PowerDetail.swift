/// How much of a node a source of power measures.
package enum PowerScope: UInt8, Codable, Hashable, Sendable, CaseIterable {
    /// All of it, with its GPUs.
    case node
    /// Its processors with their memory, without its GPUs.
    case processors
}

/// How a draw was come by, best first.
package enum PowerQuality: UInt8, Codable, Hashable, Comparable, Sendable, CaseIterable {
    /// From a counter of energy: the true average since the reading before.
    case counter
    /// An average that the instrument makes itself.
    case average
    /// What it was at one instant; what lies between two of them nobody knows.
    case sample

    package static func < (left: PowerQuality, right: PowerQuality) -> Bool { left.rawValue < right.rawValue }
}

/// What is said of the power of a node beside that of its GPUs.
package struct PowerDetail: Hashable, Sendable {
    package let scope: PowerScope
    /// What measures it: `RAPL packages`.
    package let source: String
    /// How the draw was come by.
    package let quality: PowerQuality
    package let draw: Watts
    /// Metered by a counter since the agent first read it; nil where there is no counter.
    package let energyJoules: UInt64?

    /// A word about one source; its name is cut to its bound.
    package init(scope: PowerScope, source: String, quality: PowerQuality, draw: Watts, energyJoules: UInt64?) {
        self.scope = scope
        self.source = source.line(byteCountMax: Limits.deviceTextByteCountMax)
        self.quality = quality
        self.draw = draw
        self.energyJoules = energyJoules
    }

    /// The same without what changes all the time.
    var unmetered: PowerDetail {
        PowerDetail(scope: scope, source: source, quality: quality, draw: .zero, energyJoules: nil)
    }
}
