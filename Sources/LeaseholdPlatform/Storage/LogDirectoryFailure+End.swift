package import LeaseholdLog

extension LogDirectoryFailure {
    /// The end of a process that could not make, open or check its log.
    package var end: ProcessEnd {
        let status: ProcessEnd.Status =
            switch self {
            case .storage, .lock, .noLog, .holdsLog, .holdsParts, .restoring, .notEmpty, .networkFilesystem, .backup,
                .ledger:
                .world
            case .invalidIdentity: .usage
            case .identityDamaged: .dataLost
            case .refused(_, let refusal): refusal.endStatus
            case .inUse, .anotherCluster, .anotherLog, .anotherKind: .notOurs
            }
        return ProcessEnd(status, description)
    }
}

extension LogRefusal {
    /// The exit status of a process that cannot go on with the log.
    package var endStatus: ProcessEnd.Status {
        switch self {
        case .anotherLog: .notOurs
        case .damaged, .newerFormat, .anotherIdentity, .noSegments, .missingSegment, .duplicateSegment,
            .missingLiveSegment, .segmentByteCount, .endsBeforeSnapshot, .anotherHistory, .record:
            .dataLost
        }
    }
}
