/// How the coordinator stands.
package struct StatusView: Hashable, Sendable {
    package var cluster = ""
    package var log = LogID(high: 0, low: 0)
    package var reign = Reign.zero
    package var head = LogHead.empty
    /// What its calendar shows; never before the last record's instant.
    package var calendar = CalendarInstant(nanoseconds: 0)
    /// The digest of the book; equal to that of the replayed log (L14).
    package var bookDigest: UInt64 = 0
    package var holds = HoldSettings.standard
    package var nodes = NodeCounts()
    package var gpus = GPUCounts()
    package var leases = LeaseCounts()
    package var tenantCount = 0
    package var connectionCount = 0
    package var committed = Watts.zero
    /// The newest restore of the log from a backup; nil where there was none.
    package var restored: LogRestore?
    /// What needs somebody's eye, a sentence each.
    package var alarms: [String] = []
    package init() {}
}

/// Nodes by state.
package struct NodeCounts: Hashable, Sendable {
    package var notDelivered = 0
    package var ready = 0
    package var suspect = 0
    package var quarantined = 0
    /// A flag: these are counted in their states too.
    package var cordoned = 0
    package init() {}
    /// Nodes of all states.
    package var total: Int { notDelivered + ready + suspect + quarantined }
}

/// GPUs by where they are; each is in exactly one (L12).
package struct GPUCounts: Hashable, Sendable {
    package var notDelivered = 0
    package var unhealthy = 0
    /// Free, on a node that is suspect or quarantined.
    package var quarantined = 0
    package var leased = 0
    /// Free, healthy, on a ready node; cordoned nodes included.
    package var free = 0
    package init() {}
    /// All GPUs of the fleet.
    package var total: Int { notDelivered + unhealthy + quarantined + leased + free }
}

/// Leases by state.
package struct LeaseCounts: Hashable, Sendable {
    package var waitlisted = 0
    package var confirmed = 0
    package var starting = 0
    package var active = 0
    package var ending = 0
    /// Those that the book still remembers.
    package var ended = 0
    /// Those that the book still remembers.
    package var cancelled = 0
    package init() {}
}

/// The fleet by place.
package struct FleetView: Hashable, Sendable {
    package let places: [PlaceView]
    package let kinds: [KindView]
    package init(places: [PlaceView], kinds: [KindView]) {
        self.places = places
        self.kinds = kinds
    }
}

/// A site, hall or rack with its counts.
package struct PlaceView: Hashable, Sendable {
    package let path: String
    package let level: PlaceLevel
    package let nodeCount: Int
    package let gpuCount: Int
    package let limit: Watts?
    package let committed: Watts
    package init(
        path: String, level: PlaceLevel, nodeCount: Int, gpuCount: Int, limit: Watts?, committed: Watts
    ) {
        self.path = path
        self.level = level
        self.nodeCount = nodeCount
        self.gpuCount = gpuCount
        self.limit = limit
        self.committed = committed
    }
}

/// A kind with its counts.
package struct KindView: Hashable, Sendable {
    package let kind: GPUKind
    package let gpuCount: Int
    package let freeCount: Int
    package init(kind: GPUKind, gpuCount: Int, freeCount: Int) {
        self.kind = kind
        self.gpuCount = gpuCount
        self.freeCount = freeCount
    }
}

/// A node.
package struct NodeView: Hashable, Sendable {
    package var id = NodeID(rawValue: 0)
    /// Its path: `colossus-1/hall-2/rack-117/node-4`.
    package var name = ""
    package var kind = ""
    package var gpus = GPUSet.none
    package var leased = GPUSet.none
    package var unhealthy = GPUSet.none
    package var state = NodeState.notDelivered
    package var reason = NodeReason.none
    /// Since when it is in this state.
    package var since = CalendarInstant(nanoseconds: 0)
    package var isCordoned = false
    package var envelope = Watts.zero
    package var committed = Watts.zero
    /// The last reading; nil before the first of this reign.
    package var drawn: Watts?
    /// Since the node was last heard; nil where it was not heard in this reign.
    package var silence: Span?
    package var leases: [LeaseID] = []
    /// CPU and memory that can be leased; zero where nobody has stated them.
    package var cpu = Millicores.zero
    package var memory = Mebibytes.zero
    package var labels: [NodeLabel] = []
    /// What its agent can hand out that is less than a GPU.
    package var traits: NodeTraits = []
    /// What its agent said of its devices in this session; nil in a list of nodes, and before the first word.
    package var detail: NodeDetail?
    /// What the log has open about its GPUs; none in a list of nodes.
    package var tickets: [Ticket] = []
    package init() {}
}

/// A tenant.
package struct TenantView: Hashable, Sendable {
    package let id: TenantID
    package let name: String
    package let quota: Int
    /// GPUs of leases that have not ended.
    package let held: Int
    package let leaseCount: Int
    package init(id: TenantID, name: String, quota: Int, held: Int, leaseCount: Int) {
        self.id = id
        self.name = name
        self.quota = quota
        self.held = held
        self.leaseCount = leaseCount
    }
}

