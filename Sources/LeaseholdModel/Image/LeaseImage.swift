/// A lease with those of its parts that are remembered.
package struct LeaseImage: Hashable, Sendable {
    /// The whole.
    package let id: LeaseID
    package let principal: Principal
    /// As its record made it; of one that waits, what it asks for.
    package let granted: LeaseGranted
    /// Ascending by number.
    package let parts: [LeasePartImage]

    package init(id: LeaseID, principal: Principal, granted: LeaseGranted, parts: [LeasePartImage]) {
        self.id = id
        self.principal = principal
        self.granted = granted
        self.parts = parts
    }
}

/// A part of a lease as it is now.
package struct LeasePartImage: Hashable, Sendable {
    /// Which part it is; 0 is the first.
    package let number: Int
    /// When, on how many watts and where it lies now; nil where that is as it was granted.
    package let part: LeasePart?
    package let state: LeaseState
    package let cause: EndCause
    package let since: CalendarInstant
    /// Nil before it has begun.
    package let beginning: BeginningImage?
    /// The record that last moved its end later; zero where none has.
    package let extendedBy: RecordIndex
    /// The record by which it began to end; zero before.
    package let endedBy: RecordIndex
    /// What it gave back and what is not retired yet; ascending by node.
    package let leaving: [LeavingPlacement]
    /// A bit for each placement that holds nothing any more; empty while none is retired.
    package let retired: [UInt64]
    /// The oldest first.
    package let notes: [NotedEntry]
    /// How many came before them.
    package let forgottenNoteCount: Int

    package init(
        number: Int, part: LeasePart?, state: LeaseState, cause: EndCause, since: CalendarInstant,
        beginning: BeginningImage?, extendedBy: RecordIndex, endedBy: RecordIndex, leaving: [LeavingPlacement],
        retired: [UInt64], notes: [NotedEntry], forgottenNoteCount: Int
    ) {
        self.number = number
        self.part = part
        self.state = state
        self.cause = cause
        self.since = since
        self.beginning = beginning
        self.extendedBy = extendedBy
        self.endedBy = endedBy
        self.leaving = leaving
        self.retired = retired
        self.notes = notes
        self.forgottenNoteCount = forgottenNoteCount
    }
}

/// How a part of a lease began.
package struct BeginningImage: Hashable, Sendable {
    /// With the bound of now.
    package let begun: LeaseBegun
    package let epoch: Epoch
    /// Its end and its bound then.
    package let firstEndsAt: CalendarInstant
    package let firstBound: BootInstant?

    package init(begun: LeaseBegun, epoch: Epoch, firstEndsAt: CalendarInstant, firstBound: BootInstant?) {
        self.begun = begun
        self.epoch = epoch
        self.firstEndsAt = firstEndsAt
        self.firstBound = firstBound
    }
}

/// What a lease gave back on a node while it runs elsewhere.
package struct LeavingPlacement: Hashable, Sendable {
    package let placement: Placement
    /// For how long it was promised: so the calendar knows it.
    package let stay: Window
    /// The record that gave it back.
    package let by: RecordIndex

    package init(placement: Placement, stay: Window, by: RecordIndex) {
        self.placement = placement
        self.stay = stay
        self.by = by
    }
}

/// A lease on the waitlist.
package struct WaitingImage: Hashable, Sendable {
    package let lease: LeaseID
    package let waiting: WaitlistedLease

    package init(lease: LeaseID, waiting: WaitlistedLease) {
        self.lease = lease
        self.waiting = waiting
    }
}
