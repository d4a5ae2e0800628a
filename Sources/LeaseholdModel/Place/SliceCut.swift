/// How a grant has the GPUs that it has not whole: in instances, all cut in one way.
///
/// The way is told by its geometry and not by its name, which differs between drivers: how many memory slices an
/// instance has, and where it may start. Instances of one way that share no slice can be told apart by their slices.
package struct SliceCut: Hashable, Sendable {
    /// The memory slices of all instances together; none where the GPUs are had whole.
    package let slices: SliceSet
    /// Memory slices of each instance, and a bit for each at which one may start; 0 where nobody has said.
    package let instanceSliceCount: UInt8
    package let starts: UInt8

    private init(slices: SliceSet, instanceSliceCount: UInt8, starts: UInt8) {
        self.slices = slices
        self.instanceSliceCount = instanceSliceCount
        self.starts = starts
    }

    /// Whole GPUs.
    package static let none = SliceCut(slices: .none, instanceSliceCount: 0, starts: 0)

    /// Slices of which nobody says what instances they are.
    package static func unnamed(_ slices: SliceSet) -> SliceCut {
        SliceCut(slices: slices, instanceSliceCount: 0, starts: 0)
    }

    /// Instances of a profile.
    package init(_ slices: SliceSet, as profile: MIGProfile) {
        self.init(slices: slices, instanceSliceCount: UInt8(profile.memorySliceCount), starts: profile.starts)
    }

    /// What stands in a message or a record; nil where it is not of exactly these GPUs, or no such instances are.
    package init?(slices: SliceSet, instanceSliceCount: UInt32, starts: UInt32, of gpus: GPUSet) {
        guard let count = UInt8(exactly: instanceSliceCount), let starts = UInt8(exactly: starts) else { return nil }
        self.init(slices: slices, instanceSliceCount: count, starts: starts)
        if slices.isEmpty {
            guard count == 0, starts == 0 else { return nil }
        } else {
            guard slices.gpus == gpus, Int(count) <= SliceSet.perGPU else { return nil }
            guard count == 0 ? starts == 0 : gpus.positions.allSatisfy({ instanceStarts(ofGPU: $0) != nil }) else {
                return nil
            }
        }
    }

    /// Where the instances on a GPU start, ascending; nil where the slices are not such instances.
    package func instanceStarts(ofGPU position: Int) -> [Int]? {
        guard instanceSliceCount > 0 else { return nil }
        var left = slices.mask(ofGPU: position)
        var found: [Int] = []
        while left != 0 {
            // The lowest slice that is left is the first of an instance.
            let start = left.trailingZeroBitCount
            let instance = UInt8(truncatingIfNeeded: (UInt16(1) << UInt16(instanceSliceCount) - 1) << UInt16(start))
            guard starts >> UInt8(start) & 1 == 1, instance.nonzeroBitCount == Int(instanceSliceCount),
                instance & ~left == 0
            else { return nil }
            found.append(start)
            left &= ~instance
        }
        return found
    }
}

/// What an epoch covers: GPUs whole, or some memory slices of each of them (L4).
package protocol PartitionHolder {
    var gpus: GPUSet { get }
    /// None where it has the GPUs whole.
    var slices: SliceSet { get }
}

extension PartitionHolder {
    /// Whether there is a memory slice that both cover.
    package func overlaps(_ other: some PartitionHolder) -> Bool {
        gpus.overlaps(other.gpus) && (slices.isEmpty || other.slices.isEmpty || slices.overlaps(other.slices))
    }

    /// The memory slices of one GPU that it covers.
    package func mask(ofGPU position: Int) -> UInt8 {
        guard gpus.contains(position) else { return 0 }
        return slices.isEmpty ? .max : slices.mask(ofGPU: position)
    }

    /// The GPUs, and of those that it has not whole the slices: `GPUs 0-3`, `slices 0-3 of GPU 1`.
    package var place: String {
        guard !slices.isEmpty else { return gpus.named }
        return gpus.positions.map { position in
            "slices \(GPUSet(bits: UInt16(slices.mask(ofGPU: position)))) of GPU \(position)"
        }.joined(separator: ", ")
    }
}

/// Partitions by themselves.
package struct Partitions: Hashable, Sendable, PartitionHolder {
    package let gpus: GPUSet
    package let slices: SliceSet

    package init(gpus: GPUSet, slices: SliceSet) {
        self.gpus = gpus
        self.slices = slices
    }

    /// Those of them that lie on the first GPUs of a node.
    package init(_ all: some PartitionHolder, onFirst gpuCount: Int) {
        gpus = all.gpus.intersection(.first(gpuCount))
        slices = all.slices.subtracting(.all(of: all.gpus.subtracting(gpus)))
    }
}

extension Placement: PartitionHolder {
    /// The memory slices that it has of its GPUs; none where it has them whole.
    package var slices: SliceSet { use.slices }
}
