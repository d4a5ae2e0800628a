import Foundation
import LeaseholdLog
import LeaseholdModel
import Testing

/// `leasectl ledger certificates`, from files to lines and exit status.
@Suite("leasectl ledger certificates")
struct LedgerCertificatesTests {
    private func certificates(_ files: LedgerFolder, _ arguments: [String], keys: [String] = ["log.key"]) async -> Spoken {
        let keys = keys.flatMap { ["--key", files.path($0)] }
        return await Spoken.run(["ledger", "certificates"] + arguments + keys)
    }

    @Test("a stranger reads what was used, what was done, when, and whose word it is")
    func people() async throws {
        let files = try LedgerFolder()
        let proof = try files.write("p", try files.inclusion(of: 6, under: 9))
        let spoken = await certificates(files, [proof])
        #expect(spoken.status == 0 && spoken.error.isEmpty)
        #expect(
            spoken.out == """
                L3 under 2.3 on hall/node-7 (record 6, 2026-11-21T04:32:52Z): held 2026-11-21T04:32:52Z to \
                2026-11-21T06:32:52Z, energy not known of every GPU
                  GPU 0 GPU-8f6b: 2000Wh used
                  GPU 3 -: not metered
                  2026-11-21T06:32:52Z ending what is left on the GPUs, after 2 that failed: ended processes 7
                  2026-11-21T06:32:52Z looking whether the GPUs are clean: no process

                """)
    }

    @Test("scripts get every figure")
    func scripts() async throws {
        let files = try LedgerFolder()
        let proof = try files.write("p", try files.inclusion(of: 6, under: 9))
        let spoken = await certificates(files, [proof, "-o", "json"])
        #expect(spoken.status == 0)
        for text in [
            #""lease":"L3""#, #""node":"hall/node-7""#, #""energyMillijoules":"7200000123""#,
            #""energyMillijoules":null"#, #""failureCount":2"#, #""evidence":"ended processes 7""#,
            #""record":"6""#,
        ] {
            #expect(spoken.out.contains(text), "\(text) in \(spoken.out)")
        }
    }

    @Test("of another lease, or of a proof without any, it says that there is none")
    func none() async throws {
        let files = try LedgerFolder()
        let proof = try files.write("p", try files.inclusion(of: 6, under: 9))
        var spoken = await certificates(files, [proof, "--lease", "L4"])
        #expect(spoken.status == 0 && spoken.out.isEmpty && spoken.error == "\(proof) has no certificate of L4\n")
        spoken = await certificates(files, [proof, "--lease", "L3"])
        #expect(spoken.out.hasPrefix("L3 under"))
        let other = try files.write("o", try files.inclusion(of: 4, under: 9))
        spoken = await certificates(files, [other])
        #expect(spoken.status == 0 && spoken.error == "\(other) has no certificate\n")
    }

    @Test("nothing is shown of what is not proved")
    func unproved() async throws {
        let files = try LedgerFolder()
        let text = String(decoding: try files.inclusion(of: 6, under: 9).text, as: UTF8.self)
        let forged = try files.write("f", text.replacingOccurrences(of: "record 6 ", with: "record 5 "))
        var spoken = await certificates(files, [forged])
        #expect(spoken.status == 6 && spoken.out.isEmpty)
        spoken = await certificates(files, [try files.write("p", text)], keys: ["acme.key"])
        #expect(spoken.status == 6 && spoken.out.isEmpty)
        spoken = await certificates(files, [files.path("p")], keys: [])
        #expect(spoken.status == 2)
    }
}
