/// Some of the memory slices of the GPUs of one node, as a bit each: eight for every GPU.
@usableFromInline
package struct SliceSet: Hashable, Sendable {
    /// Slices of the first eight GPUs, and of the other eight; a GPU's are a byte, the lowest GPU lowest.
    @usableFromInline package let low: UInt64
    @usableFromInline package let high: UInt64

    @inlinable package init(low: UInt64 = 0, high: UInt64 = 0) {
        self.low = low
        self.high = high
    }

    /// Memory slices of a GPU.
    @usableFromInline package static let perGPU = 8
    /// No slice.
    package static let none = SliceSet()

    /// Whether no slice is in the set.
    @inlinable package var isEmpty: Bool { low | high == 0 }
    /// How many slices are in the set.
    @inlinable package var count: Int { low.nonzeroBitCount + high.nonzeroBitCount }

    /// The slices of one GPU.
    @inlinable package func mask(ofGPU position: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: (position < 8 ? low : high) >> UInt64(position % 8 * 8))
    }

    /// The same set with more slices of one GPU.
    @inlinable package func adding(_ mask: UInt8, ofGPU position: Int) -> SliceSet {
        let bits = UInt64(mask) << UInt64(position % 8 * 8)
        return position < 8 ? SliceSet(low: low | bits, high: high) : SliceSet(low: low, high: high | bits)
    }

    /// Whether the two sets share a slice.
    @inlinable package func overlaps(_ other: SliceSet) -> Bool { low & other.low | high & other.high != 0 }
    /// The slices of either.
    @inlinable package func union(_ other: SliceSet) -> SliceSet {
        SliceSet(low: low | other.low, high: high | other.high)
    }
    /// The slices of this set that are not in the other.
    @inlinable package func subtracting(_ other: SliceSet) -> SliceSet {
        SliceSet(low: low & ~other.low, high: high & ~other.high)
    }

    /// Every slice of some GPUs.
    package static func all(of gpus: GPUSet) -> SliceSet {
        gpus.positions.reduce(.none) { $0.adding(.max, ofGPU: $1) }
    }

    /// The GPUs of which a slice is in the set.
    package var gpus: GPUSet {
        GPUSet(bits: (0..<GPUSet.countMax).reduce(0) { mask(ofGPU: $1) == 0 ? $0 : $0 | 1 << UInt16($1) })
    }
}
