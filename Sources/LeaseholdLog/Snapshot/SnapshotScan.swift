package import LeaseholdModel

/// Reads a snapshot from its first byte to its last, and believes nothing before its checksum.
package struct SnapshotScan<Reader: LogReader> {
    /// One snapshot of a log.
    private struct File: ByteReader {
        let index: RecordIndex
        var reader: Reader

        mutating func read(_ range: Range<Int>) throws(StorageFailure) -> [UInt8] {
            try reader.readSnapshot(index, range)
        }
    }

    private let index: RecordIndex
    private var chunks: ChunkScan<File>

    private init(_ index: RecordIndex, _ reader: Reader) {
        self.index = index
        chunks = ChunkScan(File(index: index, reader: reader))
    }

    /// The header of a snapshot, which says where in the log it was taken.
    package static func header(
        of index: RecordIndex, _ reader: Reader, identity: LogIdentity
    ) throws(SnapshotFailure) -> SnapshotHeader {
        var scan = SnapshotScan(index, reader)
        do throws(ChunkFailure) { return try scan.header(identity) } catch { throw SnapshotFailure(error, of: index) }
    }

    /// Hands the pieces to `each`, in order; returns the header and what the end says.
    ///
    /// Whoever takes the pieces gives up what it built if this throws: only the end proves that they are all.
    package static func read(
        _ index: RecordIndex, _ reader: Reader, identity: LogIdentity,
        each: ([UInt8]) throws(RecordRefusal) -> Void
    ) throws(SnapshotFailure) -> (header: SnapshotHeader, sum: ChunkSum) {
        var scan = SnapshotScan(index, reader)
        do throws(ChunkFailure) {
            let header = try scan.header(identity)
            while let piece = try scan.chunks.next() {
                do throws(RecordRefusal) { try each(piece) } catch { throw scan.chunks.damaged(.content(error.reason)) }
            }
            guard let sum = scan.chunks.sum else { preconditionFailure("snapshot \(index) has no end") }
            return (header, sum)
        } catch {
            throw SnapshotFailure(error, of: index)
        }
    }

    private mutating func header(_ identity: LogIdentity) throws(ChunkFailure) -> SnapshotHeader {
        let index = index
        return try chunks.header(
            byteCount: SnapshotHeader.byteCount, magic: SnapshotHeader.magic
        ) { bytes throws(ChunkFault) in
            let header = try SnapshotHeader(reading: bytes)
            guard header.logID == identity.logID else {
                throw .logID(expected: identity.logID, actual: header.logID)
            }
            guard header.index == index else { throw .index(expected: index, actual: header.index) }
            return header
        }
    }
}
