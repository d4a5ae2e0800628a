import LeaseholdModel

/// How the transcript tells what was said; what is said all day has no words, so that the rest can be read.
extension Message {
    /// One line; nil for beats, renewals and what is said of devices.
    var story: String? {
        switch self {
        case .hello(let hello): "hello, \(hello.principal), \(hello.seen.map { "has seen reign \($0.reign)" } ?? "new")"
        case .welcome(let welcome): "welcome to reign \(welcome.reign.reign), durable through \(welcome.head.index)"
        case .request(let envelope): "asks: \(envelope.request.words)"
        case .reply(let reply): "answers: \(reply.story)"
        case .agent(let message): message.story
        case .order(let order): order.story
        case .guardOrder(let order): order.story
        case .guardAnswer(let answer): answer.story
        case .complaint(let complaint): "complains: \(complaint.text)"
        }
    }
}

extension AgentMessage {
    fileprivate var story: String? {
        switch self {
        case .report(let report):
            "reports \(report.node): live \(report.condition.live.map { "\($0.lease) \($0.phase)" }), "
                + "has seen record \(report.witness.head.index)\(report.condition.isGuarded ? "" : ", no guard")"
        case .heartbeat, .detail: nil
        case .started(let name): "has started \(name.lease) under \(name.epoch) on node \(name.node)"
        case .grantRefused(let name, let reason): "refuses \(name.lease) under \(name.epoch): \(reason)"
        case .sanitised(let node, _, let certificate):
            "vouches for \(certificate.lease) under \(certificate.epoch) on node \(node)"
        case .retired(let name): "has retired \(name.lease) under \(name.epoch) on node \(name.node)"
        }
    }
}

extension NodeOrder {
    fileprivate var story: String? {
        switch self {
        case .attached(let path, let node, let session): "attaches \(path) as node \(node), session \(session)"
        case .reportRefused(let path, let reason): "does not take \(path): \(reason)"
        case .renewal: nil
        case .grant(let order):
            "grants \(order.name.lease) under \(order.name.epoch) to node \(order.name.node), \(order.place), "
                + "\(order.onSilence.word), by heartbeat \(order.number)"
        case .certificateKept(let name): "keeps the certificate of \(name.lease) on node \(name.node)"
        case .retire(let order): "retires \(order.name.lease) under \(order.name.epoch) on node \(order.name.node)"
        }
    }
}

extension GuardOrder {
    fileprivate var story: String? {
        switch self {
        case .list: "asks its guard what it holds"
        case .start(let grant, let deadline): "has \(grant.lease) started on slot \(grant.slot) until \(deadline)"
        case .renew: nil
        case .retire(let grant): "has \(grant.lease) retired on slot \(grant.slot)"
        }
    }
}

extension GuardAnswer {
    fileprivate var story: String {
        switch self {
        case .holds(let holds, _, _): "holds \(holds.map { "\($0.grant.lease) \($0.phase)" })"
        case .started(let grant): "runs \(grant.lease)"
        case .startRefused(let grant, let reason): "does not start \(grant.lease): \(reason)"
        case .fenced(let grant): "has fenced \(grant.lease)"
        case .retired(let grant): "has retired \(grant.lease)"
        case .evicted(let slot, let times): "has cleared slot \(slot.rawValue), in \(times.slowest) at the slowest"
        }
    }
}

