package import LeaseholdModel

/// Everything that can happen to an agent.
package enum AgentEvent: Hashable, Sendable {
    /// The journal is open and replayed. First event, exactly once.
    case began
    /// A connection to a coordinator stands; nothing was said on it yet.
    case connected(ConnectionID)
    case welcomeArrived(ConnectionID, Welcome)
    case orderArrived(ConnectionID, NodeOrder)
    case disconnected(ConnectionID)
    case guardConnected(ConnectionID)
    case guardAnswered(ConnectionID, GuardAnswer)
    case guardDisconnected(ConnectionID)
    /// What the devices say, by slot; answers `readDevices`.
    case devicesRead([DeviceReading])
    /// What a step at a grant's devices came to; answers `perform`.
    case performed(GuardedGrant, DeviceStep, StepOutcome)
    /// What people are to be told of a node's devices; whenever the shell knows it anew.
    case detailRead(NodeSlot, NodeDetail)
    /// The journal is durable up to here.
    case durable(through: RecordIndex)
    /// The journal failed (L7). The machine is discarded after this.
    case journalLost(reason: String)
    /// The deadline that the machine named has come.
    case deadlineReached
}

/// What the devices of one node say.
package struct DeviceReading: Hashable, Sendable {
    /// GPUs that can do no work.
    package let unhealthy: GPUSet
    /// GPUs that get no new work, while what runs on them goes on.
    package let suspect: GPUSet
    package let drawn: Watts
    /// What can be handed out of them that is less than a GPU.
    package let traits: NodeTraits
    /// What every GPU has used since it was first seen, by position; empty where nothing meters it.
    package let meters: [MeterReading.GPU]
    /// How every GPU is cut, by position; nil where that is not known, empty where nothing cuts them.
    package let cuts: [CutReading?]
    package init(
        unhealthy: GPUSet, suspect: GPUSet = .none, drawn: Watts, traits: NodeTraits = [],
        meters: [MeterReading.GPU] = [], cuts: [CutReading?] = []
    ) {
        self.unhealthy = unhealthy
        self.suspect = suspect
        self.drawn = drawn
        self.traits = traits
        self.meters = meters
        self.cuts = cuts
    }
}

/// Everything that an agent's shell carries out.
package enum AgentEffect: Hashable, Sendable {
    case send(ConnectionID, AgentMessage)
    case tellGuard(ConnectionID, GuardOrder)
    /// Carry a step out at a grant's devices, within a time that the shell sets, and say `performed`.
    case perform(GuardedGrant, DeviceStep)
    case immediate(Immediate)

    /// What rests on nothing that could still be lost.
    package enum Immediate: Hashable, Sendable {
        case hello(ConnectionID, Hello)
        /// Read the devices of all nodes and say `devicesRead`.
        case readDevices
        /// A later deadline for running work: it rests on the coordinator's word alone.
        case renewAtGuard(ConnectionID, GuardedGrant, deadline: BootInstant)
        case close(ConnectionID, reason: String)
        case note(Note)
    }
}

/// The agent's effects and journal records on their way out.
package typealias AgentBuffer = EffectBuffer<JournalRecord, AgentEffect>

extension EffectBuffer where Entry == JournalRecord, Effect == AgentEffect {
    /// A message that rests on everything journaled up to `applied`.
    mutating func observed(_ message: AgentMessage, on connection: ConnectionID, applied: RecordIndex) {
        hold(.send(connection, message), behind: applied)
    }

    /// An order to the guard that rests on everything journaled up to `applied`.
    mutating func observed(_ order: GuardOrder, toGuard connection: ConnectionID, applied: RecordIndex) {
        hold(.tellGuard(connection, order), behind: applied)
    }

    /// A step at devices that rests on everything journaled up to `applied`.
    mutating func observed(_ step: AgentEffect, applied: RecordIndex) { hold(step, behind: applied) }

    /// Something that rests on nothing.
    mutating func now(_ immediate: AgentEffect.Immediate) { release(.immediate(immediate)) }
}
