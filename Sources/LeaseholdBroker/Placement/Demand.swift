import LeaseholdModel

/// What is usually asked for of one node, so that a placement can spare what others will need.
///
/// Picture a shopkeeper who cuts cloth: he remembers the last sizes that were asked for, and cuts where the rest is still
/// good for most of them. The memory is a bounded histogram of requests by their shape. Now and then it is frozen into
/// classes with weights, and a node is worth what it could still hold of every class; a placement costs what the node is
/// worth less after it. It knows no file and no kind: only what came before, and so a book that is read back has the
/// same (L14).
///
/// The form of the worth was found by a search over simulated arrivals of a public trace, on seeds and workloads kept
/// apart from those that are reported; decision 0014 has the numbers.
package struct Demand: Equatable, Sendable {
    /// A request for part of one node.
    struct Ask: Equatable, Sendable {
        let kinds: KindSet
        /// GPUs; 0 for CPU alone.
        let gpuCount: Int
        /// Thousandths of each of them.
        let share: Int
        /// Thousandths of a core and MiB, in all.
        let cpu: Int64
        let memory: Int64
    }

    /// A group of like requests.
    private struct Slot: Equatable, Sendable {
        let kinds: KindSet
        let gpuCount: Int
        let shareBucket: Int
        let cpuBucket: Int64
        let memoryBucket: Int64
        var count: Int64 = 0
        var last: Int64 = 0
        var cpuSum: Int64 = 0
        var memorySum: Int64 = 0
        var shareSum: Int64 = 0

        func isOf(_ other: Slot) -> Bool {
            kinds == other.kinds && gpuCount == other.gpuCount && shareBucket == other.shareBucket
                && cpuBucket == other.cpuBucket && memoryBucket == other.memoryBucket
        }
    }

    /// A group as the worth of a node counts it.
    private struct Class: Equatable, Sendable {
        let kinds: KindSet
        let gpuCount: Int
        let share: Int
        let cpu: Int64
        let memory: Int64
        /// Thousandths of GPUs for a unit of CPU and of memory, times 2^20; 0 where it asks for none.
        let perCPU: Int64
        let perMemory: Int64
        /// Where its share stands among all shares that are asked for.
        let shareRank: Int
        var weight: Int64

        init(
            kinds: KindSet, gpuCount: Int, share: Int, cpu: Int64, memory: Int64, shareRank: Int, weight: Int64
        ) {
            self.kinds = kinds
            self.gpuCount = gpuCount
            self.share = share
            self.cpu = cpu
            self.memory = memory
            self.shareRank = shareRank
            self.weight = weight
            let thousandths = Int64(gpuCount * share)
            perCPU = cpu > 0 ? max(1, thousandths << 20 / cpu) : 0
            perMemory = memory > 0 ? max(1, thousandths << 20 / memory) : 0
        }
    }

    // The numbers of the policy, as the search found them.
    private static let slotCountMax = 128
    private static let fitFactor: Int64 = 3
    /// CPU and memory count for more where there is less CPU left for a GPU than requests ask for.
    private static let balanceFactors: (plenty: Int64, scarce: Int64) = (1, 3)
    private static let remainderFactor: Int64 = 4
    private static let scarcityParts: Int64 = 128
    private static let doubtPermille: Int64 = 10
    private static let freezeGapMax: Int64 = 1_024
    private static let countMax: Int64 = 4_096
    /// Of CPU or memory of a node more is not counted, so that no product overflows.
    private static let amountMax: Int64 = 1 << 28

    private var slots: [Slot] = []
    private var seenCount: Int64 = 0
    private var nextFreeze: Int64 = 1
    private var classes: [Class] = []
    /// CPU and thousandths of GPUs that all requests have asked for, those for CPU alone included.
    private var cpuAsked: Int64 = 0
    private var gpusAsked: Int64 = 0
    private var balanceFactor = Demand.balanceFactors.plenty
    /// The shares of the classes, ascending.
    private var shares: [Int] = []
    /// What so many free thousandths of a GPU are worth as a remainder.
    private var remainderWorth: [Int64] = []

    /// Nothing seen.
    package init() {}

    // MARK: Worth

    /// What a node of a kind is worth less with one room than with another.
    func loss(from before: NodeRoom, to after: NodeRoom, kind: KindID) -> Int64 {
        classes.isEmpty ? 0 : worth(of: before, kind) - worth(of: after, kind)
    }

    private func worth(of room: NodeRoom, _ kind: KindID) -> Int64 {
        let (whole, usable) = usable(of: room)
        var sum: Int64 = 0
        classes.withUnsafeBufferPointer { classes in
            usable.withUnsafeBufferPointer { usable in
                for some in classes {
                    guard room.cpu >= some.cpu, room.memory >= some.memory, some.kinds.contains(kind) else { continue }
                    let fitting =
                        some.share == 1_000 ? whole >= some.gpuCount ? Int64(1_000 * whole) : 0 : usable[some.shareRank]
                    guard fitting > 0 else { continue }
                    var balanced = fitting
                    if some.perCPU > 0 {
                        balanced = min(balanced, (min(room.cpu, Demand.amountMax) * some.perCPU) >> 20)
                    }
                    if some.perMemory > 0 {
                        balanced = min(balanced, (min(room.memory, Demand.amountMax) * some.perMemory) >> 20)
                    }
                    sum += some.weight * (Demand.fitFactor * fitting + balanceFactor * balanced)
                }
            }
        }
        for position in 0..<GPUSet.countMax where room.shares[position] > 0 {
            sum += remainderWorth[Int(room.shares[position])]
        }
        return sum
    }

    /// How many GPUs are whole, and for each share how many thousandths of GPUs it could be cut from.
    private func usable(of room: NodeRoom) -> (whole: Int, usable: [Int64]) {
        var whole = 0
        var usable = Array(repeating: Int64(0), count: shares.count)
        for position in 0..<GPUSet.countMax {
            let left = Int(room.shares[position])
            guard left > 0 else { continue }
            if left == 1_000 { whole += 1 }
            for (rank, share) in shares.enumerated() {
                if share > left { break }
                usable[rank] += Int64(left)
            }
        }
        return (whole, usable)
    }

    /// How much of a class a node could hold, in thousandths of GPUs.
    private func fitting(_ some: Class, _ room: NodeRoom, _ kind: KindID) -> Int64 {
        guard room.cpu >= some.cpu, room.memory >= some.memory, some.kinds.contains(kind) else { return 0 }
        if some.share == 1_000 {
            let whole = room.wholeGPUs.count
            return whole >= some.gpuCount ? Int64(1_000 * whole) : 0
        }
        var sum: Int64 = 0
        for position in 0..<GPUSet.countMax where Int(room.shares[position]) >= some.share {
            sum += Int64(room.shares[position])
        }
        return sum
    }

    // MARK: Learning

    /// Takes note of a request; says whether the time has come to freeze what was learnt.
    mutating func note(_ ask: Ask) -> Bool {
        seenCount += 1
        cpuAsked += ask.cpu
        gpusAsked += Int64(ask.gpuCount * ask.share)
        if ask.gpuCount > 0 { count(ask) }
        guard seenCount >= nextFreeze else { return false }
        nextFreeze = seenCount + max(1, min(seenCount, Demand.freezeGapMax))
        return true
    }

    private mutating func count(_ ask: Ask) {
        var slot = Slot(
            kinds: ask.kinds, gpuCount: ask.gpuCount, shareBucket: ask.share == 1_000 ? 0 : (ask.share + 9) / 10,
            cpuBucket: Demand.bucket(ask.cpu, bits: 3), memoryBucket: Demand.bucket(ask.memory, bits: 2))
        var position = slots.firstIndex { $0.count > 0 && $0.isOf(slot) }
        if let position { slot = slots[position] }
        slot.count += 1
        slot.last = seenCount
        slot.cpuSum += ask.cpu
        slot.memorySum += ask.memory
        slot.shareSum += Int64(ask.share)
        position = position ?? slots.firstIndex { $0.count == 0 }
        if position == nil, slots.count < Demand.slotCountMax {
            slots.append(slot)
        } else {
            // The rarest makes room, of those the one that was not seen for longest.
            let rarest = slots.indices.min { (slots[$0].count, slots[$0].last) < (slots[$1].count, slots[$1].last) }
            slots[position ?? rarest ?? 0] = slot
        }
        if slots.reduce(0, { $0 + $1.count }) >= Demand.countMax { fade() }
    }

    /// Halves all counts, so that what was asked for lately counts more.
    private mutating func fade() {
        cpuAsked /= 2
        gpusAsked /= 2
        for position in slots.indices where slots[position].count > 0 {
            let count = slots[position].count
            let half = count / 2
            slots[position].cpuSum = slots[position].cpuSum * half / count
            slots[position].memorySum = slots[position].memorySum * half / count
            slots[position].shareSum = slots[position].shareSum * half / count
            slots[position].count = half
        }
    }

    /// A number's size: exact when small, then so many leading bits.
    private static func bucket(_ value: Int64, bits: Int) -> Int64 {
        guard value >= 1 << Int64(bits) else { return value }
        let exponent = Int64(63 - value.leadingZeroBitCount)
        let shift = exponent - Int64(bits)
        return (shift + 1) << Int64(bits) + (value >> shift) & ((1 << Int64(bits)) - 1)
    }

    // MARK: Freezing

    /// Makes classes of what was seen, weighed by how often they come and how scarce what they need is on the nodes.
    mutating func freeze(_ nodes: [(kind: KindID, room: NodeRoom)], gpuThousandths: Int64) {
        let filled = slots.indices.filter { slots[$0].count > 0 }.map { slots[$0] }
        let order = filled.indices.sorted { (-filled[$0].count, $0) < (-filled[$1].count, $1) }
        func rounded(_ sum: Int64, _ count: Int64) -> Int64 { (sum + count - 1) / count }
        let groups = order.map { filled[$0] }
        shares = Set(groups.map { Int(rounded($0.shareSum, $0.count)) }.filter { $0 < 1_000 }).sorted()
        classes = groups.map { slot in
            let share = Int(rounded(slot.shareSum, slot.count))
            let cpu = rounded(slot.cpuSum, slot.count)
            let memory = rounded(slot.memorySum, slot.count)
            let thousandths = Int64(slot.gpuCount * share)
            let root = Demand.root(1_000 * Demand.root(1_000_000_000 / max(1, thousandths)))
            return Class(
                kinds: slot.kinds, gpuCount: slot.gpuCount, share: share, cpu: cpu, memory: memory,
                shareRank: shares.firstIndex(of: share) ?? 0, weight: slot.count * root)
        }
        for position in classes.indices {
            let some = classes[position]
            let held = nodes.reduce(Int64(0)) { $0 + fitting(some, $1.room, $1.kind) }
            let scarcity = held + gpuThousandths / Demand.scarcityParts
            classes[position].weight = some.weight * gpuThousandths / max(1, scarcity)
        }
        weighRemainders(groups)
        weighBalance(nodes)
    }

    /// Whether CPU will run out before GPUs do, if requests go on as they came.
    private mutating func weighBalance(_ nodes: [(kind: KindID, room: NodeRoom)]) {
        var cpuFree: Int64 = 0
        var gpusFree: Int64 = 0
        for (_, room) in nodes {
            let thousandths = Int64(room.shares.wrappedSum())
            guard thousandths > 0 else { continue }
            cpuFree += max(0, room.cpu)
            gpusFree += thousandths
        }
        let left = cpuFree.multipliedFullWidth(by: gpusAsked)
        let asked = gpusFree.multipliedFullWidth(by: cpuAsked)
        let isScarce = (left.high, left.low) < (asked.high, asked.low)
        balanceFactor = isScarce ? Demand.balanceFactors.scarce : Demand.balanceFactors.plenty
    }

    /// What a remainder of a GPU is worth: how well the shares that come would fill it.
    private mutating func weighRemainders(_ groups: [Slot]) {
        var counts = Array(repeating: Int64(0), count: 1_001)
        for (slot, some) in zip(groups, classes) where slot.gpuCount == 1 { counts[some.share] += slot.count }
        let all = groups.reduce(0) { $0 + $1.count }
        let weights = classes.reduce(0) { $0 + $1.weight }
        let asked = (1...1_000).filter { counts[$0] > 0 }
        var fill = Array(repeating: Int64(0), count: 1_001)
        for left in 1...1_000 {
            var weight: Int64 = 0
            var filled: Int64 = 0
            for share in asked {
                if share > left { break }
                weight += counts[share]
                filled += counts[share] * (1_000 * Int64(share) + fill[left - share])
            }
            fill[left] = weight > 0 ? filled / (weight + all * Demand.doubtPermille / 1_000) : 0
        }
        remainderWorth = fill.map { Demand.remainderFactor * weights * $0 / 2_000 }
    }

    private static func root(_ value: Int64) -> Int64 {
        guard value > 1 else { return value }
        var low: Int64 = 1
        var high: Int64 = 1 << 31
        while low < high {
            let middle = (low + high + 1) / 2
            if middle <= value / middle { low = middle } else { high = middle - 1 }
        }
        return low
    }
}

