import ArgumentParser

/// The command `leasectl ledger`.
struct LedgerNoun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger",
        abstract: "Proofs that a record is in the log, and that the log was never rewritten.",
        subcommands: [LedgerVerifyVerb.self])
}

/// The command `leasectl ledger verify`.
struct LedgerVerifyVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Checks a proof with nothing but public keys: no coordinator is asked.",
        discussion: """
            A proof is a small file with signed heads, records and hashes; a signed head alone is one too. What it proves is \
            printed, a line each. A head that you kept (--head) must be one of the proof's own heads; where it contradicts \
            them, both are printed as a proof of a fork, for anybody to check.

              leasectl ledger verify --offline record-1742.proof --key log.key
              leasectl ledger verify --offline march.proof --key log.key --key acme.key --head march.head

            Every --key must have signed every head of the proof, and the log's own key is one of them; a fork is proved \
            against each --key. A key is a line NAME+ID+KEY; the log's is called like the first line of its heads.

            Exit status: 0 proved, 1 a file cannot be read, 2 a file is no proof, head or key, 6 it proves nothing, or a \
            head that you kept contradicts it.
            """)

    @Argument(help: "The proof; - for standard input.", completion: .file())
    var proof: String

    @Flag(help: "Ask no coordinator.")
    var offline = false

    @Option(
        name: .customLong("key"), parsing: .singleValue,
        help: ArgumentHelp("A file with a public key; may be repeated.", valueName: "file"), completion: .file())
    var keys: [String] = []

    @Option(
        name: .customLong("head"), parsing: .singleValue,
        help: ArgumentHelp("A file with a signed head that you kept; may be repeated.", valueName: "file"),
        completion: .file())
    var heads: [String] = []

    func validate() throws {
        guard offline else { throw ValidationError("expected --offline: a file is checked without a coordinator") }
        guard !keys.isEmpty else { throw ValidationError("expected --key FILE with the log's public key") }
    }

    func run() async throws {
        let check = LedgerCheck(keys: try await LedgerFile.keys(keys))
        let file = try await LedgerFile.shown(proof)
        var lines = try check.lines(of: file)
        for path in heads { lines.append(try check.line(ofKept: try await LedgerFile.head(path), in: file)) }
        Console.current.out(lines.map { $0 + "\n" }.joined())
    }
}
