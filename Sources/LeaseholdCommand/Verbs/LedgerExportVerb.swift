import ArgumentParser
import LeaseholdLog
import LeaseholdModel

/// The command `leasectl ledger export`.
struct LedgerExportVerb: LedgerVerb {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract:
            "Every record about a tenant and its leases, or about the fleet, each with the proof that it is in the log.",
        discussion: """
            All are proved under one head. A file holds 32,768 records at most; what is more goes into FILE.2, FILE.3 and \
            so on. They are written aside, and get their names when all are there: what an earlier export has left in FILE, \
            FILE.2 and so on is gone then, and stays as it was where this one fails. A tenant can have its own records and \
            nobody else's. What is about no tenant, and the tickets of all nodes, an operator has with --fleet.

              leasectl ledger export --tenant acme --key log.key.pub --to acme.proof
              leasectl ledger export --principal tenant/acme --from 18001 --to since.proof
              leasectl ledger export --fleet --key log.key.pub --to fleet.proof
              leasectl ledger verify --offline acme.proof --key log.key.pub
            """)

    @Option(help: ArgumentHelp("Whose records. (default: the tenant that asks)", valueName: "tenant"))
    var tenant: String?

    @Flag(help: "What is about no tenant, and the tickets of all nodes.")
    var fleet = false

    @Option(
        help: ArgumentHelp("The first record to look at.", valueName: "index"), transform: Reading.index)
    var from = RecordIndex.zero.next

    @Option(
        help: ArgumentHelp("The signed head to prove them under. (default: the newest)", valueName: "file"),
        completion: .file())
    var head: String?

    @OptionGroup var file: ShownFileOptions
    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard tenant == nil || !fleet else { throw ValidationError("--tenant or --fleet, not both") }
    }

    func answer() async throws {
        let asker = try Asker(client)
        let tenant = try subject()
        let name = tenant ?? "the fleet"
        var under: HeadText?
        if let head { under = try await LedgerFile.headText(head) }
        var gatherer = ExportGatherer(from: from, under: under)
        var files = try file.path.map { path throws(Ending) in try ExportFiles(at: path) }
        var text: [UInt8] = []
        let progress = Progress(asker.console)
        func take(_ proof: LedgerProof) async throws {
            gatherer.fileCount += 1
            text = proof.text
            progress.clear()
            try await file.check(
                String(decoding: text, as: UTF8.self), named: "the coordinator's export", asker.console)
            try files?.add(text, number: gatherer.fileCount)
        }
        repeat {
            let shown = try await asker.shown(.export(tenant: tenant, from: gatherer.next, under: gatherer.under))
            if let full = try gatherer.take(shown) {
                guard files != nil else {
                    throw Ending(
                        status: Ending.usageStatus,
                        "the records do not fit into one file: say where to put them with --to FILE")
                }
                try await take(full)
            }
            progress.tell("record \(shown.through) of \(shown.head): \(gatherer.recordCount) about \(name)")
        } while !gatherer.isWhole
        try await take(gatherer.rest)
        try files?.publish()
        say(of: tenant, gatherer, files?.names ?? [], text, asker)
    }

    /// Whose records are asked for; nil for the fleet's.
    private func subject() throws -> String? {
        if tenant != nil || fleet { return tenant }
        let principal = try client.asker()
        guard principal.role == .tenant else { throw ValidationError("expected --tenant NAME or --fleet") }
        return principal.name
    }

    /// The export on standard output where it goes to no file; scripts get an object.
    private func say(
        of tenant: String?, _ gatherer: ExportGatherer, _ files: [String], _ text: [UInt8], _ asker: Asker
    ) {
        let shown = files.isEmpty ? String(decoding: text, as: UTF8.self) : ""
        guard asker.format.isForScripts else { return asker.console.out(shown) }
        let value = JSONValue.object(
            ("tenant", tenant.map { .string($0) } ?? .bare("null")), ("from", .string("\(from)")),
            ("head", gatherer.head.value),
            ("records", .string("\(gatherer.recordCount)")), ("files", .texts(files)), ("text", .string(shown)))
        asker.console.out(Rendering.object(value, as: asker.format))
    }
}
