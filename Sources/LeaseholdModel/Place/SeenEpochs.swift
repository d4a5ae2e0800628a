/// The highest epochs that the memory slices of a node's GPUs have seen; they only grow (L4).
///
/// As long as GPUs are granted whole, all slices of one have seen the same: that is kept for each GPU, and beside it only
/// what single slices have seen above it.
package struct SeenEpochs: Hashable, Sendable {
    /// What every slice of a GPU has seen at least, by position.
    package private(set) var gpus: [Epoch]
    /// What single slices have seen above that, ascending by place.
    package private(set) var slices: [SliceEpoch]

    /// Nothing seen.
    package init(gpuCount: Int) { self.init(gpus: Array(repeating: .zero, count: gpuCount)) }

    /// As it was told.
    package init(gpus: [Epoch], slices: [SliceEpoch] = []) {
        self.gpus = gpus
        self.slices = slices
    }

    /// The highest epoch that a slice has seen; zero of a GPU that there is not.
    package func epoch(gpu position: Int, slice: Int) -> Epoch {
        guard position < gpus.count else { return .zero }
        let place = SliceEpoch.place(gpu: position, slice: slice)
        return slices.first { $0.place == place }?.epoch ?? gpus[position]
    }

    /// The highest epoch that a slice of some partitions has seen.
    package func highest(of partitions: some PartitionHolder) -> Epoch {
        epochs(of: partitions).reduce(.zero) { max($0, $1) }
    }

    /// Whether every slice of some partitions has seen an epoch, or a higher one.
    package func reaches(_ epoch: Epoch, on partitions: some PartitionHolder) -> Bool {
        epochs(of: partitions).allSatisfy { $0 >= epoch }
    }

    /// Raises what the slices of some partitions have seen.
    package mutating func raise(_ partitions: some PartitionHolder, to epoch: Epoch) {
        for position in partitions.gpus.positions {
            if partitions.slices.isEmpty {
                raise(gpu: position, to: epoch)
            } else {
                raise(gpu: position, partitions.slices.mask(ofGPU: position), to: epoch)
            }
        }
    }

    private mutating func raise(gpu position: Int, to epoch: Epoch) {
        gpus[position] = max(gpus[position], epoch)
        let floor = gpus[position]
        slices.removeAll { $0.gpu == position && $0.epoch <= floor }
    }

    private mutating func raise(gpu position: Int, _ mask: UInt8, to epoch: Epoch) {
        for slice in 0..<SliceSet.perGPU where mask >> UInt8(slice) & 1 == 1 {
            guard epoch > self.epoch(gpu: position, slice: slice) else { continue }
            let place = SliceEpoch.place(gpu: position, slice: slice)
            slices.removeAll { $0.place == place }
            let next = slices.firstIndex { $0.place > place } ?? slices.count
            slices.insert(SliceEpoch(place: place, epoch: epoch), at: next)
        }
    }

    private func epochs(of partitions: some PartitionHolder) -> [Epoch] {
        partitions.gpus.positions.flatMap { position -> [Epoch] in
            let mask = partitions.mask(ofGPU: position)
            if mask == .max, !slices.contains(where: { $0.gpu == position }) {
                return [position < gpus.count ? gpus[position] : .zero]
            }
            return (0..<SliceSet.perGPU).filter { mask >> UInt8($0) & 1 == 1 }.map { epoch(gpu: position, slice: $0) }
        }
    }
}

/// The highest epoch that one memory slice has seen.
package struct SliceEpoch: Hashable, Sendable {
    /// Its place among the memory slices of its node, eight for each GPU.
    package let place: UInt8
    package let epoch: Epoch

    package init(place: UInt8, epoch: Epoch) {
        self.place = place
        self.epoch = epoch
    }

    /// The place of a GPU's slice.
    package static func place(gpu position: Int, slice: Int) -> UInt8 { UInt8(position * SliceSet.perGPU + slice) }

    /// The slices of so many GPUs.
    package static let placeCountMax = GPUSet.countMax * SliceSet.perGPU

    /// The position of the GPU that it is of.
    package var gpu: Int { Int(place) / SliceSet.perGPU }
}
