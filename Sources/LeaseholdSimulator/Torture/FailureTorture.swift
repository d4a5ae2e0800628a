import LeaseholdLog
import LeaseholdModel

/// A log's life of which one operation fails, everything that can be left on the disk, and recovery at work on it.
struct FailureTorture {
    /// What comes after the failure.
    enum Aftermath: Int, CaseIterable {
        /// Power is lost.
        case power
        /// A new process reads what the disk has.
        case restart
        /// A new process reads what the page cache shows, which a failed sync has not made true; then power is lost.
        case restartOnCache
    }

    /// One failure and what it leaves.
    struct Mishap {
        let operation: Int
        let fault: Int
        var aftermath = Aftermath.power
        var sectors = 0
        var names = 0

        var numbers: [Int] { [operation, fault, aftermath.rawValue, sectors, names] }
    }

    /// A run that has ended, and the disk as it was then.
    private struct Left {
        let state: DiskState
        let witness: LogWitness
    }

    private let story: TortureStory
    private let kind: TortureClass
    private(set) var tally = TortureTally()
    /// Unsynced sectors of which every subset is tried; no story has more under way.
    private static let subsetSectorCountMax = 8

    init(_ kind: TortureClass, _ story: TortureStory) {
        self.kind = kind
        self.story = story
    }

    /// Operations of a life without failures; how it ends is judged as the state whose operation is 0.
    static func operationCount(_ story: TortureStory) -> Int {
        let disk = SimulatedDisk()
        var run = TortureRun(story, on: disk)
        _ = run.go(story.steps)
        return disk.operationCount
    }

    /// Tries every failure of these operations and all that they can leave; at operation 0 nothing fails.
    mutating func run(_ operations: Range<Int>) {
        for operation in operations {
            for fault in SimulatedDisk.Fault.allCases.indices where operation > 0 || fault == 0 {
                let mishap = Mishap(operation: operation, fault: fault)
                guard let left = fail(mishap, before: []) else { continue }
                eachAftermath(of: left, mishap) { torture, mishap in torture.visit(left, mishap) }
            }
        }
    }

    /// Tries one case.
    mutating func run(case numbers: [Int]) {
        guard let mishap = FailureTorture.mishap(numbers[..<5]), let left = fail(mishap, before: []) else { return }
        guard kind == .secondFailure else { return judge(FailureTorture.disk(left, mishap), left.witness, numbers) }
        guard let second = FailureTorture.mishap(numbers[5...]),
            let leftAgain = failAgain(second, after: left, mishap, before: mishap.numbers)
        else { return }
        judge(FailureTorture.disk(leftAgain, second), leftAgain.witness, numbers)
    }

    private static func mishap(_ numbers: ArraySlice<Int>) -> Mishap? {
        let numbers = Array(numbers)
        guard SimulatedDisk.Fault.allCases.indices.contains(numbers[1]),
            let aftermath = Aftermath(rawValue: numbers[2])
        else { return nil }
        return Mishap(
            operation: numbers[0], fault: numbers[1], aftermath: aftermath, sectors: numbers[3], names: numbers[4])
    }

    private mutating func visit(_ left: Left, _ mishap: Mishap) {
        guard kind == .secondFailure else {
            return judge(FailureTorture.disk(left, mishap), left.witness, mishap.numbers)
        }
        for fault in SimulatedDisk.Fault.allCases.indices {
            for operation in 1... {
                let second = Mishap(operation: operation, fault: fault)
                guard let leftAgain = failAgain(second, after: left, mishap, before: mishap.numbers) else { break }
                eachAftermath(of: leftAgain, second) { torture, second in
                    torture.judge(
                        FailureTorture.disk(leftAgain, second), leftAgain.witness, mishap.numbers + second.numbers)
                }
            }
        }
    }

    // MARK: Failing

    /// A life with one failure; nil if the life ends before it.
    private mutating func fail(_ mishap: Mishap, before numbers: [Int]) -> Left? {
        let disk = SimulatedDisk()
        disk.fault = SimulatedDisk.Fault.allCases[mishap.fault]
        disk.failingOperation = mishap.operation
        var run = TortureRun(story, on: disk)
        let end = run.go(story.steps)
        guard disk.hasFailed else { return nil }
        complain(of: end, disk, run.witness, numbers + mishap.numbers)
        return Left(state: disk.state, witness: run.witness)
    }

    /// A recovery with one failure, and one group after it; nil if they end before it.
    private mutating func failAgain(
        _ second: Mishap, after left: Left, _ first: Mishap, before numbers: [Int]
    ) -> Left? {
        let disk = FailureTorture.disk(left, first)
        guard disk.hasLog else { return nil }
        disk.fault = SimulatedDisk.Fault.allCases[second.fault]
        disk.failingOperation = second.operation
        var run = TortureRun(over: disk, identity: story.identity, witness: left.witness)
        var end = run.open()
        if case .finished = end { end = run.commit([600]) }
        guard disk.hasFailed else { return nil }
        complain(of: end, disk, run.witness, numbers + second.numbers)
        return Left(state: disk.state, witness: run.witness)
    }

