/// What a lease counts.
package enum LeaseUnit: UInt8, Sendable, CaseIterable {
    case gpu = 1
    /// Whole nodes.
    case node = 2
    /// All nodes of a site that are ready at the decision.
    case site = 3

    /// The word of the command line.
    package var word: String {
        switch self {
        case .gpu: "gpu"
        case .node: "node"
        case .site: "site"
        }
    }

    /// The unit that the command line calls so.
    package init?(word: String) {
        guard let unit = LeaseUnit.allCases.first(where: { $0.word == word }) else { return nil }
        self = unit
    }
}

/// What silence of the coordinator means for a lease (L6).
package enum SilenceMode: UInt8, Sendable, CaseIterable {
    /// The hold runs out and the node fences the work.
    case fence = 1
    /// The work runs on to the end of its term.
    case keep = 2

    /// The word of the command line.
    package var word: String {
        switch self {
        case .fence: "fence"
        case .keep: "keep"
        }
    }

    /// The mode that the command line calls so.
    package init?(word: String) {
        guard let mode = SilenceMode.allCases.first(where: { $0.word == word }) else { return nil }
        self = mode
    }
}

/// How a node's silence is judged: whether its capacity may be granted again without its word (L6).
package enum SilenceClass: UInt8, Sendable, CaseIterable {
    /// The tenants' processes die with a guard that fences at the deadline: the wait is enough.
    case guarded = 1
    /// Nothing ends the work without the agent: only the agent's acknowledgement frees the capacity.
    case confirmOnly = 2
}

/// When a lease ends.
package enum LeaseEnd: Hashable, Sendable {
    /// So long after its start.
    case after(Span)
    case at(CalendarInstant)
}

/// What a tenant asks for.
package struct LeaseTerms: Hashable, Sendable {
    /// The tenant's name.
    package let tenant: String
    package let unit: LeaseUnit
    package let count: UInt32
    /// GPU kinds in order of preference: the first that can hold all of it.
    ///
    /// Empty: any, mixed where need be.
    package let kinds: [String]
    package let end: LeaseEnd
    package let onSilence: SilenceMode

    package init(
        tenant: String, unit: LeaseUnit, count: UInt32, kinds: [String], end: LeaseEnd, onSilence: SilenceMode
    ) {
        self.tenant = tenant
        self.unit = unit
        self.count = count
        self.kinds = kinds
        self.end = end
        self.onSilence = onSilence
    }
}

/// The part of a lease that lies on one node.
package struct Placement: Hashable, Sendable {
    package let node: NodeID
    package let gpus: GPUSet
    package init(node: NodeID, gpus: GPUSet) {
        self.node = node
        self.gpus = gpus
    }
}
