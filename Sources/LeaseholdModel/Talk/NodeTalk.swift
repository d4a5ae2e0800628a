/// What a node does with a grant, as its agent sees it.
package enum GrantPhase: UInt8, Sendable, CaseIterable {
    /// Journaled; the guard has not started it yet, or has lost it and waits for a renewal.
    case accepted = 1
    /// The guard runs it under a deadline.
    case running = 2
    /// The deadline passed and the guard fenced it; a renewal starts it again.
    case fenced = 3
    /// Being retired by order.
    case retiring = 4
}

/// A grant that a node has accepted and not retired.
package struct LiveGrant: Hashable, Sendable, PartitionHolder {
    package let lease: LeaseID
    package let epoch: Epoch
    package let gpus: GPUSet
    /// The memory slices that it has of them; none where it has them whole.
    package let slices: SliceSet
    package let phase: GrantPhase
    package init(lease: LeaseID, epoch: Epoch, gpus: GPUSet, slices: SliceSet = .none, phase: GrantPhase) {
        self.lease = lease
        self.epoch = epoch
        self.gpus = gpus
        self.slices = slices
        self.phase = phase
    }
}

/// What a node says of itself in every report and heartbeat.
package struct NodeCondition: Hashable, Sendable {
    package var live: [LiveGrant]
    package var unhealthy: GPUSet
    /// Whether the guard answers.
    package var isGuarded: Bool
    package var drawn: Watts
    package init(live: [LiveGrant], unhealthy: GPUSet, isGuarded: Bool, drawn: Watts) {
        self.live = live
        self.unhealthy = unhealthy
        self.isGuarded = isGuarded
        self.drawn = drawn
    }
}

/// Opens a node's session: everything that the node knows, sent after the reign of the welcome is durable (L4).
package struct NodeReport: Hashable, Sendable {
    /// The node's path.
    package let node: String
    package let kind: String
    package let gpuCount: Int
    /// A hash over what the hardware calls itself; bound to the node at its first report.
    package let hardware: UInt64
    /// The highest epochs that the GPUs have seen.
    package let highest: SeenEpochs
    package let condition: NodeCondition
    /// The highest head that any coordinator showed this agent before the welcome of this connection (L9).
    package let witness: WitnessedHead
    /// What the agent can hand out that is less than a GPU.
    package let traits: NodeTraits

    package init(
        node: String, kind: String, gpuCount: Int, hardware: UInt64, highest: SeenEpochs, condition: NodeCondition,
        witness: WitnessedHead, traits: NodeTraits = []
    ) {
        self.node = node
        self.kind = kind
        self.gpuCount = gpuCount
        self.hardware = hardware
        self.highest = highest
        self.condition = condition
        self.witness = witness
        self.traits = traits
    }
}

/// One beat of a node's session.
///
/// The agent read its clock before it handed this to the kernel (L5).
package struct Heartbeat: Hashable, Sendable {
    package let node: NodeID
    package let session: SessionID
    package let number: HeartbeatNumber
    /// The highest heartbeat whose renewal has arrived.
    package let echo: HeartbeatNumber
    package let condition: NodeCondition
    /// The index of the highest head seen.
    package let witness: RecordIndex

    package init(
        node: NodeID, session: SessionID, number: HeartbeatNumber, echo: HeartbeatNumber, condition: NodeCondition,
        witness: RecordIndex
    ) {
        self.node = node
        self.session = session
        self.number = number
        self.echo = echo
        self.condition = condition
        self.witness = witness
    }
}

/// Which grant of which session an order or an answer is about.
package struct GrantName: Hashable, Sendable {
    package let node: NodeID
    package let session: SessionID
    package let lease: LeaseID
    package let epoch: Epoch
    package init(node: NodeID, session: SessionID, lease: LeaseID, epoch: Epoch) {
        self.node = node
        self.session = session
        self.lease = lease
        self.epoch = epoch
    }
}

/// Why a node would not carry out a grant.
package enum GrantRefusal: UInt8, Sendable, CaseIterable {
    /// The named heartbeat is too old, or forgotten: its deadline has passed.
    case deadlinePassed = 1
    /// A memory slice of it has seen an epoch that is as high or higher.
    case epochNotHigher = 2
    /// A lower epoch still runs there.
    case partitionBusy = 3
    /// A GPU that the node does not have, that is broken, or that it cannot cut.
    case deviceMissing = 4
    /// The guard does not answer.
    case guardDown = 5
}

