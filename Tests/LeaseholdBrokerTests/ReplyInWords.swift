import LeaseholdBroker
import LeaseholdModel

extension Reply {
    /// The answer as a transcript shows it.
    func lines(in book: LeaseBook) -> [String] {
        switch self {
        case .status(let view): return view.lines
        case .fleetImported(let imported):
            let sum = "\(imported.nodeCount) nodes with \(imported.gpuCount) GPUs"
            return [imported.isCommitted ? "added \(sum)" : "so far \(sum)"]
        case .fleet(let view):
            return view.places.map { place in
                "\(place.path): \(place.nodeCount) nodes, \(place.gpuCount) GPUs, \(place.committed)"
                    + (place.limit.map { " of \($0)" } ?? "")
            } + view.kinds.map { "kind \($0.kind.name): \($0.freeCount) of \($0.gpuCount) GPUs can be granted" }
        case .nodes(let views, let next):
            return views.map(\.line) + (next.map { ["more after \($0)"] } ?? [])
        case .node(let view): return [view.line]
        case .tenant(let view): return [view.line]
        case .tenants(let views, _): return views.map(\.line)
        case .quote(let view):
            let start = view.startsAt > book.lastInstant ? "from \(view.startsAt.rfc3339): " : ""
            return ["\(start)\(view.gpuCount) GPUs, \(view.watts), within \(view.within ?? "several sites")"]
                + view.placements.lines(in: book) + view.further.lines
                + (view.units.isEmpty ? ["  price units: none"] : [])
                + view.units.map { "  price units: \($0.gpuMilliseconds) GPU-milliseconds of \($0.kind)" }
        case .declined(let quote):
            let words = quote.binds.map(\.word).joined(separator: ", ")
            return ["declined (\(quote.refusal.code.word)): \(quote.refusal.message); binds: \(words)"]
                + quote.relaxations.map { relaxation in
                    "  \(relaxation.change): \(relaxation.gpuCount) GPUs, \(relaxation.watts), "
                        + "from \(relaxation.startsAt.rfc3339) until \(relaxation.endsAt.rfc3339)"
                }
        case .granted(let view):
            let how =
                view.epoch.map { "granted \(view.lease) with epoch \($0)" }
                ?? "promised \(view.lease) from \(view.startsAt.rfc3339)"
            return ["\(how): \(view.gpuCount) GPUs, \(view.watts)\(view.terms.words)"]
                + view.placements.lines(in: book) + view.further.lines
        case .waitlisted(let waiting): return ["waitlisted " + waiting.line]
        case .resized(let resized): return ["\(resized.lease) has \(resized.count) from here on"]
        case .explained(let explanation):
            return ["\(explanation.lease) \(explanation.state.word): \(explanation.summary)"]
                + (explanation.waiting.map { ["  " + $0.line] } ?? [])
                + explanation.missing.map { "  missing \($0.node) \($0.gpus): \($0.reason)" }
                + explanation.notes.map { "  \($0.index) \($0.at.rfc3339) \($0.word): \($0.text)" }
        case .leases(let views, let next):
            return views.map(\.line) + (next.map { ["more after \($0)"] } ?? [])
        case .lease(let view): return [view.line] + view.grant.placements.lines(in: book) + view.grant.further.lines
        case .released(let released): return ["\(released.lease) is given back"]
        case .cancelled(let cancelled): return ["\(cancelled.lease) is given up"]
        case .extended(let extended): return ["\(extended.lease) ends at \(extended.endsAt.rfc3339)"]
        case .watching(let from): return ["watching from \(from)"]
        case .event(let view): return [view.text]
        case .cordon(let cordon): return ["\(cordon.node) is \(cordon.isCordoned ? "" : "not ")cordoned"]
        case .shown(let shown): return ["head \(shown.head)"]
        case .countersigned(let signed): return ["head \(signed.head) is signed, by record \(signed.record)"]
        case .backupPage(let page): return ["\(page.bytes.count) bytes at \(page.place)"]
        case .refused(let refusal):
            return ["refused (\(refusal.code.word), exit \(refusal.exitStatus)): \(refusal.message)"]
        }
    }
}

