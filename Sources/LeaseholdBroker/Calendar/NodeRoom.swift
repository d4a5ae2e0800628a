import LeaseholdModel

/// What of a node is free, down to slices, shares, CPU and memory.
///
/// A GPU is whole until somebody has it, or a slice of it, or a share; what is cut into slices is not shared, and what is
/// shared is not cut.
struct NodeRoom: Hashable {
    /// Thousandths of a core.
    private(set) var cpu: Int64
    /// MiB.
    private(set) var memory: Int64
    /// Thousandths of each GPU that can be had as shares, by position; 0 of one that is leased whole or cut.
    private(set) var shares: SIMD16<Int16> = SIMD16()
    /// Memory slices that can be had; none of a GPU that is leased whole or shared.
    private(set) var slices: SliceSet

    /// All of a node, as far as these GPUs go.
    init(of shape: NodeShape, offering gpus: GPUSet) {
        cpu = Int64(shape.cpu.count)
        memory = Int64(shape.memory.count)
        var bits = gpus.bits
        var slices = SliceSet.none
        while bits != 0 {
            let position = bits.trailingZeroBitCount
            shares[position] = 1_000
            slices = slices.adding(.max, ofGPU: position)
            bits &= bits &- 1
        }
        self.slices = slices
    }

    /// GPUs that nobody has any part of.
    var wholeGPUs: GPUSet {
        let isWhole = shares .== SIMD16(repeating: 1_000)
        var bits: UInt16 = 0
        for position in 0..<GPUSet.countMax where isWhole[position] { bits |= 1 << UInt16(position) }
        return GPUSet(bits: bits)
    }

    /// Whether CPU and memory suffice.
    func holds(cpu: Int64, memory: Int64) -> Bool { cpu <= self.cpu && memory <= self.memory }

    /// Whether all of a placement is free.
    func fits(_ placement: Placement, of shape: NodeShape) -> Bool {
        let taken = shape.taken(by: placement)
        guard holds(cpu: taken.cpu, memory: taken.memory) else { return false }
        let use = placement.use
        if use.share != 0 { return placement.gpus.positions.allSatisfy { shares[$0] >= Int16(use.share) } }
        if !use.slices.isEmpty { return use.slices.subtracting(slices).isEmpty }
        return placement.gpus.isSubset(of: wholeGPUs)
    }

    /// Takes a placement away; what is not there any more is taken to be gone already.
    mutating func take(_ placement: Placement, of shape: NodeShape) {
        let taken = shape.taken(by: placement)
        cpu -= taken.cpu
        memory -= taken.memory
        let share = Int16(placement.use.share)
        var left = slices.subtracting(placement.use.slices)
        for position in placement.gpus.positions {
            shares[position] = share == 0 ? 0 : max(0, shares[position] - share)
            if placement.use.slices.isEmpty { left = left.subtracting(SliceSet.none.adding(.max, ofGPU: position)) }
        }
        slices = left
    }

    /// What is free in both.
    func intersection(_ other: NodeRoom) -> NodeRoom {
        var both = self
        both.cpu = min(cpu, other.cpu)
        both.memory = min(memory, other.memory)
        both.shares = pointwiseMin(shares, other.shares)
        both.slices = slices.subtracting(slices.subtracting(other.slices))
        return both
    }
}

extension NodeShape {
    /// The CPU and memory that a placement takes, in thousandths of a core and MiB.
    func taken(by placement: Placement) -> (cpu: Int64, memory: Int64) {
        let use = placement.use
        guard use.isWhole else { return (Int64(use.cpu.count), Int64(use.memory.count)) }
        return falling(toThousandths: 1_000 * placement.gpus.count)
    }

    /// The CPU and memory that fall to so many thousandths of GPUs: an equal share for each GPU, rounded down.
    ///
    /// So two GPUs of one lease take what two leases of one take, however they are counted.
    func falling(toThousandths thousandths: Int) -> (cpu: Int64, memory: Int64) {
        let (whole, rest) = (Int64(thousandths / 1_000), Int64(thousandths % 1_000))
        func part(_ all: UInt32) -> Int64 {
            let each = Int64(all) / Int64(gpuCount)
            return each * whole + each * rest / 1_000
        }
        return (part(cpu.count), part(memory.count))
    }
}
