import LeaseholdModel
import Testing

@Suite("hold settings (L5)")
struct HoldSettingsTests {
    @Test("the defaults wait 132.5 s: (1 + 1 %) x (120 s / (1 - 1 %) + 10 s)")
    func defaults() {
        let wait = HoldSettings.standard.wait
        #expect(wait >= .milliseconds(132_524))
        #expect(wait < .milliseconds(132_525))
    }

    @Test(
        "the wait is the smallest that the inequality allows, to the nanosecond",
        arguments: [(10, 1, 10_000), (30, 10, 10_000), (120, 10, 0), (1, 1, 200_000), (3_600, 60, 333)])
    func inequality(hold: Int64, eviction: Int64, ppm: Int64) {
        let settings = HoldSettings(hold: .seconds(hold), eviction: .seconds(eviction), clockRateErrorPPM: ppm)
        // W·(1−ρ)·10¹² against (1+ρ)·(T + K·(1−ρ)), all in whole numbers.
        let million = Int128(1_000_000)
        let right =
            (million + Int128(ppm))
            * (Int128(hold) * 1_000_000_000 * million + Int128(eviction) * 1_000_000_000 * (million - Int128(ppm)))
        let left = { (wait: Int64) in Int128(wait) * (million - Int128(ppm)) * million }
        #expect(left(settings.wait.nanoseconds) >= right)
        #expect(left(settings.wait.nanoseconds - 3) < right, "rounded up once a step, not more")
    }

    @Test("what a node measured of K by its own clock counts as if that clock were as slow as it may be")
    func measured() {
        #expect(HoldSettings.standard.allows(.milliseconds(9_900)))
        #expect(!HoldSettings.standard.allows(Span(nanoseconds: 9_900_000_001)))
    }

    @Test("a node is suspect well before its hold runs out, and beats at least three times in it")
    func relations() {
        for seconds: Int64 in [1, 3, 10, 30, 120, 3_600] {
            let settings = HoldSettings(hold: .seconds(seconds), eviction: .seconds(1), clockRateErrorPPM: 10_000)
            #expect(settings.complaint == nil)
            #expect(settings.suspectAfter < settings.hold)
            #expect(settings.heartbeatInterval * 3 <= settings.hold)
            let remembered = settings.heartbeatInterval * Int64(Limits.rememberedStampCountMax)
            #expect(remembered >= min(settings.hold, .seconds(120)), "a stamp is remembered as long as it can be named")
        }
    }

    @Test("numbers that make no sense are named")
    func complaints() {
        let bad = [
            HoldSettings(hold: .milliseconds(200), eviction: .seconds(1), clockRateErrorPPM: 10_000),
            HoldSettings(hold: .seconds(10), eviction: .zero, clockRateErrorPPM: 10_000),
            HoldSettings(hold: .seconds(10), eviction: .seconds(1), clockRateErrorPPM: 500_000),
        ]
        for settings in bad { #expect(settings.complaint != nil) }
    }
}
