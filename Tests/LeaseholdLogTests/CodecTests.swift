import LeaseholdLog
import LeaseholdModel
import Testing

@Suite("Records as bytes")
struct CodecTests {
    @Test("every record of the log comes back from its bytes, and gives the same bytes again")
    func everyRecordComesBack() throws {
        for entry in CodecSamples.entries + [CodecSamples.wholeSite] {
            let bytes = RecordCodec.encode(entry)
            #expect(try RecordCodec.decode(bytes) == entry)
            #expect(try bytes.withUnsafeBytes { try RecordCodec.decode($0) } == entry)
            #expect(RecordCodec.encode(entry) == bytes)
        }
    }

    @Test("a record with a salt says the same in other bytes, and nobody who knows what it says knows its hash (L13)")
    func salts() throws {
        for entry in CodecSamples.entries {
            let plain = RecordCodec.encode(entry)
            let one = RecordCodec.encode(entry, salt: RecordSalt(high: 1, low: 2))
            let other = RecordCodec.encode(entry, salt: RecordSalt(high: 1, low: 3))
            #expect(one != other && one.count == plain.count + 16 && other.count == one.count)
            #expect(try RecordCodec.decode(one) == entry)
            #expect(try RecordCodec.decode(other) == entry)
            #expect(Set([plain, one, other].map { LedgerHash.leaf(of: $0) }).count == 3)
        }
    }

    @Test("every record of the journal comes back from its bytes")
    func everyJournalRecordComesBack() throws {
        for record in CodecSamples.journal {
            let bytes = JournalCodec.encode(record)
            #expect(try JournalCodec.decode(bytes) == record)
            #expect(try bytes.withUnsafeBytes { try JournalCodec.decode($0) } == record)
        }
    }

    @Test("every record, journal record and refusal has a sample")
    func everyRecordHasASample() {
        #expect(Set(CodecSamples.records.map(Fact.init)) == Set(Fact.allCases))
        #expect(Set(CodecSamples.journal.map(JournalFact.init)) == Set(JournalFact.allCases))
        let refusals = CodecSamples.refusals + CodecSamples.laterRefusals
        #expect(Set(refusals.map(\.code)) == Set(Refusal.Code.allCases))
    }

    @Test("a lease of a whole site is one small record")
    func aLeaseOfAWholeSiteIsOneSmallRecord() {
        #expect(RecordCodec.encode(CodecSamples.wholeSite).count < 27_500 * 7)
    }

    @Test("bytes on disk keep their meaning")
    func bytesOnDiskKeepTheirMeaning() throws {
        let entry = LogEntry(
            index: RecordIndex(rawValue: 17), at: CalendarInstant(nanoseconds: 1),
            principal: Principal(role: .tenant, name: "a"),
            request: RequestKey(id: RequestID(high: 1, low: 2), bodyHash: 3),
            record: .leaseEnding(CodecSamples.lease, cause: .released))
        let expected: [UInt8] =
            [0x08, 17, 0x10, 1, 0x18, 2, 0x22, 1, 0x61]
            + [0x29, 1, 0, 0, 0, 0, 0, 0, 0, 0x31, 2, 0, 0, 0, 0, 0, 0, 0, 0x39, 3, 0, 0, 0, 0, 0, 0, 0]
            + [0xD2, 0x01, 5, 0x08, 0xCE, 0x0D, 0x10, 1]
        #expect(RecordCodec.encode(entry) == expected)
        let raised = JournalRecord.epochRaised(
            NodeSlot(rawValue: 1), gpus: .only(15),
            epoch: Epoch(reign: Reign(rawValue: 3), index: RecordIndex(rawValue: 4)))
        #expect(JournalCodec.encode(raised) == [0x22, 10, 0x08, 1, 0x10, 0x80, 0x80, 0x02, 0x18, 3, 0x20, 4])
    }

    // MARK: What is refused

    private static let prefix: [UInt8] = [0x08, 17, 0x10, 1, 0x18, 4]

