package import LeaseholdModel

/// The number that a completion names its operation by; counts up within one life of a machine.
package struct OperationNumber: NumberedID {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
    /// The number after this one.
    package var next: OperationNumber { OperationNumber(rawValue: rawValue + 1) }
}

/// What arrives at the log machine.
package enum LogEvent: Sendable {
    /// The process is ready to carry out effects: make a new log's first segment, or finish what recovery found.
    case started
    /// Records to be made durable, in this order; all of them are accepted or none.
    case recordsArrived([[UInt8]])
    /// An operation ended. Those in order end in the order in which they were asked for.
    case operationEnded(OperationNumber, StorageResult)
    /// Nothing arrived for `LogLimits.sealIdleMilliseconds`.
    case idled
    /// Recovery needs no segment before this one any more: verified snapshots stand for them.
    case covered(before: SegmentNumber)
}

/// What the log machine orders.
package enum LogEffect: Sendable {
    /// Carry out after all earlier ones of this kind; after a failure carry out none of the rest.
    case perform(OperationNumber, StorageOperation)
    /// Carry out at any time, on any thread: it makes ready what is not needed yet.
    case performAside(OperationNumber, StorageOperation)
    /// What recovery found is durable, and records may arrive.
    case opened(LogHead)
    /// The records up to this head are durable: what waited for them may leave (L3).
    case durable(LogHead)
    /// The records of one event were not accepted, none of them.
    case refused(AppendRefusal)
    /// The next segment could not be made ready and will be tried again; writing goes on in the current one.
    case segmentDelayed(StorageFailure)
    /// The end: nothing more will become durable, and the process must go (L7). Nothing follows.
    case lost(StorageFailure)
}

/// Why records were not accepted; nothing has changed.
package enum AppendRefusal: Error, Hashable, Sendable {
    case recordTooLong(byteCount: Int, limit: Int)
    case tooManyPending(recordCount: Int, limit: Int)
    case tooMuchPending(byteCount: Int, limit: Int)
}

extension AppendRefusal: CustomStringConvertible {
    package var description: String {
        switch self {
        case .recordTooLong(let byteCount, let limit): "record of \(byteCount) bytes: at most \(limit)"
        case .tooManyPending(let count, let limit): "\(count) records wait for the disk: at most \(limit)"
        case .tooMuchPending(let byteCount, let limit): "\(byteCount) bytes wait for the disk: at most \(limit)"
        }
    }
}
