internal import LeaseholdChecksum
internal import LeaseholdModel
internal import SwiftProtobuf

// Requests as protobuf; the same conversion serves frames and lines of JSON.

extension RequestEnvelope {
    /// The request as protobuf; its hash is left to whoever receives it.
    var proto: ProtoRequest {
        var proto = request.proto
        if let key { proto.requestID = "\(key.id)" }
        return proto
    }

    /// Reads a request and computes the hash of its bytes, by which a repetition is told from another request (L2).
    init(_ proto: ProtoRequest, bytes: UnsafeRawBufferPointer) throws(FieldFault) {
        var hash = FNV1a()
        hash.combine(bytes)
        let id = try proto.id
        self.init(
            key: id.map { RequestKey(id: $0, bodyHash: hash.value) }, request: try Request(proto))
    }
}

extension ProtoRequest {
    /// The id, where there is one.
    var id: RequestID? {
        get throws(FieldFault) {
            requestID.isEmpty ? nil : try Field.wideID(requestID, "requestId")
        }
    }
}

extension Request {
    /// The request as protobuf, without an id.
    var proto: ProtoRequest {
        let body: ProtoRequest.OneOf_Body =
            switch self {
            case .status: .status(ProtoNothing())
            case .importFleet(let part): .importFleet(part.proto)
            case .showFleet: .showFleet(ProtoNothing())
            case .listNodes(let page): .listNodes(page.proto)
            case .showNode(let name): .showNode(.with { $0.name = name })
            case .cordonNode(let name): .cordonNode(.with { $0.name = name })
            case .uncordonNode(let name): .uncordonNode(.with { $0.name = name })
            case .createTenant(let name, let quota): .createTenant(.with { ($0.name, $0.quota) = (name, quota) })
            case .listTenants(let page): .listTenants(page.proto)
            case .showTenant(let name): .showTenant(.with { $0.name = name })
            case .setQuota(let name, let quota): .setQuota(.with { ($0.name, $0.quota) = (name, quota) })
            case .quoteLease(let terms): .quoteLease(terms.proto)
            case .createLease(let terms): .createLease(terms.proto)
            case .listLeases(let page, let filter): .listLeases(filter.proto(page))
            case .showLease(let lease): .showLease(.with { $0.id = "\(lease)" })
            case .releaseLease(let lease): .releaseLease(.with { $0.id = "\(lease)" })
            case .cancelLease(let lease): .cancelLease(.with { $0.id = "\(lease)" })
            case .extendLease(let lease, let end): .extendLease(end.proto(of: lease))
            case .resizeLease(let lease, let count):
                .resizeLease(.with { ($0.id, $0.count) = ("\(lease)", count) })
            case .explainLease(let lease): .explainLease(.with { $0.id = "\(lease)" })
            case .watchEvents(let filter): .watchEvents(filter.proto)
            case .askLog(let question): question.proto
            case .countersignHead(let signed): .countersignHead(signed.proto)
            }
        return .with { $0.body = body }
    }