    /// A lease with what is agreed for its first part.
    private static func terms(_ body: [UInt8]) -> [UInt8] {
        prefix + [0xC2, 0x01, UInt8(body.count + 3), 0xD2, 0x01, UInt8(body.count)] + body
    }

    private static func noMoney(_ value: String) -> RecordFailure {
        .invalid(
            field: "leaseGranted.terms[0].feeTenThousandths", value: value,
            expected: "0 to 10000000000000000 of a currency")
    }

    @Test(
        "what this version does not know is refused, never skipped",
        arguments: [
            // No record, and a record of field 99.
            (prefix, RecordFailure.unknownRecord(index: RecordIndex(rawValue: 17))),
            (prefix + [0x9A, 0x06, 0], .unknownRecord(index: RecordIndex(rawValue: 17))),
            // A field beside a known record, and one in it.
            (prefix + [0xCA, 0x01, 0, 0x98, 0x06, 1], .unknownField(record: "entry")),
            (prefix + [0xCA, 0x01, 3, 0x98, 0x06, 1], .unknownField(record: "leaseActivated")),
            // Enums: nothing said, and something new.
            (
                prefix + [0xD2, 0x01, 0],
                .invalid(field: "leaseEnding.cause", value: "0", expected: "a value that this version knows")
            ),
            (
                prefix + [0xD2, 0x01, 2, 0x10, 9],
                .invalid(field: "leaseEnding.cause", value: "9", expected: "a value that this version knows")
            ),
            (
                [0x08, 17, 0xCA, 0x01, 0],
                .invalid(field: "principalRole", value: "0", expected: "a value that this version knows")
            ),
            // Arrays that should be parallel, and a mask of 17 bits.
            (
                prefix + [0xC2, 0x01, 7, 0x10, 1, 0x28, 1, 0x30, 1, 0x58],
                .undecodable(byteCount: 16)
            ),
            (
                prefix + [0xC2, 0x01, 9, 0x10, 1, 0x28, 1, 0x30, 1, 0x5A, 1, 5],
                .invalid(field: "leaseGranted.gpuMask", value: "0 entries", expected: "1, as beside it")
            ),
            // What is agreed for a part: a field, an amount without a currency, one of no currency, less than nothing.
            (terms([0x98, 0x06, 1]), .unknownField(record: "leaseGranted.terms[0]")),
            (terms([0x10, 5]), noMoney("5 of \"\"")),
            (terms([0x0A, 2, 0x55, 0x53, 0x10, 5]), noMoney("5 of \"US\"")),
            (
                terms([0x0A, 3, 0x55, 0x53, 0x44, 0x10, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]),
                noMoney("-1 of \"USD\"")
            ),
            (
                prefix + [0xB2, 0x01, 0],
                .invalid(field: "nodesSetAside.state", value: "0", expected: "a value that this version knows")
            ),
            (
                prefix + [0xBA, 0x01, 4, 0x10, 0x80, 0x80, 0x04],
                .invalid(field: "gpuHealthChanged.unhealthyMask", value: "65536", expected: "at most 65535")
            ),
            // Half a request, a part that the import does not have, holds that cannot be.
            (
                prefix + [0x29, 1, 0, 0, 0, 0, 0, 0, 0, 0xCA, 0x01, 0],
                .invalid(field: "request", value: "1 of three parts", expected: "all or none")
            ),
            (
                prefix + [0x8A, 0x01, 0],
                .invalid(field: "fleetPartImported.part", value: "0", expected: "below 0")
            ),
            (
                prefix + [0x82, 0x01, 0],
                .invalid(
                    field: "reignBegan.holds", value: "hold 0s: expected 1s to 1d",
                    expected: "settings within their bounds")
            ),
            ([0xFF], .undecodable(byteCount: 1)),
        ])
    func whatIsUnknownIsRefused(_ bytes: [UInt8], _ failure: RecordFailure) {
        #expect(throws: failure) { try RecordCodec.decode(bytes) }
    }

