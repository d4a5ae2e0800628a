/// What the coordinator answers.
package indirect enum Reply: Hashable, Sendable {
    case status(StatusView)
    case fleetImported(FleetImported)
    case fleet(FleetView)
    case nodes([NodeView], next: NodeID?)
    case node(NodeView)
    case tenant(TenantView)
    case tenants([TenantView], next: TenantID?)
    case quote(QuoteView)
    case declined(DeclinedQuote)
    /// What was granted, as it was granted: the same for every repetition of the request.
    case granted(LeaseGrantView)
    /// It could not be had and waits, as it stood then: the same for every repetition of the request.
    case waitlisted(LeaseWaitlisted)
    case leases([LeaseView], next: LeaseID?)
    case lease(LeaseView)
    case released(LeaseReleased)
    case cancelled(LeaseReleased)
    case extended(LeaseExtended)
    case resized(LeaseResized)
    case explained(LeaseExplanation)
    /// The watch is on; events follow under the same correlation number.
    case watching(from: RecordIndex)
    /// One record of a watch.
    case event(EventView)
    case cordon(CordonSet)
    case shown(LogShown)
    case countersigned(HeadCountersigned)
    case backupPage(BackupPage)
    case refused(Refusal)
}

/// The answer to the last part of an import, or to a part before it.
package struct FleetImported: Hashable, Sendable {
    /// Whether this part committed the import.
    package let isCommitted: Bool
    package let nodeCount: Int
    package let gpuCount: Int
    package init(isCommitted: Bool, nodeCount: Int, gpuCount: Int) {
        self.isCommitted = isCommitted
        self.nodeCount = nodeCount
        self.gpuCount = gpuCount
    }
}

/// The answer to a cordon or its removal.
package struct CordonSet: Hashable, Sendable {
    package let node: String
    package let isCordoned: Bool
    package init(node: String, isCordoned: Bool) {
        self.node = node
        self.isCordoned = isCordoned
    }
}

/// The answer to a signature under a head: it is on record.
package struct HeadCountersigned: Hashable, Sendable {
    /// The head's record.
    package let head: RecordIndex
    /// The record that has it.
    package let record: RecordIndex
    package init(head: RecordIndex, record: RecordIndex) {
        self.head = head
        self.record = record
    }
}

/// The answer to a release or to a cancellation: from here on the tenant has nothing to do; the nodes retire the partitions.
package struct LeaseReleased: Hashable, Sendable {
    package let lease: LeaseID
    package let at: CalendarInstant
    package init(lease: LeaseID, at: CalendarInstant) {
        self.lease = lease
        self.at = at
    }
}

/// The answer to an extension.
package struct LeaseExtended: Hashable, Sendable {
    package let lease: LeaseID
    package let endsAt: CalendarInstant
    package init(lease: LeaseID, endsAt: CalendarInstant) {
        self.lease = lease
        self.endsAt = endsAt
    }
}

/// The answer to a resize: what the lease has from here on.
package struct LeaseResized: Hashable, Sendable {
    package let lease: LeaseID
    /// Units of all its parts that run or are to come; of one that comes again, of each time.
    package let count: Int
    package init(lease: LeaseID, count: Int) {
        self.lease = lease
        self.count = count
    }
}