    /// Reads the request.
    init(_ proto: ProtoRequest) throws(FieldFault) {
        switch proto.body {
        case nil:
            throw FieldFault(
                field: "body", value: "none that is known", expected: "a request of this version", isUnknownBody: true)
        case .status: self = .status
        case .importFleet(let part):
            self = .importFleet(try within("importFleet") { () throws(FieldFault) in try FleetPart(part) })
        case .showFleet: self = .showFleet
        case .listNodes(let page):
            self = .listNodes(try within("listNodes") { () throws(FieldFault) in try Page(page) })
        case .showNode(let node): self = .showNode(name: try Field.name(node.name, "showNode.name"))
        case .cordonNode(let node): self = .cordonNode(name: try Field.name(node.name, "cordonNode.name"))
        case .uncordonNode(let node): self = .uncordonNode(name: try Field.name(node.name, "uncordonNode.name"))
        case .createTenant(let tenant):
            let name = try Field.name(tenant.name, "createTenant.name")
            self = .createTenant(
                name: name, quota: try Field.present(tenant.hasQuota, tenant.quota, "createTenant.quota"))
        case .listTenants(let page):
            self = .listTenants(try within("listTenants") { () throws(FieldFault) in try Page(page) })
        case .showTenant(let tenant): self = .showTenant(name: try Field.name(tenant.name, "showTenant.name"))
        case .setQuota(let tenant):
            let name = try Field.name(tenant.name, "setQuota.name")
            self = .setQuota(
                tenant: name, quota: try Field.present(tenant.hasQuota, tenant.quota, "setQuota.quota"))
        case .quoteLease(let terms):
            self = .quoteLease(try within("quoteLease") { () throws(FieldFault) in try LeaseTerms(terms) })
        case .createLease(let terms):
            self = .createLease(try within("createLease") { () throws(FieldFault) in try LeaseTerms(terms) })
        case .listLeases(let page): self = try within("listLeases") { () throws(FieldFault) in try page.request }
        case .showLease(let lease): self = .showLease(try Field.lease(lease.id, "showLease.id"))
        case .releaseLease(let lease): self = .releaseLease(try Field.lease(lease.id, "releaseLease.id"))
        case .cancelLease(let lease): self = .cancelLease(try Field.lease(lease.id, "cancelLease.id"))
        case .extendLease(let later):
            self = try within("extendLease") { () throws(FieldFault) in try later.request }
        case .resizeLease(let size):
            let lease = try Field.lease(size.id, "resizeLease.id")
            self = .resizeLease(
                lease, count: try Field.present(size.hasCount, size.count, "resizeLease.count"))
        case .explainLease(let lease): self = .explainLease(try Field.lease(lease.id, "explainLease.id"))
        case .watchEvents(let filter):
            self = .watchEvents(try within("watchEvents") { () throws(FieldFault) in try EventFilter(filter) })
        case .ledgerHead: self = .askLog(.head)
        case .proveRecord(let proof): self = .askLog(try proof.question)
        case .proveHead(let proof): self = .askLog(try proof.question)
        case .exportRecords(let export): self = .askLog(try export.question)
        case .countersignHead(let signed): self = .countersignHead(try CountersignedHead(signed))
        case .saveBackup(let place):
            self = .askLog(.page(try within("saveBackup") { () throws(FieldFault) in try BackupPlace(place) }))
        }
    }
}

extension Page where ID.RawValue == UInt32 {
    fileprivate var proto: ProtoNumberedPage {
        .with {
            if let after { $0.after = after.rawValue }
            $0.countMax = UInt32(clamping: countMax)
        }
    }

    fileprivate init(_ proto: ProtoNumberedPage) throws(FieldFault) {
        self.init(
            after: proto.hasAfter ? ID(rawValue: proto.after) : nil,
            countMax: try pageCount(proto.hasCountMax ? proto.countMax : nil))
    }
}

/// How many things a page may hold: what was asked for, or as many as a page ever holds.
private func pageCount(_ asked: UInt32?) throws(FieldFault) -> Int {
    guard let asked else { return Limits.pageCountMax }
    return Int(try Field.number(asked, "countMax", in: 1...UInt32(Limits.pageCountMax)))
}

extension LeaseFilter {
    fileprivate func proto(_ page: Page<LeaseID>) -> ProtoLeasePage {
        .with {
            if let after = page.after { $0.after = "\(after)" }
            $0.countMax = UInt32(clamping: page.countMax)
            if let tenant { $0.tenant = tenant }
            $0.includesEnded = includesEnded
        }
    }
}

extension ProtoLeasePage {
    fileprivate var request: Request {
        get throws(FieldFault) {
            .listLeases(
                Page(
                    after: hasAfter ? try Field.lease(after, "after") : nil,
                    countMax: try pageCount(hasCountMax ? countMax : nil)),
                LeaseFilter(
                    tenant: hasTenant ? try Field.name(tenant, "tenant") : nil, includesEnded: includesEnded))
        }
    }
}

extension LeaseTerms {
    fileprivate var proto: ProtoLeaseTerms {
        .with {
            $0.tenant = tenant
            $0.unit = unit.word
            $0.count = count
            $0.kinds = kinds
            switch end {
            case .after(let term): $0.term = "\(term)"
            case .at(let instant): $0.endsAt = instant.proto
            }
            $0.onSilence = onSilence.word
            switch start {
            case .now: break
            case .at(let instant): $0.startsAt = instant.proto
            case .soonest: $0.soonest = ProtoNothing()
            }
            if let within { $0.within = within.word }
            if let spread { $0.spread = spread.word }
            $0.steps = steps.map(\.proto)
            if let recurrence {
                $0.recurrence = .with { ($0.rhythm, $0.count) = (recurrence.rhythm.word, recurrence.count) }
            }
            if let profile = shape.profile { $0.profile = profile }
            if let share = shape.share { $0.shareThousandths = UInt32(share) }
            if let cpu = shape.cpu { $0.cpuMillicores = cpu.count }
            if let memory = shape.memory { $0.memoryMib = memory.count }
            $0.labels = labels.map(\.description)
            if let waitlist { $0.waitlist = "\(waitlist)" }
        }
    }