    /// An entry with the record of a field from 32 on.
    private static func entry(_ field: UInt8, _ body: [UInt8]) -> [UInt8] {
        prefix + [(field - 32) << 3 | 0x82, 0x02, UInt8(body.count)] + body
    }

    /// A lease on the waitlist for GPUs, refused for want of capacity.
    private static let waits: [UInt8] = [0x10, 1, 0x70, 1, 0xA2, 0x01, 7, 0x08, 1, 0x1A, 3, 32, 24, 64]

    private static let ends = "termNs or endsAtCalendarNs"
    private static let waitlistFailures: [([UInt8], RecordFailure)] = [
        // A field in each record, in a part of a shrunk lease, and in a grant that was confirmed.
        (entry(32, [0x98, 0x06, 1]), .unknownField(record: "leaseWaitlisted")),
        (entry(33, [0x98, 0x06, 1]), .unknownField(record: "leaseConfirmed")),
        (entry(33, [0x12, 3, 0x98, 0x06, 1]), .unknownField(record: "leaseConfirmed.granted")),
        (entry(34, [0x98, 0x06, 1]), .unknownField(record: "leaseShrunk")),
        (entry(34, [0x1A, 3, 0x98, 0x06, 1]), .unknownField(record: "leaseShrunk.part[0]")),
        // A lease that was confirmed without a grant, or in parts; one that shrank to masks without nodes.
        (entry(33, []), .invalid(field: "leaseConfirmed.granted", value: "missing", expected: "a grant")),
        (
            entry(33, [0x12, 3, 0x9A, 0x01, 0]),
            .invalid(field: "leaseConfirmed.granted.further", value: "1 entries", expected: "none")
        ),
        (
            entry(34, [0x1A, 3, 0x1A, 1, 5]),
            .invalid(field: "leaseShrunk.part[0].gpuMask", value: "1 entries", expected: "0, as beside it")
        ),
        // Without why it waits; no end, two, two starts; a wait of no time.
        (entry(32, []), .invalid(field: "leaseWaitlisted.refusal", value: "missing", expected: "why it waits")),
        (entry(32, waits), .invalid(field: "leaseWaitlisted.termNs", value: "missing", expected: ends)),
        (
            entry(32, waits + [0x60, 1, 0x68, 1]),
            .invalid(field: "leaseWaitlisted.termNs", value: "beside endsAtCalendarNs", expected: ends)
        ),
        (
            entry(32, waits + [0x50, 1, 0x58, 1]),
            .invalid(
                field: "leaseWaitlisted.soonest", value: "beside startsAtCalendarNs", expected: "one of the two")
        ),
        (
            entry(32, waits + [0x60, 1, 0x70, 1, 0x88, 0x01, 0]),
            .invalid(field: "leaseWaitlisted.waitlistNs", value: "0", expected: "above 0")
        ),
    ]

    @Test("records of the waitlist that cannot be are refused with the field", arguments: waitlistFailures)
    func whatCannotWaitIsRefused(_ bytes: [UInt8], _ failure: RecordFailure) {
        #expect(throws: failure) { try RecordCodec.decode(bytes) }
    }

    @Test("a journal record that this version does not know is refused")
    func anUnknownJournalRecordIsRefused() {
        #expect(throws: RecordFailure.unknownRecord(index: nil)) { try JournalCodec.decode([]) }
        #expect(throws: RecordFailure.unknownRecord(index: nil)) { try JournalCodec.decode([0x9A, 0x06, 0]) }
        #expect(throws: RecordFailure.unknownField(record: "reignSeen")) {
            try JournalCodec.decode([0x12, 3, 0x98, 0x06, 1])
        }
    }

    @Test("100,000 bent records are read or refused, and what is read can be written again")
    func bentRecordsAreReadOrRefused() {
        var chance = SeededNoise(seed: 20_260_501)
        let entries = CodecSamples.entries.map { RecordCodec.encode($0) }
        let journal = CodecSamples.journal.map { JournalCodec.encode($0) }
        var readCount = 0
        for round in 0..<100_000 {
            do {
                if round % 2 == 0 {
                    let entry = try RecordCodec.decode(chance.bent(entries))
                    let again = try RecordCodec.decode(RecordCodec.encode(entry))
                    if again != entry { Issue.record("round \(round): \(entry) came back as \(again)") }
                } else {
                    let record = try JournalCodec.decode(chance.bent(journal))
                    let again = try JournalCodec.decode(JournalCodec.encode(record))
                    if again != record { Issue.record("round \(round): \(record) came back as \(again)") }
                }
                readCount += 1
            } catch {
                if error.description.isEmpty { Issue.record("round \(round): a failure without words") }
            }
        }
        #expect(readCount > 5_000)
    }
}

