/// What is usually asked for of one node, in numbers whose meaning is the placement's affair.
package struct DemandImage: Hashable, Sendable {
    /// A group of like requests.
    package struct Slot: Hashable, Sendable {
        /// A bit for each kind, lowest first.
        package let kinds: [UInt64]
        package let gpuCount: Int
        package let shareBucket: Int
        package let cpuBucket: Int64
        package let memoryBucket: Int64
        package let count: Int64
        package let last: Int64
        package let cpuSum: Int64
        package let memorySum: Int64
        package let shareSum: Int64

        package init(
            kinds: [UInt64], gpuCount: Int, shareBucket: Int, cpuBucket: Int64, memoryBucket: Int64, count: Int64,
            last: Int64, cpuSum: Int64, memorySum: Int64, shareSum: Int64
        ) {
            self.kinds = kinds
            self.gpuCount = gpuCount
            self.shareBucket = shareBucket
            self.cpuBucket = cpuBucket
            self.memoryBucket = memoryBucket
            self.count = count
            self.last = last
            self.cpuSum = cpuSum
            self.memorySum = memorySum
            self.shareSum = shareSum
        }
    }

    /// A group as the worth of a node counts it.
    package struct Class: Hashable, Sendable {
        /// A bit for each kind, lowest first.
        package let kinds: [UInt64]
        package let gpuCount: Int
        package let share: Int
        package let cpu: Int64
        package let memory: Int64
        package let weight: Int64

        package init(kinds: [UInt64], gpuCount: Int, share: Int, cpu: Int64, memory: Int64, weight: Int64) {
            self.kinds = kinds
            self.gpuCount = gpuCount
            self.share = share
            self.cpu = cpu
            self.memory = memory
            self.weight = weight
        }
    }

    package let seenCount: Int64
    package let nextFreeze: Int64
    package let cpuAsked: Int64
    package let gpusAsked: Int64
    package let balanceFactor: Int64
    package let slots: [Slot]
    package let classes: [Class]
    package let remainderWorth: [Int64]

    package init(
        seenCount: Int64, nextFreeze: Int64, cpuAsked: Int64, gpusAsked: Int64, balanceFactor: Int64, slots: [Slot],
        classes: [Class], remainderWorth: [Int64]
    ) {
        self.seenCount = seenCount
        self.nextFreeze = nextFreeze
        self.cpuAsked = cpuAsked
        self.gpusAsked = gpusAsked
        self.balanceFactor = balanceFactor
        self.slots = slots
        self.classes = classes
        self.remainderWorth = remainderWorth
    }
}
