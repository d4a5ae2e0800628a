/// What became of a change: few facts, from which the reply is built again word for word (L2).
package enum Outcome: Hashable, Sendable {
    /// A part of an import was taken.
    case imported(FleetImported)
    case tenantCreated(TenantID, quota: Int)
    /// With what the tenant held then.
    case quotaSet(TenantID, quota: Int, held: Int, leaseCount: Int)
    case cordonSet(NodeID, isCordoned: Bool)
    case granted(LeaseID)
    /// With its position then, and what was said of it.
    indirect case waitlisted(LeaseID, position: Int, Waiting)
    case resized(LeaseID, count: Int)
    case released(LeaseID, at: CalendarInstant)
    case cancelled(LeaseID, at: CalendarInstant)
    case extended(LeaseID, endsAt: CalendarInstant)
    case countersigned(head: RecordIndex, record: RecordIndex)
    indirect case refused(Refusal)

    /// What an answer says of a lease that waits.
    package struct Waiting: Hashable, Sendable {
        package let until: CalendarInstant
        package let estimatedStart: CalendarInstant?
        package let refusal: Refusal

        package init(until: CalendarInstant, estimatedStart: CalendarInstant?, refusal: Refusal) {
            self.until = until
            self.estimatedStart = estimatedStart
            self.refusal = refusal
        }
    }
}