extension LeaseWaitlisted {
    fileprivate var line: String {
        let start = estimatedStart.map { "perhaps from \($0.rfc3339)" } ?? "no start in sight"
        return "\(lease) at position \(place.position) until \(place.until.rfc3339), \(start): \(refusal.message)"
    }
}

extension [Placement] {
    func lines(in book: LeaseBook) -> [String] {
        map { "  \(book.facts(of: $0.node).name): \($0.words)" }
    }
}

extension Placement {
    /// What it has of its node.
    fileprivate var words: String {
        var text = gpus.isEmpty ? "no GPU" : "\(gpus)"
        if use.share != 0 { text = "\(use.share)/1000 of \(gpus)" }
        if !use.slices.isEmpty {
            text = gpus.positions.map { "slices \(GPUSet(bits: UInt16(use.slices.mask(ofGPU: $0)))) of \($0)" }
                .joined(separator: ", ")
        }
        return use.isWhole ? text : "\(text), CPU \(use.cpu), \(use.memory)"
    }
}

extension [LeasePartView] {
    fileprivate var lines: [String] {
        map { "  then \($0.gpuCount) GPUs from \($0.startsAt.rfc3339) until \($0.endsAt.rfc3339)\($0.terms.words)" }
    }
}

extension StepTerms {
    /// What is agreed, to be appended to what it is agreed for.
    fileprivate var words: String {
        (fee.map { ", \($0) an hour for each" } ?? "") + (clause.map { ", clause \($0)" } ?? "")
    }
}

extension StatusView {
    fileprivate var lines: [String] {
        [
            "reign \(reign), \(committed)",
            "nodes: \(nodes.ready) ready, \(nodes.suspect) suspect, \(nodes.quarantined) quarantined, "
                + "\(nodes.notDelivered) not delivered; \(nodes.cordoned) cordoned",
            "GPUs: \(gpus.free) free, \(gpus.leased) leased, \(gpus.unhealthy) unhealthy, "
                + "\(gpus.quarantined) quarantined, \(gpus.notDelivered) not delivered",
            "leases: \(leases.waitlisted) waitlisted, \(leases.confirmed) confirmed, \(leases.starting) starting, \(leases.active) active, \(leases.ending) ending, "
                + "\(leases.ended) ended, \(leases.cancelled) cancelled",
        ] + alarms
    }
}

extension NodeView {
    fileprivate var line: String {
        let flags = (isCordoned ? ", cordoned" : "") + (unhealthy.isEmpty ? "" : ", unhealthy \(unhealthy)")
        let holders = leases.isEmpty ? "" : ", leased \(leased) to \(leases.map(\.description).joined(separator: " "))"
        let why = reason == .none ? "" : " (\(reason.explanation))"
        return "\(name): \(gpus.count) \(kind), \(state)\(why)\(flags)\(holders), \(committed) of \(envelope)"
    }
}

extension TenantView {
    fileprivate var line: String { "\(name): \(held) of \(quota) GPUs in \(leaseCount) leases" }
}

extension LeaseView {
    private var unitWords: String {
        if let profile = shape.profile { return "\(unit.word):\(profile)" }
        return shape.share.map { "\(unit.word):\($0)" } ?? unit.word
    }

    fileprivate var line: String {
        let why = cause == .none ? "" : " (\(cause))"
        let parts = retiredCount == 0 ? "" : ", \(retiredCount) of \(grant.placements.count) placements retired"
        let when = state == .confirmed ? " from \(grant.startsAt.rfc3339) until \(grant.endsAt.rfc3339)" : ""
        let place = waiting.map { " at position \($0.position) until \($0.until.rfc3339)" } ?? ""
        return "\(grant.lease) \(grant.tenant): \(count) \(unitWords), \(state.word)\(place)\(why)\(when)\(parts)"
            + (isDegraded ? ", degraded" : "") + ", \(onSilence.word) on silence, asked for by \(principal)"
            + grant.terms.words
    }
}
