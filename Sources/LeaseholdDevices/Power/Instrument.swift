internal import LeaseholdModel

/// One instrument of a source, with what is kept of it.
package struct Instrument: Codable, Hashable, Sendable {
    package let source: PowerSource
    package let name: String
    /// What its counter has metered; nil where it was never seen to have one.
    package private(set) var meter: EnergyMeter?
    /// What is drawn, while it can be taken for what is so.
    package private(set) var draw: InstrumentReading.Draw?
    /// Until when that is; nil where it has not been read in this life of the program.
    private var validUntil: BootInstant?

    /// An instrument that was not read yet.
    init(_ reading: InstrumentReading) {
        source = reading.source
        name = reading.instrument
    }

    /// Whether it has been read in this life of the program.
    var isKnown: Bool { validUntil != nil }

    /// Takes what it shows; false where its counter cannot be metered.
    mutating func take(_ reading: InstrumentReading) -> Bool {
        var isMetered = true
        var metered: InstrumentReading.Draw?
        if let counter = reading.counter {
            if meter == nil { meter = EnergyMeter(source, counter.range) }
            isMetered = meter != nil
            metered = take(counter.shown, at: reading.instant, validity: reading.validity)
        }
        // What an instrument of its own says beside its counter may be newer than what the counter is renewed by.
        guard let known = reading.draw ?? metered else {
            if validUntil == nil { validUntil = reading.instant }
            return isMetered
        }
        draw = known
        validUntil = reading.instant + reading.validity
        return isMetered
    }

    /// Meters a counter; what was drawn on average since its last reading, where that is not long ago.
    private mutating func take(
        _ shown: Millijoules, at instant: BootInstant, validity: Span
    ) -> InstrumentReading.Draw? {
        let last = meter?.mark
        guard case .counted(let used) = meter?.take(shown, at: instant), let last else { return nil }
        let elapsed = instant - last.instant
        guard elapsed > .zero, elapsed <= validity else { return nil }
        let (high, low) = used.count.multipliedFullWidth(by: 1_000_000_000)
        guard high < UInt64(elapsed.nanoseconds) else { return nil }
        let average = UInt64(elapsed.nanoseconds).dividingFullWidth((high, low)).quotient
        return InstrumentReading.Draw(shown: Milliwatts(average), quality: .counter)
    }

    /// What it showed is too old to be what is so.
    mutating func forget(at now: BootInstant) {
        if let validUntil, validUntil <= now { draw = nil }
    }

    /// Goes on after a restart of the program.
    func resumed(ofThisBoot isOfThisBoot: Bool) -> Instrument {
        var next = self
        next.draw = nil
        next.validUntil = nil
        if let mark = meter?.mark {
            // What the site's program reads goes on while the node is started anew; the node's own counters do not.
            let goesOn = isOfThisBoot || source == .hook
            let instant = isOfThisBoot ? mark.instant : .zero
            next.meter?.resume(
                from: EnergyMeter.Mark(total: mark.total, shown: mark.shown, instant: instant), ofThisBoot: goesOn)
        }
        return next
    }
}

extension EnergyMeter {
    /// The meter of an instrument's counter; nil where its range is too small to tell a wrap from nothing.
    fileprivate init?(_ source: PowerSource, _ range: Millijoules) {
        // What the instrument can show in its lag has to be less than half of the range; twice that, to be sure.
        let lagged = source.drawMax.count / 1_000 * UInt64(source.lagMax.wholeMilliseconds)
        guard range.count / 4 > lagged else { return nil }
        self.init(range: range, drawMax: source.drawMax, lagMax: source.lagMax)
    }
}
