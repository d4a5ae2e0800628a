internal import LeaseholdModel
internal import SwiftProtobuf

// The waitlist, and why a lease is as it is, as protobuf.

extension WaitlistPlace {
    /// The place as protobuf.
    var proto: ProtoWaitlistPlace {
        .with { ($0.position, $0.until) = (UInt32(clamping: position), until.proto) }
    }

    /// Reads the place.
    init(_ proto: ProtoWaitlistPlace, _ field: String) throws(FieldFault) {
        let position = try Field.number(
            proto.position, "\(field).position", in: 1...UInt32(Limits.waitlistCountMax))
        self.init(position: Int(position), until: try CalendarInstant(proto.until, "\(field).until"))
    }
}

extension LeaseWaitlisted {
    /// The answer as protobuf.
    var proto: ProtoLeaseWaitlisted {
        .with {
            $0.id = "\(lease)"
            $0.place = place.proto
            if let estimatedStart { $0.estimatedStart = estimatedStart.proto }
            $0.refusal = refusal.proto
        }
    }

    /// Reads the answer.
    init(_ proto: ProtoLeaseWaitlisted) throws(FieldFault) {
        self.init(
            lease: try Field.lease(proto.id, "id"),
            place: try WaitlistPlace(proto.place, "place"),
            estimatedStart: proto.hasEstimatedStart
                ? try CalendarInstant(proto.estimatedStart, "estimatedStart") : nil,
            refusal: try within("refusal") { () throws(FieldFault) in try Refusal(proto.refusal) })
    }
}

extension LeaseExplanation {
    /// The answer as protobuf.
    var proto: ProtoLeaseExplanation {
        .with {
            $0.id = "\(lease)"
            $0.state = state.word
            $0.summary = summary
            if let waiting { $0.waiting = waiting.proto }
            $0.missing = missing.map { missing in
                .with {
                    $0.node = missing.node
                    $0.gpuMask = UInt32(missing.gpus.bits)
                    $0.reason = missing.reason
                }
            }
            $0.missingCount = UInt32(clamping: missingCount)
            $0.notes = notes.map(\.proto)
            $0.forgottenNoteCount = UInt32(clamping: forgottenNoteCount)
        }
    }

    /// Reads the answer.
    init(_ proto: ProtoLeaseExplanation) throws(FieldFault) {
        var missing: [MissingPlacement] = []
        for (position, placement) in try Field.bounded(
            proto.missing, "missing", countMax: LeaseExplanation.missingCountMax
        ).enumerated() {
            missing.append(
                MissingPlacement(
                    node: placement.node,
                    gpus: try Field.gpus(placement.gpuMask, "missing[\(position)].gpuMask"),
                    reason: placement.reason))
        }
        var notes: [EventView] = []
        for (position, note) in try Field.bounded(
            proto.notes, "notes", countMax: LeaseExplanation.noteCountMax
        ).enumerated() {
            notes.append(try within("notes[\(position)]") { () throws(FieldFault) in try EventView(note) })
        }
        self.init(
            lease: try Field.lease(proto.id, "id"), state: try Field.word(proto.state, "state", spelled: \.word),
            summary: proto.summary,
            waiting: proto.hasWaiting
                ? try within("waiting") { () throws(FieldFault) in try LeaseWaitlisted(proto.waiting) } : nil,
            missing: missing, missingCount: Int(proto.missingCount), notes: notes,
            forgottenNoteCount: Int(proto.forgottenNoteCount))
    }
}
