package import LeaseholdBroker
package import LeaseholdLog
package import LeaseholdModel
import LeaseholdPlatform

/// The book as its log tells it: a snapshot's pieces, if there are any, and evolve over every record behind them.
package struct RecoveredBook: LogFollower {
    package private(set) var book = LeaseBook()
    private var builder = BookBuilder()
    private var decoder = PieceDecoder()
    /// Where the snapshot was taken that the book began with.
    package private(set) var snapshot: SnapshotHeader?

    package init() {}

    /// Begins anew.
    package mutating func restart() { self = RecoveredBook() }

    /// Takes the next piece of a snapshot.
    package mutating func take(piece: [UInt8]) throws(RecordRefusal) {
        if decoder.isFull { try build() }
        decoder.begin(piece)
    }

    /// Builds on with the piece that was begun first; whether there was one.
    @discardableResult
    private mutating func build() throws(RecordRefusal) -> Bool {
        switch decoder.next() {
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

    /// Takes the next record.
    ///
    /// The first one begins anew, because a check of a log in use may read it twice.
    package mutating func take(_ index: RecordIndex, _ bytes: [UInt8]) throws(RecordRefusal) {
        if index == RecordIndex.zero.next { book = LeaseBook() }
        let entry: LogEntry
        do throws(RecordFailure) {
            entry = try RecordCodec.decode(bytes)
        } catch {
            throw RecordRefusal(reason: "\(error)")
        }
        guard entry.index == index else { throw RecordRefusal(reason: "it says that it is record \(entry.index)") }
        if let objection = book.follow(entry) { throw RecordRefusal(reason: objection) }
    }
}
