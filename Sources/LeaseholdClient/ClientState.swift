import LeaseholdModel
import LeaseholdTransport

/// One request that has no answer yet.
struct PendingRequest: Sendable {
    let exchange: Exchange
    /// Its frame, sent again as it is after a loss.
    let bytes: [UInt8]
    let timer: Alarm
    /// Where the events go, for a watch.
    let buffer: EventBuffer?
    /// Sent over a connection that still stands.
    var isSent = false
    /// Sent over one that was lost: a change may have happened.
    var wasLost = false
    /// Why it waits, where the coordinator had no room for it.
    var overloaded: Refusal?

    func settle(_ result: Result<Reply, ClientFailure>) {
        timer.cancel()
        exchange.settle(result)
    }
}

/// Everything that changes in a client, behind its one lock.
struct ClientState: Sendable {
    /// Where the connection is.
    enum Link: Sendable {
        /// No connection, and nobody is making one.
        case down
        /// Waits before it tries again.
        case resting
        /// Trying the address at this position; the number tells attempts apart.
        case connecting(attempt: UInt64, position: Int)
        /// Connected; the welcome has not come yet.
        case greeting(attempt: UInt64, position: Int, ConnectionID)
        case open(attempt: UInt64, ConnectionID)
    }

    var link = Link.down
    var lastAttempt: UInt64 = 0
    /// Failed rounds over all addresses since the last welcome.
    var failedRoundCount = 0
    var wasEverWelcome = false
    /// What the peer complained about on the connection that stands.
    var complaint: Complaint?
    var lastReason = "no connection in time"

    var lastCorrelation: UInt64 = 0
    var pending: [UInt64: PendingRequest] = [:]
    /// To be sent, in order.
    var queue: [UInt64] = []
    var sentCount = 0
    var watches: [UInt64: EventBuffer] = [:]
    var isFlushScheduled = false
    var isEnded = false

    init() {}

    /// What is left after the client was closed.
    init(ended old: ClientState) {
        lastCorrelation = old.lastCorrelation
        isEnded = true
    }

    var connection: ConnectionID? {
        switch link {
        case .down, .resting, .connecting: nil
        case .greeting(_, _, let connection), .open(_, let connection): connection
        }
    }

    /// Takes a request off the table; nil where it was settled before.
    mutating func take(_ correlation: UInt64) -> PendingRequest? {
        guard let request = pending.removeValue(forKey: correlation) else { return nil }
        if request.isSent { sentCount -= 1 }
        return request
    }

    /// Takes every open request, in the order of asking.
    mutating func takeAll() -> [PendingRequest] {
        pending.keys.sorted().compactMap { take($0) }
    }

    /// The connection is lost: what was sent waits again, in front and in the order of asking.
    mutating func requeueSent() {
        for correlation in pending.keys where pending[correlation]?.isSent == true {
            pending[correlation]?.isSent = false
            pending[correlation]?.wasLost = true
            queue.append(correlation)
        }
        queue.sort()
        sentCount = 0
    }
}
