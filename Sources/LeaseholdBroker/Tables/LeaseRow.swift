package import LeaseholdModel

/// A part of a lease of the book; most leases have one.
///
/// What changes in its life stands first, so that a change touches few lines of memory.
package struct LeaseRow: Equatable, Sendable {
    /// The index of its record, and which part it is.
    package let id: LeaseID
    /// When, on how many watts and where it lies now.
    package var part: LeasePart
    /// GPUs of all placements, those that it shares with others included.
    package var gpuCount: Int
    /// What it has of them, in thousandths of a GPU.
    package var gpuThousandths: Int
    /// Where it is in its life.
    package var state = LeaseState.confirmed
    /// Why it ends or ended.
    package var cause = EndCause.none
    /// Ended so long ago that nobody may ask for it any more; the row waits to be dropped.
    var isForgotten = false
    /// When it came into its state.
    package var since: CalendarInstant
    /// How it began; nil before.
    package var begun: LeaseBegun?
    /// The fencing number of all its partitions; zero before it has begun.
    package var epoch = Epoch.zero
    /// The record that last moved its end later; zero where none has.
    package var extendedBy = RecordIndex.zero
    /// Its end when it began, and its bound then: what a node may be told while `extendedBy` could still be lost (L3, L6).
    package var firstEndsAt = CalendarInstant.never
    package var firstBound: BootInstant?
    /// The record by which it began to end; zero before.
    private(set) var endedBy = RecordIndex.zero
    /// What it had and gave back while it runs, until the nodes have proved it; ascending by node.
    private(set) var leaving: [LeavingPlacement] = []
    /// How many placements hold nothing any more.
    package var retiredCount = 0
    /// A bit for each placement that holds nothing any more; empty while none is retired.
    var retired: [UInt64] = []
    /// Who asked for it.
    package let principal: Principal
    /// The lease as its record made it; the same for all its parts.
    ///
    /// Of one that waits, what it asks for.
    package private(set) var granted: LeaseGranted

    /// A part as it was promised.
    package init(id: LeaseID, granted: LeaseGranted, part: LeasePart, principal: Principal, since: CalendarInstant) {
        self.id = id
        self.granted = granted
        self.part = part
        self.gpuCount = part.gpuCount
        self.gpuThousandths = part.gpuThousandths
        self.principal = principal
        self.since = since
    }

    /// For how long nobody else may have its GPUs.
    var stay: Window { part.window.extended(by: granted.turnaround) }

    /// Whether it is the tenant's: starting or active.
    package var isLive: Bool {
        switch state {
        case .starting, .active: true
        case .waitlisted, .confirmed, .ending, .ended, .cancelled: false
        }
    }

    /// Whether it has an end still to come: confirmed, starting or active.
    package var isDue: Bool { isLive || state == .confirmed }

    /// Begins, under an epoch.
    mutating func begin(_ begun: LeaseBegun, _ epoch: Epoch) {
        state = .starting
        self.begun = begun
        self.epoch = epoch
        firstEndsAt = part.endsAt
        firstBound = begun.keepBound
    }

    /// Waits no longer: it is promised what a record grants.
    mutating func confirm(_ granted: LeaseGranted) {
        self.granted = granted
        state = .confirmed
        part = granted.first
        gpuCount = part.gpuCount
        gpuThousandths = part.gpuThousandths
    }

    /// Has other placements than before.
    mutating func lie(on placements: [Placement], _ watts: Watts) {
        part.placements = placements
        part.watts = watts
        gpuCount = part.gpuCount
        gpuThousandths = part.gpuThousandths
    }

    /// Begins to end, by a record.
    mutating func beginEnding(_ cause: EndCause, by record: RecordIndex, at instant: CalendarInstant) {
        state = .ending
        self.cause = cause
        since = instant
        endedBy = record
    }

    /// Gives back some placements by a record, while it runs on the others.
    mutating func leave(_ gone: [Placement], by record: RecordIndex) {
        let stay = stay
        leaving += gone.map { LeavingPlacement(placement: $0, stay: stay, by: record) }
        leaving.sort { $0.placement.node < $1.placement.node }
    }

    /// The placement that it gave back on a node and that is not retired yet; nil where there is none.
    func leaving(_ node: NodeID) -> LeavingPlacement? {
        guard !leaving.isEmpty else { return nil }
        let place = firstPosition(in: leaving.count, near: leaving.count / 2) { leaving[$0].placement.node < node }
        return place < leaving.count && leaving[place].placement.node == node ? leaving[place] : nil
    }

    /// Takes away what it gave back on some nodes, which holds nothing any more; returns it.
    mutating func retireLeaving(on nodes: [NodeID]) -> [LeavingPlacement] {
        guard !leaving.isEmpty else { return [] }
        let known = Set(nodes)
        let gone = leaving.filter { known.contains($0.placement.node) }
        if !gone.isEmpty { leaving.removeAll { known.contains($0.placement.node) } }
        return gone
    }

    /// Whether the placement at a position holds nothing any more.
    func isRetired(_ position: Int) -> Bool {
        position >> 6 < retired.count && retired[position >> 6] >> UInt64(position & 63) & 1 == 1
    }

    /// Notes that the placement at a position holds nothing any more.
    mutating func retire(_ position: Int) {
        precondition(!isRetired(position), "placement \(position) of lease \(id) is retired twice")
        if retired.isEmpty { retired = Array(repeating: 0, count: (part.placements.count + 63) / 64) }
        retired[position >> 6] |= 1 << UInt64(position & 63)
        retiredCount += 1
    }

    /// Placements that still hold their GPUs, ascending by node; those that it gave back are among them.
    package var unretired: [Placement] {
        guard retiredCount > 0 || !leaving.isEmpty else { return part.placements }
        let kept = part.placements.indices.filter { !isRetired($0) }.map { part.placements[$0] }
        return leaving.isEmpty ? kept : (kept + leaving.map(\.placement)).sorted { $0.node < $1.node }
    }
}

