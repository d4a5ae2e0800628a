import LeaseholdModel

/// A tenant of the book.
package struct TenantRow: Equatable, Sendable {
    /// Unique among tenants.
    package let name: String
    /// GPUs that its leases may hold together; 0 means none.
    package var quota: Int
    /// Thousandths of the GPUs of its leases that have not ended, ending ones included.
    package var heldThousandths = 0
    /// The same in whole GPUs, rounded up.
    package var held: Int { wholeGPUs(heldThousandths) }
    /// Its leases that have not ended.
    package var leaseCount = 0
    /// Its leases that the book remembers, ascending; forgotten ones are dropped in bulk.
    var leases: [LeaseID] = []
    /// How many of `leases` are forgotten.
    var forgottenCount = 0

    init(name: String, quota: Int) {
        self.name = name
        self.quota = quota
    }

    /// Says that one of the leases is forgotten; whether it is time to drop those that are.
    mutating func forgetOne() -> Bool {
        forgottenCount += 1
        return forgottenCount >= 64 && forgottenCount * 2 > leases.count
    }

    /// Drops the leases that are forgotten.
    mutating func drop(_ isForgotten: (LeaseID) -> Bool) {
        leases.removeAll(where: isForgotten)
        forgottenCount = 0
    }
}

/// The tenants, by id and by name.
package struct TenantTable: Equatable, Sendable {
    /// By `TenantID`.
    package var rows: [TenantRow] = []
    private var byName = Lookup<String, TenantID>()

    /// No tenants.
    package init() {}

    /// The tenant with this name.
    func id(named name: String) -> TenantID? { byName[name] }

    /// A tenant.
    subscript(id: TenantID) -> TenantRow { rows[id.offset] }

    /// Adds a tenant under a new name.
    mutating func add(name: String, quota: UInt32) {
        byName[name] = TenantID(rawValue: UInt32(rows.count))
        rows.append(TenantRow(name: name, quota: Int(quota)))
    }
}
