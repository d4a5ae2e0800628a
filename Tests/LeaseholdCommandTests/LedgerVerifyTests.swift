import Foundation
import LeaseholdLog
import LeaseholdModel
import Testing

/// `leasectl ledger verify --offline`, from files to lines and exit status.
@Suite("leasectl ledger verify")
struct LedgerVerifyTests {
    @Test("a record of the log: its head and the record, a line each")
    func inclusion() async throws {
        let files = try LedgerFolder()
        let proof = try files.write("p", try files.inclusion(of: 4, under: 9))
        let spoken = await files.verify(proof, keys: ["log.key", "acme.key"])
        #expect(spoken.status == 0 && spoken.error.isEmpty)
        let lines = spoken.out.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(
            lines[0].hasPrefix("head 9 of \(LedgerFolder.origin), reign 2, at 2026-11-21T04:32:52Z, root ")
                && lines[0].hasSuffix(" is signed by \(LedgerFolder.origin) and tenant/acme"))
        #expect(
            lines[1] == "record 4 is in the log of head 9: \(files.records[3].count) bytes, by operator/ops at "
                + "2026-11-21T04:32:52Z, about lease L3")
    }

    @Test("two heads, and a head alone")
    func consistency() async throws {
        let files = try LedgerFolder()
        var prover = files.prover
        let (old, new) = (RecordIndex(rawValue: 5), RecordIndex(rawValue: 9))
        let (older, newer) = (try files.head(5), try files.head(9))
        let proof = try files.write(
            "p", .consistency(older: older, newer: newer, path: prover.consistency(from: old, to: new)))
        let kept = try files.write("kept", older.text)
        let spoken = await files.verify(proof, ["--head", kept])
        #expect(spoken.status == 0)
        let lines = spoken.out.split(separator: "\n")
        #expect(lines.count == 4)
        #expect(lines[2] == "head 5 is the beginning of head 9: the first 5 records are the same")
        #expect(lines[3] == "\(kept) is head 5 of the proof")
        let alone = await files.verify(kept)
        #expect(alone.status == 0 && alone.out.hasPrefix("head 5 of "))
    }

    @Test("a proof that is none is exit status 6 with its reason, a file that is no proof exit status 2 with its line")
    func refused() async throws {
        let files = try LedgerFolder()
        let proof = String(decoding: try files.inclusion(of: 4, under: 9).text, as: UTF8.self)
        let record = "record 4 "
        let other = try files.write("other", proof.replacingOccurrences(of: record, with: "record 3 "))
        var spoken = await files.verify(other)
        #expect(spoken.status == 6 && spoken.out.isEmpty)
        #expect(spoken.error.hasPrefix("not proved: \(other): the path leads to the root "))
        spoken = await files.verify(try files.write("p", proof), keys: ["acme.key"])
        #expect(spoken.status == 6 && spoken.error.hasSuffix(": no key of \(LedgerFolder.origin) is given\n"))
        let broken = try files.write("broken", proof.replacingOccurrences(of: record, with: "record 04 "))
        spoken = await files.verify(broken)
        #expect(spoken.status == 2 && spoken.error == "\(broken): line 13: expected a number up to 281474976710655\n")
        spoken = await files.verify(try files.write("half", String(proof.dropLast(50))))
        #expect(spoken.status == 2)
        spoken = await files.verify(broken, keys: ["broken"])
        #expect(spoken.status == 2)
        spoken = await files.verify(files.path("nowhere"))
        #expect(spoken.status == 1 && spoken.error.contains("cannot be opened"))
    }

    @Test("a head that was kept and contradicts the proof is a fork, and its proof is printed for anybody to check")
    func fork() async throws {
        let files = try LedgerFolder()
        let proof = try files.write("p", try files.inclusion(of: 4, under: 9))
        let other = ChainHash(words: (1, 2, 3, 4))
        let kept = try files.write("kept", try files.head(9, chain: other).text)
        let spoken = await files.verify(proof, ["--head", kept])
        #expect(spoken.status == 6)
        #expect(spoken.error.hasPrefix("fork: "))
        let evidence = await files.verify(try files.write("fork", spoken.out), keys: ["acme.key"])
        #expect(evidence.status == 0)
        #expect(evidence.out.hasSuffix("tenant/acme signed heads 9 and 9, which cannot both be true: a fork\n"))

        for (name, kept) in [
            ("size", try files.head(8)), ("restored", try files.head(9, chain: other, incarnation: 2)),
            ("left behind", try files.head(9, incarnation: 2)),
        ] {
            let unrelated = await files.verify(proof, ["--head", try files.write(name, kept.text)])
            #expect(unrelated.status == 6 && unrelated.error.contains("a proof of consistency from it is needed"))
        }
    }

    @Test("a key and --offline must be given")
    func usage() async throws {
        for arguments in [["p"], ["--offline", "p"], ["p", "--key", "k"]] {
            #expect(await Spoken.run(["ledger", "verify"] + arguments).status == 2)
        }
    }
}
