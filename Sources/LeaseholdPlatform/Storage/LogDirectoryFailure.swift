package import LeaseholdLog
package import LeaseholdModel

/// Why a log's directory was not made, opened or checked; nothing in it was changed.
package enum LogDirectoryFailure: Error, Hashable, Sendable {
    /// The world: a system call failed.
    case storage(StorageFailure)
    /// There is no log; `init` makes one.
    case noLog(path: String)
    /// There is a log already.
    case holdsLog(path: String, found: String)
    /// There are parts of a log, and nothing says of which: its identity is lost, or its making was broken off.
    case holdsParts(path: String, found: String)
    /// There is what a restore that was broken off has left, which is no log.
    case restoring(path: String)
    /// There is something that is not a log.
    case notEmpty(path: String, found: String)
    /// The identity that a new log was to have is not allowed.
    case invalidIdentity(complaint: String)
    /// The identity file says nothing that can be relied on.
    case identityDamaged(path: String, reason: String)
    /// Another process, or another part of this one, works on the log.
    case inUse(path: String, by: String)
    /// The lock could not be taken, for a reason of the world.
    case lock(SystemFailure)
    case networkFilesystem(path: String, name: String)
    case anotherCluster(path: String, expected: String, actual: String)
    case anotherLog(path: String, expected: LogID, actual: LogID)
    case anotherKind(path: String, expected: LogKind, actual: LogKind)
    /// The log was read and must not be gone on with.
    case refused(path: String, LogRefusal)
    /// What the log was to be made of again is not whole.
    case backup(BackupFailure)
    /// The log is made, and the key that its heads are to be signed with is not in its place.
    case ledger(LedgerDirectoryFailure)
}

extension LogDirectoryFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .storage(let failure): failure.description
        case .noLog(let path): "\(path) holds no log; init makes one"
        case .holdsLog(let path, let found): "\(path) holds a log already (\(found))"
        case .holdsParts(let path, let found):
            "\(path) holds what is left of a log (\(found)), and no \(IdentityFile.name) that says of which"
        case .restoring(let path):
            "\(path) holds no log yet: a restore is under way there or was broken off (\(RestoringFile.name)); if none runs, "
                + "run leasectl backup restore with this --state-dir again"
        case .notEmpty(let path, let found): "\(path) is not empty (\(found)); a log needs a directory of its own"
        case .invalidIdentity(let complaint): complaint
        case .identityDamaged(let path, let reason): "\(path)/\(IdentityFile.name): \(reason)"
        case .inUse(let path, let holder): "\(path) is in use by \(holder)"
        case .lock(let failure): "\(failure)"
        case .networkFilesystem(let path, let name):
            "\(path) lies on a network filesystem (\(name)), whose locks and syncs cannot be relied on"
        case .anotherCluster(let path, let expected, let actual):
            "\(path) belongs to cluster \(actual), expected cluster \(expected)"
        case .anotherLog(let path, let expected, let actual):
            "\(path) holds log \(actual), expected log \(expected)"
        case .anotherKind(let path, let expected, let actual):
            "\(path) holds a log of kind \(actual), expected kind \(expected)"
        case .refused(let path, let refusal): "\(path): \(refusal)"
        case .backup(let failure): failure.description
        case .ledger(let failure): failure.description
        }
    }
}
