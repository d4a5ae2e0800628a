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
            A head says which records the log has, in one line that its key has signed. Keep one, and the log can never \
            take back a record before it without being found out:

              leasectl ledger verify --key log.key.pub --head my.head --update

            The public key is the file ledger/key.pub in the coordinator's directory; have it from the provider's people, \
            not from the coordinator that you want to check.
            """,
        subcommands: [
            LedgerHeadVerb.self, LedgerVerifyVerb.self, LedgerProveVerb.self, LedgerExportVerb.self,
            LedgerSignVerb.self, LedgerKeygenVerb.self,
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

    /// Checks a text that the coordinator has shown, and writes it.
    func take(_ text: String, named name: String, _ console: Console) async throws {
        let file = try LedgerFile.shown(Array(text.utf8), name: name)
        if keys.isEmpty {
            console.error("not checked: no --key was given\n")
        } else {
            for line in try LedgerCheck(keys: try await LedgerFile.keys(keys)).lines(of: file) {
                console.error(line + "\n")
            }
        }
        try OutputFile.write(text, to: path, console)
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
struct LedgerHeadVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "head",
        abstract: "The newest signed head of the log; a new one is signed each second in which records were written.",
        discussion: "  leasectl ledger head --key log.key.pub --to my.head")

    @OptionGroup var file: ShownFileOptions
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let asker = try Asker(client)
        guard !asker.format.isForScripts else { return try await asker.show(.askLog(.head)) }
        try await file.take(asker.shown(.head).text, named: "the coordinator's head", asker.console)
    }
}

/// The command `leasectl ledger prove`.
struct LedgerProveVerb: AsyncParsableCommand {
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

    func run() async throws {
        let asker = try Asker(client)
        var under: HeadText?
        if let head { under = try await LedgerFile.headText(head) }
        if let record {
            let shown = try await asker.shown(.inclusion(of: record, under: under))
            try await file.take(shown.text, named: "the coordinator's proof", asker.console)
        } else if let since {
            let shown = try await asker.shown(.consistency(from: LedgerFile.headText(since), to: under))
            try await file.take(shown.text, named: "the coordinator's proof", asker.console)
        }
    }
}

/// The command `leasectl ledger sign`.
struct LedgerSignVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign",
        abstract: "Puts a tenant's own signature under a head of the log, on record.",
        discussion: """
            It says: I was shown this head. Neither side can go back behind it then. Nothing is signed before the log's \
            own signature was checked with --key.

              leasectl ledger keygen tenant/acme --to acme.key
              leasectl ledger sign --secret-key acme.key --key log.key.pub --principal tenant/acme --to signed.head
            """)

    @Argument(
        help: "A file with the head; - for standard input. (default: the newest, asked for)", completion: .file())
    var head: String?

    @Option(
        help: ArgumentHelp("A file with the tenant's secret key.", valueName: "file"), completion: .file())
    var secretKey: String

    @Option(
        help: ArgumentHelp("A file with the log's public key.", valueName: "file"), completion: .file())
    var key: String

    @Option(
        help: ArgumentHelp("Write the head with both signatures to a file.", valueName: "file"), completion: .file())
    var to: String?

    @OptionGroup var change: ChangeOptions
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let asker = try Asker(client)
        let signer = try await LedgerFile.signer(secretKey)
        let logKeys = try await LedgerFile.keys([key])
        var signed: SignedHead
        if let head {
            guard let given = try await LedgerFile.head(head).heads.first else {
                preconditionFailure("\(head) has no head")
            }
            signed = given
        } else {
            signed = try LedgerFile.newest(try await asker.shown(.head))
        }
        do throws(LedgerRefusal) {
            try signed.check(logKeys)
            try signed.add(signer.signature(of: signed.head))
        } catch {
            throw Ending(error, head ?? "the coordinator's head")
        }
        guard let text = HeadText(signed.text) else {
            throw Ending(status: Ending.usageStatus, "the head has too many signatures to take one more")
        }
        let request = Request.countersignHead(CountersignedHead(head: text, key: signer.key.text))
        let reply = try await asker.ask(request, id: change.id)
        if let to { try OutputFile.write(signed.text, to: to, asker.console) }
        asker.print(reply)
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
        for path in [to, to + ".pub"] where !force && LedgerFile.isThere(path) {
            throw Ending(status: Ending.conflictStatus, "\(path) is there; --force writes over it")
        }
        try OutputFile.write(signer.secretText + "\n", to: to, console)
        try OutputFile.write(signer.key.text + "\n", to: to + ".pub", console)
        console.out(signer.key.text + "\n")
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
