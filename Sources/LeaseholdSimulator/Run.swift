package import LeaseholdModel

/// The laws that the simulator checks.
package enum Law: String, Sendable, CaseIterable {
    case oneHolder = "L1"
    case nothingLost = "L2"
    case durableFirst = "L3"
    case epochsGrow = "L4"
    case witnesses = "L9"
    case watts = "L11"
    case conservation = "L12"
    case sameBook = "L14"
    case itEnds = "L15"
}

extension Law: CustomStringConvertible {
    /// The number that code and documents cite.
    package var description: String { rawValue }
}

/// A law that was broken: which, when in true time, and how.
package struct Breach: Hashable, Sendable {
    package let law: Law
    let at: TrueInstant
    package let text: String
}

extension Breach: CustomStringConvertible {
    package var description: String { "\(law) broken at \(Transcript.text(at)): \(text)" }
}

/// What happened in a run, counted.
package struct RunCounts: Hashable, Sendable {
    /// Everything that was carried out from the agenda.
    package var happeningCount = 0
    /// Requests of clients that were answered, and answered with what they asked for.
    package var answeredCount = 0
    package var grantedCount = 0
    /// Requests that were sent again because no answer came.
    package var repeatedCount = 0
    package var heartbeatCount = 0
    /// Works of tenants that began on a node, and that were ended at a deadline.
    package var launchCount = 0
    package var fenceCount = 0
    /// Partitions that came back by a node's word, and by the wait.
    package var retiredByWordCount = 0
    package var retiredByWaitCount = 0
    package var recordCount = 0
    /// Faults of all kinds, and those by kind in the order of `FaultKind.allCases`.
    package var faultCount = 0
    package var faultCounts = [Int](repeating: 0, count: FaultKind.allCases.count)
    /// Length of the run in true time.
    package var length = Span.zero

    package init() {}

    /// The sums of two runs.
    package mutating func add(_ other: RunCounts) {
        happeningCount += other.happeningCount
        answeredCount += other.answeredCount
        grantedCount += other.grantedCount
        repeatedCount += other.repeatedCount
        heartbeatCount += other.heartbeatCount
        launchCount += other.launchCount
        fenceCount += other.fenceCount
        retiredByWordCount += other.retiredByWordCount
        retiredByWaitCount += other.retiredByWaitCount
        recordCount += other.recordCount
        faultCount += other.faultCount
        for kind in faultCounts.indices { faultCounts[kind] += other.faultCounts[kind] }
        length = length + other.length
    }
}

/// What became of one seed.
package struct RunOutcome: Sendable {
    package let seed: UInt64
    /// What broke a law, in the order of breaking; empty for a clean run.
    package let breaches: [Breach]
    package let counts: RunCounts
    /// Equal for equal runs, in every process (L14).
    package let digest: UInt64
    /// Line by line, if it was asked for.
    package let transcript: [String]
    /// The weather of the seed, one sentence.
    package let weather: String
}

/// The face of the simulator: a seed in, an outcome out.
package enum Simulation {
    /// Runs one seed from its first instant to its last, or to the first broken law.
    package static func run(seed: UInt64, isTelling: Bool = false) -> RunOutcome {
        var chance = Chance(seed: seed)
        let weather = Weather(from: &chance)
        let world = World(seed: chance.next(), weather: weather, isTelling: isTelling)
        let stage = Stage(world)
        stage.play()
        return RunOutcome(
            seed: seed, breaches: world.breaches, counts: world.counts, digest: world.digest,
            transcript: world.transcript.lines, weather: weather.description)
    }
}
