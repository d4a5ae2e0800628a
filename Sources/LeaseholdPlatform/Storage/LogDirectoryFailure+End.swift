import LeaseholdLog

extension LogDirectoryFailure {
    /// The end of a process that could not make, open or check its log.
    package var end: ProcessEnd {
        let status: ProcessEnd.Status =
            switch self {
            case .storage, .lock, .noLog, .holdsLog, .notEmpty, .networkFilesystem: .world
            case .invalidIdentity: .usage
            case .identityDamaged, .refused: .dataLost
            case .inUse, .anotherCluster, .anotherLog, .anotherKind: .notOurs
            }
        return ProcessEnd(status, description)
    }
}
