package import LeaseholdModel

/// Turns readings of a counter of energy into energy that was used, whatever becomes of the counter.
///
/// The picture to have in mind is a chain of readings that follow from each other: only what lies between two links is
/// metered. A reading follows where the device can have drawn the difference since the last link. One that is a little
/// less shows what was so a moment ago, and is passed over. One that does not follow is doubted: where the next reading
/// follows from the last link, it was nothing; where the next follows from it, the counter had begun anew.
///
/// So the total never shrinks, and is never more than what was used. What it lacks is what was used between a link and
/// the end of the counter, which no reading shows: each time that a counter ends, less than what is used between two
/// links. Where nobody tells with `counterBegan` that it has ended, and it is past the last link again when it is read,
/// it lacks as much of the new counter, which is within the same bound.
package struct EnergyMeter: Codable, Hashable, Sendable {
    /// How a reading was understood.
    package enum Step: Hashable, Sendable {
        /// The first: later ones are measured from it.
        case began
        /// So much more was used since the last reading that was neither behind nor doubted.
        case counted(Millijoules)
        /// It shows what was so before the last one.
        case behind
        /// It does not follow from the last one; the next reading decides.
        case doubted
        /// The doubted one was right, the counter had begun anew, and so much was used since then.
        case restarted(Millijoules)
    }

    /// What a meter has to know to go on: after a restart of the program, what was used meanwhile is not lost.
    ///
    /// It is kept before the total is told to anybody, or the total may be less after a restart than before.
    package struct Mark: Codable, Hashable, Sendable {
        package let total: Millijoules
        /// What the counter showed, and when.
        package let shown: Millijoules
        package let instant: BootInstant

        package init(total: Millijoules, shown: Millijoules, instant: BootInstant) {
            self.total = total
            self.shown = shown
            self.instant = instant
        }
    }

    /// The last link of the chain, with what was metered up to it; nil before the first reading.
    package private(set) var mark: Mark?
    /// What was metered since the first reading.
    package var total: Millijoules { mark?.total ?? Millijoules(0) }
    /// A reading that does not follow from the mark.
    private var doubted: Mark?
    private let range: Millijoules
    private let drawMax: Milliwatts
    private let lagMax: Span

    /// A meter of a device.
    ///
    /// The device must be read more often than the counter can go through half of its range.
    /// Near the end of its range a counter that begins anew looks like one that goes around, and is metered as such,
    /// unless `counterBegan` tells it.
    ///
    /// - Parameters:
    ///   - range: the last value before the counter begins again.
    ///   - drawMax: more than the device ever draws on average between two readings.
    ///   - lagMax: how old what the counter shows may be.
    package init(range: Millijoules = Millijoules(.max), drawMax: Milliwatts, lagMax: Span) {
        self.range = range
        self.drawMax = drawMax
        self.lagMax = lagMax
        let lag = usable(within: .zero)
        precondition(lag.count < range.count / 2, "a counter of \(range) that lags by as much as \(lag)")
    }

    /// Goes on from a mark of the same device.
    ///
    /// A mark from before the node was started is of a counter that is no more: the new one began after the boot clock.
    package mutating func resume(from mark: Mark, ofThisBoot isOfThisBoot: Bool) {
        doubted = nil
        self.mark = isOfThisBoot ? mark : Mark(total: mark.total, shown: Millijoules(0), instant: .zero)
    }

    /// The counter has begun anew, at nothing, since the last reading: its driver was loaded, or its device was reset.
    package mutating func counterBegan() {
        doubted = nil
        mark = mark.map { Mark(total: $0.total, shown: Millijoules(0), instant: $0.instant) }
    }

    /// Takes what the counter shows at an instant, which is not before the last one.
    package mutating func take(_ shown: Millijoules, at instant: BootInstant) -> Step {
        guard let last = mark else {
            mark = Mark(total: Millijoules(0), shown: shown, instant: instant)
            return .began
        }
        guard shown <= range else { return .doubted }
        if shown != last.shown, distance(from: shown, to: last.shown) <= usable(within: .zero) {
            doubted = nil
            return .behind
        }
        if let used = growth(from: last.shown, to: shown, within: instant - last.instant) {
            return .counted(link(used, shown, instant))
        }
        guard let doubted, let after = growth(from: doubted.shown, to: shown, within: instant - doubted.instant) else {
            self.doubted = Mark(total: last.total, shown: shown, instant: instant)
            return .doubted
        }
        // Nothing is made of a counter that began anew and shows more than can have been drawn since the last link.
        let before = growth(from: Millijoules(0), to: doubted.shown, within: doubted.instant - last.instant)
        return .restarted(link((before ?? Millijoules(0)) + after, shown, instant))
    }

    /// Adds a link to the chain and gives what was used in it.
    private mutating func link(_ used: Millijoules, _ shown: Millijoules, _ instant: BootInstant) -> Millijoules {
        doubted = nil
        mark = Mark(total: total + used, shown: shown, instant: instant)
        return used
    }

    /// What was used between two values of the counter; nil where that cannot have been drawn in a time.
    private func growth(from earlier: Millijoules, to later: Millijoules, within elapsed: Span) -> Millijoules? {
        let used = distance(from: earlier, to: later)
        return used <= usable(within: elapsed) ? used : nil
    }

    /// How far the counter goes from one value to another, beyond its range where the other is less.
    private func distance(from earlier: Millijoules, to later: Millijoules) -> Millijoules {
        guard earlier > later else { return Millijoules(later.count - earlier.count) }
        return Millijoules((range.count &- earlier.count) &+ later.count &+ 1)
    }

    /// The most that the device draws in a time, and while the counter lags.
    private func usable(within elapsed: Span) -> Millijoules {
        let span = max(.zero, elapsed) + lagMax
        let (high, low) = drawMax.count.multipliedFullWidth(by: UInt64(span.nanoseconds))
        guard high < 1_000_000_000 else { return Millijoules(.max) }
        return Millijoules(UInt64(1_000_000_000).dividingFullWidth((high, low)).quotient)
    }
}
