package import LeaseholdModel

/// What a decision may look at besides the book: the clocks and who leads.
package struct DecisionContext: Equatable, Sendable {
    /// Both clocks, read after the batch that the request came in (L5).
    package var now: Now
    /// Who leads; grants carry it in their epochs.
    package var reign: Reign
    /// The index that the record will have.
    package var nextIndex: RecordIndex
    /// The coordinator's boot, which `now.boot` belongs to.
    package var boot: BootID
    /// The hold settings of this reign.
    package var holds: HoldSettings
    /// How long nobody else may have a lease's GPUs after its end.
    package var turnaround: Span

    package init(
        now: Now, reign: Reign, nextIndex: RecordIndex, boot: BootID, holds: HoldSettings, turnaround: Span = .zero
    ) {
        self.now = now
        self.reign = reign
        self.nextIndex = nextIndex
        self.boot = boot
        self.holds = holds
        self.turnaround = turnaround
    }
}

/// The answer to a change: the one record that makes it true, or why it cannot be.
package enum Decision: Equatable, Sendable {
    case record(Record)
    case refuse(Refusal)
}

/// What the book remembers of a request id (L2).
package enum Remembered: Equatable, Sendable {
    /// The same body came before: this is the answer, word for word.
    case reply(Reply)
    /// Another body came under this id before.
    case otherBody
}
