package import LeaseholdModel

/// What is wrong with the bytes at a place of a file of chunks.
package enum ChunkFault: Error, Hashable, Sendable {
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
    /// A piece is as written, and whoever reads it does not know it; or what they make together is something else.
    case content(String)
}

extension ChunkFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .magic(let found): "nothing of this kind begins with \(String(found, radix: 16))"
        case .checksum(let expected, let actual):
            "checksum: expected \(String(expected, radix: 16)), actual \(String(actual, radix: 16))"
        case .newerFormat(let required, let reader): "needs reader version \(required), this one is \(reader)"
        case .unknown: "says something that this version does not know"
        case .short(let expected): "the file ends where \(expected) more bytes should stand"
        case .long: "bytes stand behind the end"
        case .chunkByteCount(let count): "a piece of \(count) bytes: at most \(LogLimits.pieceByteCountMax)"
        case .counts: "pieces are missing, or too many"
        case .hash: "the pieces are not the ones that were written"
        case .logID(let expected, let actual): "belongs to log \(actual), expected log \(expected)"
        case .index(let expected, let actual): "was taken after record \(actual), and is named after record \(expected)"
        case .content(let reason): reason
        }
    }
}

/// Why a file of chunks was not read to its end.
enum ChunkFailure: Error {
    case storage(StorageFailure)
    case damaged(offset: Int, ChunkFault)
}
