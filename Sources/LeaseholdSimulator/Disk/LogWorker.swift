import LeaseholdLog
import LeaseholdModel

/// Works a real log machine over a simulated disk, one operation after the other, each taking its time.
///
/// It knows the truth that the machine only claims: which record the disk would still have after power loss (L3).
final class LogWorker {
    /// What the log tells its process.
    enum News {
        case opened(LogHead)
        case durable(LogHead)
        /// The log has ended; the process must go (L7).
        case lost(StorageFailure)
        /// More is asked of it than it takes: a fault of its process.
        case refused(AppendRefusal)
    }

    private(set) var machine: LogMachine
    private let disk: SimulatedDisk
    private unowned let process: SimulatedProcess
    private let hear: (News) -> Void
    private var inOrder: [(OperationNumber, StorageOperation)] = []
    private var isBusy = false
    private var isIdlePlanned = false
    /// The last record of frames that were written, and whether that was synced since.
    private var written: RecordIndex
    /// The last record that the disk keeps, whatever happens.
    private(set) var trulyDurable: RecordIndex

    init(
        _ machine: LogMachine, on disk: SimulatedDisk, for process: SimulatedProcess, hear: @escaping (News) -> Void
    ) {
        self.machine = machine
        self.disk = disk
        self.process = process
        self.hear = hear
        self.written = machine.tail.head.index
        self.trulyDurable = machine.tail.head.index
    }

    func start() { handle(.started) }

    func append(_ records: [[UInt8]]) { handle(.recordsArrived(records)) }

    func enter(reign: Reign) { machine.enter(reign: reign) }

    private func handle(_ event: LogEvent) {
        var effects: [LogEffect] = []
        machine.handle(event, into: &effects)
        for effect in effects {
            switch effect {
            case .perform(let number, let operation): inOrder.append((number, operation))
            case .performAside(let number, let operation): performAside(number, operation)
            case .opened(let head): hear(.opened(head))
            case .durable(let head): hear(.durable(head))
            case .refused(let refusal): hear(.refused(refusal))
            case .segmentDelayed: break
            case .lost(let failure):
                inOrder = []
                hear(.lost(failure))
            }
        }
        work()
        planIdleness()
    }

    private func work() {
        guard !isBusy, let (number, operation) = inOrder.first else { return }
        isBusy = true
        process.after(time(for: operation)) { [unowned self] in
            isBusy = false
            guard !machine.isLost else { return }
            inOrder.removeFirst()
            let result = result(of: operation)
            noteTruth(operation, result)
            handle(.operationEnded(number, result))
        }
    }

    private func performAside(_ number: OperationNumber, _ operation: StorageOperation) {
        process.after(process.world.chance.span(.milliseconds(2), .milliseconds(60))) { [unowned self] in
            guard !machine.isLost else { return }
            handle(.operationEnded(number, result(of: operation)))
        }
    }

    private func result(of operation: StorageOperation) -> StorageResult {
        do throws(StorageFailure) {
            try disk.perform(operation)
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    private func noteTruth(_ operation: StorageOperation, _ result: StorageResult) {
        guard case .success = result else { return }
        switch operation {
        case .write(_, _, let bytes):
            if let last = FrameHeader.lastIndex(ofFrame: bytes) { written = max(written, last) }
        case .sync(.segment): if !disk.ignoresSync { trulyDurable = written }
        case .sync(.temporary), .prepare, .publish, .archive, .syncDirectory, .discardTemporaries, .saveTorn,
            .beginSnapshot, .appendSnapshot, .syncSnapshot, .publishSnapshot, .dropSnapshot, .removeSnapshot:
            break
        }
    }

    private func time(for operation: StorageOperation) -> Span {
        let weather = process.world.weather
        switch operation {
        case .sync, .syncDirectory, .syncSnapshot:
            guard process.world.isStormy, process.world.chance.perMillion(weather.slowPerMillion) else {
                return process.world.chance.span(weather.syncTime / 2, weather.syncTime)
            }
            return process.world.chance.longTailed(weather.syncTime, .seconds(6))
        case .prepare, .write, .publish, .archive, .discardTemporaries, .saveTorn, .beginSnapshot, .appendSnapshot,
            .publishSnapshot, .dropSnapshot, .removeSnapshot:
            return process.world.chance.span(.microseconds(5), .microseconds(60))
        }
    }

    /// After a while without a group the log is told so, and seals (L8).
    private func planIdleness() {
        guard machine.needsSeal, !isIdlePlanned else { return }
        isIdlePlanned = true
        process.after(.milliseconds(Int64(LogLimits.sealIdleMilliseconds))) { [unowned self] in
            isIdlePlanned = false
            if machine.needsSeal { handle(.idled) }
        }
    }
}
