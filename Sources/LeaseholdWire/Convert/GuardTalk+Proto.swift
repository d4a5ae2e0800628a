internal import LeaseholdModel
internal import SwiftProtobuf

// The talk of an agent with its guard, as protobuf.

extension GuardedGrant {
    /// The grant as protobuf.
    var proto: ProtoGuardedGrant {
        .with {
            $0.slot = slot.rawValue
            $0.lease = lease.rawValue
            $0.epochReign = epoch.reign.rawValue
            $0.epochIndex = epoch.index.rawValue
            $0.gpuMask = UInt32(gpus.bits)
            $0.state(cut)
        }
    }

    /// The grant with its deadline as protobuf.
    func proto(until deadline: BootInstant) -> ProtoGuardDeadline {
        .with {
            $0.slot = slot.rawValue
            $0.lease = lease.rawValue
            $0.epochReign = epoch.reign.rawValue
            $0.epochIndex = epoch.index.rawValue
            $0.gpuMask = UInt32(gpus.bits)
            $0.state(cut)
            $0.deadlineBootNs = deadline.nanoseconds
        }
    }

    /// The refusal to start the grant as protobuf.
    func proto(refused refusal: StartRefusal) -> ProtoGuardStartRefused {
        .with {
            $0.slot = slot.rawValue
            $0.lease = lease.rawValue
            $0.epochReign = epoch.reign.rawValue
            $0.epochIndex = epoch.index.rawValue
            $0.gpuMask = UInt32(gpus.bits)
            $0.state(cut)
            $0.reason = ProtoStartRefusal(rawValue: Int(refusal.rawValue)) ?? .unspecified
        }
    }

    /// Reads the grant.
    init(_ proto: ProtoGuardedGrant) throws(FieldFault) {
        let gpus = try Field.gpus(proto.gpuMask, "gpuMask")
        self.init(
            proto.slot, proto.lease, Epoch(proto.epochReign, proto.epochIndex), gpus, try Field.cut(proto, of: gpus))
    }

    /// Reads the grant of an order with a deadline.
    init(until proto: ProtoGuardDeadline) throws(FieldFault) {
        let gpus = try Field.gpus(proto.gpuMask, "gpuMask")
        self.init(
            proto.slot, proto.lease, Epoch(proto.epochReign, proto.epochIndex), gpus, try Field.cut(proto, of: gpus))
    }

    /// Reads the grant that was not started.
    init(refused proto: ProtoGuardStartRefused) throws(FieldFault) {
        let gpus = try Field.gpus(proto.gpuMask, "gpuMask")
        self.init(
            proto.slot, proto.lease, Epoch(proto.epochReign, proto.epochIndex), gpus, try Field.cut(proto, of: gpus))
    }

    fileprivate init(_ slot: UInt32, _ lease: UInt64, _ epoch: Epoch, _ gpus: GPUSet, _ cut: SliceCut) {
        self.init(slot: NodeSlot(rawValue: slot), lease: LeaseID(rawValue: lease), epoch: epoch, gpus: gpus, cut: cut)
    }
}

extension ProtoGuardHolds {
    /// Holds as parallel arrays.
    init(_ holds: [GuardedHold], areLast: Bool, _ traits: GuardTraits) {
        more = !areLast
        (endsMachine, findsTenants) = (traits.contains(.endsMachine), traits.contains(.findsTenants))
        slot = holds.map(\.grant.slot.rawValue)
        lease = holds.map(\.grant.lease.rawValue)
        epochReign = holds.map(\.grant.epoch.reign.rawValue)
        epochIndex = holds.map(\.grant.epoch.index.rawValue)
        gpuMask = holds.map { UInt32($0.grant.gpus.bits) }
        deadlineBootNs = holds.map(\.deadline.nanoseconds)
        phase = holds.map(\.phase.proto)
        guard holds.contains(where: { $0.grant.cut != .none }) else { return }
        slicesLow = holds.map(\.grant.slices.low)
        slicesHigh = holds.map(\.grant.slices.high)
        instanceSlices = holds.map { UInt32($0.grant.cut.instanceSliceCount) }
        instanceStarts = holds.map { UInt32($0.grant.cut.starts) }
    }

    /// What the guard can.
    var traits: GuardTraits {
        var traits: GuardTraits = []
        if endsMachine { traits.insert(.endsMachine) }
        if findsTenants { traits.insert(.findsTenants) }
        return traits
    }

    /// Reads the holds.
    var holds: [GuardedHold] {
        get throws(FieldFault) {
            let (slots, leases, reigns, indices) = (slot, lease, epochReign, epochIndex)
            let (masks, deadlines, phases) = (gpuMask, deadlineBootNs, phase)
            let count = try Field.bounded(slots, "slot", countMax: Limits.holdsPerAnswerCountMax).count
            try Field.sameCount(leases.count, "lease", as: count)
            try Field.sameCount(reigns.count, "epochReign", as: count)
            try Field.sameCount(indices.count, "epochIndex", as: count)
            try Field.sameCount(masks.count, "gpuMask", as: count)
            try Field.sameCount(deadlines.count, "deadlineBootNs", as: count)
            try Field.sameCount(phases.count, "phase", as: count)
            let (low, high, sizes, starts) = (slicesLow, slicesHigh, instanceSlices, instanceStarts)
            let isCut = !low.isEmpty || !high.isEmpty || !sizes.isEmpty || !starts.isEmpty
            try Field.sameCount(low.count, "slicesLow", as: isCut ? count : 0)
            try Field.sameCount(high.count, "slicesHigh", as: low.count)
            try Field.sameCount(sizes.count, "instanceSlices", as: low.count)
            try Field.sameCount(starts.count, "instanceStarts", as: low.count)
            var holds: [GuardedHold] = []
            holds.reserveCapacity(count)
            for position in 0..<count {
                let gpus = try Field.gpus(masks[position], "gpuMask[\(position)]")
                var cut = SliceCut.none
                if isCut {
                    let slices = SliceSet(low: low[position], high: high[position])
                    cut = try Field.cut(
                        slices, sizes[position], starts[position], of: gpus, "slicesLow[\(position)]")
                }
                let grant = GuardedGrant(
                    slots[position], leases[position], Epoch(reigns[position], indices[position]), gpus, cut)
                holds.append(
                    GuardedHold(
                        grant: grant, deadline: BootInstant(nanoseconds: deadlines[position]),
                        phase: try Field.word(phases[position].rawValue, "phase[\(position)]")))
            }
            return holds
        }
    }
}
