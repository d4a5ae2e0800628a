/// Where a lease stands on the waitlist.
package struct WaitlistPlace: Hashable, Sendable {
    /// 1 for the one that is tried first.
    package let position: Int
    /// When it leaves the list, if nothing came free.
    package let until: CalendarInstant

    package init(position: Int, until: CalendarInstant) {
        self.position = position
        self.until = until
    }
}

/// A lease that waits, with what can be said of its start.
package struct LeaseWaitlisted: Hashable, Sendable {
    package let lease: LeaseID
    package let place: WaitlistPlace
    /// When it could begin by the calendar, were it the only one to wait; nil: not in sight.
    ///
    /// An estimate, no promise.
    package let estimatedStart: CalendarInstant?
    /// Why it cannot be had.
    package let refusal: Refusal

    package init(lease: LeaseID, place: WaitlistPlace, estimatedStart: CalendarInstant?, refusal: Refusal) {
        self.lease = lease
        self.place = place
        self.estimatedStart = estimatedStart
        self.refusal = refusal
    }
}

/// Why a lease is as it is: why it waits, what of it is missing, and what has happened to it.
package struct LeaseExplanation: Hashable, Sendable {
    package let lease: LeaseID
    package let state: LeaseState
    /// How it stands and why, for people.
    package let summary: String
    /// Of one on the waitlist.
    package let waiting: LeaseWaitlisted?
    /// What of it cannot be used, ascending by node; the first `missingCountMax`.
    package let missing: [MissingPlacement]
    /// How many placements cannot be used, wholly or in part.
    package let missingCount: Int
    /// What has happened to it besides beginning and ending, the last `noteCountMax`, the oldest first.
    package let notes: [EventView]
    /// How many of them were forgotten for newer ones.
    package let forgottenNoteCount: Int

    package init(
        lease: LeaseID, state: LeaseState, summary: String, waiting: LeaseWaitlisted?, missing: [MissingPlacement],
        missingCount: Int, notes: [EventView], forgottenNoteCount: Int
    ) {
        self.lease = lease
        self.state = state
        self.summary = summary
        self.waiting = waiting
        self.missing = missing
        self.missingCount = missingCount
        self.notes = notes
        self.forgottenNoteCount = forgottenNoteCount
    }

    /// Missing placements of one answer.
    package static let missingCountMax = 64
    /// Notes that are kept of one lease.
    package static let noteCountMax = 16
}

/// GPUs of a lease that its tenant cannot use now.
package struct MissingPlacement: Hashable, Sendable {
    /// The node's path.
    package let node: String
    package let gpus: GPUSet
    /// Why, for people.
    package let reason: String

    package init(node: String, gpus: GPUSet, reason: String) {
        self.node = node
        self.gpus = gpus
        self.reason = reason
    }
}
