import ArgumentParser
import LeaseholdCoordinator
import LeaseholdLog
import LeaseholdModel
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

            Exit status: 0 all of it is good, 1 it cannot be read or is damaged, 2 it is no backup, or one that only a newer \
            version can read.
            """)

    @Argument(help: "The backup.", completion: .file())
    var file: String

    @OptionGroup var options: OfflineOptions

    func run() async throws {
        let console = Console.current
        let progress = Progress(console, isQuiet: options.output.isForScripts)
        let backup = try CheckedBackup.good(file, progress, as: options.output)
        progress.clear()
        if options.output.isForScripts {
            console.out(Rendering.object(json: try backup.json(), as: options.output))
        } else {
            console.out(Table.facts(backup.facts.map { ($0.name, Cell($0.value)) }).text(isColoured: false))
        }
    }
}

extension CheckedBackup {
    /// The backup in a file; ends the command where it is none that can be relied on.
    static func good(
        _ file: String, _ progress: Progress, forRestore: Bool = false, as output: OutputFormat
    ) throws(Ending) -> CheckedBackup {
        do throws(BackupFailure) {
            return try read(path: file, forRestore: forRestore) { progress.tell("\(file): \($0)") }
        } catch {
            progress.clear()
            throw Ending(error, file, as: output)
        }
    }
}

extension Ending {
    /// A file that was never a backup, or is one of a later version, is bad input; one that is not what it was is damaged.
    init(_ failure: BackupFailure, _ file: String, as output: OutputFormat) {
        switch failure {
        case .isBeingRestored:
            self = .refused(
                .wrongState, "\(file) is being restored by another process", advice: "wait for it", as: output)
        case .damaged(0, .magic): self.init(noBackup: file, "\(failure)")
        case .storage(let failure) where failure.kind == .notPlain: self.init(noBackup: file, "\(failure)")
        case .damaged(0, .newerFormat(let required, let reader)):
            self.init(newer: file, "it is of format \(required), and this leasectl reads none above \(reader)")
        case .refused(.newerFormat(_, _, let required, let reader)):
            self.init(
                newer: file, "the log in it is of format \(required), and this leasectl reads none above \(reader)")
        case .storage(let failure):
            self.init(status: Ending.failureStatus, "failed: \(failure)\n  try: \(failure.adviceToReader)")
        case .damaged, .refused, .anotherEnd, .bookDigest, .reign:
            self.init(
                status: Ending.failureStatus,
                "failed: \(file) is damaged and cannot be restored: \(failure)\n  try: an older backup")
        }
    }

    private init(noBackup file: String, _ reason: String) {
        self.init(
            status: Ending.usageStatus,
            "\(file) is no backup: \(reason)\n  try: a file that leasectl backup save has made")
    }

    private init(newer file: String, _ reason: String) {
        self.init(
            status: Ending.usageStatus,
            "\(file) is a backup of a newer version: \(reason)\n  try: the leasectl of the version that took it, or a newer one"
        )
    }
}

extension StorageFailure {
    /// What whoever wants to read a file could try.
    fileprivate var adviceToReader: String {
        switch kind {
        case .notFound, .notDirectory, .notPlain: "the name of a file that leasectl backup save has made"
        case .notPermitted: "as the user who took it, whose file it is alone"
        case .inputOutput, .noSpace, .readOnly, .short, .other: "a copy of it, or an older backup"
        }
    }

    /// What whoever wants to write somewhere could try.
    var adviceToWriter: String {
        switch kind {
        case .notFound: "make the directory first, or another place"
        case .notDirectory, .notPlain: "another place: a part of this path is a file"
        case .noSpace: "make room, or a disk that has it"
        case .notPermitted, .readOnly: "a place that this user may write to"
        case .inputOutput, .short, .other: "another disk"
        }
    }
}
