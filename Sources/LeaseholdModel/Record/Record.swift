/// A fact of the book: what was decided, never what was asked.
///
/// Replay under newer code gives the same state (L14).
package enum Record: Hashable, Sendable {
    indirect case reignBegan(ReignBegan)
    indirect case fleetPartImported(FleetPart)
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
    indirect case leaseWaitlisted(WaitlistedLease)
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
    indirect case partitionSanitised(NodeID, SanitisingCertificate)
    /// What became of a ticket of the node, as its agent told it, and whose lease had some of that GPU then.
    ///
    /// One record for each such lease; one without a lease where there is none.
    indirect case ticketNoted(NodeID, Ticket, LeaseID?)
    /// A tenant has signed a head: it cannot deny to have been shown it.
    indirect case headCountersigned(TenantID, head: RecordIndex, HeadText, key: String)
    /// A change was refused; kept so that a repetition is refused too (L2).
    indirect case requestRefused(Refusal)
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
/// It is named by the index of this record. What comes later, in steps or again, are its further parts. It never changes,
/// so all who know of it share it: the record, the rows of its parts, the watchers' history.
package struct LeaseGranted: Hashable, Sendable {
    /// What it says.
    @usableFromInline
    struct Facts: Hashable, Sendable {
        @usableFromInline let tenant: TenantID
        @usableFromInline let unit: LeaseUnit
        @usableFromInline let count: UInt32
        @usableFromInline let kinds: [KindID]
        @usableFromInline let shape: UnitShape
        @usableFromInline let labels: [LabelRule]
        @usableFromInline let onSilence: SilenceMode
        @usableFromInline let silenceClass: SilenceClass
        @usableFromInline let within: LeaseReach?
        @usableFromInline let spread: PlaceLevel?
        @usableFromInline let turnaround: Span
        @usableFromInline let first: LeasePart
        @usableFromInline let further: [LeasePart]
        @usableFromInline let terms: [StepTerms]
        @usableFromInline let begun: LeaseBegun?
    }

    /// Where that stands once.
    @usableFromInline
    final class Sheet: Sendable {
        @usableFromInline let facts: Facts

        init(_ facts: Facts) { self.facts = facts }
    }

    @usableFromInline let sheet: Sheet

    /// Whose it is.
    @inlinable package var tenant: TenantID { sheet.facts.tenant }
    /// What is counted.
    @inlinable package var unit: LeaseUnit { sheet.facts.unit }
    /// How many units.
    @inlinable package var count: UInt32 { sheet.facts.count }
    /// Kinds as asked for, in order of preference.
    @inlinable package var kinds: [KindID] { sheet.facts.kinds }
    /// What each unit is, where it is no plain one.
    @inlinable package var shape: UnitShape { sheet.facts.shape }
    /// Which labels its nodes have, and have not.
    @inlinable package var labels: [LabelRule] { sheet.facts.labels }
    /// What its nodes do when they hear nothing of the coordinator.
    @inlinable package var onSilence: SilenceMode { sheet.facts.onSilence }
    /// What its own terms say of silence; on a node that is confirm-only, none of it frees anything whatever they say.
    @inlinable package var silenceClass: SilenceClass { sheet.facts.silenceClass }
    /// How far from each other its parts may come to lie, should they be moved.
    @inlinable package var within: LeaseReach? { sheet.facts.within }
    /// Over places of which level they are spread.
    @inlinable package var spread: PlaceLevel? { sheet.facts.spread }
    /// How long nobody else may have the GPUs after its end, so that they can be made clean.
    @inlinable package var turnaround: Span { sheet.facts.turnaround }
    /// When, on how many watts and where its first part lies.
    @inlinable package var first: LeasePart { sheet.facts.first }
    /// The parts that come later, ascending by start.
    @inlinable package var further: [LeasePart] { sheet.facts.further }
    /// What is agreed for each part, the first one first; empty where nothing is agreed for any.
    @inlinable package var terms: [StepTerms] { sheet.facts.terms }
    /// How it begins, if the first part begins with this record; nil where it only is promised.
    @inlinable package var begun: LeaseBegun? { sheet.facts.begun }

    /// A grant, as it was decided.
    package init(
        tenant: TenantID, unit: LeaseUnit, count: UInt32, kinds: [KindID], shape: UnitShape = .plain,
        labels: [LabelRule] = [], onSilence: SilenceMode, silenceClass: SilenceClass, within: LeaseReach? = nil,
        spread: PlaceLevel? = nil, turnaround: Span = .zero,
        first: LeasePart, further: [LeasePart] = [], terms: [StepTerms] = [], begun: LeaseBegun?
    ) {
        sheet = Sheet(
            Facts(
                tenant: tenant, unit: unit, count: count, kinds: kinds, shape: shape, labels: labels,
                onSilence: onSilence, silenceClass: silenceClass, within: within, spread: spread,
                turnaround: turnaround, first: first, further: further, terms: terms, begun: begun))
    }

    package static func == (left: LeaseGranted, right: LeaseGranted) -> Bool {
        left.sheet === right.sheet || left.sheet.facts == right.sheet.facts
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(sheet.facts) }

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
