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

    private func welcome(_ key: String, incarnation: UInt32 = 1) -> Welcome {
        let reign = incarnation == 1 ? Reign(rawValue: 4) : Reign(rawValue: 1).next(in: incarnation)
        return Welcome(
            version: 1, cluster: "demo",
            reign: SeenReign(log: HeadKeeperTests.log, reign: reign, incarnation: Incarnation(high: 4, low: 5)),
            holds: .standard, head: .empty, ledgerKey: key)
    }

    /// A keeper that an agent begins with, and what it said of its files.
    private func opened() throws -> (keeper: HeadKeeper, said: [String]) {
        var said: [String] = []
        let keeper = try HeadKeeper(in: directory) { said.append($0) }
        return (keeper, said)
    }

    private func keeper() throws -> HeadKeeper {
        var (keeper, _) = try opened()
        #expect(keeper.believe(welcome(signer.key.text), on: HeadKeeperTests.link) == nil)
        return keeper
    }

    /// Keeps a head on the disk, as an agent that is over has.
    private func keep(_ text: HeadText) throws {
        var keeper = try keeper()
        #expect(keeper.take(text, on: HeadKeeperTests.link) == nil)
        #expect(keeper.save(at: .zero) == nil)
    }

    private func text(_ name: String) throws -> String {
        String(decoding: try AtomicFile.read("\(directory)/\(name)"), as: UTF8.self)
    }

    private var names: [String] { get throws { try AtomicFile.names(in: directory).sorted() } }

    private static func other(_ signer: LedgerSigner, seed: UInt8 = 4) throws -> LedgerSigner {
        try #require(LedgerSigner(name: signer.key.name, seed: Array(repeating: seed, count: 32)))
    }

    @Test("the highest is kept, on the disk too, and a later incarnation is higher than any record")
    func highest() throws {
        defer { remove() }
        var keeper = try keeper()
        #expect(keeper.shown == nil && keeper.nextSave == .never)
        for (text, index) in [(try head(7), 7), (try head(9), 9), (try head(8), 9), (try head(3, incarnation: 2), 3)] {
            #expect(keeper.take(text, on: HeadKeeperTests.link) == nil)
            #expect(keeper.figures.index.rawValue == index)
        }
        #expect(keeper.take(try head(99), on: HeadKeeperTests.link) == nil)
        #expect(keeper.figures.index.rawValue == 3)
        #expect(keeper.nextSave <= .zero + .seconds(10))
        #expect(keeper.save(at: .zero + .seconds(20)) == nil)
        #expect(keeper.nextSave == .never)
        let (again, said) = try opened()
        #expect(again.shown == (try head(3, incarnation: 2)))
        #expect(said.count == 1)
        #expect(try text("ledger.key") == signer.key.text + "\n", "what the head can be checked with")
    }

    @Test("a head that the log's key has not signed, or that comes from elsewhere, is not kept")
    func strangers() throws {
        defer { remove() }
        var keeper = try keeper()
        let other = try Self.other(signer)
        #expect(keeper.take(try head(7, by: other), on: HeadKeeperTests.link) != nil)
        #expect(keeper.take(try #require(HeadText("nonsense")), on: HeadKeeperTests.link) != nil)
        #expect(keeper.take(try head(7), on: ConnectionID(rawValue: 6)) == nil)
        #expect(keeper.shown == nil)
        // A welcome without a key, and one with the key of another log.
        let elsewhere = try #require(LedgerSigner(name: signer.key.name + "0", seed: Array(repeating: 5, count: 32)))
        for key in ["no key", elsewhere.key.text] {
            #expect(keeper.believe(welcome(key), on: HeadKeeperTests.link) != nil)
            #expect(keeper.take(try head(7), on: HeadKeeperTests.link) == nil)
            #expect(keeper.shown == nil)
        }
    }

    @Test("two heads that cannot both be true are a fork, and its first proof is kept for anybody to check")
    func fork() throws {
        defer { remove() }
        var keeper = try keeper()
        #expect(keeper.take(try head(7), on: HeadKeeperTests.link) == nil)
        guard case .evidence(let finding)? = keeper.take(try head(7, chain: 1), on: HeadKeeperTests.link) else {
            Issue.record("no evidence")
            return
        }
        #expect(finding.contains("cannot both be true"))
        let first = try text("ledger-fork.proof")
        try LedgerProof(text: Array(first.utf8)).check([signer.key])
        #expect(keeper.take(try head(7, chain: 2), on: HeadKeeperTests.link) != nil)
        #expect(try text("ledger-fork.proof") == first)
        #expect(keeper.shown == (try head(7)) && keeper.figures.forkCount == 2)
    }

    @Test("a file that holds no head which was kept is set aside and said; no hello says it, and the next head is kept")
    func rotten() throws {
        defer { remove() }
        try keep(try head(7))
        let good = try text("ledger.head")
        var long = try SignedHead(text: Array(good.utf8))
        for number in 1...9 as ClosedRange<UInt8> {
            let name = "tenant/\(String(repeating: "x", count: 40))\(number)"
            let tenant = try #require(LedgerSigner(name: name, seed: Array(repeating: number, count: 32)))
            try long.add(tenant.signature(of: long.head))
        }
        let damages = [
            "leasehold", "", good.replacingOccurrences(of: "\n7\n", with: "\n8\n"), String(good.dropLast(3)),
            try head(7, by: Self.other(signer)).text, long.text,
        ]
        for (number, damaged) in damages.enumerated() {
            try AtomicFile.write(Array(damaged.utf8), to: directory + "/ledger.head")
            var (keeper, said) = try opened()
            #expect(keeper.shown == nil, "\(damaged)")
            #expect(said.count == 1 && said[0].contains("ledger.head.aside-\(number + 1)"), "\(said)")
            #expect(try text("ledger.head.aside-\(number + 1)") == damaged)
            #expect(keeper.figures.asideCount == UInt64(number + 1))
            #expect(keeper.believe(welcome(signer.key.text), on: HeadKeeperTests.link) == nil)
            #expect(keeper.take(try head(9), on: HeadKeeperTests.link) == nil)
            #expect(keeper.save(at: .zero) == nil)
            #expect(try text("ledger.head") == head(9).text)
        }
    }

    @Test("where as many files lie aside as are kept, a damaged one stays where it is, and nothing is written over it")
    func noRoom() throws {
        defer { remove() }
        try keep(try head(7))
        for number in 1...16 {
            try AtomicFile.write([UInt8(number)], to: directory + "/ledger.head.aside-\(number)")
        }
        // Nor is another key taken, whose heads would take the place of the old one's.
        let other = try Self.other(signer)
        var (kept, _) = try opened()
        #expect(kept.believe(welcome(other.key.text), on: HeadKeeperTests.link) != nil)
        #expect(kept.take(try head(9, by: other), on: HeadKeeperTests.link) == nil)
        #expect(kept.shown == (try head(7)))
        try AtomicFile.write(Array("leasehold".utf8), to: directory + "/ledger.head")
        var (keeper, said) = try opened()
        #expect(said.count == 1 && said[0].contains("left where it is"), "\(said)")
        #expect(keeper.believe(welcome(signer.key.text), on: HeadKeeperTests.link) == nil)
        #expect(keeper.take(try head(9), on: HeadKeeperTests.link) == nil)
        #expect(keeper.shown == (try head(9)))
        #expect(keeper.nextSave == .never && keeper.save(at: .zero) == nil)
        #expect(try text("ledger.head") == "leasehold")
    }

    @Test(
        "a damaged key is set aside; the head beside it waits for the next welcome, and is kept or set aside by its key"
    )
    func rottenKey() throws {
        defer { remove() }
        for (isSame, index) in [(true, 7), (false, 17)] as [(Bool, UInt64)] {
            try keep(try head(index))
            let key = try text("ledger.key")
            try AtomicFile.write(Array(key.dropLast(5).utf8), to: directory + "/ledger.key")
            var (keeper, said) = try opened()
            #expect(said.count == 2 && said[0].contains("ledger.key.aside-"), "\(said)")
            #expect(keeper.shown == (try head(index)))
            let found = try isSame ? signer : Self.other(signer)
            let finding = keeper.believe(welcome(found.key.text), on: HeadKeeperTests.link)
            #expect((finding == nil) == isSame && (keeper.shown == nil) != isSame)
            #expect(keeper.take(try head(index + 1, by: found), on: HeadKeeperTests.link) == nil)
            #expect(keeper.save(at: .zero) == nil)
            #expect(try text("ledger.key") == found.key.text + "\n")
        }
        #expect(try text("ledger.head.aside-3") == head(17).text)
    }

    @Test(
        "another key of the same log is evidence: what the old one has signed is kept aside, whatever comes after (L9)")
    func otherKey() throws {
        defer { remove() }
        var keeper = try keeper()
        // Not on the disk yet.
        #expect(keeper.take(try head(7), on: HeadKeeperTests.link) == nil)
        let other = try Self.other(signer)
        guard case .evidence(let words)? = keeper.believe(welcome(other.key.text), on: HeadKeeperTests.link) else {
            Issue.record("taken in silence")
            return
        }
        #expect(
            words.contains(other.key.text) && words.contains(signer.key.text) && words.contains("ledger.head.aside-1"))
        #expect(try text("ledger.head.aside-1") == head(7).text)
        #expect(try text("ledger.key.aside-1") == signer.key.text + "\n")
        #expect(keeper.figures.keyChangeCount == 1 && keeper.figures.asideCount == 1)
        // It is a witness of the new key's heads from here on.
        #expect(keeper.take(try head(5, by: other), on: HeadKeeperTests.link) == nil)
        #expect(keeper.shown == (try head(5, by: other)))
        #expect(keeper.save(at: .zero) == nil)
        // The old one comes back, and with it its highest head; what the other has signed is evidence too.
        #expect(keeper.believe(welcome(signer.key.text), on: HeadKeeperTests.link) != nil)
        #expect(keeper.shown == (try head(7)) && keeper.figures.keyChangeCount == 2)
        #expect(try text("ledger.head.aside-2") == head(5, by: other).text)
        #expect(try text("ledger.head.aside-1") == head(7).text)
        #expect(keeper.save(at: .zero) == nil)
        #expect(try opened().keeper.shown == (try head(7)))
    }

    @Test("a restored log may have another key: that is no evidence, and what the old one has signed is kept aside too")
    func restored() throws {
        defer { remove() }
        try keep(try head(7))
        var (keeper, _) = try opened()
        let other = try Self.other(signer)
        let finding = keeper.believe(welcome(other.key.text, incarnation: 2), on: HeadKeeperTests.link)
        guard case .trouble(let words)? = finding else {
            Issue.record("\(String(describing: finding))")
            return
        }
        #expect(words.contains("the log was restored, as incarnation 2"))
        #expect(keeper.figures.keyChangeCount == 0)
        #expect(try text("ledger.head.aside-1") == head(7).text)
        #expect(keeper.take(try head(8, incarnation: 2, by: other), on: HeadKeeperTests.link) == nil)
        #expect(keeper.save(at: .zero) == nil)
        // Now that it is of the later incarnation, one more key is evidence.
        guard case .evidence? = keeper.believe(welcome(signer.key.text, incarnation: 2), on: HeadKeeperTests.link)
        else {
            Issue.record("taken in silence")
            return
        }
        #expect(try names.count == 4)
    }
}
