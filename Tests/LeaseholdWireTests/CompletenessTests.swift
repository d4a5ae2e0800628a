import LeaseholdModel
import Testing

/// Nothing that can be said is missing among the samples: a new case breaks a switch here, and then the test until it
/// has a sample.
@Suite("Samples of everything that can be said")
struct CompletenessTests {
    @Test("every message has a sample")
    func everyMessageHasASample() {
        #expect(Set(Samples.all.map(Spoken.init)) == Set(Spoken.allCases))
    }

    @Test("every request has a sample")
    func everyRequestHasASample() {
        #expect(Set(Samples.requests.map(Asked.init)) == Set(Asked.allCases))
    }

    @Test("every reply has a sample")
    func everyReplyHasASample() {
        #expect(Set(Samples.replies.map(Answered.init)) == Set(Answered.allCases))
    }

    @Test("every refusal has a sample")
    func everyRefusalHasASample() {
        #expect(Set(Samples.refusals.map(\.code)) == Set(Refusal.Code.allCases))
    }
}

/// The cases of `Message`, with what lies in it.
private enum Spoken: CaseIterable {
    case hello, welcome, request, reply, complaint
    case report, heartbeat, started, grantRefused, retired, detail, sanitised
    case attached, reportRefused, renewal, grant, retire, certificateKept
    case guardList, guardStart, guardRenew, guardRetire
    case holds, guardStarted, startRefused, fenced, guardRetired, evicted

    init(_ message: Message) {
        switch message {
        case .hello: self = .hello
        case .welcome: self = .welcome
        case .request: self = .request
        case .reply: self = .reply
        case .complaint: self = .complaint
        case .agent(.report): self = .report
        case .agent(.heartbeat): self = .heartbeat
        case .agent(.started): self = .started
        case .agent(.grantRefused): self = .grantRefused
        case .agent(.retired): self = .retired
        case .agent(.detail): self = .detail
        case .agent(.sanitised): self = .sanitised
        case .order(.attached): self = .attached
        case .order(.reportRefused): self = .reportRefused
        case .order(.renewal): self = .renewal
        case .order(.grant): self = .grant
        case .order(.retire): self = .retire
        case .order(.certificateKept): self = .certificateKept
        case .guardOrder(.list): self = .guardList
        case .guardOrder(.start): self = .guardStart
        case .guardOrder(.renew): self = .guardRenew
        case .guardOrder(.retire): self = .guardRetire
        case .guardAnswer(.holds): self = .holds
        case .guardAnswer(.started): self = .guardStarted
        case .guardAnswer(.startRefused): self = .startRefused
        case .guardAnswer(.fenced): self = .fenced
        case .guardAnswer(.retired): self = .guardRetired
        case .guardAnswer(.evicted): self = .evicted
        }
    }
}

/// The cases of `Request`.
private enum Asked: CaseIterable {
    case status, importFleet, showFleet, listNodes, showNode, cordonNode, uncordonNode, createTenant, listTenants
    case showTenant, setQuota, quoteLease, createLease, listLeases, showLease, releaseLease, cancelLease
    case extendLease, resizeLease, explainLease, watchEvents, ledgerHead, proveRecord, proveHead, exportRecords
    case countersignHead, saveBackup

    init(_ request: Request) {
        switch request {
        case .status: self = .status
        case .importFleet: self = .importFleet
        case .showFleet: self = .showFleet
        case .listNodes: self = .listNodes
        case .showNode: self = .showNode
        case .cordonNode: self = .cordonNode
        case .uncordonNode: self = .uncordonNode
        case .createTenant: self = .createTenant
        case .listTenants: self = .listTenants
        case .showTenant: self = .showTenant
        case .setQuota: self = .setQuota
        case .quoteLease: self = .quoteLease
        case .createLease: self = .createLease
        case .listLeases: self = .listLeases
        case .showLease: self = .showLease
        case .releaseLease: self = .releaseLease
        case .cancelLease: self = .cancelLease
        case .extendLease: self = .extendLease
        case .resizeLease: self = .resizeLease
        case .explainLease: self = .explainLease
        case .watchEvents: self = .watchEvents
        case .askLog(.head): self = .ledgerHead
        case .askLog(.inclusion): self = .proveRecord
        case .askLog(.consistency): self = .proveHead
        case .askLog(.export): self = .exportRecords
        case .countersignHead: self = .countersignHead
        case .askLog(.page): self = .saveBackup
        }
    }
}

/// The cases of `Reply`.
private enum Answered: CaseIterable {
    case status, fleetImported, fleet, nodes, node, tenant, tenants, quote, granted, leases, lease, released, cancelled
    case declined, waitlisted, extended, resized, explained, watching, event, cordon, shown, countersigned, backupPage
    case refused

    init(_ reply: Reply) {
        switch reply {
        case .status: self = .status
        case .fleetImported: self = .fleetImported
        case .fleet: self = .fleet
        case .nodes: self = .nodes
        case .node: self = .node
        case .tenant: self = .tenant
        case .tenants: self = .tenants
        case .quote: self = .quote
        case .declined: self = .declined
        case .granted: self = .granted
        case .waitlisted: self = .waitlisted
        case .leases: self = .leases
        case .lease: self = .lease
        case .released: self = .released
        case .cancelled: self = .cancelled
        case .extended: self = .extended
        case .resized: self = .resized
        case .explained: self = .explained
        case .watching: self = .watching
        case .event: self = .event
        case .cordon: self = .cordon
        case .shown: self = .shown
        case .countersigned: self = .countersigned
        case .backupPage: self = .backupPage
        case .refused: self = .refused
        }
    }
}
