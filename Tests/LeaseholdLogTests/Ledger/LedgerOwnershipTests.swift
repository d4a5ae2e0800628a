import LeaseholdLog
import LeaseholdModel
import Testing

@Suite("Whose records an export has")
struct LedgerOwnershipTests {
    private static let acme = Principal(role: .tenant, name: "acme")
    private static let agent = Principal(role: .agent, name: "n")
    private static let ops = Principal(role: .operator, name: "ops")

    private static func granted(_ tenant: UInt32) -> LeaseGranted {
        LeaseGranted(
            tenant: TenantID(rawValue: tenant), unit: .gpu, count: 1, kinds: [], onSilence: .fence,
            silenceClass: .guarded,
            first: LeasePart(startsAt: .never, endsAt: .never, watts: .zero, placements: []), begun: nil)
    }

    private static func waitlisted(_ tenant: String) -> WaitlistedLease {
        WaitlistedLease(
            terms: LeaseTerms(
                tenant: tenant, unit: .gpu, count: 1, kinds: [], start: .soonest, end: .after(.hours(1)),
                onSilence: .fence, waitlist: .hours(1)),
            until: .never, estimatedStart: nil, refusal: .noCapacity(asked: 1, grantable: 0, inventory: 1))
    }

    private static func lease(_ index: UInt64, part: Int = 0) -> LeaseID {
        LeaseID(RecordIndex(rawValue: index), part: part)
    }

    /// A log with two tenants; whose each record is.
    private static let log: [(Principal, Record, String?)] = [
        (
            .coordinator,
            .reignBegan(
                ReignBegan(
                    reign: Reign(rawValue: 1), incarnation: Incarnation(high: 1, low: 1), boot: BootID(high: 1, low: 1),
                    holds: .standard)), nil
        ),
        // A refusal before there is such a tenant is nobody's.
        (acme, .requestRefused(.notFound(.tenant, name: "acme")), nil),
        (ops, .tenantCreated(name: "other", quota: 1), "other"),
        (ops, .tenantCreated(name: "acme", quota: 2), "acme"),
        (ops, .tenantQuotaSet(tenant: TenantID(rawValue: 0), quota: 3), "other"),
        (ops, .tenantQuotaSet(tenant: TenantID(rawValue: 1), quota: 3), "acme"),
        // Leases 7 to 10.
        (acme, .leaseGranted(granted(1)), "acme"),
        (ops, .leaseGranted(granted(0)), "other"),
        (acme, .leaseWaitlisted(waitlisted("acme")), "acme"),
        (ops, .leaseWaitlisted(waitlisted("other")), "other"),
        (.coordinator, .leaseConfirmed(lease(9), granted(1)), "acme"),
        (.coordinator, .leaseConfirmed(lease(10), granted(0)), "other"),
        (
            .coordinator,
            .leaseBegun(
                lease(7, part: 3),
                LeaseBegun(reign: Reign(rawValue: 1), keepBound: nil, keepBoot: BootID(high: 1, low: 1))), "acme"
        ),
        (.coordinator, .leaseMoved(lease(8), [], watts: .zero), "other"),
        (.coordinator, .leaseMoved(lease(9), [], watts: .zero), "acme"),
        (ops, .leaseExtended(lease(7), endsAt: .never, keepBound: nil, keepBoot: BootID(high: 1, low: 1)), "acme"),
        (ops, .leaseShrunk(lease(10), count: 1, []), "other"),
        (.coordinator, .leaseActivated(lease(7)), "acme"),
        (.coordinator, .leaseActivated(lease(3)), nil),
        (acme, .leaseEnding(lease(7), cause: .released), "acme"),
        (.coordinator, .partitionsRetired(lease(7), nodes: [NodeID(rawValue: 1)], proof: .acknowledged), "acme"),
        (.coordinator, .partitionsRetired(lease(8), nodes: [NodeID(rawValue: 1)], proof: .acknowledged), "other"),
        (agent, .partitionSanitised(NodeID(rawValue: 1), certificate(of: 7)), "acme"),
        (agent, .partitionSanitised(NodeID(rawValue: 1), certificate(of: 3)), nil),
        (agent, .ticketNoted(NodeID(rawValue: 1), CodecSamples.openTicket, lease(7, part: 3)), "acme"),
        (agent, .ticketNoted(NodeID(rawValue: 1), CodecSamples.openTicket, lease(3)), nil),
        (agent, .ticketNoted(NodeID(rawValue: 1), CodecSamples.openTicket, nil), nil),
        (acme, .requestRefused(.notFound(.lease, name: "L8")), "acme"),
        (ops, .requestRefused(.wrongState(lease: lease(7), state: .ended, asked: "released")), nil),
        (Principal(role: .agent, name: "acme"), .nodeReported(node: NodeID(rawValue: 1), hardware: 1), nil),
        (.coordinator, .nodesSetAside([NodeID(rawValue: 1)], state: .suspect, reason: .none), nil),
        (.coordinator, .gpuHealthChanged(node: NodeID(rawValue: 1), unhealthy: .none), nil),
        (ops, .nodeCordonSet(node: NodeID(rawValue: 1), isCordoned: true), nil),
        (
            ops,
            .fleetPartImported(
                FleetPart(importHash: 0, part: 1, partCount: 2, kinds: [], places: [], runs: [])), nil
        ),
        (ops, .headCountersigned(TenantID(rawValue: 1), head: .zero, CodecSamples.headText, key: ""), "acme"),
    ]

