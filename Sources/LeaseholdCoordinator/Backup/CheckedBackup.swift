package import LeaseholdBroker
package import LeaseholdLog
import LeaseholdModel
import LeaseholdPlatform

/// A backup every byte of which was read and found to be right, and the book that its records make.
package struct CheckedBackup {
    package let header: BackupHeader
    package let book: LeaseBook
    let backup: Backup<FileSource>
    let recovered: RecoveredLog

    /// What is in the log: its segments, frames and records.
    package var report: LogReport { recovered.report }

    /// Reads a backup from its first byte to its last: first the file, then the log in it by the steps of recovery, then
    /// the book of its records, which must be the one of when it was taken (L14).
    package static func read(path: String) throws(BackupFailure) -> CheckedBackup {
        let source: FileSource
        do throws(StorageFailure) { source = try FileSource(path: path) } catch { throw .storage(error) }
        var (backup, sum) = try Backup.read(source)
        let (recovered, book) = try replay(&backup)
        let digest = book.digest()
        guard digest == sum.bookDigest else { throw .bookDigest(expected: sum.bookDigest, actual: digest) }
        return CheckedBackup(header: backup.header, book: book, backup: backup, recovered: recovered)
    }

    /// The book that the records of a backup make.
    static func replay(_ backup: inout Backup<FileSource>) throws(BackupFailure) -> (RecoveredLog, LeaseBook) {
        var state = RecoveredBook()
        let take = { (index: RecordIndex, bytes: [UInt8]) throws(RecordRefusal) in try state.take(index, bytes) }
        let recovered = try backup.recover(each: take)
        return (recovered, state.book)
    }
}
