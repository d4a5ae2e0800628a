internal import Glibc
package import LeaseholdLog
package import LeaseholdModel

/// An open directory, closed with the object.
final class DirectoryHandle {
    let path: String
    let descriptor: Int32

    init(path: String, allowingNetworkFilesystem: Bool) throws(LogDirectoryFailure) {
        self.path = path
        do throws(StorageFailure) {
            descriptor = try SystemCalls.check("open \(path)") {
                Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            }
        } catch {
            throw error.kind == .notFound ? .noLog(path: path) : .storage(error)
        }
        guard !allowingNetworkFilesystem else { return }
        let kind: FilesystemKind
        do throws(StorageFailure) {
            kind = try FilesystemKind(ofDirectory: descriptor, path: path)
        } catch {
            close(descriptor)
            throw .storage(error)
        }
        switch kind {
        case .local: break
        case .network(let name):
            close(descriptor)
            throw .networkFilesystem(path: path, name: name)
        }
    }

    deinit { close(descriptor) }

    /// The names in the directory, or in one below it.
    func names(below name: String = ".") throws(StorageFailure) -> [String] {
        let below = try SystemCalls.check("open \(path)/\(name)") {
            openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        defer { close(below) }
        return try SystemCalls.names(in: below, attempt: "list \(path)/\(name)")
    }
}

extension LogDirectory {
    /// Checks a log from its first byte to its last and changes nothing; the log may be in use.
    ///
    /// Records may reach `each` more than once, when a look beside a writer has to be taken again.
    package static func verify(
        at path: String, each: (RecordIndex, [UInt8]) throws(RecordRefusal) -> Void = { _, _ throws(RecordRefusal) in },
        settle: () throws(RecordRefusal) -> Void = { () throws(RecordRefusal) in }
    ) throws(LogDirectoryFailure) -> (identity: LogIdentity, verdict: LogVerdict) {
        let identity = try identity(at: path)
        do throws(StorageFailure) {
            var storage = try FileStorage(path: path)
            return (identity, try LogScan.verifyBesideWriter(&storage, identity: identity, each: each, settle: settle))
        } catch {
            throw .storage(error)
        }
    }

    /// The snapshots of a log, ascending, by the record after which each was taken.
    package static func snapshots(at path: String) throws(LogDirectoryFailure) -> [RecordIndex] {
        do throws(StorageFailure) { return try FileStorage(path: path).listSnapshots().sorted() } catch {
            throw .storage(error)
        }
    }

    /// Builds on a snapshot from its first byte to its last; nil where it has gone, as it may beside a writer.
    package static func verifySnapshot(
        _ index: RecordIndex, at path: String, following follower: inout some LogFollower
    ) throws(LogDirectoryFailure) -> Result<ChunkSum, SnapshotFailure>? {
        let identity = try identity(at: path)
        let storage: FileStorage
        do throws(StorageFailure) { storage = try FileStorage(path: path) } catch { throw .storage(error) }
        do throws(SnapshotFailure) {
            return .success(try LogScan.snapshot(index, storage, identity, following: &follower).sum)
        } catch {
            if case .storage(let failure) = error, failure.kind == .notFound { return nil }
            return .failure(error)
        }
    }

    static func identity(in directory: DirectoryHandle) throws(LogDirectoryFailure) -> LogIdentity {
        let path = directory.path
        let bytes: [UInt8]
        do throws(StorageFailure) {
            let attempt = "read \(path)/\(IdentityFile.name)"
            let descriptor = try SystemCalls.check(attempt) {
                openat(directory.descriptor, IdentityFile.name, O_RDONLY | O_CLOEXEC)
            }
            defer { Glibc.close(descriptor) }
            bytes = try SystemCalls.read(descriptor, 0..<IdentityFile.byteCountMax, attempt: attempt)
        } catch {
            guard error.kind == .notFound else { throw .storage(error) }
            throw faccessat(directory.descriptor, RestoringFile.name, F_OK, 0) == 0
                ? .restoring(path: path) : .noLog(path: path)
        }
        do throws(LogIdentityComplaint) {
            return try LogIdentity(text: String(decoding: bytes, as: UTF8.self))
        } catch {
            throw .identityDamaged(path: path, reason: error.reason)
        }
    }

