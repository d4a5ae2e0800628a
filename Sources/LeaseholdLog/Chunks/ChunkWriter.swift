import Crypto

/// The bytes of a file of chunks, one at a time; where they go is the caller's affair.
package struct ChunkWriter {
    private var hash = SHA256()
    private var sum = ChunkSum()

    /// Nothing written.
    package init() {}

    /// Bytes written so far.
    var byteCount: Int { sum.byteCount }

    /// The beginning of the file.
    mutating func begin(header: [UInt8]) -> [UInt8] { count(header) }

    /// A piece.
    package mutating func piece(_ bytes: [UInt8]) -> [UInt8] {
        precondition(bytes.count <= LogLimits.pieceByteCountMax, "a piece of \(bytes.count) bytes")
        sum.pieceCount += 1
        return count(Chunk.bytes(.piece, bytes))
    }

    /// The end of the file, and what it says.
    package mutating func end(bookDigest: UInt64) -> (bytes: [UInt8], sum: ChunkSum) {
        sum.bookDigest = bookDigest
        sum.hash = Array(hash.finalize())
        return (Chunk.bytes(.end, sum.body), sum)
    }

    private mutating func count(_ bytes: [UInt8]) -> [UInt8] {
        hash.update(data: bytes)
        sum.byteCount += bytes.count
        return bytes
    }
}

extension ChunkWriter {
    /// The beginning of a snapshot.
    package mutating func begin(_ header: SnapshotHeader) -> [UInt8] { begin(header: header.bytes) }
}
