internal import LeaseholdModel
internal import SwiftProtobuf

// A node as protobuf.

extension NodeView {
    /// The view as protobuf.
    var proto: ProtoNode {
        .with {
            $0.id = id.rawValue
            $0.name = name
            $0.kind = kind
            $0.gpuCount = UInt32(gpus.count)
            $0.state = "\(state)"
            $0.reason = "\(reason)"
            $0.reasonText = reason.explanation
            $0.since = since.proto
            $0.cordoned = isCordoned
            $0.leasedCount = UInt32(leased.count)
            $0.unhealthyCount = UInt32(unhealthy.count)
            $0.freeCount = UInt32(gpus.subtracting(leased.union(unhealthy)).count)
            $0.gpuMask = UInt32(gpus.bits)
            $0.leasedMask = UInt32(leased.bits)
            $0.unhealthyMask = UInt32(unhealthy.bits)
            $0.envelopeWatts = envelope.count
            $0.committedWatts = committed.count
            if let drawn { $0.drawnWatts = drawn.count }
            if let silence { $0.silence = silence.proto }
            $0.leases = leases.map(\.description)
            if cpu != .zero { $0.cpuMillicores = cpu.count }
            if memory != .zero { $0.memoryMib = memory.count }
            $0.labels = labels.map { "\($0.key)=\($0.value)" }
            $0.traits = traits.words
            if let detail { $0.detail = detail.proto }
            $0.tickets = tickets.map(\.proto)
        }
    }

    /// Reads the view.
    init(_ proto: ProtoNode) throws(FieldFault) {
        self.init()
        id = NodeID(rawValue: proto.id)
        name = proto.name
        kind = proto.kind
        gpus = try Field.gpus(proto.gpuMask, "gpuMask")
        leased = try Field.gpus(proto.leasedMask, "leasedMask")
        unhealthy = try Field.gpus(proto.unhealthyMask, "unhealthyMask")
        state = try Field.word(proto.state, "state") { "\($0)" }
        reason = try Field.word(proto.reason, "reason") { "\($0)" }
        since = try CalendarInstant(proto.since, "since")
        isCordoned = proto.cordoned
        envelope = Watts(proto.envelopeWatts)
        committed = Watts(proto.committedWatts)
        drawn = proto.hasDrawnWatts ? Watts(proto.drawnWatts) : nil
        silence = proto.hasSilence ? try Span(proto.silence, "silence") : nil
        cpu = Millicores(proto.cpuMillicores)
        memory = Mebibytes(proto.memoryMib)
        labels = try Field.labels(proto.labels, "labels")
        if proto.hasDetail { detail = try within("detail") { () throws(FieldFault) in try NodeDetail(proto.detail) } }
        tickets = try [Ticket](proto.tickets)
        for (position, word) in proto.traits.enumerated() {
            guard let one = NodeTraits(word: word) else {
                throw FieldFault(
                    field: "traits[\(position)]", value: Field.quoted(word),
                    expected: "slices, shares, cpu or confirm-only")
            }
            traits.insert(one)
        }
        for (position, lease) in proto.leases.enumerated() {
            leases.append(try Field.lease(lease, "leases[\(position)]"))
        }
    }
}
