internal import LeaseholdModel
internal import SwiftProtobuf

// Answers and notes of an image as protobuf: a kind, and the numbers that it needs.

extension AnswerImage {
    /// The answer as protobuf.
    var proto: ProtoAnswer {
        .with {
            $0.principalRole = ProtoRole(rawValue: RecordField.number(of: principal.role)) ?? .unspecified
            $0.principalName = principal.name
            ($0.requestHigh, $0.requestLow) = (request.id.high, request.id.low)
            $0.requestBodyHash = request.bodyHash
            $0.atCalendarNs = at.nanoseconds
            outcome.write(into: &$0)
        }
    }

    /// Reads the answer.
    init(_ proto: ProtoAnswer) throws(RecordFailure) {
        try RecordField.allKnown(proto, in: "answer")
        self.init(
            principal: Principal(
                role: try RecordField.word(proto.principalRole.rawValue, "answer.principalRole"),
                name: proto.principalName),
            request: RequestKey(
                id: RequestID(high: proto.requestHigh, low: proto.requestLow), bodyHash: proto.requestBodyHash),
            at: CalendarInstant(nanoseconds: proto.atCalendarNs), outcome: try Outcome(proto))
    }
}

extension Outcome {
    fileprivate func write(into proto: inout ProtoAnswer) {
        switch self {
        case .imported(let imported):
            proto.outcome = .imported
            proto.flag = imported.isCommitted
            (proto.count, proto.secondCount) = (Int64(imported.nodeCount), Int64(imported.gpuCount))
        case .tenantCreated(let tenant, let quota):
            (proto.outcome, proto.tenant, proto.count) = (.tenantCreated, tenant.rawValue, Int64(quota))
        case .quotaSet(let tenant, let quota, let held, let leaseCount):
            (proto.outcome, proto.tenant, proto.count) = (.quotaSet, tenant.rawValue, Int64(quota))
            (proto.secondCount, proto.thirdCount) = (Int64(held), Int64(leaseCount))
        case .cordonSet(let node, let isCordoned):
            (proto.outcome, proto.node, proto.flag) = (.cordonSet, node.rawValue, isCordoned)
        case .granted(let lease): (proto.outcome, proto.lease) = (.granted, lease.rawValue)
        case .waitlisted(let lease, let position, let waiting):
            (proto.outcome, proto.lease, proto.count) = (.waitlisted, lease.rawValue, Int64(position))
            proto.instantCalendarNs = waiting.until.nanoseconds
            if let estimate = waiting.estimatedStart { proto.estimatedStartCalendarNs = estimate.nanoseconds }
            proto.refusal = waiting.refusal.proto
        case .resized(let lease, let count):
            (proto.outcome, proto.lease, proto.count) = (.resized, lease.rawValue, Int64(count))
        case .released(let lease, let at):
            (proto.outcome, proto.lease, proto.instantCalendarNs) = (.released, lease.rawValue, at.nanoseconds)
        case .cancelled(let lease, let at):
            (proto.outcome, proto.lease, proto.instantCalendarNs) = (.cancelled, lease.rawValue, at.nanoseconds)
        case .extended(let lease, let endsAt):
            (proto.outcome, proto.lease, proto.instantCalendarNs) = (.extended, lease.rawValue, endsAt.nanoseconds)
        case .countersigned(let head, let record):
            (proto.outcome, proto.count) = (.countersigned, Int64(head.rawValue))
            proto.secondCount = Int64(record.rawValue)
        case .refused(let refusal): (proto.outcome, proto.refusal) = (.refused, refusal.proto)
        }
    }

    fileprivate init(_ proto: ProtoAnswer) throws(RecordFailure) {
        let (lease, tenant) = (LeaseID(rawValue: proto.lease), TenantID(rawValue: proto.tenant))
        let (count, second) = (Int(proto.count), Int(proto.secondCount))
        let instant = CalendarInstant(nanoseconds: proto.instantCalendarNs)
        switch proto.outcome {
        case .imported:
            self = .imported(FleetImported(isCommitted: proto.flag, nodeCount: count, gpuCount: second))
        case .tenantCreated: self = .tenantCreated(tenant, quota: count)
        case .quotaSet:
            self = .quotaSet(tenant, quota: count, held: second, leaseCount: Int(proto.thirdCount))
        case .cordonSet: self = .cordonSet(NodeID(rawValue: proto.node), isCordoned: proto.flag)
        case .granted: self = .granted(lease)
        case .waitlisted:
            self = .waitlisted(
                lease, position: count,
                Waiting(
                    until: instant,
                    estimatedStart: proto.hasEstimatedStartCalendarNs
                        ? CalendarInstant(nanoseconds: proto.estimatedStartCalendarNs) : nil,
                    refusal: try Refusal(proto.refusal, "answer.refusal")))
        case .resized: self = .resized(lease, count: count)
        case .released: self = .released(lease, at: instant)
        case .cancelled: self = .cancelled(lease, at: instant)
        case .extended: self = .extended(lease, endsAt: instant)
        case .countersigned:
            self = .countersigned(
                head: RecordIndex(rawValue: UInt64(max(0, count))),
                record: RecordIndex(rawValue: UInt64(max(0, second))))
        case .refused: self = .refused(try Refusal(proto.refusal, "answer.refusal"))
        case .unspecified, .UNRECOGNIZED:
            throw .invalid(
                field: "answer.outcome", value: "\(proto.outcome.rawValue)", expected: "a value that this version knows"
            )
        }
    }
}

