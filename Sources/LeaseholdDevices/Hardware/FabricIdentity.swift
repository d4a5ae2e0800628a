internal import LeaseholdModel

/// A cluster of GPUs that NVLink joins, as the fabric's own service names it.
package struct FabricClusterID: WideID, Codable {
    package let high: UInt64
    package let low: UInt64
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}

/// What a GPU says of the NVLink fabric that it is on.
///
/// Two GPUs reach each other over NVLink where both are registered and cluster and clique are the same; those without a
/// cluster reach the others of their node.
package struct FabricIdentity: Codable, Hashable, Sendable {
    /// How far a GPU's registration with the fabric has come.
    package enum State: Codable, Hashable, Sendable {
        /// Starts when the fabric's service does.
        case notStarted
        /// Ends as `registered`, for better or worse.
        case inProgress
        /// Done; nil, or what the driver answers with where it went wrong.
        case registered(failure: UInt32?)
        /// A state that this program does not know.
        case unknown(UInt8)
    }

    /// The driver's own summary.
    package enum Health: Codable, Hashable, Sendable {
        case healthy, unhealthy, limited
        /// A summary that this program does not know.
        case unknown(UInt8)
    }

    /// Nil where the fabric is the node's own.
    package let cluster: FabricClusterID?
    package let clique: UInt32
    package let state: State
    /// Nil where the driver does not say.
    package let health: Health?
    /// What is wrong with it, as far as the driver says so.
    package let troubles: FabricTroubles

    package init(cluster: FabricClusterID?, clique: UInt32, state: State, health: Health?, troubles: FabricTroubles) {
        self.cluster = cluster
        self.clique = clique
        self.state = state
        self.health = health
        self.troubles = troubles
    }
}

/// What is wrong with a GPU's place on the NVLink fabric.
package struct FabricTroubles: OptionSet, Codable, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Its bandwidth is not all there.
    package static let lessBandwidth = FabricTroubles(rawValue: 1)
    /// Its routes are being found anew.
    package static let routeRecovery = FabricTroubles(rawValue: 2)
    /// A route of it is broken.
    package static let routeBroken = FabricTroubles(rawValue: 4)
    /// It is brought back after an access that took too long.
    package static let accessRecovery = FabricTroubles(rawValue: 8)
    /// It is set up wrongly.
    package static let configuration = FabricTroubles(rawValue: 16)

    /// What the driver's mask says: two bits for each, of which 1 says that it is so, and a number for the last.
    package init(mask: UInt32) {
        self = []
        let pairs: [FabricTroubles] = [.lessBandwidth, .routeRecovery, .routeBroken, .accessRecovery]
        for (position, trouble) in pairs.enumerated() where mask >> UInt32(2 * position) & 3 == 1 { insert(trouble) }
        // 0 is not said, and 1 is nothing; the others are in what way.
        if mask >> 8 & 0xF > 1 { insert(.configuration) }
    }
}