    private static func certificate(of lease: UInt64) -> SanitisingCertificate {
        SanitisingCertificate(lease: LeaseID(rawValue: lease), epoch: .zero, gpus: [], window: nil, steps: [])
    }

    private static let entries: [LogEntry] = log.enumerated().map { position, row in
        LogEntry(
            index: RecordIndex(rawValue: UInt64(position + 1)), at: .never, principal: row.0, request: nil,
            record: row.1)
    }

    @Test("each record is one tenant's or nobody's", arguments: ["acme", "other", "nobody"])
    func everyRecord(tenant: String) throws {
        var ownership = LedgerOwnership(of: tenant)
        for (entry, row) in zip(LedgerOwnershipTests.entries, LedgerOwnershipTests.log) {
            #expect(try ownership.isMeant(entry) == (row.2 == tenant), "record \(entry.index): \(entry.record)")
        }
        #expect(Set(LedgerOwnershipTests.log.map { Fact($0.1) }) == Set(Fact.allCases))
    }

    @Test("every sample of a record is about a lease, a tenant or nobody, by its kind")
    func samples() {
        for entry in CodecSamples.entries {
            let fact = Fact(entry.record)
            switch entry.subject {
            case .nobody: #expect(!"\(fact)".hasPrefix("lease") && !"\(fact)".hasPrefix("tenant"))
            case .tenant, .tenantNumbered:
                #expect(
                    [
                        "tenantCreated", "tenantQuotaSet", "leaseGranted", "leaseWaitlisted", "headCountersigned",
                        "requestRefused",
                    ].contains("\(fact)"))
            case .lease(let lease):
                #expect(lease.part == 0)
                #expect("\(fact)".hasPrefix("lease") || "\(fact)".hasPrefix("partition") || fact == .ticketNoted)
            }
        }
    }

    @Test("the fleet's are those that are nobody's, and every ticket; from any record on")
    func fleet() throws {
        let isMeant = { (row: (Principal, Record, String?)) in
            if case .ticketNoted = row.1 { return true }
            return row.2 == nil && row.0.role != .tenant
                && ![.leaseActivated, .partitionSanitised].contains(Fact(row.1))
        }
        for start in [0, 5] {
            var ownership = LedgerOwnership(ofFleetAfter: RecordIndex(rawValue: UInt64(start)))
            for (entry, row) in zip(LedgerOwnershipTests.entries, LedgerOwnershipTests.log).dropFirst(start) {
                #expect(try ownership.isMeant(entry) == isMeant(row), "record \(entry.index): \(entry.record)")
            }
        }
        #expect(LedgerOwnershipTests.log.count(where: isMeant) == 10)
    }

    @Test("a record that is left out is noticed, for what follows could not be told apart")
    func gap() throws {
        var ownership = LedgerOwnership(of: "acme")
        #expect(throws: LedgerRefusal.recordOutOfOrder(RecordIndex(rawValue: 2))) {
            try ownership.isMeant(LedgerOwnershipTests.entries[1])
        }
        _ = try ownership.isMeant(LedgerOwnershipTests.entries[0])
        #expect(throws: LedgerRefusal.recordOutOfOrder(RecordIndex(rawValue: 1))) {
            try ownership.isMeant(LedgerOwnershipTests.entries[0])
        }
    }

    @Test("an export has the tenant's records of its range, all of them, and every one is proved")
    func export() throws {
        let entries = LedgerOwnershipTests.entries
        let ledger = LedgerFixture(entries.map(RecordCodec.encode))
        func indices(of tenant: String, _ range: ClosedRange<UInt64>) throws -> [UInt64] {
            let bounds = RecordIndex(rawValue: range.lowerBound)...RecordIndex(rawValue: range.upperBound)
            var exporter = LedgerExporter(LedgerOwnership(of: tenant), range: bounds)
            for (entry, bytes) in zip(entries, ledger.records) { try exporter.take(entry.index, bytes) }
            #expect(exporter.isComplete && exporter.last == bounds.upperBound)
            var prover = ledger.prover
            let proof = exporter.export(under: ledger.signed(entries.count), provedBy: &prover)
            try LedgerProof(text: proof.text).check([LedgerFixture.signer.key])
            guard case .export(_, let records) = proof else { return [] }
            return records.map(\.index.rawValue)
        }
        for tenant in ["acme", "other", "nobody"] {
            let theirs = zip(entries, LedgerOwnershipTests.log).filter { $0.1.2 == tenant }.map { $0.0.index.rawValue }
            #expect(try indices(of: tenant, 1...UInt64(entries.count)) == theirs)
            #expect(try indices(of: tenant, 8...16) == theirs.filter { (8...16).contains($0) })
        }
    }

    @Test("an export that would not fit one file stops before the record that does not, and says so")
    func fullExport() throws {
        // 700 leases whose records take 97 KiB each: a file holds some 500 of them.
        var entries = [
            LogEntry(
                index: RecordIndex(rawValue: 1), at: .never, principal: LedgerOwnershipTests.ops, request: nil,
                record: .tenantCreated(name: "acme", quota: 1))
        ]
        for index in 2...700 {
            let clause = String(repeating: "c", count: 100_000)
            entries.append(
                LogEntry(
                    index: RecordIndex(rawValue: UInt64(index)), at: .never, principal: LedgerOwnershipTests.acme,
                    request: nil, record: .requestRefused(.notFound(.lease, name: clause))))
        }
        let ledger = LedgerFixture(entries.map(RecordCodec.encode))
        var next = RecordIndex(rawValue: 1)
        var found = 0
        var fileCount = 0
        while next.rawValue <= 700 {
            var exporter = LedgerExporter(LedgerOwnership(of: "acme"), range: next...RecordIndex(rawValue: 700))
            for (entry, bytes) in zip(entries, ledger.records) { try exporter.take(entry.index, bytes) }
            var prover = ledger.prover
            let proof = exporter.export(under: ledger.signed(700), provedBy: &prover)
            #expect(proof.text.count <= LedgerLimits.proofByteCountMax)
            guard case .export(_, let records) = proof else { return }
            found += records.count
            fileCount += 1
            next = exporter.last.next
        }
        #expect(found == 700)
        #expect(fileCount == 2)
    }

    @Test("a record that cannot be read stops an export")
    func unreadable() {
        var exporter = LedgerExporter(
            LedgerOwnership(of: "acme"), range: RecordIndex(rawValue: 1)...RecordIndex(rawValue: 9))
        #expect(throws: LedgerRefusal.unreadable(RecordIndex(rawValue: 1), .unknownRecord(index: .zero))) {
            try exporter.take(RecordIndex(rawValue: 1), [])
        }
        let second = RecordCodec.encode(LedgerOwnershipTests.entries[1])
        #expect(throws: LedgerRefusal.recordOutOfOrder(RecordIndex(rawValue: 2))) {
            try exporter.take(RecordIndex(rawValue: 1), second)
        }
    }
}
