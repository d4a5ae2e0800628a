import LeaseholdLog
import LeaseholdModel

/// A log's life of which one write goes wrong in silence, read at once or at the end.
struct LieTorture {
    /// How the write goes wrong.
    enum Way: Int, CaseIterable {
        case flippedBit
        case zeroedSector
        case misdirected

        /// How many places a write of so many bytes has for it.
        func placeCount(_ byteCount: Int) -> Int {
            switch self {
            case .flippedBit: byteCount * 8
            case .zeroedSector: byteCount / LogLimits.alignmentByteCount
            case .misdirected: (story.segmentByteCount - byteCount) / LogLimits.alignmentByteCount + 1
            }
        }

        /// Every so many of them are tried; single bits have a class of their own.
        var stride: Int {
            switch self {
            case .flippedBit: 101
            case .zeroedSector, .misdirected: 1
            }
        }
    }

    /// When the log is read.
    enum Ending: Int, CaseIterable {
        /// Right after the step whose write it was.
        case atOnce
        /// At the end of the life.
        case atTheEnd
    }

    private static let story = TortureStory.lies
    private let honest: TortureLog
    private(set) var tally = TortureTally()

    /// `honest` is the same life without a lie.
    init(_ honest: TortureLog) { self.honest = honest }

    /// Tries every lie about these operations.
    mutating func run(_ operations: Range<Int>, writes: [Int: Int]) {
        for operation in operations {
            guard let byteCount = writes[operation] else { continue }
            for ending in Ending.allCases {
                let truth = LieTorture.live(until: ending, operation, lying: nil)
                for way in Way.allCases {
                    for number in Swift.stride(from: 0, to: way.placeCount(byteCount), by: way.stride) {
                        lie(operation, way, number, ending, truth)
                    }
                }
            }
        }
    }

    /// Tries one case; none if there is none of these numbers.
    mutating func run(case numbers: [Int]) {
        guard let way = Way(rawValue: numbers[1]), let ending = Ending(rawValue: numbers[3]),
            let byteCount = LieTorture.writes()[numbers[0]], numbers[2] < way.placeCount(byteCount)
        else { return }
        let truth = LieTorture.live(until: ending, numbers[0], lying: nil)
        lie(numbers[0], way, numbers[2], ending, truth)
    }

    /// The operations of the life that write, each with its bytes.
    static func writes() -> [Int: Int] {
        let disk = SimulatedDisk()
        var run = TortureRun(story, on: disk)
        disk.remembersOperations = true
        guard case .finished = run.go(story.steps) else { preconditionFailure("\(story) on a sound disk did not end") }
        var writes: [Int: Int] = [:]
        for (position, operation) in disk.performed.enumerated() {
            if case .write(_, _, let bytes) = operation { writes[position + 1] = bytes.count }
        }
        return writes
    }

    /// `truth` is what the life leaves when nobody lies.
    private mutating func lie(
        _ operation: Int, _ way: Way, _ number: Int, _ ending: Ending, _ truth: (disk: SimulatedDisk, run: TortureRun)
    ) {
        let lie: SimulatedDisk.Lie =
            switch way {
            case .flippedBit: .flippedBit(number)
            case .zeroedSector: .zeroedSector(number)
            case .misdirected: .misdirected(sector: number)
            }
        let (disk, run) = LieTorture.live(until: ending, operation, lying: lie)
        let segments = disk.publishedSegments
        var reader = TortureReader(segments: segments)
        var comparisons = 0
        let outcome = reader.outcome(honest.identity, run.witness, counting: &comparisons)
        tally.addComparisons(comparisons)
        tally.judge(
            outcome, by: segments == truth.disk.publishedSegments ? .unchanged : .mixed,
            acknowledged: run.witness.acknowledged, proven: run.provenCount,
            state: TortureCase(.lie, LieTorture.story, [operation, way.rawValue, number, ending.rawValue]),
            isEarlierMoment: honest.moments.contains(segments))
    }

    /// Lives until the step that asks for the operation is over, or to the end.
    private static func live(
        until ending: Ending, _ operation: Int, lying lie: SimulatedDisk.Lie?
    ) -> (disk: SimulatedDisk, run: TortureRun) {
        let disk = SimulatedDisk()
        disk.lie = lie.map { (operation, $0) }
        var run = TortureRun(story, on: disk)
        let steps = story.steps.lazy.prefix { _ in
            switch ending {
            case .atOnce: disk.operationCount < operation
            case .atTheEnd: true
            }
        }
        guard case .finished = run.go(steps) else { preconditionFailure("\(story) was told of a lie at \(operation)") }
        return (disk, run)
    }
}
