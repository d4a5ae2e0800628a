/// What a placement takes of its node, where that is not just whole GPUs with their part of CPU and memory.
@usableFromInline
package struct NodeUse: Hashable, Sendable {
    /// Thousandths of each of its GPUs; 0 where it has them whole, or slices of them.
    @usableFromInline package let share: UInt16
    /// The memory slices that it has of its GPUs; none where it has them whole, or shares of them.
    @usableFromInline package let slices: SliceSet
    /// CPU and memory that it takes, all its GPUs together.
    @usableFromInline package let cpu: Millicores
    @usableFromInline package let memory: Mebibytes

    @inlinable package init(share: UInt16 = 0, slices: SliceSet = SliceSet(), cpu: Millicores, memory: Mebibytes) {
        self.share = share
        self.slices = slices
        self.cpu = cpu
        self.memory = memory
    }

    /// Whole GPUs, and of CPU and memory what falls to them.
    package static let whole = NodeUse(cpu: .zero, memory: .zero)

    /// Whether it is nothing but whole GPUs with what falls to them.
    @inlinable package var isWhole: Bool {
        UInt64(share) | slices.low | slices.high | UInt64(cpu.count) | UInt64(memory.count) == 0
    }
    /// Whether its GPUs may have other tenants beside it.
    @inlinable package var isPart: Bool { share != 0 || !slices.isEmpty }

    /// Both together, of one lease on one node.
    package func joined(with other: NodeUse) -> NodeUse {
        precondition(share == other.share, "shares of \(share) and \(other.share) of one lease on one node")
        return NodeUse(
            share: share, slices: slices.union(other.slices), cpu: Millicores(cpu.count + other.cpu.count),
            memory: Mebibytes(memory.count + other.memory.count))
    }
}

/// What one unit of a lease is, where its name does not say it.
package struct UnitShape: Hashable, Sendable {
    /// The profile of a slice.
    package let profile: String?
    /// Thousandths of a GPU, of a share.
    package let share: UInt16?
    /// CPU and memory for each unit, as asked for; nil: what falls to it.
    package let cpu: Millicores?
    package let memory: Mebibytes?

    package init(
        profile: String? = nil, share: UInt16? = nil, cpu: Millicores? = nil, memory: Mebibytes? = nil
    ) {
        self.profile = profile
        self.share = share
        self.cpu = cpu
        self.memory = memory
    }

    /// Nothing beyond the name.
    package static let plain = UnitShape()
    /// Whether CPU or memory are as asked for.
    package var statesNodeUse: Bool { cpu != nil || memory != nil }
}
