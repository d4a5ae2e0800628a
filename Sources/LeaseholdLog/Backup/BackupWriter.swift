package import LeaseholdModel

/// The bytes of a backup, one piece at a time; where they go is the caller's affair.
package struct BackupWriter {
    /// What was written so far, and where.
    package private(set) var index: BackupIndex
    private var chunks = ChunkWriter()

    /// The beginning of a backup, and its first bytes.
    package static func begin(_ header: BackupHeader) -> (writer: BackupWriter, bytes: [UInt8]) {
        var writer = BackupWriter(index: BackupIndex(header))
        let bytes = writer.chunks.begin(header: header.bytes)
        return (writer, bytes)
    }

    private init(index: BackupIndex) { self.index = index }

    /// The next bytes of the log; refused where they are not the next.
    package mutating func piece(_ place: BackupPlace, _ bytes: [UInt8]) throws(BackupFailure) -> [UInt8] {
        let piece = BackupIndex.piece(place, bytes)
        let start = chunks.byteCount
        do throws(ChunkFault) { try index.add(piece, at: start + Chunk.headByteCount) } catch {
            throw .damaged(offset: start, error)
        }
        return chunks.piece(piece)
    }

    /// The end, and what it says; refused where the log is not all there.
    package mutating func end(bookDigest: UInt64) throws(BackupFailure) -> (bytes: [UInt8], sum: ChunkSum) {
        do throws(ChunkFault) { try index.checkEnd() } catch { throw .damaged(offset: chunks.byteCount, error) }
        return chunks.end(bookDigest: bookDigest)
    }
}
