package import LeaseholdModel

/// Everything that can happen to a coordinator.
package enum CoordinatorEvent: Hashable, Sendable {
    /// The log is open and recovered; a reign begins. First event, exactly once.
    case began
    case helloArrived(ConnectionID, Hello)
    case requestArrived(Asker, RequestEnvelope)
    case agentSpoke(ConnectionID, AgentMessage)
    /// The peer is gone, or broke the protocol and was closed.
    case disconnected(ConnectionID)
    /// Everything up to this index is durable; `chain` is the log's chain hash after that group.
    case durable(through: RecordIndex, chain: ChainHash)
    /// The log failed (L7). The machine is discarded after this.
    case logLost(reason: String)
    /// The log's disk is in trouble, or well again: nil.
    case logStrained(LogStrain?)
    /// The deadline that the machine named has come.
    case deadlineReached
    /// The same, while more waits to be heard than the batch could take: leases end, but nobody is called silent.
    case deadlineReachedBehind
    /// The batch is over; what was gathered in it becomes records.
    case batchEnded
    /// Stop granting; the process is going to end.
    case drainRequested
}

/// Trouble of the log's disk that has lost nothing yet: what frees capacity is taken, and nothing else.
package enum LogStrain: Hashable, Sendable {
    /// A group took so long to become durable.
    case slow(Span)
    /// The next segment cannot be made; what is left of this one is for what frees capacity.
    case noSegment(reason: String)

    /// Why a change is turned away.
    package var reason: String {
        switch self {
        case .slow(let span): "the log's disk is slow: a group took \(span)"
        case .noSegment(let reason): "the log's next segment cannot be made: \(reason)"
        }
    }
}

/// Who waits for an answer: a connection and the correlation number of the request on it.
package struct Asker: Hashable, Sendable {
    package let connection: ConnectionID
    package let correlation: UInt64
    package init(connection: ConnectionID, correlation: UInt64) {
        self.connection = connection
        self.correlation = correlation
    }
}

/// Everything that a coordinator's shell carries out.
package enum CoordinatorEffect: Hashable, Sendable {
    case reply(Asker, Reply)
    case order(ConnectionID, NodeOrder)
    case immediate(Immediate)

    /// What may leave at once: it rests on nothing that could still be lost.
    package enum Immediate: Hashable, Sendable {
        /// From here on the peer may send payloads up to this.
        case welcome(ConnectionID, Welcome, payloadByteCountMax: Int)
        case renew(ConnectionID, Renewal)
        /// Overload and protocol errors: nothing happened.
        case turnAway(Asker, Refusal)
        /// Whoever reads the log answers, from what is durable alone.
        case readPage(Asker, BackupPlace)
        case close(ConnectionID, Complaint)
        /// For the diagnostics log.
        case note(Note)
    }
}

/// A sentence for the diagnostics log.
package struct Note: Hashable, Sendable {
    /// How much it matters.
    package enum Level: UInt8, Sendable {
        case info = 1
        case warning = 2
        /// Somebody should look now.
        case alarm = 3
    }

    package let level: Level
    package let text: String
    package init(_ level: Level, _ text: String) {
        self.level = level
        self.text = text
    }
}

/// The coordinator's effects and records on their way out.
package typealias CoordinatorBuffer = EffectBuffer<LogEntry, CoordinatorEffect>

extension EffectBuffer where Entry == LogEntry, Effect == CoordinatorEffect {
    /// A record, and the reply that exists only behind it.
    mutating func record(_ entry: LogEntry, thenReply reply: Reply, to asker: Asker) {
        append(entry)
        if isPlanted(.repliesBeforeRecord) { return release(.reply(asker, reply)) }
        hold(.reply(asker, reply), behind: entry.index)
    }

    /// A record, and the orders that leave only behind it.
    mutating func record(_ entry: LogEntry, thenSend orders: [(ConnectionID, NodeOrder)] = []) {
        append(entry)
        for (connection, order) in orders { hold(.order(connection, order), behind: entry.index) }
    }

    /// An answer that was computed on everything up to `applied`.
    mutating func observed(_ reply: Reply, to asker: Asker, applied: RecordIndex) {
        hold(.reply(asker, reply), behind: applied)
    }

    /// An order that rests on everything up to `applied`.
    mutating func observed(_ order: NodeOrder, to connection: ConnectionID, applied: RecordIndex) {
        hold(.order(connection, order), behind: applied)
    }

    /// Something that rests on nothing.
    mutating func now(_ immediate: CoordinatorEffect.Immediate) { release(.immediate(immediate)) }
}