/// Where a lease would lie, from when, and what it would draw; nothing is held for it.
package struct QuoteView: Hashable, Sendable {
    package let gpuCount: Int
    package let watts: Watts
    package let startsAt: CalendarInstant
    package let endsAt: CalendarInstant
    /// The smallest place that encloses all of it; nil when it spans sites.
    package let within: String?
    package let placements: [Placement]
    /// What would come later; ascending by start.
    package let further: [LeasePartView]
    /// What would be paid for, over all parts; ascending by kind.
    package let units: [QuotedUnits]
    package init(
        gpuCount: Int, watts: Watts, startsAt: CalendarInstant, endsAt: CalendarInstant, within: String?,
        placements: [Placement], further: [LeasePartView] = [], units: [QuotedUnits] = []
    ) {
        self.gpuCount = gpuCount
        self.watts = watts
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.within = within
        self.placements = placements
        self.further = further
        self.units = units
    }
}

/// How much of one kind of GPU would be paid for.
package struct QuotedUnits: Hashable, Sendable {
    /// The kind's name.
    package let kind: String
    /// Thousandths of a GPU times seconds: a quarter of a GPU for an hour is 900,000.
    package let gpuMilliseconds: Int64
    package init(kind: String, gpuMilliseconds: Int64) {
        self.kind = kind
        self.gpuMilliseconds = gpuMilliseconds
    }
}

/// A part of a lease in brief.
package struct LeasePartView: Hashable, Sendable {
    package let startsAt: CalendarInstant
    package let endsAt: CalendarInstant
    package let gpuCount: Int
    package let watts: Watts
    /// What is agreed for it; a quote does not repeat that.
    package let terms: StepTerms
    package init(
        startsAt: CalendarInstant, endsAt: CalendarInstant, gpuCount: Int, watts: Watts, terms: StepTerms = .none
    ) {
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.gpuCount = gpuCount
        self.watts = watts
        self.terms = terms
    }
}

/// What was granted: where its first part lies, and what comes later.
package struct LeaseGrantView: Hashable, Sendable {
    package let lease: LeaseID
    package let tenant: String
    /// The fencing number of its partitions; nil before it has begun.
    package let epoch: Epoch?
    package let gpuCount: Int
    package let watts: Watts
    package let startsAt: CalendarInstant
    package let endsAt: CalendarInstant
    package let placements: [Placement]
    /// In the order of the placements; empty where there are more than `nodeNameCountMax`.
    package let nodeNames: [String]
    /// What comes later; ascending by start.
    package let further: [LeasePartView]
    /// What is agreed for this part.
    package let terms: StepTerms
    /// Keeps the answer to a whole-site lease within a frame.
    package static let nodeNameCountMax = 256

    package init(
        lease: LeaseID, tenant: String, epoch: Epoch?, gpuCount: Int, watts: Watts, startsAt: CalendarInstant,
        endsAt: CalendarInstant, placements: [Placement], nodeNames: [String], further: [LeasePartView] = [],
        terms: StepTerms = .none
    ) {
        self.lease = lease
        self.tenant = tenant
        self.epoch = epoch
        self.gpuCount = gpuCount
        self.watts = watts
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.placements = placements
        self.nodeNames = nodeNames
        self.further = further
        self.terms = terms
    }
}

/// A lease as it stands, or a part of it.
package struct LeaseView: Hashable, Sendable {
    package let grant: LeaseGrantView
    package let unit: LeaseUnit
    package let count: Int
    package let kinds: [String]
    package let shape: UnitShape
    package let labels: [LabelRule]
    package let onSilence: SilenceMode
    package let within: LeaseReach?
    package let spread: PlaceLevel?
    package let state: LeaseState
    package let cause: EndCause
    /// Placements that are retired already.
    package let retiredCount: Int
    /// Whether a node of it is silent or a GPU of it unhealthy.
    package let isDegraded: Bool
    /// Its place on the waitlist; nil where it does not wait.
    package let waiting: WaitlistPlace?
    package let principal: Principal

    package init(
        grant: LeaseGrantView, unit: LeaseUnit, count: Int, kinds: [String], shape: UnitShape = .plain,
        labels: [LabelRule] = [], onSilence: SilenceMode, within: LeaseReach? = nil, spread: PlaceLevel? = nil,
        state: LeaseState, cause: EndCause, retiredCount: Int,
        isDegraded: Bool, waiting: WaitlistPlace? = nil, principal: Principal
    ) {
        self.grant = grant
        self.unit = unit
        self.count = count
        self.kinds = kinds
        self.shape = shape
        self.labels = labels
        self.onSilence = onSilence
        self.within = within
        self.spread = spread
        self.state = state
        self.cause = cause
        self.retiredCount = retiredCount
        self.isDegraded = isDegraded
        self.waiting = waiting
        self.principal = principal
    }
}

/// One record, as a watch shows it.
package struct EventView: Hashable, Sendable {
    package let index: RecordIndex
    package let at: CalendarInstant
    package let principal: Principal
    /// The record's word: `leaseGranted`.
    package let word: String
    package let lease: LeaseID?
    /// The facts, one sentence.
    package let text: String
    package init(
        index: RecordIndex, at: CalendarInstant, principal: Principal, word: String, lease: LeaseID?, text: String
    ) {
        self.index = index
        self.at = at
        self.principal = principal
        self.word = word
        self.lease = lease
        self.text = text
    }
}
