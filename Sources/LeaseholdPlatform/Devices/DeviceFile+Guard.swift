internal import CLeaseholdPlatform
package import LeaseholdDevices
package import LeaseholdModel

/// What the guard does to the devices; there is one guard, and nobody else does any of this.
extension DeviceFile {
    /// Marks the grant's GPUs with it, all or none, before its work is started.
    ///
    /// A grant that holds them already, or held them last, may come back: its work has ended.
    ///
    /// - Returns: what its work has to mark them with.
    package func occupy(_ grant: GuardedGrant, at instant: BootInstant) throws(DeviceRefusal) -> TenantTag {
        var node = node(grant.slot)
        try node.occupy(grant, at: instant)
        let tag = TenantTag.random()
        for position in grant.gpus.positions {
            changing(grant.slot, position).occupy(tag: tag, epoch: grant.epoch, lease: grant.lease, at: instant)
        }
        return tag
    }

    /// Notes the process that works for a grant on the GPUs that it holds, so that a later guard can find it.
    package func record(_ process: ProcessIdentity, for grant: GuardedGrant) {
        for position in grant.gpus.positions {
            let cell = changing(grant.slot, position)
            guard cell.holder?.epoch == grant.epoch else { continue }
            cell.store(process.word, in: LEASEHOLD_CELL_PROCESS)
        }
    }

    /// Wipes the grant's GPUs and gives them back; its process must be gone.
    ///
    /// GPUs that it does not hold stay as they are.
    package func vacate(_ grant: GuardedGrant) {
        for position in grant.gpus.intersection(shapes[grant.slot.offset].gpus).positions {
            let cell = changing(grant.slot, position)
            guard let holder = cell.holder, holder.epoch == grant.epoch else { continue }
            cell.wipe()
            cell.vacate()
        }
    }

    /// Empties every GPU that is held or dirty, for a guard that starts: no process of an earlier one may be left.
    ///
    /// Epochs that were seen stay seen. From here on holders are of this boot.
    package func clear(boot: BootID) {
        for slot in slots {
            for position in 0..<shapes[slot.offset].gpuCount {
                let cell = changing(slot, position)
                if cell.holder != nil || cell.mark != 0 { cell.wipe() }
                cell.vacate()
            }
        }
        // A guard that dies between these two leaves a boot that never was, and the next one clears again.
        let words = base.assumingMemoryBound(to: UInt64.self) + DeviceFileImage.bootWord
        leasehold_store(words, boot.high)
        leasehold_store(words + 1, boot.low)
    }

    private func changing(_ slot: NodeSlot, _ position: Int) -> GPUCell {
        precondition(access == .writing, "\(path) is open for reading")
        return cell(slot, position)
    }
}

/// The test switch: what happens to GPUs by themselves elsewhere.
extension DeviceFile {
    /// Breaks GPUs: they take no grant until they are mended; who holds them goes on holding them.
    package func `break`(_ slot: NodeSlot, _ gpus: GPUSet) { set(slot, gpus, broken: 1) }

    /// Mends GPUs; what they remember stays.
    package func mend(_ slot: NodeSlot, _ gpus: GPUSet) { set(slot, gpus, broken: 0) }

    private func set(_ slot: NodeSlot, _ gpus: GPUSet, broken: UInt64) {
        for position in gpus.positions { changing(slot, position).store(broken, in: LEASEHOLD_CELL_BROKEN) }
    }
}