extension Reply {
    /// What it says, in a few words.
    var story: String {
        switch self {
        case .status(let status): "status, durable through \(status.head.index)"
        case .fleetImported(let imported): "\(imported.nodeCount) nodes imported"
        case .fleet: "the fleet"
        case .nodes(let nodes, _): "\(nodes.count) nodes"
        case .node(let node): "node \(node.id)"
        case .tenant(let tenant): "tenant \(tenant.name)"
        case .tenants(let tenants, _): "\(tenants.count) tenants"
        case .declined(let quote): "no quote: \(quote.refusal.message)"
        case .quote(let quote): "a quote for \(quote.gpuCount) GPUs"
        case .granted(let view):
            "\(view.epoch.map { "granted \(view.lease) under \($0)" } ?? "promised \(view.lease)"), \(view.gpuCount) GPUs"
        case .waitlisted(let waiting): "waitlisted \(waiting.lease) at \(waiting.place.position)"
        case .resized(let resized): "resized \(resized.lease) to \(resized.count)"
        case .explained(let explanation): "\(explanation.lease): \(explanation.summary)"
        case .leases(let leases, _): "\(leases.count) leases"
        case .lease(let lease): "\(lease.grant.lease) is \(lease.state.word)"
        case .released(let released): "released \(released.lease)"
        case .cancelled(let cancelled): "cancelled \(cancelled.lease)"
        case .extended(let extended): "extended \(extended.lease)"
        case .watching(let index): "watching from \(index)"
        case .event(let event): "record \(event.index)"
        case .backupPage(let page): "\(page.bytes.count) bytes of the log at \(page.place)"
        case .cordon(let cordon): "\(cordon.node) \(cordon.isCordoned ? "cordoned" : "uncordoned")"
        case .shown(let shown): "head \(shown.head) of the log"
        case .countersigned(let signed): "head \(signed.head) is signed"
        case .refused(let refusal): "refused: \(refusal.message)"
        }
    }
}

extension Record {
    /// What it says, in a few words.
    var story: String {
        switch self {
        case .reignBegan(let began): "reign \(began.reign) began"
        case .fleetPartImported: "a fleet was imported"
        case .tenantCreated(let name, let quota): "tenant \(name) was created with \(quota) GPUs"
        case .tenantQuotaSet(let tenant, let quota): "tenant \(tenant) has a quota of \(quota)"
        case .nodeCordonSet(let node, let isCordoned): "node \(node) was \(isCordoned ? "" : "un")cordoned"
        case .nodeReported(let node, _, _): "node \(node) is ready"
        case .nodesSetAside(let nodes, let state, let reason):
            "nodes \(nodes.map(\.description).joined(separator: " ")) are \(state): \(reason)"
        case .gpuHealthChanged(let node, let unhealthy): "node \(node) has unhealthy GPUs [\(unhealthy)]"
        case .leaseGranted(let granted):
            granted.parts.map { part in
                "\(granted.begun == nil ? "promised" : "granted") "
                    + part.placements.map { "\($0.place) of node \($0.node)" }.joined(separator: ", ")
            }.joined(separator: "; ") + ", " + granted.onSilence.word
        case .leaseWaitlisted(let waiting): "\(waiting.terms.tenant) waits for \(waiting.terms.count)"
        case .leaseConfirmed(let lease, let granted): "\(lease) waited; " + Record.leaseGranted(granted).story
        case .leaseShrunk(let lease, let count, let parts):
            "\(lease) is resized to \(count): "
                + parts.map { part in
                    "\(part.lease) keeps "
                        + part.placements.map { "\($0.place) of node \($0.node)" }.joined(separator: ", ")
                }.joined(separator: "; ")
        case .leaseBegun(let lease, _): "\(lease) begins"
        case .leaseMoved(let lease, let placements, _):
            "\(lease) moves to \(placements.map { "\($0.place) of node \($0.node)" }.joined(separator: ", "))"
        case .leaseExtended(let lease, _, _, _): "\(lease) is extended"
        case .leaseActivated(let lease): "\(lease) is active"
        case .leaseEnding(let lease, let cause): "\(lease) is ending, \(cause)"
        case .partitionsRetired(let lease, let nodes, let proof):
            "\(lease) has given back nodes \(nodes.map(\.description).joined(separator: " ")), \(proof)"
        case .partitionSanitised(let node, let certificate): "node \(node) vouched for \(certificate.lease)"
        case .ticketNoted(let node, let ticket, let lease):
            "node \(node) has ticket \(ticket.name.number) of \(ticket.name.opened), "
                + (ticket.closing.map { "\($0.outcome)" } ?? "open") + (lease.map { ", about \($0)" } ?? "")
        case .headCountersigned(let tenant, let head, _, _): "tenant \(tenant) signed head \(head)"
        case .requestRefused(let refusal): "refused: \(refusal.message)"
        }
    }
}
