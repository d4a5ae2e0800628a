internal import LeaseholdModel
internal import SwiftProtobuf

// What the coordinator sends to agents, as protobuf.

extension Renewal {
    /// The message as protobuf.
    var proto: ProtoRenewal {
        .with {
            $0.node = node.rawValue
            $0.session = session.rawValue
            $0.number = number.rawValue
            $0.lease = holds.map(\.lease.rawValue)
            $0.epochReign = holds.map(\.epoch.reign.rawValue)
            $0.epochIndex = holds.map(\.epoch.index.rawValue)
            $0.hasRemaining_p = holds.map { $0.remaining != nil }
            $0.remainingNs = holds.map { $0.remaining?.nanoseconds ?? 0 }
            $0.headIndex = head.index.rawValue
            ($0.headChain0, $0.headChain1, $0.headChain2, $0.headChain3) = head.chain.words
            $0.ledgerHead = ledgerHead?.text ?? ""
        }
    }

    /// Reads the message.
    init(_ proto: ProtoRenewal) throws(FieldFault) {
        let (leases, reigns, indices) = (proto.lease, proto.epochReign, proto.epochIndex)
        let (flags, spans) = (proto.hasRemaining_p, proto.remainingNs)
        let count = try Field.bounded(leases, "lease", countMax: Limits.grantsPerNodeCountMax).count
        try Field.sameCount(reigns.count, "epochReign", as: count)
        try Field.sameCount(indices.count, "epochIndex", as: count)
        try Field.sameCount(flags.count, "hasRemaining", as: count)
        try Field.sameCount(spans.count, "remainingNs", as: count)
        var holds: [HoldRenewal] = []
        holds.reserveCapacity(count)
        for position in 0..<count {
            try require(
                flags[position] || spans[position] == 0, "remainingNs[\(position)]", value: "\(spans[position])",
                expected: "0 where there is none")
            holds.append(
                HoldRenewal(
                    lease: LeaseID(rawValue: leases[position]), epoch: Epoch(reigns[position], indices[position]),
                    remaining: flags[position] ? Span(nanoseconds: spans[position]) : nil))
        }
        self.init(
            node: NodeID(rawValue: proto.node), session: SessionID(rawValue: proto.session),
            number: HeartbeatNumber(rawValue: proto.number), holds: holds,
            head: LogHead(
                proto.headIndex, chain: (proto.headChain0, proto.headChain1, proto.headChain2, proto.headChain3)),
            ledgerHead: try Field.keptHead(proto.ledgerHead, "ledgerHead"))
    }
}

extension GrantOrder {
    /// The message as protobuf.
    var proto: ProtoGrantOrder {
        .with {
            $0.node = name.node.rawValue
            $0.session = name.session.rawValue
            $0.lease = name.lease.rawValue
            $0.epochReign = name.epoch.reign.rawValue
            $0.epochIndex = name.epoch.index.rawValue
            $0.gpuMask = UInt32(gpus.bits)
            $0.state(cut)
            $0.onSilence = ProtoSilenceMode(rawValue: Int(onSilence.rawValue)) ?? .unspecified
            $0.number = number.rawValue
            if let remaining { $0.remainingNs = remaining.nanoseconds }
            $0.envelopeWatts = envelope.count
            $0.headIndex = head.index.rawValue
            ($0.headChain0, $0.headChain1, $0.headChain2, $0.headChain3) = head.chain.words
        }
    }

    /// Reads the message.
    init(_ proto: ProtoGrantOrder) throws(FieldFault) {
        let gpus = try Field.gpus(proto.gpuMask, "gpuMask")
        self.init(
            name: GrantName(proto.node, proto.session, proto.lease, Epoch(proto.epochReign, proto.epochIndex)),
            gpus: gpus, cut: try Field.cut(proto, of: gpus),
            onSilence: try Field.word(proto.onSilence.rawValue, "onSilence"),
            number: HeartbeatNumber(rawValue: proto.number),
            remaining: proto.hasRemainingNs ? Span(nanoseconds: proto.remainingNs) : nil,
            envelope: Watts(proto.envelopeWatts),
            head: LogHead(
                proto.headIndex, chain: (proto.headChain0, proto.headChain1, proto.headChain2, proto.headChain3)))
    }
}

extension RetireOrder {
    /// The message as protobuf.
    var proto: ProtoRetireOrder {
        .with {
            $0.node = name.node.rawValue
            $0.session = name.session.rawValue
            $0.lease = name.lease.rawValue
            $0.epochReign = name.epoch.reign.rawValue
            $0.epochIndex = name.epoch.index.rawValue
            $0.gpuMask = UInt32(gpus.bits)
            ($0.slicesLow, $0.slicesHigh) = (slices.low, slices.high)
            $0.headIndex = head.index.rawValue
            ($0.headChain0, $0.headChain1, $0.headChain2, $0.headChain3) = head.chain.words
        }
    }

    /// Reads the message.
    init(_ proto: ProtoRetireOrder) throws(FieldFault) {
        let gpus = try Field.gpus(proto.gpuMask, "gpuMask")
        self.init(
            name: GrantName(proto.node, proto.session, proto.lease, Epoch(proto.epochReign, proto.epochIndex)),
            gpus: gpus,
            slices: try Field.slices(SliceSet(low: proto.slicesLow, high: proto.slicesHigh), of: gpus, "slicesLow"),
            head: LogHead(
                proto.headIndex, chain: (proto.headChain0, proto.headChain1, proto.headChain2, proto.headChain3)))
    }
}

/// A message that says how GPUs are had that are not had whole.
protocol CutProto {
    var slicesLow: UInt64 { get set }
    var slicesHigh: UInt64 { get set }
    var instanceSlices: UInt32 { get set }
    var instanceStarts: UInt32 { get set }
}

extension CutProto {
    /// Says it; nothing of whole GPUs, so that most messages stay as short as they are.
    mutating func state(_ cut: SliceCut) {
        guard cut != .none else { return }
        (slicesLow, slicesHigh) = (cut.slices.low, cut.slices.high)
        (instanceSlices, instanceStarts) = (UInt32(cut.instanceSliceCount), UInt32(cut.starts))
    }
}

extension ProtoGrantOrder: CutProto {}
extension ProtoGuardedGrant: CutProto {}
extension ProtoGuardDeadline: CutProto {}
extension ProtoGuardStartRefused: CutProto {}