    /// Refuses a directory with a log, or with anything else than what a broken-off making leaves.
    ///
    /// What a restore has left is in the way of everybody but the next restore.
    static func refuseIfOccupied(_ directory: DirectoryHandle, for making: Making) throws(LogDirectoryFailure) {
        let path = directory.path
        let names: [String]
        let archived: [String]
        do throws(StorageFailure) {
            names = try directory.names().sorted()
            var below: [String] = []
            for name in [FileStorage.archiveName, FileStorage.snapshotsName] where names.contains(name) {
                below += try directory.names(below: name).sorted()
            }
            archived = below
        } catch {
            throw .storage(error)
        }
        let isLog = names.contains(IdentityFile.name)
        let isRestoring = names.contains(RestoringFile.name)
        var harmless = [LogDirectory.lockName, FileStorage.archiveName, FileStorage.snapshotsName]
        if isRestoring, !isLog {
            guard making == .restore else { throw .restoring(path: path) }
            harmless +=
                [RestoringFile.name, LedgerDirectory.name] + names.filter { SegmentNumber(fileName: $0) != nil }
        }
        let ofLog = names.filter { $0 == IdentityFile.name || $0.hasSuffix(".segment") } + archived
        if let found = ofLog.first(where: { !harmless.contains($0) }) {
            throw isLog ? .holdsLog(path: path, found: found) : .holdsParts(path: path, found: found)
        }
        if let found = names.first(where: { !harmless.contains($0) && !$0.hasSuffix(".tmp") }) {
            throw .notEmpty(path: path, found: found)
        }
    }

    /// Says that a restore is under way, durably; what one before it has left of a log is cleared away first.
    ///
    /// The key of the log's heads stays: it may be the only copy.
    static func beginRestore(_ identity: LogIdentity, in directory: DirectoryHandle) throws(StorageFailure) {
        if try directory.names().contains(RestoringFile.name) {
            for name in try directory.names() where SegmentNumber(fileName: name) != nil || isDraft(name) {
                try SystemCalls.check("remove \(directory.path)/\(name)") { unlinkat(directory.descriptor, name, 0) }
            }
        }
        try FileStorage.replace(RestoringFile.name, with: Array(identity.text.utf8), in: directory.descriptor)
        try SystemCalls.checkOnce("sync directory \(directory.path)") { fsync(directory.descriptor) }
    }

    /// Whether a file is what a broken-off making leaves of a segment or of a small file.
    private static func isDraft(_ name: String) -> Bool {
        guard name.hasSuffix(".tmp") else { return false }
        let whole = String(name.dropLast(4))
        return SegmentNumber(fileName: whole) != nil || whole == RestoringFile.name || whole == IdentityFile.name
    }

    /// Makes a directory and those above it, each one's name synced.
    static func makeDirectories(_ path: String) throws(StorageFailure) {
        var made = path.hasPrefix("/") ? "/" : "."
        for part in path.split(separator: "/") where part != "." {
            let parent = try SystemCalls.check("open \(made)") {
                Glibc.open(made, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            }
            defer { Glibc.close(parent) }
            made += "/" + part
            try makeDirectory(String(part), in: parent, path: made)
        }
    }

    static func makeDirectory(_ name: String, in directory: DirectoryHandle) throws(StorageFailure) {
        try makeDirectory(name, in: directory.descriptor, path: "\(directory.path)/\(name)")
    }

    static func makeDirectory(_ name: String, in parent: Int32, path: String) throws(StorageFailure) {
        if mkdirat(parent, name, 0o750) != 0 {
            let number = errno
            guard number == EEXIST else { throw SystemCalls.failure("make directory \(path)", number) }
            return
        }
        try SystemCalls.checkOnce("sync the directory of \(path)") { fsync(parent) }
    }
}