/// Chance that comes back with its seed: SplitMix64.
private struct SeededNoise: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    /// One of the samples with one to three bytes changed, left out or put in.
    mutating func bent(_ samples: [[UInt8]]) -> [UInt8] {
        var bytes = samples[Int.random(in: 0..<samples.count, using: &self)]
        for _ in 0..<Int.random(in: 1...3, using: &self) where !bytes.isEmpty {
            let position = Int.random(in: 0..<bytes.count, using: &self)
            switch Int.random(in: 0..<4, using: &self) {
            case 0: bytes[position] = UInt8.random(in: .min ... .max, using: &self)
            case 1: bytes.remove(at: position)
            case 2: bytes.insert(UInt8.random(in: .min ... .max, using: &self), at: position)
            default: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &self)
            }
        }
        return bytes
    }
}

/// The cases of `Record`.
enum Fact: CaseIterable {
    case reignBegan, fleetPartImported, tenantCreated, tenantQuotaSet, nodeCordonSet, nodeReported, nodesSetAside
    case gpuHealthChanged, leaseGranted, leaseBegun, leaseMoved, leaseExtended, leaseActivated, leaseEnding
    case partitionsRetired, requestRefused, leaseWaitlisted, leaseConfirmed, leaseShrunk, headCountersigned
    case partitionSanitised, ticketNoted

    init(_ record: Record) {
        switch record {
        case .reignBegan: self = .reignBegan
        case .fleetPartImported: self = .fleetPartImported
        case .tenantCreated: self = .tenantCreated
        case .tenantQuotaSet: self = .tenantQuotaSet
        case .nodeCordonSet: self = .nodeCordonSet
        case .nodeReported: self = .nodeReported
        case .nodesSetAside: self = .nodesSetAside
        case .gpuHealthChanged: self = .gpuHealthChanged
        case .leaseGranted: self = .leaseGranted
        case .leaseWaitlisted: self = .leaseWaitlisted
        case .leaseConfirmed: self = .leaseConfirmed
        case .leaseShrunk: self = .leaseShrunk
        case .leaseBegun: self = .leaseBegun
        case .leaseMoved: self = .leaseMoved
        case .leaseExtended: self = .leaseExtended
        case .leaseActivated: self = .leaseActivated
        case .leaseEnding: self = .leaseEnding
        case .partitionsRetired: self = .partitionsRetired
        case .partitionSanitised: self = .partitionSanitised
        case .ticketNoted: self = .ticketNoted
        case .requestRefused: self = .requestRefused
        case .headCountersigned: self = .headCountersigned
        }
    }
}

/// The cases of `JournalRecord`.
private enum JournalFact: CaseIterable {
    case nodeServed, reignSeen, grantAccepted, epochRaised, grantRetired, stepBegan, stepEnded
    case workBegan, workEnded, certificateKept

    init(_ record: JournalRecord) {
        switch record {
        case .nodeServed: self = .nodeServed
        case .reignSeen: self = .reignSeen
        case .grantAccepted: self = .grantAccepted
        case .epochRaised: self = .epochRaised
        case .grantRetired: self = .grantRetired
        case .stepBegan: self = .stepBegan
        case .stepEnded: self = .stepEnded
        case .workBegan: self = .workBegan
        case .workEnded: self = .workEnded
        case .certificateKept: self = .certificateKept
        }
    }
}
