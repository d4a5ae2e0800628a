import LeaseholdLog
import LeaseholdModel
import LeaseholdPlatform
import LeaseholdProtocol
import LeaseholdTransport
import Synchronization

/// The classes of what waits for the owner, first served first (L10).
///
/// Full classes shed, ends of connections never: there is one for each hello that was admitted.
enum InboxClass: Int, MailboxClass {
    case hello = 0
    /// Ends of connections.
    case end = 1
    /// What is found in the log.
    case log = 2
    /// What frees capacity: retirements, answers to orders, releases.
    case retirement = 3
    /// Reports and heartbeats.
    case heartbeat = 4
    case change = 5
    case query = 6
    /// What agents say of devices, for people.
    case detail = 7

    var countMax: Int {
        switch self {
        case .hello: Limits.connectionCountMax
        // Of connections that stood, and of those whose hello waits.
        case .end: Limits.connectionCountMax * 2
        case .log: Limits.logQuestionCountMax
        case .retirement: Limits.inboxRetirementCountMax
        case .heartbeat: Limits.inboxHeartbeatCountMax
        case .change: Limits.inboxChangeCountMax
        case .query: Limits.inboxQueryCountMax
        case .detail: Limits.inboxDetailCountMax
        }
    }
}

typealias CoordinatorMailbox = Mailbox<CoordinatorEvent, InboxClass>

/// Turns what arrives on connections into events of the owner.
///
/// Runs on event loops; knows nothing about leases.
final class CoordinatorInbox: Sendable {
    private let mailbox: CoordinatorMailbox
    private let report: ReportBox
    private let follower: Follower
    /// Connections whose hello was admitted: the owner knows them, and has to hear of their end.
    private let known = Mutex<Set<ConnectionID>>([])

    init(mailbox: CoordinatorMailbox, report: ReportBox, follower: Follower) {
        self.mailbox = mailbox
        self.report = report
        self.follower = follower
    }

    /// What a frame server tells this inbox.
    var events: ConnectionEvents {
        ConnectionEvents(
            opened: { _, _ in },
            arrived: { connection, arrivals in self.take(arrivals, from: connection) },
            closed: { connection, _ in self.end(connection) })
    }

    private func end(_ connection: ConnectionID) {
        guard known.withLock({ $0.remove(connection) }) != nil else { return }
        let admission = mailbox.post(.disconnected(connection), .end)
        precondition(admission != .full, "more ends of connections wait than there can be connections")
    }

    private func greet(_ hello: Hello, from connection: ConnectionID) -> Bool {
        // A head that cannot be shown could be the one that proves a loss (L9): its agent comes again.
        if hello.principal.role == .agent, let head = hello.ledgerHead {
            guard follower.show(head, of: connection) else { return false }
        }
        guard mailbox.post(.helloArrived(connection, hello), .hello) != .full else { return false }
        known.withLock { _ = $0.insert(connection) }
        return true
    }

    private func take(_ arrivals: [Arrival], from connection: ConnectionID) -> LeaseholdTransport.Admission {
        var shed: [UInt64] = []
        for arrival in arrivals {
            if case .hello(let hello) = arrival.message {
                guard greet(hello, from: connection) else {
                    return .complained(Complaint(.tooMany, "too many hellos wait; try again in a second"))
                }
                continue
            }
            if case .request(let envelope) = arrival.message, case .countersignHead(let signed) = envelope.request {
                let asker = Asker(connection: connection, correlation: arrival.correlation)
                if follower.look(at: signed, envelope.key, from: asker) != .admitted {
                    shed.append(arrival.correlation)
                }
                continue
            }
            guard let (event, kind) = event(for: arrival, on: connection) else {
                return .complained(
                    Complaint(.notForRole, "a message that only a coordinator sends, or that is for a guard"))
            }
            switch mailbox.post(event, kind) {
            case .admitted, .closed: continue
            case .full:
                // A heartbeat that is lost is missed like any other, and a detail is said again; whoever asked gets an
                // answer.
                if case .requestArrived = event { shed.append(arrival.correlation) }
            }
        }
        guard !shed.isEmpty else { return .taken }
        report.countShed(shed.count)
        return .shed(shed, retryAfter: Limits.overloadedRetry)
    }

    private func event(
        for arrival: Arrival, on connection: ConnectionID
    ) -> (CoordinatorEvent, InboxClass)? {
        switch arrival.message {
        case .request(let envelope):
            return (
                .requestArrived(Asker(connection: connection, correlation: arrival.correlation), envelope),
                envelope.request.isRelease ? .retirement : envelope.request.isChange ? .change : .query
            )
        case .agent(let message): return (.agentSpoke(connection, message), kind(of: message))
        case .hello, .welcome, .reply, .order, .guardOrder, .guardAnswer, .complaint: return nil
        }
    }

    private func kind(of message: AgentMessage) -> InboxClass {
        switch message {
        case .report, .heartbeat: .heartbeat
        case .started, .grantRefused, .retired, .sanitised: .retirement
        case .detail: .detail
        }
    }
}