extension Demand {
    /// Takes what was learnt into a digest.
    func combine(into digest: inout BookDigest) {
        digest.combine(seenCount)
        digest.combine(nextFreeze)
        digest.combine(cpuAsked)
        digest.combine(gpusAsked)
        digest.combine(balanceFactor)
        digest.combine(slots.count)
        for slot in slots {
            for word in slot.kinds.words { digest.combine(word) }
            digest.combine(slot.gpuCount)
            digest.combine(slot.shareBucket)
            digest.combine(slot.cpuBucket)
            digest.combine(slot.memoryBucket)
            digest.combine(slot.count)
            digest.combine(slot.last)
            digest.combine(slot.cpuSum)
            digest.combine(slot.memorySum)
            digest.combine(slot.shareSum)
        }
        digest.combine(classes.count)
        for some in classes {
            for word in some.kinds.words { digest.combine(word) }
            digest.combine(some.gpuCount)
            digest.combine(some.share)
            digest.combine(some.cpu)
            digest.combine(some.memory)
            digest.combine(some.weight)
        }
        digest.combine(remainderWorth.count)
        for worth in remainderWorth { digest.combine(worth) }
    }
}

// MARK: As an image

extension Demand {
    /// What was learnt, as an image has it.
    var image: DemandImage {
        DemandImage(
            seenCount: seenCount, nextFreeze: nextFreeze, cpuAsked: cpuAsked, gpusAsked: gpusAsked,
            balanceFactor: balanceFactor,
            slots: slots.map {
                DemandImage.Slot(
                    kinds: $0.kinds.words, gpuCount: $0.gpuCount, shareBucket: $0.shareBucket, cpuBucket: $0.cpuBucket,
                    memoryBucket: $0.memoryBucket, count: $0.count, last: $0.last, cpuSum: $0.cpuSum,
                    memorySum: $0.memorySum, shareSum: $0.shareSum)
            },
            classes: classes.map {
                DemandImage.Class(
                    kinds: $0.kinds.words, gpuCount: $0.gpuCount, share: $0.share, cpu: $0.cpu, memory: $0.memory,
                    weight: $0.weight)
            },
            remainderWorth: remainderWorth)
    }

