internal import LeaseholdModel
internal import SwiftProtobuf

// What agents send, as protobuf. Lists are parallel arrays.

extension NodeReport {
    /// The message as protobuf.
    var proto: ProtoNodeReport {
        .with {
            $0.node = node
            $0.kind = kind
            $0.gpuCount = UInt32(clamping: gpuCount)
            $0.hardware = hardware
            $0.highestReign = highest.gpus.map(\.reign.rawValue)
            $0.highestIndex = highest.gpus.map(\.index.rawValue)
            $0.slicePlace = highest.slices.map { UInt32($0.place) }
            $0.sliceReign = highest.slices.map(\.epoch.reign.rawValue)
            $0.sliceIndex = highest.slices.map(\.epoch.index.rawValue)
            $0.lease = condition.live.map(\.lease.rawValue)
            $0.epochReign = condition.live.map(\.epoch.reign.rawValue)
            $0.epochIndex = condition.live.map(\.epoch.index.rawValue)
            $0.gpuMask = condition.live.map { UInt32($0.gpus.bits) }
            $0.phase = condition.live.map(\.phase.proto)
            ($0.slicesLow, $0.slicesHigh) = condition.live.slices
            $0.unhealthyMask = UInt32(condition.unhealthy.bits)
            $0.guarded = condition.isGuarded
            $0.drawnWatts = condition.drawn.count
            $0.witnessIndex = witness.head.index.rawValue
            ($0.witnessChain0, $0.witnessChain1, $0.witnessChain2, $0.witnessChain3) = witness.head.chain.words
            $0.witnessLeaderHigh = witness.leader.high
            $0.witnessLeaderLow = witness.leader.low
            $0.traits = UInt32(traits.rawValue)
        }
    }

    /// Reads the message.
    init(_ proto: ProtoNodeReport) throws(FieldFault) {
        let reigns = try Field.bounded(proto.highestReign, "highestReign", countMax: GPUSet.countMax)
        let indices = proto.highestIndex
        try Field.sameCount(indices.count, "highestIndex", as: reigns.count)
        let live = try [LiveGrant](
            leases: proto.lease, reigns: proto.epochReign, indices: proto.epochIndex, masks: proto.gpuMask,
            phases: proto.phase, low: proto.slicesLow, high: proto.slicesHigh)
        self.init(
            node: try Field.name(proto.node, "node"), kind: try Field.name(proto.kind, "kind"),
            gpuCount: Int(try Field.number(proto.gpuCount, "gpuCount", in: 0...UInt32(GPUSet.countMax))),
            hardware: proto.hardware,
            highest: SeenEpochs(
                gpus: reigns.indices.map { Epoch(reigns[$0], indices[$0]) },
                slices: try [SliceEpoch](
                    places: proto.slicePlace, reigns: proto.sliceReign, indices: proto.sliceIndex)),
            condition: NodeCondition(
                live: live, unhealthy: try Field.gpus(proto.unhealthyMask, "unhealthyMask"),
                isGuarded: proto.guarded, drawn: Watts(proto.drawnWatts)),
            witness: WitnessedHead(
                LogHead(
                    proto.witnessIndex,
                    chain: (proto.witnessChain0, proto.witnessChain1, proto.witnessChain2, proto.witnessChain3)),
                by: Incarnation(high: proto.witnessLeaderHigh, low: proto.witnessLeaderLow)),
            traits: NodeTraits(
                rawValue: UInt8(try Field.number(proto.traits, "traits", in: 0...UInt32(NodeTraits.all.rawValue)))))
    }
}

extension Heartbeat {
    /// The message as protobuf.
    var proto: ProtoHeartbeat {
        .with {
            $0.node = node.rawValue
            $0.session = session.rawValue
            $0.number = number.rawValue
            $0.echo = echo.rawValue
            $0.lease = condition.live.map(\.lease.rawValue)
            $0.epochReign = condition.live.map(\.epoch.reign.rawValue)
            $0.epochIndex = condition.live.map(\.epoch.index.rawValue)
            $0.gpuMask = condition.live.map { UInt32($0.gpus.bits) }
            $0.phase = condition.live.map(\.phase.proto)
            ($0.slicesLow, $0.slicesHigh) = condition.live.slices
            $0.unhealthyMask = UInt32(condition.unhealthy.bits)
            $0.guarded = condition.isGuarded
            $0.drawnWatts = condition.drawn.count
            $0.witnessIndex = witness.rawValue
        }
    }

