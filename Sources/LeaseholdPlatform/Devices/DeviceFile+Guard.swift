internal import CLeaseholdPlatform
package import LeaseholdDevices
package import LeaseholdModel

/// What the guard does to the devices; there is one guard, and nobody else does any of this.
extension DeviceFile {
    /// Marks the grant's GPUs, or the slices that it has of them, with it, all or none, before its work is started.
    ///
    /// A grant that holds them already, or held them last, may come back: its work has ended.
    ///
    /// - Returns: what its work has to mark them with.
    package func occupy(_ grant: GuardedGrant, at instant: BootInstant) throws(DeviceRefusal) -> TenantTag {
        var node = node(grant.slot)
        try node.occupy(grant, at: instant)
        let tag = TenantTag.random()
        if !grant.slices.isEmpty {
            leasehold_store(base.assumingMemoryBound(to: UInt64.self) + DeviceFileImage.slicedWord, 1)
        }
        for cell in cells(of: grant) { cell.occupy(tag: tag, epoch: grant.epoch, lease: grant.lease, at: instant) }
        return tag
    }

    /// Notes the process that works for a grant on the GPUs that it holds, so that a later guard can find it.
    package func record(_ process: ProcessIdentity, for grant: GuardedGrant) {
        for cell in cells(of: grant) where cell.holder?.epoch == grant.epoch {
            cell.store(process.word, in: LEASEHOLD_CELL_PROCESS)
        }
    }

    /// Wipes what the grant has of its GPUs and gives it back; its process must be gone.
    ///
    /// What it does not hold stays as it is.
    package func vacate(_ grant: GuardedGrant) {
        for cell in cells(of: grant) {
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
                for cell in [changing(slot, position)] + slices(slot, position) {
                    if cell.holder != nil || cell.mark != 0 { cell.wipe() }
                    cell.vacate()
                }
            }
        }
        // A guard that dies between these two leaves a boot that never was, and the next one clears again.
        let words = base.assumingMemoryBound(to: UInt64.self) + DeviceFileImage.bootWord
        leasehold_store(words, boot.high)
        leasehold_store(words + 1, boot.low)
    }

    /// The cells of the GPUs that a grant has whole, or of the slices that it has of them.
    private func cells(of grant: GuardedGrant) -> [GPUCell] {
        let shape = shapes[grant.slot.offset]
        return grant.gpus.intersection(shape.gpus).positions.flatMap { position -> [GPUCell] in
            guard !grant.slices.isEmpty else { return [changing(grant.slot, position)] }
            precondition(access == .writing, "\(path) is open for reading")
            guard shape.canBeCut else { return [] }
            let mask = grant.slices.mask(ofGPU: position)
            return (0..<SliceSet.perGPU).filter { mask >> UInt8($0) & 1 == 1 }
                .map { cell(grant.slot, position, slice: $0) }
        }
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
