import LeaseholdBroker
import LeaseholdLog
import LeaseholdModel
import LeaseholdProtocol
import LeaseholdWire

/// A coordinator in the fake world: the real machine over the real log on a simulated disk.
final class CoordinatorProcess: SimulatedProcess {
    private(set) var machine: CoordinatorMachine?
    let identity: LogIdentity
    let disk: SimulatedDisk
    private unowned let auditor: Auditor
    private var log: LogWorker?
    private var isServing = false
    private var inbox: [(kind: Int, event: CoordinatorEvent)] = []
    private var out = CoordinatorBuffer()
    private var links: [Link] = []
    private var incarnation: UInt64 = 0

    init(on host: Host, auditor: Auditor, in world: World) {
        self.auditor = auditor
        identity = LogIdentity(
            cluster: "sim", logID: LogID(high: 1, low: 1), kind: .coordinator,
            segmentByteCount: world.weather.logSegmentByteCount)
        disk = SimulatedDisk()
        disk.remembersOperations = false
        super.init("coordinator", on: host, in: world)
        // `init` is a command of its own, run before anything else happens.
        do throws(StorageFailure) {
            _ = try SynchronousLog.create(identity, on: disk)
            try disk.perform(.syncDirectory(.live))
        } catch {
            preconditionFailure("a new disk takes no log: \(error)")
        }
    }

    override var isListening: Bool { isServing }
    override var hasWork: Bool { !inbox.isEmpty }
    /// The last record that the disk keeps, whatever happens.
    var trulyDurable: RecordIndex { log?.trulyDurable ?? .zero }

    // MARK: Life

    override func began() {
        inbox = []
        out = CoordinatorBuffer()
        links = []
        after(world.chance.span(.milliseconds(3), .milliseconds(80))) { [unowned self] in recover() }
    }

    override func ended() {
        isServing = false
        machine = nil
        log = nil
    }

    override func powerLost() { disk.losePowerByChance(&world.chance) }

    /// An operation of the disk, soon, goes wrong.
    func spoilDisk(_ fault: SimulatedDisk.Fault) {
        disk.fault = fault
        disk.failingOperation = disk.operationCount + 1 + world.chance.below(4)
    }

    private func recover() {
        incarnation += 1
        disk.restart()
        var entries: [LogEntry] = []
        var book = LeaseBook()
        let recovered: RecoveredLog
        do throws(RecoveryFailure) {
            do throws(StorageFailure) { try disk.settleBeforeReading() } catch { throw .storage(error) }
            var scan = LogScan(identity: identity)
            var reader = disk
            recovered = try scan.recover(&reader) { index, bytes throws(RecordRefusal) in
                entries.append(try book.take(index, bytes))
            }
        } catch {
            world.report(.nothingLost, "the coordinator cannot read its log: \(error)")
            return
        }
        let head = recovered.report.head
        world.tell(name, "recovered its log to \(head.index): \(recovered.report.end)")
        auditor.recovered(entries, head: head, book: book)
        let identity = CoordinatorMachine.Identity(
            cluster: identity.cluster, log: identity.logID, incarnation: Incarnation(high: 1, low: incarnation),
            boot: host.clock.boot, holds: world.weather.holdsOfStart(Int(incarnation)),
            turnaround: .seconds(2), logIncarnation: recovered.tail.logIncarnation)
        let machine = CoordinatorMachine(identity: identity, book: book, head: head)
        self.machine = machine
        let worker = LogWorker(LogMachine(recovered: recovered), on: disk, for: self) { [unowned self] in hear($0) }
        log = worker
        worker.enter(reign: machine.nextReign)
        worker.start()
    }

    private func hear(_ news: LogWorker.News) {
        switch news {
        case .opened: post(.began, kind: 0)
        case .durable(let head): post(.durable(through: head.index, chain: head.chain), kind: 0)
        case .lost(let failure):
            world.tell(name, "its log is lost: \(failure)")
            after(.zero) { [unowned self] in
                die(announced: true)
                world.restartLater(self)
            }
        case .refused(let refusal): preconditionFailure("the log does not take what the book took: \(refusal)")
        }
    }

    // MARK: Connections

    override func accepted(_ link: Link) { links.append(link) }

    override func closed(_ link: Link) {
        links.removeAll { $0 === link }
        post(.disconnected(link.id), kind: 0)
    }

