internal import Glibc
package import LeaseholdLog
package import LeaseholdModel

/// What the opener of a log expects to find; nil means that any will do.
package struct LogExpectation: Hashable, Sendable {
    package let kind: LogKind
    package let cluster: String?
    package let logID: LogID?

    package init(kind: LogKind, cluster: String? = nil, logID: LogID? = nil) {
        self.kind = kind
        self.cluster = cluster
        self.logID = logID
    }
}

/// A log in a directory of its own, open for writing: one owner, one thread at a time.
///
/// `IDENTITY` says which log, `LOCK` who works on it, `*.segment` are the log's pages, `archive/` holds the full ones.
/// Whoever opens it holds the lock until the object is gone or closed.
package final class LogDirectory {
    package let path: String
    package let identity: LogIdentity
    private var log: SynchronousLog<FileStorage>
    private var lock: ProcessLock?
    /// The lock file's name; its text only names the holder, and may outlive the lock.
    static let lockName = "LOCK"

    private init(
        path: String, identity: LogIdentity, log: SynchronousLog<FileStorage>, lock: consuming ProcessLock
    ) {
        self.path = path
        self.identity = identity
        self.log = log
        self.lock = consume lock
    }

    /// Makes a new, empty log in a directory that is empty or not there yet.
    package static func create(
        at path: String, _ identity: LogIdentity, holder: LockHolder, allowingNetworkFilesystem: Bool = false
    ) throws(LogDirectoryFailure) {
        if let complaint = identity.complaint { throw .invalidIdentity(complaint: complaint) }
        try make(
            .new, at: path, identity, holder: holder, allowingNetworkFilesystem: allowingNetworkFilesystem
        ) { storage throws(LogDirectoryFailure) in
            do throws(StorageFailure) { _ = try SynchronousLog.create(identity, on: storage) } catch {
                throw .storage(error)
            }
        }
    }

    /// Makes the log of a backup again, as a later incarnation, in a directory that is empty or not there yet, or has what a
    /// broken-off restore has left.
    ///
    /// `complete` adds what else belongs to the log; until it is done the directory holds none.
    package static func restore(
        at path: String, _ backup: Backup<some ByteReader>, _ recovered: RecoveredLog, as logIncarnation: UInt32,
        holder: LockHolder, allowingNetworkFilesystem: Bool = false, telling: (BackupStep) -> Void = { _ in },
        complete: () throws(LogDirectoryFailure) -> Void = { () throws(LogDirectoryFailure) in }
    ) throws(LogDirectoryFailure) {
        try make(
            .restore, at: path, backup.header.identity, holder: holder,
            allowingNetworkFilesystem: allowingNetworkFilesystem
        ) { storage throws(LogDirectoryFailure) in
            do throws(BackupFailure) {
                _ = try SynchronousLog.restore(backup, recovered, as: logIncarnation, on: storage, telling: telling)
            } catch {
                throw .backup(error)
            }
            try complete()
        }
    }

    /// Why a log is made.
    enum Making {
        /// It is a new one; it is soon made, and what is left of it when that is broken off is left to people.
        case new
        /// It is one that was lost; that may take hours, and is begun again.
        case restore
    }

    /// Fills a directory and gives it an identity, last: a directory without one holds no log.
    private static func make(
        _ making: Making, at path: String, _ identity: LogIdentity, holder: LockHolder, allowingNetworkFilesystem: Bool,
        fill: (FileStorage) throws(LogDirectoryFailure) -> Void
    ) throws(LogDirectoryFailure) {
        do throws(StorageFailure) { try makeDirectories(path) } catch { throw .storage(error) }
        let directory = try DirectoryHandle(path: path, allowingNetworkFilesystem: allowingNetworkFilesystem)
        try refuseIfOccupied(directory, for: making)
        let lock = try self.lock(path, for: holder)
        defer { withExtendedLifetime(lock) {} }
        // Again, now that nobody else can be making one.
        try refuseIfOccupied(directory, for: making)
        let storage: FileStorage
        do throws(StorageFailure) {
            if making == .restore { try beginRestore(identity, in: directory) }
            try makeDirectory(FileStorage.archiveName, in: directory)
            if identity.kind.hasSnapshots { try makeDirectory(FileStorage.snapshotsName, in: directory) }
            storage = try FileStorage(path: path)
        } catch {
            throw .storage(error)
        }
        try fill(storage)
        do throws(StorageFailure) {
            switch making {
            case .new:
                try FileStorage.replace(IdentityFile.name, with: Array(identity.text.utf8), in: directory.descriptor)
            case .restore:
                try SystemCalls.check("rename \(RestoringFile.name) to \(IdentityFile.name)") {
                    renameat(directory.descriptor, RestoringFile.name, directory.descriptor, IdentityFile.name)
                }
            }
            try storage.perform(.syncDirectory(.live))
        } catch {
            throw .storage(error)
        }
    }

    /// Opens a log: lock, sync, check, read; each record goes to `each`, in order.
    ///
    /// What recovery found stands in the second value: where the log ends, and what was cut, if anything.
    package static func open(
        at path: String, expecting expected: LogExpectation, holder: LockHolder,
        allowingNetworkFilesystem: Bool = false, each: (RecordIndex, [UInt8]) throws(RecordRefusal) -> Void
    ) throws(LogDirectoryFailure) -> (log: LogDirectory, recovered: RecoveredLog) {
        try open(at: path, expecting: expected, holder: holder, allowingNetworkFilesystem) {
            identity, storage throws(RecoveryFailure) in
            try SynchronousLog.open(identity, on: storage, each: each)
        }
    }

    /// Opens a log from its newest whole snapshot and what is behind it.
    package static func open(
        at path: String, expecting expected: LogExpectation, holder: LockHolder,
        allowingNetworkFilesystem: Bool = false, following follower: inout some LogFollower
    ) throws(LogDirectoryFailure) -> (log: LogDirectory, recovered: RecoveredLog) {
        try open(at: path, expecting: expected, holder: holder, allowingNetworkFilesystem) {
            identity, storage throws(RecoveryFailure) in
            try SynchronousLog.open(identity, on: storage, following: &follower)
        }
    }

    private static func open(
        at path: String, expecting expected: LogExpectation, holder: LockHolder, _ allowingNetworkFilesystem: Bool,
        recovering: (LogIdentity, FileStorage) throws(RecoveryFailure) -> (
            log: SynchronousLog<FileStorage>, recovered: RecoveredLog
        )
    ) throws(LogDirectoryFailure) -> (log: LogDirectory, recovered: RecoveredLog) {
        let directory = try DirectoryHandle(path: path, allowingNetworkFilesystem: allowingNetworkFilesystem)
        // Before the lock, so that a wrong path is told from a busy one and nothing is left behind in it.
        let identity = try self.identity(in: directory)
        try check(identity, against: expected, path: path)
        let lock = try self.lock(path, for: holder)
        let storage: FileStorage
        do throws(StorageFailure) { storage = try FileStorage(path: path) } catch { throw .storage(error) }
        do throws(RecoveryFailure) {
            let (log, recovered) = try recovering(identity, storage)
            return (LogDirectory(path: path, identity: identity, log: log, lock: lock), recovered)
        } catch {
            switch error {
            case .storage(let failure): throw .storage(failure)
            case .refused(let refusal): throw .refused(path: path, refusal)
            }
        }
    }

    /// The identity of the log in a directory, without opening it.
    package static func identity(at path: String) throws(LogDirectoryFailure) -> LogIdentity {
        try identity(in: DirectoryHandle(path: path, allowingNetworkFilesystem: true))
    }

    /// The last durable record and the chain after it.
    package var head: LogHead { log.head }
    /// The largest record that this log takes.
    package var recordByteCountMax: Int { log.machine.recordByteCountMax }
    /// Whether idleness would write a seal: the shell then arms its timer.
    package var needsSeal: Bool { log.machine.needsSeal }
    /// The last failure to make the next segment ready, for an alarm; nil once it is ready.
    package var segmentDelay: StorageFailure? { log.segmentDelay }

    /// Where the log ends, as far as it is durable.
    package var tail: LogTail { log.machine.tail }

    /// Says that recovery needs no segment before one any more: verified snapshots stand for them.
    package func cover(before segment: SegmentNumber) throws(LogFailure) {
        precondition(lock != nil, "covering \(path) after close")
        try log.cover(before: segment)
    }

    /// States the reign of the groups to come; never lower than before.
    package func enter(reign: Reign) { log.enter(reign: reign) }

    /// Makes records durable, one write and one sync per group; returns when the last one is.
    package func commit(_ records: [[UInt8]]) throws(LogFailure) -> LogHead {
        precondition(lock != nil, "commit to \(path) after close")
        return try log.commit(records)
    }

    /// Seals the last group; called when nothing arrived for `LogLimits.sealIdleMilliseconds`.
    package func sealIfIdle() throws(LogFailure) {
        precondition(lock != nil, "seal of \(path) after close")
        try log.sealIfIdle()
    }

    /// Seals and gives up the lock; the log can be opened again.
    package func close() throws(LogFailure) {
        guard lock != nil else { return }
        defer { lock = nil }
        try log.sealIfIdle()
    }

    /// The exclusive right to work on a directory; it ends with the process, however that ends.
    private static func lock(_ path: String, for holder: LockHolder) throws(LogDirectoryFailure) -> ProcessLock {
        do throws(LockFailure) {
            return try ProcessLock.acquire(path: "\(path)/\(lockName)", describing: holder)
        } catch {
            switch error {
            case .held(_, let other): throw .inUse(path: path, by: other)
            case .system(let failure): throw .lock(failure)
            }
        }
    }

    private static func check(
        _ identity: LogIdentity, against expected: LogExpectation, path: String
    ) throws(LogDirectoryFailure) {
        guard identity.kind == expected.kind else {
            throw .anotherKind(path: path, expected: expected.kind, actual: identity.kind)
        }
        if let cluster = expected.cluster, cluster != identity.cluster {
            throw .anotherCluster(path: path, expected: cluster, actual: identity.cluster)
        }
        if let logID = expected.logID, logID != identity.logID {
            throw .anotherLog(path: path, expected: logID, actual: identity.logID)
        }
    }
}
