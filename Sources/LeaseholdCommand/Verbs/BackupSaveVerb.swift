import ArgumentParser
import LeaseholdCoordinator
import LeaseholdLog
import LeaseholdModel
import LeaseholdPlatform

/// The command `leasectl backup save`.
struct BackupSaveVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "save",
        abstract: "Takes a backup of the coordinator's log while it serves, and reads it back.",
        discussion: """
            The backup is of one index: where the log ends when it is begun. It is written beside the file, read again from \
            the disk and checked as `inspect` does, and only then gets its name. Only an operator may take one.

              leasectl backup save march.backup

            Exit status: 0 taken and checked, 1 the disk, or what came is no log, 4 not allowed, 6 the file is there already, \
            7 no answer.
            """)

    @Argument(help: "The file to make.", completion: .file())
    var file: String

    @Flag(help: "Replace the file if it is there.")
    var force = false

    @OptionGroup var client: ClientOptions

    func run() async throws {
        let asker = try Asker(client)
        let progress = Progress(asker.console, isQuiet: asker.format.isForScripts)
        let first = try await page(at: .beginning, from: asker)
        let end = first.end
        var draft = try BackupDraft.begin(file, mayReplace: force, with: first, asker)
        var page = first
        while true {
            guard page.log == first.log, page.end.logIncarnation == end.logIncarnation,
                page.end.byteCount >= end.byteCount
            else { throw Ending(status: Ending.failureStatus, "failed: the coordinator went on with another log") }
            try draft.add(page.place, page.bytes(before: end), as: asker.format)
            guard let next = page.next, next < end.place else { break }
            progress.tell("segment \(next.segment) of \(end.place.segment)")
            page = try await self.page(at: next, from: asker)
        }
        let backup = try draft.ended(progress, as: asker.format)
        progress.clear()
        if asker.format.isForScripts {
            asker.console.out(Rendering.object(json: try backup.json(), as: asker.format))
        } else {
            asker.console.out(
                "saved records 1 to \(end.head.index) of cluster \(first.cluster) in \(file), read back whole\n")
        }
    }

    private func page(at place: BackupPlace, from asker: Asker) async throws(Ending) -> BackupPage {
        let request = Request.askLog(.page(place))
        let reply = try await asker.reply(to: request)
        if case .refused(let refusal) = reply { throw Ending(save: refusal, format: asker.format) }
        guard case .backupPage(let page) = reply, page.place == place else {
            throw Ending(unexpected: reply, to: request.words)
        }
        return page
    }
}

extension BackupDraft {
    fileprivate static func begin(
        _ file: String, mayReplace: Bool, with page: BackupPage, _ asker: Asker
    ) throws(Ending) -> BackupDraft {
        switch BackupHeader.of(page, takenAt: asker.console.now()) {
        case .failure(let fault): throw Ending(.backup(.damaged(offset: 0, fault)), as: asker.format)
        case .success(let header):
            do throws(BackupDraftFailure) {
                return try BackupDraft(path: file, mayReplace: mayReplace, header)
            } catch {
                throw Ending(error, as: asker.format)
            }
        }
    }

    fileprivate mutating func add(
        _ place: BackupPlace, _ bytes: [UInt8], as format: OutputFormat
    ) throws(Ending) {
        do throws(BackupDraftFailure) { try take(place, bytes) } catch { throw Ending(error, as: format) }
    }

    fileprivate mutating func ended(_ progress: Progress, as format: OutputFormat) throws(Ending) -> CheckedBackup {
        do throws(BackupDraftFailure) { return try finish { progress.tell("\($0)") } } catch {
            progress.clear()
            throw Ending(error, as: format)
        }
    }
}

extension Ending {
    /// A backup has everybody's records: whoever may not have it is told what is theirs.
    fileprivate init(save refusal: Refusal, format: OutputFormat) {
        guard case .notAllowed = refusal, !format.isForScripts else {
            self.init(refusal, format: format)
            return
        }
        self.init(
            status: refusal.exitStatus,
            "refused: \(refusal.message)\n  try: ask as an operator (--principal operator/NAME); a tenant keeps heads and "
                + "proofs of its own records: leasectl ledger head, prove and export")
    }

    fileprivate init(_ failure: BackupDraftFailure, as format: OutputFormat) {
        switch failure {
        case .file(.exists):
            self = .refused(
                .alreadyThere, "\(failure)", advice: "another name, or --force to replace it", as: format)
        case .file(.inUse):
            self = .refused(.wrongState, "\(failure)", advice: "wait for it, or another name", as: format)
        case .file(.notPlain): self = .refused(.wrongState, "\(failure)", advice: "another name", as: format)
        case .file(.storage(let cause)):
            self.init(status: Ending.failureStatus, "failed: \(failure)\n  try: \(cause.adviceToWriter)")
        case .backup:
            self.init(
                status: Ending.failureStatus,
                "failed: what came is no whole log, and nothing was kept: \(failure)\n"
                    + "  try: leasehold-coordinator verify --state-dir DIR, where the log lies")
        }
    }
}
