import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import LeaseholdProtocol
import LeaseholdTransport

/// What waits for an agent's owner.
enum AgentInput: Sendable {
    case event(AgentEvent)
    case dialFailed(Peer, TransportFailure)
    case nodeTold(NodeWord)
    /// Something that the peer said before it hung up.
    case complained(Peer, Complaint)

    /// Who is at the other end.
    enum Peer: Sendable {
        case coordinator
        case guardian
    }
}

/// The classes of what waits for an agent's owner, first served first (L10).
enum AgentClass: Int, MailboxClass {
    /// Beginnings and ends of connections, what the guard says, and what the driver does: never shed.
    case link = 0
    /// Orders and renewals. A lost one is repeated by the coordinator.
    case order = 1

    var countMax: Int { Limits.inboxHeartbeatCountMax }
}

typealias AgentMailbox = Mailbox<AgentInput, AgentClass>

/// Turns what arrives on an agent's connections into events of its owner.
///
/// Runs on event loops.
struct AgentInbox: Sendable {
    let mailbox: AgentMailbox

    /// What the connection to a coordinator tells.
    var coordinatorEvents: ConnectionEvents {
        ConnectionEvents(
            opened: { connection, _ in must(.event(.connected(connection))) },
            arrived: { connection, arrivals in
                for arrival in arrivals {
                    switch arrival.message {
                    case .welcome(let welcome): must(.event(.welcomeArrived(connection, welcome)))
                    case .order(let order):
                        // A full inbox loses renewals and orders alike; both come again.
                        _ = mailbox.post(.event(.orderArrived(connection, order)), .order)
                    case .complaint(let complaint): must(.complained(.coordinator, complaint))
                    case .hello, .request, .reply, .agent, .guardOrder, .guardAnswer:
                        return .complained(Complaint(.notForRole, "a message that no coordinator sends to an agent"))
                    }
                }
                return .taken
            },
            closed: { connection, _ in must(.event(.disconnected(connection))) })
    }

    /// What the connection to the guard tells.
    var guardEvents: ConnectionEvents {
        ConnectionEvents(
            opened: { connection, _ in must(.event(.guardConnected(connection))) },
            arrived: { connection, arrivals in
                for arrival in arrivals {
                    switch arrival.message {
                    case .guardAnswer(let answer): must(.event(.guardAnswered(connection, answer)))
                    case .complaint(let complaint): must(.complained(.guardian, complaint))
                    case .hello, .welcome, .request, .reply, .agent, .order, .guardOrder:
                        return .complained(Complaint(.notForRole, "a message that no guard sends"))
                    }
                }
                return .taken
            },
            closed: { connection, _ in must(.event(.guardDisconnected(connection))) })
    }

    func must(_ input: AgentInput) {
        let admission = mailbox.post(input, .link)
        precondition(admission != .full, "\(AgentClass.link.countMax) answers of the guard wait for the agent")
    }
}
