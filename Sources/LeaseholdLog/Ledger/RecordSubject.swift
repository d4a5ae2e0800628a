package import LeaseholdModel

/// Whom a record is about, as far as the record alone says it.
package enum RecordSubject: Hashable, Sendable {
    /// The fleet, the coordinator, nodes with whatever lies on them: no single tenant.
    case nobody
    case tenant(name: String)
    case tenantNumbered(TenantID)
    /// The lease, by its first part, and so the tenant whose lease it is.
    case lease(LeaseID)
}

extension LogEntry {
    /// Whom the entry is about.
    ///
    /// A refusal is about the tenant that asked, if one did, and about nobody where an operator asked.
    package var subject: RecordSubject {
        switch record {
        case .reignBegan, .fleetPartImported, .nodeCordonSet, .nodeReported, .nodesSetAside, .gpuHealthChanged:
            .nobody
        case .tenantCreated(let name, _): .tenant(name: name)
        case .tenantQuotaSet(let tenant, _): .tenantNumbered(tenant)
        case .leaseGranted(let granted): .tenantNumbered(granted.tenant)
        case .headCountersigned(let tenant, _, _, _): .tenantNumbered(tenant)
        case .leaseWaitlisted(let waitlisted): .tenant(name: waitlisted.terms.tenant)
        case .leaseConfirmed(let lease, _), .leaseBegun(let lease, _), .leaseMoved(let lease, _, _),
            .leaseExtended(let lease, _, _, _), .leaseShrunk(let lease, _, _), .leaseActivated(let lease),
            .leaseEnding(let lease, _), .partitionsRetired(let lease, _, _):
            .lease(lease.whole)
        case .partitionSanitised(_, let certificate): .lease(certificate.lease.whole)
        case .ticketNoted(_, _, let lease): lease.map { .lease($0.whole) } ?? .nobody
        case .requestRefused:
            switch principal.role {
            case .tenant: .tenant(name: principal.name)
            case .operator, .agent, .coordinator: .nobody
            }
        }
    }

    /// Whether the entry is about the fleet: about no tenant, or a ticket, whoever's lease it concerns.
    fileprivate var isAboutFleet: Bool {
        if case .ticketNoted = record { return true }
        return subject == .nobody
    }

    /// Whether the record makes the lease that is called by its index.
    fileprivate var makesLease: Bool {
        switch record {
        case .leaseGranted, .leaseWaitlisted: true
        case .reignBegan, .fleetPartImported, .nodeCordonSet, .nodeReported, .nodesSetAside, .gpuHealthChanged,
            .tenantCreated, .tenantQuotaSet, .leaseConfirmed, .leaseBegun, .leaseMoved, .leaseExtended, .leaseShrunk,
            .leaseActivated, .leaseEnding, .partitionsRetired, .partitionSanitised, .ticketNoted, .headCountersigned,
            .requestRefused:
            false
        }
    }
}

/// Tells the records about one tenant, or about the fleet, from all others; must be shown every record, from the first
/// on; of the fleet's from any on.
///
/// Most records of a lease name the lease alone, so it learns the tenant's number when the tenant is created, and its
/// leases when they are made.
package struct LedgerOwnership: Sendable {
    /// The tenant's name; nil where the fleet's records are wanted.
    package let tenant: String?
    /// The last record shown.
    package private(set) var index = RecordIndex.zero
    private var tenantCount: UInt32 = 0
    private var number: TenantID?
    /// The indices of the tenant's leases, ascending.
    private var leases: [UInt64] = []
    private let leaseCountMax: Int

    /// Nothing shown yet.
    package init(of tenant: String, leaseCountMax: Int = LedgerLimits.ownedLeaseCountMax) {
        self.tenant = tenant
        self.leaseCountMax = leaseCountMax
    }

    /// The fleet's records behind one.
    package init(ofFleetAfter index: RecordIndex) {
        tenant = nil
        leaseCountMax = 0
        self.index = index
    }

    /// Learns from the next record, and says whether it is about the tenant or its leases, or the fleet, and nothing else.
    package mutating func isMeant(_ entry: LogEntry) throws(LedgerRefusal) -> Bool {
        guard entry.index == index.next else { throw .recordOutOfOrder(entry.index) }
        index = entry.index
        guard let tenant else { return entry.isAboutFleet }
        if case .tenantCreated(let name, _) = entry.record {
            if name == tenant { number = TenantID(rawValue: tenantCount) }
            tenantCount += 1
        }
        guard let number, isOf(number, named: tenant, entry.subject) else { return false }
        if entry.makesLease {
            guard leases.count < leaseCountMax else {
                let limit = UInt64(leaseCountMax)
                throw .tooMuch("leases of tenant \(tenant)", count: limit + 1, limit: limit)
            }
            leases.append(entry.index.rawValue)
        }
        return true
    }

    private func isOf(_ number: TenantID, named tenant: String, _ subject: RecordSubject) -> Bool {
        switch subject {
        case .nobody: false
        case .tenant(let name): name == tenant
        case .tenantNumbered(let other): other == number
        case .lease(let lease): owns(lease.index.rawValue)
        }
    }

    private func owns(_ lease: UInt64) -> Bool {
        var (low, high) = (0, leases.count)
        while low < high {
            let middle = (low + high) / 2
            if leases[middle] < lease { low = middle + 1 } else { high = middle }
        }
        return low < leases.count && leases[low] == lease
    }
}
