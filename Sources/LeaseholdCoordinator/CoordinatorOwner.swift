import LeaseholdBroker
import LeaseholdLog
import LeaseholdModel
import LeaseholdPlatform
import LeaseholdProtocol
import LeaseholdTransport
import LeaseholdWire
import Logging

/// The one thread that owns the machine and the log: a batch in, one group written and synced, effects out.
///
/// It carries effects out and holds no rule about leases. A value with one holder, so that a turn reaches into the book
/// without a copy and without a check at run time.
struct CoordinatorOwner {
    private var machine: CoordinatorMachine
    let pace: CalendarPace
    private let log: LogDirectory
    private let follower: Follower
    private let connections: Connections
    private let report: ReportBox
    private let logger: Logger
    private var out = CoordinatorBuffer()
    /// Frames of this turn, in order; those for one connection leave in one write.
    private var frames: [(ConnectionID, [UInt8])] = []
    /// Why the process must end, once what may still leave has left.
    private var refusal: ProcessEnd?
    private var resting = RestingRecords()
    private var salts = RecordSalts()
    /// When the machine wants to hear that its deadline has come; other instants wake the loop too.
    private var machineDeadline = BootInstant.zero
    private var committedAt = BootInstant.zero
    private var reportedAt = BootInstant.zero
    private var segmentTriedAt = BootInstant.zero
    private var groupCount: UInt64 = 0
    private var slowestGroup = Span.zero
    /// The last write that was too slow, and until when that counts.
    private var slow: (time: Span, until: BootInstant)?

    init(
        machine: CoordinatorMachine, log: LogDirectory, follower: Follower, connections: Connections,
        report: ReportBox, logger: Logger
    ) {
        self.machine = machine
        self.pace = machine.identity.pace
        self.log = log
        self.follower = follower
        self.connections = connections
        self.report = report
        self.logger = logger
    }

    /// Both clocks, the calendar at its pace.
    func clocks() -> Now { pace.now(Clocks.now()) }

    /// Begins the reign; returns when its record is durable, so that nobody hears of a reign that could be lost.
    mutating func begin() throws(ProcessEnd) -> Reign {
        let now = clocks()
        log.enter(reign: machine.nextReign)
        machine.handle(.began, at: now, into: &out)
        try settle(at: now, mayRest: false)
        return machine.book.reign
    }

    /// One turn of the loop.
    mutating func turn(_ batch: [CoordinatorEvent], _ wake: Wake, _ now: Now) throws(ProcessEnd) -> OwnerStep {
        machine.handle(.logStrained(strain(at: now)), at: now, into: &out)
        if follower.report.hasStopped { machine.handle(.followerStopped, at: now, into: &out) }
        for event in batch { machine.handle(event, at: now, into: &out) }
        if wake.isDrainRequested { machine.handle(.drainRequested, at: now, into: &out) }
        if machineDeadline <= now.boot {
            machine.handle(wake.mayMoreWait ? .deadlineReachedBehind : .deadlineReached, at: now, into: &out)
        }
        machine.handle(.batchEnded, at: now, into: &out)
        try settle(at: now, mayRest: !wake.isDrainRequested)
        try archiveCovered()
        try sealIfIdle(at: now)
        renewReport(at: now)
        if wake.isDrainRequested { return .stop }
        let seal = log.needsSeal ? committedAt + .milliseconds(Int64(LogLimits.sealIdleMilliseconds)) : .never
        machineDeadline = machine.nextDeadline(at: now)
        return .wait(until: min(machineDeadline, seal, resting.until, strainEnd(at: now)))
    }

    /// The book as it is, to be compared with the one that followed the log.
    var book: LeaseBook { machine.book }

    /// Gives the log up, sealed.
    func close() throws(ProcessEnd) {
        do throws(LogFailure) { try log.close() } catch { throw ProcessEnd(.world, "\(error)") }
    }

    // MARK: One group

    /// Carries out what may leave, writes and syncs the rest as one group, and carries out what that lets go.
    private mutating func settle(at now: Now, mayRest: Bool) throws(ProcessEnd) {
        while true {
            for effect in out.effects { carryOut(effect) }
            flush()
            if let refusal { throw refusal }
            for entry in out.entries { resting.append(RecordCodec.encode(entry, salt: salts.next())) }
            out.removeAll()
            let isAwaited = !mayRest || machine.heldEffectCount > 0
            guard !resting.isEmpty, !resting.mayRest(at: now.boot, isAwaited: isAwaited) else { return }
            let head = try commit(resting.take(), at: now)
            machine.handle(.durable(through: head.index, chain: head.chain), at: now, into: &out)
        }
    }

    /// When the trouble of the log's disk is looked at again: a segment that could not be made is tried once a second.
    private func strainEnd(at now: Now) -> BootInstant {
        if log.segmentDelay != nil { return now.boot + .seconds(1) }
        guard let slow, now.boot < slow.until else { return .never }
        return slow.until
    }

    /// What troubles the log's disk; nil while it is well.
    private func strain(at now: Now) -> LogStrain? {
        if let failure = log.segmentDelay { return .noSegment(reason: "\(failure)") }
        guard let slow, now.boot < slow.until else { return nil }
        return .slow(slow.time)
    }

