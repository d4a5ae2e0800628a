package import LeaseholdModel

/// What brings a part of a GPU back, weakest first; the strongest that is asked for wins.
package enum Remedy: UInt8, Codable, Hashable, Comparable, Sendable, CaseIterable {
    /// Nothing: it is written down.
    case none
    /// What ran on it begins anew; nothing is taken off the GPU.
    case restartWork
    /// No new work until it has been calm.
    case watch
    /// Work is taken off the GPUs that reach it directly.
    case drainPeers
    /// The service that shares memory over NVLink between nodes is brought back.
    case recoverDomain
    /// Its work is taken off, and it is reset.
    case resetGPU
    /// Its work is taken off, and it is reset by its bus.
    case resetBus
    case restartNode
    case restartSystem
    /// Somebody goes there: nothing that a program does helps.
    case service

    package static func < (left: Remedy, right: Remedy) -> Bool { left.rawValue < right.rawValue }

    /// What the driver asks for; an action that nobody knows is watched.
    package init(_ action: RecoveryAction) {
        switch action {
        case .none: self = .none
        case .resetGPU, .drainAndReset: self = .resetGPU
        case .restartNode: self = .restartNode
        case .drainPeers: self = .drainPeers
        case .recoverDomain: self = .recoverDomain
        case .resetBus: self = .resetBus
        case .restartSystem: self = .restartSystem
        case .unknown: self = .watch
        }
    }

    /// How a part stands that needs it.
    package var standing: Standing {
        switch self {
        case .none, .restartWork: .healthy
        case .watch: .suspect
        case .drainPeers, .recoverDomain, .resetGPU, .resetBus, .restartNode, .restartSystem, .service: .unhealthy
        }
    }

    /// Whether a part that needs `other` is helped when this was done.
    ///
    /// A stronger one helps as well, with one exception: a domain's service spans nodes, so nothing that is done to one
    /// node brings it back.
    package func helps(_ other: Remedy) -> Bool {
        switch (self, other) {
        case (.resetGPU, .recoverDomain), (.resetBus, .recoverDomain), (.restartNode, .recoverDomain): false
        case (.recoverDomain, .drainPeers): false
        default: standing == .unhealthy && self >= other
        }
    }
}

/// What of a GPU a finding, and so a ticket, is about.
package enum Component: UInt8, Codable, Hashable, Comparable, Sendable, CaseIterable {
    /// The GPU as a whole: what its driver wants done with it, and what no other part explains.
    case gpu
    case engine
    case firmware
    case memory
    case bus
    case link
    case fabric
    case cooling
    case power
    /// What a site's own probes look at.
    case probe

    package static func < (left: Component, right: Component) -> Bool { left.rawValue < right.rawValue }
}
