import LeaseholdDevices
import LeaseholdLog
import LeaseholdModel
import LeaseholdPlatform
import LeaseholdProtocol
import LeaseholdTransport
import LeaseholdWire
import Logging

/// The one thread that owns an agent's machine and journal.
///
/// It carries effects out, keeps the two connections standing, and holds no rule about leases.
final class AgentOwner {
    private var machine: AgentMachine
    private let journal: LogDirectory
    private var devices: NodeDevices
    /// Nil where the GPUs are simulated, and nothing is done at them but what the guard does.
    private let enforcer: Enforcer?
    private let connections: Connections
    private let inbox: AgentInbox
    private let coordinatorClient: FrameClient
    private let guardClient: FrameClient
    private let report: AgentReportBox
    private var heads: HeadKeeper
    private let logger: Logger
    private var coordinatorDial: Dial
    private var guardDial: Dial
    private var out: AgentBuffer
    private var frames: [(ConnectionID, [UInt8])] = []
    private var mustReadDevices = false
    private var committedAt = BootInstant.zero
    private var lastNote: [String: BootInstant] = [:]

    init(
        machine: AgentMachine, begun out: AgentBuffer, journal: LogDirectory, devices: NodeDevices,
        enforcer: Enforcer?,
        connections: Connections, clients: (coordinator: FrameClient, guardian: FrameClient), inbox: AgentInbox,
        dials: (coordinator: Dial, guardian: Dial), heads: HeadKeeper, report: AgentReportBox, logger: Logger
    ) {
        self.machine = machine
        self.out = out
        self.journal = journal
        self.devices = devices
        self.enforcer = enforcer
        self.connections = connections
        self.coordinatorClient = clients.coordinator
        self.guardClient = clients.guardian
        self.inbox = inbox
        self.coordinatorDial = dials.coordinator
        self.guardDial = dials.guardian
        self.heads = heads
        self.report = report
        self.logger = logger
    }

    /// Journals the nodes that are new and begins.
    func begin() throws(ProcessEnd) {
        let now = Clocks.now()
        machine.handle(.began, at: now, into: &out)
        try settle(at: now)
    }

    /// One turn of the loop.
    func turn(_ batch: [AgentInput], _ wake: Wake, _ now: Now) throws(ProcessEnd) -> OwnerStep {
        for input in batch { take(input, at: now) }
        if wake.isDue { machine.handle(.deadlineReached, at: now, into: &out) }
        try settle(at: now)
        dial(at: now.boot)
        try sealIfIdle(at: now)
        if heads.nextSave <= now.boot, let finding = heads.save(at: now.boot) { note(finding) }
        report.renew(machine, heads: heads.figures, devices: devices.chart)
        if wake.isDrainRequested { return .stop }
        let seal = journal.needsSeal ? committedAt + sealDelay : .never
        let dial = min(devices.areKnown ? coordinatorDial.nextDeadline : .never, guardDial.nextDeadline)
        return .wait(until: min(machine.nextDeadline, seal, dial, heads.nextSave))
    }

    /// Gives the journal up, sealed.
    func close() throws(ProcessEnd) {
        if let finding = heads.save(at: Clocks.boot()) { note(finding) }
        do throws(LogFailure) { try journal.close() } catch { throw ProcessEnd(.world, "journal: \(error)") }
    }

    private func take(_ input: AgentInput, at now: Now) {
        switch input {
        case .event(let event):
            switch event {
            case .connected(let connection): coordinatorDial.noteOpened(connection)
            case .guardConnected(let connection):
                guardDial.noteOpened(connection)
                guardDial.noteWelcomed()
            case .welcomeArrived(let connection, _):
                coordinatorDial.noteWelcomed()
                connections.admit(connection, payloadByteCountMax: Limits.framePayloadByteCountMax)
            case .disconnected(let connection):
                if coordinatorDial.noteClosed(connection, at: now.boot) { note("the coordinator's connection is gone") }
            case .guardDisconnected(let connection): _ = guardDial.noteClosed(connection, at: now.boot)
            case .orderArrived(let connection, .renewal(let renewal)):
                if let head = renewal.ledgerHead, let finding = heads.take(head, on: connection) { note(finding) }
            case .performed(let grant, .reset, .done): say(devices.chart?.takeReset(of: grant.gpus, at: now))
            case .began, .orderArrived, .guardAnswered, .devicesRead, .detailRead, .performed, .durable, .journalLost,
                .deadlineReached:
                break
            }
            machine.handle(event, at: now, into: &out)
            believeWelcome(event)
        case .dialFailed(.coordinator, let failure):
            coordinatorDial.noteFailed(at: now.boot)
            note("\(failure)")
        case .dialFailed(.guardian, let failure):
            guardDial.noteFailed(at: now.boot)
            note("no guard yet (leasehold-agent guard --state-dir DIR): \(failure)")
        case .nodeTold(let word):
            // The first word of a driver is what a report says, so it is read before there is a connection to report on.
            if case .driver = word, !devices.areKnown { mustReadDevices = true }
            let before = devices.chart?.watch
            say(devices.chart?.take(word, at: now))
            // Whoever connects next is told how they are, and not how they were.
            let after = devices.chart?.watch
            if let losses = before?.lossCount, after?.lossCount != losses {
                let logger = logger
                enforcer?.describeAnew { logger.warning("\($0)") }
            }
            if (before?.unhealthy, before?.suspect) != (after?.unhealthy, after?.suspect) { mustReadDevices = true }
        case .complained(.coordinator, let complaint): note("the coordinator complains: \(complaint.text)")
        case .complained(.guardian, let complaint): note("the guard complains: \(complaint.text)")
        }
    }

