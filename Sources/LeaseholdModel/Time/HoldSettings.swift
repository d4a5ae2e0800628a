/// The numbers of L5: how long a hold lasts, how long an eviction takes, how wrong a clock's rate may be.
package struct HoldSettings: Hashable, Sendable {
    /// T: from a heartbeat's stamp to the agent's deadline.
    package let hold: Span
    /// K: from the deadline to the work provably off the GPU.
    package let eviction: Span
    /// ρ, in parts per million.
    package let clockRateErrorPPM: Int64

    /// The defaults of L5: 120 s, 10 s, 1 %.
    package static let standard = HoldSettings(
        hold: .seconds(120), eviction: .seconds(10), clockRateErrorPPM: 10_000)

    package init(hold: Span, eviction: Span, clockRateErrorPPM: Int64) {
        self.hold = hold
        self.eviction = eviction
        self.clockRateErrorPPM = clockRateErrorPPM
    }

    /// W: how long after the receipt of the last heartbeat it renewed the coordinator waits before it grants again.
    ///
    /// The smallest whole nanosecond with W ≥ (1+ρ)·(T/(1−ρ) + K).
    package var wait: Span { bound(after: hold) }

    /// (1+ρ)·(remaining/(1−ρ) + K), rounded up at each step: the coordinator's side of a hold of `remaining`.
    package func bound(after remaining: Span) -> Span {
        let million: Int64 = 1_000_000
        let slow = HoldSettings.scaledUp(remaining.nanoseconds, by: million, over: million - clockRateErrorPPM)
        let (sum, overflow) = slow.addingReportingOverflow(eviction.nanoseconds)
        guard !overflow else { return Span(nanoseconds: .max) }
        return Span(nanoseconds: HoldSettings.scaledUp(sum, by: million + clockRateErrorPPM, over: million))
    }

    /// The longest remaining term whose bound is within `wait`; zero where even no term at all is not (L6).
    package func remaining(within wait: Span) -> Span {
        let million: Int64 = 1_000_000
        guard wait > .zero else { return .zero }
        let sum = HoldSettings.scaledDown(wait.nanoseconds, by: million, over: million + clockRateErrorPPM)
        guard sum > eviction.nanoseconds else { return .zero }
        let slow = sum - eviction.nanoseconds
        return Span(nanoseconds: HoldSettings.scaledDown(slow, by: million - clockRateErrorPPM, over: million))
    }

    /// Whether an end of work that took so long by its node's clock was within K: that clock may be slow.
    package func allows(_ measured: Span) -> Bool {
        let million: Int64 = 1_000_000
        return HoldSettings.scaledUp(measured.nanoseconds, by: million, over: million - clockRateErrorPPM)
            <= eviction.nanoseconds
    }

    /// How often an agent heartbeats: ten times in a hold, at most every 5 s and at least every 100 ms apart.
    package var heartbeatInterval: Span {
        Span(nanoseconds: min(5_000_000_000, max(100_000_000, hold.nanoseconds / 10)))
    }

    /// From the last heartbeat to suspicion: two intervals missed, and half a one for the way.
    package var suspectAfter: Span { Span(nanoseconds: heartbeatInterval.nanoseconds * 5 / 2) }

    /// What is wrong with the numbers, if anything.
    package var complaint: String? {
        if !(0...200_000).contains(clockRateErrorPPM) {
            let percent = "\(clockRateErrorPPM / 10_000).\(clockRateErrorPPM / 1_000 % 10)%"
            return "clock rate error \(percent): expected 0% to 20%"
        }
        if hold < .seconds(1) || hold > .hours(24) { return "hold \(hold): expected 1s to 1d" }
        if eviction < .milliseconds(100) || eviction > .hours(1) {
            return "eviction \(eviction): expected 100ms to 1h"
        }
        if heartbeatInterval * 3 > hold { return "hold \(hold): shorter than three heartbeats" }
        return nil
    }

    /// The inequality of L5 with its numbers, as printed at start.
    package var inequality: String {
        let milli = { (span: Span) -> String in
            let thousandths = (span.nanoseconds + 999_999) / 1_000_000
            let fraction = String(thousandths % 1_000)
            return "\(thousandths / 1_000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction)s"
        }
        let percent = "\(clockRateErrorPPM / 10_000).\(clockRateErrorPPM / 1_000 % 10)%"
        return "W = \(milli(wait)) >= (1+p)*(T/(1-p) + K) "
            + "with T = \(milli(hold)), K = \(milli(eviction)), p = \(percent)"
    }

    /// For numerators that are no greater than their denominators, so that it cannot overflow.
    private static func scaledDown(_ value: Int64, by numerator: Int64, over denominator: Int64) -> Int64 {
        precondition(value >= 0 && numerator > 0 && numerator <= denominator, "scaling \(value) down")
        return denominator.dividingFullWidth(value.multipliedFullWidth(by: numerator)).quotient
    }

    private static func scaledUp(_ value: Int64, by numerator: Int64, over denominator: Int64) -> Int64 {
        precondition(value >= 0 && numerator > 0 && denominator > 0, "scaling \(value) by \(numerator)/\(denominator)")
        let product = value.multipliedFullWidth(by: numerator)
        guard product.high < denominator / 2 else { return .max }
        let (quotient, remainder) = denominator.dividingFullWidth(product)
        return remainder == 0 ? quotient : quotient + 1
    }
}
