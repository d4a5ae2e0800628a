package import LeaseholdModel

/// Turns readings of a counter of energy into energy that was used, whatever becomes of the counter.
///
/// A counter begins at nothing when its driver is loaded, begins again beyond its range, and may lag. What is metered
/// never shrinks, and is never more than what the counter has shown and the device could have drawn. What was used
/// between the last reading and a new beginning is lost, and where a new count has passed the last reading before it is
/// read, that much again: nobody is billed for a guess.
package struct EnergyMeter: Hashable, Sendable {
    /// How a reading was understood.
    package enum Step: Hashable, Sendable {
        /// The first: later ones are measured from it.
        case began
        case counted(Millijoules)
        /// The counter went beyond its range.
        case wrapped(Millijoules)
        /// The counter began anew: at least so much.
        case restarted(Millijoules)
        /// More than the device can have drawn, by whichever reading of it; nothing is metered for it.
        case implausible(Millijoules)
    }

    /// What was metered since the first reading.
    package private(set) var total = Millijoules(0)
    private var last: Reading?
    private let range: Millijoules
    private let drawMax: Milliwatts
    private let lagMax: Span

    /// What the counter showed, and when.
    private struct Reading: Hashable {
        let energy: Millijoules
        let instant: BootInstant
    }

    /// A meter of a device.
    ///
    /// - Parameters:
    ///   - range: the last value before the counter begins again.
    ///   - drawMax: more than the device ever draws on average between two readings.
    ///   - lagMax: how old what the counter shows may be.
    package init(range: Millijoules = Millijoules(.max), drawMax: Milliwatts, lagMax: Span) {
        self.range = range
        self.drawMax = drawMax
        self.lagMax = lagMax
    }

    /// Takes what the counter shows at an instant, which is not before the last one.
    package mutating func take(_ reading: Millijoules, at instant: BootInstant) -> Step {
        defer { last = Reading(energy: reading, instant: instant) }
        guard let last else { return .began }
        let step = understand(reading, after: last.energy, within: instant - last.instant)
        switch step {
        case .counted(let used), .wrapped(let used), .restarted(let used):
            total = Millijoules(total.count &+ used.count)
        case .began, .implausible: break
        }
        return step
    }

    private func understand(_ reading: Millijoules, after last: Millijoules, within elapsed: Span) -> Step {
        let most = usable(within: elapsed + lagMax)
        if reading >= last {
            let used = Millijoules(reading.count - last.count)
            return used <= most ? .counted(used) : .implausible(used)
        }
        let around = Millijoules((range.count &- last.count) &+ reading.count &+ 1)
        if last <= range, around <= most { return .wrapped(around) }
        return reading <= most ? .restarted(reading) : .implausible(reading)
    }

    /// The most that the device draws in a time.
    private func usable(within span: Span) -> Millijoules {
        let (high, low) = drawMax.count.multipliedFullWidth(by: UInt64(max(0, span.nanoseconds)))
        guard high < 1_000_000_000 else { return Millijoules(.max) }
        return Millijoules(UInt64(1_000_000_000).dividingFullWidth((high, low)).quotient)
    }
}