/// What an agent sends after the hello.
package enum AgentMessage: Hashable, Sendable {
    case report(NodeReport)
    case heartbeat(Heartbeat)
    /// The guard runs the grant; durable at the node.
    case started(GrantName)
    case grantRefused(GrantName, GrantRefusal)
    /// Processes gone, memory wiped, epoch closed; durable at the node.
    case retired(GrantName)
    /// What was done to make the partition clean; durable at the node, and told in each session until it is kept.
    case sanitised(node: NodeID, session: SessionID, SanitisingCertificate)
    /// For people; rests on nothing.
    case detail(node: NodeID, session: SessionID, NodeDetail)
}

/// The hold of one grant, extended.
package struct HoldRenewal: Hashable, Sendable {
    package let lease: LeaseID
    package let epoch: Epoch
    /// For `keep`: the remaining term at the receipt of the named heartbeat.
    ///
    /// For `fence` nil: the hold time counts.
    package let remaining: Span?
    package init(lease: LeaseID, epoch: Epoch, remaining: Span?) {
        self.lease = lease
        self.epoch = epoch
        self.remaining = remaining
    }
}

/// The answer to a heartbeat; a hold that it does not list is not renewed (L5).
package struct Renewal: Hashable, Sendable {
    package let node: NodeID
    package let session: SessionID
    /// The heartbeat that this answers.
    package let number: HeartbeatNumber
    package let holds: [HoldRenewal]
    package let head: LogHead
    /// The newest signed head, if this connection has not been shown it (L9).
    package let ledgerHead: HeadText?
    package init(
        node: NodeID, session: SessionID, number: HeartbeatNumber, holds: [HoldRenewal], head: LogHead,
        ledgerHead: HeadText? = nil
    ) {
        self.node = node
        self.session = session
        self.number = number
        self.holds = holds
        self.head = head
        self.ledgerHead = ledgerHead
    }
}

/// A grant on its way to a node.
package struct GrantOrder: Hashable, Sendable, PartitionHolder {
    package let name: GrantName
    package let gpus: GPUSet
    /// How it has them, where not whole.
    package let cut: SliceCut
    package let onSilence: SilenceMode
    /// The heartbeat from whose stamp the deadline runs (L5).
    package let number: HeartbeatNumber
    /// For `keep`: the remaining term at the receipt of that heartbeat.
    package let remaining: Span?
    /// The watts that come with the GPUs.
    package let envelope: Watts
    /// The head of the log that made the grant durable.
    package var head: LogHead

    package init(
        name: GrantName, gpus: GPUSet, cut: SliceCut = .none, onSilence: SilenceMode, number: HeartbeatNumber,
        remaining: Span?, envelope: Watts, head: LogHead
    ) {
        self.name = name
        self.gpus = gpus
        self.cut = cut
        self.onSilence = onSilence
        self.number = number
        self.remaining = remaining
        self.envelope = envelope
        self.head = head
    }

    /// The memory slices that it has of its GPUs; none where it has them whole.
    package var slices: SliceSet { cut.slices }
}

/// The end of a grant on its way to a node.
package struct RetireOrder: Hashable, Sendable, PartitionHolder {
    package let name: GrantName
    package let gpus: GPUSet
    /// The memory slices that it has of them; none where it has them whole.
    package let slices: SliceSet
    /// The head of the log that made the end durable.
    package var head: LogHead
    package init(name: GrantName, gpus: GPUSet, slices: SliceSet = .none, head: LogHead) {
        self.name = name
        self.gpus = gpus
        self.slices = slices
        self.head = head
    }
}

/// What the coordinator sends to an agent after the welcome.
package enum NodeOrder: Hashable, Sendable {
    /// The report opened a session.
    case attached(node: String, id: NodeID, session: SessionID)
    /// The report opened none; the agent reports again after a while.
    case reportRefused(node: String, reason: String)
    case renewal(Renewal)
    case grant(GrantOrder)
    case retire(RetireOrder)
    /// The log keeps the certificate of a grant; the node need not tell it any more.
    case certificateKept(GrantName)
}
