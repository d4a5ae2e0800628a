import LeaseholdLog
import LeaseholdModel

/// A finished log of several segments whose names, or whole files, are not what they were.
struct NameTorture {
    private let log: TortureLog
    private let kind: TortureClass
    private(set) var tally = TortureTally()

    init(_ kind: TortureClass, _ log: TortureLog) {
        self.kind = kind
        self.log = log
    }

    /// What can be wrong with the names of a set of segments, each of which is a bit of a number.
    enum Way: Int, CaseIterable {
        /// They are gone.
        case lost
        /// They lie in both places.
        case doubled
        /// They lie in the other place.
        case moved
        /// Two of them bear each other's.
        case exchanged
    }

    /// Where a file that is not the segment's own comes from.
    enum Source: Int, CaseIterable {
        /// This segment, at an earlier moment.
        case earlier
        /// Another segment of this log.
        case another
        /// The segment of this number of another log.
        case foreign
        /// The segment of this number of a log with this id and other records.
        case fork
    }

    /// Tries everything.
    mutating func run() {
        let count = log.segments.count
        switch kind {
        case .name:
            for way in Way.allCases {
                for set in 1..<(1 << count) { misname(way, set) }
            }
        case .staleSegment:
            for segment in 0..<count {
                for moment in log.moments.indices { replace(segment, .earlier, moment) }
                for other in 0..<count where other != segment { replace(segment, .another, other) }
                replace(segment, .foreign, 0)
                replace(segment, .fork, 0)
            }
        case .failure, .secondFailure, .lie, .flippedBit, .zeroedWord, .zeroedSector, .truncation, .copiedSector:
            preconditionFailure("\(kind) is not of names")
        }
    }

    /// Tries one case; none if there is none of these numbers.
    mutating func run(case numbers: [Int]) {
        let count = log.segments.count
        if kind == .name, let way = Way(rawValue: numbers[0]), (1..<1 << count).contains(numbers[1]) {
            misname(way, numbers[1])
        }
        if kind == .staleSegment, let source = Source(rawValue: numbers[1]), (1...count).contains(numbers[0]) {
            let numberCount = [log.moments.count, count, 1, 1][source.rawValue]
            if numbers[2] < numberCount { replace(numbers[0] - 1, source, numbers[2]) }
        }
    }

    private mutating func misname(_ way: Way, _ set: Int) {
        let chosen = log.segments.indices.filter { set >> $0 & 1 == 1 }
        var segments = log.segments
        var rule = TortureRule.proven
        switch way {
        case .lost: segments = segments.indices.filter { !chosen.contains($0) }.map { log.segments[$0] }
        case .doubled:
            for segment in chosen {
                segments.append(segments[segment])
                segments[segments.count - 1].place = NameTorture.other(segments[segment].place)
            }
        case .moved:
            for segment in chosen { segments[segment].place = NameTorture.other(segments[segment].place) }
            // A crash between naming the next segment and archiving this one leaves just that.
            if !chosen.contains(segments.count - 1) { rule = .unchanged }
        case .exchanged:
            guard chosen.count == 2 else { return }
            segments[chosen[0]].bytes = log.segments[chosen[1]].bytes
            segments[chosen[1]].bytes = log.segments[chosen[0]].bytes
        }
        judge(segments, rule, [way.rawValue, set])
    }

    private static func other(_ place: LogPlace) -> LogPlace {
        switch place {
        case .live: .archive
        case .archive, .snapshots: .live
        }
    }

    private mutating func replace(_ segment: Int, _ source: Source, _ number: Int) {
        var segments = log.segments
        let own = log.segments[segment]
        let stranger: [UInt8]
        switch source {
        case .earlier:
            guard let earlier = log.moments[number].first(where: { $0.number == own.number }) else { return }
            stranger = earlier.bytes
        case .another: stranger = log.segments[number].bytes
        case .foreign:
            let other = TortureLog(log.story, logID: LogID(high: 1, low: 2), remembersMoments: false)
            stranger = other.segments[segment].bytes
        case .fork:
            stranger = TortureLog(log.story, salt: 500, remembersMoments: false).segments[segment].bytes
        }
        segments[segment].bytes = stranger
        let end = log.ends[segment]
        let isNewest = segment == segments.count - 1
        // What stands behind the end that a successor states is never looked at.
        let isUnchanged = isNewest ? stranger == own.bytes : stranger[..<end] == own.bytes[..<end]
        let rule: TortureRule = isUnchanged ? .unchanged : source == .earlier && isNewest ? .mixed : .proven
        judge(segments, rule, [segment + 1, source.rawValue, number])
    }

    private mutating func judge(_ segments: [TortureSegment], _ rule: TortureRule, _ numbers: [Int]) {
        var reader = TortureReader(segments: segments)
        var comparisons = 0
        let outcome = reader.outcome(log.identity, log.witness, counting: &comparisons)
        tally.addComparisons(comparisons)
        tally.judge(
            outcome, by: rule, acknowledged: log.witness.acknowledged, proven: log.provenCount,
            state: TortureCase(kind, log.story, numbers), isEarlierMoment: log.moments.contains(segments))
    }
}
