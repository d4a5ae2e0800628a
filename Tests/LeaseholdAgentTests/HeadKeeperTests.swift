import Foundation
import LeaseholdAgent
import LeaseholdLog
import LeaseholdModel
import LeaseholdPlatform
import Testing

@Suite("the heads that an agent keeps (L9)")
struct HeadKeeperTests {
    private let directory: String
    private let signer: LedgerSigner
    private static let log = LogID(high: 1, low: 2)
    private static let link = ConnectionID(rawValue: 5)

    init() throws {
        directory = FileManager.default.temporaryDirectory.path + "/heads-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let name = LedgerHead.origin(cluster: "demo", log: HeadKeeperTests.log)
        signer = try #require(LedgerSigner(name: name, seed: Array(repeating: 3, count: 32)))
    }

    private func remove() {
        do { try FileManager.default.removeItem(atPath: directory) } catch { Issue.record("\(directory): \(error)") }
    }

    private func head(
        _ index: UInt64, incarnation: UInt32 = 1, chain: UInt64 = 0, by other: LedgerSigner? = nil
    ) throws -> HeadText {
        let head = LedgerHead(
            cluster: "demo", log: HeadKeeperTests.log, index: RecordIndex(rawValue: index), root: .empty,
            chain: ChainHash(words: (chain, 0, 0, 0)), incarnation: incarnation, reign: Reign(rawValue: 1),
            at: CalendarInstant(nanoseconds: 0))
        return try #require(HeadText(SignedHead(head, by: other ?? signer).text))
    }

    private func keeper() throws -> HeadKeeper {
        var keeper = try HeadKeeper(in: directory) { _ in }
        #expect(keeper.believe(signer.key.text, on: HeadKeeperTests.link) == nil)
        return keeper
    }

    @Test("the highest is kept, on the disk too, and a later incarnation is higher than any record")
    func highest() throws {
        defer { remove() }
        var keeper = try keeper()
        #expect(keeper.shown == nil && keeper.nextSave == .never)
        for (text, index) in [(try head(7), 7), (try head(9), 9), (try head(8), 9), (try head(3, incarnation: 2), 3)] {
            #expect(keeper.take(text, on: HeadKeeperTests.link) == nil)
            #expect(keeper.index.rawValue == index)
        }
        #expect(keeper.take(try head(99), on: HeadKeeperTests.link) == nil)
        #expect(keeper.index.rawValue == 3)
        #expect(keeper.nextSave <= .zero + .seconds(10))
        #expect(keeper.save(at: .zero + .seconds(20)) == nil)
        #expect(keeper.nextSave == .never)
        var lines: [String] = []
        let again = try HeadKeeper(in: directory) { lines.append($0) }
        #expect(again.shown == (try head(3, incarnation: 2)))
        #expect(lines.count == 1)
    }

    @Test("a head that the log's key has not signed, or that comes from elsewhere, is not kept")
    func strangers() throws {
        defer { remove() }
        var keeper = try keeper()
        let other = try #require(LedgerSigner(name: signer.key.name, seed: Array(repeating: 4, count: 32)))
        #expect(keeper.take(try head(7, by: other), on: HeadKeeperTests.link) != nil)
        #expect(keeper.take(try #require(HeadText("nonsense")), on: HeadKeeperTests.link) != nil)
        #expect(keeper.take(try head(7), on: ConnectionID(rawValue: 6)) == nil)
        #expect(keeper.shown == nil)
        #expect(keeper.believe("no key", on: HeadKeeperTests.link) != nil)
        #expect(keeper.take(try head(7), on: HeadKeeperTests.link) == nil)
        #expect(keeper.shown == nil)
    }

    @Test("two heads that cannot both be true are a fork, and its proof is kept for anybody to check")
    func fork() throws {
        defer { remove() }
        var keeper = try keeper()
        #expect(keeper.take(try head(7), on: HeadKeeperTests.link) == nil)
        let finding = try #require(keeper.take(try head(7, chain: 1), on: HeadKeeperTests.link))
        #expect(finding.contains("cannot both be true"))
        let proof = try LedgerProof(text: AtomicFile.read(directory + "/ledger-fork.proof"))
        try proof.check([signer.key])
        #expect(keeper.shown == (try head(7)))
    }

    @Test("a file that holds no head is as good as none, and said")
    func rotten() throws {
        defer { remove() }
        try AtomicFile.write(Array("leasehold".utf8), to: directory + "/ledger.head")
        var lines: [String] = []
        let keeper = try HeadKeeper(in: directory) { lines.append($0) }
        #expect(keeper.shown == nil && lines.count == 1)
    }
}
