internal import LeaseholdModel

/// A cluster of GPUs that NVLink joins, as the fabric's own service names it.
package struct FabricClusterID: WideID {
    package let high: UInt64
    package let low: UInt64
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}

/// What a GPU says of the NVLink fabric that it is on.
///
/// Two GPUs reach each other over NVLink where both are registered and cluster and clique are the same.
package struct FabricIdentity: Hashable, Sendable {
    /// How far a GPU's registration with the fabric has come.
    package enum State: Hashable, Sendable {
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
    package enum Health: Hashable, Sendable {
        case healthy, unhealthy, limited
        /// A summary that this program does not know.
        case unknown(UInt8)
    }

    package let cluster: FabricClusterID
    package let clique: UInt32
    package let state: State
    /// Nil where the driver does not say.
    package let health: Health?

    package init(cluster: FabricClusterID, clique: UInt32, state: State, health: Health?) {
        self.cluster = cluster
        self.clique = clique
        self.state = state
        self.health = health
    }
}
