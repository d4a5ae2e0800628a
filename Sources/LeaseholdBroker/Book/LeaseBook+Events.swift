package import LeaseholdModel

/// The ledger in words.
extension LeaseBook {
    /// An entry as a watch shows it; called after `evolve(entry)`.
    package func event(for entry: LogEntry) -> EventView {
        EventView(
            index: entry.index, at: entry.at, principal: entry.principal, word: entry.record.word,
            lease: entry.lease, text: text(entry))
    }

    /// Whether somebody may see an entry (L13): operators all, a tenant those about its own leases.
    package func isVisible(_ entry: LogEntry, to principal: Principal) -> Bool {
        switch principal.role {
        case .operator: true
        case .tenant: entry.lease.map { lease($0, visibleTo: principal) != nil } ?? false
        case .agent, .coordinator: false
        }
    }

    private func text(_ entry: LogEntry) -> String {
        switch entry.record {
        case .reignBegan(let began):
            "reign \(began.reign) begins: hold \(began.holds.hold), eviction \(began.holds.eviction)"
        case .fleetPartImported(let part):
            part.isLast
                ? "the fleet has \(fleet.nodes.count) nodes with \(fleet.holders.count) GPUs"
                : "part \(part.part + 1) of \(part.partCount) of an import has come"
        case .tenantCreated(let name, let quota): "tenant \(name) may hold \(quota) GPUs"
        case .tenantQuotaSet(let tenant, let quota): "tenant \(tenants[tenant].name) may hold \(quota) GPUs"
        case .nodeCordonSet(let node, let isCordoned):
            "\(name(node)) \(isCordoned ? "takes no new work" : "takes new work again")"
        case .nodeReported(let node, _, _): "\(name(node)) is ready"
        case .nodesSetAside(let nodes, let state, let reason):
            "\(list(nodes)) \(nodes.count == 1 ? "is" : "are") \(state): \(reason.explanation)"
        case .gpuHealthChanged(let node, let unhealthy):
            unhealthy.isEmpty
                ? "every GPU of \(name(node)) is healthy"
                : "\(unhealthy.named) of \(name(node)) \(unhealthy.count == 1 ? "is" : "are") unhealthy"
        case .leaseGranted(let granted): text(granted)
        case .leaseWaitlisted(let waiting):
            "tenant \(waiting.terms.tenant) waits for \(waiting.terms.count) \(waiting.terms.unit.word), until "
                + "\(waiting.until.rfc3339): \(waiting.refusal.message)"
        case .leaseConfirmed(let lease, let granted): "\(lease) comes off the waitlist: " + text(granted)
        case .leaseShrunk(let lease, let count, _): "\(lease) is resized to \(count)"
        case .leaseBegun(let lease, _): "\(lease) begins"
        case .leaseMoved(let lease, let placements, _):
            "\(lease) will lie on \(list(placements.map(\.node)))"
        case .leaseExtended(let lease, let endsAt, _, _): "\(lease) ends at \(endsAt.rfc3339)"
        case .leaseActivated(let lease): "\(lease) runs on all its nodes"
        case .leaseEnding(let lease, let cause):
            switch cause {
            case .released: "\(lease) is given back"
            case .lapsed:
                leases[lease]?.part.placements.isEmpty ?? false
                    ? "the time of \(lease) on the waitlist is over" : "the term of \(lease) is over"
            case .cancelled: "\(lease) is given up before it began"
            case .closed: "\(lease) had ended on its nodes already, by what a restore of the log has given up"
            case .none: "\(lease) ends"
            }
        case .partitionsRetired(let lease, let nodes, let proof):
            switch proof {
            case .acknowledged: "\(lease) is off \(list(nodes)), proved by the agent"
            case .waited: "\(lease) is off \(list(nodes)), silent for longer than any hold lasts"
            }
        case .partitionSanitised(let node, let certificate):
            "\(name(node)) vouches for \(certificate.lease): "
                + (certificate.energy.map { "\($0.count / 1_000) J used, " } ?? "")
                + "\(certificate.steps.count { $0.step.isLeaving }) steps to make it clean"
        case .ticketNoted(let node, let ticket, _): "\(name(node)): \(ticket.story)"
        case .headCountersigned(let tenant, let head, _, _):
            "tenant \(tenants[tenant].name) has signed the head of record \(head)"
        case .requestRefused(let refusal): "refused: \(refusal.message)"
        }
    }

    private func text(_ granted: LeaseGranted) -> String {
        let first = granted.first
        let verb = granted.begun == nil ? "is promised" : "holds"
        let start = granted.begun == nil ? "from \(first.startsAt.rfc3339) " : ""
        let more = granted.further.isEmpty ? "" : ", and \(granted.further.count) further parts"
        return "tenant \(tenants[granted.tenant].name) \(verb) \(first.gpuCount) GPUs on "
            + "\(list(first.placements.map(\.node))) with \(first.watts) \(start)"
            + "for \(first.window.span), \(granted.onSilence.word) on silence\(more)"
    }

    private func name(_ node: NodeID) -> String { "node \(fleet[node].shape.name)" }

    private func list(_ nodes: [NodeID]) -> String {
        guard let first = nodes.first else { return "no node" }
        return nodes.count == 1 ? name(first) : "\(nodes.count) nodes, the first \(fleet[first].shape.name)"
    }
}

extension LogEntry {
    /// The lease that the entry is about, if it is about one.
    package var lease: LeaseID? {
        switch record {
        case .leaseGranted, .leaseWaitlisted: LeaseID(index)
        case .leaseBegun(let lease, _), .leaseMoved(let lease, _, _), .leaseExtended(let lease, _, _, _),
            .leaseActivated(let lease), .leaseEnding(let lease, _), .partitionsRetired(let lease, _, _),
            .leaseConfirmed(let lease, _), .leaseShrunk(let lease, _, _):
            lease
        case .partitionSanitised(_, let certificate): certificate.lease
        case .ticketNoted(_, _, let lease): lease
        case .reignBegan, .fleetPartImported, .tenantCreated, .tenantQuotaSet, .nodeCordonSet, .nodeReported,
            .nodesSetAside, .gpuHealthChanged, .headCountersigned, .requestRefused:
            nil
        }
    }
}

extension Record {
    /// What scripts and metrics call the record: the name of its case.
    package var word: String {
        switch self {
        case .reignBegan: "reignBegan"
        case .fleetPartImported: "fleetPartImported"
        case .tenantCreated: "tenantCreated"
        case .tenantQuotaSet: "tenantQuotaSet"
        case .nodeCordonSet: "nodeCordonSet"
        case .nodeReported: "nodeReported"
        case .nodesSetAside: "nodesSetAside"
        case .gpuHealthChanged: "gpuHealthChanged"
        case .leaseGranted: "leaseGranted"
        case .leaseWaitlisted: "leaseWaitlisted"
        case .leaseConfirmed: "leaseConfirmed"
        case .leaseShrunk: "leaseShrunk"
        case .leaseBegun: "leaseBegun"
        case .leaseMoved: "leaseMoved"
        case .leaseExtended: "leaseExtended"
        case .leaseActivated: "leaseActivated"
        case .leaseEnding: "leaseEnding"
        case .partitionsRetired: "partitionsRetired"
        case .partitionSanitised: "partitionSanitised"
        case .ticketNoted: "ticketNoted"
        case .headCountersigned: "headCountersigned"
        case .requestRefused: "requestRefused"
        }
    }
}
