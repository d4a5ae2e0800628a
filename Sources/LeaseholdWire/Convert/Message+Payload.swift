internal import LeaseholdModel
internal import SwiftProtobuf

/// Raw bytes as protobuf wants to see them, without a copy; valid only while the bytes are.
private struct BorrowedBytes: SwiftProtobufContiguousBytes {
    let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    // Protobuf asks for these where it writes; nothing is ever written here.
    init(repeating: UInt8, count: Int) { preconditionFailure("borrowed bytes are only read, not \(count) made") }
    init<Bytes: Sequence>(_ sequence: Bytes) where Bytes.Element == UInt8 {
        preconditionFailure("borrowed bytes are only read, not made of \(Bytes.self)")
    }

    var count: Int { bytes.count }

    func withUnsafeBytes<Outcome>(_ body: (UnsafeRawBufferPointer) throws -> Outcome) rethrows -> Outcome {
        try body(bytes)
    }

    mutating func withUnsafeMutableBytes<Outcome>(
        _ body: (UnsafeMutableRawBufferPointer) throws -> Outcome
    ) rethrows -> Outcome {
        preconditionFailure("\(bytes.count) borrowed bytes are only read")
    }
}

/// Decodes protobuf no deeper than the schemas are, and drops fields that this version does not know.
private func parsed<Proto: SwiftProtobuf.Message>(_ payload: UnsafeRawBufferPointer) throws(FieldFault) -> Proto {
    var options = BinaryDecodingOptions()
    options.messageDepthLimit = WireLimits.messageDepthMax
    options.discardUnknownFields = true
    do {
        return try Proto(serializedBytes: BorrowedBytes(payload), options: options)
    } catch {
        throw FieldFault(field: "payload", value: "\(payload.count) bytes", expected: "protobuf of the schema")
    }
}

/// Encodes protobuf.
private func bytes(_ proto: some SwiftProtobuf.Message) -> [UInt8] {
    do {
        return try proto.serializedBytes()
    } catch {
        preconditionFailure("a message of the house does not encode: \(error)")
    }
}

extension LeaseholdModel.Message {
    /// The payload of the message's frame.
    var payload: [UInt8] {
        switch self {
        case .hello(let hello): bytes(hello.proto)
        case .welcome(let welcome): bytes(welcome.proto)
        case .complaint(let complaint): bytes(complaint.proto)
        case .request(let envelope): bytes(envelope.proto)
        case .reply(let reply): bytes(reply.proto)
        case .agent(.report(let report)): bytes(report.proto)
        case .agent(.heartbeat(let heartbeat)): bytes(heartbeat.proto)
        case .agent(.started(let name)), .agent(.retired(let name)): bytes(name.proto)
        case .agent(.grantRefused(let name, let refusal)): bytes(name.proto(refused: refusal))
        case .agent(.detail(let node, let session, let detail)):
            bytes(
                ProtoNodeDetailStated.with {
                    ($0.node, $0.session, $0.detail) = (node.rawValue, session.rawValue, detail.proto)
                })
        case .agent(.sanitised(let node, let session, let certificate)): bytes(certificate.proto(of: node, session))
        case .order(.attached(let name, let id, let session)):
            bytes(ProtoAttached.with { ($0.name, $0.node, $0.session) = (name, id.rawValue, session.rawValue) })
        case .order(.reportRefused(let name, let reason)):
            bytes(ProtoReportRefused.with { ($0.name, $0.reason) = (name, reason) })
        case .order(.renewal(let renewal)): bytes(renewal.proto)
        case .order(.grant(let order)): bytes(order.proto)
        case .order(.retire(let order)): bytes(order.proto)
        case .order(.certificateKept(let name)): bytes(name.proto)
        case .guardOrder(.list): bytes(ProtoGuardList())
        case .guardOrder(.start(let grant, let deadline)), .guardOrder(.renew(let grant, let deadline)):
            bytes(grant.proto(until: deadline))
        case .guardOrder(.retire(let grant)): bytes(grant.proto)
        case .guardAnswer(.holds(let holds, let areLast, let traits)):
            bytes(ProtoGuardHolds(holds, areLast: areLast, traits))
        case .guardAnswer(.started(let grant)), .guardAnswer(.fenced(let grant)), .guardAnswer(.retired(let grant)):
            bytes(grant.proto)
        case .guardAnswer(.startRefused(let grant, let refusal)): bytes(grant.proto(refused: refusal))
        case .guardAnswer(.evicted(let slot, let times)):
            bytes(ProtoGuardEvicted.with { ($0.slot, $0.times) = (slot.rawValue, times.proto) })
        }
    }

    /// Reads the payload of a frame of this kind.
    init(_ kind: MessageKind, payload: UnsafeRawBufferPointer) throws(FieldFault) {
        switch kind {
        case .hello: self = .hello(try Hello(parsed(payload)))
        case .welcome: self = .welcome(try Welcome(parsed(payload)))
        case .complaint: self = .complaint(try Complaint(parsed(payload)))
        case .request: self = .request(try RequestEnvelope(parsed(payload), bytes: payload))
        case .reply: self = .reply(try Reply(parsed(payload)))
        case .nodeReport, .heartbeat, .grantStarted, .grantRefused, .grantRetired, .nodeDetail, .sanitised:
            self = .agent(try AgentMessage(kind, payload: payload))
        case .attached, .reportRefused, .renewal, .grantOrder, .retireOrder, .certificateKept:
            self = .order(try NodeOrder(kind, payload: payload))
        case .guardList, .guardStart, .guardRenew, .guardRetire:
            self = .guardOrder(try GuardOrder(kind, payload: payload))
        case .guardHolds, .guardStarted, .guardStartRefused, .guardFenced, .guardRetired,
            .guardEvicted:
            self = .guardAnswer(try GuardAnswer(kind, payload: payload))
        }
    }
}

