import Foundation
import LeaseholdLog
import LeaseholdModel
import Testing

/// `leasectl ledger tickets`, from files to lines and exit status.
@Suite("leasectl ledger tickets")
struct LedgerTicketsTests {
    private func tickets(_ files: LedgerFolder, _ arguments: [String]) async -> Spoken {
        await Spoken.run(["ledger", "tickets"] + arguments + ["--key", files.path("log.key")])
    }

    @Test("a stranger reads what was to be done, since when, when it was done and when the GPU was handed back")
    func people() async throws {
        let files = try LedgerFolder()
        let all = try files.write("all", try files.export(6...8, under: 9))
        var spoken = await tickets(files, [all])
        #expect(spoken.status == 0 && spoken.error.isEmpty)
        #expect(
            spoken.out == """
                NODE         TICKET  GPU  PART    OPENED                DONE                  ACTION         \
                CLOSED                OUTCOME    LEASES
                hall/node-7      12    3  memory  2026-11-21T04:32:52Z  2026-11-21T05:32:52Z  reset the GPU  \
                2026-11-21T07:32:52Z  recovered  L3

                """)
        let some = try files.write("some", try files.inclusion(of: 7, under: 9))
        spoken = await tickets(files, [some, "--open"])
        #expect(spoken.out.contains("  reset the GPU  -       open     L3\n"), "\(spoken.out)")
    }

    @Test("scripts get every figure, and the records that say so")
    func scripts() async throws {
        let files = try LedgerFolder()
        let all = try files.write("all", try files.export(6...8, under: 9))
        let spoken = await tickets(files, [all, "-o", "json"])
        #expect(spoken.status == 0)
        for text in [
            #""node":"hall/node-7""#, #""number":"12""#, #""gpu":3"#, #""uuid":"GPU-8f6b""#,
            #""component":"memory""#, #""action":"reset the GPU""#, #""opened":"2026-11-21T04:32:52Z""#,
            #""done":"2026-11-21T05:32:52Z""#, #""closed":"2026-11-21T07:32:52Z""#, #""outcome":"recovered""#,
            #""leases":["L3"]"#, #""records":["7","8"]"#,
        ] {
            #expect(spoken.out.contains(text), "\(text) in \(spoken.out)")
        }
    }

    @Test("what is opened in one file of an export and closed in the next is one ticket, however they are named")
    func severalFiles() async throws {
        let files = try LedgerFolder()
        let first = try files.write("all", try files.export(6...7, under: 9))
        let second = try files.write("all.2", try files.export(8...8, under: 9))
        for proofs in [[first, second], [second, first], [first, second, first]] {
            let spoken = await tickets(files, proofs + ["-o", "json"])
            #expect(spoken.status == 0 && spoken.out.contains(#""records":["7","8"]"#), "\(spoken)")
            #expect(spoken.out.contains(#""outcome":"recovered""#))
        }
        var spoken = await tickets(files, [first, second, "--open"])
        #expect(spoken.error == "\(first), \(second) has no open ticket\n")
        spoken = await tickets(files, ["-", "-"])
        #expect(spoken.status == 2 && spoken.error.contains("standard input is read once"))
        let head = try files.write("head", files.head(9).text)
        spoken = await tickets(files, [first, head])
        #expect(spoken.status == 2 && spoken.error.contains("\(head) has no records"))
    }

    @Test("files that say two things of one record convict the log, and nothing of them is shown (L9)")
    func contradiction() async throws {
        let (files, forked) = (try LedgerFolder(), try LedgerFolder(isForked: true))
        let one = try files.write("one", try files.export(7...8, under: 9))
        let other = try files.write("other", try forked.export(8...8, under: 9))
        for proofs in [[one, other], [other, one]] {
            let spoken = await tickets(files, proofs)
            #expect(spoken.status == 6 && spoken.out.isEmpty, "\(spoken)")
            #expect(spoken.error.contains("record 8 is one thing in one file and another in the next"), "\(spoken)")
        }
        #expect(await tickets(files, [other]).status == 0)
    }

    @Test("where there is none, or none that is asked for, it says so")
    func none() async throws {
        let files = try LedgerFolder()
        let all = try files.write("all", try files.export(6...8, under: 9))
        var spoken = await tickets(files, [all, "--open"])
        #expect(spoken.status == 0 && spoken.out.isEmpty && spoken.error == "\(all) has no open ticket\n")
        spoken = await tickets(files, [all, "--node", "hall/node-8"])
        #expect(spoken.status == 0 && spoken.error == "\(all) has no ticket of hall/node-8\n")
        spoken = await tickets(files, [all, "--node", "hall/node-7"])
        #expect(spoken.out.contains("hall/node-7"))
    }

    @Test("nothing is shown of what is not proved")
    func unproved() async throws {
        let files = try LedgerFolder()
        let text = String(decoding: try files.inclusion(of: 7, under: 9).text, as: UTF8.self)
        let forged = try files.write("f", text.replacingOccurrences(of: "record 7 ", with: "record 6 "))
        let spoken = await tickets(files, [forged])
        #expect(spoken.status == 6 && spoken.out.isEmpty)
    }
}
