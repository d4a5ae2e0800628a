package import LeaseholdModel

/// How far the reading of a backup, or the making of its log, has come; for whoever waits.
package enum BackupStep: Hashable, Sendable, CustomStringConvertible {
    /// So many bytes of the file were read.
    case file(byteCount: Int)
    /// The records up to one were checked, of those up to the last.
    case record(RecordIndex, of: RecordIndex)
    /// The segments up to one were made, of those up to the last.
    case segment(SegmentNumber, of: SegmentNumber)

    /// Records between two steps.
    private static let recordCount: UInt64 = 65_536

    /// The step that a record is, if it is one.
    package static func at(_ index: RecordIndex, of last: RecordIndex) -> BackupStep? {
        index.rawValue % recordCount == 0 || index == last ? .record(index, of: last) : nil
    }

    package var description: String {
        switch self {
        case .file(let byteCount): "read \(byteCount / 1_048_576) MiB"
        case .record(let index, let last): "checked record \(index) of \(last)"
        case .segment(let segment, let last): "made segment \(segment) of \(last)"
        }
    }
}