    /// Reads the message.
    init(_ proto: ProtoHeartbeat) throws(FieldFault) {
        let live = try [LiveGrant](
            leases: proto.lease, reigns: proto.epochReign, indices: proto.epochIndex, masks: proto.gpuMask,
            phases: proto.phase, low: proto.slicesLow, high: proto.slicesHigh)
        self.init(
            node: NodeID(rawValue: proto.node), session: SessionID(rawValue: proto.session),
            number: HeartbeatNumber(rawValue: proto.number), echo: HeartbeatNumber(rawValue: proto.echo),
            condition: NodeCondition(
                live: live, unhealthy: try Field.gpus(proto.unhealthyMask, "unhealthyMask"),
                isGuarded: proto.guarded, drawn: Watts(proto.drawnWatts)),
            witness: RecordIndex(rawValue: proto.witnessIndex))
    }
}

extension [LiveGrant] {
    /// The slices of all, or nothing where all have their GPUs whole.
    fileprivate var slices: (low: [UInt64], high: [UInt64]) {
        allSatisfy(\.slices.isEmpty) ? ([], []) : (map(\.slices.low), map(\.slices.high))
    }

    /// Reads parallel arrays; there is at most one grant per memory slice.
    fileprivate init(
        leases: [UInt64], reigns: [UInt64], indices: [UInt64], masks: [UInt32], phases: [ProtoGrantPhase],
        low: [UInt64], high: [UInt64]
    ) throws(FieldFault) {
        let count = try Field.bounded(leases, "lease", countMax: Limits.grantsPerNodeCountMax).count
        try Field.sameCount(reigns.count, "epochReign", as: count)
        try Field.sameCount(indices.count, "epochIndex", as: count)
        try Field.sameCount(masks.count, "gpuMask", as: count)
        try Field.sameCount(phases.count, "phase", as: count)
        try Field.sameCount(low.count, "slicesLow", as: low.isEmpty && high.isEmpty ? 0 : count)
        try Field.sameCount(high.count, "slicesHigh", as: low.count)
        self = []
        reserveCapacity(count)
        for position in 0..<count {
            let gpus = try Field.gpus(masks[position], "gpuMask[\(position)]")
            let slices = low.isEmpty ? SliceSet.none : SliceSet(low: low[position], high: high[position])
            append(
                LiveGrant(
                    lease: LeaseID(rawValue: leases[position]), epoch: Epoch(reigns[position], indices[position]),
                    gpus: gpus, slices: try Field.slices(slices, of: gpus, "slicesLow[\(position)]"),
                    phase: try Field.word(phases[position].rawValue, "phase[\(position)]")))
        }
    }
}

extension [SliceEpoch] {
    /// Reads parallel arrays, ascending by place.
    fileprivate init(places: [UInt32], reigns: [UInt64], indices: [UInt64]) throws(FieldFault) {
        let count = try Field.bounded(places, "slicePlace", countMax: SliceEpoch.placeCountMax).count
        try Field.sameCount(reigns.count, "sliceReign", as: count)
        try Field.sameCount(indices.count, "sliceIndex", as: count)
        self = []
        reserveCapacity(count)
        for position in 0..<count {
            let least = last.map { UInt32($0.place) + 1 } ?? 0
            try require(
                (least..<UInt32(SliceEpoch.placeCountMax)).contains(places[position]), "slicePlace[\(position)]",
                value: "\(places[position])", expected: "\(least) to \(SliceEpoch.placeCountMax - 1)")
            append(SliceEpoch(place: UInt8(places[position]), epoch: Epoch(reigns[position], indices[position])))
        }
    }
}

extension GrantPhase {
    /// The same number on the wire.
    var proto: ProtoGrantPhase { ProtoGrantPhase(rawValue: Int(rawValue)) ?? .unspecified }
}

extension GrantName {
    /// The message as protobuf.
    var proto: ProtoGrantName {
        .with {
            $0.node = node.rawValue
            $0.session = session.rawValue
            $0.lease = lease.rawValue
            $0.epochReign = epoch.reign.rawValue
            $0.epochIndex = epoch.index.rawValue
        }
    }

    /// The refusal of this grant as protobuf.
    func proto(refused refusal: GrantRefusal) -> ProtoGrantRefused {
        .with {
            $0.node = node.rawValue
            $0.session = session.rawValue
            $0.lease = lease.rawValue
            $0.epochReign = epoch.reign.rawValue
            $0.epochIndex = epoch.index.rawValue
            $0.reason = ProtoGrantRefusal(rawValue: Int(refusal.rawValue)) ?? .unspecified
        }
    }

    /// Reads the name.
    init(_ proto: ProtoGrantName) {
        self.init(proto.node, proto.session, proto.lease, Epoch(proto.epochReign, proto.epochIndex))
    }

    /// Reads the name of a refused grant.
    init(refused proto: ProtoGrantRefused) {
        self.init(proto.node, proto.session, proto.lease, Epoch(proto.epochReign, proto.epochIndex))
    }

    /// A name from its numbers.
    init(_ node: UInt32, _ session: UInt64, _ lease: UInt64, _ epoch: Epoch) {
        self.init(
            node: NodeID(rawValue: node), session: SessionID(rawValue: session), lease: LeaseID(rawValue: lease),
            epoch: epoch)
    }
}
