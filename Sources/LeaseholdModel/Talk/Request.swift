/// What a client asks for.
///
/// One request makes at most one record.
package enum Request: Hashable, Sendable {
    case status
    case importFleet(FleetPart)
    case showFleet
    case listNodes(Page<NodeID>)
    case showNode(name: String)
    case cordonNode(name: String)
    case uncordonNode(name: String)
    case createTenant(name: String, quota: UInt32)
    case listTenants(Page<TenantID>)
    case showTenant(name: String)
    case setQuota(tenant: String, quota: UInt32)
    case quoteLease(LeaseTerms)
    case createLease(LeaseTerms)
    case listLeases(Page<LeaseID>, LeaseFilter)
    case showLease(LeaseID)
    case releaseLease(LeaseID)
    case cancelLease(LeaseID)
    case extendLease(LeaseID, to: LeaseEnd)
    /// Fewer units than it has.
    case resizeLease(LeaseID, count: UInt32)
    case explainLease(LeaseID)
    case watchEvents(EventFilter)
    /// What is answered from the log and not from the book.
    case askLog(LogQuestion)
    /// Puts a tenant's signature under a head on record.
    case countersignHead(CountersignedHead)

    /// Whether the request changes the book, so that it needs an id and a record.
    package var isChange: Bool {
        switch self {
        case .importFleet, .cordonNode, .uncordonNode, .createTenant, .setQuota, .createLease, .releaseLease,
            .cancelLease, .extendLease, .resizeLease, .countersignHead:
            true
        case .status, .showFleet, .listNodes, .showNode, .listTenants, .showTenant, .quoteLease, .listLeases,
            .showLease, .explainLease, .watchEvents, .askLog:
            false
        }
    }

    /// Whether the request frees capacity, so that it is the last to be shed.
    package var isRelease: Bool {
        switch self {
        case .releaseLease, .cancelLease, .resizeLease: true
        case .status, .importFleet, .showFleet, .listNodes, .showNode, .cordonNode, .uncordonNode, .createTenant,
            .listTenants, .showTenant, .setQuota, .quoteLease, .createLease, .listLeases, .showLease, .extendLease,
            .explainLease, .watchEvents, .askLog, .countersignHead:
            false
        }
    }

    /// The words of the command line that ask this: `lease create`.
    package var words: String {
        switch self {
        case .status: "status"
        case .importFleet: "fleet import"
        case .showFleet: "fleet show"
        case .listNodes: "node list"
        case .showNode: "node show"
        case .cordonNode: "node cordon"
        case .uncordonNode: "node uncordon"
        case .createTenant: "tenant create"
        case .listTenants: "tenant list"
        case .showTenant: "tenant show"
        case .setQuota: "tenant set-quota"
        case .quoteLease: "lease quote"
        case .createLease: "lease create"
        case .listLeases: "lease list"
        case .showLease: "lease show"
        case .releaseLease: "lease release"
        case .cancelLease: "lease cancel"
        case .extendLease: "lease extend"
        case .resizeLease: "lease resize"
        case .explainLease: "lease explain"
        case .watchEvents: "event watch"
        case .askLog(.head): "ledger head"
        case .askLog(.inclusion), .askLog(.consistency): "ledger prove"
        case .askLog(.export): "ledger export"
        case .askLog(.page): "backup save"
        case .countersignHead: "ledger sign"
        }
    }
}

/// A piece of a list: what comes after this id, at most so many.
package struct Page<ID: NumberedID>: Hashable, Sendable {
    /// The last id of the page before; nil for the first page.
    package let after: ID?
    package let countMax: Int
    package init(after: ID?, countMax: Int) {
        self.after = after
        self.countMax = countMax
    }
}

/// Which leases a list shows.
package struct LeaseFilter: Hashable, Sendable {
    /// Only this tenant's.
    package let tenant: String?
    /// Ended ones too.
    package let includesEnded: Bool
    package init(tenant: String?, includesEnded: Bool) {
        self.tenant = tenant
        self.includesEnded = includesEnded
    }
}

/// Which records a watch streams.
package struct EventFilter: Hashable, Sendable {
    /// The first index wanted; nil for "from now on".
    package let from: RecordIndex?
    /// Only records about leases.
    package let leasesOnly: Bool
    /// Only records about this lease.
    package let lease: LeaseID?
    package init(from: RecordIndex?, leasesOnly: Bool, lease: LeaseID?) {
        self.from = from
        self.leasesOnly = leasesOnly
        self.lease = lease
    }
}

/// A request as it arrived.
package struct RequestEnvelope: Hashable, Sendable {
    /// Present on every change (L2).
    package let key: RequestKey?
    package let request: Request
    package init(key: RequestKey?, request: Request) {
        self.key = key
        self.request = request
    }
}
