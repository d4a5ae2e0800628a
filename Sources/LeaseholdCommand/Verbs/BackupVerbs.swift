import ArgumentParser
import LeaseholdCoordinator
import LeaseholdLog
import LeaseholdPlatform

/// The command `leasectl backup`.
struct BackupNoun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "The coordinator's log in one file: taken while it serves, checked, made again.",
        subcommands: [BackupSaveVerb.self, BackupInspectVerb.self, BackupRestoreVerb.self])
}

/// The flags of verbs that ask no coordinator.
struct OfflineOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "table, wide, json or yaml.")
    var output: OutputFormat = .table
}

/// The command `leasectl backup inspect`.
struct BackupInspectVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Reads and checks every byte of a backup, and says what is in it; asks no coordinator.",
        discussion: """
            The file is checked first, then the log in it like a log on a disk, then the book that its records make. \
            Nothing is changed.

              leasectl backup inspect march.backup

            Exit status: 0 all of it is good, 1 it cannot be read or is damaged, 2 it is no backup.
            """)

    @Argument(help: "The backup.", completion: .file())
    var file: String

    @OptionGroup var options: OfflineOptions

    func run() async throws {
        let backup = try CheckedBackup.good(file)
        let console = Console.current
        if options.output.isForScripts {
            console.out(Rendering.object(json: try backup.json(), as: options.output))
        } else {
            console.out(Table.facts(backup.facts.map { ($0.name, Cell($0.value)) }).text(isColoured: false))
        }
    }
}

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

            Never start the old log again beside it or after it: agents that have seen the new one turn it away.

            Exit status: 0 restored, 1 the backup cannot be read or is damaged, or the disk failed, 2 it is no backup, \
            6 the directory is not empty.
            """)

    @Argument(help: "The backup.", completion: .file())
    var file: String

    @Option(help: "The directory of the new log; made if it is not there.", completion: .directory)
    var stateDir: String

    @Option(
        help: ArgumentHelp("The secret key that the log's heads were signed with.", valueName: "file"),
        completion: .file())
    var ledgerKey: String?

    @OptionGroup var options: OfflineOptions

    func run() async throws {
        let console = Console.current
        let backup = try CheckedBackup.good(file)
        let signer = try await signer(of: backup.header.identity)
        let restored: RestoredLog
        do throws(LogDirectoryFailure) {
            restored = try backup.restore(stateDirectory: stateDir, at: console.now())
        } catch {
            throw Ending(error)
        }
        let identity = restored.identity
        var newKey: String?
        do throws(LedgerDirectoryFailure) {
            if let signer {
                try LedgerDirectory.adopt(signer, in: stateDir)
            } else {
                newKey = try LedgerDirectory.makeKey(in: stateDir, cluster: identity.cluster, log: identity.logID).text
            }
        } catch {
            throw Ending(
                status: Ending.failureStatus,
                "failed: the log is restored, its key is not: \(error)\n"
                    + "  try: copy the key to \(stateDir)/\(LedgerDirectory.name)/key before the first start, or make "
                    + "another: leasehold-coordinator rekey --state-dir \(stateDir)")
        }
        if options.output.isForScripts {
            console.out(Rendering.object(json: try restored.json(stateDirectory: stateDir), as: options.output))
        } else {
            console.out(restored.lines(stateDirectory: stateDir, newKey: newKey).map { $0 + "\n" }.joined())
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
            throw Ending(
                status: Ending.conflictStatus,
                "refused: \(ledgerKey) is the key of \(signer.key.name), and the backup is of \(origin)")
        }
        return signer
    }
}

extension CheckedBackup {
    /// The backup in a file; ends the command where it is none that can be relied on.
    static func good(_ file: String) throws(Ending) -> CheckedBackup {
        do throws(BackupFailure) { return try read(path: file) } catch { throw Ending(error, file) }
    }
}

extension Ending {
    /// A file that was never a backup, or is one of a later version, is bad input; one that is not what it was is damaged.
    init(_ failure: BackupFailure, _ file: String) {
        switch failure {
        case .storage(let failure): self.init(status: Ending.failureStatus, "failed: \(failure)")
        case .damaged(0, .magic), .damaged(0, .newerFormat):
            self.init(status: Ending.usageStatus, "\(file) is no backup that this version can read: \(failure)")
        case .damaged, .refused, .anotherEnd, .bookDigest:
            self.init(
                status: Ending.failureStatus,
                "failed: \(file) is damaged and cannot be restored: \(failure)\n  try: an older backup")
        }
    }

    /// A directory that holds something already is a conflict; anything else is the world.
    init(_ failure: LogDirectoryFailure) {
        switch failure {
        case .holdsLog, .notEmpty, .inUse:
            self.init(status: Ending.conflictStatus, "refused: \(failure)\n  try: another --state-dir")
        case .storage, .noLog, .invalidIdentity, .identityDamaged, .lock, .networkFilesystem, .anotherCluster,
            .anotherLog, .anotherKind, .refused, .backup:
            self.init(
                status: Ending.failureStatus,
                "failed: \(failure)\n  try: remove what is there of it, and restore again; there is no log in it")
        }
    }
}
