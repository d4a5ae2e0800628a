package import LeaseholdModel

/// What a simulated GPU draws, as a function of its lease and of time.
///
/// A model, not a measurement: nobody holds it, it draws its idle floor; work takes it in a straight line to 90 % of
/// its envelope within two seconds, the order of magnitude in which training jobs ramp; from there it ripples by up to
/// 2 % of the envelope, because a reading that never moves looks like a broken sensor. Whole numbers throughout: the
/// same arguments give the same watts on every machine.
package enum PowerModel {
    /// From the start of work to the full draw.
    package static let rise = Span.seconds(2)
    /// How long the ripple stays at one value.
    package static let ripplePeriod = Span.milliseconds(500)
    /// The full draw, as a part of the envelope.
    package static let plateauPercent: Int64 = 90
    /// The ripple either way, as a part of the envelope.
    package static let ripplePermille: Int64 = 20

    /// The draw of one GPU at an instant.
    ///
    /// - Parameters:
    ///   - envelope: what it may draw at most.
    ///   - idleFloor: what it draws without work.
    ///   - runningSince: when the work started; nil without work.
    ///   - now: of the same boot.
    ///   - seed: tells GPUs apart, so that they do not ripple in step.
    /// - Returns: at least the idle floor, at most the envelope.
    package static func drawn(
        envelope: Watts, idleFloor: Watts, runningSince: BootInstant?, at now: BootInstant, seed: UInt64
    ) -> Watts {
        guard let runningSince, now > runningSince else { return idleFloor }
        let plateau = max(idleFloor.count, envelope.count * plateauPercent / 100)
        let elapsed = (now - runningSince).wholeMilliseconds
        guard elapsed >= rise.wholeMilliseconds else {
            return Watts(idleFloor.count + (plateau - idleFloor.count) * elapsed / rise.wholeMilliseconds)
        }
        let period = UInt64(elapsed / ripplePeriod.wholeMilliseconds)
        let permille = Int64(mixed(seed &+ period) % UInt64(2 * ripplePermille + 1)) - ripplePermille
        let rippled = plateau + envelope.count * permille / 1_000
        return Watts(min(max(rippled, idleFloor.count), max(envelope.count, idleFloor.count)))
    }

    /// The finaliser of SplitMix64 (Steele, Lea and Flood, 2014): neighbours become unlike.
    private static func mixed(_ value: UInt64) -> UInt64 {
        var state = value &* 0x9E37_79B9_7F4A_7C15
        state = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        state = (state ^ state >> 27) &* 0x94D0_49BB_1331_11EB
        return state ^ state >> 31
    }
}