    private func say(_ notes: [Note]?) { for note in notes ?? [] { self.note(note.text, note.level.logged) } }

    /// Takes the ledger's key from a coordinator whom the machine has let in: one of another log shows it nothing.
    private func believeWelcome(_ event: AgentEvent) {
        guard case .welcomeArrived(let connection, let welcome) = event, machine.isLed(on: connection) else { return }
        if let finding = heads.believe(welcome, on: connection) { note(finding) }
    }

    private func dial(at now: BootInstant) {
        let inbox = self.inbox
        // Before a driver was asked nobody can say how the node is; an answer, or none, comes within its patience.
        if devices.areKnown, let endpoint = coordinatorDial.next(at: now) {
            coordinatorClient.open(endpoint, events: inbox.coordinatorEvents) {
                inbox.must(.dialFailed(.coordinator, $0))
            }
        }
        if let endpoint = guardDial.next(at: now) {
            guardClient.open(endpoint, events: inbox.guardEvents) { inbox.must(.dialFailed(.guardian, $0)) }
        }
    }

    // MARK: One group

    /// Carries out what may leave, journals the rest as one group, and carries out what that lets go.
    private func settle(at now: Now) throws(ProcessEnd) {
        while true {
            for effect in out.effects { carryOut(effect) }
            flush()
            if out.entries.contains(where: \.isMeterReading) {
                // A total that was told is not less after a restart.
                say(devices.chart?.keepNow(at: now))
            }
            let records = out.entries.map(JournalCodec.encode)
            out.removeAll()
            if mustReadDevices {
                mustReadDevices = false
                readDevices(at: now)
            } else if records.isEmpty {
                return
            }
            guard !records.isEmpty else { continue }
            do throws(LogFailure) {
                let head = try journal.commit(records)
                committedAt = Clocks.boot()
                machine.handle(.durable(through: head.index), at: now, into: &out)
            } catch {
                machine.handle(.journalLost(reason: "\(error)"), at: now, into: &out)
                throw ProcessEnd(.world, "journal: \(error); holds run on at the guard until their deadlines")
            }
        }
    }

    private func readDevices(at now: Now) {
        machine.handle(.devicesRead(devices.readings(at: now.boot)), at: now, into: &out)
        let stuck = machine.stuckGrants
        for slot in devices.changed(at: now.calendar) {
            let own = stuck.filter { $0.grant.slot == slot }
            machine.handle(
                .detailRead(slot, devices.detail(of: slot, stuck: own, at: now.calendar)), at: now, into: &out)
        }
    }

    private var sealDelay: Span { .milliseconds(Int64(LogLimits.sealIdleMilliseconds)) }

    private func sealIfIdle(at now: Now) throws(ProcessEnd) {
        guard journal.needsSeal, committedAt + sealDelay <= now.boot else { return }
        do throws(LogFailure) { try journal.sealIfIdle() } catch { throw ProcessEnd(.world, "journal: \(error)") }
    }

    // MARK: Effects

    private func carryOut(_ effect: AgentEffect) {
        switch effect {
        case .send(let connection, let message): send(.agent(message), to: connection)
        case .tellGuard(let connection, let order): send(.guardOrder(order), to: connection)
        case .perform(let grant, let step): perform(step, for: grant)
        case .immediate(.hello(let connection, var hello)):
            hello.ledgerHead = heads.shown
            send(.hello(hello), to: connection)
        case .immediate(.renewAtGuard(let connection, let grant, let deadline)):
            send(.guardOrder(.renew(grant, deadline: deadline)), to: connection)
        case .immediate(.readDevices): mustReadDevices = true
        case .immediate(.close(let connection, let reason)):
            note(reason)
            connections.close(connection, after: nil)
        case .immediate(.note(let note)): logger.log(level: note.level.logged, "\(note.text)")
        }
    }

    /// Has a step carried out; what it comes to is an event like any other.
    private func perform(_ step: DeviceStep, for grant: GuardedGrant) {
        guard let enforcer, let watch = devices.chart?.watch else {
            preconditionFailure("\(step.words) for lease \(grant.lease), on devices at which nothing is done")
        }
        let gpus = grant.gpus.positions.filter(watch.gpus.indices.contains).map { position in
            (gpu: watch.gpus[position].uuid, used: watch.gpus[position].leastUsed)
        }
        let node = devices.file.shapes[grant.slot.offset].path
        let inbox = self.inbox
        enforcer.perform(StepOrder(grant: grant, step: step, head: machine.witness.head, node: node, gpus: gpus)) {
            inbox.must(.event(.performed(grant, step, $0)))
        }
    }

    private func send(_ message: Message, to connection: ConnectionID) {
        if frames.last?.0 != connection { frames.append((connection, [])) }
        WireCodec.encode(message, correlation: 0, into: &frames[frames.count - 1].1)
    }

    private func flush() {
        guard !frames.isEmpty else { return }
        connections.send(frames)
        frames.removeAll(keepingCapacity: true)
    }

    /// Something that repeats itself while the world is as it is: said at most every ten seconds.
    private func note(_ text: String, _ level: Logger.Level = .warning) {
        let now = Clocks.boot()
        if let last = lastNote[text], now - last < .seconds(10) { return }
        if lastNote.count >= 64 { lastNote.removeAll() }
        lastNote[text] = now
        logger.log(level: level, "\(text)")
    }

    private func note(_ finding: HeadKeeper.Finding) {
        switch finding {
        case .trouble(let text): note(text)
        case .evidence(let text): note(text, Note.Level.alarm.logged)
        }
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
