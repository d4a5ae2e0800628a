import Foundation
import LeaseholdBroker
import LeaseholdCoordinator
import LeaseholdLog
import LeaseholdModel
import LeaseholdPlatform
import LeaseholdProtocol
import Testing

/// A log in a directory and the clerk of its ledger, on one thread and with a clock that the test turns.
private final class Desk {
    let path: String
    let log: LogDirectory
    let files: LedgerDirectory
    var clerk: LedgerClerk
    private let said = Said()
    private var boot = BootInstant.zero
    private(set) var book: LeaseBook

    final class Said {
        var events: [CoordinatorEvent] = []
        var replies: [Reply] = []
    }

    static let holder: LockHolder = LockHolder(
        role: "test", pid: getpid(), incarnation: Incarnation(high: 1, low: 1), boot: BootID(high: 1, low: 1))

    /// Makes a log.
    static func make() throws -> String {
        let path = FileManager.default.temporaryDirectory.path + "/ledger-\(UUID().uuidString)"
        let identity = LogIdentity(
            cluster: "colossus-1", logID: .random(), kind: .coordinator, segmentByteCount: 65_536)
        try LogDirectory.create(at: path, identity, holder: holder)
        return path
    }

    init(_ path: String) throws {
        self.path = path
        var recovered = RecoveredBook()
        log = try LogDirectory.open(
            at: path, expecting: LogExpectation(kind: .coordinator), holder: Desk.holder, following: &recovered
        ).log
        book = recovered.book
        files = try LedgerDirectory(in: path, cluster: log.identity.cluster, log: log.identity.logID)
        let said = said
        clerk = LedgerClerk(
            of: log.identity, try FileStorage(path: path), files: files, tail: log.tail, pace: .wallClock,
            tell: { event in
                said.events.append(event)
                return true
            }, answer: { _, reply in said.replies.append(reply) })
    }

    /// Commits records in groups of three: tenants first, then their quotas.
    func commit(_ count: Int, isFollowed: Bool = true) throws {
        var group: [[UInt8]] = []
        for position in 1...count {
            let number = book.head.rawValue + 1
            let record: Record =
                book.tenants.rows.count < 5
                ? .tenantCreated(name: "tenant-\(number)", quota: UInt32(number))
                : .tenantQuotaSet(tenant: TenantID(rawValue: UInt32(number % 5)), quota: UInt32(number))
            let entry = LogEntry(
                index: book.head.next, at: CalendarInstant(nanoseconds: Int64(number) * 1_000),
                principal: .coordinator, request: nil, record: record)
            book.evolve(entry)
            group.append(RecordCodec.encode(entry))
            guard group.count == 3 || position == count else { continue }
            _ = try log.commit(group)
            if isFollowed { clerk.follow(Follower.Groups(records: group, to: log.tail)) }
            group = []
        }
    }

    /// Lets time pass until the clerk wants nothing before another second is over.
    func settle() {
        boot = boot + .seconds(11)
        var next = BootInstant.zero
        var turnCount = 0
        while next <= boot, turnCount < 1_000 {
            next = clerk.work(at: Now(boot: boot, calendar: CalendarInstant(nanoseconds: 0) + (boot - .zero)))
            turnCount += 1
        }
        #expect(turnCount < 1_000, "the clerk never rests")
    }

    /// What a question is answered with.
    func ask(_ question: LogQuestion, by role: Principal.Role = .operator, _ name: String = "ops") throws -> Reply {
        let asker = Asker(connection: ConnectionID(rawValue: 1), correlation: 1)
        clerk.take(question, from: asker, of: Principal(role: role, name: name))
        settle()
        let replies = said.replies
        said.replies = []
        #expect(replies.count == 1)
        return try #require(replies.first)
    }

    /// The proof that a question is answered with, checked with the log's key.
    func proof(_ question: LogQuestion, by role: Principal.Role = .operator, _ name: String = "ops") throws
        -> LedgerProof
    {
        let reply = try ask(question, by: role, name)
        guard case .shown(let shown) = reply else { throw Unexpected(reply: reply) }
        let proof = try LedgerProof(text: Array(shown.text.utf8))
        try proof.check([files.signer.key])
        return proof
    }