    /// What was learnt, out of an image; nil where the image says what cannot be.
    init?(_ image: DemandImage) {
        guard image.slots.count <= Demand.slotCountMax, image.classes.count <= Demand.slotCountMax,
            image.remainderWorth.count == 1_001 || image.remainderWorth.isEmpty && image.classes.isEmpty
        else { return nil }
        seenCount = image.seenCount
        nextFreeze = image.nextFreeze
        cpuAsked = image.cpuAsked
        gpusAsked = image.gpusAsked
        balanceFactor = image.balanceFactor
        remainderWorth = image.remainderWorth
        for slot in image.slots {
            guard let kinds = KindSet(words: slot.kinds) else { return nil }
            slots.append(
                Slot(
                    kinds: kinds, gpuCount: slot.gpuCount, shareBucket: slot.shareBucket, cpuBucket: slot.cpuBucket,
                    memoryBucket: slot.memoryBucket, count: slot.count, last: slot.last, cpuSum: slot.cpuSum,
                    memorySum: slot.memorySum, shareSum: slot.shareSum))
        }
        shares = Set(image.classes.map(\.share).filter { $0 < 1_000 }).sorted()
        for some in image.classes {
            guard let kinds = KindSet(words: some.kinds), (1...1_000).contains(some.share),
                (1...GPUSet.countMax).contains(some.gpuCount), some.cpu >= 0, some.memory >= 0
            else { return nil }
            classes.append(
                Class(
                    kinds: kinds, gpuCount: some.gpuCount, share: some.share, cpu: some.cpu, memory: some.memory,
                    shareRank: shares.firstIndex(of: some.share) ?? 0, weight: some.weight))
        }
    }
}
