import LeaseholdDevices
import LeaseholdModel
import LeaseholdProtocol
import Testing

/// The energy of a lease from the driver's counter to the certificate, whatever becomes of the counter and the agent.
@Suite("the metered energy of a lease")
struct LeaseEnergyTests {
    @Test(
        "differs from the truth by what is used between two beats, at each end and for each counter that ended, and never goes back",
        arguments: 0..<400 as Range<UInt64>)
    func metered(seed: UInt64) throws {
        var lease = MeteredLease(seed: seed)
        let vouched = lease.live()
        let certificate = try #require(vouched)
        let energy = try #require(certificate.energy, "seed \(seed): nothing metered")
        let most = lease.used + MeteredLease.usedBetweenBeats
        let least = Int64(lease.used) - Int64(MeteredLease.usedBetweenBeats) * Int64(1 + lease.lostCounterCount)
        #expect(energy.count <= most, "seed \(seed): \(energy) of \(lease.used) mJ")
        #expect(
            Int64(energy.count) >= least, "seed \(seed): \(energy) of \(lease.used) mJ, \(lease.lostCounterCount) ended"
        )
        #expect(lease.complaints == [])
    }
}

/// One lease of one GPU, on a node of which the truth is known.
private struct MeteredLease {
    /// A heartbeat of five seconds at the most that the GPU draws, and what its counter may lag by.
    static let usedBetweenBeats: UInt64 = drawMax * 6

    private static let drawMax: UInt64 = 700_000
    private static let gpu = GPUUUID(high: 1, low: 2)
    private static let guardian = ConnectionID(rawValue: 1)
    private static let coordinator = ConnectionID(rawValue: 2)
    private static let node = NodeID(rawValue: 0)
    private static let plan = DevicePlan([.evict, .reset, .verify])

    private var random: SeededChance
    private var watch = NodeWatch([gpu])
    private var kept: NodeWatch
    private var machine = MeteredLease.fresh()
    private var journal: [JournalRecord] = []
    private var effects: [AgentEffect] = []
    private var keepAt = Span.zero

    private var now = Span.seconds(100)
    /// Thousandths of a joule since the beginning of time, and what that was when the counter began.
    private var truth: UInt64 = 50_000_000
    private var began: UInt64 = 0
    private var draw: UInt64 = 0
    private var lossCount: UInt64 = 0
    private var session: UInt64 = 0
    private var beatCount: UInt64 = 0

    /// What the GPU used between the grant and the guard's word.
    private(set) var used: UInt64 = 0
    private(set) var lostCounterCount = 0
    private(set) var complaints: [String] = []

    init(seed: UInt64) {
        random = SeededChance(state: seed &* 0x9E37_79B9_7F4A_7C15 | 1)
        kept = watch
    }

    private static func fresh() -> AgentMachine {
        AgentMachine(
            name: "agent", incarnation: Incarnation(high: 0, low: 1), boot: BootID(high: 0, low: 1), plan: plan)
    }

    /// Lives the lease; what its node vouches for.
    mutating func live() -> SanitisingCertificate? {
        connect()
        for _ in 0..<Int.random(in: 2..<6, using: &random) { beat() }
        pass(.milliseconds(Int64.random(in: 0..<5_000, using: &random)))
        let grantedAt = truth
        grant()
        for _ in 0..<Int.random(in: 1..<30, using: &random) {
            if Int.random(in: 0..<12, using: &random) == 0 { endCounter() }
            beat()
            if Int.random(in: 0..<12, using: &random) == 0 { restart() }
        }
        pass(.milliseconds(Int64.random(in: 0..<5_000, using: &random)))
        used = truth - grantedAt
        end()
        // What comes later is not the lease's.
        if Bool.random(using: &random) { restart() }
        for step in [DeviceStep.evict, .reset, .verify] {
            beat()
            if step == .reset { (began, lossCount) = (truth, lossCount + 1) }
            tell(.performed(guarded, step, .done(evidence: "")))
        }
        return effects.lazy.compactMap { effect in
            if case .send(_, .sanitised(_, _, let certificate)) = effect { certificate } else { nil }
        }.last
    }

    // MARK: The GPU

    private mutating func pass(_ span: Span) {
        draw = UInt64.random(in: 0...MeteredLease.drawMax, using: &random)
        truth += draw * UInt64(span.wholeMilliseconds) / 1_000
        now = now + span
    }

    /// The driver was loaded anew; who watches it sees that.
    private mutating func endCounter() {
        pass(.milliseconds(Int64.random(in: 0..<4_000, using: &random)))
        (began, lossCount) = (truth, lossCount + 1)
        lostCounterCount += 1
    }

    /// Five seconds later the driver is asked: its counter is up to a second old.
    private mutating func beat() {
        pass(.seconds(5))
        read()
        beatCount += 1
        tell(
            .orderArrived(
                MeteredLease.coordinator,
                .renewal(
                    Renewal(
                        node: MeteredLease.node, session: SessionID(rawValue: session),
                        number: HeartbeatNumber(rawValue: beatCount),
                        holds: [HoldRenewal(lease: guarded.lease, epoch: guarded.epoch, remaining: nil)],
                        head: .empty))))
    }

