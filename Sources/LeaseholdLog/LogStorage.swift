package import LeaseholdModel

/// What recovery reads a log through: names, sizes and bytes, nothing interpreted.
package protocol LogReader {
    /// Every published segment, live and archived, in any order.
    mutating func listSegments() throws(StorageFailure) -> [SegmentFile]
    /// The bytes of a segment in a range; fewer where the file ends earlier.
    mutating func read(_ file: SegmentFile, _ range: Range<Int>) throws(StorageFailure) -> [UInt8]
    /// Every published snapshot, in any order, by the record after which it was taken.
    mutating func listSnapshots() throws(StorageFailure) -> [RecordIndex]
    /// The bytes of a snapshot in a range; fewer where the file ends earlier.
    mutating func readSnapshot(_ index: RecordIndex, _ range: Range<Int>) throws(StorageFailure) -> [UInt8]
}

extension LogReader {
    /// None: a log without snapshots.
    package mutating func listSnapshots() throws(StorageFailure) -> [RecordIndex] { [] }

    /// There is none.
    package mutating func readSnapshot(_ index: RecordIndex, _ range: Range<Int>) throws(StorageFailure) -> [UInt8] {
        throw StorageFailure(kind: .notFound, attempt: "read \(SnapshotName(index).fileName)")
    }
}

/// A disk, or what stands for one: carries out operations one at a time and says how each ended.
package protocol LogStorage: LogReader {
    /// Carries out one operation, wholly, before it returns.
    mutating func perform(_ operation: StorageOperation) throws(StorageFailure)
    /// Carries out an operation that nothing waits for yet: at once, or elsewhere, and then the result is nil and comes
    /// from `endedAside`.
    mutating func performAside(_ number: OperationNumber, _ operation: StorageOperation) -> StorageResult?
    /// An operation that was carried out elsewhere and has ended; waits for one if asked to and there is one.
    mutating func endedAside(waiting: Bool) -> (number: OperationNumber, result: StorageResult)?
    /// Makes sure that reading a snapshot shows what is on the disk.
    mutating func settleSnapshot(_ index: RecordIndex) throws(StorageFailure)
    /// Makes sure that reading shows what is on the disk and not what was merely meant to be there.
    mutating func settleBeforeReading() throws(StorageFailure)
}

extension LogStorage {
    /// At once, on the caller's thread.
    package mutating func performAside(_ number: OperationNumber, _ operation: StorageOperation) -> StorageResult? {
        do throws(StorageFailure) {
            try perform(operation)
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    /// None: everything ended at once.
    package mutating func endedAside(waiting: Bool) -> (number: OperationNumber, result: StorageResult)? { nil }
}
