package import LeaseholdModel

/// What is wrong with the bytes at a place of a snapshot.
package enum SnapshotFault: Error, Hashable, Sendable {
    case magic(found: UInt32)
    case checksum(expected: UInt32, actual: UInt32)
    /// It needs a reader that this one is not.
    case newerFormat(required: UInt32, reader: UInt32)
    /// A field that this version does not know, though the checksum holds.
    case unknown
    /// The file ends before so many more bytes.
    case short(expected: Int)
    /// More bytes behind the end.
    case long
    /// A chunk longer than any.
    case chunkByteCount(UInt32)
    /// Other pieces, or other bytes, than the end counts.
    case counts
    /// Each chunk is as written, and together they are not.
    case hash
    case logID(expected: LogID, actual: LogID)
    /// The file is named after another record than its header.
    case index(expected: RecordIndex, actual: RecordIndex)
    /// A piece is as written, and whoever reads it does not know it; or the book that they make is another.
    case content(String)
}

extension SnapshotFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .magic(let found): "no snapshot begins with \(String(found, radix: 16))"
        case .checksum(let expected, let actual):
            "checksum: expected \(String(expected, radix: 16)), actual \(String(actual, radix: 16))"
        case .newerFormat(let required, let reader): "needs reader version \(required), this one is \(reader)"
        case .unknown: "says something that this version does not know"
        case .short(let expected): "the file ends where \(expected) more bytes should stand"
        case .long: "bytes stand behind the end"
        case .chunkByteCount(let count): "a piece of \(count) bytes: at most \(LogLimits.snapshotPieceByteCountMax)"
        case .counts: "pieces are missing, or too many"
        case .hash: "the pieces are not the ones that were written"
        case .logID(let expected, let actual): "belongs to log \(actual), expected log \(expected)"
        case .index(let expected, let actual): "was taken after record \(actual), and is named after record \(expected)"
        case .content(let reason): reason
        }
    }
}

/// Why a snapshot was not read or written to its end.
package enum SnapshotFailure: Error, Hashable, Sendable {
    /// The disk.
    case storage(StorageFailure)
    /// The file was read and cannot be built on: snapshot, offset, and what is wrong there.
    case damaged(RecordIndex, offset: Int, SnapshotFault)
}

extension SnapshotFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .storage(let failure): failure.description
        case .damaged(let index, let offset, let fault): "snapshot \(index), offset \(offset): \(fault)"
        }
    }
}