extension AgentMessage {
    fileprivate init(_ kind: MessageKind, payload: UnsafeRawBufferPointer) throws(FieldFault) {
        switch kind {
        case .nodeReport: self = .report(try NodeReport(parsed(payload)))
        case .heartbeat: self = .heartbeat(try Heartbeat(parsed(payload)))
        case .grantStarted: self = .started(GrantName(try parsed(payload)))
        case .grantRetired: self = .retired(GrantName(try parsed(payload)))
        case .grantRefused:
            let proto: ProtoGrantRefused = try parsed(payload)
            self = .grantRefused(GrantName(refused: proto), try Field.word(proto.reason.rawValue, "reason"))
        case .nodeDetail:
            let proto: ProtoNodeDetailStated = try parsed(payload)
            self = .detail(
                node: NodeID(rawValue: proto.node), session: SessionID(rawValue: proto.session),
                try within("detail") { () throws(FieldFault) in try NodeDetail(proto.detail) })
        case .sanitised:
            let proto: ProtoSanitised = try parsed(payload)
            self = .sanitised(
                node: NodeID(rawValue: proto.node), session: SessionID(rawValue: proto.session),
                try SanitisingCertificate(proto))
        case .hello, .welcome, .complaint, .request, .reply, .attached, .reportRefused, .renewal, .grantOrder,
            .retireOrder, .certificateKept, .guardList, .guardStart, .guardRenew, .guardRetire, .guardHolds,
            .guardStarted, .guardStartRefused, .guardFenced, .guardRetired,
            .guardEvicted:
            preconditionFailure("\(kind) is nothing that an agent says")
        }
    }
}

extension NodeOrder {
    fileprivate init(_ kind: MessageKind, payload: UnsafeRawBufferPointer) throws(FieldFault) {
        switch kind {
        case .attached:
            let proto: ProtoAttached = try parsed(payload)
            self = .attached(
                node: try Field.name(proto.name, "name"), id: NodeID(rawValue: proto.node),
                session: SessionID(rawValue: proto.session))
        case .reportRefused:
            let proto: ProtoReportRefused = try parsed(payload)
            self = .reportRefused(node: try Field.name(proto.name, "name"), reason: proto.reason)
        case .renewal: self = .renewal(try Renewal(parsed(payload)))
        case .grantOrder: self = .grant(try GrantOrder(parsed(payload)))
        case .retireOrder: self = .retire(try RetireOrder(parsed(payload)))
        case .certificateKept: self = .certificateKept(GrantName(try parsed(payload)))
        case .hello, .welcome, .complaint, .request, .reply, .nodeReport, .heartbeat, .grantStarted, .grantRefused,
            .grantRetired, .nodeDetail, .sanitised, .guardList, .guardStart, .guardRenew, .guardRetire, .guardHolds,
            .guardStarted, .guardStartRefused, .guardFenced, .guardRetired,
            .guardEvicted:
            preconditionFailure("\(kind) is no order to an agent")
        }
    }
}

extension GuardOrder {
    fileprivate init(_ kind: MessageKind, payload: UnsafeRawBufferPointer) throws(FieldFault) {
        switch kind {
        case .guardList:
            let _: ProtoGuardList = try parsed(payload)
            self = .list
        case .guardStart:
            let proto: ProtoGuardDeadline = try parsed(payload)
            self = .start(try GuardedGrant(until: proto), deadline: BootInstant(nanoseconds: proto.deadlineBootNs))
        case .guardRenew:
            let proto: ProtoGuardDeadline = try parsed(payload)
            self = .renew(try GuardedGrant(until: proto), deadline: BootInstant(nanoseconds: proto.deadlineBootNs))
        case .guardRetire: self = .retire(try GuardedGrant(parsed(payload)))
        case .hello, .welcome, .complaint, .request, .reply, .nodeReport, .heartbeat, .grantStarted, .grantRefused,
            .grantRetired, .nodeDetail, .sanitised, .attached, .reportRefused, .renewal, .grantOrder, .retireOrder,
            .certificateKept, .guardHolds, .guardStarted, .guardStartRefused, .guardFenced, .guardRetired,
            .guardEvicted:
            preconditionFailure("\(kind) is no order to a guard")
        }
    }
}

extension GuardAnswer {
    fileprivate init(_ kind: MessageKind, payload: UnsafeRawBufferPointer) throws(FieldFault) {
        switch kind {
        case .guardHolds:
            let proto: ProtoGuardHolds = try parsed(payload)
            self = .holds(try proto.holds, areLast: !proto.more, traits: proto.traits)
        case .guardStarted: self = .started(try GuardedGrant(parsed(payload)))
        case .guardFenced: self = .fenced(try GuardedGrant(parsed(payload)))
        case .guardRetired: self = .retired(try GuardedGrant(parsed(payload)))
        case .guardStartRefused:
            let proto: ProtoGuardStartRefused = try parsed(payload)
            self = .startRefused(try GuardedGrant(refused: proto), try Field.word(proto.reason.rawValue, "reason"))
        case .guardEvicted:
            let proto: ProtoGuardEvicted = try parsed(payload)
            let times = try within("times") { () throws(FieldFault) in try EvictionTimes(proto.times) }
            self = .evicted(NodeSlot(rawValue: proto.slot), times)
        case .hello, .welcome, .complaint, .request, .reply, .nodeReport, .heartbeat, .grantStarted, .grantRefused,
            .grantRetired, .nodeDetail, .sanitised, .attached, .reportRefused, .renewal, .grantOrder, .retireOrder,
            .certificateKept, .guardList, .guardStart, .guardRenew, .guardRetire:
            preconditionFailure("\(kind) is no answer of a guard")
        }
    }
}
