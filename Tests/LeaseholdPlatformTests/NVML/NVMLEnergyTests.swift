import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Testing

@Suite("Energy that is metered over a driver's counter")
struct NVMLEnergyTests {
    private let beat = Span.seconds(5)
    /// The most that a GPU here draws in a beat, and in the fifth of it by which its counter may be behind.
    private let beatMax: UInt64 = 3_500_000
    private let lagMax: UInt64 = 700_000

    /// A truth, and the counter that shows it late, wraps and is reset.
    private struct Truth {
        var used: UInt64 = 0
        var counter: UInt64
        var resetCount: UInt64 = 0
    }

    @Test(
        "what is metered never shrinks, is never too much, and lacks a beat's worth for each reset at most",
        arguments: 1...30)
    func metered(_ seed: UInt64) throws {
        var chance = SeededChance(state: seed)
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))")
        // Half of them are about to wrap.
        var truth = Truth(counter: seed % 2 == 0 ? 0 : .max - UInt64.random(in: 0...20_000_000, using: &chance))
        var meter = EnergyMeter(drawMax: Milliwatts(700_000), lagMax: .seconds(1))
        var device: NVMLDevice? = try hardware.device(1)
        for number in 0..<200 as Range<Int64> {
            var behind: UInt64 = 0
            if number > 0 {
                let used = UInt64.random(in: 0...beatMax, using: &chance)
                truth.used += used
                truth.counter &+= used
                behind = UInt64.random(in: 0...min(used, lagMax), using: &chance)
                if UInt64.random(in: 0..<25, using: &chance) == 0 {
                    // What is read then is `isDriverGone`, and so the meter is told.
                    try hardware.say("driver reload")
                    #expect(throws: NVMLFailure.self) { try device?.power() }
                    device = nil
                    device = try hardware.device(1)
                    meter.counterBegan()
                    truth.counter = UInt64.random(in: 0...used, using: &chance)
                    behind = 0
                    truth.resetCount += 1
                }
            }
            try hardware.say("set \(gpu(1)) energy \(truth.counter)")
            try hardware.say("set \(gpu(1)) energy_behind \(behind)")
            let before = meter.total
            let reading = try #require(try device?.power().value.energy)
            let step = meter.take(reading, at: .zero + beat * number)
            #expect(meter.total >= before && meter.total.count <= truth.used, "seed \(seed), beat \(number)")
            let missing = truth.used - meter.total.count
            #expect(missing <= lagMax + (beatMax + lagMax) * truth.resetCount, "seed \(seed), beat \(number), \(step)")
        }
        #expect(meter.total.count > truth.used / 2)
    }
}
