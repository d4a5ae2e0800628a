package import LeaseholdBroker
package import LeaseholdLog
package import LeaseholdModel

/// The book as its log tells it: a snapshot's pieces, if there are any, and evolve over every record behind them.
///
/// It is decoded and built beside the thread that reads the log, so the book may be behind until it has settled.
package struct RecoveredBook: LogFollower {
    private var work = BookWork()
    /// The records that are taken and not yet on their way.
    private var batch: RecordBatch?
    /// Whether it was told what cannot follow, so that nothing behind it counts.
    private var hasRefused = false

    package init() {}

    /// The book up to the last record, once it has settled.
    package var book: LeaseBook { work.book }

    /// Where the snapshot was taken that the book began with.
    package var snapshot: SnapshotHeader? { work.snapshot }

    /// Begins anew.
    package mutating func restart() { self = RecoveredBook() }

    // MARK: A snapshot

    /// Takes the next piece of a snapshot.
    package mutating func take(piece: [UInt8]) throws(RecordRefusal) {
        separate()
        try work.take(.piece(piece))
    }

    /// Has the book made of the pieces.
    package mutating func finish(_ header: SnapshotHeader, bookDigest: UInt64) throws(RecordRefusal) {
        separate()
        try work.take(.snapshotEnd(header, bookDigest: bookDigest))
    }

    /// Has the book come to the snapshot's end.
    package mutating func settleSnapshot() throws(RecordRefusal) {
        try work.settleSnapshot()
    }

    // MARK: Records

    /// Takes the next record.
    ///
    /// The first one begins anew, because a check of a log in use may read it twice.
    package mutating func take(_ index: RecordIndex, _ record: [UInt8]) throws(RecordRefusal) {
        if index == RecordIndex.zero.next { restart() }
        batch = batch ?? RecordBatch(first: index)
        batch?.append(record)
        if batch?.isFull == true { try handOver() }
    }

    /// Has the book come to the last record that was taken.
    package mutating func settle() throws(RecordRefusal) {
        guard !hasRefused else {
            batch = nil
            return
        }
        try handOver()
        do throws(RecordRefusal) { try work.settle() } catch {
            hasRefused = true
            throw error
        }
    }

    /// Whoever has copied this value goes on with work of their own.
    private mutating func separate() {
        if !isKnownUniquelyReferenced(&work) { work = BookWork(copying: work) }
    }

    private mutating func handOver() throws(RecordRefusal) {
        guard let full = batch else { return }
        separate()
        batch = nil
        do throws(RecordRefusal) { try work.take(.records(full)) } catch {
            hasRefused = true
            throw error
        }
    }
}
