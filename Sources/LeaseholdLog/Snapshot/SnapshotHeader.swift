package import LeaseholdModel

/// What a snapshot is of: which log, and where in it the next frame stands.
///
/// The state and the place in the log are one file, so that neither can be newer than the other.
package struct SnapshotHeader: Hashable, Sendable {
    package let logID: LogID
    /// Where the log ended, durable, when the snapshot was taken.
    package let tail: LogTail

    package init(logID: LogID, tail: LogTail) {
        self.logID = logID
        self.tail = tail
    }

    /// The last record that is in it.
    package var index: RecordIndex { tail.head.index }

    /// Bytes of the header.
    static let byteCount = 128
    /// `LHSN`, read as a little-endian word.
    static let magic: UInt32 = 0x4E53_484C

    /// The header as it stands at the beginning of the file.
    var bytes: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: SnapshotHeader.byteCount)
        bytes.withUnsafeMutableBytes {
            ChunkHeader(logID: logID, tail: tail).write(into: $0, magic: SnapshotHeader.magic)
        }
        return bytes
    }

    /// Reads the whole header.
    init(reading bytes: UnsafeRawBufferPointer) throws(ChunkFault) {
        let header = try ChunkHeader(reading: bytes, magic: SnapshotHeader.magic)
        guard bytes.isZero(in: ChunkHeader.byteCount..<bytes.count) else { throw .unknown }
        self.init(logID: header.logID, tail: header.tail)
    }
}
