/// What a lease counts.
package enum LeaseUnit: UInt8, Sendable, CaseIterable {
    case gpu = 1
    /// Whole nodes.
    case node = 2
    /// All GPUs that one NVLink fabric joins: a whole node, or a rack of a kind whose racks are one fabric.
    case nvlinkDomain = 6
    /// All nodes of a rack that are ready at the decision.
    case rack = 5
    /// All nodes of a hall that are ready at the decision.
    case hall = 4
    /// All nodes of a site that are ready at the decision.
    case site = 3
    /// Memory slices of a GPU, as a MIG profile cuts them.
    case slice = 7
    /// A part of a GPU's time, in thousandths.
    case share = 8
    /// CPU and memory of a node, and no GPU.
    case cpu = 9

    /// The word of the command line.
    package var word: String {
        switch self {
        case .gpu: "gpu"
        case .node: "node"
        case .nvlinkDomain: "nvlink-domain"
        case .rack: "rack"
        case .hall: "hall"
        case .site: "site"
        case .slice: "slice"
        case .share: "share"
        case .cpu: "cpu"
        }
    }

    /// What a node's agent must be able to do for it.
    package var traits: NodeTraits {
        switch self {
        case .gpu, .node, .nvlinkDomain, .rack, .hall, .site: []
        case .slice: .slices
        case .share: .shares
        case .cpu: .cpu
        }
    }

    /// The unit that the command line calls so.
    package init?(word: String) {
        guard let unit = LeaseUnit.allCases.first(where: { $0.word == word }) else { return nil }
        self = unit
    }
}

