import Foundation
import LeaseholdLog
import LeaseholdModel
import Testing

/// `leasectl ledger head|prove|sign|keygen`: what they write, and what scripts read.
@Suite("leasectl ledger, answers")
struct LedgerAnswerTests {
    /// A coordinator that answers every question with this.
    private static func stub(_ reply: Reply) -> StubCoordinator { StubCoordinator { _ in [.reply(reply)] } }

    @Test("with -o json the answer is printed as an object, and written to its file as it is")
    func objects() async throws {
        let files = try LedgerFolder()
        let head = try files.head(9)
        let inclusion = String(decoding: try files.inclusion(of: 4, under: 9).text, as: UTF8.self)
        let kept = try files.write("kept", files.head(5).text)
        let grown = String(decoding: files.consistency(from: try files.head(5), to: head).text, as: UTF8.self)
        for (arguments, text) in [
            (["head"], head.text), (["prove", "4"], inclusion), (["prove", "--since", kept], grown),
        ] {
            let stub = Self.stub(LedgerFolder.shown(text, head))
            let arguments = ["ledger"] + arguments + ["--key", files.path("log.key")]
            let plain = try await Spoken.run(arguments, on: stub)
            #expect(plain.status == 0 && plain.out == text, "\(plain)")
            let object = try await Spoken.run(arguments + ["--to", files.path("out"), "-o", "json"], on: stub)
            #expect(
                object.status == 0 && object.out.hasPrefix(#"{"text":""#) && object.error.hasPrefix("head "),
                "\(object)")
            #expect(object.out.contains(#""through":"9","head":"9""#), "\(object)")
            #expect(try files.text("out") == text)
            // What is not signed by the key is not written, in no format.
            for format in ["table", "json"] {
                let more = ["--key", files.path("wrong.key"), "--to", files.path("not"), "-o", format]
                let stranger = try #require(LedgerSigner(name: "auditor", seed: [UInt8](repeating: 9, count: 32)))
                _ = try files.write("wrong.key", stranger.key.text)
                let refused = try await Spoken.run(arguments + more, on: stub)
                #expect(refused.status == 6, "\(refused)")
                let said = format == "json" ? refused.out : refused.error
                let opening = format == "json" ? #"{"notProved":{"reason":"not proved: "# : "not proved: "
                #expect(said.hasPrefix(opening) && (format == "json") == refused.error.isEmpty, "\(refused)")
                #expect(try !files.names.contains("not"))
            }
        }
    }

    @Test("a proof of something else than was asked for is none")
    func somethingElse() async throws {
        let files = try LedgerFolder()
        let head = try files.head(9)
        let inclusion = String(decoding: try files.inclusion(of: 4, under: 9).text, as: UTF8.self)
        let kept = try files.write("kept", files.head(5).text)
        for arguments in [["head"], ["prove", "3"], ["prove", "4", "--head", kept], ["prove", "--since", kept]] {
            let spoken = try await Spoken.run(
                ["ledger"] + arguments + ["--key", files.path("log.key")],
                on: Self.stub(LedgerFolder.shown(inclusion, head)))
            #expect(spoken.status == 6 && spoken.out.isEmpty, "\(arguments): \(spoken)")
            #expect(spoken.error.contains(" is about something else than what was asked for"), "\(spoken)")
        }
    }

    @Test("what is signed is fixed before it is sent: run again with the same id, the same head goes out")
    func sign() async throws {
        let files = try LedgerFolder()
        let head = SignedHead(try files.head(9).head, by: files.signer)
        let (given, signed) = (try files.write("my.head", head.text), files.path("signed.head"))
        _ = try files.write("acme.secret", files.tenant.secretText + "\n")
        let stub = StubCoordinator { asked in
            asked.requestNumber == 1
                ? [.reply(.refused(.notAllowed(principal: "tenant/other", action: "sign as tenant/acme")))]
                : [
                    .reply(
                        .countersigned(
                            HeadCountersigned(head: RecordIndex(rawValue: 9), record: RecordIndex(rawValue: 10))))
                ]
        }
        func sign(_ head: String, _ more: [String] = []) async throws -> Spoken {
            try await Spoken.run(
                ["ledger", "sign", head, "--secret-key", files.path("acme.secret"), "--key", files.path("log.key")]
                    + ["--request-id", "\(Spoken.id)", "--to", signed] + more, on: stub)
        }
        let refused = try await sign(given, ["-o", "json"])
        #expect(refused.status == 4 && refused.out.hasPrefix(#"{"refused":{"code":"notAllowed""#), "\(refused)")
        #expect(try files.text("signed.head") == files.head(9).text, "written before it was sent")
        // Again, from the same file, and from what was written.
        for head in [given, signed] {
            let spoken = try await sign(head)
            #expect(spoken.status == 0 && spoken.out.hasPrefix("record 10 has your signature"), "\(spoken)")
        }
        #expect(try files.text("signed.head") == files.head(9).text)
        let asked = stub.asked.map(\.envelope)
        #expect(asked.count == 3 && asked.allSatisfy { $0 == asked[0] })
        guard case .countersignHead(let countersigned) = asked[0].request else {
            Issue.record("\(asked)")
            return
        }
        #expect(try countersigned.head.text == files.head(9).text)
        // One that the log has not signed is not signed, nor is one with a signature of that name that is wrong.
        let stranger = try #require(LedgerSigner(name: LedgerFolder.origin, seed: [UInt8](repeating: 9, count: 32)))
        let forged = try files.head(8).text.split(separator: "\n").last.map { head.text + $0 + "\n" }
        for text in [SignedHead(head.head, by: stranger).text, try #require(forged)] {
            let spoken = try await sign(try files.write("bad.head", text))
            #expect(spoken.status == 6 && spoken.error.hasPrefix("not proved: "), "\(spoken)")
        }
        #expect(stub.asked.count == 3)
        #expect(await Spoken.run(["ledger", "sign", "--secret-key", "a", "--key", "b"]).status == 2)
    }

    @Test("a key pair is made in two files, never over others, and scripts read where they are")
    func keygen() async throws {
        let files = try LedgerFolder()
        let made = await Spoken.run(["ledger", "keygen", "tenant/acme", "--to", files.path("k"), "-o", "json"])
        let key = try files.text("k.pub").dropLast()
        #expect(made.status == 0, "\(made)")
        #expect(
            made.out == #"{"name":"tenant/acme","key":"\#(key)","secretKeyFile":"\#(files.path("k"))","#
                + #""publicKeyFile":"\#(files.path("k")).pub"}"# + "\n")
        let again = await Spoken.run(["ledger", "keygen", "tenant/acme", "--to", files.path("k")])
        #expect(again.status == 6 && again.out.isEmpty, "\(again)")
        try FileManager.default.createSymbolicLink(atPath: files.path("l"), withDestinationPath: files.path("away"))
        #expect(await Spoken.run(["ledger", "keygen", "tenant/acme", "--to", files.path("l")]).status == 6)
        let forced = await Spoken.run(["ledger", "keygen", "tenant/acme", "--to", files.path("k"), "--force"])
        #expect(try forced.status == 0 && forced.out == files.text("k.pub"), "\(forced)")
    }
}
