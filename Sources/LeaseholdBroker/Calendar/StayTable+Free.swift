import LeaseholdModel

/// What nobody has, now or later.
extension StayTable {
    /// GPUs of a node that a stay has at some instant of a window.
    func busy(_ node: Int, over window: Window, moving: LeaseID?) -> GPUSet {
        if isAfterAll(window.from, on: node) || isPlanted(.ignoresPromises) && !hasUses(node) { return .none }
        var bits: UInt16 = 0
        withLine(node) { stays, longest in
            var position = StayTable.place(of: window.until, in: stays)
            let horizon = window.from - longest
            while position > 0 {
                position -= 1
                let stay = stays[position]
                if stay.from < horizon { break }
                if stay.until > window.from, stay.lease != moving { bits |= stay.gpus.bits }
            }
        }
        return GPUSet(bits: bits)
    }

    /// The earliest start before an instant at which so many of some GPUs of a node are free over a window moved there.
    ///
    /// A GPU that somebody has within the window is free only after the last of those that have it there. So a start that
    /// will not do leads to the next that might: when so many GPUs have seen the last of theirs.
    func firstStart(
        on node: Int, of count: Int, among offer: GPUSet, like window: Window, before latest: CalendarInstant
    ) -> CalendarInstant? {
        guard offer.count >= count else { return nil }
        let haveAllWhole = !hasUses(node)
        return withLine(node) { stays, longest in
            var start = window.from
            // Stays from here on begin at the end of the window or later.
            var position = StayTable.place(of: start + window.span, in: stays)
            search: while start < latest {
                let end = start + window.span
                while position < stays.count, stays[position].from < end { position += 1 }
                var frees: GPUFrees?
                var unseen = offer.bits
                var before = position
                while before > 0, unseen != 0 {
                    before -= 1
                    let stay = stays[before]
                    if stay.from < start - longest { break }
                    guard stay.until > start, stay.gpus.overlaps(offer) else { continue }
                    if offer.subtracting(stay.gpus).count < count {
                        // Nobody has so many before it is over.
                        start = stay.until
                        continue search
                    }
                    if frees == nil { frees = GPUFrees(offer, from: start) }
                    frees?.note(stay.gpus, until: stay.until)
                    // Who has a GPU whole has it alone: who came before has gone.
                    if haveAllWhole { unseen &= ~stay.gpus.bits }
                }
                let next = frees.map { $0.instant(of: count) } ?? start
                if next == start { return start }
                start = next
            }
            return nil
        }
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
        for stay in stays(on: node.offset) {
            if stay.from >= window.until { break }
            guard stay.lease != moving else { continue }
            var until = stay.until
            if until <= window.from {
                guard until <= now, isHeld(stay.lease) else { continue }
                until = window.until
            }
            latest = max(latest, stay.from)
            earliest = min(earliest, until)
            taken.append(
                (stay.from, until, Placement(node: node, gpus: stay.gpus, use: use(of: stay, on: node.offset))))
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
}

/// From when on each GPU of a node is free.
private struct GPUFrees {
    private let offer: GPUSet
    private var instants: SIMD16<Int64>

    init(_ offer: GPUSet, from start: CalendarInstant) {
        self.offer = offer
        instants = SIMD16(repeating: start.nanoseconds)
    }

    /// Some of them are not free before an instant.
    mutating func note(_ gpus: GPUSet, until instant: CalendarInstant) {
        var bits = gpus.bits
        while bits != 0 {
            let position = bits.trailingZeroBitCount
            instants[position] = max(instants[position], instant.nanoseconds)
            bits &= bits &- 1
        }
    }

    /// From when on so many of them are free; never where they are fewer.
    func instant(of count: Int) -> CalendarInstant {
        guard count <= offer.count else { return .never }
        var earliest: Int64 = .min
        var found = 0
        while true {
            var next: Int64 = .max
            var same = 0
            var bits = offer.bits
            while bits != 0 {
                let instant = instants[bits.trailingZeroBitCount]
                bits &= bits &- 1
                if found > 0, instant <= earliest { continue }
                if instant < next { (next, same) = (instant, 0) }
                if instant == next { same += 1 }
            }
            found += same
            if found >= count { return CalendarInstant(nanoseconds: next) }
            earliest = next
        }
    }
}
