import ArgumentParser
import LeaseholdLog
import LeaseholdModel

/// The command `leasectl ledger verify`.
struct LedgerVerifyVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Checks that the log has only grown since a head that you kept, or checks a proof.",
        discussion: """
            Without --offline the coordinator is asked for its newest head, and for the proof that its log begins with the \
            head that you kept; both are checked here. With --update the newest head takes the place of the kept one, so \
            that the same command, run again and again, watches the log.

              leasectl ledger verify --key log.key.pub --head my.head --update

            With --offline a proof is checked with nothing but public keys. A proof is a small file with signed heads, \
            records and hashes; a signed head alone is one too. What it proves is printed, a line each. A head that you \
            kept (--head) must be one of the proof's own heads; where it contradicts them, both are printed as a proof of \
            a fork, for anybody to check.

              leasectl ledger verify --offline record-1742.proof --key log.key.pub
              leasectl ledger verify --offline march.proof --key log.key.pub --key acme.key.pub --head march.head

            Every --key must have signed every head of the proof, and the log's own key is one of them; a fork is proved \
            against each --key. A key is a line NAME+ID+KEY; the log's is called like the first line of its heads.

            Exit status: 0 proved, 1 a file cannot be read, 2 a file is no proof, head or key, 6 it proves nothing, or a \
            head that you kept contradicts it.
            """)

    @Argument(help: "The proof, with --offline; - for standard input.", completion: .file())
    var proof: String?

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

    @Flag(help: "Once all is proved, write the newest head over the kept one; makes the file where there is none.")
    var update = false

    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard !keys.isEmpty else { throw ValidationError("expected --key FILE with the log's public key") }
        guard offline == (proof != nil) else {
            throw ValidationError(
                offline
                    ? "expected a file with a proof" : "expected --offline with a proof: a file needs no coordinator")
        }
        guard !update || !offline && heads.count == 1 else {
            throw ValidationError("expected one --head with --update, and a coordinator to ask")
        }
    }

    func run() async throws {
        let check = LedgerCheck(keys: try await LedgerFile.keys(keys))
        if let proof {
            let file = try await LedgerFile.shown(proof)
            var lines = try check.lines(of: file)
            for path in heads { lines.append(try check.line(ofKept: try await LedgerFile.head(path), in: file)) }
            Console.current.out(lines.map { $0 + "\n" }.joined())
        } else {
            try await verify(with: check, asking: Asker(client))
        }
    }

    /// Asks for the newest head and for the proofs that it goes on from those that were kept.
    private func verify(with check: LedgerCheck, asking asker: Asker) async throws {
        let text = try await asker.shown(.head).text
        let newest = try LedgerFile.shown(Array(text.utf8), name: "the coordinator's head")
        var lines = try check.lines(of: newest)
        for path in heads where !(update && !LedgerFile.isThere(path)) {
            let kept = try await LedgerFile.head(path)
            guard let older = kept.heads.first, let newer = newest.heads.first else {
                preconditionFailure("a head without a head")
            }
            if try check.isSame(kept, as: newest) {
                lines.append("\(path) is the newest head")
                continue
            }
            guard older.head.index < newer.head.index, older.head.incarnation <= newer.head.incarnation else {
                throw Ending(
                    status: Ending.conflictStatus,
                    "not proved: \(path): head \(older.head.index) of incarnation \(older.head.incarnation) was kept, and "
                        + "the coordinator's newest is \(newer.head.index) of incarnation \(newer.head.incarnation)")
            }
            lines += try await grown(from: kept, older, to: newer, check, asker)
        }
        asker.console.out(lines.map { $0 + "\n" }.joined())
        if update { try OutputFile.write(text, to: heads[0], asker.console) }
    }

    /// What the coordinator's proof says that one head goes on from the other.
    private func grown(
        from kept: LedgerFile, _ older: SignedHead, to newer: SignedHead, _ check: LedgerCheck, _ asker: Asker
    ) async throws -> [String] {
        guard let from = HeadText(older.text), let to = HeadText(newer.text) else {
            preconditionFailure("a head that was read is longer than any")
        }
        let shown: LogShown
        do throws(Ending) { shown = try await asker.shown(.consistency(from: from, to: to)) } catch {
            // Both heads are well formed and signed: that they cannot be joined is what was to be found out.
            guard error.status == Ending.usageStatus else { throw error }
            let reason = "the coordinator cannot prove that its log begins with head \(older.head.index)"
            throw Ending(
                status: Ending.conflictStatus, out: error.out,
                error: "not proved: \(kept.name): \(reason)\n\(error.error)")
        }
        let file = try LedgerFile.shown(Array(shown.text.utf8), name: "the coordinator's proof")
        guard case .proof(.consistency(older, newer, _)) = file.content else {
            throw Ending(
                status: Ending.conflictStatus, "not proved: the coordinator's proof is not about \(kept.name)")
        }
        return try check.lines(of: file).suffix(1)
    }
}