    struct Unexpected: Error { let reply: Reply }

    var head: SignedHead { get throws { try #require(clerk.signed) } }
    var headText: HeadText { get throws { try #require(HeadText(head.text)) } }

    /// What the owner was told since the last look, heads left out.
    func told() -> [CoordinatorEvent] {
        defer { said.events = [] }
        return said.events.filter { if case .headSigned = $0 { false } else { true } }
    }

    /// The root over all records of the log, from the log alone.
    func rootOfLog() throws -> LedgerHash {
        var frontier = LedgerFrontier()
        _ = try LogDirectory.verify(at: path) { _, bytes throws(RecordRefusal) in frontier.append(.leaf(of: bytes)) }
        return frontier.root
    }
}

@Suite("The clerk of the ledger")
struct LedgerClerkTests {
    private let path: String

    init() throws { path = try Desk.make() }

    private func remove() {
        do { try FileManager.default.removeItem(atPath: path) } catch { Issue.record("\(path): \(error)") }
    }

    @Test("it signs what is in the log, over many tiles and segments, however it came to know it")
    func heads() throws {
        defer { remove() }
        let desk = try Desk(path)
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
        for damage in ["none", "tile", "no tiles", "head", "no head", "rotten head"] {
            do {
                let desk = try Desk(path)
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
            let desk = try Desk(path)
            desk.settle()
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
        let desk = try Desk(path)
        try desk.commit(10)
        desk.settle()
        try desk.commit(5)
        guard case .shown(let shown) = try desk.ask(.head) else {
            Issue.record("no head")
            return
        }
        #expect(shown.head.rawValue == 15 && desk.log.head.index.rawValue == 15)
    }

    @Test("records, heads and exports are proved under the newest head and under older ones")
    func proofs() throws {
        defer { remove() }
        let desk = try Desk(path)
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

    @Test("a damaged tile proves nothing false: the proof is refused, the tiles are made again, and then it holds")
    func damagedTile() throws {
        defer { remove() }
        let desk = try Desk(path)
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
        let desk = try Desk(path)
        try desk.commit(99)
        desk.settle()
        let old = try desk.headText
        try desk.commit(501)
        desk.settle()
        let file = try FileHandle(forUpdating: URL(filePath: "\(path)/ledger/level-0.tiles"))
        try file.seek(toOffset: 40)
        try file.write(contentsOf: [0x55, 0xAA])
        try file.close()
        guard case .unknown = desk.clerk.standing(of: old) else {
            Issue.record("an honest head is judged by a damaged tile")
            return
        }
        desk.settle()
        guard case .sound = desk.clerk.standing(of: old) else {
            Issue.record("an honest head is not believed")
            return
        }
    }

    @Test("what cannot be proved is refused with what is wrong")
    func refusals() throws {
        defer { remove() }
        let desk = try Desk(path)
        try desk.commit(20)
        desk.settle()
        func refusal(_ question: LogQuestion, by role: Principal.Role = .operator, _ name: String = "ops") throws
            -> Refusal
        {
            guard case .refused(let refusal) = try desk.ask(question, by: role, name) else {
                throw Desk.Unexpected(reply: .refused(.notServing(reason: "\(question) was answered")))
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
        var behind = Claim(try desk.head.head)
        (behind.incarnation, behind.index, behind.root) = (0, 9, .empty)
        let left = try #require(HeadText(SignedHead(behind.head, by: desk.files.signer).text))
        #expect(try refusal(.consistency(from: left, to: nil)).code == .invalid)
        #expect(try refusal(.inclusion(of: RecordIndex(rawValue: 1), under: left)).code == .invalid)
        #expect(desk.told() == [] && desk.clerk.isFollowing)
        // One of the present incarnation is a proof of loss, whoever shows it (L9).
        behind.incarnation = 1
        let lost = try #require(HeadText(SignedHead(behind.head, by: desk.files.signer).text))
        #expect(try refusal(.consistency(from: lost, to: nil)).code == .invalid)
        #expect(desk.told().count == 1)
        // A tenant has what is its own.
        #expect(
            try refusal(.inclusion(of: RecordIndex(rawValue: 1), under: nil), by: .tenant, "tenant-2").code
                == .notAllowed)
        _ = try desk.proof(.inclusion(of: RecordIndex(rawValue: 2), under: nil), by: .tenant, "tenant-2")
    }

    @Test("a head that somebody kept is a part of the log, proves nothing, or proves that records were lost (L9)")
    func witnesses() throws {
        defer { remove() }
        let desk = try Desk(path)
        try desk.commit(600)
        desk.settle()
        let old = try desk.headText
        try desk.commit(30)
        desk.settle()
        let newest = try desk.head.head
        func standing(_ change: (inout Claim) -> Void, by signer: LedgerSigner? = nil) throws -> String {
            var claim = Claim(newest)
            change(&claim)
            let head = SignedHead(claim.head, by: signer ?? desk.files.signer)
            return switch desk.clerk.standing(of: try #require(HeadText(head.text))) {
            case .sound: "sound"
            case .unknown: "unknown"
            case .wrong(.unsigned): "unsigned"
            case .wrong(.contradicts): "contradicts"
            }
        }
        if case .sound = desk.clerk.standing(of: old) {} else { Issue.record("an older head of this log") }
        #expect(try standing { _ in } == "sound")
        #expect(try standing { $0.index += 1 } == "contradicts")
        #expect(try standing { $0.chain = .zero } == "contradicts")
        #expect(try standing { $0.root = .empty } == "contradicts")
        #expect(try standing { ($0.index, $0.root) = (100, .empty) } == "contradicts")
        #expect(try standing { $0.incarnation += 1 } == "contradicts")
        #expect(try standing { ($0.incarnation, $0.index) = (0, 9_999) } == "sound")
        let other = try #require(LedgerSigner(name: desk.files.signer.key.name, seed: Array(repeating: 7, count: 32)))
        #expect(try standing({ $0.index += 1 }, by: other) == "unsigned")
    }

    /// A head, field by field.
    private struct Claim {
        var index: UInt64
        var root: LedgerHash
        var chain: ChainHash
        var incarnation: UInt32
        private let base: LedgerHead

        init(_ head: LedgerHead) {
            base = head
            (index, root, chain, incarnation) = (head.index.rawValue, head.root, head.chain, head.incarnation)
        }

        var head: LedgerHead {
            LedgerHead(
                cluster: base.cluster, log: base.log, index: RecordIndex(rawValue: index), root: root, chain: chain,
                incarnation: incarnation, reign: base.reign, at: base.at)
        }
    }

    @Test("a head beside the log that is not of the log is told as lost records (L9)")
    func lostRecords() throws {
        defer { remove() }
        do {
            let desk = try Desk(path)
            try desk.commit(30)
            desk.settle()
            try desk.log.close()
        }
        // A head over the same number of records, with another root.
        let desk = try Desk(path)
        let kept = try #require(try desk.files.keptHead()).head
        var claim = Claim(kept)
        claim.root = .empty
        claim.index = 27
        claim.chain = .zero
        try desk.files.keep(SignedHead(claim.head, by: desk.files.signer))
        desk.settle()
        let told = desk.told()
        guard case .headWitnessed(nil, .contradicts(let reason)) = try #require(told.first) else {
            Issue.record("\(told)")
            return
        }
        #expect(reason.contains("head 27") && desk.clerk.signed == nil, "\(reason)")
    }

    @Test("without its secret key, or with another log's, nothing is signed")
    func keys() throws {
        defer { remove() }
        let log: LogIdentity
        do {
            let desk = try Desk(path)
            log = desk.log.identity
            try desk.log.close()
        }
        let key = "\(path)/ledger/key"
        let text = try String(contentsOfFile: key, encoding: .utf8)
        try FileManager.default.removeItem(atPath: key)
        #expect(throws: LedgerDirectoryFailure.keyMissing(path: key)) {
            try LedgerDirectory(in: path, cluster: log.cluster, log: log.logID)
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
