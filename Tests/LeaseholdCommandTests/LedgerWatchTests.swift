import Foundation
import LeaseholdLog
import LeaseholdModel
import Testing

/// `leasectl ledger verify` against a coordinator: what a job that runs each hour relies on.
@Suite("leasectl ledger verify --update")
struct LedgerWatchTests {
    private static func watch(
        _ files: LedgerFolder, _ newest: SignedHead, _ more: [String] = ["--update"], kept: String = "kept"
    ) async throws -> Spoken {
        try await Spoken.run(
            ["ledger", "verify", "--key", files.path("log.key"), "--head", files.path(kept)] + more,
            on: files.coordinator(newest))
    }

    @Test(
        "the first head is kept and nothing is compared, which is said aloud; then each is compared with the one before"
    )
    func hours() async throws {
        let files = try LedgerFolder()
        let words = "nothing was compared: there was no head in \(files.path("kept")); head 5 is kept there from now on"
        var spoken = try await Self.watch(files, files.head(5))
        #expect(spoken.status == 0 && spoken.error == words + "\n", "\(spoken)")
        #expect(spoken.out.hasPrefix("head 5 of ") && spoken.out.split(separator: "\n").count == 1)
        #expect(try files.text("kept") == files.head(5).text)
        spoken = try await Self.watch(files, files.head(9))
        #expect(spoken.status == 0 && spoken.error.isEmpty, "\(spoken)")
        #expect(spoken.out.hasSuffix("head 5 is the beginning of head 9: the first 5 records are the same\n"))
        #expect(try files.text("kept") == files.head(9).text)
        spoken = try await Self.watch(files, files.head(9))
        #expect(spoken.status == 0 && spoken.out.hasSuffix("\(files.path("kept")) is the newest head\n"), "\(spoken)")
        // Without --update a head must be there, and without --head nothing is compared either.
        spoken = try await Self.watch(files, files.head(9), [], kept: "nowhere")
        #expect(spoken.status == 1 && spoken.error.contains("cannot be opened"), "\(spoken)")
        spoken = try await Spoken.run(
            ["ledger", "verify", "--key", files.path("log.key")], on: files.coordinator(files.head(9)))
        #expect(spoken.status == 0 && spoken.error.hasPrefix("nothing was compared: no --head was given"), "\(spoken)")
    }

