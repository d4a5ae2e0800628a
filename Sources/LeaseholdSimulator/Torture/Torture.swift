import LeaseholdModel

/// Every mishap that a log of some size can meet, one after the other, and what recovery makes of each (L2, L7, L8).
///
/// Picture a bench with a few short logs on it. Each is damaged in one way, read, judged and made whole again, a million
/// times and more; nothing is drawn by chance, so the same build counts the same states. The work is cut into parts that
/// know nothing of each other.
package struct Torture: Sendable {
    /// A part of the work: some places of one log, or some operations of one life.
    package struct Part: Sendable {
        fileprivate let kind: TortureClass
        fileprivate let story: TortureStory
        fileprivate let range: Range<Int>
        /// Whether it begins with the smallest cases of its log.
        package var isFirst: Bool { range.lowerBound == 0 }
    }

    private var logs: [TortureStory: TortureLog] = [:]
    private var writes: [Int: Int] = [:]

    /// Parts of one class and log; enough for some cores, few enough to be worth a thread's while.
    private static let partCount = 16

    /// Before any log is made.
    package init() {}

    /// The work of one class, small cases first; makes the logs that it needs.
    package mutating func parts(of kind: TortureClass) -> [Part] {
        if kind == .lie { writes = LieTorture.writes() }
        var parts: [Part] = []
        for story in kind.stories {
            if kind.readsFinishedLog, logs[story] == nil { logs[story] = TortureLog(story) }
            let count = Torture.placeCount(kind, story, logs[story])
            let step = max(1, (count + Torture.partCount - 1) / Torture.partCount)
            for start in stride(from: 0, to: count, by: step) {
                parts.append(Part(kind: kind, story: story, range: start..<min(start + step, count)))
            }
        }
        return parts
    }

    private static func placeCount(_ kind: TortureClass, _ story: TortureStory, _ log: TortureLog?) -> Int {
        switch kind {
        case .failure, .secondFailure, .lie: FailureTorture.operationCount(story) + 1
        case .name, .staleSegment: 1
        case .flippedBit, .zeroedWord, .zeroedSector, .truncation, .copiedSector:
            log.map { DamageTorture.placeCount(kind, $0) } ?? 0
        }
    }

    private func log(_ story: TortureStory) -> TortureLog {
        guard let log = logs[story] else { preconditionFailure("no log \(story)") }
        return log
    }

    /// Does one part, of those that were asked for.
    package func run(_ part: Part) -> TortureTally {
        switch part.kind {
        case .failure, .secondFailure:
            var torture = FailureTorture(part.kind, part.story)
            torture.run(part.range)
            return torture.tally
        case .lie:
            var torture = LieTorture(log(part.story))
            torture.run(part.range, writes: writes)
            return torture.tally
        case .name, .staleSegment:
            var torture = NameTorture(part.kind, log(part.story))
            torture.run()
            return torture.tally
        case .flippedBit, .zeroedWord, .zeroedSector, .truncation, .copiedSector:
            var torture = DamageTorture(part.kind, log(part.story))
            torture.run(part.range)
            return torture.tally
        }
    }

    /// Makes one state again; a tally without states if its numbers name none.
    package static func replay(_ state: TortureCase) -> TortureTally {
        switch state.kind {
        case .failure, .secondFailure:
            var torture = FailureTorture(state.kind, state.story)
            torture.run(case: state.numbers)
            return torture.tally
        case .lie:
            var torture = LieTorture(TortureLog(state.story))
            torture.run(case: state.numbers)
            return torture.tally
        case .name, .staleSegment:
            var torture = NameTorture(state.kind, TortureLog(state.story))
            torture.run(case: state.numbers)
            return torture.tally
        case .flippedBit, .zeroedWord, .zeroedSector, .truncation, .copiedSector:
            var torture = DamageTorture(state.kind, TortureLog(state.story))
            torture.run(case: state.numbers)
            return torture.tally
        }
    }
}

extension TortureClass {
    /// Whether it works on the bytes of a log whose life is over.
    fileprivate var readsFinishedLog: Bool {
        switch self {
        case .failure, .secondFailure: false
        case .lie, .flippedBit, .zeroedWord, .zeroedSector, .truncation, .copiedSector, .name, .staleSegment: true
        }
    }
}
