import LeaseholdLog
import LeaseholdModel

/// A log at work over a disk that may fail, and what it was asked and said.
struct TortureRun {
    /// How a run ended.
    enum End {
        case finished
        /// The log was lost (L7), or power was.
        case lost
        /// A process that opened the log was refused.
        case refused(RecoveryFailure)
        /// A process that opened the log read what is not so.
        case wrong(String)
    }

    let identity: LogIdentity
    let disk: SimulatedDisk
    private(set) var witness = LogWitness()
    /// Records that stand before the last unsealed group.
    private(set) var provenCount = 0
    /// Where the frame behind the last one begins, by segment: what each segment validly holds.
    private(set) var ends: [Int] = []
    /// The last frame that is a group or a seal: where it begins in the newest segment.
    private(set) var lastFrameStart = 0
    private var log: SynchronousLog<SimulatedDisk>?
    /// What makes the records of this run other than those of another.
    private let salt: Int

    init(_ story: TortureStory, on disk: SimulatedDisk, identity: LogIdentity? = nil, salt: Int = 0) {
        self.identity = identity ?? story.identity
        self.disk = disk
        self.salt = salt
        disk.remembersOperations = false
    }

    /// Goes on over a disk that already has a log, of which a witness knows.
    init(over disk: SimulatedDisk, identity: LogIdentity, witness: LogWitness) {
        self.identity = identity
        self.disk = disk
        self.witness = witness
        self.salt = 1_000
        disk.remembersOperations = false
    }

    /// Makes the log and takes the steps, until something fails.
    mutating func go(_ steps: some Sequence<TortureStory.Step>) -> End {
        do throws(StorageFailure) {
            log = try SynchronousLog.create(identity, on: disk)
        } catch {
            return .lost
        }
        noteTail(before: nil)
        for step in steps {
            let end = take(step)
            guard case .finished = end else { return end }
        }
        return .finished
    }

    private mutating func take(_ step: TortureStory.Step) -> End {
        switch step {
        case .commit(let sizes): return commit(sizes)
        case .seal: return seal()
        case .reopen: return open()
        case .tear(let sizes, let sectors):
            return tear(sizes, sectors: sectors)
        }
    }

    // MARK: Steps

    /// One group; its records are numbered through.
    mutating func commit(_ sizes: [Int]) -> End {
        let first = witness.appended.count
        let group = sizes.enumerated().map { TortureStory.record(salt + first + $0, byteCount: $1) }
        let proven = witness.acknowledged
        let before = log?.machine.tail
        witness.appending(group)
        do throws(LogFailure) {
            guard try log?.commit(group) != nil else { return .lost }
        } catch {
            return .lost
        }
        witness.acknowledge()
        provenCount = proven
        noteTail(before: before)
        return .finished
    }

    private mutating func seal() -> End {
        let before = log?.machine.tail
        do throws(LogFailure) { try log?.sealIfIdle() } catch { return .lost }
        provenCount = witness.acknowledged
        noteTail(before: before)
        return .finished
    }

    /// Opens the log in a new process; what it reads is compared, record by record.
    mutating func open(counting comparisons: (Int) -> Void = { _ in }) -> End {
        var check = RecordCheck(against: witness)
        do throws(RecoveryFailure) {
            let opened = try SynchronousLog.open(identity, on: disk) { _, bytes throws(RecordRefusal) in
                check.take(bytes)
            }
            comparisons(check.count)
            log = opened.log
            if let complaint = check.complaint(opened.recovered.report.head) { return .wrong(complaint) }
            guard opened.log.head == opened.recovered.report.head else { return .wrong("opened at \(opened.log.head)") }
            lastCut = opened.recovered.report.end.isCut
            witness.settle(on: check.count)
            return .finished
        } catch {
            switch error {
            case .storage where disk.isDown || disk.hasFailed: return .lost
            case .storage, .refused: return .refused(error)
            }
        }
    }

    /// Whether the last opening declared a cut.
    private(set) var lastCut = false

    private mutating func tear(_ sizes: [Int], sectors: Int) -> End {
        let (failing, fault) = (disk.failingOperation, disk.fault)
        let count = disk.operationCount
        // A failure that is to come right now comes instead.
        if let failing, (count + 1...count + 2).contains(failing) { return commit(sizes) }
        disk.failingOperation = count + 2
        disk.fault = .crash
        guard case .lost = commit(sizes) else { return .wrong("a group was acknowledged without a sync") }
        disk.losePower(keeping: { $0 < sectors })
        disk.fault = fault
        disk.failingOperation = failing
        return open()
    }

    // MARK: What the log holds

    /// Notes where frames begin and end, from what the machine says of its writing, not from what a scan finds.
    private mutating func noteTail(before: LogTail?) {
        guard let tail = log?.machine.tail else { return }
        let segment = Int(tail.segment.rawValue)
        if let before, before.segment == tail.segment {
            if before.offset < tail.offset { lastFrameStart = before.offset }
        } else {
            lastFrameStart = LogLimits.alignmentByteCount
        }
        while ends.count < segment { ends.append(0) }
        ends[segment - 1] = tail.offset
    }
}

/// Compares the records that a recovery hands out with those that were appended, one by one.
struct RecordCheck {
    private let witness: LogWitness
    private(set) var count = 0
    private var firstWrong: Int?

    init(against witness: LogWitness) { self.witness = witness }

    /// Takes the next record.
    mutating func take(_ bytes: [UInt8]) {
        if firstWrong == nil, !witness.matches(bytes, at: count) { firstWrong = count + 1 }
        count += 1
    }

    /// What is wrong with the records and the head behind them, if anything.
    func complaint(_ head: LogHead) -> String? {
        if let firstWrong { return "record \(firstWrong) is not what was appended" }
        return witness.complaint(aboutCount: count, head: head)
    }
}

extension LogEnd {
    /// Whether something was cut and declared.
    var isCut: Bool {
        switch self {
        case .cut: true
        case .sealed, .unsealed: false
        }
    }
}
