/// A way in which a GPU can be cut (NVIDIA's multi-instance GPU): so many of its memory slices, from these starts.
package struct MIGProfile: Hashable, Sendable {
    /// The vendor's name: `1g.10gb`.
    package let name: String
    /// Of `SliceSet.perGPU`, 1 to 8.
    package let memorySliceCount: Int
    /// A bit for each memory slice at which an instance may start.
    package let starts: UInt8

    /// A count of 1 to `SliceSet.perGPU`; anything else is a fault.
    package init(name: String, memorySliceCount: Int, starts: UInt8) {
        precondition((1...SliceSet.perGPU).contains(memorySliceCount), "a profile of \(memorySliceCount) slices")
        self.name = name
        self.memorySliceCount = memorySliceCount
        self.starts = starts
    }

    /// The memory slices of an instance that starts at one of them.
    package func mask(from start: Int) -> UInt8 { UInt8((UInt16(1) << memorySliceCount - 1) << start & 0xFF) }

    /// The legal instances, by their memory slices, the lowest start first.
    package var masks: [UInt8] {
        (0..<SliceSet.perGPU).filter { starts >> $0 & 1 == 1 }.map(mask)
    }

    /// The most of a GPU's envelope that an instance may draw, in thousandths: its part of the memory slices.
    package var thousandths: Int { memorySliceCount * 1_000 / SliceSet.perGPU }
}

extension MIGProfile {
    /// The seven ways that the vendor's tables give for GPUs with eight memory slices, from the smallest to the whole.
    ///
    /// The geometry is the same from Ampere to Blackwell; what differs is the memory in the name.
    static func family(_ names: [String]) -> [MIGProfile] {
        let geometry: [(count: Int, starts: UInt8)] = [
            (1, 0b0111_1111), (2, 0b0101_0101), (2, 0b0001_0101), (4, 0b0001_0001), (4, 0b0000_0001), (8, 0b0000_0001),
        ]
        precondition(names.count == geometry.count, "\(names.count) names of profiles")
        return zip(names, geometry).map { MIGProfile(name: $0, memorySliceCount: $1.count, starts: $1.starts) }
    }
}
