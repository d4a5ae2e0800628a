import ArgumentParser
import LeaseholdLog
import LeaseholdModel
import LeaseholdPlatform

/// The command `leasectl ledger`.
struct LedgerNoun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger",
        abstract: "Signed heads of the log, and proofs that a record is in it and that it was never rewritten.",
        discussion: """
            A head is a note of a few lines that says which records the log has, signed with the log's key. Keep one, and the \
            log can never take back or change a record up to it without being found out:

              leasectl ledger verify --key log.key.pub --head my.head --update

            The public key is the file ledger/key.pub in the coordinator's directory; have it from the provider's people, \
            not from the coordinator that you want to check.
            """,
        subcommands: [
            LedgerHeadVerb.self, LedgerVerifyVerb.self, LedgerProveVerb.self, LedgerExportVerb.self,
            LedgerCertificatesVerb.self, LedgerTicketsVerb.self, LedgerSignVerb.self, LedgerKeygenVerb.self,
        ])
}

/// Where a head or a proof goes.
struct ShownFileOptions: ParsableArguments {
    @Option(
        name: .customLong("to"),
        help: ArgumentHelp("Write it to a file, whole or not at all. (default: standard output)", valueName: "file"),
        completion: .file())
    var path: String?

    @Option(
        name: .customLong("key"), parsing: .singleValue,
        help: ArgumentHelp(
            "Check it with a public key before it is written; may be repeated.", valueName: "file"),
        completion: .file())
    var keys: [String] = []

    /// Checks a text that the coordinator has shown, and says what it proves on standard error.
    func check(_ text: String, named name: String, _ console: Console) async throws {
        let file = try LedgerFile.shown(Array(text.utf8), name: name)
        guard !keys.isEmpty else { return console.error("not checked: no --key was given\n") }
        for line in try LedgerCheck(keys: try await LedgerFile.keys(keys)).lines(of: file) {
            console.error(line + "\n")
        }
    }

    /// Asks, checks the answer, and writes it; scripts get it as an object too.
    func take(_ question: LogQuestion, named name: String, from asker: Asker) async throws {
        let shown = try await asker.shown(question)
        guard try LedgerFile.shown(Array(shown.text.utf8), name: name).answers(question) else {
            throw Ending.unproved(
                "not proved: \(name) is about something else than what was asked for: \(Request.askLog(question).words)"
            )
        }
        try await check(shown.text, named: name, asker.console)
        if path != nil || !asker.format.isForScripts { try OutputFile.write(shown.text, to: path, asker.console) }
        if asker.format.isForScripts { asker.print(.shown(shown)) }
    }
}

/// Text on its way to a file or to standard output.
enum OutputFile {
    /// Writes a text; to a file whole or not at all.
    static func write(_ text: String, to path: String?, _ console: Console) throws(Ending) {
        guard let path else { return console.out(text) }
        do throws(SystemFailure) { try AtomicFile.write(Array(text.utf8), to: path) } catch {
            throw Ending(status: Ending.failureStatus, "failed: \(error)")
        }
    }
}

/// The command `leasectl ledger head`.
struct LedgerHeadVerb: LedgerVerb {
    static let configuration = CommandConfiguration(
        commandName: "head",
        abstract: "The newest signed head of the log; a new one is signed each second in which records were written.",
        discussion: "  leasectl ledger head --key log.key.pub --to my.head")

    @OptionGroup var file: ShownFileOptions
    @OptionGroup var client: ClientOptions

    func answer() async throws {
        let asker = try Asker(client)
        try await file.take(.head, named: "the coordinator's head", from: asker)
    }
}

/// The command `leasectl ledger prove`.
struct LedgerProveVerb: LedgerVerb {
    static let configuration = CommandConfiguration(
        commandName: "prove",
        abstract: "A proof that a record is in the log, or that the log has only grown since a head.",
        discussion: """
            A tenant can have proofs of the records about itself and its leases; a lease is called by the record that made \
            it: L1742 by record 1742.

              leasectl ledger prove 1742 --to record-1742.proof
              leasectl ledger prove --since my.head --to grown.proof
            """)

    @Argument(help: "The record's index.", transform: Reading.index)
    var record: RecordIndex?

    @Option(
        help: ArgumentHelp("A signed head that you have: prove that the log begins with it.", valueName: "file"),
        completion: .file())
    var since: String?

    @Option(
        help: ArgumentHelp("The signed head to prove it under. (default: the newest)", valueName: "file"),
        completion: .file())
    var head: String?