// MARK: As an image

extension LeaseRow {
    /// The part as an image has it; its notes stand beside it.
    func image(_ notes: LeaseNotes?) -> LeasePartImage {
        let promised = id.part < granted.partCount ? granted.part(id.part) : nil
        return LeasePartImage(
            number: id.part, part: part == promised ? nil : part, state: state, cause: cause, since: since,
            beginning: begun.map {
                BeginningImage(begun: $0, epoch: epoch, firstEndsAt: firstEndsAt, firstBound: firstBound)
            },
            extendedBy: extendedBy, endedBy: endedBy, leaving: leaving, retired: retired,
            notes: notes?.entries ?? [], forgottenNoteCount: notes?.forgottenCount ?? 0)
    }

    /// A part out of an image; nil where the image says what cannot be.
    init?(_ image: LeasePartImage, of lease: LeaseImage) {
        let granted = lease.granted
        guard image.number < granted.partCount, granted.terms.isEmpty || granted.terms.count == granted.partCount
        else { return nil }
        let part = image.part ?? granted.part(image.number)
        self.init(
            id: LeaseID(lease.id.index, part: image.number), granted: granted, part: part,
            principal: lease.principal, since: image.since)
        state = image.state
        cause = image.cause
        if let beginning = image.beginning {
            begun = beginning.begun
            epoch = beginning.epoch
            firstEndsAt = beginning.firstEndsAt
            firstBound = beginning.firstBound
        }
        extendedBy = image.extendedBy
        endedBy = image.endedBy
        leaving = image.leaving
        retired = image.retired
        retiredCount = retired.reduce(0) { $0 + $1.nonzeroBitCount }
        let words = retired.isEmpty ? 0 : (part.placements.count + 63) / 64
        guard retired.count == words, retiredCount <= part.placements.count,
            zip(part.placements, part.placements.dropFirst()).allSatisfy({ $0.node < $1.node }),
            zip(leaving, leaving.dropFirst()).allSatisfy({ $0.placement.node < $1.placement.node })
        else { return nil }
    }
}

extension [Placement] {
    /// Of placements ascending by node the position of that on a node; nil where there is none.
    func position(on node: NodeID) -> Int? { position(on: node, near: count / 2) }

    /// The same with a guess: who goes through many nodes has the next one.
    @inline(__always)
    func position(on node: NodeID, near guess: Int) -> Int? {
        if guess < count, self[guess].node == node { return guess }
        let position = firstPosition(in: count, near: guess) { self[$0].node < node }
        return position < count && self[position].node == node ? position : nil
    }
}
