package import LeaseholdModel

/// GPUs of one node that a lease has to itself over a window, the turnaround after it included.
package struct Stay: Equatable, Sendable {
    package let from: CalendarInstant
    package let until: CalendarInstant
    package let lease: LeaseID
    /// Those that it has whole, and those of which it has parts.
    package let gpus: GPUSet
    /// Whether it takes something else than whole GPUs with what falls to them; the line knows what.
    package let hasUse: Bool

    /// Some GPUs of a node for a lease.
    package init(_ gpus: GPUSet, for lease: LeaseID, over window: Window, hasUse: Bool = false) {
        self.from = window.from
        self.until = window.until
        self.lease = lease
        self.gpus = gpus
        self.hasUse = hasUse
    }

    /// When.
    package var window: Window { Window(from: from, until: until) }
}

/// The stays on one node: the earlier start first, then the older lease.
struct StayLine: Equatable, Sendable {
    private(set) var stays: [Stay] = []
    /// What those take that have more than whole GPUs with what falls to them, ascending by lease.
    private var uses: [StayUse] = []

    private struct StayUse: Equatable, Sendable {
        let lease: LeaseID
        let use: NodeUse
    }

    /// What a stay takes of its node.
    func use(of stay: Stay) -> NodeUse { stay.hasUse ? uses[place(ofUse: stay.lease)].use : .whole }

    /// The position of the first use of a lease or a later one.
    private func place(ofUse lease: LeaseID) -> Int {
        var low = 0
        var high = uses.count
        while low < high {
            let middle = (low + high) / 2
            if uses[middle].lease < lease { low = middle + 1 } else { high = middle }
        }
        return low
    }
    /// No stay that was ever here is longer, so that a search knows how far back to look.
    private var longest = Span.zero

    /// GPUs that a stay has at some instant of a window.
    func busy(over window: Window, moving: LeaseID?) -> GPUSet {
        if isPlanted(.ignoresPromises) { return .none }
        var bits: UInt16 = 0
        var position = place(from: window.until)
        let horizon = window.from - longest
        while position > 0 {
            position -= 1
            let stay = stays[position]
            if stay.from < horizon { break }
            if stay.until > window.from, stay.lease != moving { bits |= stay.gpus.bits }
        }
        return GPUSet(bits: bits)
    }

    /// The position of the first stay that begins at an instant or later.
    private func place(from instant: CalendarInstant) -> Int {
        var low = 0
        var high = stays.count
        while low < high {
            let middle = (low + high) / 2
            if stays[middle].from < instant { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The earliest start before an instant at which so many of some GPUs are free over a window moved there.
    func firstStart(
        of count: Int, among offer: GPUSet, like window: Window, before latest: CalendarInstant
    ) -> CalendarInstant? {
        var start = window.from
        while start < latest {
            let end = start + window.span
            var busy: UInt16 = 0
            var firstEnd = CalendarInstant.never
            var lastEnd = start
            for stay in stays {
                if stay.from >= end { break }
                guard stay.until > start, stay.gpus.overlaps(offer) else { continue }
                busy |= stay.gpus.bits
                if stay.until < firstEnd { firstEnd = stay.until }
                if stay.until > lastEnd { lastEnd = stay.until }
            }
            if offer.subtracting(GPUSet(bits: busy)).count >= count { return start }
            // Who needs all of them waits for the last of those in the way; others see what the first one gives back.
            start = count == offer.count ? lastEnd : firstEnd
        }
        return nil
    }

    /// What of a node is free over a window, of what `all` says is there.
    ///
    /// `isHeld` says of a lease whose time is over by `now` whether it still has what it had.
    func room(
        _ node: NodeID, within all: NodeRoom, of shape: NodeShape, over window: Window, moving: LeaseID?,
        at now: CalendarInstant, isHeld: (LeaseID) -> Bool
    ) -> NodeRoom {
        var taken: [(from: CalendarInstant, until: CalendarInstant, placement: Placement)] = []
        var latest = window.from
        var earliest = window.until
        for stay in stays {
            if stay.from >= window.until { break }
            guard stay.lease != moving, !isPlanted(.ignoresPromises) else { continue }
            var until = stay.until
            if until <= window.from {
                guard until <= now, isHeld(stay.lease) else { continue }
                until = window.until
            }
            latest = max(latest, stay.from)
            earliest = min(earliest, until)
            taken.append((stay.from, until, Placement(node: node, gpus: stay.gpus, use: use(of: stay))))
        }
        func room(at instant: CalendarInstant?) -> NodeRoom {
            var left = all
            for stay in taken where instant.map({ stay.from <= $0 && $0 < stay.until }) ?? true {
                left.take(stay.placement, of: shape)
            }
            return left
        }
        // Nearly always there is an instant at which all of them are there.
        if latest < earliest { return room(at: nil) }
        return taken.reduce(room(at: window.from)) { $1.from > window.from ? $0.intersection(room(at: $1.from)) : $0 }
    }

    /// Puts a stay in its place.
    mutating func add(_ stay: Stay, _ use: NodeUse) {
        if stay.hasUse { uses.insert(StayUse(lease: stay.lease, use: use), at: place(ofUse: stay.lease)) }
        longest = max(longest, stay.window.span)
        var position = place(from: stay.from)
        while position < stays.count, stays[position].from == stay.from, stays[position].lease < stay.lease {
            position += 1
        }
        stays.insert(stay, at: position)
    }

    /// Takes a lease's stay away; nil where it has none that begins then.
    mutating func remove(_ lease: LeaseID, from: CalendarInstant) -> Stay? {
        var position = place(from: from)
        while position < stays.count, stays[position].from == from {
            if stays[position].lease == lease {
                if stays[position].hasUse { uses.remove(at: place(ofUse: lease)) }
                return stays.remove(at: position)
            }
            position += 1
        }
        return nil
    }
}