    /// Asks the driver; what it says becomes a heartbeat where there is a session.
    private mutating func read() {
        let lag = UInt64.random(in: 0...draw, using: &random)
        let shown = max(truth - lag, began) - began
        let before = watch.gpus[0].energy?.count ?? 0
        let sample = GPUSample(
            gpu: MeteredLease.gpu, card: .blank, health: nil, fabric: nil,
            power: PowerReading(draw: nil, energy: Millijoules(shown), limit: nil, enforced: nil),
            instant: .zero + now)
        _ = watch.take(
            .told(DriverRound(version: "570", events: [], samples: [sample], complaints: [], lossCount: lossCount)),
            at: clock)
        // As the shell does: at once where the driver has gone, else every minute.
        if watch.lossCount != kept.lossCount || now >= keepAt { keep() }
        let after = watch.gpus[0].energy?.count ?? 0
        if after < before { complaints.append("\(after) after \(before)") }
        let meter = MeterReading.GPU(uuid: MeteredLease.gpu.driverText, used: watch.gpus[0].energy)
        tell(.devicesRead([DeviceReading(unhealthy: .none, drawn: .zero, meters: [meter])]))
    }

    // MARK: The agent

    private var clock: Now {
        Now(boot: .zero + now, calendar: CalendarInstant(nanoseconds: now.nanoseconds))
    }

    private var guarded: GuardedGrant {
        GuardedGrant(
            slot: NodeSlot(rawValue: 0), lease: LeaseID(rawValue: 5),
            epoch: Epoch(reign: Reign(rawValue: 1), index: RecordIndex(rawValue: 5)), gpus: .only(0))
    }

    private var name: GrantName {
        GrantName(
            node: MeteredLease.node, session: SessionID(rawValue: session), lease: guarded.lease, epoch: guarded.epoch)
    }

    private mutating func tell(_ event: AgentEvent) {
        var out = AgentBuffer()
        machine.handle(event, at: clock, into: &out)
        take(&out)
        machine.handle(.durable(through: machine.journalHead), at: clock, into: &out)
        take(&out)
    }

    private mutating func take(_ out: inout AgentBuffer) {
        // The shell keeps the chart before a total that is told.
        if out.entries.contains(where: \.isMeterReading) { keep() }
        journal += out.entries
        effects += out.effects
        out.removeAll()
    }

    private mutating func keep() {
        kept = watch
        keepAt = now + .seconds(60)
    }

    /// A new life of the agent on its journal and the chart as it was kept, which may be a minute old.
    private mutating func restart() {
        watch = kept.resumed(ofThisBoot: true, at: clock)
        machine = MeteredLease.fresh()
        for record in journal { machine.replay(record) }
        connect()
    }

    private mutating func connect() {
        var out = AgentBuffer()
        if journal.isEmpty {
            let description = NodeDescription(path: "s/n", kind: "H100", gpuCount: 1, hardware: 1)
            if let complaint = machine.serve([description], into: &out) { complaints.append(complaint) }
            take(&out)
        }
        tell(.began)
        // Nobody speaks to a coordinator before the driver was asked.
        read()
        session += 1
        beatCount = 1
        tell(.guardConnected(MeteredLease.guardian))
        let held = machine.liveGrants.map { GuardedHold(grant: $0, deadline: .never, phase: .running) }
        tell(.guardAnswered(MeteredLease.guardian, .holds(held, areLast: true)))
        tell(
            .welcomeArrived(
                MeteredLease.coordinator,
                Welcome(
                    version: 1, cluster: "test",
                    reign: SeenReign(
                        log: LogID(high: 0, low: 1), reign: Reign(rawValue: 1),
                        incarnation: Incarnation(high: 0, low: 1)),
                    holds: .standard, head: .empty, ledgerKey: "")))
        tell(
            .orderArrived(
                MeteredLease.coordinator,
                .attached(node: "s/n", id: MeteredLease.node, session: SessionID(rawValue: session))))
    }

    private mutating func grant() {
        tell(
            .orderArrived(
                MeteredLease.coordinator,
                .grant(
                    GrantOrder(
                        name: name, gpus: guarded.gpus, onSilence: .fence, number: HeartbeatNumber(rawValue: beatCount),
                        remaining: nil, envelope: Watts(700), head: .empty))))
        tell(.guardAnswered(MeteredLease.guardian, .started(guarded)))
    }

    private mutating func end() {
        tell(
            .orderArrived(
                MeteredLease.coordinator, .retire(RetireOrder(name: name, gpus: guarded.gpus, head: .empty))))
        tell(.guardAnswered(MeteredLease.guardian, .retired(guarded)))
    }
}

/// Chance that is the same for the same seed.
private struct SeededChance: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