/// How far the parts of a lease may lie from each other.
package enum LeaseReach: UInt8, Sendable, CaseIterable {
    case node = 1
    /// One NVLink fabric: a node, or a rack of a kind whose racks are one fabric.
    case nvlinkDomain = 2
    case rack = 3
    case hall = 4
    case site = 5

    /// The word of the command line.
    package var word: String {
        switch self {
        case .node: "node"
        case .nvlinkDomain: "nvlink-domain"
        case .rack: "rack"
        case .hall: "hall"
        case .site: "site"
        }
    }

    /// The reach that the command line calls so.
    package init?(word: String) {
        guard let reach = LeaseReach.allCases.first(where: { $0.word == word }) else { return nil }
        self = reach
    }

    /// The places that are the largest within it; nil within a node.
    package var level: PlaceLevel? {
        switch self {
        case .node: nil
        case .nvlinkDomain, .rack: .rack
        case .hall: .hall
        case .site: .site
        }
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

/// When a lease begins.
package enum LeaseStart: Hashable, Sendable {
    /// At once, or not at all.
    case now
    case at(CalendarInstant)
    /// At once or as early as all of it can be had.
    case soonest
}

/// When a lease ends.
package enum LeaseEnd: Hashable, Sendable {
    /// So long after its start.
    case after(Span)
    case at(CalendarInstant)
}

/// How a lease arrives in steps: so many units of it by an instant, those of the steps before included.
package struct LeaseStep: Hashable, Sendable {
    package let count: UInt32
    package let at: CalendarInstant
    /// The price of one unit of this step for an hour, as agreed.
    package let fee: Money?
    /// Where in the contract this step is agreed: `4.2b`.
    package let clause: String?
    package init(count: UInt32, at: CalendarInstant, fee: Money? = nil, clause: String? = nil) {
        self.count = count
        self.at = at
        self.fee = fee
        self.clause = clause
    }

    /// What is agreed for it.
    package var terms: StepTerms { StepTerms(fee: fee, clause: clause) }
}

/// What is agreed for a step of a lease; it is kept and shown, and nothing is computed from it.
package struct StepTerms: Hashable, Sendable {
    /// The price of one unit for an hour.
    package let fee: Money?
    /// Where in the contract it is agreed.
    package let clause: String?
    package init(fee: Money? = nil, clause: String? = nil) {
        self.fee = fee
        self.clause = clause
    }

    /// Nothing is agreed.
    package static let none = StepTerms()

    /// Whether a text can be a clause: not empty, not too long, printable and without line breaks.
    package static func isClause(_ text: String) -> Bool {
        !text.isEmpty && text.isLine(byteCountMax: Limits.clauseByteCountMax)
    }
}

/// On which days a lease comes again, at the same time of the day in UTC.
package enum LeaseRhythm: UInt8, Sendable, CaseIterable {
    case daily = 1
    /// Monday to Friday.
    case weekdays = 2
    case weekly = 3

    /// The word of the command line.
    package var word: String {
        switch self {
        case .daily: "daily"
        case .weekdays: "weekdays"
        case .weekly: "weekly"
        }
    }

    /// The rhythm that the command line calls so.
    package init?(word: String) {
        guard let rhythm = LeaseRhythm.allCases.first(where: { $0.word == word }) else { return nil }
        self = rhythm
    }
}

/// A lease that comes again and again: so many times in all.
package struct LeaseRecurrence: Hashable, Sendable {
    package let rhythm: LeaseRhythm
    package let count: UInt32
    package init(rhythm: LeaseRhythm, count: UInt32) {
        self.rhythm = rhythm
        self.count = count
    }
}

/// What a tenant asks for.
package struct LeaseTerms: Hashable, Sendable {
    /// The tenant's name.
    package let tenant: String
    package let unit: LeaseUnit
    package let count: UInt32
    /// GPU kinds in order of preference: the first that can hold all of it; names joined by `|` are as good as each other.
    ///
    /// Empty: any, mixed where need be.
    package let kinds: [String]
    /// What one unit is, where its name does not say it.
    package let shape: UnitShape
    /// What every node of it must be labelled.
    package let labels: [LabelRule]
    package let start: LeaseStart
    package let end: LeaseEnd
    package let onSilence: SilenceMode
    /// All of it within one of these; nil: wherever it fits.
    package let within: LeaseReach?
    /// As evenly as possible over the places of this level; nil: packed.
    package let spread: PlaceLevel?
    /// So many units by so many instants, the last with all of it; empty: all of it at the start.
    package let steps: [LeaseStep]
    /// Nil: once.
    package let recurrence: LeaseRecurrence?
    /// How long it waits on the waitlist where it cannot be had; nil: not at all.
    package let waitlist: Span?

    package init(
        tenant: String, unit: LeaseUnit, count: UInt32, kinds: [String], shape: UnitShape = .plain,
        labels: [LabelRule] = [], start: LeaseStart = .now, end: LeaseEnd, onSilence: SilenceMode,
        within: LeaseReach? = nil, spread: PlaceLevel? = nil, steps: [LeaseStep] = [],
        recurrence: LeaseRecurrence? = nil, waitlist: Span? = nil
    ) {
        self.tenant = tenant
        self.unit = unit
        self.count = count
        self.kinds = kinds
        self.shape = shape
        self.labels = labels
        self.start = start
        self.end = end
        self.onSilence = onSilence
        self.within = within
        self.spread = spread
        self.steps = steps
        self.recurrence = recurrence
        self.waitlist = waitlist
    }
}

/// The part of a lease that lies on one node.
package struct Placement: Hashable, Sendable {
    package let node: NodeID
    /// The GPUs that it has, or of which it has parts; none where it has only CPU and memory.
    package let gpus: GPUSet
    package let use: NodeUse
    package init(node: NodeID, gpus: GPUSet, use: NodeUse = .whole) {
        self.node = node
        self.gpus = gpus
        self.use = use
    }
    /// What it has of its GPUs, in thousandths of a GPU.
    package var gpuThousandths: Int {
        if use.share != 0 { return Int(use.share) * gpus.count }
        return use.slices.isEmpty ? 1_000 * gpus.count : use.slices.count * 1_000 / SliceSet.perGPU
    }
}
