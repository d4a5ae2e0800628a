import LeaseholdModel
import LeaseholdPlatform
import LeaseholdProtocol
import LeaseholdTransport

/// The classes of what waits for the owner, first served first (L10).
///
/// Full classes shed; the first two never are.
enum InboxClass: Int, MailboxClass {
    /// Hellos and ends of connections.
    case link = 0
    /// What frees capacity: retirements, answers to orders, releases.
    case retirement = 1
    /// Reports and heartbeats.
    case heartbeat = 2
    case change = 3
    case query = 4

    var countMax: Int {
        switch self {
        case .link: Limits.connectionCountMax * 4
        case .retirement: Limits.inboxRetirementCountMax
        case .heartbeat: Limits.inboxHeartbeatCountMax
        case .change: Limits.inboxChangeCountMax
        case .query: Limits.inboxQueryCountMax
        }
    }
}

typealias CoordinatorMailbox = Mailbox<CoordinatorEvent, InboxClass>

/// Turns what arrives on connections into events of the owner.
///
/// Runs on event loops; knows nothing about leases.
struct CoordinatorInbox: Sendable {
    let mailbox: CoordinatorMailbox
    let report: ReportBox

    /// What a frame server tells this inbox.
    var events: ConnectionEvents {
        ConnectionEvents(
            opened: { _, _ in },
            arrived: { connection, arrivals in take(arrivals, from: connection) },
            closed: { connection, _ in
                let admission = mailbox.post(.disconnected(connection), .link)
                precondition(admission != .full, "more ends of connections wait than there can be connections")
            })
    }

    private func take(_ arrivals: [Arrival], from connection: ConnectionID) -> LeaseholdTransport.Admission {
        var shed: [UInt64] = []
        for arrival in arrivals {
            guard let (event, kind) = event(for: arrival, on: connection) else {
                return .complained(
                    Complaint(.notForRole, "a message that only a coordinator sends, or that is for a guard"))
            }
            switch mailbox.post(event, kind) {
            case .admitted, .closed: continue
            case .full:
                // A heartbeat that is lost is missed like any other; whoever asked gets an answer.
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
        case .hello(let hello): (.helloArrived(connection, hello), .link)
        case .request(let envelope):
            (
                .requestArrived(Asker(connection: connection, correlation: arrival.correlation), envelope),
                envelope.request.isRelease ? .retirement : envelope.request.isChange ? .change : .query
            )
        case .agent(let message): (.agentSpoke(connection, message), kind(of: message))
        case .welcome, .reply, .order, .guardOrder, .guardAnswer, .complaint: nil
        }
    }

    private func kind(of message: AgentMessage) -> InboxClass {
        switch message {
        case .report, .heartbeat: .heartbeat
        case .started, .grantRefused, .retired: .retirement
        }
    }
}
