import Crypto

/// The bytes of a snapshot, a chunk at a time; where they go is the caller's affair.
package struct SnapshotWriter {
    private var hash = SHA256()
    private var sum = SnapshotSum()

    /// Nothing written.
    package init() {}

    /// The beginning of the file.
    package mutating func begin(_ header: SnapshotHeader) -> [UInt8] { count(header.bytes) }

    /// A piece.
    package mutating func piece(_ bytes: [UInt8]) -> [UInt8] {
        precondition(bytes.count <= LogLimits.snapshotPieceByteCountMax, "a piece of \(bytes.count) bytes")
        sum.pieceCount += 1
        return count(SnapshotChunk.bytes(.piece, bytes))
    }

    /// The end of the file, and what it says.
    package mutating func end(bookDigest: UInt64) -> (bytes: [UInt8], sum: SnapshotSum) {
        sum.bookDigest = bookDigest
        sum.hash = Array(hash.finalize())
        return (SnapshotChunk.bytes(.end, sum.body), sum)
    }

    private mutating func count(_ bytes: [UInt8]) -> [UInt8] {
        hash.update(data: bytes)
        sum.byteCount += bytes.count
        return bytes
    }
}
