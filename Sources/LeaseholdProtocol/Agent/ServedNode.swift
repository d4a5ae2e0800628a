import LeaseholdModel

/// A node as its agent is told to serve it.
package struct NodeDescription: Hashable, Sendable {
    /// The node's path in the fleet.
    package let path: String
    package let kind: String
    package let gpuCount: Int
    /// A hash over what the hardware calls itself.
    package let hardware: UInt64
    package init(path: String, kind: String, gpuCount: Int, hardware: UInt64) {
        self.path = path
        self.kind = kind
        self.gpuCount = gpuCount
        self.hardware = hardware
    }
}

/// A node with its live grants and its session.
struct ServedNode: Hashable, Sendable {
    let description: NodeDescription
    /// The highest epochs that its memory slices have seen; they only grow (L4).
    var highest: SeenEpochs
    /// Accepted and not retired; ascending by lease.
    var grants: [HeldGrant] = []
    /// What it vouches for and no log is known to keep, in the order in which it was made.
    var certificates: [SanitisingCertificate] = []
    var reading = DeviceReading(unhealthy: .none, drawn: .zero)
    /// What its last report said that it can.
    var toldTraits: NodeTraits = []
    /// What people are to be told of its devices; nil before the first word.
    var detail: NodeDetail?
    /// How long ends of work have taken since its guard began; nil before the first.
    var evictions: EvictionTimes?
    /// When one of them was seen to have taken longer than K; nil where none has.
    var isSlowSince: CalendarInstant?
    var session: AgentSession?

    init(description: NodeDescription) {
        self.description = description
        self.highest = SeenEpochs(gpuCount: description.gpuCount)
    }

    /// Whether the next certificate takes the place of the oldest.
    var mustForget: Bool { certificates.count >= Limits.certificatesPerNodeCountMax }

    /// Keeps what is vouched for until somebody else does.
    mutating func keep(_ certificate: SanitisingCertificate) {
        if mustForget { certificates.removeFirst() }
        certificates.append(certificate)
    }

    /// What `PlantedMistake.forgetsSlices` does.
    mutating func forgetSlices() { highest = SeenEpochs(gpus: highest.gpus) }

    /// What `PlantedMistake.forgetsEpochs` does.
    mutating func forgetEpochs() { highest = SeenEpochs(gpuCount: description.gpuCount) }

    /// Where the grant of a lease and epoch stands in the list.
    func position(of lease: LeaseID, _ epoch: Epoch) -> Int? {
        grants.firstIndex { $0.grant.lease == lease && $0.grant.epoch == epoch }
    }
}

/// A grant that the node has accepted.
struct HeldGrant: Hashable, Sendable {
    let grant: GuardedGrant
    let onSilence: SilenceMode
    var phase: GrantPhase
    /// Whether an order to start it is on its way to the guard.
    var isStarting = false
    /// What is done at its devices.
    var course = DeviceCourse()
    /// Since when its work is known to run, in this life of the agent.
    var runsSince: BootInstant?
    /// When slices of it were seen to be no more, while it runs.
    var isTornSince: CalendarInstant?
    /// What the counters of its GPUs showed when it was accepted, and when its work was gone.
    var began: MeterReading?
    var ended: MeterReading?
    /// What is to be done at its devices now; nil when nothing is left, and while that waits: for the guard, whose word
    /// is needed before anything begins work and before what work has left is taken away, or for the coordinator's, where
    /// the grant may be over.
    func next(of plan: DevicePlan) -> DeviceStep? {
        course.isLeaving || mayGoOn ? undone(of: plan) : nil
    }

    /// Whether the guard may be asked to let its work run.
    func mayStart(by plan: DevicePlan) -> Bool {
        mayGoOn && phase != .running && undone(of: plan) == nil
    }

    /// Whether the guard holds it and all that makes ready is done.
    func isRunning(by plan: DevicePlan) -> Bool { phase == .running && undone(of: plan) == nil }

    /// The first step that is not done, of those of the grant's phase, whether or not it may be taken now.
    func undone(of plan: DevicePlan) -> DeviceStep? {
        course.next(of: plan, for: grant, isGuarded: phase == .running)
    }

    private var mayGoOn: Bool { !course.isLeaving && !course.isStale && phase != .retiring }

