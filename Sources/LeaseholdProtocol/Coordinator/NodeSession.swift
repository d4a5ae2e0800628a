import LeaseholdModel

/// What the coordinator knows of a node beyond the book: volatile, and rebuilt by reports after a restart.
struct NodeContact: Hashable, Sendable {
    /// The session of the newest report; nil while the node is not connected.
    var session: NodeSession?
    /// Receipt of the last heartbeat that was renewed, or the beginning of the reign: every hold of the node counts
    /// as renewed then (L5).
    var renewedAt: BootInstant
    var drawn: Watts?
    /// When the node was last heard in this reign; nil before its first report.
    var heardAt: BootInstant?
    /// The grants that it listed in its last word, once there is no session any more.
    var lastLive: [LiveGrant] = []
    /// Whether the node's witness contradicts this log, so that no growth of the log ends its quarantine (L9).
    var isDiverged = false
    /// Before which nothing that it says of tickets is written down.
    var ticketsAgainAt = BootInstant.zero
    /// Grants from before a restore of the log that the newest report closes, though the book has them still (L4).
    var closed: [ClosedGrant] = []

    init(renewedAt: BootInstant) { self.renewedAt = renewedAt }

    /// Ends the session; what was said last still counts.
    mutating func part() {
        lastLive = session?.live ?? lastLive
        session = nil
    }
}

/// A grant that a node has closed.
struct ClosedGrant: Hashable, Sendable {
    let lease: LeaseID
    let epoch: Epoch
}

/// One node's talk with this reign, on one connection.
struct NodeSession: Hashable, Sendable {
    let id: SessionID
    let connection: ConnectionID
    /// What the report said that its hardware is.
    let hardware: UInt64
    /// What the report said that its agent can carve.
    let traits: NodeTraits
    /// The last heartbeat received; zero before the first.
    var number = HeartbeatNumber.zero
    /// When that heartbeat, or the report, was received.
    var receivedAt: Now
    /// When a heartbeat last showed that renewals arrive too.
    var evidencedAt: BootInstant
    var isGuarded: Bool
    /// The grants that it listed in its last word.
    var live: [LiveGrant]
    /// What the agent last said of the devices, for people; decides nothing.
    var detail: NodeDetail?
    /// Whether what it says of tickets may not all be in the log.
    var hasUnreadTickets = false
    /// Orders of this session that are not answered yet, and the heartbeat after which each was sent.
    var outstanding: [OutstandingOrder] = []

    init(
        id: SessionID, connection: ConnectionID, hardware: UInt64, traits: NodeTraits, receivedAt: Now, isGuarded: Bool,
        live: [LiveGrant]
    ) {
        self.id = id
        self.connection = connection
        self.hardware = hardware
        self.traits = traits
        self.receivedAt = receivedAt
        self.evidencedAt = receivedAt.boot
        self.isGuarded = isGuarded
        self.live = live
    }

    /// Whether an order about this grant should be sent (again): never sent, or two heartbeats ago and still open.
    func wantsOrder(_ lease: LeaseID, _ epoch: Epoch) -> Bool {
        guard let sent = outstanding.first(where: { $0.lease == lease && $0.epoch == epoch }) else { return true }
        return number.rawValue - sent.sentAfter.rawValue >= 2
    }

    /// Remembers that an order about this grant left after the last heartbeat.
    mutating func noteOrder(_ lease: LeaseID, _ epoch: Epoch) {
        forgetOrder(lease, epoch)
        outstanding.append(OutstandingOrder(lease: lease, epoch: epoch, sentAfter: number))
    }

    /// Forgets an order that was answered, or that should be sent again with the next heartbeat.
    mutating func forgetOrder(_ lease: LeaseID, _ epoch: Epoch) {
        outstanding.removeAll { $0.lease == lease && $0.epoch == epoch }
    }
}

/// An order that waits for its answer.
struct OutstandingOrder: Hashable, Sendable {
    let lease: LeaseID
    let epoch: Epoch
    let sentAfter: HeartbeatNumber
}

/// A partition that is on its way back: retired by the agent's word, or free after the wait (L5, L6).
struct Retirement: Hashable, Sendable {
    let lease: LeaseID
    let node: NodeID
    /// When silence alone frees it; nil where only the agent's word does.
    let freeAt: BootInstant?
}

/// A lease that some node has not started yet.
struct StartingLease: Equatable, Sendable {
    var pendingCount: Int
    /// Membership only; never walked.
    var started: Set<NodeID> = []
}

/// A connection that has said hello.
struct Peer: Hashable, Sendable {
    let principal: Principal
    let incarnation: Incarnation
    /// The highest reign that the peer had seen before this connection; nil for one of no log yet.
    let seen: SeenReign?
    /// Which hello of the reign it was.
    let order: UInt64
    /// The record of the newest signed head that a renewal has carried here.
    var shownHead = RecordIndex.zero
    /// The nodes that have reported on this connection, ascending; only for agents.
    private(set) var nodes: [NodeID] = []

    init(_ hello: Hello, order: UInt64) {
        self.principal = hello.principal
        self.incarnation = hello.incarnation
        self.seen = hello.seen
        self.order = order
    }

    /// Whether the node has reported on this connection.
    func carries(_ node: NodeID) -> Bool {
        let position = place(of: node)
        return position < nodes.count && nodes[position] == node
    }

    /// Takes in a node that reports, once.
    mutating func add(_ node: NodeID) {
        guard !carries(node) else { return }
        nodes.insert(node, at: place(of: node))
    }

    /// How many of the nodes come before this one.
    ///
    /// Reports come in order as a rule, so the end is looked at first.
    private func place(of node: NodeID) -> Int {
        guard let last = nodes.last, last >= node else { return nodes.count }
        var low = 0
        var high = nodes.count
        while low < high {
            let middle = (low + high) / 2
            if nodes[middle] < node { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
