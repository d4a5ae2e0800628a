import Foundation
import LeaseholdLog
import LeaseholdModel
import Testing

/// `leasectl ledger export`: pages put together, files whole or not there.
@Suite("leasectl ledger export")
struct LedgerExportTests {
    private static let head = 60_000 as UInt64

    /// A coordinator that shows so many records on each page, each after a thousand that were looked at.
    ///
    /// Their paths are empty: nobody checks them here, and a file of 32,768 records is made fast.
    private static func stub(_ files: LedgerFolder, pages: [Int?]) throws -> StubCoordinator {
        var head = try files.head(9)
        head = SignedHead(
            LedgerHead(
                cluster: "demo", log: LedgerFolder.log, index: RecordIndex(rawValue: LedgerExportTests.head),
                root: head.head.root, chain: .zero, incarnation: 1, reign: Reign(rawValue: 2), at: Spoken.now),
            by: files.signer)
        let signed = head
        return StubCoordinator { asked in
            guard case .askLog(.export(tenant: "acme", let first, let under)) = asked.envelope.request else {
                return [.reply(.refused(.notServing(reason: "not in this test")))]
            }
            let number = asked.requestNumber - 1
            guard number == 0 || under?.text == signed.text, number < pages.count, let count = pages[number] else {
                return [.reply(.refused(.notServing(reason: "page \(number)")))]
            }
            let records = (0..<UInt64(count)).map { position in
                LedgerRecord(index: RecordIndex(rawValue: first.rawValue + position), bytes: [1, 2, 3], path: [])
            }
            let isLast = number == pages.count - 1
            let last = isLast ? LedgerExportTests.head : max(first.rawValue, first.rawValue + UInt64(count) - 1)
            let text = String(decoding: LedgerProof.export(signed, records).text, as: UTF8.self)
            return [.reply(LedgerFolder.shown(text, signed, through: last))]
        }
    }

    private static func export(
        _ files: LedgerFolder, pages: [Int?], _ more: [String] = []
    ) async throws -> Spoken {
        try await Spoken.run(
            ["ledger", "export", "--principal", "tenant/acme", "--timeout", "5s", "--to", files.path("acme.proof")]
                + more,
            on: stub(files, pages: pages))
    }

    private static func indices(_ files: LedgerFolder, _ name: String) throws -> [UInt64] {
        guard case .export(_, let records) = try LedgerProof(text: Array(files.text(name).utf8)) else {
            throw CocoaError(.fileReadCorruptFile)
        }
        return records.map(\.index.rawValue)
    }

    private static func names(_ files: LedgerFolder) throws -> [String] {
        try files.names.filter { $0.hasPrefix("acme.proof") }
    }

    @Test("pages make one file, under the head of the first; more than a file holds goes into further ones")
    func pages() async throws {
        let files = try LedgerFolder()
        var spoken = try await Self.export(files, pages: [3, 0, 4])
        #expect(spoken.status == 0 && spoken.out.isEmpty, "\(spoken)")
        // The empty page looked at one record.
        #expect(try Self.indices(files, "acme.proof") == [1, 2, 3, 5, 6, 7, 8])
        #expect(try Self.names(files) == ["acme.proof"])
        spoken = try await Self.export(files, pages: [16_400, 16_400, 16_400], ["-o", "json"])
        #expect(spoken.status == 0, "\(spoken)")
        #expect(
            spoken.out.hasPrefix(#"{"tenant":"acme","from":"1","head":{"origin":""#)
                && spoken.out.hasSuffix(
                    #""records":"49200","files":["\#(files.path("acme.proof"))","\#(files.path("acme.proof")).2","#
                        + #""\#(files.path("acme.proof")).3"],"text":""}"# + "\n"),
            "\(spoken)")
        #expect(try Self.names(files) == ["acme.proof", "acme.proof.2", "acme.proof.3"])
        #expect(try Self.indices(files, "acme.proof.3").first == 32_801)
        // Without a file only one fits.
        let none = try await Spoken.run(
            ["ledger", "export", "--tenant", "acme", "-o", "json"], on: try Self.stub(files, pages: [2]))
        #expect(
            none.status == 0 && none.out.contains(#""files":[],"text":"leasehold-ledger-proof 1 export 2\n"#), "\(none)"
        )
        let many = try await Spoken.run(
            ["ledger", "export", "--tenant", "acme"], on: try Self.stub(files, pages: [16_400, 16_400]))
        #expect(many.status == 2 && many.out.isEmpty, "\(many)")
    }

    @Test(
        "an export takes the place of the whole one before it; one that fails leaves that as it was, and nothing of itself"
    )
    func replaced() async throws {
        let files = try LedgerFolder()
        _ = try await Self.export(files, pages: [16_400, 16_400, 16_400])
        let before = try Self.indices(files, "acme.proof")
        for pages in [[nil], [3, nil], [16_400, 16_400, nil]] as [[Int?]] {
            let failed = try await Self.export(files, pages: pages)
            #expect(failed.status == 7, "\(failed)")
            #expect(try Self.names(files) == ["acme.proof", "acme.proof.2", "acme.proof.3"])
            #expect(try Self.indices(files, "acme.proof") == before)
        }
        // What one that was killed has left aside, too.
        for name in ["acme.proof.new", "acme.proof.2.new", "acme.proof.7.new"] { _ = try files.write(name, "half") }
        let spoken = try await Self.export(files, pages: [2])
        #expect(spoken.status == 0, "\(spoken)")
        #expect(try Self.names(files) == ["acme.proof"])
        #expect(try Self.indices(files, "acme.proof") == [1, 2])
    }

    @Test("a file that is no export is not written over for its name, nor taken for a part")
    func inTheWay() async throws {
        let files = try LedgerFolder()
        _ = try files.write("acme.proof.2", "my notes\n")
        let spoken = try await Self.export(files, pages: [2])
        #expect(spoken.status == 6 && spoken.error.contains("acme.proof.2 is no export"), "\(spoken)")
        #expect(try files.text("acme.proof.2") == "my notes\n")
        #expect(try Self.names(files) == ["acme.proof.2"])
    }

    @Test("an answer that is not the one to the question ends it")
    func somethingElse() async throws {
        let files = try LedgerFolder()
        let head = try files.head(9)
        func export(_ records: [UInt64], through: UInt64, from: String) async throws -> Spoken {
            let records = records.map { LedgerRecord(index: RecordIndex(rawValue: $0), bytes: [1], path: []) }
            let text = String(decoding: LedgerProof.export(head, records).text, as: UTF8.self)
            return try await Spoken.run(
                ["ledger", "export", "--tenant", "acme", "--from", from],
                on: StubCoordinator { _ in [.reply(LedgerFolder.shown(text, head, through: through))] })
        }
        #expect(try await export([4], through: 9, from: "3").status == 0)
        for (records, through, from) in [([2], 9, "3"), ([4], 3, "3"), ([], 2, "3")] as [([UInt64], UInt64, String)] {
            let spoken = try await export(records, through: through, from: from)
            #expect(spoken.status == 6 && spoken.error.contains("is not the export that was asked for"), "\(spoken)")
        }
    }
}
