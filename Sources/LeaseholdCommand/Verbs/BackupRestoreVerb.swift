import ArgumentParser
import LeaseholdCoordinator
import LeaseholdLog
import LeaseholdModel
import LeaseholdPlatform

/// The command `leasectl backup restore`.
struct BackupRestoreVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Makes a coordinator's log again from a backup, in a directory of its own; asks no coordinator.",
        discussion: """
            For the day when the log is gone. What came after the backup is lost, and the new log says so: it is another \
            incarnation, and its first start quarantines every node until its agent has reported what runs there.

              leasectl backup restore march.backup --state-dir /var/lib/leasehold/coordinator
              leasehold-coordinator run --state-dir /var/lib/leasehold/coordinator --plaintext

            A backup has no keys. With --ledger-key, the copy of ledger/key that was kept elsewhere, the log's heads are \
            signed as before; without it another key is made, and whoever checks heads has to be given it.

            A restore that was broken off is run again: it clears away what it has left, and nothing else.

            The incarnation is the second of the restore: a clock that is behind what the backup knows is refused. Where \
            that clock is right all the same, because a clock was ahead when the backup was taken, or the log's calendar was \
            sped up, say so with --clock-is-right, and again for every later restore of the file.

            Never start the old log again beside it or after it: agents that have seen the new one turn it away.

            Exit status: 0 restored, 1 the backup cannot be read or is damaged, or the disk failed, 2 it is no backup, or one \
            that only a newer version can read, 6 the directory is not empty or no directory, the backup is being restored, \
            the key is another log's, or the clock is behind.
            """)

    @Argument(help: "The backup.", completion: .file())
    var file: String

    @Option(help: "The directory of the new log; made if it is not there.", completion: .directory)
    var stateDir: String

    @Option(
        help: ArgumentHelp("The secret key that the log's heads were signed with.", valueName: "file"),
        completion: .file())
    var ledgerKey: String?

    @Flag(help: "Restore though the backup knows of a later time than this machine's clock.")
    var clockIsRight = false

    @OptionGroup var options: OfflineOptions

    func run() async throws {
        let console = Console.current
        let progress = Progress(console, isQuiet: options.output.isForScripts)
        let backup = try CheckedBackup.good(file, progress, forRestore: true, as: options.output)
        defer { withExtendedLifetime(backup) {} }
        progress.clear()
        let signer = try await signer(of: backup.header.identity)
        let logIncarnation = try await incarnation(of: backup, console)
        let restored: RestoredLog
        do throws(LogDirectoryFailure) {
            restored = try backup.restore(stateDirectory: stateDir, as: logIncarnation, signer: signer) {
                progress.tell("\(stateDir): \($0)")
            }
            progress.clear()
        } catch {
            progress.clear()
            throw ending(error)
        }
        if options.output.isForScripts {
            console.out(Rendering.object(json: try restored.json(stateDirectory: stateDir), as: options.output))
        } else {
            let lines = restored.lines(stateDirectory: stateDir, isKeyKnown: signer != nil)
            console.out(lines.map { $0 + "\n" }.joined())
        }
    }
}

extension BackupRestoreVerb {
    /// The key that was given, if it is the one of the backup's log.
    private func signer(of identity: LogIdentity) async throws(Ending) -> LedgerSigner? {
        guard let ledgerKey else { return nil }
        let signer = try await LedgerFile.signer(ledgerKey)
        let origin = LedgerHead.origin(cluster: identity.cluster, log: identity.logID)
        guard signer.key.name == origin else {
            throw refused(
                "\(ledgerKey) is the key of \(signer.key.name), and the backup is of \(origin)", "another key")
        }
        return signer
    }

    // MARK: The incarnation

    /// Looks at the clock until the second of the restore is over, so often and so long after one another.
    private static let lookCountMax = 60
    private static let lookInterval = Duration.milliseconds(50)

    /// The incarnation of this restore; its second is over, and no other restore of the file is under way (`good`).
    ///
    /// So the next restore of the file by this clock begins in a later second.
    private func incarnation(of backup: CheckedBackup, _ console: Console) async throws -> UInt32 {
        let now = console.now()
        let logIncarnation: UInt32
        do throws(RestoreRefusal) {
            logIncarnation = try backup.incarnation(at: now, isClockVouchedFor: clockIsRight)
        } catch {
            throw refused("\(error)", error.advice)
        }
        for _ in 0..<Self.lookCountMax {
            if console.now().second > now.second { return logIncarnation }
            try await Task.sleep(for: Self.lookInterval)
        }
        throw Ending(
            status: Ending.failureStatus,
            "failed: this machine's clock stands at \(now.rfc3339)\n  try: set it going, and restore again")
    }

    // MARK: Endings

    private func refused(_ message: String, _ advice: String) -> Ending {
        .refused(.wrongState, message, advice: advice, as: options.output)
    }

    /// What could be done about a directory in which there is no log now.
    private func ending(_ failure: LogDirectoryFailure) -> Ending {
        switch failure {
        case .holdsLog, .notEmpty: return refused("\(failure)", "another --state-dir")
        case .holdsParts: return refused("\(failure)", "another --state-dir; or empty it, if nothing in it is needed")
        case .inUse, .restoring: return refused("\(failure)", "wait for it, or another --state-dir")
        case .storage(let failure) where failure.kind == .notDirectory:
            return refused("\(failure)", "a --state-dir that is a directory, or not there yet")
        case .ledger(.keyPresent(let path)):
            return refused(
                "\(path) is another key than --ledger-key", "move it aside, and give the same command again")
        case .ledger(.damaged):
            return refused("\(failure)", "move it aside, and restore again, with --ledger-key where there is a copy")
        case .networkFilesystem: return failed(failure, "a --state-dir on a disk of this machine")
        case .lock: return failed(failure, "a --state-dir that this user may write to")
        case .storage(let cause), .backup(.storage(let cause)), .ledger(.storage(let cause)):
            return failed(
                failure, "\(cause.adviceToWriter); then restore again, with the same --state-dir if it can stay")
        case .backup: return failed(failure, "another disk: this one gives back something else than was written")
        case .ledger(.system), .ledger(.keyMissing): return failed(failure, "restore again with the same --state-dir")
        case .noLog, .invalidIdentity, .identityDamaged, .anotherCluster, .anotherLog, .anotherKind, .refused:
            return failed(failure, "another --state-dir")
        }
    }

    private func failed(_ failure: LogDirectoryFailure, _ advice: String) -> Ending {
        Ending(status: Ending.failureStatus, "failed: \(failure); there is no log in \(stateDir)\n  try: \(advice)")
    }
}

extension RestoreRefusal {
    fileprivate var advice: String {
        switch self {
        case .clockBehind: "set this machine's clock; or, where it is right, --clock-is-right"
        case .noIncarnationLeft: "a new log: leasehold-coordinator init"
        }
    }
}
