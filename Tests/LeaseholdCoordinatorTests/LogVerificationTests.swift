import Foundation
import LeaseholdBroker
import LeaseholdCoordinator
import LeaseholdLog
import LeaseholdModel
import LeaseholdPlatform
import Testing

@Suite("What a check of a log says of the book")
struct LogVerificationTests {
    @Test("leases that wait are counted with the others, for people and for scripts")
    func waiting() throws {
        let path = FileManager.default.temporaryDirectory.path + "/verification-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let identity = LogIdentity(
            cluster: "colossus-1", logID: .random(), kind: .coordinator, segmentByteCount: 65_536)
        let holder = try LockHolder.current(role: "test", incarnation: Incarnation.random())
        try LogDirectory.create(at: path, identity, holder: holder)
        let log = try LogDirectory.open(at: path, expecting: LogExpectation(kind: .coordinator), holder: holder) {
            _, _ throws(RecordRefusal) in
        }.log
        let at = CalendarInstant(nanoseconds: 1_000_000_000)
        let terms = LeaseTerms(
            tenant: "acme", unit: .gpu, count: 1, kinds: [], end: .after(.hours(1)), onSilence: .keep,
            waitlist: .hours(2))
        let waiting = WaitlistedLease(
            terms: terms, until: at + .hours(2), estimatedStart: nil,
            refusal: .noCapacity(asked: 1, grantable: 0, inventory: 0))
        let records: [Record] = [.tenantCreated(name: "acme", quota: 8), .leaseWaitlisted(waiting)]
        for (position, record) in records.enumerated() {
            let entry = LogEntry(
                index: RecordIndex(rawValue: UInt64(position) + 1), at: at, principal: .coordinator, request: nil,
                record: record)
            _ = try log.commit([RecordCodec.encode(entry)])
        }
        try log.close()
        let verification = try CoordinatorShell.verify(stateDirectory: path)
        #expect(verification.damage == nil)
        #expect(verification.lines.last?.contains("leases 1 waiting, 0 confirmed, 0 starting") == true)
        #expect(try verification.json().contains("\"waiting\":1"))
    }
}
