import Foundation
import LeaseholdBroker
import LeaseholdCoordinator
import LeaseholdLog
import LeaseholdModel
import LeaseholdPlatform
import LeaseholdProtocol
import Testing

@Suite("The clerk of the ledger")
struct LedgerClerkTests {
    private let path: String

    init() throws { path = try LedgerDesk.make() }

    private func remove() {
        do { try FileManager.default.removeItem(atPath: path) } catch { Issue.record("\(path): \(error)") }
    }

    @Test("it signs what is in the log, over many tiles and segments, however it came to know it")
    func heads() throws {
        defer { remove() }
        let desk = try LedgerDesk(path)
        try desk.commit(10)
        desk.settle()
        #expect(try desk.head.head.root == desk.rootOfLog())
        try desk.commit(900)
        // Some it is not handed: it reads them from the log.
        try desk.commit(400, isFollowed: false)
        try desk.commit(5)
        desk.settle()
        let head = try desk.head.head
        #expect(head.index == RecordIndex(rawValue: 1_315) && head.index == desk.log.head.index)
        #expect(head.chain == desk.log.head.chain && head.incarnation == 1)
        #expect(try head.root == desk.rootOfLog())
        #expect(desk.told() == [])
    }

    @Test("started again it goes on from its tiles; without them, or with damaged ones, from the log")
    func restarts() throws {
        defer { remove() }
        var count = 0
        for damage in ["none", "tile", "no tiles", "no head", "rotten head"] {
            do {
                let desk = try LedgerDesk(path)
                try desk.commit(700)
                count += 700
                desk.settle()
                desk.settle()
                try desk.log.close()
            }
            let (tiles, head) = ("\(path)/ledger/level-0.tiles", "\(path)/ledger/head")
            switch damage {
            case "tile":
                var bytes = try Data(contentsOf: URL(filePath: tiles))
                bytes[bytes.count - 9] ^= 1
                try bytes.write(to: URL(filePath: tiles))
            case "no tiles": try Data().write(to: URL(filePath: tiles))
            case "no head": try FileManager.default.removeItem(atPath: head)
            case "rotten head": try Data("leasehold".utf8).write(to: URL(filePath: head))
            default: break
            }
            let desk = try LedgerDesk(path)
            desk.settle()
            // What the tiles say it need not read again.
            let isSpared = damage == "none"
            #expect((desk.clerk.readCount < 256) == isSpared, "\(damage): \(desk.clerk.readCount) records read")
            try desk.commit(3)
            count += 3
            desk.settle()
            #expect(try desk.head.head.index == RecordIndex(rawValue: UInt64(count)), "\(damage)")
            #expect(try desk.head.head.root == desk.rootOfLog(), "\(damage)")
            #expect(desk.told() == [], "\(damage)")
            _ = try desk.proof(.inclusion(of: RecordIndex(rawValue: 1), under: nil))
            _ = try desk.proof(.inclusion(of: RecordIndex(rawValue: UInt64(count)), under: nil))
            try desk.log.close()
        }
    }

    @Test("who asks for the newest head waits for one that has every record before the question")
    func newest() throws {
        defer { remove() }
        let desk = try LedgerDesk(path)
        try desk.commit(10)
        desk.settle()
        try desk.commit(5)
        guard case .shown(let shown) = try desk.ask(.head) else {
            Issue.record("no head")
            return
        }
        #expect(shown.head.rawValue == 15 && desk.log.head.index.rawValue == 15)
    }

    @Test("who asks for the newest head waits for one that has every record of then, where the clerk is behind too")
    func newestBehind() throws {
        defer { remove() }
        let desk = try LedgerDesk(path)
        try desk.commit(10)
        desk.settle()
        try desk.commit(5, isFollowed: false)
        desk.take(.head)
        desk.settle()
        #expect(desk.replies() == [])
        try desk.commit(1)
        desk.settle()
        guard case .shown(let shown)? = desk.replies().first else {
            Issue.record("no head")
            return
        }
        #expect(shown.head.rawValue == 16)
    }

    @Test("the head on the disk is the newest ten seconds after it was signed, in a quiet log too")
    func kept() throws {
        defer { remove() }
        let desk = try LedgerDesk(path)
        try desk.commit(3)
        desk.settle()
        try desk.commit(3)
        #expect(desk.settle(.seconds(2)) <= .seconds(10))
        #expect(try desk.files.keptHead().head != desk.head)
        desk.settle(.seconds(10))
        #expect(try desk.files.keptHead() == .signed(desk.head))
        #expect(try desk.head.head.index.rawValue == 6)
    }

