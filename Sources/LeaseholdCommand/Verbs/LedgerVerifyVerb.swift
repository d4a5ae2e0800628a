import ArgumentParser
import LeaseholdLog
import LeaseholdModel

/// The command `leasectl ledger verify`.
struct LedgerVerifyVerb: LedgerVerb {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Checks that the log has only grown since a head that you kept, or checks a proof.",
        discussion: """
            Without --offline the coordinator is asked for its newest head, and for the proof that its log begins with the \
            head that you kept; both are checked here. With --update the newest head then takes the place of the kept one, \
            so that the same command, run again and again, watches the log. Where there is no kept head yet, the newest one \
            is written there, and standard error says that nothing was compared. So this line in a crontab sends a letter \
            when something is wrong, and when the kept head has gone:

              leasectl ledger verify --key log.key.pub --head my.head --update > /dev/null

            With --offline a proof is checked with nothing but public keys. A proof is a small file with signed heads, \
            records and hashes; a signed head alone is one too. What it proves is printed, a line each. A head that you \
            kept (--head) must be one of the proof's own heads; where it contradicts them, both are printed as a proof of \
            a fork, for anybody to check.

              leasectl ledger verify --offline record-1742.proof --key log.key.pub
              leasectl ledger verify --offline march.proof --key log.key.pub --key acme.key.pub --head march.head

            Every --key must have signed every head of the proof, and the log's own key is one of them; a fork is proved \
            against each --key. A key is a line NAME+ID+KEY; the log's is called like the first line of its heads.

            Exit status: 0 proved, 1 a file cannot be read or written, 2 a file is no proof, head or key, 6 it is not proved: \
            the log does not go on from a head that you kept, or somebody has not signed; 7 the coordinator gave no answer, \
            and nothing is known. The kept head is written over with status 0 only.
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
        guard !update || heads != ["-"] else {
            throw ValidationError(
                "expected a file with --update: what came on standard input has no place for a newer head")
        }
    }

    func answer() async throws {
        let check = LedgerCheck(keys: try await LedgerFile.keys(keys))
        let verdict =
            if let proof { try await checked(proof, by: check) } else { try await asked(Asker(client), by: check) }
        verdict.say(as: client.output, on: Console.current)
    }

    /// Checks a proof, and that the heads that were kept are its own.
    private func checked(_ proof: String, by check: LedgerCheck) async throws -> LedgerVerdict {
        let file = try await LedgerFile.shown(proof)
        var verdict = LedgerVerdict(file: file, lines: try check.lines(of: file))
        for path in heads {
            let kept = try await LedgerFile.head(path)
            verdict.lines.append(try check.line(ofKept: kept, in: file))
            verdict.compared.append(kept)
        }
        return verdict
    }

    /// Asks for the newest head and for the proofs that it goes on from those that were kept.
    private func asked(_ asker: Asker, by check: LedgerCheck) async throws -> LedgerVerdict {
        let text = try await asker.shown(.head).text
        let newest = try LedgerFile.shown(Array(text.utf8), name: "the coordinator's head")
        var verdict = LedgerVerdict(file: newest, lines: try check.lines(of: newest))
        for path in heads {
            guard let kept = try await update ? LedgerFile.headIfThere(path) : LedgerFile.head(path) else { continue }
            verdict.lines += try await lines(of: kept, in: newest, check, asker)
            verdict.compared.append(kept)
        }
        if verdict.compared.isEmpty {
            let index = newest.newest.head.index
            verdict.nothingCompared =
                update
                ? "nothing was compared: there was no head in \(heads[0]); head \(index) is kept there from now on"
                : "nothing was compared: no --head was given; that head \(index) is signed says nothing of the log before"
        }
        if update {
            try OutputFile.write(text, to: heads[0], asker.console)
            verdict.updated = heads[0]
        }
        return verdict
    }

    /// That the newest head goes on from one that was kept; ends the command where it does not.
    private func lines(
        of kept: LedgerFile, in newest: LedgerFile, _ check: LedgerCheck, _ asker: Asker
    ) async throws -> [String] {
        guard try !check.isSame(kept, as: newest) else { return ["\(kept.name) is the newest head"] }
        let (older, newer) = (kept.newest.head, newest.newest.head)
        // A restored log may end at the same record; one that was not may not.
        guard older.origin == newer.origin, older.index <= newer.index, older.incarnation <= newer.incarnation else {
            throw Ending.unproved(
                "not proved: \(kept.name): head \(older.index) of incarnation \(older.incarnation) of \(older.origin) was "
                    + "kept, and the coordinator's newest is \(newer.index) of incarnation \(newer.incarnation) of "
                    + newer.origin)
        }
        return try await grown(from: kept, to: newest.newest, check, asker)
    }

    /// What the coordinator's proof says that one head goes on from the other.
    private func grown(
        from kept: LedgerFile, to newer: SignedHead, _ check: LedgerCheck, _ asker: Asker
    ) async throws -> [String] {
        let older = kept.newest
        guard let from = HeadText(older.text), let to = HeadText(newer.text) else {
            preconditionFailure("a head that was read is longer than any")
        }
        let request = Request.askLog(.consistency(from: from, to: to))
        let shown: LogShown
        switch try await asker.reply(to: request) {
        case .shown(let answer): shown = answer
        case .refused(let refusal) where refusal.exitStatus == Ending.usageStatus:
            // Both heads are well formed and signed: that they cannot be joined is what was to be found out.
            throw Ending.unproved(
                "not proved: \(kept.name): the coordinator cannot prove that its log begins with head "
                    + "\(older.head.index): \(refusal.message)")
        case .refused(let refusal): throw Ending(refusal, format: asker.format)
        case let reply: throw Ending(unexpected: reply, to: request.words)
        }
        let file = try LedgerFile.shown(Array(shown.text.utf8), name: "the coordinator's proof")
        guard case .proof(.consistency(older, newer, _)) = file.content else {
            throw Ending.unproved(
                "not proved: the coordinator's proof is not about \(kept.name)")
        }
        return Array(try check.lines(of: file).dropFirst(file.heads.count))
    }
}