    @Test("scripts read what was compared, that nothing was, and where the newest head is")
    func objects() async throws {
        let files = try LedgerFolder()
        var spoken = try await Self.watch(files, files.head(5), ["--update", "-o", "json"])
        #expect(spoken.status == 0 && spoken.error.hasPrefix("nothing was compared: "), "\(spoken)")
        #expect(
            spoken.out.hasPrefix(
                #"{"kind":"head","heads":[{"origin":"\#(LedgerFolder.origin)","index":"5","root":""#), "\(spoken)")
        #expect(spoken.out.contains(#""incarnation":1,"reign":"2","at":"2026-11-21T04:32:52Z"}],"compared":[],"#))
        #expect(
            spoken.out.contains(#""updated":"\#(files.path("kept"))""#) && spoken.out.contains("nothing was compared: ")
        )
        spoken = try await Self.watch(files, files.head(9), ["-o", "json"])
        #expect(spoken.out.contains(#""compared":[{"file":"\#(files.path("kept"))","head":{"origin":""#), "\(spoken)")
        #expect(spoken.out.contains(#""updated":"","lines":["head 9 of "#) && spoken.error.isEmpty, "\(spoken)")
        spoken = try await Self.watch(files, files.head(9), ["-o", "yaml"])
        #expect(spoken.out.hasPrefix("---\nkind: \"head\"\n"), "\(spoken)")
        let proof = try files.write("p", files.inclusion(of: 4, under: 9))
        spoken = await files.verify(proof, ["-o", "json"])
        #expect(spoken.status == 0 && spoken.out.hasPrefix(#"{"kind":"inclusion","heads":["#), "\(spoken)")
    }

    @Test(
        "only a head that is not there is absent: one that cannot be read ends in failure, and nothing is written over it"
    )
    func unreadable() async throws {
        let files = try LedgerFolder()
        let manager = FileManager.default
        try manager.createSymbolicLink(atPath: files.path("loop"), withDestinationPath: files.path("loop"))
        try manager.createSymbolicLink(atPath: files.path("gone"), withDestinationPath: files.path("unmounted/kept"))
        try manager.createDirectory(atPath: files.path("folder"), withIntermediateDirectories: false)
        for kept in ["loop", "gone", "folder", "log.key/kept"] {
            let spoken = try await Self.watch(files, files.head(5), kept: kept)
            #expect(spoken.status == 1 && spoken.error.hasPrefix("failed: "), "\(kept): \(spoken)")
        }
        for link in ["loop", "gone"] { _ = try manager.destinationOfSymbolicLink(atPath: files.path(link)) }
        let broken = try files.write("kept", String(files.head(5).text.dropLast()))
        let spoken = try await Self.watch(files, files.head(9))
        #expect(spoken.status == 2 && spoken.error.hasPrefix("\(broken): line "), "\(spoken)")
        #expect(try files.text("kept") == String(files.head(5).text.dropLast()))
    }

    @Test("a log that does not go on from the kept head is exit status 6, and the kept head stays")
    func contradicted() async throws {
        let files = try LedgerFolder()
        let other = ChainHash(words: (1, 2, 3, 4))
        let stranger = try #require(LedgerSigner(name: LedgerFolder.origin, seed: [UInt8](repeating: 9, count: 32)))
        let kepts: [(SignedHead, words: String)] = [
            (try files.head(9, incarnation: 1), "head 9 of incarnation 1 of "),
            (try files.head(5, incarnation: 2), "head 5 of incarnation 2 of "),
            (try files.head(5, chain: other), "fork: "),
            (SignedHead(try files.head(4).head, by: stranger), "the head is not signed by "),
        ]
        for (head, words) in kepts {
            for format in ["table", "json"] {
                _ = try files.write("kept", head.text)
                let spoken = try await Self.watch(files, files.head(5), ["--update", "-o", format])
                #expect(spoken.status == 6, "\(spoken)")
                let said = format == "json" ? spoken.out : spoken.error
                #expect(said.contains(words), "\(words): \(spoken)")
                if format == "json" {
                    #expect(spoken.out.hasPrefix(#"{"notProved":{"reason":""#) && spoken.error.isEmpty, "\(spoken)")
                    #expect(
                        spoken.out.contains(#""fork":"leasehold-ledger-proof 1 fork heads\n"#) == (words == "fork: "))
                }
                #expect(try files.text("kept") == head.text)
            }
        }
    }

    @Test("a proof that the coordinator refuses is exit status 6; where it says nothing of the log, nothing is known")
    func refused() async throws {
        let files = try LedgerFolder()
        let kept = try files.write("kept", files.head(5).text)
        let newest = try files.head(9)
        let refusals: [(Refusal, status: Int32)] = [
            (
                .invalid(
                    field: "head", value: "5 of incarnation 1", expected: "a head whose records the log still has"), 6
            ),
            (.notServing(reason: "the ledger is being read from the log"), 7),
        ]
        for (refusal, status) in refusals {
            let stub = StubCoordinator { asked in
                if case .askLog(.head) = asked.envelope.request {
                    return [.reply(LedgerFolder.shown(newest.text, newest))]
                }
                return [.reply(.refused(refusal))]
            }
            let arguments = ["ledger", "verify", "--key", files.path("log.key"), "--head", kept, "--update"]
            let spoken = try await Spoken.run(arguments, on: stub)
            #expect(spoken.status == status && spoken.error.contains(refusal.message), "\(spoken)")
            let object = try await Spoken.run(arguments + ["-o", "json"], on: stub)
            #expect(object.status == status, "\(object)")
            #expect(object.out.hasPrefix(status == 6 ? #"{"notProved":"# : #"{"refused":"#), "\(object)")
            #expect(try files.text("kept") == files.head(5).text)
        }
        // Standard input has no place for a newer head.
        let piped = await Spoken.run(["ledger", "verify", "--key", files.path("log.key"), "--head", "-", "--update"])
        #expect(piped.status == 2 && piped.error.contains("expected a file with --update"), "\(piped)")
    }

    @Test(
        "a head of another incarnation is not the same head: a restored log is proved to go on, and the restore is said"
    )
    func restored() async throws {
        for index in [5, 9] as [UInt64] {
            let files = try LedgerFolder()
            _ = try files.write("kept", files.head(index).text)
            let spoken = try await Self.watch(files, files.head(9, incarnation: 2))
            #expect(spoken.status == 0 && spoken.error.isEmpty, "\(spoken)")
            #expect(spoken.out.contains("head \(index) is the beginning of head 9: "), "\(spoken)")
            #expect(spoken.out.contains("the log was restored from a backup, as incarnation 2 after 1"), "\(spoken)")
            #expect(try files.text("kept") == files.head(9, incarnation: 2).text)
        }
    }
}
