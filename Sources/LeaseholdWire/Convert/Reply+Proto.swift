internal import LeaseholdModel
internal import SwiftProtobuf

// Replies as protobuf; what they show is in `Views+Proto`, `Leases+Proto` and `Waiting+Proto`.

extension Reply {
    /// The reply as protobuf.
    var proto: ProtoReply {
        let body: ProtoReply.OneOf_Body =
            switch self {
            case .status(let view): .status(view.proto)
            case .fleetImported(let imported): .fleetImported(imported.proto)
            case .fleet(let view): .fleet(view.proto)
            case .nodes(let views, let next): .nodes(ProtoNodeList(views, next: next))
            case .node(let view): .node(view.proto)
            case .tenant(let view): .tenant(view.proto)
            case .tenants(let views, let next): .tenants(ProtoTenantList(views, next: next))
            case .quote(let view): .quote(view.proto)
            case .declined(let quote): .declined(quote.proto)
            case .granted(let view): .granted(view.proto)
            case .waitlisted(let waitlisted): .waitlisted(waitlisted.proto)
            case .leases(let views, let next): .leases(ProtoLeaseList(views, next: next))
            case .lease(let view): .lease(view.proto)
            case .released(let released): .released(released.proto)
            case .cancelled(let cancelled): .cancelled(cancelled.proto)
            case .extended(let extended): .extended(extended.proto)
            case .resized(let resized): .resized(resized.proto)
            case .explained(let explanation): .explained(explanation.proto)
            case .watching(let index): .watching(.with { $0.from = index.rawValue })
            case .event(let view): .event(view.proto)
            case .cordon(let cordon): .cordon(cordon.proto)
            case .shown(let shown): .shown(shown.proto)
            case .countersigned(let signed): .countersigned(signed.proto)
            case .backupPage(let page): .backupPage(page.proto)
            case .refused(let refusal): .refused(refusal.proto)
            }
        return .with { $0.body = body }
    }

    /// Reads the reply.
    init(_ proto: ProtoReply) throws(FieldFault) {
        switch proto.body {
        case nil:
            throw FieldFault(
                field: "body", value: "none that is known", expected: "a reply of this version", isUnknownBody: true)
        case .status(let view):
            self = .status(try within("status") { () throws(FieldFault) in try StatusView(view) })
        case .fleetImported(let imported):
            self = .fleetImported(
                FleetImported(
                    isCommitted: imported.committed, nodeCount: Int(imported.nodeCount),
                    gpuCount: Int(imported.gpuCount)))
        case .fleet(let view): self = .fleet(try within("fleet") { () throws(FieldFault) in try FleetView(view) })
        case .nodes(let list): self = try within("nodes") { () throws(FieldFault) in try list.reply }
        case .node(let view): self = .node(try within("node") { () throws(FieldFault) in try NodeView(view) })
        case .tenant(let view): self = .tenant(TenantView(view))
        case .tenants(let list):
            self = .tenants(
                list.tenants.map { TenantView($0) }, next: list.hasNext ? TenantID(rawValue: list.next) : nil)
        case .quote(let view): self = .quote(try within("quote") { () throws(FieldFault) in try QuoteView(view) })
        case .declined(let quote):
            self = .declined(try within("declined") { () throws(FieldFault) in try DeclinedQuote(quote) })
        case .granted(let view):
            self = .granted(try within("granted") { () throws(FieldFault) in try LeaseGrantView(view) })
        case .waitlisted(let waitlisted):
            self = .waitlisted(try within("waitlisted") { () throws(FieldFault) in try LeaseWaitlisted(waitlisted) })
        case .leases(let list): self = try within("leases") { () throws(FieldFault) in try list.reply }
        case .lease(let view): self = .lease(try within("lease") { () throws(FieldFault) in try LeaseView(view) })
        case .released(let released): self = .released(try LeaseReleased(released, "released"))
        case .cancelled(let cancelled): self = .cancelled(try LeaseReleased(cancelled, "cancelled"))
        case .extended(let extended):
            self = .extended(
                LeaseExtended(
                    lease: try Field.lease(extended.id, "extended.id"),
                    endsAt: try CalendarInstant(extended.endsAt, "extended.endsAt")))
        case .resized(let resized):
            self = .resized(
                LeaseResized(lease: try Field.lease(resized.id, "resized.id"), count: Int(resized.count)))
        case .explained(let explanation):
            self = .explained(
                try within("explained") { () throws(FieldFault) in try LeaseExplanation(explanation) })
        case .watching(let watching): self = .watching(from: RecordIndex(rawValue: watching.from))
        case .event(let view): self = .event(try within("event") { () throws(FieldFault) in try EventView(view) })
        case .cordon(let cordon): self = .cordon(CordonSet(node: cordon.node, isCordoned: cordon.cordoned))
        case .shown(let shown): self = .shown(try LogShown(shown))
        case .countersigned(let signed): self = .countersigned(HeadCountersigned(signed))
        case .backupPage(let page):
            self = .backupPage(try within("backupPage") { () throws(FieldFault) in try BackupPage(page) })
        case .refused(let refusal):
            self = .refused(try within("refused") { () throws(FieldFault) in try Refusal(refusal) })
        }
    }
}