    @Test("one principal's questions leave room for the others'")
    func crowd() throws {
        defer { remove() }
        let desk = try LedgerDesk(path)
        try desk.commit(3)
        desk.settle()
        for _ in 0..<20 { desk.take(.inclusion(of: RecordIndex(rawValue: 2), under: nil), by: .tenant, "tenant-2") }
        #expect(desk.replies().count == 20 - Limits.logQuestionsOfOneCountMax)
        desk.take(.inclusion(of: RecordIndex(rawValue: 3), under: nil), by: .tenant, "tenant-3")
        #expect(desk.replies() == [])
        desk.settle()
        let replies = desk.replies()
        #expect(replies.count == Limits.logQuestionsOfOneCountMax + 1)
        #expect(replies.allSatisfy { if case .shown = $0 { true } else { false } })
    }

    @Test("pages of the log are read one a turn, within the same bounds, and while the ledger is made too (L10)")
    func pages() throws {
        defer { remove() }
        let desk = try LedgerDesk(path)
        try desk.commit(3)
        #expect(!desk.clerk.isFollowing)
        for _ in 0..<20 { desk.take(.page(.beginning)) }
        #expect(desk.replies().count == 20 - Limits.logQuestionsOfOneCountMax, "refused at once")
        desk.take(.page(.beginning), by: .operator, "others")
        for turn in 1...Limits.logQuestionsOfOneCountMax + 1 {
            let next = desk.clerk.work(at: Now(boot: .zero, calendar: CalendarInstant(nanoseconds: 0)))
            let replies = desk.replies()
            #expect(replies.count == 1, "turn \(turn)")
            #expect(replies.allSatisfy { if case .backupPage = $0 { true } else { false } })
            #expect(turn > Limits.logQuestionsOfOneCountMax || next == .zero, "it wants the next turn at once")
        }
        desk.take(.page(.beginning))
        desk.settle()
        #expect(desk.replies().count == 1)
    }

    @Test("a tenant with more leases than an export can tell apart is refused, and nobody else")
    func tooManyLeases() throws {
        defer { remove() }
        let desk = try LedgerDesk(path)
        try desk.commit(5)
        try desk.commitLeases(3, of: "tenant-2")
        try desk.restartClerk(ownedLeaseCountMax: 2)
        desk.settle()
        func export(_ tenant: String) throws -> Reply {
            try desk.ask(.export(tenant: tenant, from: RecordIndex(rawValue: 1), under: nil), by: .tenant, tenant)
        }
        guard case .refused(.invalid(_, let value, _)) = try export("tenant-2") else {
            Issue.record("exported")
            return
        }
        #expect(value == "tenant-2")
        guard case .shown = try export("tenant-3") else {
            Issue.record("not exported")
            return
        }
        #expect(desk.told() == [] && desk.clerk.isFollowing)
    }

    @Test("records, heads and exports are proved under the newest head and under older ones")
    func proofs() throws {
        defer { remove() }
        let desk = try LedgerDesk(path)
        try desk.commit(600)
        desk.settle()
        let old = try desk.headText
        try desk.commit(300)
        desk.settle()
        for record in [1, 256, 257, 599, 600] as [UInt64] {
            let index = RecordIndex(rawValue: record)
            for head in [nil, old] {
                guard case .inclusion(let under, let proved) = try desk.proof(.inclusion(of: index, under: head)) else {
                    Issue.record("no inclusion")
                    continue
                }
                #expect(proved.index == index && under.head.index.rawValue == (head == nil ? 900 : 600))
                #expect(try RecordCodec.decode(proved.bytes).index == index)
            }
        }
        guard case .consistency(let older, let newer, _) = try desk.proof(.consistency(from: old, to: nil)) else {
            Issue.record("no consistency")
            return
        }
        #expect(older.head.index.rawValue == 600 && newer.head.index.rawValue == 900)
        // Of tenant-2: its creation, and each fifth quota.
        guard
            case .export(_, let records) = try desk.proof(
                .export(tenant: "tenant-2", from: RecordIndex(rawValue: 1), under: nil), by: .tenant, "tenant-2")
        else {
            Issue.record("no export")
            return
        }
        #expect(records.map(\.index.rawValue) == [2] + stride(from: 6, through: 900, by: 5).map { UInt64($0) })
    }