    fileprivate init(_ proto: ProtoLeaseTerms) throws(FieldFault) {
        var kinds: [String] = []
        for (position, kind) in try Field.bounded(
            proto.kinds, "kinds", countMax: Limits.kindPreferenceCountMax
        ).enumerated() {
            kinds.append(try Field.name(kind, "kinds[\(position)]"))
        }
        let end: LeaseEnd
        switch proto.end {
        case nil: throw FieldFault(field: "term", value: "missing", expected: "term or endsAt")
        case .term(let text): end = .after(try Span(text, "term"))
        case .endsAt(let instant): end = .at(try CalendarInstant(instant, "endsAt"))
        }
        let start: LeaseStart
        switch proto.start {
        case nil: start = .now
        case .startsAt(let instant): start = .at(try CalendarInstant(instant, "startsAt"))
        case .soonest: start = .soonest
        }
        var steps: [LeaseStep] = []
        for (position, step) in try Field.bounded(
            proto.steps, "steps", countMax: Limits.leasePartCountMax
        ).enumerated() {
            steps.append(try LeaseStep(step, "steps[\(position)]"))
        }
        self.init(
            tenant: try Field.name(proto.tenant, "tenant"),
            unit: try Field.word(proto.unit, "unit", spelled: \.word),
            count: proto.hasCount ? proto.count : 1,
            kinds: kinds,
            shape: UnitShape(
                profile: proto.profile.isEmpty ? nil : try Field.name(proto.profile, "profile"),
                share: proto.hasShareThousandths
                    ? UInt16(try Field.number(proto.shareThousandths, "shareThousandths", in: 1...999)) : nil,
                cpu: proto.hasCpuMillicores ? Millicores(proto.cpuMillicores) : nil,
                memory: proto.hasMemoryMib ? Mebibytes(proto.memoryMib) : nil),
            labels: try Field.rules(proto.labels, "labels"), start: start, end: end,
            onSilence: proto.onSilence.isEmpty
                ? .keep : try Field.word(proto.onSilence, "onSilence", spelled: \.word),
            within: proto.within.isEmpty ? nil : try Field.word(proto.within, "within", spelled: \.word),
            spread: proto.spread.isEmpty ? nil : try Field.word(proto.spread, "spread", spelled: \.word),
            steps: steps,
            recurrence: proto.hasRecurrence
                ? LeaseRecurrence(
                    rhythm: try Field.word(proto.recurrence.rhythm, "recurrence.rhythm", spelled: \.word),
                    count: proto.recurrence.count)
                : nil,
            waitlist: proto.waitlist.isEmpty ? nil : try Span(proto.waitlist, "waitlist"))
    }
}

extension LeaseStep {
    fileprivate var proto: ProtoLeaseStep {
        .with {
            ($0.count, $0.at) = (count, at.proto)
            if let fee { $0.fee = "\(fee)" }
            if let clause { $0.clause = clause }
        }
    }

    fileprivate init(_ proto: ProtoLeaseStep, _ field: String) throws(FieldFault) {
        self.init(
            count: proto.count, at: try CalendarInstant(proto.at, "\(field).at"),
            fee: try Field.money(proto.fee, "\(field).fee"),
            clause: proto.clause.isEmpty ? nil : try Field.name(proto.clause, "\(field).clause"))
    }
}

extension LeaseEnd {
    fileprivate func proto(of lease: LeaseID) -> ProtoLeaseExtension {
        .with {
            $0.id = "\(lease)"
            switch self {
            case .after(let span): $0.by = "\(span)"
            case .at(let instant): $0.endsAt = instant.proto
            }
        }
    }
}

extension ProtoLeaseExtension {
    fileprivate var request: Request {
        get throws(FieldFault) {
            let lease = try Field.lease(id, "id")
            switch end {
            case nil: throw FieldFault(field: "by", value: "missing", expected: "by or endsAt")
            case .by(let text): return .extendLease(lease, to: .after(try Span(text, "by")))
            case .endsAt(let instant): return .extendLease(lease, to: .at(try CalendarInstant(instant, "endsAt")))
            }
        }
    }
}

extension EventFilter {
    fileprivate var proto: ProtoEventFilter {
        .with {
            if let from { $0.from = from.rawValue }
            $0.leasesOnly = leasesOnly
            if let lease { $0.lease = "\(lease)" }
        }
    }

    fileprivate init(_ proto: ProtoEventFilter) throws(FieldFault) {
        self.init(
            from: proto.hasFrom ? RecordIndex(rawValue: proto.from) : nil, leasesOnly: proto.leasesOnly,
            lease: proto.hasLease ? try Field.lease(proto.lease, "lease") : nil)
    }
}
