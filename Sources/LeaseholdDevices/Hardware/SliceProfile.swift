package import LeaseholdModel

/// A way in which a device says that it can be cut, as it says so itself.
///
/// What tells profiles apart is their id and what they have; names differ between drivers and boards.
package struct SliceProfile: Hashable, Sendable {
    /// The device's number for it, which orders name.
    package let id: UInt32
    /// The vendor's name without `MIG `: `1g.10gb`; nil where the driver is too old to say.
    package let name: String?
    /// Of the GPU's seven.
    package let computeSliceCount: UInt32
    /// The most instances at once.
    package let countMax: UInt32
    package let multiprocessorCount: UInt32
    package let memory: Mebibytes
    /// Where an instance may lie, in memory slices, the lowest first.
    package var placements: [Placement]

    /// Some memory slices of a GPU.
    package struct Placement: Hashable, Sendable {
        package let start: UInt32
        package let sliceCount: UInt32

        package init(start: UInt32, sliceCount: UInt32) {
            self.start = start
            self.sliceCount = sliceCount
        }
    }

    package init(
        id: UInt32, name: String?, computeSliceCount: UInt32, countMax: UInt32, multiprocessorCount: UInt32,
        memory: Mebibytes, placements: [Placement] = []
    ) {
        self.id = id
        self.name = name
        self.computeSliceCount = computeSliceCount
        self.countMax = countMax
        self.multiprocessorCount = multiprocessorCount
        self.memory = memory
        self.placements = placements
    }

    /// The same as the book places it; nil where it has no placement, or one that eight memory slices do not hold.
    package var geometry: MIGProfile? {
        guard let size = placements.first?.sliceCount, (1...UInt32(SliceSet.perGPU)).contains(size) else { return nil }
        var starts: UInt8 = 0
        for placement in placements {
            guard placement.sliceCount == size, placement.start <= UInt32(SliceSet.perGPU) - size else { return nil }
            starts |= 1 << UInt8(placement.start)
        }
        return MIGProfile(name: name ?? "profile-\(id)", memorySliceCount: Int(size), starts: starts)
    }
}

/// Whether a GPU is cut, and whether it will be after its next reset.
package struct SliceMode: Hashable, Sendable {
    package let isOn: Bool
    package let isOnAfterReset: Bool

    package init(isOn: Bool, isOnAfterReset: Bool) {
        self.isOn = isOn
        self.isOnAfterReset = isOnAfterReset
    }
}
