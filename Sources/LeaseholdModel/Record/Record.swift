/// A fact of the book: what was decided, never what was asked.
///
/// Replay under newer code gives the same state (L14).
package enum Record: Hashable, Sendable {
    case reignBegan(ReignBegan)
    case fleetPartImported(FleetPart)
    case tenantCreated(name: String, quota: UInt32)
    case tenantQuotaSet(tenant: TenantID, quota: UInt32)
    case nodeCordonSet(node: NodeID, isCordoned: Bool)
    /// The node reported; bound to this hardware from its first report on; ready from here, for what its agent can carve.
    case nodeReported(node: NodeID, hardware: UInt64, traits: NodeTraits = [])
    /// Suspect or quarantined, with the reason.
    case nodesSetAside([NodeID], state: NodeState, reason: NodeReason)
    /// The unhealthy GPUs of a node, all of them.
    case gpuHealthChanged(node: NodeID, unhealthy: GPUSet)
    case leaseGranted(LeaseGranted)
    /// A lease that cannot be had is on the waitlist.
    case leaseWaitlisted(WaitlistedLease)
    /// What waited is granted, in one part; the lease keeps its name.
    case leaseConfirmed(LeaseID, LeaseGranted)
    /// A confirmed part of a lease begins.
    case leaseBegun(LeaseID, LeaseBegun)
    /// A confirmed part of a lease is promised other GPUs than before.
    case leaseMoved(LeaseID, [Placement], watts: Watts)
    /// All parts of a lease that have not ended end later; for `keep` with the new bound, if one has begun (L6).
    case leaseExtended(LeaseID, endsAt: CalendarInstant, keepBound: BootInstant?, keepBoot: BootID)
    /// A lease has so many units from here on; of each part that has less than before what it keeps.
    ///
    /// Of a part that runs, what it does not keep is over for the tenant and is retired; the promises of others are gone.
    case leaseShrunk(LeaseID, count: UInt32, [ShrunkPart])
    case leaseActivated(LeaseID)
    /// A part that has begun is over for the tenant; one that has not is cancelled, and leaves the waitlist.
    ///
    /// `lapsed` and `closed` are about this part; `released` and `cancelled`, said of the whole, are about all its parts.
    case leaseEnding(LeaseID, cause: EndCause)
    /// These nodes of the lease hold nothing of it any more; with the last of them the lease has ended.
    case partitionsRetired(LeaseID, nodes: [NodeID], proof: RetirementProof)
    /// What a node that has given a grant back vouches for; changes nothing else.
    case partitionSanitised(NodeID, SanitisingCertificate)
    /// What became of a ticket of the node, as its agent told it, and whose lease had some of that GPU then.
    ///
    /// One record for each such lease; one without a lease where there is none.
    case ticketNoted(NodeID, Ticket, LeaseID?)
    /// A tenant has signed a head: it cannot deny to have been shown it.
    case headCountersigned(TenantID, head: RecordIndex, HeadText, key: String)
    /// A change was refused; kept so that a repetition is refused too (L2).
    case requestRefused(Refusal)
}

/// A log was restored from a backup, and its first reign since has begun.
package struct LogRestore: Hashable, Sendable {
    /// The incarnation in which the log goes on.
    package let logIncarnation: UInt32
    /// The last record that was kept; what came after it under earlier incarnations is gone.
    package let kept: RecordIndex
    /// When that reign began.
    package let at: CalendarInstant
    package init(logIncarnation: UInt32, kept: RecordIndex, at: CalendarInstant) {
        self.logIncarnation = logIncarnation
        self.kept = kept
        self.at = at
    }
}

/// A coordinator started to lead.
package struct ReignBegan: Hashable, Sendable {
    package let reign: Reign
    package let incarnation: Incarnation
    package let boot: BootID
    /// Holds of this reign last at most so long; waits of later reigns honour it.
    package let holds: HoldSettings
    package init(reign: Reign, incarnation: Incarnation, boot: BootID, holds: HoldSettings) {
        self.reign = reign
        self.incarnation = incarnation
        self.boot = boot
        self.holds = holds
    }
}

