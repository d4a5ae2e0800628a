import Dispatch
import LeaseholdLog
import LeaseholdModel

/// Pieces of an image on their way from bytes to facts: decoded beside the thread that builds the book, in order.
struct PieceDecoder {
    /// A piece that is being decoded.
    ///
    /// Unchecked, because the compiler cannot see it: it is written once, before its semaphore rings, and read after.
    private final class Piece: @unchecked Sendable {
        var outcome: Result<BookImage, RecordFailure>?
        let isDecoded = DispatchSemaphore(value: 0)
    }

    /// Pieces that may be under way: enough that neither side waits for the other for long.
    private static let countMax = 8

    private let queue = DispatchQueue(label: "leasehold.pieces")
    private var underWay: [Piece] = []

    /// Whether a piece must be taken before the next one is begun.
    var isFull: Bool { underWay.count >= PieceDecoder.countMax }

    /// Begins to decode a piece.
    mutating func begin(_ bytes: [UInt8]) {
        let piece = Piece()
        underWay.append(piece)
        queue.async {
            do throws(RecordFailure) {
                piece.outcome = .success(try ImageCodec.decode(bytes))
            } catch {
                piece.outcome = .failure(error)
            }
            piece.isDecoded.signal()
        }
    }

    /// The piece that was begun first; nil when none is under way.
    mutating func next() -> Result<BookImage, RecordFailure>? {
        guard !underWay.isEmpty else { return nil }
        let piece = underWay.removeFirst()
        piece.isDecoded.wait()
        return piece.outcome
    }
}
