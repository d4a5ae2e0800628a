import ArgumentParser
import LeaseholdLog
import LeaseholdModel

/// The command `leasectl ledger export`.
struct LedgerExportVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Every record about a tenant and its leases, each with the proof that it is in the log.",
        discussion: """
            All are proved under one head. A file holds 32,768 records at most; what is more goes into FILE.2, FILE.3 and \
            so on. A tenant can have its own records and nobody else's.

              leasectl ledger export --tenant acme --key log.key.pub --to acme.proof
              leasectl ledger export --principal tenant/acme --from 18001 --to since.proof
              leasectl ledger verify --offline acme.proof --key log.key.pub
            """)

    @Option(help: ArgumentHelp("Whose records. (default: the tenant that asks)", valueName: "tenant"))
    var tenant: String?

    @Option(
        help: ArgumentHelp("The first record to look at.", valueName: "index"), transform: Reading.index)
    var from = RecordIndex.zero.next

    @Option(
        help: ArgumentHelp("The signed head to prove them under. (default: the newest)", valueName: "file"),
        completion: .file())
    var head: String?

    @OptionGroup var file: ShownFileOptions
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let asker = try Asker(client)
        var under: HeadText?
        if let head { under = try await LedgerFile.headText(head) }
        let name = try subject()
        let progress = Progress(asker.console)
        var gathered: (head: SignedHead, records: [LedgerRecord], byteCount: Int)?
        var fileCount = 0
        var recordCount = 0
        var next = from
        while true {
            let shown = try await asker.shown(.export(tenant: name, from: next, under: under))
            let page = try LedgerFile.shown(Array(shown.text.utf8), name: "the coordinator's export")
            guard case .proof(.export(let head, let records)) = page.content, shown.through >= next else {
                throw Ending(
                    status: Ending.conflictStatus,
                    "not proved: the coordinator's answer from record \(next) is no export")
            }
            // Every further page is proved under the head of the first.
            under = HeadText(head.text)
            recordCount += records.count
            progress.tell("record \(shown.through) of \(head.head.index): \(recordCount) about \(name)")
            var whole = gathered ?? (head, [], 0)
            if whole.records.count + records.count > LedgerLimits.exportRecordCountMax
                || whole.byteCount + shown.text.utf8.count > LedgerLimits.proofByteCountMax
            {
                fileCount += 1
                try await write(whole.head, whole.records, number: fileCount, isLast: false, asker, progress)
                whole = (head, [], 0)
            }
            whole.records += records
            whole.byteCount += shown.text.utf8.count
            gathered = whole
            guard shown.through < head.head.index else { break }
            next = shown.through.next
        }
        progress.clear()
        guard let gathered else { preconditionFailure("an export without an answer") }
        try await write(
            gathered.head, gathered.records, number: fileCount + 1, isLast: true, asker, progress)
    }

    /// Whose records are asked for.
    private func subject() throws -> String {
        if let tenant { return tenant }
        let principal = try client.asker()
        guard principal.role == .tenant else { throw ValidationError("expected --tenant NAME") }
        return principal.name
    }

    private func write(
        _ head: SignedHead, _ records: [LedgerRecord], number: Int, isLast: Bool, _ asker: Asker, _ progress: Progress
    ) async throws {
        guard file.path != nil || number == 1 && isLast else {
            throw Ending(
                status: Ending.usageStatus, "the records do not fit into one file: say where to put them with --to FILE"
            )
        }
        progress.clear()
        var target = file
        if let path = file.path, number > 1 { target.path = "\(path).\(number)" }
        let text = String(decoding: LedgerProof.export(head, records).text, as: UTF8.self)
        try await target.take(text, named: target.path ?? "the coordinator's export", asker.console)
    }
}
