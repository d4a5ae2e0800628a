import LeaseholdLog
import LeaseholdModel
import Testing

@Suite("Proofs of the ledger")
struct LedgerProofTests {
    private static let ledger = LedgerFixture(count: 40)
    /// The same log with another record 20.
    private static let forked = LedgerFixture(
        ledger.records.enumerated().map { $0.offset == 19 ? LogFixture.record(999, byteCount: 30) : $0.element })
    private static let logKeys = [LedgerFixture.signer.key]
    private static let bothKeys = [LedgerFixture.signer.key, LedgerFixture.tenantSigner.key]

    private static func path(from old: Int, to new: Int, in ledger: LedgerFixture) -> [LedgerHash] {
        var prover = ledger.prover
        return prover.prefix(from: LedgerFixture.index(old), to: LedgerFixture.index(new))
    }

    private static func prefixFork(_ old: Int, _ new: Int, countersigned: Bool = false) -> LedgerProof {
        .fork(
            .prefix(
                older: forked.signed(old, countersigned: countersigned),
                newer: ledger.signed(new, countersigned: countersigned), path: path(from: old, to: new, in: ledger)))
    }

    /// One proof of each kind, with a tenant's signature under every head.
    static let samples: [LedgerProof] = [
        ledger.inclusion(17, under: 40, countersigned: true), ledger.inclusion(1, under: 1, countersigned: true),
        ledger.consistency(17, 40, countersigned: true), ledger.consistency(32, 33, countersigned: true),
        ledger.consistency(40, 40, countersigned: true),
        ledger.export([2, 3, 17, 40], under: 40, countersigned: true), ledger.export([], under: 3, countersigned: true),
        .fork(.heads(ledger.signed(25, countersigned: true), forked.signed(25, countersigned: true))),
        prefixFork(21, 40, countersigned: true), prefixFork(32, 40, countersigned: true),
        .fork(
            .records(
                ledger.signed(40, countersigned: true), ledger.record(20, under: 40),
                forked.signed(30, countersigned: true), forked.record(20, under: 30))),
    ]

    @Test("every proof comes back from its text and is believed", arguments: samples)
    func comesBack(proof: LedgerProof) throws {
        let text = proof.text
        let read = try LedgerProof(text: text)
        #expect(read == proof)
        #expect(read.text == text)
        try read.check(LedgerProofTests.bothKeys)
        try read.check(LedgerProofTests.logKeys)
    }

