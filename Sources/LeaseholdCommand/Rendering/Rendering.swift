package import LeaseholdModel
import LeaseholdWire

/// What is printed for an answer: a function of the answer and the format, and of nothing else.
package enum Rendering {
    /// How tables look; scripts' formats do not depend on it.
    package struct Style: Hashable, Sendable {
        let isColoured: Bool
        let now: CalendarInstant

        /// A style at an instant, which "in 2h" counts from.
        package init(isColoured: Bool, now: CalendarInstant) {
            self.isColoured = isColoured
            self.now = now
        }
    }

    /// The text of an answer, with its last line end.
    package static func text(of reply: Reply, as format: OutputFormat, style: Style) -> String {
        switch format {
        case .table: plain(reply, isWide: false, style: style)
        case .wide: plain(reply, isWide: true, style: style)
        case .json, .yaml: objects(of: reply, as: format)
        }
    }

    /// One object for scripts: a line of JSON, or a YAML document after its `---`.
    static func object(json: String, as format: OutputFormat) -> String {
        switch format {
        case .table, .wide, .json: return json + "\n"
        case .yaml:
            guard let value = JSONValue(text: json) else { preconditionFailure("not JSON: \(json)") }
            return "---\n" + YAMLText.text(of: value)
        }
    }

    /// One object of values that are at hand.
    static func object(_ value: JSONValue, as format: OutputFormat) -> String { object(json: value.text, as: format) }

    /// One object, or one for each thing of a list.
    static func objects(of reply: Reply, as format: OutputFormat) -> String {
        WireJSON.lines(of: reply).map { object(json: $0, as: format) }.joined()
    }

    private static func plain(_ reply: Reply, isWide: Bool, style: Style) -> String {
        let isColoured = style.isColoured
        switch reply {
        case .status(let view): return statusTable(view).text(isColoured: isColoured)
        case .fleetImported(let imported): return sentence(imported)
        case .fleet(let view): return fleetText(view, isColoured: isColoured)
        case .nodes(let nodes, _): return nodeTable(nodes, isWide: isWide).text(isColoured: isColoured)
        case .node(let node): return nodeText(node, style: style)
        case .tenants(let tenants, _): return tenantTable(tenants).text(isColoured: isColoured)
        case .tenant(let tenant): return tenantTable([tenant]).text(isColoured: isColoured)
        case .quote(let quote): return quoteText(quote, isWide: isWide)
        case .declined(let quote): return declinedText(quote)
        case .granted(let grant): return grantText(grant, isWide: isWide)
        case .waitlisted(let waitlisted): return waitlistedText(waitlisted, style: style)
        case .leases(let leases, _):
            return leaseTable(leases, isWide: isWide, style: style).text(isColoured: isColoured)
        case .lease(let lease): return leaseFacts(lease, isWide: isWide, style: style).text(isColoured: isColoured)
        case .released(let released):
            return "\(released.lease) released at \(released.at.rfc3339); its nodes give the GPUs back\n"
        case .cancelled(let cancelled):
            return "\(cancelled.lease) cancelled at \(cancelled.at.rfc3339); nothing of it is promised any more\n"
        case .extended(let extended): return "\(extended.lease) ends at \(extended.endsAt.rfc3339)\n"
        case .resized(let resized):
            return "\(resized.lease) has \(count(resized.count, "unit")) from here on; the rest is given back\n"
        case .explained(let explanation):
            return explanationFacts(explanation, isWide: isWide, style: style).text(isColoured: isColoured)
        case .watching(let from): return "watching from index \(from)\n"
        case .event(let event): return eventLine(event)
        case .cordon(let cordon):
            return cordon.isCordoned
                ? "\(cordon.node) is cordoned: nothing new is put there\n" : "\(cordon.node) is no longer cordoned\n"
        case .shown(let shown): return shown.text
        case .countersigned(let signed):
            return "record \(signed.record) has your signature under the head of record \(signed.head)\n"
        case .backupPage(let page): return "\(count(page.bytes.count, "byte")) of the log at \(page.place)\n"
        case .refused(let refusal): return "refused: \(refusal.message)\n  try: \(refusal.advice)\n"
        }
    }

    private static func sentence(_ imported: FleetImported) -> String {
        imported.isCommitted
            ? "imported \(count(imported.nodeCount, "node")) with \(count(imported.gpuCount, "GPU"))\n"
            : "part taken; nothing is imported before the last\n"
    }

    /// `1 node`, `1213 nodes`.
    static func count(_ number: Int, _ word: String) -> String { "\(number) \(word)\(number == 1 ? "" : "s")" }

    /// A span as people say it: two figures at least, one unit.
    static func roughly(_ span: Span) -> String {
        let milliseconds = span.wholeMilliseconds
        let seconds = span.wholeSeconds
        if abs(milliseconds) < 10_000 { return "\(milliseconds)ms" }
        if abs(seconds) < 600 { return "\(seconds)s" }
        if abs(seconds) < 36_000 { return "\(seconds / 60)m" }
        if abs(seconds) < 864_000 { return "\(seconds / 3_600)h" }
        return "\(seconds / 86_400)d"
    }

    /// `in 2h`, `3m ago`.
    static func distance(to instant: CalendarInstant, from now: CalendarInstant) -> String {
        instant < now ? "\(roughly(now - instant)) ago" : "in \(roughly(instant - now))"
    }
}

extension Reply {
    /// What the answer is called in a summary: `granted`, or the refusal's code.
    var word: String {
        switch self {
        case .status: "status"
        case .fleetImported: "fleetImported"
        case .fleet: "fleet"
        case .nodes: "nodes"
        case .node: "node"
        case .tenant: "tenant"
        case .tenants: "tenants"
        case .quote: "quote"
        case .declined(let quote): "declined \(quote.refusal.code.word)"
        case .granted: "granted"
        case .waitlisted: "waitlisted"
        case .leases: "leases"
        case .lease: "lease"
        case .released: "released"
        case .cancelled: "cancelled"
        case .extended: "extended"
        case .resized: "resized"
        case .explained: "explained"
        case .watching: "watching"
        case .event: "event"
        case .cordon: "cordon"
        case .shown: "shown"
        case .countersigned: "countersigned"
        case .backupPage: "backupPage"
        case .refused(let refusal): "refused \(refusal.code.word)"
        }
    }
}
