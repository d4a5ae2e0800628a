package import LeaseholdModel

/// Why a commit did not happen.
package enum LogFailure: Error, Hashable, Sendable {
    /// Nothing was written; the log goes on.
    case refused(AppendRefusal)
    /// Whether it was written is unknown, and the log has ended (L7).
    case lost(StorageFailure)
}

extension LogFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .refused(let refusal): refusal.description
        case .lost(let failure): "log lost: \(failure)"
        }
    }
}

/// The log machine and a disk, worked by one caller who waits: the simplest interpreter of the machine's effects.
///
/// It holds no rule about the log. It carries out each operation in order, tells the machine how it ended, and stops
/// carrying out when the machine is lost.
package struct SynchronousLog<Storage: LogStorage> {
    package private(set) var machine: LogMachine
    package private(set) var storage: Storage
    /// The last failure to make the next segment ready, for an alarm; nil once it is ready.
    package private(set) var segmentDelay: StorageFailure?
    private var loss: StorageFailure?
    private var refusal: AppendRefusal?

    private init(machine: LogMachine, storage: Storage) {
        self.machine = machine
        self.storage = storage
    }

    /// Makes a new log on a disk that holds none, and opens it.
    package static func create(_ identity: LogIdentity, on storage: Storage) throws(StorageFailure) -> Self {
        var log = SynchronousLog(machine: LogMachine(new: identity), storage: storage)
        try log.start()
        return log
    }

    /// Recovers a log and opens it; each record goes to `each`, in order.
    package static func open(
        _ identity: LogIdentity, on storage: Storage,
        each: (RecordIndex, [UInt8]) throws(RecordRefusal) -> Void
    ) throws(RecoveryFailure) -> (log: Self, recovered: RecoveredLog) {
        var storage = storage
        do throws(StorageFailure) { try storage.settleBeforeReading() } catch { throw .storage(error) }
        var scan = LogScan(identity: identity)
        let recovered = try scan.recover(&storage, each: each)
        var log = SynchronousLog(machine: LogMachine(recovered: recovered), storage: storage)
        do throws(StorageFailure) { try log.start() } catch { throw .storage(error) }
        return (log, recovered)
    }

    /// Recovers a log from its newest whole snapshot and the records behind it, and opens it.
    package static func open(
        _ identity: LogIdentity, on storage: Storage, following follower: inout some LogFollower
    ) throws(RecoveryFailure) -> (log: Self, recovered: RecoveredLog) {
        var storage = storage
        do throws(StorageFailure) { try storage.settleBeforeReading() } catch { throw .storage(error) }
        let recovered = try LogScan.recover(identity, &storage, following: &follower)
        var log = SynchronousLog(machine: LogMachine(recovered: recovered), storage: storage)
        do throws(StorageFailure) { try log.start() } catch { throw .storage(error) }
        return (log, recovered)
    }

    /// Makes the log of a backup again on a disk that holds none, and opens it as a later incarnation.
    ///
    /// `recovered` is what the backup was read as. All that was written, the new segment too, is read again from the disk
    /// before anybody builds on it.
    package static func restore(
        _ backup: Backup<some ByteReader>, _ recovered: RecoveredLog, as logIncarnation: UInt32, on storage: Storage,
        telling: (BackupStep) -> Void = { _ in }
    ) throws(BackupFailure) -> Self {
        var log = SynchronousLog(
            machine: LogMachine(restored: recovered, as: logIncarnation), storage: storage)
        do throws(StorageFailure) {
            try log.fill(from: backup, telling: telling)
            try log.start()
            try log.storage.settleBeforeReading()
        } catch {
            throw .storage(error)
        }
        var scan = LogScan(identity: backup.header.identity)
        let found: LogTail
        do throws(RecoveryFailure) {
            found = try scan.recover(&log.storage) { index, _ throws(RecordRefusal) in
                if let step = BackupStep.at(index, of: recovered.tail.head.index) { telling(step) }
            }.tail
        } catch {
            throw BackupFailure(error)
        }
        guard found == log.machine.tail, found.head == backup.header.tail.head else {
            throw .anotherEnd(expected: backup.header.tail, actual: found)
        }
        return log
    }

    /// Makes the segments of a backup, each of its whole size.
    private mutating func fill(
        from source: Backup<some ByteReader>, telling: (BackupStep) -> Void
    ) throws(StorageFailure) {
        var backup = source
        for file in try backup.listSegments() {
            let draft = LogFile.temporary(file.number)
            try storage.perform(.prepare(file.number, byteCount: file.byteCount))
            try backup.forEachPiece(of: file.number) { offset, bytes throws(StorageFailure) in
                try storage.perform(.write(draft, offset: offset, bytes: bytes))
            }
            try storage.perform(.sync(draft))
            try storage.perform(.publish(file.number))
            telling(.segment(file.number, of: backup.header.tail.segment))
        }
        try storage.perform(.syncDirectory(.live))
    }

    /// Says that recovery needs no segment before one any more.
    package mutating func cover(before segment: SegmentNumber) throws(LogFailure) {
        if let loss { throw .lost(loss) }
        handle(.covered(before: segment))
        if let loss { throw .lost(loss) }
    }

    /// The last durable record and the chain after it.
    package var head: LogHead { machine.tail.head }

    /// States the reign of the groups to come; never lower than before.
    package mutating func enter(reign: Reign) { machine.enter(reign: reign) }

    /// Makes records durable, in as few groups as the bounds allow; returns when the last one is.
    package mutating func commit(_ records: [[UInt8]]) throws(LogFailure) -> LogHead {
        if let loss { throw .lost(loss) }
        refusal = nil
        collectAside(waiting: false)
        handle(.recordsArrived(records))
        if let refusal { throw .refused(refusal) }
        if let loss { throw .lost(loss) }
        return head
    }

    /// Seals the last group if nothing proves it yet; the caller has seen `LogLimits.sealIdleMilliseconds` go by.
    package mutating func sealIfIdle() throws(LogFailure) {
        if let loss { throw .lost(loss) }
        collectAside(waiting: false)
        handle(.idled)
        if let loss { throw .lost(loss) }
    }

    private mutating func start() throws(StorageFailure) {
        handle(.started)
        if let loss { throw loss }
        precondition(machine.isAtRest, "started, and not at rest")
    }

    /// Takes one event to its end: nothing is under way that anybody waits for.
    private mutating func handle(_ event: LogEvent) {
        var effects: [LogEffect] = []
        machine.handle(event, into: &effects)
        carryOut(effects)
        while !machine.isAtRest, !machine.isLost {
            guard collectAside(waiting: true) else { preconditionFailure("the log waits for nothing") }
        }
    }

    private mutating func carryOut(_ ordered: [LogEffect]) {
        var effects = ordered
        var position = 0
        while position < effects.count {
            let effect = effects[position]
            position += 1
            switch effect {
            case .perform(let number, let operation):
                guard !machine.isLost else { continue }
                // What was written is on its way to the disk meanwhile, where the storage sees to that.
                if case .sync = operation { machine.foldChain() }
                machine.handle(.operationEnded(number, result(of: operation)), into: &effects)
            case .performAside(let number, let operation):
                guard !machine.isLost, let result = storage.performAside(number, operation) else { continue }
                endAside(number, result, into: &effects)
            case .opened, .durable: break
            case .refused(let refused): refusal = refused
            case .segmentDelayed(let failure): segmentDelay = failure
            case .lost(let failure): loss = failure
            }
        }
    }

    private mutating func result(of operation: StorageOperation) -> StorageResult {
        do throws(StorageFailure) {
            try storage.perform(operation)
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    /// Tells the machine of a preparation that has ended elsewhere; whether there was one.
    @discardableResult
    private mutating func collectAside(waiting: Bool) -> Bool {
        guard let ended = storage.endedAside(waiting: waiting) else { return false }
        var effects: [LogEffect] = []
        endAside(ended.number, ended.result, into: &effects)
        carryOut(effects)
        return true
    }

    private mutating func endAside(
        _ number: OperationNumber, _ result: StorageResult, into effects: inout [LogEffect]
    ) {
        segmentDelay = nil
        machine.handle(.operationEnded(number, result), into: &effects)
    }
}
