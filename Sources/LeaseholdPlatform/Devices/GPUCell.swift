internal import CLeaseholdPlatform
internal import LeaseholdDevices
internal import LeaseholdModel

/// What a guard's start of work marks a GPU with; drawn anew for every start, never 0.
package struct TenantTag: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// A tag that nobody else has, drawn by the system's generator.
    static func random() -> TenantTag { TenantTag(rawValue: .random(in: 1 ... .max)) }
}

/// The cell of one GPU, or of one memory slice of it, in the mapped file: atomic words, and the order in which they are written.
///
/// Whoever writes may be killed between any two stores, so each change becomes true with one last store:
/// - *holder*: its fields are written while the holder word is 0, then the word becomes the tag. Giving back starts
///   with the word. A word of 0 makes the fields meaningless, except for the lease, which belongs to the highest epoch.
/// - *highest epoch*: two banks; the one that does not count is written, then the count is raised, whose lowest bit says
///   which bank counts.
///
/// A reader takes the deciding word before and after the fields and starts again if it has changed: tags are not
/// repeated and the count only grows, so an equal word means untouched fields.
struct GPUCell {
    /// The first of the cell's words.
    let words: UnsafeMutablePointer<UInt64>

    func load(_ word: Int) -> UInt64 { leasehold_load(words + word) }
    func store(_ value: UInt64, in word: Int) { leasehold_store(words + word, value) }

    // MARK: Reading

    /// Who holds the GPU, as the guard wrote it.
    struct Holder: Equatable {
        let tag: TenantTag
        let epoch: Epoch
        let lease: LeaseID
        let runningSince: BootInstant
        let process: ProcessIdentity?
    }

    /// Who holds the GPU; nil when nobody does.
    var holder: Holder? {
        while true {
            let tag = load(LEASEHOLD_CELL_HOLDER)
            guard tag != 0 else { return nil }
            let holder = Holder(
                tag: TenantTag(rawValue: tag),
                epoch: epoch(at: LEASEHOLD_CELL_HOLDER_REIGN),
                lease: LeaseID(rawValue: load(LEASEHOLD_CELL_LEASE)),
                runningSince: BootInstant(nanoseconds: Int64(bitPattern: load(LEASEHOLD_CELL_RUNNING_SINCE))),
                process: ProcessIdentity(word: load(LEASEHOLD_CELL_PROCESS)))
            if load(LEASEHOLD_CELL_HOLDER) == tag { return holder }
        }
    }

    /// The highest epoch that the GPU has seen.
    var highest: Epoch {
        while true {
            let count = load(LEASEHOLD_CELL_HIGHEST_COUNT)
            let epoch = epoch(at: GPUCell.bank(of: count))
            if load(LEASEHOLD_CELL_HIGHEST_COUNT) == count { return epoch }
        }
    }

    var isBroken: Bool { load(LEASEHOLD_CELL_BROKEN) != 0 }
    var mark: UInt64 { load(LEASEHOLD_CELL_MARK) }

    /// The GPU as the rules see it.
    var gpu: SimulatedGPU {
        var gpu = SimulatedGPU()
        let holder = holder
        gpu.isBroken = isBroken
        gpu.holder = holder?.epoch
        gpu.lease = holder?.lease ?? LeaseID(rawValue: load(LEASEHOLD_CELL_LEASE))
        gpu.highest = highest
        gpu.runningSince = holder?.runningSince
        gpu.isMemoryDirty = mark != 0
        return gpu
    }

    var counts: DeviceCounts {
        DeviceCounts(
            writes: load(LEASEHOLD_CELL_WRITES), intrusions: load(LEASEHOLD_CELL_INTRUSIONS),
            wipes: load(LEASEHOLD_CELL_WIPES))
    }

    private func epoch(at word: Int) -> Epoch {
        Epoch(reign: Reign(rawValue: load(word)), index: RecordIndex(rawValue: load(word + 1)))
    }

    /// The first word of the bank that counts at this count.
    private static func bank(of count: UInt64) -> Int { LEASEHOLD_CELL_HIGHEST_BANKS + Int(count & 1) * 2 }

    // MARK: The guard's changes

    /// Makes an epoch the highest; true with the count.
    func raise(to epoch: Epoch) {
        let count = load(LEASEHOLD_CELL_HIGHEST_COUNT) + 1
        let bank = GPUCell.bank(of: count)
        store(epoch.reign.rawValue, in: bank)
        store(epoch.index.rawValue, in: bank + 1)
        store(count, in: LEASEHOLD_CELL_HIGHEST_COUNT)
    }

    /// Takes the GPU; true with the holder word.
    ///
    /// A guard that dies before it has raised the epoch at most, and the same grant may still come back. What a grant that comes back had marked before is cleared: its work has ended, and the new one has another tag.
    func occupy(tag: TenantTag, epoch: Epoch, lease: LeaseID, at instant: BootInstant) {
        // First, so that whoever finds this epoch as the highest finds its lease beside it.
        store(lease.rawValue, in: LEASEHOLD_CELL_LEASE)
        if highest != epoch { raise(to: epoch) }
        let before = load(LEASEHOLD_CELL_HOLDER)
        store(0, in: LEASEHOLD_CELL_HOLDER)
        // Its own mark only: any other is evidence, and the new work will find it.
        leasehold_compare_exchange(words + LEASEHOLD_CELL_MARK, before, 0)
        store(0, in: LEASEHOLD_CELL_PROCESS)
        store(epoch.reign.rawValue, in: LEASEHOLD_CELL_HOLDER_REIGN)
        store(epoch.index.rawValue, in: LEASEHOLD_CELL_HOLDER_INDEX)
        store(UInt64(bitPattern: instant.nanoseconds), in: LEASEHOLD_CELL_RUNNING_SINCE)
        store(tag.rawValue, in: LEASEHOLD_CELL_HOLDER)
    }

    /// Wipes the memory, and counts a mark that is not the holder's: somebody else has worked here.
    func wipe() {
        let tag = load(LEASEHOLD_CELL_HOLDER)
        let mark = leasehold_exchange(words + LEASEHOLD_CELL_MARK, 0)
        if mark != 0, mark != tag { leasehold_add(words + LEASEHOLD_CELL_INTRUSIONS, 1) }
        leasehold_add(words + LEASEHOLD_CELL_WIPES, 1)
    }

    /// Gives the GPU back; true with the first store.
    func vacate() {
        store(0, in: LEASEHOLD_CELL_HOLDER)
        store(0, in: LEASEHOLD_CELL_PROCESS)
    }
}
