import Dispatch
import LeaseholdBroker
import LeaseholdLog
import LeaseholdModel
import Synchronization

/// Parts of a log on their way from bytes to a book: decoded on one thread and built upon on another, both in order and
/// beside the thread that reads.
///
/// Unchecked, because the compiler cannot see it: what changes is touched on the building queue alone, and by others
/// only once they have seen that nothing is under way.
final class BookWork: @unchecked Sendable {
    /// What was read.
    enum Part: Sendable {
        case piece([UInt8])
        case snapshotEnd(SnapshotHeader, bookDigest: UInt64)
        case records(RecordBatch)
    }

    /// What it says.
    private enum Facts: Sendable {
        case image(BookImage)
        case snapshotEnd(SnapshotHeader, bookDigest: UInt64)
        case entries([LogEntry], then: RecordRefusal?)
        case noImage(RecordFailure)
    }

    /// Parts that are under way at once: enough that no side waits for long, and memory is bounded.
    private static let partCountMax = 16

    private let decoding = DispatchQueue(label: "leasehold.decoding")
    private let building = DispatchQueue(label: "leasehold.building")
    private let room = DispatchSemaphore(value: partCountMax)
    private var builder = BookBuilder()
    /// The book up to the last record that could follow.
    private(set) var book = LeaseBook()
    /// Where the snapshot was taken that the book began with.
    private(set) var snapshot: SnapshotHeader?
    /// Why the pieces are no book; nothing is built any more.
    private var snapshotRefusal: RecordRefusal?
    /// Why a record cannot follow; nothing is built any more.
    private var refusal: RecordRefusal?
    /// Whether one of both is there, for whoever reads on.
    private let hasRefused = Atomic(false)

    init() {}

    /// The same, for whoever has a copy of it: what was under way is built upon first.
    init(copying other: BookWork) {
        other.decoding.sync {}
        other.building.sync {}
        (builder, book, snapshot) = (other.builder, other.book, other.snapshot)
        (snapshotRefusal, refusal) = (other.snapshotRefusal, other.refusal)
        if snapshotRefusal != nil || refusal != nil { hasRefused.store(true, ordering: .relaxed) }
    }

    /// Takes the next part; waits while too many are under way.
    ///
    /// Throws what is wrong with a part before it, as soon as that is known.
    func take(_ part: Part) throws(RecordRefusal) {
        if hasRefused.load(ordering: .relaxed) { try settle() }
        room.wait()
        decoding.async {
            let facts = BookWork.decode(part)
            self.building.async {
                self.build(facts)
                self.room.signal()
            }
        }
    }

    /// Waits until nothing is under way; throws the first thing that is wrong.
    func settle() throws(RecordRefusal) {
        decoding.sync {}
        building.sync {}
        if let refusal = snapshotRefusal ?? refusal { throw refusal }
    }

    /// Waits until nothing is under way; throws what is wrong with the snapshot.
    func settleSnapshot() throws(RecordRefusal) {
        decoding.sync {}
        building.sync {}
        if let snapshotRefusal { throw snapshotRefusal }
    }

    private static func decode(_ part: Part) -> Facts {
        switch part {
        case .piece(let bytes):
            do throws(RecordFailure) { return .image(try ImageCodec.decode(bytes)) } catch { return .noImage(error) }
        case .snapshotEnd(let header, let bookDigest): return .snapshotEnd(header, bookDigest: bookDigest)
        case .records(let batch):
            let (good, refusal) = batch.entries
            return .entries(good, then: refusal)
        }
    }

    private func build(_ facts: Facts) {
        guard snapshotRefusal == nil, refusal == nil else { return }
        switch facts {
        case .image(let image): snapshotRefusal = builder.take(image).map { RecordRefusal(reason: $0) }
        case .noImage(let failure): snapshotRefusal = RecordRefusal(reason: "\(failure)")
        case .snapshotEnd(let header, let bookDigest):
            do throws(RecordRefusal) { try finish(header, bookDigest) } catch { snapshotRefusal = error }
        case .entries(let entries, let then): refusal = follow(entries) ?? then
        }
        if snapshotRefusal != nil || refusal != nil { hasRefused.store(true, ordering: .relaxed) }
    }

    /// Makes the book of the pieces; it must have the digest that the snapshot states (L14).
    private func finish(_ header: SnapshotHeader, _ bookDigest: UInt64) throws(RecordRefusal) {
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

    private func follow(_ entries: [LogEntry]) -> RecordRefusal? {
        for entry in entries {
            if let objection = book.follow(entry) { return RecordRefusal(reason: objection, of: entry.index) }
        }
        return nil
    }
}