    /// The GPUs of which it has slices that are not there, by readings that are younger than its work.
    func torn(_ cuts: [CutReading?]) -> GPUSet {
        guard !grant.slices.isEmpty, phase == .running, let runsSince else { return .none }
        return grant.gpus.positions.reduce(.none) { torn, position in
            guard cuts.indices.contains(position), let cut = cuts[position], cut.at > runsSince,
                grant.mask(ofGPU: position) & ~cut.slices != 0
            else { return torn }
            return torn.union(.only(position))
        }
    }

    /// As the coordinator is told: what is not made ready does not run.
    func live(by plan: DevicePlan) -> LiveGrant {
        LiveGrant(
            lease: grant.lease, epoch: grant.epoch, gpus: grant.gpus, slices: grant.slices,
            phase: phase == .running && !isRunning(by: plan) ? .accepted : phase)
    }

    /// What its node vouches for when it is over; nil where nothing was done and nothing metered.
    var certificate: SanitisingCertificate? {
        guard began != nil || ended != nil || !course.done.isEmpty else { return nil }
        let gpus = grant.gpus.positions.enumerated().map { place, position in
            let (first, last) = (began?.gpu(place), ended?.gpu(place))
            let sliceCount = grant.mask(ofGPU: position).nonzeroBitCount
            return CertifiedGPU(
                position: position, uuid: (last ?? first)?.uuid ?? "", sliceCount: sliceCount,
                energy: last?.used(since: first).map { $0.part(sliceCount, of: SliceSet.perGPU) })
        }
        let window = began.flatMap { began in
            ended.map { Window(from: min(began.at, $0.at), until: max(began.at, $0.at)) }
        }
        return SanitisingCertificate(
            lease: grant.lease, epoch: grant.epoch, gpus: gpus, window: window, steps: course.done)
    }
}

extension MeterReading {
    /// What it says of a grant's GPU.
    fileprivate func gpu(_ place: Int) -> GPU? { gpus.indices.contains(place) ? gpus[place] : nil }
}

extension MeterReading.GPU {
    /// What the same GPU has used since an earlier reading; nil where that is not known.
    fileprivate func used(since first: MeterReading.GPU?) -> Millijoules? {
        guard let first, first.uuid == uuid, let before = first.used, let used, before <= used else { return nil }
        return Millijoules(used.count - before.count)
    }
}

/// A node's talk with the coordinator, on the agent's side.
struct AgentSession: Hashable, Sendable {
    let id: SessionID
    let node: NodeID
    var number = HeartbeatNumber.zero
    var echo = HeartbeatNumber.zero
    /// When what its node vouches for is told again, if no log is known to keep it by then.
    var vouchAgainAt = BootInstant.zero
    /// When each of the last heartbeats was stamped; the newest last.
    private var stamps: [BootInstant] = []
    /// What was last told of the devices; nil before the first word of the session.
    private(set) var told: ToldDetail?

    init(id: SessionID, node: NodeID) {
        self.id = id
        self.node = node
    }

    /// A new heartbeat: its stamp is read before anything is handed to the kernel (L5).
    mutating func beat(at stamp: BootInstant) -> HeartbeatNumber {
        number = number.next
        if stamps.count == Limits.rememberedStampCountMax { stamps.removeFirst() }
        stamps.append(stamp)
        return number
    }

    /// Takes a word about the devices that may be told now; false where it says nothing new, or comes too soon after
    /// the last one.
    mutating func tell(_ detail: NodeDetail, at now: BootInstant, interval: Span) -> Bool {
        if let told {
            let pause = detail.repeats(told.detail) ? Limits.detailPause : interval
            guard now >= told.at + pause else { return false }
        }
        told = ToldDetail(detail: detail, at: now)
        return true
    }

    /// The stamp of a heartbeat of this session; nil when it is forgotten or was never sent.
    func stamp(of asked: HeartbeatNumber) -> BootInstant? {
        guard asked <= number, asked > .zero else { return nil }
        let age = Int(number.rawValue - asked.rawValue)
        return age < stamps.count ? stamps[stamps.count - 1 - age] : nil
    }
}

/// What a session was told of the devices, and when.
struct ToldDetail: Hashable, Sendable {
    let detail: NodeDetail
    let at: BootInstant
}
