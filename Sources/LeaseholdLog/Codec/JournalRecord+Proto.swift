internal import LeaseholdModel
internal import SwiftProtobuf

// Records of the journal as protobuf.

extension JournalRecord {
    /// The record as protobuf.
    var proto: ProtoJournalEntry.OneOf_Record {
        switch self {
        case .nodeServed(let slot, let path, let kind, let gpuCount, let hardware):
            .nodeServed(
                .with {
                    $0.slot = slot.rawValue
                    $0.path = path
                    $0.kind = kind
                    $0.gpuCount = UInt32(clamping: gpuCount)
                    $0.hardware = hardware
                })
        case .reignSeen(let seen):
            .reignSeen(
                .with {
                    $0.logHigh = seen.log.high
                    $0.logLow = seen.log.low
                    $0.reign = seen.reign.rawValue
                    $0.leaderHigh = seen.incarnation.high
                    $0.leaderLow = seen.incarnation.low
                })
        case .grantAccepted(let grant, let node, let onSilence, let witness):
            .grantAccepted(grant.accepted(node: node, onSilence: onSilence, witness: witness))
        case .epochRaised(let slot, let gpus, let slices, let epoch):
            .epochRaised(
                .with {
                    $0.slot = slot.rawValue
                    $0.gpuMask = UInt32(gpus.bits)
                    ($0.slicesLow, $0.slicesHigh) = (slices.low, slices.high)
                    $0.epochReign = epoch.reign.rawValue
                    $0.epochIndex = epoch.index.rawValue
                })
        case .grantRetired(let grant, let witness): .grantRetired(grant.retired(witness: witness))
        case .stepBegan(let slot, let lease, let epoch, let step):
            .stepBegan(
                .with {
                    $0.slot = slot.rawValue
                    $0.lease = lease.rawValue
                    $0.epochReign = epoch.reign.rawValue
                    $0.epochIndex = epoch.index.rawValue
                    $0.step = step.proto
                })
        case .stepEnded(let slot, let lease, let epoch, let step, let outcome, let failures, let at):
            .stepEnded(
                .with {
                    $0.slot = slot.rawValue
                    $0.lease = lease.rawValue
                    $0.epochReign = epoch.reign.rawValue
                    $0.epochIndex = epoch.index.rawValue
                    $0.step = step.proto
                    if case .done = outcome { $0.done = true }
                    $0.text = outcome.text
                    $0.atCalendarNs = at.nanoseconds
                    $0.failureCount = failures
                })
        case .workBegan(let slot, let lease, let epoch, let reading): .workBegan(reading.proto(slot, lease, epoch))
        case .workEnded(let slot, let lease, let epoch, let reading): .workEnded(reading.proto(slot, lease, epoch))
        case .certificateKept(let slot, let lease, let epoch):
            .certificateKept(
                .with {
                    $0.slot = slot.rawValue
                    $0.lease = lease.rawValue
                    $0.epochReign = epoch.reign.rawValue
                    $0.epochIndex = epoch.index.rawValue
                })
        }
    }

    /// Reads the record.
    init(_ proto: ProtoJournalEntry.OneOf_Record) throws(RecordFailure) {
        switch proto {
        case .nodeServed(let served):
            try RecordField.allKnown(served, in: "nodeServed")
            let gpuCount = try RecordField.number(
                served.gpuCount, "nodeServed.gpuCount", max: UInt32(GPUSet.countMax))
            self = .nodeServed(
                NodeSlot(rawValue: served.slot), path: served.path, kind: served.kind, gpuCount: Int(gpuCount),
                hardware: served.hardware)
        case .reignSeen(let seen):
            try RecordField.allKnown(seen, in: "reignSeen")
            self = .reignSeen(
                SeenReign(
                    log: LogID(high: seen.logHigh, low: seen.logLow), reign: Reign(rawValue: seen.reign),
                    incarnation: Incarnation(high: seen.leaderHigh, low: seen.leaderLow)))
        case .grantAccepted(let accepted):
            try RecordField.allKnown(accepted, in: "grantAccepted")
            let chain = (
                accepted.witnessChain0, accepted.witnessChain1, accepted.witnessChain2, accepted.witnessChain3
            )
            let gpus = try RecordField.gpus(accepted.gpuMask, "grantAccepted.gpuMask")
            self = .grantAccepted(
                GuardedGrant(
                    slot: NodeSlot(rawValue: accepted.slot), lease: LeaseID(rawValue: accepted.lease),
                    epoch: Epoch(accepted.epochReign, accepted.epochIndex), gpus: gpus,
                    cut: try RecordField.cut(accepted, of: gpus, "grantAccepted.slicesLow")),
                node: NodeID(rawValue: accepted.node),
                onSilence: try RecordField.word(accepted.onSilence.rawValue, "grantAccepted.onSilence"),
                witness: WitnessedHead(
                    LogHead(accepted.witnessIndex, chain: chain),
                    by: Incarnation(high: accepted.witnessLeaderHigh, low: accepted.witnessLeaderLow)))
        case .epochRaised(let raised):
            try RecordField.allKnown(raised, in: "epochRaised")
            let gpus = try RecordField.gpus(raised.gpuMask, "epochRaised.gpuMask")
            let slices = SliceSet(low: raised.slicesLow, high: raised.slicesHigh)
            guard slices.isEmpty || slices.gpus == gpus else {
                throw .invalid(
                    field: "epochRaised.slicesLow", value: "slices of GPUs \(slices.gpus)",
                    expected: "of GPUs \(gpus), or none")
            }
            self = .epochRaised(
                NodeSlot(rawValue: raised.slot), gpus: gpus, slices: slices,
                epoch: Epoch(raised.epochReign, raised.epochIndex))
        case .grantRetired(let retired):
            try RecordField.allKnown(retired, in: "grantRetired")
            let chain = (retired.witnessChain0, retired.witnessChain1, retired.witnessChain2, retired.witnessChain3)
            let gpus = try RecordField.gpus(retired.gpuMask, "grantRetired.gpuMask")
            self = .grantRetired(
                GuardedGrant(
                    slot: NodeSlot(rawValue: retired.slot), lease: LeaseID(rawValue: retired.lease),
                    epoch: Epoch(retired.epochReign, retired.epochIndex), gpus: gpus,
                    cut: try RecordField.cut(retired, of: gpus, "grantRetired.slicesLow")),
                witness: WitnessedHead(
                    LogHead(retired.witnessIndex, chain: chain),
                    by: Incarnation(high: retired.witnessLeaderHigh, low: retired.witnessLeaderLow)))
        case .stepBegan(let began):
            try RecordField.allKnown(began, in: "stepBegan")
            self = .stepBegan(
                NodeSlot(rawValue: began.slot), lease: LeaseID(rawValue: began.lease),
                epoch: Epoch(began.epochReign, began.epochIndex),
                try RecordField.word(began.step.rawValue, "stepBegan.step"))
        case .stepEnded(let ended):
            try RecordField.allKnown(ended, in: "stepEnded")
            self = .stepEnded(
                NodeSlot(rawValue: ended.slot), lease: LeaseID(rawValue: ended.lease),
                epoch: Epoch(ended.epochReign, ended.epochIndex),
                try RecordField.word(ended.step.rawValue, "stepEnded.step"),
                ended.done ? .done(evidence: ended.text) : .failed(reason: ended.text),
                after: ended.failureCount, at: CalendarInstant(nanoseconds: ended.atCalendarNs))
        case .workBegan(let metered):
            self = try metered.record("workBegan") { .workBegan($0, lease: $1, epoch: $2, $3) }
        case .workEnded(let metered):
            self = try metered.record("workEnded") { .workEnded($0, lease: $1, epoch: $2, $3) }
        case .certificateKept(let kept): self = try kept.record
        }
    }
}