    private mutating func commit(_ records: [[UInt8]], at now: Now) throws(ProcessEnd) -> LogHead {
        let start = Clocks.boot()
        do throws(LogFailure) {
            let head = try timed { log throws(LogFailure) in try log.commit(records) }
            committedAt = Clocks.boot()
            follower.follow(records, to: log.tail)
            groupCount += 1
            slowestGroup = max(slowestGroup, committedAt - start)
            return head
        } catch {
            machine.handle(.logLost(reason: "\(error)"), at: now, into: &out)
            throw ProcessEnd(.world, "\(error); nothing more is acknowledged, the next start reads what is there")
        }
    }

    /// Lets the log's disk work, and takes note of one in trouble (D16).
    private mutating func timed<Outcome>(
        _ work: (LogDirectory) throws(LogFailure) -> Outcome
    ) throws(LogFailure) -> Outcome {
        let start = Clocks.boot()
        report.noteWrite(since: start)
        defer {
            let end = Clocks.boot()
            report.noteWrite(since: nil)
            if end - start > CoordinatorSettings.slowGroup {
                slow = (end - start, end + CoordinatorSettings.slowGroupMemory)
            }
        }
        return try work(log)
    }

    /// Lets segments go to the archive that snapshots stand for.
    private mutating func archiveCovered() throws(ProcessEnd) {
        guard let segment = follower.takeCovered() else { return }
        do throws(LogFailure) { try timed { log throws(LogFailure) in try log.cover(before: segment) } } catch {
            throw ProcessEnd(.world, "\(error)")
        }
    }

    private mutating func sealIfIdle(at now: Now) throws(ProcessEnd) {
        let isIdle = committedAt + .milliseconds(Int64(LogLimits.sealIdleMilliseconds)) <= now.boot
        // Idleness also tries again, once a second, to make a segment for which there was no space.
        let mayTry = log.segmentDelay != nil && segmentTriedAt + .seconds(1) <= now.boot
        guard isIdle, log.needsSeal || mayTry else { return }
        if mayTry { segmentTriedAt = now.boot }
        do throws(LogFailure) { try timed { log throws(LogFailure) in try log.sealIfIdle() } } catch {
            throw ProcessEnd(.world, "\(error)")
        }
    }

    // MARK: Effects

    private mutating func carryOut(_ effect: CoordinatorEffect) {
        switch effect {
        case .reply(let asker, let reply): send(.reply(reply), to: asker.connection, asker.correlation)
        case .order(let connection, let order): send(.order(order), to: connection)
        case .immediate(.welcome(let connection, let welcome, let payloadByteCountMax)):
            connections.admit(connection, payloadByteCountMax: payloadByteCountMax)
            send(.welcome(welcome), to: connection)
        case .immediate(.renew(let connection, let renewal)): send(.order(.renewal(renewal)), to: connection)
        case .immediate(.turnAway(let asker, let refusal)):
            send(.reply(.refused(refusal)), to: asker.connection, asker.correlation)
        case .immediate(.lookUp(let asker, let question, let principal)):
            let durable = log.head.index
            guard let refusal = follower.ask(question, from: asker, of: principal, after: durable) else { return }
            send(.reply(.refused(refusal)), to: asker.connection, asker.correlation)
        case .immediate(.refuseToServe(let reason)): refusal = ProcessEnd(.dataLost, "L9: \(reason)")
        case .immediate(.close(let connection, let complaint)):
            flush()
            connections.close(connection, after: complaint)
        case .immediate(.note(let note)): logger.log(level: note.level.logged, "\(note.text)")
        }
    }

    private mutating func send(_ message: Message, to connection: ConnectionID, _ correlation: UInt64 = 0) {
        if frames.last?.0 != connection { frames.append((connection, [])) }
        WireCodec.encode(message, correlation: correlation, into: &frames[frames.count - 1].1)
    }

    private mutating func flush() {
        guard !frames.isEmpty else { return }
        connections.send(frames)
        frames.removeAll(keepingCapacity: true)
    }

    /// Four times a second at most: counting the book is cheap, copying it for every batch is not.
    private mutating func renewReport(at now: Now) {
        // A page shows nothing that a crash could still take back (L3).
        guard resting.isEmpty, now.boot - reportedAt >= .milliseconds(250) else { return }
        reportedAt = now.boot
        var renewed = CoordinatorReport()
        renewed.isReady = true
        renewed.counters = machine.counters
        renewed.status = machine.status
        renewed.groupCount = groupCount
        renewed.slowestGroup = slowestGroup
        renewed.heldEffectCount = machine.heldEffectCount
        renewed.follower = follower.report
        renewed.openTicketCount = machine.openTicketCount
        slowestGroup = .zero
        report.renew(renewed)
    }
}

extension Note.Level {
    /// The level of the diagnostics log.
    var logged: Logger.Level {
        switch self {
        case .info: .info
        case .warning: .warning
        case .alarm: .error
        }
    }
}
