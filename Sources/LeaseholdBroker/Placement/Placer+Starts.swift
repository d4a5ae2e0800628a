import LeaseholdModel

/// From when on a wish could be had that cannot be had now: a look at what comes free, not yet a place.
extension Placer {
    /// The earliest start, within a bounded lead, at which one node has room for the wish, its window moved there.
    func firstStartInOneNode() -> CalendarInstant? {
        let least = wish.unit == .node ? nil : wish.count
        var best: CalendarInstant?
        var latest = wish.window.from + Limits.leadMax
        for offset in fleet.nodes.indices {
            let brief = fleet.briefs[offset]
            let count = least ?? brief.gpus.count
            func start(among offer: GPUSet) -> CalendarInstant? {
                calendar.firstStart(on: offset, of: count, among: offer, like: wish.window, before: latest)
            }
            // What is kept past its end only makes it later: asked last, because nearly no node comes so far.
            guard brief.offer.count >= count, isMeant(offset), var found = start(among: brief.offer) else { continue }
            let overdue = brief.leased.isEmpty ? GPUSet.none : calendar.overdue(offset, at: now, in: fleet)
            if overdue.overlaps(brief.offer) {
                guard let later = start(among: brief.offer.subtracting(overdue)) else { continue }
                found = later
            }
            best = found
            latest = found
        }
        return best
    }

    /// Instants within a bounded lead at which a node first has room for a unit that is part of one; the first few,
    /// ascending.
    func startsOfParts() -> [CalendarInstant] {
        let parts = PartPlacer(self)
        var found: [CalendarInstant] = []
        var latest = wish.window.from + Limits.leadMax
        for offset in fleet.nodes.indices where parts.couldHaveRoom(on: offset) {
            let ends = calendar.stays(on: NodeID(rawValue: UInt32(offset))).map(\.until)
                .filter { $0 > wish.window.from && $0 <= latest }
            for start in ends.sorted() {
                var later = wish
                later.count = 1
                later.window = Window(from: start, until: start + wish.window.span)
                guard parts.hasRoom(on: offset, for: later) else { continue }
                if let place = found.firstIndex(where: { $0 >= start }) {
                    if found[place] != start { found.insert(start, at: place) }
                } else {
                    found.append(start)
                }
                if found.count > Calendar.chanceCountMax { found.removeLast() }
                // Once there are enough, only earlier ones count.
                if let last = found.last, found.count == Calendar.chanceCountMax { latest = last }
                break
            }
        }
        return found
    }
}