/// A lease, GPUs and watts in one decision, over its whole window.
///
/// It is named by the index of this record. What comes later, in steps or again, are its further parts.
package struct LeaseGranted: Hashable, Sendable {
    package let tenant: TenantID
    package let unit: LeaseUnit
    package let count: UInt32
    /// Kinds as asked for, in order of preference.
    package let kinds: [KindID]
    package let shape: UnitShape
    package let labels: [LabelRule]
    package let onSilence: SilenceMode
    /// What its own terms say of silence; on a node that is confirm-only, none of it frees anything whatever they say.
    package let silenceClass: SilenceClass
    /// How far from each other its parts may come to lie, should they be moved.
    package let within: LeaseReach?
    /// Over places of which level they are spread.
    package let spread: PlaceLevel?
    /// How long nobody else may have the GPUs after its end, so that they can be made clean.
    package let turnaround: Span
    /// When, on how many watts and where its first part lies.
    package var first: LeasePart
    /// The parts that come later, ascending by start.
    package let further: [LeasePart]
    /// What is agreed for each part, the first one first; empty where nothing is agreed for any.
    package let terms: [StepTerms]
    /// How it begins, if the first part begins with this record; nil where it only is promised.
    package let begun: LeaseBegun?

    package init(
        tenant: TenantID, unit: LeaseUnit, count: UInt32, kinds: [KindID], shape: UnitShape = .plain,
        labels: [LabelRule] = [], onSilence: SilenceMode, silenceClass: SilenceClass, within: LeaseReach? = nil,
        spread: PlaceLevel? = nil, turnaround: Span = .zero,
        first: LeasePart, further: [LeasePart] = [], terms: [StepTerms] = [], begun: LeaseBegun?
    ) {
        self.tenant = tenant
        self.unit = unit
        self.count = count
        self.kinds = kinds
        self.shape = shape
        self.labels = labels
        self.onSilence = onSilence
        self.silenceClass = silenceClass
        self.within = within
        self.spread = spread
        self.turnaround = turnaround
        self.first = first
        self.further = further
        self.terms = terms
        self.begun = begun
    }

    /// How many parts it has.
    package var partCount: Int { 1 + further.count }

    /// A part by its number; 0 is the first.
    package func part(_ number: Int) -> LeasePart { number == 0 ? first : further[number - 1] }

    /// What is agreed for a part, wherever it lies by now.
    package func terms(ofPart number: Int) -> StepTerms { terms.isEmpty ? .none : terms[number] }

    /// All parts, the first one first.
    package var parts: [LeasePart] { [first] + further }
}

/// A lease that nothing is promised to yet.
///
/// It is named by the index of this record.
package struct WaitlistedLease: Hashable, Sendable {
    /// What is asked for; tried again whenever something comes free.
    package let terms: LeaseTerms
    /// When it leaves the list, if nothing came free.
    package let until: CalendarInstant
    /// When it could begin by the calendar of this instant, were it the only one to wait; nil: not in sight.
    package let estimatedStart: CalendarInstant?
    /// Why it could not be had.
    package let refusal: Refusal

    package init(terms: LeaseTerms, until: CalendarInstant, estimatedStart: CalendarInstant?, refusal: Refusal) {
        self.terms = terms
        self.until = until
        self.estimatedStart = estimatedStart
        self.refusal = refusal
    }
}

/// What a part of a lease keeps.
package struct ShrunkPart: Hashable, Sendable {
    package let lease: LeaseID
    /// The envelope of what it keeps.
    package let watts: Watts
    /// What it keeps, ascending by node; none: it is given up, or given back as a whole.
    package let placements: [Placement]

    package init(lease: LeaseID, watts: Watts, placements: [Placement]) {
        self.lease = lease
        self.watts = watts
        self.placements = placements
    }
}

/// What a lease has at once, from one start to one end.
package struct LeasePart: Hashable, Sendable {
    package var startsAt: CalendarInstant
    package var endsAt: CalendarInstant
    /// The envelope of all of it.
    package var watts: Watts
    /// Ascending by node.
    package var placements: [Placement]
    package init(startsAt: CalendarInstant, endsAt: CalendarInstant, watts: Watts, placements: [Placement]) {
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.watts = watts
        self.placements = placements
    }

    /// When it is the tenant's.
    package var window: Window { Window(from: startsAt, until: endsAt) }
    /// GPUs of all placements, those that it shares with others included.
    package var gpuCount: Int { placements.reduce(0) { $0 + $1.gpus.count } }
    /// GPUs of all placements in thousandths: what it has of them.
    package var gpuThousandths: Int { placements.reduce(0) { $0 + $1.gpuThousandths } }
}

/// That a part of a lease begins: from here on nodes may hold it, under the epoch of this record.
package struct LeaseBegun: Hashable, Sendable {
    package let reign: Reign
    /// For `keep`: the earliest instant of `keepBoot` at which a silent partition could be granted again (L6).
    package let keepBound: BootInstant?
    /// The coordinator's boot that `keepBound` belongs to.
    package let keepBoot: BootID
    package init(reign: Reign, keepBound: BootInstant?, keepBoot: BootID) {
        self.reign = reign
        self.keepBound = keepBound
        self.keepBoot = keepBoot
    }
}

/// A record with what the log says of it.
package struct LogEntry: Hashable, Sendable {
    package let index: RecordIndex
    /// When it was decided, by the coordinator's calendar clock; never before the entry before it.
    package let at: CalendarInstant
    package let principal: Principal
    /// The request that asked for it; nil for what the coordinator did by itself.
    package let request: RequestKey?
    package let record: Record
    package init(
        index: RecordIndex, at: CalendarInstant, principal: Principal, request: RequestKey?, record: Record
    ) {
        self.index = index
        self.at = at
        self.principal = principal
        self.request = request
        self.record = record
    }
}
