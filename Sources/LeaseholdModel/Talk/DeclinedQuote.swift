/// A quote that says no: what stands in the way, and what would make it fit.
package struct DeclinedQuote: Hashable, Sendable {
    /// Why not, as a lease would be refused.
    package let refusal: Refusal
    /// What of the terms binds: without it, all else unchanged, there is something to be had.
    package let binds: [QuoteBinding]
    /// Changes of the terms that each make it fit by themselves, the one that costs the least first.
    package let relaxations: [Relaxation]

    package init(refusal: Refusal, binds: [QuoteBinding], relaxations: [Relaxation]) {
        self.refusal = refusal
        self.binds = binds
        self.relaxations = relaxations
    }

    /// Relaxations of one answer.
    package static let relaxationCountMax = 8
}

/// What of a lease's terms, or of what they meet, can stand in its way.
package enum QuoteBinding: UInt8, Sendable, CaseIterable {
    /// What the tenant may hold.
    case quota = 1
    /// The feed of a place.
    case power = 2
    /// The kinds of GPU.
    case kind = 3
    /// The labels of nodes.
    case labels = 4
    /// That all of it lies within one place, or is spread: there is enough, in pieces.
    case reach = 5
    /// What is promised to others at that time.
    case calendar = 6
    /// How much it is.
    case count = 7

    /// The word of the command line.
    package var word: String { "\(self)" }
}

/// A change of the terms with which a second quote said yes.
package struct Relaxation: Hashable, Sendable {
    package let binding: QuoteBinding
    /// The change, as the command line or a sentence has it: `--start 2027-02-01T00:00:00Z`, `--count 12`.
    package let change: String
    /// What the second quote said of its first part.
    package let startsAt: CalendarInstant
    package let endsAt: CalendarInstant
    package let gpuCount: Int
    package let watts: Watts

    package init(
        binding: QuoteBinding, change: String, startsAt: CalendarInstant, endsAt: CalendarInstant, gpuCount: Int,
        watts: Watts
    ) {
        self.binding = binding
        self.change = change
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.gpuCount = gpuCount
        self.watts = watts
    }
}