    @Test("the fleet's records are proved from any record on, though nobody has shown it those before")
    func fleet() throws {
        defer { remove() }
        let desk = try LedgerDesk(path)
        for round in 1...3 as ClosedRange<UInt64> {
            try desk.commit(40)
            let ticket = Ticket(
                name: Ticket.Name(opened: .never, number: round), gpu: 0, uuid: "", component: "memory",
                action: "", done: nil, closing: nil)
            let record = Record.ticketNoted(NodeID(rawValue: 0), ticket, round == 2 ? LeaseID(rawValue: 9) : nil)
            try desk.commit(record)
        }
        desk.settle()
        func indices(from first: UInt64) throws -> [UInt64] {
            let question = LogQuestion.export(tenant: nil, from: RecordIndex(rawValue: first), under: nil)
            guard case .export(_, let records) = try desk.proof(question) else { return [] }
            return records.map(\.index.rawValue)
        }
        #expect(try indices(from: 1) == [41, 82, 123])
        #expect(try indices(from: 82) == [82, 123])
        #expect(try indices(from: 83) == [123])
        #expect(try indices(from: 42) == [82, 123])
    }

    @Test("a damaged tile proves nothing false: the proof is refused, the tiles are made again, and then it holds")
    func damagedTile() throws {
        defer { remove() }
        let desk = try LedgerDesk(path)
        try desk.commit(600)
        desk.settle()
        let tiles = URL(filePath: "\(path)/ledger/level-0.tiles")
        let file = try FileHandle(forUpdating: tiles)
        try file.seek(toOffset: 40)
        try file.write(contentsOf: [0x55, 0xAA])
        try file.close()
        let reply = try desk.ask(.inclusion(of: RecordIndex(rawValue: 9), under: nil))
        guard case .refused(.notServing) = reply else {
            Issue.record("\(reply)")
            return
        }
        #expect(desk.told().count == 2, "trouble, and its end")
        _ = try desk.proof(.inclusion(of: RecordIndex(rawValue: 9), under: nil))
    }

    @Test("a damaged tile convicts no honest head: the tiles are made again, and then the head is sound (L9)")
    func damagedTileUnderHead() throws {
        defer { remove() }
        let desk = try LedgerDesk(path)
        try desk.commit(99)
        desk.settle()
        let old = try desk.head.head
        try desk.commit(501)
        desk.settle()
        let file = try FileHandle(forUpdating: URL(filePath: "\(path)/ledger/level-0.tiles"))
        try file.seek(toOffset: 40)
        try file.write(contentsOf: [0x55, 0xAA])
        try file.close()
        #expect(desk.clerk.standing(of: old) == .unknown)
        desk.settle()
        #expect(desk.clerk.standing(of: old) == .sound)
    }

