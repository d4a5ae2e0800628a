/// A node's place in the list of the nodes that one agent serves, which is its place in the device file.
package struct NodeSlot: NumberedID {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The position of the node in tables by slot.
    package var offset: Int { Int(rawValue) }
}

/// A grant as the guard knows it.
package struct GuardedGrant: Hashable, Sendable, PartitionHolder {
    package let slot: NodeSlot
    package let lease: LeaseID
    package let epoch: Epoch
    package let gpus: GPUSet
    /// How it has them, where not whole.
    package let cut: SliceCut
    package init(slot: NodeSlot, lease: LeaseID, epoch: Epoch, gpus: GPUSet, cut: SliceCut = .none) {
        self.slot = slot
        self.lease = lease
        self.epoch = epoch
        self.gpus = gpus
        self.cut = cut
    }

    /// The memory slices that it has of its GPUs; none where it has them whole.
    package var slices: SliceSet { cut.slices }
}

/// A hold at the guard.
package struct GuardedHold: Hashable, Sendable {
    package let grant: GuardedGrant
    /// When the guard fences by itself, on CLOCK_BOOTTIME of this machine.
    package let deadline: BootInstant
    /// `running`, `fenced` or `retiring`.
    package let phase: GrantPhase
    package init(grant: GuardedGrant, deadline: BootInstant, phase: GrantPhase) {
        self.grant = grant
        self.deadline = deadline
        self.phase = phase
    }
}

/// What an agent orders from its guard.
package enum GuardOrder: Hashable, Sendable {
    /// Tell every hold; the first order on every connection.
    case list
    /// Arm the deadline, then start the tenant's work; fails once the deadline has passed (L5).
    case start(GuardedGrant, deadline: BootInstant)
    /// Move a deadline later; never earlier.
    case renew(GuardedGrant, deadline: BootInstant)
    /// End the work, wipe the memory, forget the hold.
    case retire(GuardedGrant)
}

/// Why a guard would not start work.
package enum StartRefusal: UInt8, Sendable, CaseIterable {
    case deadlinePassed = 1
    /// A memory slice of it carries another grant's work, or a higher epoch at the device.
    case partitionBusy = 2
    /// The device is missing or broken, or the process could not be made.
    case deviceFailed = 3
}

/// What a guard can that not every guard can.
package struct GuardTraits: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The machine ends with it, so that no tenant's work outlives it (L6).
    package static let endsMachine = GuardTraits(rawValue: 1)
    /// It ends work that others have started, whoever has the devices of a grant open (L5).
    package static let findsTenants = GuardTraits(rawValue: 2)
}

/// What a guard answers or reports.
package enum GuardAnswer: Hashable, Sendable {
    /// Some of the holds; more follow in the next answer unless these are the last. And what the guard can.
    case holds([GuardedHold], areLast: Bool, traits: GuardTraits = [])
    case started(GuardedGrant)
    case startRefused(GuardedGrant, StartRefusal)
    /// The deadline passed: the work is off the GPUs and the memory is wiped.
    case fenced(GuardedGrant)
    /// By order: the work is off the GPUs, the memory is wiped, the hold is forgotten.
    case retired(GuardedGrant)
    /// How long ends of work on a node's GPUs have taken, all of them since the guard began.
    case evicted(NodeSlot, EvictionTimes)
}

/// How long work had to be ended and was not off its GPUs: what K of L5 is in fact.
package struct EvictionTimes: Hashable, Sendable {
    /// How many ends there were.
    package private(set) var count: UInt64
    /// The longest of them: from the deadline, or from the order, until all of the work was off its GPUs.
    package private(set) var slowest: Span

    package init(count: UInt64 = 0, slowest: Span = .zero) {
        self.count = count
        self.slowest = slowest
    }

    /// Takes in one end, or that one which was taken in as late took longer still.
    package mutating func add(_ span: Span, isKnown: Bool = false) {
        count += isKnown ? 0 : 1
        slowest = max(slowest, span)
    }
}
