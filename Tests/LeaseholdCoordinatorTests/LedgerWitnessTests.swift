import Foundation
import LeaseholdBroker
import LeaseholdCoordinator
import LeaseholdLog
import LeaseholdModel
import LeaseholdPlatform
import LeaseholdProtocol
import Testing

@Suite("Heads that others have kept")
struct LedgerWitnessTests {
    private let path: String

    init() throws { path = try LedgerDesk.make() }

    private func remove() {
        do { try FileManager.default.removeItem(atPath: path) } catch { Issue.record("\(path): \(error)") }
    }

    @Test("a head that somebody kept is a part of the log, proves nothing, or proves that records were lost (L9)")
    func witnesses() throws {
        defer { remove() }
        let desk = try LedgerDesk(path)
        try desk.commit(600)
        desk.settle()
        let old = try desk.head
        try desk.commit(30)
        desk.settle()
        let newest = try desk.head.head
        /// What is told of a head that an agent shows, and that is looked at in the next turn.
        func told(_ change: (inout Claim) -> Void, by signer: LedgerSigner? = nil) throws -> String {
            try desk.restartClerk()
            // Incarnation 1 began behind record 120, out of 0, and one between them was forgotten.
            desk.clerk.restores = [LogRestore(logIncarnation: 1, kept: RecordIndex(rawValue: 120), at: .never)]
            var claim = Claim(newest)
            change(&claim)
            let head = SignedHead(claim.head, by: signer ?? desk.files.signer)
            try desk.show(head)
            desk.settle()
            return switch desk.told().first {
            case nil: "nothing"
            case .headWitnessed(ConnectionID(rawValue: 7), .unsigned)?: "unsigned"
            case .headWitnessed(ConnectionID(rawValue: 7), .contradicts)?: "contradicts"
            case let other?: "\(other)"
            }
        }
        try desk.show(old)
        desk.settle()
        #expect(desk.told() == [])
        #expect(try told { _ in } == "nothing")
        #expect(try told { $0.index += 1 } == "contradicts")
        #expect(try told { $0.chain = .zero } == "contradicts")
        #expect(try told { $0.root = .empty } == "contradicts")
        #expect(try told { ($0.index, $0.root) = (100, .empty) } == "contradicts")
        #expect(try told { $0.incarnation += 1 } == "contradicts")
        #expect(try told { ($0.incarnation, $0.index) = (0, 9_999) } == "nothing")
        #expect(try told { ($0.incarnation, $0.index, $0.root) = (0, 121, .empty) } == "nothing")
        #expect(try told { ($0.incarnation, $0.index, $0.root) = (0, 120, .empty) } == "contradicts")
        #expect(try told { ($0.incarnation, $0.index, $0.root) = (0, 9, .empty) } == "contradicts")
        let other = try #require(LedgerSigner(name: desk.files.signer.key.name, seed: Array(repeating: 7, count: 32)))
        #expect(try told({ $0.index += 1 }, by: other) == "unsigned")
    }

    @Test("a head beside the log that is not of the log is told as lost records (L9)")
    func lostRecords() throws {
        defer { remove() }
        do {
            let desk = try LedgerDesk(path)
            try desk.commit(30)
            desk.settle()
            try desk.log.close()
        }
        // A head over the same number of records, with another root.
        let desk = try LedgerDesk(path)
        let kept = try #require(try desk.files.keptHead().head).head
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
        #expect(reason.contains("record 27") && desk.clerk.signed == nil, "\(reason)")
    }

    @Test("a head from before a restore is judged when it is known what the restore has kept, and while it is (L9)")
    func lineage() throws {
        defer { remove() }
        let desk = try LedgerDesk(path)
        try desk.commit(30)
        desk.settle()
        var claim = Claim(try desk.head.head)
        (claim.incarnation, claim.index, claim.root) = (0, 9, .empty)
        let forged = SignedHead(claim.head, by: desk.files.signer)
        try desk.show(forged)
        desk.settle()
        #expect(desk.told() == [], "the first reign since the restore has not come yet")
        let kept = RecordIndex(rawValue: 9)
        desk.clerk.restores = [LogRestore(logIncarnation: 1, kept: kept, at: .never)]
        desk.settle()
        #expect(desk.witnessOfLoss() == ConnectionID(rawValue: 7))
        // Of so many restores the book knows the newest alone: one that it forgot may have given up the head.
        try desk.restartClerk()
        desk.clerk.restores = (1...UInt32(Limits.restoreCountMax)).map {
            LogRestore(logIncarnation: $0, kept: kept, at: .never)
        }
        try desk.show(forged)
        desk.settle()
        #expect(desk.told() == [])
    }