    /// Sorted into the classes of the real inbox: what frees capacity first, what is for people last.
    override func heard(_ message: Message, _ correlation: UInt64, on link: Link) {
        switch message {
        case .hello(let hello): post(.helloArrived(link.id, hello), kind: 0)
        case .agent(let message):
            switch message {
            case .started, .grantRefused, .retired, .sanitised: post(.agentSpoke(link.id, message), kind: 1)
            case .report, .heartbeat: post(.agentSpoke(link.id, message), kind: 2)
            case .detail: post(.agentSpoke(link.id, message), kind: 5)
            }
        case .request(let envelope):
            let asker = Asker(connection: link.id, correlation: correlation)
            let kind = envelope.request.isRelease ? 1 : envelope.request.isChange ? 3 : 4
            post(.requestArrived(asker, envelope), kind: kind)
        case .welcome, .reply, .order, .guardOrder, .guardAnswer, .complaint:
            world.network.close(link, by: self)
            closed(link)
        }
    }

    private func post(_ event: CoordinatorEvent, kind: Int) {
        inbox.append((kind, event))
        wake()
    }

    // MARK: Turns

    override func turn(isDue: Bool) -> BootInstant {
        guard machine != nil else { return .never }
        var batch: [CoordinatorEvent] = []
        for kind in 0...5 { batch += inbox.filter { $0.kind == kind }.map(\.event) }
        inbox = []
        // Only now, so that a pause before this makes a heartbeat look older, never fresher (L5).
        let now = host.now
        for event in batch { handle(event, at: now) }
        if isDue {
            let isBehind = world.isStormy && world.chance.percent(10)
            handle(isBehind ? .deadlineReachedBehind : .deadlineReached, at: now)
        }
        handle(.batchEnded, at: now)
        return machine?.nextDeadline(at: now) ?? .never
    }

    private func handle(_ event: CoordinatorEvent, at now: Now) {
        let known = out.entries.count
        machine?.handle(event, at: now, into: &out)
        for entry in out.entries[known...] { auditor.decided(entry) }
        if case .durable(let index, let chain) = event, let machine {
            auditor.claimedDurable(LogHead(index: index, chain: chain), by: machine)
        }
    }

    override func carryOut() {
        let effects = out.effects
        let records = out.entries.map(RecordCodec.encode)
        out.removeAll()
        for effect in effects { carryOut(effect) }
        if !records.isEmpty { log?.append(records) }
        guard !isServing, let machine, machine.status.head.index > .zero, machine.heldEffectCount == 0,
            machine.book.reignBegan?.incarnation == machine.identity.incarnation,
            machine.status.head.index >= machine.book.head
        else { return }
        // Nobody hears of a reign that could be lost (L4).
        isServing = true
        world.tell(name, "serves reign \(machine.book.reign)")
    }

    private func carryOut(_ effect: CoordinatorEffect) {
        auditor.left(effect, trulyDurable: trulyDurable)
        switch effect {
        case .reply(let asker, let reply): send(.reply(reply), asker.correlation, to: asker.connection)
        case .order(let connection, let order): send(.order(order), 0, to: connection)
        case .immediate(.welcome(let connection, let welcome, let payloadByteCountMax)):
            guard let link = link(connection) else { return }
            world.network.admit(link, at: self, payloadByteCountMax: payloadByteCountMax)
            send(.welcome(welcome), 0, to: connection)
        case .immediate(.renew(let connection, let renewal)): send(.order(.renewal(renewal)), 0, to: connection)
        case .immediate(.turnAway(let asker, let refusal)):
            send(.reply(.refused(refusal)), asker.correlation, to: asker.connection)
        case .immediate(.close(let connection, let complaint)):
            world.tell(name, "closes link \(connection): \(complaint.text)")
            send(.complaint(complaint), 0, to: connection)
            guard let link = link(connection) else { return }
            world.network.close(link, by: self)
            closed(link)
        case .immediate(.lookUp(let asker, let question, _)):
            preconditionFailure("\(asker) asks the log \(question), and no client here does")
        case .immediate(.refuseToServe(let reason)):
            preconditionFailure("no head is signed here, and yet \(reason)")
        case .immediate(.note(let note)): world.tell(name, note.text)
        }
    }

    private func link(_ connection: ConnectionID) -> Link? { links.first { $0.id == connection } }

    private func send(_ message: Message, _ correlation: UInt64, to connection: ConnectionID) {
        guard let link = link(connection) else { return }
        send(message, correlation, on: link)
    }
}

extension LeaseBook {
    /// Takes the next record of a log, as recovery does.
    mutating func take(_ index: RecordIndex, _ bytes: [UInt8]) throws(RecordRefusal) -> LogEntry {
        let entry = try RecordCodec.entry(at: index, bytes)
        if let objection = follow(entry) { throw RecordRefusal(reason: objection) }
        return entry
    }
}