extension GuardedGrant {
    fileprivate func accepted(node: NodeID, onSilence: SilenceMode, witness: WitnessedHead) -> ProtoGrantAccepted {
        .with {
            $0.slot = slot.rawValue
            $0.lease = lease.rawValue
            $0.epochReign = epoch.reign.rawValue
            $0.epochIndex = epoch.index.rawValue
            $0.gpuMask = UInt32(gpus.bits)
            $0.state(cut)
            $0.node = node.rawValue
            $0.onSilence = ProtoSilenceMode(rawValue: RecordField.number(of: onSilence)) ?? .unspecified
            $0.witnessIndex = witness.head.index.rawValue
            ($0.witnessChain0, $0.witnessChain1, $0.witnessChain2, $0.witnessChain3) = witness.head.chain.words
            $0.witnessLeaderHigh = witness.leader.high
            $0.witnessLeaderLow = witness.leader.low
        }
    }

    fileprivate func retired(witness: WitnessedHead) -> ProtoGrantRetired {
        .with {
            $0.slot = slot.rawValue
            $0.lease = lease.rawValue
            $0.epochReign = epoch.reign.rawValue
            $0.epochIndex = epoch.index.rawValue
            $0.gpuMask = UInt32(gpus.bits)
            $0.state(cut)
            $0.witnessIndex = witness.head.index.rawValue
            ($0.witnessChain0, $0.witnessChain1, $0.witnessChain2, $0.witnessChain3) = witness.head.chain.words
            $0.witnessLeaderHigh = witness.leader.high
            $0.witnessLeaderLow = witness.leader.low
        }
    }
}

/// A record that says how GPUs are had that are not had whole.
protocol CutProto {
    var slicesLow: UInt64 { get set }
    var slicesHigh: UInt64 { get set }
    var instanceSlices: UInt32 { get set }
    var instanceStarts: UInt32 { get set }
}

extension CutProto {
    /// Says it; nothing of whole GPUs.
    fileprivate mutating func state(_ cut: SliceCut) {
        guard cut != .none else { return }
        (slicesLow, slicesHigh) = (cut.slices.low, cut.slices.high)
        (instanceSlices, instanceStarts) = (UInt32(cut.instanceSliceCount), UInt32(cut.starts))
    }
}

extension ProtoGrantAccepted: CutProto {}
extension ProtoGrantRetired: CutProto {}

extension RecordField {
    /// How GPUs are had that are not had whole.
    fileprivate static func cut(
        _ proto: some CutProto, of gpus: GPUSet, _ field: @autoclosure () -> String
    ) throws(RecordFailure) -> SliceCut {
        let slices = SliceSet(low: proto.slicesLow, high: proto.slicesHigh)
        let found = SliceCut(
            slices: slices, instanceSliceCount: proto.instanceSlices, starts: proto.instanceStarts, of: gpus)
        guard let found else {
            throw .invalid(
                field: field(), value: "slices of GPUs \(slices.gpus) in instances of \(proto.instanceSlices)",
                expected: "whole instances on GPUs \(gpus), or none")
        }
        return found
    }
}
