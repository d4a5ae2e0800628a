internal import Glibc
internal import LeaseholdLog
private import Synchronization

/// A segment being made ready on a thread of its own, because writing 64 MiB of zeros would stop the log meanwhile.
///
/// The thread touches nothing but the temporary file and the slot for its result.
final class SegmentPreparation {
    /// The number that the machine gave the operation.
    let number: OperationNumber
    private let thread: pthread_t
    private let work: Work

    /// What the thread shares with its maker.
    private final class Work: Sendable {
        let result = Mutex<StorageResult?>(nil)
        let body: @Sendable () -> StorageResult
        init(_ body: @escaping @Sendable () -> StorageResult) { self.body = body }
    }

    /// Starts the thread; nil if the system gives none.
    init?(_ number: OperationNumber, _ body: @escaping @Sendable () -> StorageResult) {
        let work = Work(body)
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(work)
        let started = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let work = Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
                let result = work.body()
                work.result.withLock { $0 = result }
                return nil
            }, argument.toOpaque())
        guard started == 0 else {
            argument.release()
            return nil
        }
        self.number = number
        self.thread = thread
        self.work = work
    }

    /// The result, once there is one.
    ///
    /// Waits for it if asked to. Ends the thread, so that a result is taken only once.
    func result(waiting: Bool) -> StorageResult? {
        if !waiting, work.result.withLock({ $0 == nil }) { return nil }
        pthread_join(thread, nil)
        return work.result.withLock { $0 }
    }
}
