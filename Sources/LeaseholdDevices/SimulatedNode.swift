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
                try taken[position].occupy(epoch: grant.epoch, lease: grant.lease, at: instant)
            } catch {
                throw DeviceRefusal(gpu: position, error)
            }
        }
        gpus = taken
    }

    /// Wipes the grant's GPUs, where it holds them, and gives them back; its work must be off them.
    package mutating func vacate(_ grant: GuardedGrant) {
        for position in grant.gpus.intersection(shape.gpus).positions where gpus[position].holder == grant.epoch {
            gpus[position].wipe()
            gpus[position].vacate(epoch: grant.epoch)
        }
    }

    /// The GPUs that are broken.
    package var unhealthy: GPUSet { positions { $0.isBroken } }

    /// The GPUs that somebody holds.
    package var held: GPUSet { positions { $0.holder != nil } }

    /// What the GPUs draw together, with their shares of the node: at least the idle floor, at most the envelope.
    ///
    /// `now` is of the boot in which the work was started; the seed tells nodes apart.
    package func drawn(at now: BootInstant, seed: UInt64) -> Watts {
        gpus.indices.reduce(.zero) { $0 + drawn(gpu: $1, at: now, seed: seed) }
    }

    /// What one GPU draws; a broken one does no work.
    package func drawn(gpu position: Int, at now: BootInstant, seed: UInt64) -> Watts {
        PowerModel.drawn(
            envelope: shape.envelope(ofGPU: position), idleFloor: shape.idleFloor(ofGPU: position),
            runningSince: gpus[position].isBroken ? nil : gpus[position].runningSince, at: now,
            seed: seed &+ UInt64(position) << 48)
    }

    private func positions(where isIn: (SimulatedGPU) -> Bool) -> GPUSet {
        gpus.indices.reduce(.none) { isIn(gpus[$1]) ? $0.union(.only($1)) : $0 }
    }
}
