import Foundation
import LeaseholdBroker
import LeaseholdCoordinator
import LeaseholdLog
import LeaseholdModel
import LeaseholdPlatform
import LeaseholdProtocol
import Testing

/// A log in a directory and the clerk of its ledger, on one thread and with a clock that the test turns.
final class LedgerDesk {
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
        /// Whether the owner has room for what it is told.
        var hasRoom = true
    }

    static let holder: LockHolder = LockHolder(
        role: "test", pid: getpid(), incarnation: Incarnation(high: 1, low: 1), boot: BootID(high: 1, low: 1))

    /// Makes a log.
    static func make() throws -> String {
        let path = FileManager.default.temporaryDirectory.path + "/ledger-\(UUID().uuidString)"
        let identity = LogIdentity(
            cluster: "colossus-1", logID: .random(), kind: .coordinator, segmentByteCount: 65_536)
        try LogDirectory.create(at: path, identity, holder: holder)
        _ = try LedgerDirectory.makeKey(in: path, cluster: identity.cluster, log: identity.logID)
        return path
    }

    init(_ path: String) throws {
        self.path = path
        var recovered = RecoveredBook()
        log = try LogDirectory.open(
            at: path, expecting: LogExpectation(kind: .coordinator), holder: LedgerDesk.holder, following: &recovered
        ).log
        book = recovered.book
        files = try LedgerDirectory(in: path, cluster: log.identity.cluster, log: log.identity.logID)
        clerk = try LedgerDesk.clerk(of: log, path, files, said)
    }

    private static func clerk(
        of log: LogDirectory, _ path: String, _ files: LedgerDirectory, _ said: Said, ownedLeaseCountMax: Int? = nil
    ) throws -> LedgerClerk {
        LedgerClerk(
            of: log.identity, try FileStorage(path: path), files: files, tail: log.tail, pace: .wallClock,
            ownedLeaseCountMax: ownedLeaseCountMax ?? LedgerLimits.ownedLeaseCountMax,
            tell: { event in
                if said.hasRoom { said.events.append(event) }
                return said.hasRoom
            }, answer: { _, reply in said.replies.append(reply) })
    }

    /// Another clerk of the same log, which begins with its next turn.
    func restartClerk(ownedLeaseCountMax: Int? = nil) throws {
        clerk = try LedgerDesk.clerk(of: log, path, files, said, ownedLeaseCountMax: ownedLeaseCountMax)
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

    /// Commits a record of which the desk's book takes in no more than that it is there.
    func commit(_ record: Record) throws {
        let index = book.head.next
        let entry = LogEntry(
            index: index, at: CalendarInstant(nanoseconds: Int64(index.rawValue) * 1_000), principal: .coordinator,
            request: nil, record: record)
        book.head = index
        let group = [RecordCodec.encode(entry)]
        _ = try log.commit(group)
        clerk.follow(Follower.Groups(records: group, to: log.tail))
    }

    /// Commits leases that a tenant waits for, to the log alone: no book is asked.
    func commitLeases(_ count: Int, of tenant: String) throws {
        for _ in 0..<count {
            let index = log.head.index.next
            let lease = WaitlistedLease(
                terms: LeaseTerms(
                    tenant: tenant, unit: .gpu, count: 1, kinds: [], start: .soonest, end: .after(.hours(1)),
                    onSilence: .fence, waitlist: .hours(1)),
                until: .never, estimatedStart: nil, refusal: .noCapacity(asked: 1, grantable: 0, inventory: 1))
            let entry = LogEntry(
                index: index, at: CalendarInstant(nanoseconds: Int64(index.rawValue) * 1_000),
                principal: .coordinator, request: nil, record: .leaseWaitlisted(lease))
            _ = try log.commit([RecordCodec.encode(entry)])
        }
    }

    /// Shows the clerk a head, as an agent that has kept it.
    func show(_ head: SignedHead, by witness: UInt64 = 7) throws {
        clerk.takeShown(try #require(HeadText(head.text)), by: ConnectionID(rawValue: witness))
    }

    /// Hands the clerk a tenant's signature under a head.
    func countersign(_ head: SignedHead, _ signer: LedgerSigner) throws {
        var signed = head
        try signed.add(signer.signature(of: head.head))
        let request = CountersignedHead(head: try #require(HeadText(signed.text)), key: signer.key.text)
        clerk.look(at: request, nil, from: LedgerDesk.asker)
    }

    /// Whether the owner has room for what the clerk tells it.
    var ownerHasRoom: Bool {
        get { said.hasRoom }
        set { said.hasRoom = newValue }
    }

    /// Lets time pass until the clerk wants nothing before another second is over; returns how long it will wait.
    @discardableResult
    func settle(_ time: Span = .seconds(31)) -> Span {
        boot = boot + time
        var next = BootInstant.zero
        var turnCount = 0
        while next <= boot, turnCount < 1_000 {
            next = clerk.work(at: Now(boot: boot, calendar: CalendarInstant(nanoseconds: 0) + (boot - .zero)))
            turnCount += 1
        }
        #expect(turnCount < 1_000, "the clerk never rests")
        return next - boot
    }

    /// What a question is answered with.
    func ask(_ question: LogQuestion, by role: Principal.Role = .operator, _ name: String = "ops") throws -> Reply {
        take(question, by: role, name)
        settle()
        let replies = replies()
        #expect(replies.count == 1)
        return try #require(replies.first)
    }

    /// Hands the clerk a question and lets it wait.
    func take(_ question: LogQuestion, by role: Principal.Role = .operator, _ name: String = "ops") {
        clerk.take(question, from: LedgerDesk.asker, of: Principal(role: role, name: name), least: log.head.index)
    }

    static let asker = Asker(connection: ConnectionID(rawValue: 1), correlation: 1)

    /// What was answered since the last look.
    func replies() -> [Reply] {
        defer { said.replies = [] }
        return said.replies
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

    /// Who has shown the proof of loss that is all that the owner was told since the last look; nil where that is not so.
    func witnessOfLoss() -> ConnectionID? {
        let told = told()
        guard told.count == 1, case .headWitnessed(let witness, .contradicts) = told[0] else { return nil }
        return witness
    }

    /// The root over all records of the log, from the log alone.
    func rootOfLog() throws -> LedgerHash {
        var frontier = LedgerFrontier()
        _ = try LogDirectory.verify(at: path) { _, bytes throws(RecordRefusal) in frontier.append(.leaf(of: bytes)) }
        return frontier.root
    }
}

/// A head, field by field.
struct Claim {
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
