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
    ///
    /// With `forRestore`, every other restore of the file is kept away from its first byte on until this one is over.
    package static func read(
        path: String, forRestore: Bool = false, telling: (BackupStep) -> Void = { _ in }
    ) throws(BackupFailure) -> CheckedBackup {
        let source: FileSource
        var isOurs = true
        do throws(StorageFailure) {
            source = try FileSource(path: path)
            if forRestore { isOurs = try source.claim() }
        } catch {
            throw .storage(error)
        }
        guard isOurs else { throw .isBeingRestored }
        var (backup, sum) = try Backup.read(source, telling: telling)
        let (recovered, book) = try replay(&backup, telling: telling)
        let digest = book.digest()
        guard digest == sum.bookDigest else { throw .bookDigest(expected: sum.bookDigest, actual: digest) }
        return CheckedBackup(header: backup.header, book: book, backup: backup, recovered: recovered)
    }

    /// The log in a backup, and the book that its records make; with both of them a log can go on.
    package static func replay(
        _ backup: inout Backup<some ByteReader>, telling: (BackupStep) -> Void = { _ in }
    ) throws(BackupFailure) -> (RecoveredLog, LeaseBook) {
        var state = RecoveredBook()
        let recovered = try backup.recover(telling: telling) { index, record throws(RecordRefusal) in
            try state.take(index, record)
        } settle: { () throws(RecordRefusal) in
            try state.settle()
        }
        let (tail, reign) = (recovered.tail, state.book.reign)
        guard let next = reign.following(in: tail.logIncarnation), next >= tail.reign else {
            throw .reign(ofRecords: reign, ofFrames: tail.reign, logIncarnation: tail.logIncarnation)
        }
        return (recovered, state.book)
    }
}
