package import LeaseholdModel

/// One GPU as a value: who holds it, what it remembers, whether it works.
///
/// The same rules move the cells of the mapped device file and the GPUs of a simulation. A GPU is taken, worked on,
/// wiped and given back, in this order; a given-back GPU is clean, and the epochs that it has seen only grow (L4).
package struct SimulatedGPU: Hashable, Sendable {
    /// Whether it has failed; broken in the middle of a tenant's work it stays held until the guard takes the work off.
    package var isBroken = false
    /// Under which epoch it is held; nil when nobody holds it.
    package var holder: Epoch?
    /// The lease of the holder, or of the last one.
    package var lease = LeaseID(rawValue: 0)
    /// The highest epoch that it has seen, for ever.
    package var highest = Epoch.zero
    /// When the holder's work was started; nil when nobody holds it.
    package var runningSince: BootInstant?
    /// Whether its memory carries what a tenant wrote.
    package var isMemoryDirty = false
    /// Its memory slices, of a GPU of which slices were ever held; each is held, worked on and wiped for itself.
    package var slices: [SimulatedGPU] = []

    /// A new GPU.
    package init() {}

    /// What stands in the way of a grant of all of it, if anything.
    ///
    /// An epoch equal to the highest is the same grant coming back: after a fence that a renewal undid, or because its
    /// work had ended by itself. Then its own mark and its own memory are no hindrance.
    package func hindrance(to epoch: Epoch, lease: LeaseID) -> DeviceRefusal.Reason? {
        if isBroken { return .broken }
        if let holder {
            return holder == epoch && self.lease == lease ? nil : .held(by: holder)
        }
        if epoch < highest || epoch == highest && lease != self.lease { return .epochNotHigher(highest: highest) }
        if isMemoryDirty { return .memoryDirty }
        return slices.lazy.compactMap { $0.hindrance(beside: epoch) }.first
    }

    /// What stands in the way of a grant of some of its memory slices, if anything.
    package func hindrance(to epoch: Epoch, lease: LeaseID, slices mask: UInt8) -> DeviceRefusal.Reason? {
        if isBroken { return .broken }
        if let reason = hindrance(beside: epoch) { return reason }
        return slices.indices.lazy.filter { mask >> UInt8($0) & 1 == 1 }
            .compactMap { slices[$0].hindrance(to: epoch, lease: lease) }.first
    }

    /// What of it stands in the way of a grant that covers it together with something else, or a part of it.
    private func hindrance(beside epoch: Epoch) -> DeviceRefusal.Reason? {
        if let holder { return .held(by: holder) }
        if epoch <= highest { return .epochNotHigher(highest: highest) }
        return isMemoryDirty ? .memoryDirty : nil
    }

    /// Takes some of its memory slices for a grant's work.
    package mutating func occupy(
        epoch: Epoch, lease: LeaseID, slices mask: UInt8, at instant: BootInstant
    ) throws(DeviceRefusal.Reason) {
        if let reason = hindrance(to: epoch, lease: lease, slices: mask) { throw reason }
        if slices.isEmpty { slices = Array(repeating: SimulatedGPU(), count: SliceSet.perGPU) }
        for slice in slices.indices where mask >> UInt8(slice) & 1 == 1 {
            try slices[slice].occupy(epoch: epoch, lease: lease, at: instant)
        }
    }

    /// Takes it for a grant's work; the grant's epoch is its highest from here on.
    package mutating func occupy(epoch: Epoch, lease: LeaseID, at instant: BootInstant) throws(DeviceRefusal.Reason) {
        if let reason = hindrance(to: epoch, lease: lease) { throw reason }
        holder = epoch
        highest = epoch
        self.lease = lease
        runningSince = instant
        isMemoryDirty = false
    }

    /// The holder's work writes to its memory.
    package mutating func work() {
        precondition(holder != nil, "work on a GPU that nobody holds; highest epoch \(highest)")
        isMemoryDirty = true
    }

    /// Overwrites its memory; only when the holder's work is off it, or the work would write again.
    package mutating func wipe() { isMemoryDirty = false }

    /// Gives it back, clean, if this epoch holds it; any other holder stays (L4).
    package mutating func vacate(epoch: Epoch) {
        guard holder == epoch else { return }
        precondition(!isMemoryDirty, "a GPU given back unwiped under epoch \(epoch)")
        holder = nil
        runningSince = nil
    }

    /// Wipes and gives back whatever is held of it, for whoever begins anew.
    package mutating func clear() {
        wipe()
        if let holder { vacate(epoch: holder) }
        for slice in slices.indices { slices[slice].clear() }
    }

    /// Whether somebody holds it, or a slice of it.
    package var isHeld: Bool { holder != nil || slices.contains { $0.holder != nil } }

    /// It fails, from one instant to the next.
    package mutating func `break`() { isBroken = true }

    /// It is repaired; what it remembers stays.
    package mutating func mend() { isBroken = false }
}