extension NotedEntry {
    /// The note as protobuf.
    var proto: ProtoNote {
        .with {
            $0.index = index.rawValue
            $0.atCalendarNs = at.nanoseconds
            note.write(into: &$0)
        }
    }

    /// Reads the note.
    init(_ proto: ProtoNote) throws(RecordFailure) {
        try RecordField.allKnown(proto, in: "note")
        self.init(
            index: RecordIndex(rawValue: proto.index), at: CalendarInstant(nanoseconds: proto.atCalendarNs),
            note: try LeaseNote(proto))
    }
}

extension LeaseNote {
    fileprivate func write(into proto: inout ProtoNote) {
        switch self {
        case .confirmed: proto.kind = .confirmed
        case .moved(let node, let nodeCount, let hindrance):
            (proto.kind, proto.node, proto.nodeCount) = (.moved, node.rawValue, UInt32(nodeCount))
            hindrance.write(into: &proto)
        case .beganWithout(let node, let nodeCount):
            (proto.kind, proto.node, proto.nodeCount) = (.beganWithout, node.rawValue, UInt32(nodeCount))
        case .interrupted(let node, let state, let reason):
            (proto.kind, proto.node) = (.interrupted, node.rawValue)
            proto.write(state, reason)
        case .broken(let node, let gpus):
            (proto.kind, proto.node, proto.gpuMask) = (.broken, node.rawValue, UInt32(gpus.bits))
        case .restored(let node): (proto.kind, proto.node) = (.restored, node.rawValue)
        case .extended(let end): (proto.kind, proto.endsAtCalendarNs) = (.extended, end.nanoseconds)
        case .shrunk(let count): (proto.kind, proto.count) = (.shrunk, UInt32(count))
        }
    }

    fileprivate init(_ proto: ProtoNote) throws(RecordFailure) {
        let (node, nodeCount) = (NodeID(rawValue: proto.node), Int(proto.nodeCount))
        switch proto.kind {
        case .confirmed: self = .confirmed
        case .moved: self = .moved(off: node, nodeCount: nodeCount, try Hindrance(proto))
        case .beganWithout: self = .beganWithout(node, nodeCount: nodeCount)
        case .interrupted:
            self = .interrupted(
                node, try RecordField.word(proto.state.rawValue, "note.state"),
                try RecordField.word(proto.reason.rawValue, "note.reason"))
        case .broken: self = .broken(node, try RecordField.gpus(proto.gpuMask, "note.gpuMask"))
        case .restored: self = .restored(node)
        case .extended: self = .extended(to: CalendarInstant(nanoseconds: proto.endsAtCalendarNs))
        case .shrunk: self = .shrunk(to: Int(proto.count))
        case .unspecified, .UNRECOGNIZED:
            throw .invalid(
                field: "note.kind", value: "\(proto.kind.rawValue)", expected: "a value that this version knows")
        }
    }
}

extension Hindrance {
    fileprivate func write(into proto: inout ProtoNote) {
        switch self {
        case .away(let state, let reason):
            proto.hindrance = .away
            proto.write(state, reason)
        case .broken(let gpus): (proto.hindrance, proto.gpuMask) = (.broken, UInt32(gpus.bits))
        case .cordoned: proto.hindrance = .cordoned
        case .held(let lease): (proto.hindrance, proto.holder) = (.held, lease.rawValue)
        case .notCarved: proto.hindrance = .notCarved
        }
    }

    fileprivate init(_ proto: ProtoNote) throws(RecordFailure) {
        switch proto.hindrance {
        case .away:
            self = .away(
                try RecordField.word(proto.state.rawValue, "note.state"),
                try RecordField.word(proto.reason.rawValue, "note.reason"))
        case .broken: self = .broken(try RecordField.gpus(proto.gpuMask, "note.gpuMask"))
        case .cordoned: self = .cordoned
        case .held: self = .held(LeaseID(rawValue: proto.holder))
        case .notCarved: self = .notCarved
        case .unspecified, .UNRECOGNIZED:
            throw .invalid(
                field: "note.hindrance", value: "\(proto.hindrance.rawValue)",
                expected: "a value that this version knows")
        }
    }
}

extension ProtoNote {
    fileprivate mutating func write(_ state: NodeState, _ reason: NodeReason) {
        self.state = ProtoNodeState(rawValue: RecordField.number(of: state)) ?? .unspecified
        self.reason = ProtoNodeReason(rawValue: RecordField.number(of: reason)) ?? .unspecified
    }
}
