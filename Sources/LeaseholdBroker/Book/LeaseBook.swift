package import LeaseholdModel

/// The lease book: who holds which GPUs, from when until when, on how many watts, and what follows from it.
///
/// Picture a land registry with one ledger. `decide` looks at anything in the book and answers a request with one
/// record or a refusal; it changes nothing. `evolve` takes in a record that was decided, looks at nothing but the
/// record and the book, and never says no: an entry that cannot follow is a fault. So a book is a function of the
/// entries that it evolved through, and recovery is `evolve` over the log (L14).
///
/// Decide and evolve may run ahead of the log: what leaves the process waits for its record elsewhere (L3).
package struct LeaseBook: Equatable, Sendable {
    /// The index of the last entry that the book evolved through.
    package var head = RecordIndex.zero
    /// When that entry was decided; the calendar of the book, which never steps back.
    package var lastInstant = CalendarInstant(nanoseconds: 0)
    /// Who leads; 0 before any reign.
    package var reign = Reign.zero
    /// How the reign began.
    package var reignBegan: ReignBegan?
    /// Component-wise the greatest T, K and ρ of all reigns whose grants may still be held; waits honour it (L5).
    package var longestHolds = HoldSettings.standard
    /// The newest restores of the log from backups, oldest first.
    package var restores: [LogRestore] = []
    /// Places, kinds, nodes, and who holds each GPU.
    package var fleet = Inventory()
    /// An import whose last part has not come.
    package var stage: FleetStage?
    /// The tenants.
    package var tenants = TenantTable()
    /// The leases, ended ones for a day.
    package var leases = LeaseTable()
    /// What they have when: the witness that nothing is promised twice.
    package var calendar = Calendar()
    /// What is usually asked for of one node.
    package var demand = Demand()
    /// What has to be done about nodes' GPUs.
    package var tickets = TicketTable()
    /// The answers of the last day (L2).
    package var requests = RequestTable()

    /// A book before its first record.
    package init() {}
}
