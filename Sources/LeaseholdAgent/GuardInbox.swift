import LeaseholdModel
import LeaseholdPlatform
import LeaseholdProtocol
import LeaseholdTransport

/// The one class of what waits for a guard's owner: there is one agent, and none of its orders may be lost.
enum GuardClass: Int, MailboxClass {
    case order = 0

    var countMax: Int { Limits.inboxHeartbeatCountMax }
}

typealias GuardMailbox = Mailbox<GuardEvent, GuardClass>

/// Turns what arrives on the guard's socket into events of its owner.
///
/// Runs on event loops.
struct GuardInbox: Sendable {
    let mailbox: GuardMailbox

    /// What the frame server tells this inbox.
    var events: ConnectionEvents {
        ConnectionEvents(
            opened: { connection, _ in must(.agentConnected(connection)) },
            arrived: { connection, arrivals in
                for arrival in arrivals {
                    guard case .guardOrder(let order) = arrival.message else {
                        return .complained(Complaint(.notForRole, "a message that is not for a guard"))
                    }
                    guard mailbox.post(.ordered(connection, order), .order) != .full else {
                        // The agent connects again, asks what is held, and repeats what is missing.
                        return .complained(Complaint(.tooMany, "\(GuardClass.order.countMax) orders wait already"))
                    }
                }
                return .taken
            },
            closed: { connection, _ in must(.agentDisconnected(connection)) })
    }

    private func must(_ event: GuardEvent) {
        // Where even this does not fit, the agent's next connection says the same.
        _ = mailbox.post(event, .order)
    }
}
