package import LeaseholdModel

/// A grant that holds GPUs of a node, as the device file tells it.
package struct DeviceHolder: Hashable, Sendable {
    /// The node.
    package let slot: NodeSlot
    /// The lease that the grant is part of.
    package let lease: LeaseID
    /// The grant's epoch.
    package let epoch: Epoch
    /// The GPUs that carry its tag.
    package internal(set) var gpus: GPUSet
    /// The memory slices of them that carry it; none where it has them whole.
    package internal(set) var slices: SliceSet
    /// What its work marks them with.
    package let tag: TenantTag
    /// Nil between the marking of the GPUs and the start of the work.
    package let process: ProcessIdentity?
    /// When the GPUs were marked, in the boot that the file names.
    package let runningSince: BootInstant

    /// The grant as the guard knows it, but for how its slices are cut, which no cell says.
    package var grant: GuardedGrant {
        GuardedGrant(slot: slot, lease: lease, epoch: epoch, gpus: gpus, cut: .unnamed(slices))
    }
}

/// What tenants' work and the guard have counted on a GPU.
package struct DeviceCounts: Hashable, Sendable {
    /// Marks that work has set.
    package let writes: UInt64
    /// How often work or the guard met what another had left: two holders, against L1.
    package let intrusions: UInt64
    /// How often the memory was wiped.
    package let wipes: UInt64

    package init(writes: UInt64, intrusions: UInt64, wipes: UInt64) {
        self.writes = writes
        self.intrusions = intrusions
        self.wipes = wipes
    }

    /// Field by field.
    package static func + (left: DeviceCounts, right: DeviceCounts) -> DeviceCounts {
        DeviceCounts(
            writes: left.writes + right.writes, intrusions: left.intrusions + right.intrusions,
            wipes: left.wipes + right.wipes)
    }
}
