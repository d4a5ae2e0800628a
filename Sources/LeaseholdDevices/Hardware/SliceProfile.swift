package import LeaseholdModel

/// A way in which a device says that it can be cut, as it says so itself.
///
/// What tells profiles apart is their id and what they have; names differ between drivers and boards.
package struct SliceProfile: Hashable, Sendable {
    package let id: SliceProfileID
    /// The vendor's name without `MIG `: `1g.10gb`; nil where the driver is too old to say.
    package let name: String?
    /// Of the GPU's seven.
    package let computeSliceCount: UInt32
    /// The most instances at once.
    package let countMax: UInt32
    package let multiprocessorCount: UInt32
    package let memory: Mebibytes
    package let engines: Engines
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

    /// How many engines beside the multiprocessors an instance has.
    package struct Engines: Hashable, Sendable {
        package let copyCount: UInt32
        package let decoderCount: UInt32
        package let encoderCount: UInt32
        package let jpegCount: UInt32
        /// Optical flow.
        package let flowCount: UInt32

        package init(
            copyCount: UInt32, decoderCount: UInt32, encoderCount: UInt32, jpegCount: UInt32, flowCount: UInt32
        ) {
            self.copyCount = copyCount
            self.decoderCount = decoderCount
            self.encoderCount = encoderCount
            self.jpegCount = jpegCount
            self.flowCount = flowCount
        }
    }

    package init(
        id: SliceProfileID, name: String?, computeSliceCount: UInt32, countMax: UInt32, multiprocessorCount: UInt32,
        memory: Mebibytes, engines: Engines, placements: [Placement] = []
    ) {
        self.id = id
        self.name = name
        self.computeSliceCount = computeSliceCount
        self.countMax = countMax
        self.multiprocessorCount = multiprocessorCount
        self.memory = memory
        self.engines = engines
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

    /// Whether it is what a catalogue's profile means, whatever either is called.
    ///
    /// It has the same memory slices from the same starts, and as many at once as lie beside each other: one with engines
    /// that do not go around has fewer.
    package func isCut(like known: MIGProfile) -> Bool {
        guard let geometry, geometry.memorySliceCount == known.memorySliceCount, geometry.starts == known.starts else {
            return false
        }
        return Int(countMax) == known.countMax
    }
}

extension MIGProfile {
    /// The most instances that lie beside each other.
    fileprivate var countMax: Int {
        var taken: UInt8 = 0
        return masks.count { mask in
            guard mask & taken == 0 else { return false }
            taken |= mask
            return true
        }
    }
}

extension GPUFacts {
    /// The device's own profile for one of a catalogue; nil where it has none that is cut like it.
    ///
    /// Of several that are, the first of the vendor's enumeration has nothing beside what the others have too.
    package func profile(for known: MIGProfile) -> SliceProfile? { profiles.first { $0.isCut(like: known) } }
}

/// Whether a GPU is cut, and whether it will be after its next reset.
package struct SliceMode: Codable, Hashable, Sendable {
    package let isOn: Bool
    package let isOnAfterReset: Bool

    package init(isOn: Bool, isOnAfterReset: Bool) {
        self.isOn = isOn
        self.isOnAfterReset = isOnAfterReset
    }
}