    @Test("what cannot be proved is refused with what is wrong")
    func refusals() throws {
        defer { remove() }
        let desk = try LedgerDesk(path)
        try desk.commit(20)
        desk.settle()
        func refusal(_ question: LogQuestion, by role: Principal.Role = .operator, _ name: String = "ops") throws
            -> Refusal
        {
            guard case .refused(let refusal) = try desk.ask(question, by: role, name) else {
                throw LedgerDesk.Unexpected(reply: .refused(.notServing(reason: "\(question) was answered")))
            }
            return refusal
        }
        #expect(
            try refusal(.inclusion(of: RecordIndex(rawValue: 21), under: nil)).message
                == "record is 21; expected 1 to 20")
        #expect(try refusal(.export(tenant: "a", from: RecordIndex(rawValue: 21), under: nil)).code == .invalid)
        #expect(try refusal(.inclusion(of: RecordIndex(rawValue: 1), under: HeadText("x"))).code == .invalid)
        // Another log's head, well signed.
        let other = try #require(
            LedgerSigner(name: "leasehold/other/\(LogID(high: 1, low: 1))", seed: Array(repeating: 7, count: 32)))
        let head = SignedHead(
            LedgerHead(
                cluster: "other", log: LogID(high: 1, low: 1), index: RecordIndex(rawValue: 5), root: .empty,
                chain: .zero, incarnation: 1, reign: Reign(rawValue: 1), at: CalendarInstant(nanoseconds: 0)), by: other
        )
        #expect(try refusal(.consistency(from: #require(HeadText(head.text)), to: nil)).code == .invalid)
        // A head that a restore has left behind: well signed, of an earlier incarnation, with another root.
        desk.clerk.restores = [LogRestore(logIncarnation: 1, kept: RecordIndex(rawValue: 8), at: .never)]
        var behind = Claim(try desk.head.head)
        (behind.incarnation, behind.index, behind.root) = (0, 9, .empty)
        let left = try #require(HeadText(SignedHead(behind.head, by: desk.files.signer).text))
        #expect(try refusal(.consistency(from: left, to: nil)).code == .invalid)
        #expect(try refusal(.inclusion(of: RecordIndex(rawValue: 1), under: left)).code == .invalid)
        #expect(desk.told() == [] && desk.clerk.isFollowing)
        // One of the present incarnation is a proof of loss, whoever shows it (L9).
        behind.incarnation = 1
        let lost = try #require(HeadText(SignedHead(behind.head, by: desk.files.signer).text))
        #expect(try refusal(.consistency(from: lost, to: nil)).code == .logLost)
        #expect(desk.witnessOfLoss() == ConnectionID(rawValue: 1))
        #expect(try refusal(.head).code == .notServing)
    }

    @Test("a tenant has proofs of its own records and of nobody else's (L13)")
    func ownRecords() throws {
        defer { remove() }
        let desk = try LedgerDesk(path)
        try desk.commit(20)
        desk.settle()
        let reply = try desk.ask(.inclusion(of: RecordIndex(rawValue: 1), under: nil), by: .tenant, "tenant-2")
        guard case .refused(.notAllowed) = reply else { throw LedgerDesk.Unexpected(reply: reply) }
        _ = try desk.proof(.inclusion(of: RecordIndex(rawValue: 2), under: nil), by: .tenant, "tenant-2")
    }

    @Test("without its secret key, or with another log's, nothing is signed")
    func keys() throws {
        defer { remove() }
        let log: LogIdentity
        do {
            let desk = try LedgerDesk(path)
            log = desk.log.identity
            try desk.log.close()
        }
        let key = "\(path)/ledger/key"
        let text = try String(contentsOfFile: key, encoding: .utf8)
        try FileManager.default.removeItem(atPath: key)
        #expect(throws: LedgerDirectoryFailure.keyMissing(path: key)) {
            try LedgerDirectory(in: path, cluster: log.cluster, log: log.logID)
        }
        // Both halves gone is no other case: heads of this log may be anywhere.
        let shown = try String(contentsOfFile: key + ".pub", encoding: .utf8)
        try FileManager.default.removeItem(atPath: key + ".pub")
        #expect(throws: LedgerDirectoryFailure.keyMissing(path: key)) {
            try LedgerDirectory(in: path, cluster: log.cluster, log: log.logID)
        }
        #expect(!FileManager.default.fileExists(atPath: key))
        try shown.write(toFile: key + ".pub", atomically: true, encoding: .utf8)
        // Another key is made where it is asked for, and what is left of the old one is kept.
        let other = try LedgerDirectory.makeKey(in: path, cluster: log.cluster, log: log.logID)
        #expect(try LedgerDirectory(in: path, cluster: log.cluster, log: log.logID).signer.key == other)
        #expect(try String(contentsOfFile: key + ".pub.before", encoding: .utf8) == shown)
        #expect(throws: LedgerDirectoryFailure.keyPresent(path: key)) {
            try LedgerDirectory.makeKey(in: path, cluster: log.cluster, log: log.logID)
        }
        try text.replacingOccurrences(of: "colossus-1", with: "colossus-2").write(
            toFile: key, atomically: true, encoding: .utf8)
        #expect(throws: LedgerDirectoryFailure.self) {
            try LedgerDirectory(in: path, cluster: log.cluster, log: log.logID)
        }
        try text.write(toFile: key, atomically: true, encoding: .utf8)
        let back = try LedgerDirectory(in: path, cluster: log.cluster, log: log.logID)
        #expect(back.signer.secretText + "\n" == text)
        #expect(try String(contentsOfFile: key + ".pub", encoding: .utf8) == back.signer.key.text + "\n")
    }
}
