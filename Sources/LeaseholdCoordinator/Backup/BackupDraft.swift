import LeaseholdBroker
package import LeaseholdLog
package import LeaseholdModel
package import LeaseholdPlatform

/// Why a backup was not taken; what was there under its name is there still.
package enum BackupDraftFailure: Error, Hashable, Sendable, CustomStringConvertible {
    case file(DraftFile.Failure)
    /// What was taken is no whole log, or the disk gives back something else.
    case backup(BackupFailure)

    package var description: String {
        switch self {
        case .file(let failure): failure.description
        case .backup(let failure): failure.description
        }
    }
}

/// A backup on its way to its file: pages go in, and the file has its name when all of it was read back and found right.
package struct BackupDraft {
    private let file: DraftFile
    private var writer: BackupWriter

    /// Begins a backup of what its header says.
    package init(path: String, mayReplace: Bool, _ header: BackupHeader) throws(BackupDraftFailure) {
        let (writer, bytes) = BackupWriter.begin(header)
        self.writer = writer
        do throws(DraftFile.Failure) {
            file = try DraftFile(path: path, mayReplace: mayReplace)
            try file.append(bytes)
        } catch {
            throw .file(error)
        }
    }

    /// Takes the bytes of the log from a place on, which must be where it goes on.
    package mutating func take(_ place: BackupPlace, _ bytes: [UInt8]) throws(BackupDraftFailure) {
        let chunk: [UInt8]
        do throws(BackupFailure) { chunk = try writer.piece(place, bytes) } catch { throw .backup(error) }
        do throws(DraftFile.Failure) { try file.append(chunk) } catch { throw .file(error) }
    }

    /// Ends the backup, reads it again from the disk, and gives it its name; returns what is in it.
    package mutating func finish(
        telling: (BackupStep) -> Void = { _ in }
    ) throws(BackupDraftFailure) -> CheckedBackup {
        let recovered: RecoveredLog
        let book: LeaseBook
        let written: ChunkSum
        let end: [UInt8]
        do throws(DraftFile.Failure) { try file.settle() } catch { throw .file(error) }
        do throws(BackupFailure) {
            var log = Backup(writer.index, in: file.source)
            (recovered, book) = try CheckedBackup.replay(&log, telling: telling)
            (end, written) = try writer.end(bookDigest: book.digest())
        } catch {
            throw .backup(error)
        }
        do throws(DraftFile.Failure) {
            try file.append(end)
            try file.settle()
        } catch {
            throw .file(error)
        }
        let backup: Backup<FileSource>
        do throws(BackupFailure) {
            let found: ChunkSum
            (backup, found) = try Backup.read(file.source, telling: telling)
            guard found == written else { throw .damaged(offset: 0, .hash) }
        } catch {
            throw .backup(error)
        }
        do throws(DraftFile.Failure) { try file.publish() } catch { throw .file(error) }
        return CheckedBackup(header: backup.header, book: book, backup: backup, recovered: recovered)
    }
}
