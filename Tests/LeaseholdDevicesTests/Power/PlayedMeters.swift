import Foundation
import LeaseholdDevices
import LeaseholdModel

/// Two packages and a memory whose counters of millionths of a joule wrap, lag, end and are not read, with the truth.
struct PlayedMeters {
    /// What a kernel shows as the last value, and one that is left every two minutes at full draw.
    private static let ranges: [UInt64] = [262_143_328_850, 65_532_610_987]
    private static let drawMax: UInt64 = 450

    private struct Counter {
        let name: String
        let range: UInt64
        /// Microjoules.
        var used: UInt64 = 0
        var began: (used: UInt64, shown: UInt64)
        var first: UInt64?
        var linked: UInt64?
        /// Of counters that ended: what no reading shows, and what a wrap that was none may have added.
        var slack: UInt64 = 0
    }

    private(set) var complaints: [String] = []
    private(set) var roundCount = 0
    private var chance: Chance
    private var now = HealthSamples.now(40)
    private var counters: [Counter]
    private var power = NodePower()
    private var told = Millijoules(0)
    /// Whether counters end: where none does, everything is metered.
    private let isLossy: Bool
    /// As it was kept when it was last told.
    private var kept = NodePower()

    init(seed: UInt64) {
        var chance = Chance(state: seed)
        isLossy = seed % 4 < 2
        let range = PlayedMeters.ranges[Int(seed % 2)]
        counters = ["package-0", "package-0/dram", "package-1"].map { name in
            Counter(name: name, range: range, began: (0, UInt64.random(in: 0...range, using: &chance)))
        }
        self.chance = chance
    }

    private mutating func happens(oneIn count: UInt64) -> Bool { UInt64.random(in: 0..<count, using: &chance) == 0 }

    /// One interval, late or early: the packages draw, something happens, and what can be read is read.
    mutating func beat() {
        let span = Span.milliseconds(happens(oneIn: 12) ? 14_000 : happens(oneIn: 6) ? 300 : 5_000)
        now = Now(boot: now.boot + span, calendar: now.calendar + span)
        var readings: [InstrumentReading] = []
        for index in counters.indices {
            let watts = UInt64.random(in: 0...PlayedMeters.drawMax, using: &chance)
            let before = counters[index].used
            counters[index].used += watts * 1_000 * UInt64(span.wholeMilliseconds)
            if isLossy, happens(oneIn: 60) { end(index, within: before...counters[index].used) }
            if happens(oneIn: 15) { continue }
            readings.append(read(index, lag: UInt64.random(in: 0...watts * 100_000, using: &chance)))
        }
        // The program starts anew with what it has kept.
        if happens(oneIn: 20) { power = kept.resumed(ofThisBoot: true) }
        power.take(PowerRound(.files, readings: readings, complaints: []), at: now)
        judge()
    }

    /// The counter begins anew somewhere in what was used in this interval.
    private mutating func end(_ index: Int, within used: ClosedRange<UInt64>) {
        counters[index].began = (UInt64.random(in: used, using: &chance), 0)
        // From the last link to here no reading shows what was used; and a counter that was about to wrap looks as if it
        // had, which adds at most what can be drawn between two links.
        let lost = counters[index].used - (counters[index].linked ?? counters[index].used)
        counters[index].slack += lost + 2_000 * 1_000_000 * 60
    }

    private mutating func read(_ index: Int, lag: UInt64) -> InstrumentReading {
        let counter = counters[index]
        let truth = max(counter.used - min(counter.used, lag), counter.began.used)
        if counter.first == nil { counters[index].first = truth }
        counters[index].linked = max(counter.linked ?? 0, truth)
        let sum = counter.began.shown + (truth - counter.began.used)
        return InstrumentReading(
            .packages, counter.name,
            counter: InstrumentReading.Counter(microjoules: sum % (counter.range + 1), range: counter.range),
            at: now.boot, validity: .seconds(15))
    }

    private mutating func judge() {
        guard let energy = power.energy(.packages) else { return }
        roundCount += 1
        if energy < told { complaints.append("\(energy) after \(told)") }
        told = energy
        kept = power
        // By what was read, in millijoules; each counter's last interval may be unread or doubted.
        let truth = counters.reduce(0) { $0 + (($1.linked ?? 0) - ($1.first ?? 0)) } / 1_000
        let slack = counters.reduce(0) { $0 + $1.slack } / 1_000
        if energy.count > truth + slack + 3 { complaints.append("\(energy) of \(truth) with \(slack)") }
        // A wrap is metered up to 2 mJ too short.
        let interval = isLossy ? 3 * PlayedMeters.drawMax * 30 * 1_000 : 200
        if energy.count + slack + interval < truth { complaints.append("only \(energy) of \(truth) with \(slack)") }
        if let draw = power.measured(.packages)?.draw.shown.count, slack == 0,
            draw > 3 * PlayedMeters.drawMax * 1_000 * 6 / 5 + 3 * 45_000 * 10
        {
            complaints.append("a draw of \(draw) mW")
        }
    }

    /// The same numbers for the same seed (splitmix64).
    private struct Chance: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var word = state
            word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
            return word ^ word >> 31
        }
    }
}
