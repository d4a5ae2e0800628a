package import LeaseholdBroker
package import LeaseholdLog
package import LeaseholdModel
import LeaseholdPlatform

/// The book as its log tells it: a snapshot's pieces, if there are any, and evolve over every record behind them.
///
/// What is decoded is decoded beside the thread that builds, so the book may be behind until it has settled.
package struct RecoveredBook: LogFollower {
    /// The book up to the last record, once it has settled.
    package private(set) var book = LeaseBook()
    /// Where the snapshot was taken that the book began with.
    package private(set) var snapshot: SnapshotHeader?
    private var builder = BookBuilder()
    private var pieces = DecodingAhead { (piece: [UInt8]) -> Result<BookImage, RecordFailure> in
        do throws(RecordFailure) { return .success(try ImageCodec.decode(piece)) } catch { return .failure(error) }
    }
    private var batches = DecodingAhead { (batch: RecordBatch) in batch.entries }
    /// The records that are taken and not yet on their way.
    private var batch: RecordBatch?

    package init() {}

    /// Begins anew.
    package mutating func restart() { self = RecoveredBook() }

    // MARK: A snapshot

    /// Takes the next piece of a snapshot.
    package mutating func take(piece: [UInt8]) throws(RecordRefusal) {
        if pieces.isFull { try build() }
        pieces.begin(piece)
    }

    /// Builds on with the piece that was begun first; whether there was one.
    @discardableResult
    private mutating func build() throws(RecordRefusal) -> Bool {
        switch pieces.next() {
        case nil: return false
        case .failure(let failure): throw RecordRefusal(reason: "\(failure)")
        case .success(let image):
            if let complaint = builder.take(image) { throw RecordRefusal(reason: complaint) }
            return true
        }
    }

    /// Makes the book of the pieces; it must have the digest that the snapshot states (L14).
    package mutating func finish(_ header: SnapshotHeader, bookDigest: UInt64) throws(RecordRefusal) {
        while try build() {}
        guard let built = builder.finished() else { throw RecordRefusal(reason: "pieces of the book are missing") }
        builder = BookBuilder()
        guard built.head == header.index else {
            throw RecordRefusal(reason: "the book ends at record \(built.head), the snapshot at \(header.index)")
        }
        let digest = built.digest()
        guard digest == bookDigest else {
            throw RecordRefusal(
                reason: "L14: the book's digest is \(hexadecimal(digest)), expected \(hexadecimal(bookDigest))")
        }
        book = built
        snapshot = header
    }

    // MARK: Records

    /// Takes the next record.
    ///
    /// The first one begins anew, because a check of a log in use may read it twice.
    package mutating func take(_ index: RecordIndex, _ record: [UInt8]) throws(RecordRefusal) {
        if index == RecordIndex.zero.next { restart() }
        batch = batch ?? RecordBatch(first: index)
        batch?.append(record)
        guard let full = batch, full.isFull else { return }
        if batches.isFull { try follow() }
        batches.begin(full)
        batch = nil
    }

    /// Has the book come to the last record that was taken.
    package mutating func settle() throws(RecordRefusal) {
        while try follow() {}
        guard let rest = batch else { return }
        batch = nil
        try follow(rest.entries)
    }

    /// Follows with the batch that was begun first; whether there was one.
    @discardableResult
    private mutating func follow() throws(RecordRefusal) -> Bool {
        guard let entries = batches.next() else { return false }
        try follow(entries)
        return true
    }

    /// Follows up to the first record that cannot follow; what was taken behind it is dropped.
    private mutating func follow(_ entries: (good: [LogEntry], refusal: RecordRefusal?)) throws(RecordRefusal) {
        do throws(RecordRefusal) {
            for entry in entries.good {
                if let objection = book.follow(entry) { throw RecordRefusal(reason: objection, of: entry.index) }
            }
            if let refusal = entries.refusal { throw refusal }
        } catch {
            batch = nil
            batches.drop()
            throw error
        }
    }
}