    /// A process of the life itself was refused, or read what is not so, or left more under way than one group has:
    /// that is a state too.
    private mutating func complain(
        of end: TortureRun.End, _ disk: SimulatedDisk, _ witness: LogWitness, _ numbers: [Int]
    ) {
        let outcome: TortureOutcome
        switch end {
        case .refused(let failure): outcome = .refused(failure)
        case .wrong(let words): outcome = .recovered(count: witness.acknowledged, isCut: false, complaint: words)
        case .finished, .lost:
            let open = disk.unsyncedSectors.count + disk.droppedSectors.count
            guard open > FailureTorture.subsetSectorCountMax else { return }
            let words = "\(open) sectors under way, so that not every subset is tried"
            outcome = .recovered(count: witness.acknowledged, isCut: false, complaint: words)
        }
        tally.judge(
            outcome, by: .crash, acknowledged: witness.acknowledged, proven: 0,
            state: TortureCase(
                kind, story, numbers + [Int](repeating: 0, count: kind.numberNames.count - numbers.count)))
    }

    // MARK: What is left

    /// Everything that a failure can leave.
    private mutating func eachAftermath(
        of left: Left, _ mishap: Mishap, _ visit: (inout FailureTorture, Mishap) -> Void
    ) {
        let disk = SimulatedDisk()
        disk.state = left.state
        let dropped = disk.droppedSectors.count
        let open = min(disk.unsyncedSectors.count + dropped, FailureTorture.subsetSectorCountMax)
        var mishap = mishap
        for sectors in 0..<(1 << open) {
            for names in 0...left.state.pending.count {
                (mishap.sectors, mishap.names) = (sectors, names)
                visit(&self, mishap)
            }
        }
        mishap.names = 0
        mishap.aftermath = .restart
        for sectors in 0..<(1 << dropped) {
            mishap.sectors = sectors
            visit(&self, mishap)
        }
        mishap.aftermath = .restartOnCache
        mishap.sectors = 0
        visit(&self, mishap)
    }

    /// The disk that a new process finds.
    private static func disk(_ left: Left, _ mishap: Mishap) -> SimulatedDisk {
        let disk = SimulatedDisk()
        disk.state = left.state
        disk.remembersOperations = false
        let dropped = disk.droppedSectors.count
        disk.settleDropped { mishap.sectors >> $0 & 1 == 1 }
        switch mishap.aftermath {
        case .power: disk.losePower(keeping: { mishap.sectors >> ($0 + dropped) & 1 == 1 }, nameChanges: mishap.names)
        case .restart: disk.restart()
        case .restartOnCache:
            disk.restart()
            disk.dropsCacheBeforeReading = false
        }
        return disk
    }

    // MARK: Judging

    /// Opens what is left, compares, writes one more group, and reads all of it again.
    private mutating func judge(_ disk: SimulatedDisk, _ witness: LogWitness, _ numbers: [Int]) {
        // Before the first segment has its name there is no log, and nobody was told otherwise.
        guard disk.hasLog || witness.acknowledged > 0 else {
            return note(.recovered(count: 0, isCut: false, complaint: nil), witness, numbers)
        }
        var run = TortureRun(over: disk, identity: story.identity, witness: witness)
        var comparisons = 0
        let end = run.open { comparisons += $0 }
        switch end {
        case .finished: break
        case .lost: preconditionFailure("\(kind) \(numbers): a sound disk failed")
        case .refused(let failure): return note(.refused(failure), witness, numbers)
        case .wrong(let words):
            return note(.recovered(count: 0, isCut: false, complaint: words), witness, numbers)
        }
        let count = run.witness.acknowledged
        var complaint: String?
        if count >= witness.acknowledged {
            complaint = complaintAfter(&run, on: disk, counting: &comparisons)
        }
        tally.addComparisons(comparisons)
        note(.recovered(count: count, isCut: run.lastCut, complaint: complaint), witness, numbers)
    }

    /// What goes wrong when a recovered log is written on and read again, after power loss and without.
    private func complaintAfter(
        _ run: inout TortureRun, on disk: SimulatedDisk, counting comparisons: inout Int
    ) -> String? {
        guard case .finished = run.commit([600]) else { return "the recovered log takes no records" }
        if !disk.dropsCacheBeforeReading { disk.losePower(keeping: { _ in false }) }
        var reader = disk
        var check = RecordCheck(against: run.witness)
        var scan = LogScan(identity: run.identity)
        defer { comparisons += check.count }
        do throws(RecoveryFailure) {
            let again = try scan.recover(&reader) { _, bytes throws(RecordRefusal) in check.take(bytes) }
            if let complaint = check.complaint(again.report.head) { return "read again: \(complaint)" }
            if again.report.end.isCut { return "read again: \(again.report.end)" }
            let expected = run.witness.acknowledged
            return check.count == expected ? nil : "read again: \(check.count) of \(expected) records"
        } catch {
            return "read again: \(error)"
        }
    }

    private mutating func note(_ outcome: TortureOutcome, _ witness: LogWitness, _ numbers: [Int]) {
        tally.judge(
            outcome, by: .crash, acknowledged: witness.acknowledged, proven: 0,
            state: TortureCase(kind, story, numbers))
    }
}

extension SimulatedDisk {
    /// Whether any segment has its name.
    var hasLog: Bool { state.names.keys.contains { SegmentNumber(fileName: $0.name) != nil } }
}
