package import LeaseholdModel

/// What a node's driver had to say, or that it said nothing.
package enum DriverWord: Hashable, Sendable {
    case told(DriverRound)
    /// It does not answer for any GPU: it is not loaded, or does not fit its library.
    case failed(reason: String)
    /// A call of it has not come back.
    case asleep(since: BootInstant)
}

/// What one round of questions to a driver that answers came to.
package struct DriverRound: Hashable, Sendable {
    package let version: String?
    /// Told without being asked since the last round, in order; every reading of the round was asked for after them.
    package let events: [GPUEvent]
    /// The GPUs that say who they are, in any order.
    package let samples: [GPUSample]
    /// One sentence for each thing that concerns no GPU that says who it is.
    package let complaints: [String]
    /// How often the driver was seen to go; counters that were read before the last time are no more.
    package var lossCount: UInt64

    package init(
        version: String?, events: [GPUEvent], samples: [GPUSample], complaints: [String], lossCount: UInt64 = 0
    ) {
        self.version = version
        self.events = events
        self.samples = samples
        self.complaints = complaints
        self.lossCount = lossCount
    }
}

/// What one GPU said in a round.
package struct GPUSample: Hashable, Sendable {
    package let gpu: GPUUUID
    package let card: GPUCard
    /// Nil where it could not be read.
    package let health: HealthReading?
    package let fabric: FabricIdentity?
    package let power: PowerReading?
    /// How much of its memory is taken.
    package let used: MemoryBytes?
    /// The memory slices on which an instance with its compute instance lies, a bit each; nil where that is not known.
    package let cutSlices: UInt8?
    /// When power was asked for, and how it is cut.
    package let instant: BootInstant
    /// Why it cannot do a tenant's work, in a sentence; nil where nothing says so.
    package let hindrance: String?
    /// Whether it does not answer any more.
    package let isLost: Bool
    /// Why its power limit is not the one that is wanted, in a sentence.
    package let limitComplaint: String?

    package init(
        gpu: GPUUUID, card: GPUCard, health: HealthReading?, fabric: FabricIdentity?, power: PowerReading?,
        used: MemoryBytes? = nil, cutSlices: UInt8? = nil, instant: BootInstant, hindrance: String? = nil,
        isLost: Bool = false,
        limitComplaint: String? = nil
    ) {
        self.gpu = gpu
        self.card = card
        self.health = health
        self.fabric = fabric
        self.power = power
        self.used = used
        self.cutSlices = cutSlices
        self.instant = instant
        self.hindrance = hindrance
        self.isLost = isLost
        self.limitComplaint = limitComplaint
    }
}

/// What stands on a GPU's card: what people know it by, also when it does not answer any more.
package struct GPUCard: Codable, Hashable, Sendable {
    /// The vendor's name; nil where the driver did not say, as with everything here.
    package let product: String?
    package let serial: String?
    /// Where it is plugged in.
    package let bus: String?
    package let vbios: String?
    package let memory: MemoryBytes?
    /// Nil where it cannot be cut.
    package let sliceMode: SliceMode?
    /// Within what its power limit can be set.
    package let limits: PowerRange?

    /// A card of which nothing is known yet.
    package static let blank = GPUCard(facts: nil, limits: nil)

    /// The card of a GPU that has said what it is, and of one that has not; `sliceMode` is newer than the facts.
    package init(facts: GPUFacts?, limits: PowerRange?, sliceMode: SliceMode? = nil) {
        product = facts?.product
        serial = facts?.serial
        bus = facts?.address.map { "\($0)" }
        vbios = facts?.vbios
        memory = facts?.memory
        self.sliceMode = sliceMode ?? facts?.sliceMode
        self.limits = limits
    }

    /// The same card where a later reading has lost what an earlier one said.
    func filled(from older: GPUCard) -> GPUCard {
        GPUCard(
            product: product ?? older.product, serial: serial ?? older.serial, bus: bus ?? older.bus,
            vbios: vbios ?? older.vbios, memory: memory ?? older.memory, sliceMode: sliceMode ?? older.sliceMode,
            limits: limits ?? older.limits)
    }

    private init(
        product: String?, serial: String?, bus: String?, vbios: String?, memory: MemoryBytes?, sliceMode: SliceMode?,
        limits: PowerRange?
    ) {
        self.product = product
        self.serial = serial
        self.bus = bus
        self.vbios = vbios
        self.memory = memory
        self.sliceMode = sliceMode
        self.limits = limits
    }
}
