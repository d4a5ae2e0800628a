package import LeaseholdBroker
package import LeaseholdModel

/// The coordinator without its shell: a value that turns what arrived into records and effects.
///
/// The picture to keep in mind: a registrar at one desk. Papers arrive in batches; for each, the registrar looks into
/// the book, writes a line into the ledger or says no, and puts the answer into the tray of that line. When the
/// ledger's line is safe, the tray is emptied. Heartbeats are answered over the counter, because a renewal rests on
/// nothing that could be lost: after a restart every hold counts as renewed at the last possible moment (L5).
///
/// What it never does: read a clock, know a socket, let a reply out before its record, free a partition on a guess.
package struct CoordinatorMachine: Equatable, Sendable {
    /// What a coordinator is called and how its holds run; fixed for a reign.
    package struct Identity: Hashable, Sendable {
        package let cluster: String
        package let log: LogID
        package let incarnation: Incarnation
        package let boot: BootID
        package let holds: HoldSettings
        /// How long nobody else may have a lease's GPUs after its end.
        package let turnaround: Span
        /// How fast the calendar of `Now` runs.
        package let pace: CalendarPace
        /// The public key of the log's heads, as text.
        package let ledgerKey: String
        /// What a restore of the log raises.
        package let logIncarnation: UInt32
        package init(
            cluster: String, log: LogID, incarnation: Incarnation, boot: BootID, holds: HoldSettings,
            turnaround: Span = .zero, pace: CalendarPace = .wallClock, ledgerKey: String = "",
            logIncarnation: UInt32 = 1
        ) {
            self.cluster = cluster
            self.log = log
            self.incarnation = incarnation
            self.boot = boot
            self.holds = holds
            self.turnaround = turnaround
            self.pace = pace
            self.ledgerKey = ledgerKey
            self.logIncarnation = logIncarnation
        }
    }

    package let identity: Identity
    /// The lease book, which may be ahead of the log by what the gate still holds back.
    package internal(set) var book: LeaseBook
    package internal(set) var counters = CoordinatorCounters()

    var gate: CommitGate<CoordinatorEffect>
    /// The head of the log as it was recovered: what witnesses of earlier reigns are held against (L9).
    let recovered: LogHead
    /// Hellos so far, so that of two connections the newer one is known.
    var helloCount: UInt64 = 0
    /// The head of the durable log.
    var head: LogHead
    /// The reign that it leads; zero before the first record of it.
    package internal(set) var reign = Reign.zero
    var lastSession: UInt64 = 0
    var isDraining = false
    /// Trouble of the log's disk; nil while it is well.
    private(set) var strain: LogStrain?
    /// Set by a lost log: nothing is answered any more (L7, L9).
    var lossReason: String?
    /// The newest signed head, which nodes are shown with their next renewal (L9).
    private(set) var ledgerHead: ShownHead?
    /// Why heads are not signed at present; nil while they are.
    private var ledgerTrouble: String?

    var peers = Lookup<ConnectionID, Peer>()
    /// By `NodeID.offset`.
    var contacts: [NodeContact] = []
    var starting = Lookup<LeaseID, StartingLease>()
    /// Partitions of ending leases; those that were retired since are dropped by the next sweep.
    var retirements: [Retirement] = []
    /// Acknowledgements of this batch, to become one record a lease.
    var acknowledged: [Retirement] = []
    /// Refusals that may still be recorded, by principal.
    var refusalAllowances = Lookup<Principal, RefusalAllowance>()
    var history: EventHistory
    var watches: [Watch] = []
    var alarms: [String] = []
    var nextSweep = BootInstant.never
    /// Starts up to this instant have been looked at.
    var begunThrough = CalendarInstant(nanoseconds: .min)
    /// How far the walk over the waitlist has come.
    var waitlistWalk = WaitlistWalk()
    /// How far the walk over the nodes has come, for promises on those that are away; and when the next one begins.
    var repairPlace = RepairPlace()
    var repairsAgain = BootInstant.zero

    /// A coordinator over a recovered book; `head` is that of the recovered log.
    package init(identity: Identity, book: LeaseBook, head: LogHead) {
        precondition(book.head == head.index, "book at \(book.head), log at \(head.index)")
        self.identity = identity
        self.book = book
        self.head = head
        self.recovered = head
        self.gate = CommitGate(durable: head.index)
        self.history = EventHistory(after: head.index)
    }

    /// Takes in one event; what has to be logged and done is added to `out`.
    ///
    /// `now` was read after the event's batch was taken from the queue (L5).
    package mutating func handle(_ event: CoordinatorEvent, at now: Now, into out: inout CoordinatorBuffer) {
        guard lossReason == nil else { return }
        switch event {
        case .began: begin(at: now, into: &out)
        case .helloArrived(let connection, let hello): greet(connection, hello, into: &out)
        case .requestArrived(let asker, let envelope): consider(envelope, from: asker, at: now, into: &out)
        case .agentSpoke(let connection, let message): hear(message, on: connection, at: now, into: &out)
        case .disconnected(let connection): part(from: connection, at: now, into: &out)
        case .durable(let index, let chain): open(through: index, chain: chain, into: &out)
        case .logLost(let reason): lossReason = reason
        case .logStrained(let strain): note(strain, into: &out)
        case .headSigned(let head): ledgerHead = head
        case .headWitnessed(let witness, let verdict): weigh(verdict, from: witness, into: &out)
        case .ledgerStands(let reason): note(ledgerTrouble: reason, into: &out)
        case .followerStopped: noteFollowerStopped(into: &out)
        case .deadlineReached: sweep(at: now, into: &out)
        case .deadlineReachedBehind: sweepBehind(at: now, into: &out)
        case .batchEnded:
            recordAcknowledged(at: now, into: &out)
            offerToWaitlist(at: now, into: &out)
        case .drainRequested: isDraining = true
        }
        gate.takeOver(from: &out)
    }

    /// The log's disk is in trouble, in other trouble, or well again.
    private mutating func note(_ strain: LogStrain?, into out: inout CoordinatorBuffer) {
        guard strain != self.strain else { return }
        if let strain {
            counters.alarmCount += 1
            out.now(.note(Note(.alarm, "\(strain.reason); only what frees capacity is taken")))
        } else {
            out.now(.note(Note(.info, "the log's disk is well again; changes are taken")))
        }
        self.strain = strain
    }

    /// Heads cannot be signed, cannot for another reason, or can again.
    private mutating func note(ledgerTrouble reason: String?, into out: inout CoordinatorBuffer) {
        guard reason != ledgerTrouble else { return }
        if let reason {
            counters.alarmCount += 1
            out.now(.note(Note(.alarm, "the ledger stands still: \(reason)")))
        } else {
            out.now(.note(Note(.info, "the ledger goes on")))
        }
        ledgerTrouble = reason
    }

    /// A head that an agent has kept: what it proves against this log (L9).
    private mutating func weigh(
        _ verdict: HeadVerdict, from connection: ConnectionID?, into out: inout CoordinatorBuffer
    ) {
        let witness =
            connection.map { peers[$0].map { "\($0.principal)" } ?? "a peer that has gone" }
            ?? "the directory of the log"
        switch verdict {
        case .unsigned(let reason): raise("\(witness) shows a head that proves nothing: \(reason)", into: &out)
        case .contradicts(let reason):
            guard !isPlanted(.ignoresWitness) else { return }
            let loss = "\(witness) shows a head that this log has signed and does not have: \(reason)"
            raise(loss, into: &out)
            out.now(.refuseToServe(reason: loss))
            lossReason = loss
        }
    }

    /// It stays an alarm until the next start, however often it is told.
    private mutating func noteFollowerStopped(into out: inout CoordinatorBuffer) {
        let alarm =
            "L14: the book that follows the log has stopped: no more snapshots, no signed heads, no answers from the log"
        if !alarms.contains(alarm) { raise(alarm, into: &out) }
    }

    /// When the machine wants `deadlineReached`, on the boot clock; `now` and the calendar's pace translate its next end.
    package func nextDeadline(at now: Now) -> BootInstant {
        var next = nextSweep
        for end in [book.nextEnd, book.nextWaitlistEnd] {
            if let end { next = min(next, boot(at: end, from: now)) }
        }
        // A start that has come and waits for GPUs is tried again with the next sweep.
        if let start = book.nextStart, start > now.calendar { next = min(next, boot(at: start, from: now)) }
        return next
    }

    /// When the boot clock shows that the calendar has come to an instant; now where it has.
    private func boot(at instant: CalendarInstant, from now: Now) -> BootInstant {
        now.boot + identity.pace.wait(for: max(.zero, instant - now.calendar))
    }

    /// How it stands, without the digest of the book, which is a walk over all of it; its calendar is the last record's.
    package var status: StatusView {
        var status = book.statusView
        status.calendar = book.lastInstant
        status.cluster = identity.cluster
        status.log = identity.log
        status.head = head
        status.holds = identity.holds
        status.connectionCount = peers.count
        if let restoreAlarm { status.alarms.append(restoreAlarm) }
        status.alarms += alarms
        if let strain { status.alarms.append(strain.reason) }
        if let ledgerTrouble { status.alarms.append("the ledger stands still: \(ledgerTrouble)") }
        return status
    }

    /// What a decision may look at besides the book.
    func context(at now: Now) -> DecisionContext {
        DecisionContext(
            now: now, reign: reign, nextIndex: book.head.next, boot: identity.boot, holds: identity.holds,
            turnaround: identity.turnaround)
    }

    /// How many effects wait for their records.
    package var heldEffectCount: Int { gate.count }

    // MARK: The beginning

    /// What is said of a restore until every node has reported that was heard of before.
    private var restoreAlarm: String? {
        guard let restore = book.restores.last else { return nil }
        let count = book.unheardSinceRestoreCount
        guard count > 0 else { return nil }
        return
            "the log was restored from a backup, as its incarnation \(restore.logIncarnation), at \(restore.at.rfc3339): "
            + "what came after record \(restore.kept) is gone, and \(counted(count, "node")) \(count == 1 ? "is" : "are") "
            + "quarantined until \(count == 1 ? "its agent has" : "their agents have") reported"
    }

    /// The reign that begins with `began`; records of it are written under it (L4).
    package var nextReign: Reign {
        isPlanted(.keepsReign) && book.reign > .zero ? book.reign : book.reign.next(in: identity.logIncarnation)
    }

    /// One reign a start, raised durably (L4).
    ///
    /// What ran before runs on; what was ending is waited for anew.
    private mutating func begin(at now: Now, into out: inout CoordinatorBuffer) {
        precondition(reign == .zero, "a machine begins once")
        reign = nextReign
        let began = ReignBegan(
            reign: reign, incarnation: identity.incarnation, boot: identity.boot, holds: identity.holds)
        out.record(enter(.reignBegan(began), by: .coordinator, for: nil, at: now))
        if let restoreAlarm {
            counters.alarmCount += 1
            out.now(.note(Note(.alarm, restoreAlarm)))
        }
        contacts = Array(repeating: NodeContact(renewedAt: now.boot), count: book.nodeCount)
        for lease in book.startingLeases {
            starting[lease.id] = StartingLease(pendingCount: lease.part.placements.count)
        }
        for partition in book.retiring { scheduleRetirement(of: partition.lease, on: partition.node) }
        nextSweep = now.boot + sweepInterval
    }

    // MARK: The ledger

    /// Makes an entry, applies it to the book and to what hangs on it.
    ///
    /// The caller puts it into a lane.
    mutating func enter(
        _ record: Record, by principal: Principal, for request: RequestKey?, at now: Now
    ) -> LogEntry {
        let entry = LogEntry(
            index: book.head.next, at: max(now.calendar, book.lastInstant), principal: principal, request: request,
            record: record)
        book.evolve(entry)
        if isPlanted(.decidesByHand) { book.lastInstant = book.lastInstant + Span(nanoseconds: 1) }
        while contacts.count < book.nodeCount { contacts.append(NodeContact(renewedAt: now.boot)) }
        history.append(entry)
        counters.count(record)
        if record.freesSomething { waitlistWalk.tell() }
        return entry
    }

    /// Everything up to `index` is on disk: the trays behind it are emptied, and orders get the head as witness.
    private mutating func open(through index: RecordIndex, chain: ChainHash, into out: inout CoordinatorBuffer) {
        let head = LogHead(index: index, chain: chain)
        self.head = head
        gate.open(through: index, into: &out) { effect in
            switch effect {
            case .order(let connection, .grant(var order)):
                order.head = head
                return .order(connection, .grant(order))
            case .order(let connection, .retire(var order)):
                order.head = head
                return .order(connection, .retire(order))
            case .order, .reply, .immediate: return effect
            }
        }
        feedWatches(into: &out)
    }
}
