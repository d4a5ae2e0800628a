internal import CLeaseholdPlatform
internal import Glibc
package import LeaseholdModel

/// A simulated tenant's work: it marks the memory of its GPUs once in every beat, until it is killed.
///
/// It also is the witness of L1: each mark is exchanged for the one before, and a mark of another work, or a holder
/// word that is not its own, is counted as an intrusion in the GPU's cell (the reasoning is beside the loop, in C).
package struct TenantWork {
    /// Where the GPUs are.
    package let file: DeviceFile
    /// Whose work it is, and on which GPUs.
    package let grant: GuardedGrant
    /// What it marks its GPUs with.
    package let tag: TenantTag
    /// From one round of marks to the next.
    package let beat: Span

    package init(file: DeviceFile, grant: GuardedGrant, tag: TenantTag, beat: Span) {
        self.file = file
        self.grant = grant
        self.tag = tag
        self.beat = beat
    }

    /// The beat of a guard with so many GPUs: 20 ms, and on large ones so long that a machine stays at a thousand
    /// marks a second.
    package static func beat(gpuCount: Int) -> Span { .milliseconds(max(20, Int64(gpuCount))) }

    /// Works in this process until the guard that started it is gone.
    package func run() {
        var order = order
        leasehold_run_work(&order, getppid())
    }

    /// The same, for the loop in C.
    var order: leasehold_work {
        leasehold_work(
            cells: file.cell(grant.slot, 0).words, gpus: UInt64(grant.gpus.bits),
            slice_cells: grant.slices.isEmpty ? nil : file.cell(grant.slot, 0, slice: 0).words,
            slices: (grant.slices.low, grant.slices.high), tag: tag.rawValue, beat_nanoseconds: beat.nanoseconds)
    }
}

/// A tenant's process as an executable of its own, where it should be seen in a list of processes by its arguments.
package enum TenantProcess {
    /// Does the work of a grant that the guard has marked in the device file, until the guard is gone.
    ///
    /// Returns false at once where the device file names no such holder.
    package static func run(in file: DeviceFile, slot: NodeSlot, gpus: GPUSet, epoch: Epoch, beat: Span) -> Bool {
        let holder = file.holders(of: slot).first { $0.grant.epoch == epoch && $0.grant.gpus == gpus }
        guard let holder else { return false }
        TenantWork(file: file, grant: holder.grant, tag: holder.tag, beat: beat).run()
        return true
    }
}
