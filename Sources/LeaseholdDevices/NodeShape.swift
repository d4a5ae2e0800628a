package import LeaseholdModel

/// What a simulated node is made of: so many GPUs of one kind, and what they draw together.
package struct NodeShape: Hashable, Sendable {
    /// The node's name: `colossus-1/hall-2/rack-117/node-4`.
    package let path: String
    /// The name of the GPU kind.
    package let kind: String
    /// 1 to `GPUSet.countMax`.
    package let gpuCount: Int
    /// What the node draws at most.
    package let envelope: Watts
    /// What the powered node draws when nobody holds a GPU of it.
    package let idleFloor: Watts
    /// Whether slices of its GPUs can be had.
    package let canBeCut: Bool

    package init(
        path: String, kind: String, gpuCount: Int, envelope: Watts, idleFloor: Watts, canBeCut: Bool = false
    ) {
        self.path = path
        self.kind = kind
        self.gpuCount = gpuCount
        self.envelope = envelope
        self.idleFloor = idleFloor
        self.canBeCut = canBeCut
    }

    /// A node of a kind of the catalogue, with the kind's watts for each GPU.
    package init(path: String, kind: GPUKind, gpuCount: Int) {
        self.init(
            path: path, kind: kind.name, gpuCount: gpuCount, envelope: kind.envelope * gpuCount,
            idleFloor: kind.idleFloor * gpuCount, canBeCut: !kind.profiles.isEmpty)
    }

    /// What can be handed out of it that is less than a GPU.
    package var traits: NodeTraits { canBeCut ? .slices : [] }

    /// All GPUs of the node.
    package var gpus: GPUSet { .first(gpuCount) }

    /// The GPU's share of the node's envelope; the shares sum to it exactly.
    package func envelope(ofGPU position: Int) -> Watts { share(of: envelope, position) }

    /// The GPU's share of the node's idle floor; the shares sum to it exactly.
    package func idleFloor(ofGPU position: Int) -> Watts { share(of: idleFloor, position) }

    /// Whole watts; what does not divide goes to the first GPUs, a watt each.
    private func share(of whole: Watts, _ position: Int) -> Watts {
        precondition(gpus.contains(position), "GPU \(position) of \(gpuCount) at \(path)")
        let (each, left) = whole.count.quotientAndRemainder(dividingBy: Int64(gpuCount))
        return Watts(each + (Int64(position) < left ? 1 : 0))
    }
}
