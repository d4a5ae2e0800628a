import LeaseholdDevices
import LeaseholdModel

/// A counter of energy to which everything happens, the truth about it, and a meter that reads it.
struct PlayedCounter {
    private static let beat = Span.seconds(5)
    private static let drawMax: UInt64 = 700_000
    private static let lagMax = Span.seconds(1)
    /// Of a counter that goes around again and again.
    private static let narrow: UInt64 = 200_000_000

    private(set) var complaints: [String] = []
    /// Readings that were neither behind nor doubted.
    private(set) var linkCount = 0

    private var chance: Chance
    private let range: UInt64
    /// Whether somebody always says that the counter began anew.
    private let isTold: Bool
    private var meter: EnergyMeter
    /// What was kept last, and the truth behind it.
    private var kept: (mark: EnergyMeter.Mark, truth: UInt64)?
    private var now = BootInstant.zero + .seconds(40)

    /// What the device has used; what it had used when the counter began, and where that began.
    private var used: UInt64 = 0
    private var began: (used: UInt64, shown: UInt64)
    /// What the device had used when metering began, and by the last link; nil before the first reading.
    private var first: UInt64?
    private var linked: UInt64?
    /// What the meter may lack for counters that ended before the last link, and for one that has since.
    private var lack: (before: UInt64, since: UInt64) = (0, 0)
    private var isUncertain = false
    private var isMisread = false

    init(seed: UInt64) {
        chance = Chance(state: seed)
        isTold = seed % 2 == 0
        range = seed % 4 == 0 ? PlayedCounter.narrow : .max
        began = (0, seed % 4 == 0 ? UInt64.random(in: 0..<range, using: &chance) : seed % 4 == 2 ? .max - 9_000_000 : 0)
        meter = PlayedCounter.meter(range)
    }

    private static func meter(_ range: UInt64) -> EnergyMeter {
        EnergyMeter(range: Millijoules(range), drawMax: Milliwatts(drawMax), lagMax: lagMax)
    }

    private mutating func happens(oneIn count: UInt64) -> Bool { UInt64.random(in: 0..<count, using: &chance) == 0 }

    /// One heartbeat, late or early: something happens, and then the counter is read.
    mutating func beat() {
        let span = happens(oneIn: 20) ? PlayedCounter.beat * 3 : PlayedCounter.beat / (happens(oneIn: 5) ? 20 : 1)
        let draw = UInt64.random(in: 0...PlayedCounter.drawMax, using: &chance)
        let before = Int64.random(in: 0...span.wholeMilliseconds, using: &chance)
        use(draw, .milliseconds(before))
        if happens(oneIn: 15) { counterEnds() }
        if happens(oneIn: 15) { programRestarts() }
        use(draw, span - .milliseconds(before))
        if happens(oneIn: 12), !isMisread { misread() } else { read(draw) }
    }

    private mutating func use(_ draw: UInt64, _ span: Span) {
        used += draw * UInt64(span.wholeMilliseconds) / 1_000
        now = now + span
    }

    private mutating func counterEnds() {
        began = (used, 0)
        // A counter that ends before the other was ever read takes nothing more with it than that one did.
        lack.since = linked.map { used - $0 } ?? 0
        if isTold { meter.counterBegan() } else { isUncertain = true }
    }

    private mutating func programRestarts() {
        guard let kept else { return }
        // A mark that is older than the counter is of no use to who does not know of that.
        guard !isUncertain, lack.since == 0 else { return }
        meter = PlayedCounter.meter(range)
        meter.resume(from: kept.mark, ofThisBoot: true)
    }

    /// Half of the range away from what would be right; twice in a row it would be a counter that began anew.
    private mutating func misread() {
        guard linked != nil else { return }
        isMisread = true
        let wrong = shown(used) &+ range / 2
        let step = meter.take(Millijoules(range == .max ? wrong : wrong % (range + 1)), at: now)
        if step != .doubted { complaints.append("\(step) of a reading that cannot be") }
    }

    private func shown(_ used: UInt64) -> UInt64 {
        let sum = began.shown &+ (used - began.used)
        return range == .max ? sum : sum % (range + 1)
    }

    private mutating func read(_ draw: UInt64) {
        isMisread = false
        let behind = UInt64.random(
            in: 0...draw * UInt64(PlayedCounter.lagMax.wholeMilliseconds) / 1_000, using: &chance)
        let truth = max(used - min(used, behind), began.used)
        let before = meter.total
        let step = meter.take(Millijoules(shown(truth)), at: now)
        if meter.total < before { complaints.append("\(step): \(meter.total) after \(before)") }
        switch step {
        case .began:
            first = truth
            linked = truth
        case .counted, .restarted: link(truth, step)
        case .behind, .doubted: break
        }
        if let mark = meter.mark, let linked { kept = (mark, linked) }
    }

    private mutating func link(_ truth: UInt64, _ step: EnergyMeter.Step) {
        guard let first, let last = linked else { return complaints.append("\(step) of the first reading") }
        linkCount += 1
        // Of one that was past the last link again nobody sees that it had ended.
        if case .counted = step, isUncertain { lack.since = truth - last }
        lack.before += lack.since
        let metered = meter.total.count
        let real = truth - first
        if metered > real { complaints.append("\(step): \(metered) of \(real)") }
        if real - min(real, metered) > lack.before {
            complaints.append("\(step): lacks \(real - metered) of \(lack.before)")
        }
        if isTold, metered + lack.before != real {
            complaints.append("\(step): \(metered) + \(lack.before) of \(real)")
        }
        lack.since = 0
        isUncertain = false
        linked = truth
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
