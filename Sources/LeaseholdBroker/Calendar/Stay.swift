package import LeaseholdModel

/// GPUs of one node that a lease has to itself over a window, the turnaround after it included.
package struct Stay: Equatable, Sendable {
    package let from: CalendarInstant
    package let until: CalendarInstant
    package let lease: LeaseID
    package let gpus: GPUSet

    /// Some GPUs of a node for a lease.
    package init(_ gpus: GPUSet, for lease: LeaseID, over window: Window) {
        self.from = window.from
        self.until = window.until
        self.lease = lease
        self.gpus = gpus
    }

    /// When.
    package var window: Window { Window(from: from, until: until) }
}

/// The stays on one node: the earlier start first, then the older lease.
struct StayLine: Equatable, Sendable {
    private(set) var stays: [Stay] = []
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

    /// Puts a stay in its place.
    mutating func add(_ stay: Stay) {
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
            if stays[position].lease == lease { return stays.remove(at: position) }
            position += 1
        }
        return nil
    }
}
