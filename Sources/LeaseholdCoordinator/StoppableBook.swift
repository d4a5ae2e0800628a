package import LeaseholdLog
package import LeaseholdModel

/// A book that is recovered until the process is asked to stop; from then on it refuses everything.
package struct StoppableBook: LogFollower {
    /// How many records are taken between two looks.
    package static let lookInterval = 128

    /// What was recovered.
    package private(set) var book = RecoveredBook()
    /// Whether it was given up; what was refused since then says nothing of the log.
    package private(set) var isStopped = false
    private let isStopRequested: () -> Bool
    private var taken = 0

    /// A book that asks before each piece and each lot of records.
    package init(unless isStopRequested: @escaping () -> Bool) { self.isStopRequested = isStopRequested }

    /// What was recovered so far does not count.
    package mutating func restart() { book.restart() }

    /// Looks, and takes the next piece of a snapshot.
    package mutating func take(piece: [UInt8]) throws(RecordRefusal) {
        try look()
        try book.take(piece: piece)
    }

    /// Makes the book of the pieces.
    package mutating func finish(_ header: SnapshotHeader, bookDigest: UInt64) throws(RecordRefusal) {
        try book.finish(header, bookDigest: bookDigest)
    }

    /// Looks now and then, and takes the next record.
    package mutating func take(_ index: RecordIndex, _ record: [UInt8]) throws(RecordRefusal) {
        if taken % StoppableBook.lookInterval == 0 { try look() }
        taken += 1
        try book.take(index, record)
    }

    /// Has the book come to the last record that was taken.
    package mutating func settle() throws(RecordRefusal) { try book.settle() }

    private mutating func look() throws(RecordRefusal) {
        isStopped = isStopped || isStopRequested()
        if isStopped { throw RecordRefusal(reason: "the process was asked to stop") }
    }
}
