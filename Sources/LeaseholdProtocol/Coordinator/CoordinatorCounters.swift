package import LeaseholdModel

/// What a coordinator has counted since it began: plain numbers, for metrics and for tests.
package struct CoordinatorCounters: Hashable, Sendable {
    package var requestCount: UInt64 = 0
    /// Changes answered from the request table.
    package var repeatedCount: UInt64 = 0
    package var heartbeatCount: UInt64 = 0
    package var complaintCount: UInt64 = 0
    package var alarmCount: UInt64 = 0
    package var grantedCount: UInt64 = 0
    package var endedByReleaseCount: UInt64 = 0
    package var endedByTermCount: UInt64 = 0
    /// Parts of leases that their nodes had closed by what a restore of the log gave up.
    package var endedAsClosedCount: UInt64 = 0
    package var cancelledCount: UInt64 = 0
    package var retiredByWordCount: UInt64 = 0
    package var retiredByWaitCount: UInt64 = 0
    /// By `Refusal.Code.rawValue`.
    package private(set) var refusalCounts = [UInt64](repeating: 0, count: Refusal.Code.allCases.count + 1)

    package init() {}

    mutating func count(_ refusal: Refusal) { refusalCounts[Int(refusal.code.rawValue)] += 1 }

    mutating func count(_ record: Record) {
        switch record {
        case .leaseGranted, .leaseConfirmed: grantedCount += 1
        case .leaseEnding(_, cause: .released): endedByReleaseCount += 1
        case .leaseEnding(_, cause: .lapsed): endedByTermCount += 1
        case .leaseEnding(_, cause: .closed): endedAsClosedCount += 1
        case .leaseEnding(_, cause: .cancelled): cancelledCount += 1
        case .partitionsRetired(_, let nodes, proof: .acknowledged): retiredByWordCount += UInt64(nodes.count)
        case .partitionsRetired(_, let nodes, proof: .waited): retiredByWaitCount += UInt64(nodes.count)
        case .leaseEnding(_, cause: .none), .reignBegan, .fleetPartImported, .tenantCreated, .tenantQuotaSet,
            .nodeCordonSet, .nodeReported, .nodesSetAside, .gpuHealthChanged, .leaseBegun, .leaseMoved, .leaseExtended,
            .leaseActivated, .leaseWaitlisted, .leaseShrunk, .partitionSanitised, .ticketNoted, .headCountersigned,
            .requestRefused:
            break
        }
    }

    /// How often a refusal was given.
    package func count(of code: Refusal.Code) -> UInt64 { refusalCounts[Int(code.rawValue)] }
}
