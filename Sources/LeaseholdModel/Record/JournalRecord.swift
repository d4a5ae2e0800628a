/// A fact of an agent's journal; one journal per agent process, for all its nodes.
package enum JournalRecord: Hashable, Sendable {
    /// The node at this slot, by path; written once, when the agent first serves it.
    case nodeServed(NodeSlot, path: String, kind: String, gpuCount: Int, hardware: UInt64)
    /// A coordinator of this reign was heard; lower ones are refused from here on (L4).
    case reignSeen(SeenReign)
    /// The grant's epoch is the highest of its memory slices, and the grant is live.
    case grantAccepted(GuardedGrant, node: NodeID, onSilence: SilenceMode, witness: WitnessedHead)
    /// An order named this epoch, which never arrived as a grant; it is closed before it could.
    case epochRaised(NodeSlot, gpus: GPUSet, slices: SliceSet = .none, epoch: Epoch)
    /// The grant is over: processes gone, memory wiped, epoch closed.
    case grantRetired(GuardedGrant, witness: WitnessedHead)
    /// A step at a grant's devices is about to be carried out.
    case stepBegan(NodeSlot, lease: LeaseID, epoch: Epoch, DeviceStep)
    /// What that step came to, after so many failures; one that failed is begun again, and said again only when it fails
    /// for another reason, and ever more seldom where it does not.
    case stepEnded(
        NodeSlot, lease: LeaseID, epoch: Epoch, DeviceStep, StepOutcome, after: UInt32, at: CalendarInstant)
    /// A grant was accepted, and its GPUs' counters showed this.
    case workBegan(NodeSlot, lease: LeaseID, epoch: Epoch, MeterReading)
    /// The work of a grant is gone by the guard's word; what it left is taken away from here on.
    case workEnded(NodeSlot, lease: LeaseID, epoch: Epoch, MeterReading)
    /// The coordinator has the certificate of a grant that is over, and its log keeps it.
    case certificateKept(NodeSlot, lease: LeaseID, epoch: Epoch)

    /// Whether it says what counters of energy showed.
    package var isMeterReading: Bool {
        switch self {
        case .workBegan, .workEnded: true
        case .nodeServed, .reignSeen, .grantAccepted, .epochRaised, .grantRetired, .stepBegan, .stepEnded,
            .certificateKept:
            false
        }
    }
}
