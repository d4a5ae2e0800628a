/// A fact of the book: what was decided, never what was asked.
///
/// Replay under newer code gives the same state (L14).
package enum Record: Hashable, Sendable {
    case reignBegan(ReignBegan)
    case fleetPartImported(FleetPart)
    case tenantCreated(name: String, quota: UInt32)
    case tenantQuotaSet(tenant: TenantID, quota: UInt32)
    case nodeCordonSet(node: NodeID, isCordoned: Bool)
    /// The node reported; bound to this hardware from its first report on; ready from here.
    case nodeReported(node: NodeID, hardware: UInt64)
    /// Suspect or quarantined, with the reason.
    case nodesSetAside([NodeID], state: NodeState, reason: NodeReason)
    /// The unhealthy GPUs of a node, all of them.
    case gpuHealthChanged(node: NodeID, unhealthy: GPUSet)
    case leaseGranted(LeaseGranted)
    case leaseActivated(LeaseID)
    case leaseEnding(LeaseID, cause: EndCause)
    /// These nodes of the lease hold nothing of it any more; with the last of them the lease has ended.
    case partitionsRetired(LeaseID, nodes: [NodeID], proof: RetirementProof)
    /// A change was refused; kept so that a repetition is refused too (L2).
    case requestRefused(Refusal)
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

/// A lease, GPUs and watts in one decision.
///
/// Its id and its epoch's index are the index of this record.
package struct LeaseGranted: Hashable, Sendable {
    package let tenant: TenantID
    package let unit: LeaseUnit
    package let count: UInt32
    /// Kinds as asked for, in order of preference.
    package let kinds: [KindID]
    package let onSilence: SilenceMode
    package let silenceClass: SilenceClass
    package let reign: Reign
    package let startsAt: CalendarInstant
    package let endsAt: CalendarInstant
    /// The envelope of all of it.
    package let watts: Watts
    /// Ascending by node.
    package let placements: [Placement]
    /// For `keep`: the earliest instant of `keepBoot` at which a silent partition could be granted again (L6).
    package let keepBound: BootInstant?
    /// The coordinator's boot that `keepBound` belongs to.
    package let keepBoot: BootID

    package init(
        tenant: TenantID, unit: LeaseUnit, count: UInt32, kinds: [KindID], onSilence: SilenceMode,
        silenceClass: SilenceClass, reign: Reign, startsAt: CalendarInstant, endsAt: CalendarInstant, watts: Watts,
        placements: [Placement], keepBound: BootInstant?, keepBoot: BootID
    ) {
        self.tenant = tenant
        self.unit = unit
        self.count = count
        self.kinds = kinds
        self.onSilence = onSilence
        self.silenceClass = silenceClass
        self.reign = reign
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.watts = watts
        self.placements = placements
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
