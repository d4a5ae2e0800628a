package import LeaseholdModel

/// A node's GPUs as a value: a grant takes all of its GPUs or none.
package struct SimulatedNode: Hashable, Sendable {
    /// What the node is made of.
    package let shape: NodeShape
    /// By position.
    package var gpus: [SimulatedGPU]

    /// A node of new GPUs.
    package init(_ shape: NodeShape) {
        self.init(shape, gpus: Array(repeating: SimulatedGPU(), count: shape.gpuCount))
    }

    /// A node of these GPUs, by position.
    package init(_ shape: NodeShape, gpus: [SimulatedGPU]) {
        precondition(gpus.count == shape.gpuCount, "\(gpus.count) GPUs for \(shape.gpuCount) at \(shape.path)")
        self.shape = shape
        self.gpus = gpus
    }

    /// Takes the grant's GPUs for its work; throws the first hindrance, and then nothing has changed.
    package mutating func occupy(_ grant: GuardedGrant, at instant: BootInstant) throws(DeviceRefusal) {
        guard grant.gpus.isSubset(of: shape.gpus) else {
            let missing = grant.gpus.subtracting(shape.gpus).positions[0]
            throw DeviceRefusal(gpu: missing, .missing(gpuCount: shape.gpuCount))
        }
        var taken = gpus
        for position in grant.gpus.positions {
            do throws(DeviceRefusal.Reason) {
                if grant.slices.isEmpty {
                    try taken[position].occupy(epoch: grant.epoch, lease: grant.lease, at: instant)
                } else {
                    guard shape.canBeCut else { throw .notCut }
                    let mask = grant.slices.mask(ofGPU: position)
                    try taken[position].occupy(epoch: grant.epoch, lease: grant.lease, slices: mask, at: instant)
                }
            } catch {
                throw DeviceRefusal(gpu: position, error)
            }
        }
        gpus = taken
    }

    /// Wipes what the grant holds of its GPUs and gives it back; its work must be off them.
    package mutating func vacate(_ grant: GuardedGrant) {
        change(grant) { part in
            guard part.holder == grant.epoch else { return }
            part.wipe()
            part.vacate(epoch: grant.epoch)
        }
    }

    /// The grant's work writes to what it holds.
    package mutating func work(_ grant: GuardedGrant) { change(grant) { $0.work() } }

    /// The GPUs that a grant has whole, or the slices that it has of them.
    private mutating func change(_ grant: GuardedGrant, _ body: (inout SimulatedGPU) -> Void) {
        for position in grant.gpus.intersection(shape.gpus).positions {
            if grant.slices.isEmpty {
                body(&gpus[position])
            } else {
                let mask = grant.slices.mask(ofGPU: position)
                for slice in gpus[position].slices.indices where mask >> UInt8(slice) & 1 == 1 {
                    body(&gpus[position].slices[slice])
                }
            }
        }
    }

    /// The GPUs that are broken.
    package var unhealthy: GPUSet { positions { $0.isBroken } }

    /// The GPUs that somebody holds, or slices of them.
    package var held: GPUSet { positions(where: \.isHeld) }

    /// What the GPUs draw together, with their shares of the node: at least the idle floor, at most the envelope.
    ///
    /// `now` is of the boot in which the work was started; the seed tells nodes apart.
    package func drawn(at now: BootInstant, seed: UInt64) -> Watts {
        gpus.indices.reduce(.zero) { $0 + drawn(gpu: $1, at: now, seed: seed) }
    }

    /// What one GPU draws; a broken one does no work.
    ///
    /// Slices draw of what the GPU draws above its idle floor as much as falls to them.
    package func drawn(gpu position: Int, at now: BootInstant, seed: UInt64) -> Watts {
        let idle = shape.idleFloor(ofGPU: position)
        let whole = { (since: BootInstant?) -> Watts in
            PowerModel.drawn(
                envelope: shape.envelope(ofGPU: position), idleFloor: idle, runningSince: since, at: now,
                seed: seed &+ UInt64(position) << 48)
        }
        let gpu = gpus[position]
        guard !gpu.isBroken else { return whole(nil) }
        let sliced = gpu.slices.compactMap(\.runningSince).reduce(Int64(0)) { $0 + (whole($1) - idle).count }
        return sliced == 0 ? whole(gpu.runningSince) : idle + Watts(sliced / Int64(SliceSet.perGPU))
    }

    private func positions(where isIn: (SimulatedGPU) -> Bool) -> GPUSet {
        gpus.indices.reduce(.none) { isIn(gpus[$1]) ? $0.union(.only($1)) : $0 }
    }
}