    @OptionGroup var file: ShownFileOptions
    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard (record == nil) != (since == nil) else {
            throw ValidationError("expected the index of a record, or --since FILE with a head")
        }
    }

    func answer() async throws {
        let asker = try Asker(client)
        var under: HeadText?
        if let head { under = try await LedgerFile.headText(head) }
        let question: LogQuestion
        if let record {
            question = .inclusion(of: record, under: under)
        } else {
            guard let since else { preconditionFailure("neither a record nor a head") }
            question = .consistency(from: try await LedgerFile.headText(since), to: under)
        }
        try await file.take(question, named: "the coordinator's proof", from: asker)
    }
}

/// The command `leasectl ledger sign`.
struct LedgerSignVerb: LedgerVerb {
    static let configuration = CommandConfiguration(
        commandName: "sign",
        abstract: "Puts a tenant's own signature under a head of the log, on record.",
        discussion: """
            It says: I was shown this head. Neither side can go back behind it then. Nothing is signed before the log's \
            own signature was checked with --key. The head with both signatures is written to --to before it is sent; run \
            again with the same --request-id, the same head goes on record, once.

              leasectl ledger keygen tenant/acme --to acme.key
              leasectl ledger head --key log.key.pub --to my.head
              leasectl ledger sign my.head --secret-key acme.key --key log.key.pub --principal tenant/acme --to signed.head
            """)

    @Argument(help: "A file with the head; - for standard input.", completion: .file())
    var head: String

    @Option(
        help: ArgumentHelp("A file with the tenant's secret key.", valueName: "file"), completion: .file())
    var secretKey: String

    @Option(
        help: ArgumentHelp("A file with the log's public key.", valueName: "file"), completion: .file())
    var key: String

    @Option(
        help: ArgumentHelp("Write the head with both signatures to a file, before it is sent.", valueName: "file"),
        completion: .file())
    var to: String?

    @OptionGroup var change: ChangeOptions
    @OptionGroup var client: ClientOptions

    func answer() async throws {
        let asker = try Asker(client)
        let signer = try await LedgerFile.signer(secretKey)
        let logKeys = try await LedgerFile.keys([key])
        let given = try await LedgerFile.head(head)
        var signed = given.newest
        do throws(LedgerRefusal) {
            try signed.check(logKeys)
            // One that has it already, as what an earlier run has written, stays as it is.
            if !signed.has(signer.key) { try signed.add(signer.signature(of: signed.head)) }
            try signed.check(signer.key)
        } catch {
            throw Ending(error, given.name)
        }
        guard let text = HeadText(signed.text) else {
            throw Ending(status: Ending.usageStatus, "the head has too many signatures to take one more")
        }
        let request = Request.countersignHead(CountersignedHead(head: text, key: signer.key.text))
        if let to { try OutputFile.write(signed.text, to: to, asker.console) }
        try await asker.show(request, id: change.id)
    }
}

/// The command `leasectl ledger keygen`.
struct LedgerKeygenVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen",
        abstract: "Makes a key pair to sign heads with; asks no coordinator.",
        discussion: """
            The secret key goes to the file, the public one to the same name with .pub behind it. A tenant's is called \
            tenant/NAME, an auditor's as it likes.

              leasectl ledger keygen tenant/acme --to acme.key
            """)

    @Argument(help: "The key's name: printable ASCII without spaces and +.")
    var name: String

    @Option(help: ArgumentHelp("The file of the secret key.", valueName: "file"), completion: .file())
    var to: String

    @Flag(help: "Write over files that are there.")
    var force = false

    @OptionGroup var options: OfflineOptions

    func run() async throws {
        let console = Console.current
        var seed: [UInt8] = []
        for _ in 0..<2 {
            let (high, low) = console.chance()
            for word in [high, low] { withUnsafeBytes(of: word) { seed += $0 } }
        }
        guard let signer = LedgerSigner(name: name, seed: seed) else {
            throw Ending(status: Ending.usageStatus, "'\(name)' cannot be the name of a key")
        }
        let shown = to + ".pub"
        for path in [to, shown] where try !force && LedgerFile.isThere(path) {
            throw Ending(status: Ending.conflictStatus, "\(path) is there; --force writes over it")
        }
        try OutputFile.write(signer.secretText + "\n", to: to, console)
        try OutputFile.write(signer.key.text + "\n", to: shown, console)
        guard options.output.isForScripts else { return console.out(signer.key.text + "\n") }
        let value = JSONValue.object(
            ("name", .string(signer.key.name)), ("key", .string(signer.key.text)), ("secretKeyFile", .string(to)),
            ("publicKeyFile", .string(shown)))
        console.out(Rendering.object(value, as: options.output))
    }
}

extension Asker {
    /// Asks the log.
    func shown(_ question: LogQuestion) async throws(Ending) -> LogShown {
        let request = Request.askLog(question)
        let reply = try await ask(request)
        guard case .shown(let shown) = reply else { throw Ending(unexpected: reply, to: request.words) }
        return shown
    }
}
