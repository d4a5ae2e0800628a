package import LeaseholdModel

/// What the log asks of the disk, one operation at a time.
///
/// Each is small enough to be failed, cut short or interrupted by itself; together they are all that a log needs.
package enum StorageOperation: Hashable, Sendable {
    /// Make the temporary file of a segment: allocated, written full of zeros and synced. Replaces one that is there.
    case prepare(SegmentNumber, byteCount: Int)
    /// Write bytes at an offset; the whole of them, or the operation failed.
    case write(LogFile, offset: Int, bytes: [UInt8])
    /// Make durable what was written to the file. Never asked again after a failure (L7).
    case sync(LogFile)
    /// Give a prepared segment its name.
    case publish(SegmentNumber)
    /// Move a full segment to the archive.
    case archive(SegmentNumber)
    /// Make names durable.
    case syncDirectory(LogPlace)
    /// Remove temporary files, which hold nothing that counts.
    case discardTemporaries
    /// Keep a copy of a torn tail beside its segment: written, synced and named at once. Replaces one that is there.
    case saveTorn(SegmentNumber, bytes: [UInt8])
    /// Make the temporary file of a snapshot, empty. Replaces one that is there.
    case beginSnapshot(RecordIndex)
    /// Write bytes behind what the temporary file has; the whole of them, or the operation failed.
    case appendSnapshot(RecordIndex, offset: Int, bytes: [UInt8])
    /// Make durable what was written to the temporary file. Never asked again after a failure (L7).
    case syncSnapshot(RecordIndex)
    /// Give a snapshot its name. Replaces one that is there.
    case publishSnapshot(RecordIndex)
    /// Remove the temporary file of a snapshot, if there is one.
    case dropSnapshot(RecordIndex)
    /// Remove a published snapshot.
    case removeSnapshot(RecordIndex)
}

/// A file that the log writes to.
package enum LogFile: Hashable, Sendable {
    /// A segment that recovery would read.
    case segment(SegmentNumber)
    /// A segment that recovery would throw away.
    case temporary(SegmentNumber)
}

/// How an operation ended.
package typealias StorageResult = Result<Void, StorageFailure>

/// An operation that the world did not carry out.
package struct StorageFailure: Error, Hashable, Sendable {
    /// What kind of failure, as far as the log treats kinds apart.
    package enum Kind: Hashable, Sendable {
        /// EIO: the disk says that it cannot.
        case inputOutput
        /// ENOSPC or EDQUOT.
        case noSpace
        /// EROFS: typically after the filesystem met an error.
        case readOnly
        /// ENOENT.
        case notFound
        /// ENOTDIR: a part of the path is a file.
        case notDirectory
        /// EACCES or EPERM.
        case notPermitted
        /// What has the name is a directory, a pipe or a device.
        case notPlain
        /// Fewer bytes than asked, and no error to explain it.
        case short
        /// Anything else.
        case other
    }

    package let kind: Kind
    /// What was tried, on what: `write 512 bytes at 4096 of 0000000001.segment`.
    package let attempt: String
    /// The system's number for the error, 0 where there is none.
    package let errorNumber: Int32

    package init(kind: Kind, attempt: String, errorNumber: Int32 = 0) {
        self.kind = kind
        self.attempt = attempt
        self.errorNumber = errorNumber
    }
}

extension StorageFailure: CustomStringConvertible {
    package var description: String {
        let cause =
            switch kind {
            case .inputOutput: "input/output error"
            case .noSpace: "no space left"
            case .readOnly: "read-only filesystem"
            case .notFound: "no such file"
            case .notDirectory: "a part of the path is a file"
            case .notPermitted: "not permitted"
            case .notPlain: "not a plain file"
            case .short: "ended short"
            case .other: "failed"
            }
        return "\(attempt): \(cause)" + (errorNumber == 0 ? "" : " (errno \(errorNumber))")
    }
}
