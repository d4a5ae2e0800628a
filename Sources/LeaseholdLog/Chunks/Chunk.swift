import Crypto
import LeaseholdChecksum

/// The head of a chunk: what stands behind it, how long it is, and the checksum of both.
///
/// Snapshots and backups are rows of chunks behind a header: many pieces, and one end that says what all of them are.
struct Chunk {
    enum Kind: UInt8 {
        /// A piece, unread.
        case piece = 1
        /// The last chunk: what all others together are.
        case end = 2
    }

    let kind: Kind
    let byteCount: Int

    /// Bytes of the head.
    static let headByteCount = 16
    /// `LHSC`, read as a little-endian word.
    static let magic: UInt32 = 0x4353_484C

    private enum Field {
        static let magic = 0
        static let checksum = 4
        static let kind = 8
        static let reserved = 9
        static let byteCount = 12
    }

    /// A chunk as it stands in the file.
    static func bytes(_ kind: Kind, _ body: [UInt8]) -> [UInt8] {
        var chunk = [UInt8](repeating: 0, count: headByteCount)
        chunk.reserveCapacity(headByteCount + body.count)
        chunk.append(contentsOf: body)
        chunk.withUnsafeMutableBytes { bytes in
            bytes.put(magic, at: Field.magic)
            bytes.put(kind.rawValue, at: Field.kind)
            bytes.put(UInt32(body.count), at: Field.byteCount)
            bytes.put(checksum(of: UnsafeRawBufferPointer(bytes)), at: Field.checksum)
        }
        return chunk
    }

    private init(kind: Kind, byteCount: Int) {
        self.kind = kind
        self.byteCount = byteCount
    }

    /// Reads the head; the checksum is not looked at yet.
    init(reading head: UnsafeRawBufferPointer) throws(ChunkFault) {
        guard head.count >= Chunk.headByteCount else { throw .short(expected: Chunk.headByteCount) }
        let magic: UInt32 = head.word(at: Field.magic)
        guard magic == Chunk.magic else { throw .magic(found: magic) }
        let byteCount: UInt32 = head.word(at: Field.byteCount)
        guard byteCount <= UInt32(LogLimits.pieceByteCountMax) else { throw .chunkByteCount(byteCount) }
        guard let kind = Kind(rawValue: head[Field.kind]),
            !head[Field.reserved..<Field.byteCount].contains(where: { $0 != 0 })
        else { throw .unknown }
        self.init(kind: kind, byteCount: Int(byteCount))
    }

    /// Checks a whole chunk against its checksum.
    static func check(_ chunk: UnsafeRawBufferPointer) throws(ChunkFault) {
        let stated: UInt32 = chunk.word(at: Field.checksum)
        let actual = checksum(of: chunk)
        guard stated == actual else { throw .checksum(expected: stated, actual: actual) }
    }

    private static func checksum(of chunk: UnsafeRawBufferPointer) -> UInt32 {
        CRC32C.checksum(of: UnsafeRawBufferPointer(rebasing: chunk[Field.kind...]))
    }
}

/// What a whole file of chunks is, as its last chunk says.
package struct ChunkSum: Hashable, Sendable {
    package var pieceCount = 0
    /// Bytes before the last chunk.
    package var byteCount = 0
    /// The digest of the book that the pieces make (L14).
    package var bookDigest: UInt64 = 0
    /// SHA-256 of all bytes before the last chunk.
    package var hash: [UInt8] = []

    /// Bytes of the last chunk's body.
    static let bodyByteCount = 56

    var body: [UInt8] {
        var body = [UInt8](repeating: 0, count: ChunkSum.bodyByteCount)
        body.withUnsafeMutableBytes { bytes in
            bytes.put(UInt64(pieceCount), at: 0)
            bytes.put(UInt64(byteCount), at: 8)
            bytes.put(bookDigest, at: 16)
            UnsafeMutableRawBufferPointer(rebasing: bytes[24...]).copyBytes(from: hash)
        }
        return body
    }

    init() {}

    init(reading body: UnsafeRawBufferPointer) throws(ChunkFault) {
        guard body.count == ChunkSum.bodyByteCount, let pieces = Int(exactly: body.word(at: 0) as UInt64),
            let bytes = Int(exactly: body.word(at: 8) as UInt64)
        else { throw .unknown }
        pieceCount = pieces
        byteCount = bytes
        bookDigest = body.word(at: 16)
        hash = Array(body[24...])
    }
}