    @Test("a key that is given must have signed, the log's must be given, and another log's will not do")
    func keys() {
        let ledger = LedgerProofTests.ledger
        let plain = ledger.inclusion(17, under: 40)
        #expect(throws: LedgerRefusal.unsigned(name: "tenant/acme")) { try plain.check(LedgerProofTests.bothKeys) }
        let origin = ledger.head(1).origin
        #expect(throws: LedgerRefusal.noKey(origin: origin)) { try plain.check([]) }
        #expect(throws: LedgerRefusal.noKey(origin: origin)) { try plain.check([LedgerFixture.otherSigner.key]) }
        let fork = LedgerProof.fork(.heads(ledger.signed(25), LedgerProofTests.forked.signed(25)))
        #expect(throws: LedgerRefusal.noKey(origin: origin)) { try fork.check([]) }
        #expect(throws: LedgerRefusal.unsigned(name: "tenant/acme")) {
            try fork.check([LedgerFixture.tenantSigner.key])
        }
    }

    @Test("heads are consistent in one direction, in one log, and with one chain at one record")
    func order() throws {
        let ledger = LedgerProofTests.ledger
        func check(_ older: LedgerHead, _ newer: LedgerHead, _ path: [LedgerHash]) throws {
            try LedgerProof.consistency(
                older: LedgerFixture.sign(older), newer: LedgerFixture.sign(newer), path: path
            ).check(LedgerProofTests.logKeys)
        }
        let path = Array(LedgerProofTests.path(from: 17, to: 40, in: ledger))
        try check(ledger.head(17), ledger.head(40), path)
        // What a restore kept is still shown to be the same.
        try check(ledger.head(17), ledger.head(40, incarnation: 2), path)
        let outOfOrder = LedgerRefusal.headsOutOfOrder(LedgerFixture.index(17), LedgerFixture.index(40))
        #expect(throws: outOfOrder) { try check(ledger.head(17, incarnation: 2), ledger.head(40), path) }
        #expect(throws: LedgerRefusal.self) { try check(ledger.head(40), ledger.head(17), path) }
        #expect(throws: LedgerRefusal.self) { try check(ledger.head(40), ledger.head(40, chain: 2), []) }
        #expect(throws: LedgerRefusal.self) { try check(ledger.head(0), ledger.head(40), path) }
        let other = LedgerHead(
            cluster: "colossus-1", log: LogID(high: 1, low: 2), index: ledger.head(17).index,
            root: ledger.head(17).root, chain: .zero, incarnation: 1, reign: .zero, at: ledger.head(17).at)
        #expect(throws: LedgerRefusal.self) {
            try LedgerProof.consistency(
                older: SignedHead(other, by: LedgerFixture.otherSigner), newer: ledger.signed(40), path: path
            ).check([LedgerFixture.signer.key, LedgerFixture.otherSigner.key])
        }
    }

    @Test("an export has each record once, in order")
    func exportOrder() throws {
        let ledger = LedgerProofTests.ledger
        try ledger.export([2, 3, 17], under: 40).check(LedgerProofTests.logKeys)
        for numbers in [[3, 2], [2, 2], [2, 3, 3, 17]] {
            #expect(throws: LedgerRefusal.self) {
                try ledger.export(numbers, under: 40).check(LedgerProofTests.logKeys)
            }
        }
    }

    @Test("the bounds fit each other (L10)")
    func bounds() {
        let cluster = String(repeating: "c", count: LogLimits.clusterNameByteCountMax)
        let origin = LedgerHead.origin(cluster: cluster, log: LogID(high: .max, low: .max))
        #expect(origin.utf8.count <= LedgerLimits.keyNameByteCountMax)
        // The longest text of a head, and under it as many signatures as there may be, each an em dash, two spaces, a
        // name, and 68 bytes in base 64.
        let head = LedgerHead(
            cluster: cluster, log: LogID(high: .max, low: .max), index: LedgerLimits.indexMax, root: .empty,
            chain: .zero, incarnation: .max, reign: Reign(rawValue: .max), at: .never)
        let signatureByteCount = 3 + 1 + LedgerLimits.keyNameByteCountMax + 1 + 92 + 1
        #expect(
            head.text.utf8.count + 1 + LedgerLimits.signatureCountMax * signatureByteCount
                <= LedgerLimits.noteByteCountMax)
        let secretByteCount = "PRIVATE+KEY++00000000+".utf8.count + LedgerLimits.keyNameByteCountMax + 44
        #expect(secretByteCount <= LedgerLimits.keyTextByteCountMax)
        // Two largest records with their paths and heads fit a file, as evidence of a fork has them.
        let record = LogLimits.recordByteCountMax * 4 / 3 + 64 + 45 * LedgerLimits.inclusionHashCountMax
        #expect(2 * (record + LedgerLimits.noteByteCountMax) + 64 <= LedgerLimits.proofByteCountMax)
        #expect(1 << LedgerLimits.inclusionHashCountMax == LedgerLimits.indexMax.rawValue + 1)
        #expect(LedgerLimits.tileLevelCount * LedgerLimits.tileHeight == LedgerLimits.inclusionHashCountMax)
        #expect(LedgerLimits.consistencyHashCountMax == LedgerLimits.inclusionHashCountMax + 1)
    }

    // MARK: Forks

    @Test("the older head of every fork is shown by a path from the newer one, and honest heads never are")
    func everyPrefixFork() throws {
        let (ledger, forked) = (LedgerProofTests.ledger, LedgerProofTests.forked)
        for new in 21...40 {
            for old in 1..<new {
                let path = LedgerProofTests.path(from: old, to: new, in: ledger)
                let evidence = ForkEvidence.prefix(
                    older: forked.signed(old), newer: ledger.signed(new), path: path)
                if old >= 20 {
                    try evidence.check(LedgerFixture.signer.key)
                } else {
                    #expect(throws: LedgerRefusal.noFork("the older head is part of the newer one")) {
                        try evidence.check(LedgerFixture.signer.key)
                    }
                }
            }
        }
    }

    @Test("a path that somebody made up is no evidence against an honest log")
    func madeUpPaths() {
        let ledger = LedgerProofTests.ledger
        for (old, new) in [(21, 40), (32, 40), (39, 40), (1, 2)] {
            let path = LedgerProofTests.path(from: old, to: new, in: ledger)
            for position in path.indices {
                var other = path
                other[position] = .leaf(of: [1, 2, 3])
                let evidence = ForkEvidence.prefix(older: ledger.signed(old), newer: ledger.signed(new), path: other)
                #expect(throws: LedgerRefusal.self) { try evidence.check(LedgerFixture.signer.key) }
            }
        }
    }

    @Test("what is no fork is said to be none")
    func noForks() throws {
        let (ledger, forked) = (LedgerProofTests.ledger, LedgerProofTests.forked)
        let key = LedgerFixture.signer.key
        let honest: [ForkEvidence] = [
            .heads(ledger.signed(25), ledger.signed(25)), .heads(ledger.signed(25), forked.signed(26)),
            // A restore gives indices again and says so.
            .heads(ledger.signed(25), LedgerFixture.sign(forked.head(25, incarnation: 2))),
            .prefix(
                older: LedgerFixture.sign(forked.head(21, incarnation: 1)),
                newer: LedgerFixture.sign(ledger.head(40, incarnation: 2)),
                path: LedgerProofTests.path(from: 21, to: 40, in: ledger)),
            .records(
                ledger.signed(40), ledger.record(20, under: 40),
                LedgerFixture.sign(forked.head(30, incarnation: 2)), forked.record(20, under: 30)),
            .records(
                ledger.signed(40), ledger.record(20, under: 40), ledger.signed(30), ledger.record(20, under: 30)),
            .records(
                ledger.signed(40), ledger.record(20, under: 40), forked.signed(30), forked.record(21, under: 30)),
            .records(
                ledger.signed(40), ledger.record(20, under: 40), forked.signed(30), ledger.record(20, under: 40)),
        ]
        for evidence in honest { #expect(throws: LedgerRefusal.self) { try evidence.check(key) } }
        #expect(ForkEvidence.between(ledger.signed(25), ledger.signed(25)) == nil)
        #expect(ForkEvidence.between(ledger.signed(25), forked.signed(26)) == nil)
        #expect(ForkEvidence.between(ledger.signed(19), forked.signed(19)) == nil)
        try #require(ForkEvidence.between(ledger.signed(20), forked.signed(20))).check(key)
        let otherChain = LedgerFixture.sign(ledger.head(25, chain: 9))
        try #require(ForkEvidence.between(ledger.signed(25), otherChain)).check(key)
    }

    @Test("a fork is shown against whoever signed both sides, the tenant as well as the log")
    func againstEitherSide() throws {
        let (ledger, forked) = (LedgerProofTests.ledger, LedgerProofTests.forked)
        let tenant = LedgerFixture.tenantSigner
        let evidence = ForkEvidence.heads(
            SignedHead(ledger.head(25), by: tenant), SignedHead(forked.head(25), by: tenant))
        try LedgerProof.fork(evidence).check([tenant.key])
        #expect(throws: LedgerRefusal.self) { try LedgerProof.fork(evidence).check([LedgerFixture.signer.key]) }
    }
}
