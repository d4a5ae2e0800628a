import LeaseholdLog
import LeaseholdModel

/// A finished log, damaged in place, read, and made whole again, for each way to damage it.
struct DamageTorture {
    private let log: TortureLog
    private let kind: TortureClass
    private var reader: TortureReader
    private(set) var tally = TortureTally()

    init(_ kind: TortureClass, _ log: TortureLog) {
        self.kind = kind
        self.log = log
        self.reader = TortureReader(segments: log.segments)
    }

    /// How many places there are to begin at: the parts of a class are ranges of them.
    static func placeCount(_ kind: TortureClass, _ log: TortureLog) -> Int {
        let byteCount = log.segments.count * log.story.segmentByteCount
        switch kind {
        case .flippedBit, .truncation: return byteCount
        case .zeroedWord: return byteCount / 8
        case .zeroedSector, .copiedSector: return byteCount / LogLimits.alignmentByteCount
        case .failure, .secondFailure, .lie, .name, .staleSegment: preconditionFailure("\(kind) has no places")
        }
    }

    /// Tries everything that begins at these places.
    mutating func run(_ places: Range<Int>) {
        for place in places {
            switch kind {
            case .flippedBit:
                let (segment, byte) = position(place, unit: 1)
                for bit in 0..<8 { flip(segment, byte, bit) }
            case .truncation:
                let (segment, byteCount) = position(place, unit: 1)
                truncate(segment, byteCount)
            case .zeroedWord:
                let (segment, word) = position(place, unit: 8)
                zero(segment, word, unit: 8)
            case .zeroedSector:
                let (segment, sector) = position(place, unit: LogLimits.alignmentByteCount)
                zero(segment, sector, unit: LogLimits.alignmentByteCount)
            case .copiedSector:
                let from = position(place, unit: LogLimits.alignmentByteCount)
                for target in 0..<DamageTorture.placeCount(kind, log) where target != place {
                    copy(from, to: position(target, unit: LogLimits.alignmentByteCount))
                }
            case .failure, .secondFailure, .lie, .name, .staleSegment: preconditionFailure("\(kind) has no places")
            }
        }
    }

    /// Tries one case; none if there is none of these numbers.
    mutating func run(case numbers: [Int]) {
        let (segment, unit) = (numbers[0] - 1, log.story.segmentByteCount)
        let sectorCount = unit / LogLimits.alignmentByteCount
        guard log.segments.indices.contains(segment) else { return }
        switch kind {
        case .flippedBit: if numbers[1] < unit, numbers[2] < 8 { flip(segment, numbers[1], numbers[2]) }
        case .truncation: if numbers[1] < unit { truncate(segment, numbers[1]) }
        case .zeroedWord: if numbers[1] < unit / 8 { zero(segment, numbers[1], unit: 8) }
        case .zeroedSector:
            if numbers[1] < sectorCount { zero(segment, numbers[1], unit: LogLimits.alignmentByteCount) }
        case .copiedSector:
            let target = numbers[2] - 1
            guard log.segments.indices.contains(target), max(numbers[1], numbers[3]) < sectorCount else { return }
            copy((segment, numbers[1]), to: (target, numbers[3]))
        case .failure, .secondFailure, .lie, .name, .staleSegment: preconditionFailure("\(kind) has no places")
        }
    }

    private func position(_ place: Int, unit: Int) -> (segment: Int, place: Int) {
        let perSegment = log.story.segmentByteCount / unit
        return (place / perSegment, place % perSegment)
    }

    // MARK: Damage

    private mutating func flip(_ segment: Int, _ byte: Int, _ bit: Int) {
        reader.segments[segment].bytes[byte] ^= 1 << UInt8(bit)
        judge(log.rule(segment, byte..<byte + 1), [segment + 1, byte, bit])
        reader.segments[segment].bytes[byte] ^= 1 << UInt8(bit)
    }

    private mutating func truncate(_ segment: Int, _ byteCount: Int) {
        let whole = reader.segments[segment].bytes
        reader.segments[segment].bytes = Array(whole[..<byteCount])
        // A file is made in its whole size, so that a shorter one is damaged whatever it has lost.
        judge(.proven, [segment + 1, byteCount])
        reader.segments[segment].bytes = whole
    }

    private mutating func zero(_ segment: Int, _ place: Int, unit: Int) {
        replace(segment, place * unit, with: [UInt8](repeating: 0, count: unit), [segment + 1, place])
    }

    private mutating func copy(_ from: (segment: Int, place: Int), to: (segment: Int, place: Int)) {
        let unit = LogLimits.alignmentByteCount
        let bytes = Array(log.segments[from.segment].bytes[from.place * unit..<(from.place + 1) * unit])
        replace(
            to.segment, to.place * unit, with: bytes, [from.segment + 1, from.place, to.segment + 1, to.place],
            isWholeFrame: true)
    }

    private mutating func replace(
        _ segment: Int, _ start: Int, with bytes: [UInt8], _ numbers: [Int], isWholeFrame: Bool = false
    ) {
        let range = start..<start + bytes.count
        let before = Array(log.segments[segment].bytes[range])
        var rule = before == bytes ? .unchanged : log.rule(segment, range)
        // A whole frame that stands where the next one should, or in place of the last one, says wrong words.
        let isNewest = segment == log.segments.count - 1
        if isWholeFrame, isNewest, rule == .tail || (rule == .behind && start == log.tail.upperBound) { rule = .mixed }
        reader.segments[segment].bytes.replaceSubrange(range, with: bytes)
        judge(rule, numbers)
        reader.segments[segment].bytes.replaceSubrange(range, with: before)
    }

    private mutating func judge(_ rule: TortureRule, _ numbers: [Int]) {
        var comparisons = 0
        let outcome = reader.outcome(log.identity, log.witness, counting: &comparisons)
        tally.addComparisons(comparisons)
        tally.judge(
            outcome, by: rule, acknowledged: log.witness.acknowledged, proven: log.provenCount,
            state: TortureCase(kind, log.story, numbers), isEarlierMoment: log.moments.contains(reader.segments))
    }
}