    @Test("of an incarnation that the log does not come from nothing is concluded, whatever its record's number (L9)")
    func siblings() {
        // Out of 1 came 1,000 up to record 100, and out of that 3,000 up to 250; 2,000 is another restore of a backup.
        let restores = [(1_000, 100), (3_000, 250)].map {
            LogRestore(logIncarnation: $0, kept: RecordIndex(rawValue: $1), at: .never)
        }
        func haveKept(_ index: UInt64, of incarnation: UInt32) -> Bool? {
            restores.haveKept(RecordIndex(rawValue: index), of: incarnation, in: 3_000)
        }
        #expect(haveKept(100, of: 1) == true && haveKept(101, of: 1) == false)
        #expect(haveKept(250, of: 1_000) == true && haveKept(251, of: 1_000) == false)
        #expect(haveKept(200, of: 2_000) == false && haveKept(1, of: 2_000) == false)
        #expect(haveKept(50, of: 500) == false && haveKept(9_999, of: 3_000) == true)
        #expect(restores.dropLast().map { $0 }.haveKept(.zero, of: 1_000, in: 3_000) == nil)
    }

    /// The head of the log, with another root.
    private func forged(_ desk: LedgerDesk) throws -> SignedHead {
        var claim = Claim(try desk.head.head)
        claim.root = .empty
        return SignedHead(claim.head, by: desk.files.signer)
    }

    @Test("a proof of loss that the owner has no room for is told as soon as it has (L9)")
    func untold() throws {
        defer { remove() }
        let desk = try LedgerDesk(path)
        try desk.commit(10)
        desk.settle()
        desk.ownerHasRoom = false
        try desk.show(try forged(desk))
        desk.settle(.seconds(1))
        #expect(desk.told() == [])
        desk.ownerHasRoom = true
        desk.settle(.milliseconds(100))
        #expect(desk.witnessOfLoss() == ConnectionID(rawValue: 7))
        desk.settle()
        #expect(desk.told() == [], "told once")
    }

    @Test("a proof of loss among many heads is found while the log is read, and when its tree is made (L9)")
    func crowd() throws {
        defer { remove() }
        let desk = try LedgerDesk(path)
        var heads: [SignedHead] = []
        for _ in 0..<300 {
            try desk.commit(3)
            desk.settle(.seconds(2))
            heads.append(try desk.head)
        }
        let forged = try forged(desk)
        #expect(Set(heads.map(\.head.index)).count == 300)
        try desk.restartClerk()
        for (number, head) in heads.enumerated() { try desk.show(head, by: UInt64(number)) }
        desk.settle()
        #expect(desk.told() == [] && desk.clerk.isFollowing)
        // The root of a head before the log's end only the tree can judge.
        try desk.commit(3)
        try desk.restartClerk()
        for (number, head) in heads.enumerated() { try desk.show(head, by: UInt64(number)) }
        try desk.show(forged, by: 999)
        desk.settle()
        #expect(desk.witnessOfLoss() == ConnectionID(rawValue: 999))
    }

    @Test("a tenant's signature is looked at with the head under it: one of what is gone is none (L13)")
    func countersignatures() throws {
        defer { remove() }
        let desk = try LedgerDesk(path)
        let tenant = try #require(LedgerSigner(name: "tenant/acme", seed: Array(repeating: 3, count: 32)))
        try desk.commit(10)
        desk.settle()
        /// What the owner is asked to decide on; nil where it is not asked.
        func standing() throws -> CountersignedHead.Standing? {
            guard let told = desk.told().first else { return nil }
            guard case .requestArrived(LedgerDesk.asker, let envelope) = told,
                case .countersignHead(let signed) = envelope.request
            else { throw LedgerDesk.Unexpected(reply: .refused(.notServing(reason: "\(told)"))) }
            return signed.standing
        }
        try desk.countersign(try desk.head, tenant)
        #expect(try standing() == .good(head: RecordIndex(rawValue: 10), signer: "tenant/acme"))
        desk.clerk.restores = [LogRestore(logIncarnation: 1, kept: RecordIndex(rawValue: 8), at: .never)]
        var behind = Claim(try desk.head.head)
        (behind.incarnation, behind.index, behind.root) = (0, 9, .empty)
        try desk.countersign(SignedHead(behind.head, by: desk.files.signer), tenant)
        guard case .bad? = try standing() else { throw LedgerDesk.Unexpected(reply: .refused(.notServing(reason: ""))) }
        #expect(desk.replies() == [])
        desk.ownerHasRoom = false
        try desk.countersign(try desk.head, tenant)
        guard case .refused(.overloaded)? = desk.replies().first else {
            Issue.record("an owner without room leaves nobody without an answer")
            return
        }
        desk.ownerHasRoom = true
        // Over the signature of the log itself, under a head that the log does not have.
        try desk.countersign(try forged(desk), tenant)
        guard case .refused(.logLost)? = desk.replies().first else {
            Issue.record("a proof of loss is put on record")
            return
        }
        desk.settle()
        #expect(desk.witnessOfLoss() == LedgerDesk.asker.connection)
    }
}