extension FleetImported {
    /// The answer as protobuf.
    var proto: ProtoFleetImported {
        .with {
            $0.committed = isCommitted
            $0.nodeCount = UInt32(clamping: nodeCount)
            $0.gpuCount = UInt32(clamping: gpuCount)
        }
    }
}

extension DeclinedQuote {
    /// The answer as protobuf.
    var proto: ProtoDeclinedQuote {
        .with {
            $0.refusal = refusal.proto
            $0.binds = binds.map(\.word)
            $0.relaxations = relaxations.map { relaxation in
                .with {
                    $0.binding = relaxation.binding.word
                    $0.change = relaxation.change
                    $0.startsAt = relaxation.startsAt.proto
                    $0.endsAt = relaxation.endsAt.proto
                    $0.gpuCount = UInt32(clamping: relaxation.gpuCount)
                    $0.watts = relaxation.watts.count
                }
            }
        }
    }

    fileprivate init(_ proto: ProtoDeclinedQuote) throws(FieldFault) {
        var binds: [QuoteBinding] = []
        for (position, word) in proto.binds.enumerated() {
            binds.append(try Field.word(word, "binds[\(position)]", spelled: \.word))
        }
        var relaxations: [Relaxation] = []
        for (position, relaxation) in try Field.bounded(
            proto.relaxations, "relaxations", countMax: DeclinedQuote.relaxationCountMax
        ).enumerated() {
            let field = "relaxations[\(position)]"
            relaxations.append(
                Relaxation(
                    binding: try Field.word(relaxation.binding, "\(field).binding", spelled: \.word),
                    change: relaxation.change, startsAt: try CalendarInstant(relaxation.startsAt, "\(field).startsAt"),
                    endsAt: try CalendarInstant(relaxation.endsAt, "\(field).endsAt"),
                    gpuCount: Int(relaxation.gpuCount), watts: Watts(relaxation.watts)))
        }
        self.init(refusal: try Refusal(proto.refusal), binds: binds, relaxations: relaxations)
    }
}

extension CordonSet {
    /// The answer as protobuf.
    var proto: ProtoCordon { .with { ($0.node, $0.cordoned) = (node, isCordoned) } }
}

extension LeaseExtended {
    /// The answer as protobuf.
    var proto: ProtoLeaseExtended { .with { ($0.id, $0.endsAt) = ("\(lease)", endsAt.proto) } }
}

extension LeaseResized {
    /// The answer as protobuf.
    var proto: ProtoLeaseResized { .with { ($0.id, $0.count) = ("\(lease)", UInt32(clamping: count)) } }
}

extension LeaseReleased {
    /// The answer as protobuf.
    var proto: ProtoLeaseReleased { .with { ($0.id, $0.at) = ("\(lease)", at.proto) } }

    fileprivate init(_ proto: ProtoLeaseReleased, _ field: String) throws(FieldFault) {
        self.init(
            lease: try Field.lease(proto.id, "\(field).id"), at: try CalendarInstant(proto.at, "\(field).at"))
    }
}

extension Refusal {
    /// The refusal as protobuf: its parts, and what it says to people.
    var proto: ProtoRefusal {
        .with {
            $0.code = code.word
            $0.message = message
            $0.advice = advice
            $0.exitStatus = exitStatus
            $0.words = parts.words
            $0.numbers = parts.numbers
        }
    }

    /// Reads the refusal from its parts; the sentences follow from them.
    init(_ proto: ProtoRefusal) throws(FieldFault) {
        let code: Refusal.Code = try Field.word(proto.code, "code", spelled: \.word)
        let parts = RefusalParts(code: code, words: proto.words, numbers: proto.numbers)
        guard let refusal = Refusal(parts: parts) else {
            throw FieldFault(
                field: "words", value: "\(proto.words.count) words and \(proto.numbers.count) numbers",
                expected: "those of \(code.word)")
        }
        self = refusal
    }
}

extension ProtoNodeList {
    /// A page of nodes as protobuf.
    init(_ views: [NodeView], next: NodeID?) {
        nodes = views.map(\.proto)
        if let next { self.next = next.rawValue }
    }

    fileprivate var reply: Reply {
        get throws(FieldFault) {
            var views: [NodeView] = []
            for (position, node) in nodes.enumerated() {
                views.append(try within("nodes[\(position)]") { () throws(FieldFault) in try NodeView(node) })
            }
            return .nodes(views, next: hasNext ? NodeID(rawValue: next) : nil)
        }
    }
}

extension ProtoTenantList {
    /// A page of tenants as protobuf.
    init(_ views: [TenantView], next: TenantID?) {
        tenants = views.map(\.proto)
        if let next { self.next = next.rawValue }
    }
}

extension ProtoLeaseList {
    /// A page of leases as protobuf.
    init(_ views: [LeaseView], next: LeaseID?) {
        leases = views.map(\.proto)
        if let next { self.next = "\(next)" }
    }

    fileprivate var reply: Reply {
        get throws(FieldFault) {
            var views: [LeaseView] = []
            for (position, lease) in leases.enumerated() {
                views.append(try within("leases[\(position)]") { () throws(FieldFault) in try LeaseView(lease) })
            }
            return .leases(views, next: hasNext ? try Field.lease(next, "next") : nil)
        }
    }
}
