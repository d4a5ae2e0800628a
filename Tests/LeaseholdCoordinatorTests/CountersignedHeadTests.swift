import Foundation
import LeaseholdCoordinator
import LeaseholdLog
import LeaseholdModel
import Testing

@Suite("signatures of tenants under heads")
struct CountersignedHeadTests {
    private static func signer(_ name: String, _ seed: UInt8) throws -> LedgerSigner {
        try #require(LedgerSigner(name: name, seed: Array(repeating: seed, count: 32)))
    }

    @Test("both must hold, and be of this log and of the key that came along (L13)")
    func standings() throws {
        let log = LogID(high: 1, low: 2)
        let signer = try Self.signer(LedgerHead.origin(cluster: "demo", log: log), 1)
        let impostor = try Self.signer(signer.key.name, 2)
        let tenant = try Self.signer("tenant/acme", 3)
        let other = try Self.signer("tenant/acme", 4)
        let head = LedgerHead(
            cluster: "demo", log: log, index: RecordIndex(rawValue: 9), root: .empty, chain: .zero, incarnation: 1,
            reign: Reign(rawValue: 1), at: CalendarInstant(nanoseconds: 0))
        func standing(
            _ signatures: [LedgerSigner], key: LedgerSigner, _ change: (String) -> String = { $0 }
        ) throws -> CountersignedHead.Standing {
            var signed = SignedHead(head, by: signatures[0])
            for signer in signatures.dropFirst() { try signed.add(signer.signature(of: head)) }
            var countersigned = CountersignedHead(
                head: try #require(HeadText(change(signed.text))), key: key.key.text)
            let found = countersigned.check(against: signer.key)
            if case .good = countersigned.standing { #expect(found == head) } else { #expect(found == nil) }
            return countersigned.standing
        }
        #expect(
            try standing([signer, tenant], key: tenant) == .good(head: RecordIndex(rawValue: 9), signer: "tenant/acme"))
        func isBad(_ standing: CountersignedHead.Standing) -> Bool { if case .bad = standing { true } else { false } }
        #expect(try isBad(standing([signer], key: tenant)))
        #expect(try isBad(standing([tenant], key: tenant)))
        #expect(try isBad(standing([impostor, tenant], key: tenant)))
        #expect(try isBad(standing([signer, other], key: tenant)))
        #expect(
            try isBad(standing([signer, tenant], key: tenant) { $0.replacingOccurrences(of: "\n9\n", with: "\n8\n") }))
        #expect(try isBad(standing([signer, tenant], key: tenant) { _ in "nonsense" }))
    }
}
