import LeaseholdBroker
import LeaseholdModel
import LeaseholdProtocol

/// Short words for what clients and agents say.
extension CoordinatorBench {
    static let operations = Principal(role: .operator, name: "ops")
    static func tenant(_ name: String) -> Principal { Principal(role: .tenant, name: name) }
    static let agent = Principal(role: .agent, name: "agent")

    /// The operator's connection.
    static let ops = ConnectionID(rawValue: 1)
    /// The connections of the tenants.
    static let acme = ConnectionID(rawValue: 2)
    static let bolt = ConnectionID(rawValue: 3)
    /// The connection on which a node is served.
    static func agent(_ node: Int) -> ConnectionID { ConnectionID(rawValue: UInt64(10 + node)) }

    static func node(_ node: Int) -> NodeID { NodeID(rawValue: UInt32(node)) }
    static func path(_ node: Int) -> String { "site/hall/rack-\(node / 2 + 1)/node-\(node + 1)" }
    static func calendar(_ time: Span) -> CalendarInstant {
        CalendarInstant(nanoseconds: 1_800_000_000_000_000_000) + time
    }
    /// The head of the bench's log after the group that ends with a record.
    static func head(_ index: RecordIndex) -> LogHead {
        LogHead(index: index, chain: ChainHash(words: (index.rawValue, 0, 0, 0)))
    }
    var head: LogHead { CoordinatorBench.head(machine.book.head) }

    // MARK: Clients

    static func hello(_ principal: Principal, seen: SeenReign? = nil, version: UInt16 = Hello.version) -> Hello {
        Hello(
            versions: version...version, principal: principal, incarnation: Incarnation(high: 1, low: 1),
            boot: BootID(high: 1, low: 1), seen: seen)
    }

    mutating func joinClients(at time: Span) {
        tell(.helloArrived(CoordinatorBench.ops, CoordinatorBench.hello(CoordinatorBench.operations)), at: time)
        for (connection, name) in [(CoordinatorBench.acme, "acme"), (CoordinatorBench.bolt, "bolt")] {
            tell(.helloArrived(connection, CoordinatorBench.hello(CoordinatorBench.tenant(name))), at: time)
        }
    }

    mutating func newKey(at time: Span, body: UInt64 = 1) -> RequestKey {
        let chance = nextCorrelation()
        let wall = CoordinatorBench.calendar(time) + calendarStep
        return RequestKey(id: RequestID(at: wall, chance: (chance, chance)), bodyHash: body)
    }

    /// A request on a connection; returns who waits for the answer.
    ///
    /// A change gets a new id.
    @discardableResult
    mutating func ask(
        _ request: Request, on connection: ConnectionID = CoordinatorBench.ops, at time: Span
    ) -> Asker {
        let key = request.isChange ? newKey(at: time) : nil
        return ask(request, as: key, on: connection, at: time)
    }

    /// A request with a certain id, or none.
    @discardableResult
    mutating func ask(
        _ request: Request, as key: RequestKey?, on connection: ConnectionID = CoordinatorBench.ops, at time: Span
    ) -> Asker {
        let asker = Asker(connection: connection, correlation: nextCorrelation())
        tell(.requestArrived(asker, RequestEnvelope(key: key, request: request)), at: time)
        return asker
    }

    static func terms(
        _ count: UInt32 = 1, _ unit: LeaseUnit = .node, tenant: String = "acme", term: Span = .hours(2),
        onSilence: SilenceMode = .fence
    ) -> LeaseTerms {
        LeaseTerms(tenant: tenant, unit: unit, count: count, kinds: [], end: .after(term), onSilence: onSilence)
    }

    /// A lease of whole nodes that must be granted; the id is the index of the record.
    mutating func lease(
        nodes: UInt32 = 1, tenant: String = "acme", term: Span = .hours(2), onSilence: SilenceMode = .fence,
        at time: Span
    ) -> LeaseID {
        let terms = CoordinatorBench.terms(nodes, tenant: tenant, term: term, onSilence: onSilence)
        ask(.createLease(terms), at: time)
        guard case .leaseGranted = log.last?.record else {
            preconditionFailure("\(String(describing: log.last)) is no grant")
        }
        return LeaseID(rawValue: machine.book.head.rawValue)
    }

    /// A tenant gives a lease back.
    mutating func release(_ lease: LeaseID, at time: Span) { ask(.releaseLease(lease), at: time) }

    // MARK: Agents

    static func condition(
        _ live: [LiveGrant] = [], unhealthy: GPUSet = .none, isGuarded: Bool = true
    ) -> NodeCondition {
        NodeCondition(live: live, unhealthy: unhealthy, isGuarded: isGuarded, drawn: Watts(500))
    }

    static func report(
        _ node: Int, kind: String = "H100", gpuCount: Int = 4, hardware: UInt64? = nil, highest: Epoch = .zero,
        slices: [SliceEpoch] = [], condition: NodeCondition = CoordinatorBench.condition(), witness: UInt64 = 0,
        witnessLeader: UInt64 = 1, path: String? = nil, traits: NodeTraits = []
    ) -> AgentMessage {
        .report(
            NodeReport(
                node: path ?? CoordinatorBench.path(node), kind: kind, gpuCount: gpuCount,
                hardware: hardware ?? UInt64(100 + node),
                highest: SeenEpochs(gpus: Array(repeating: highest, count: gpuCount), slices: slices),
                condition: condition,
                witness: WitnessedHead(
                    head(RecordIndex(rawValue: witness)), by: Incarnation(high: 0, low: witnessLeader)),
                traits: traits))
    }

    /// The hello of the process that serves a node.
    mutating func greet(_ node: Int, seen: SeenReign? = nil, at time: Span) {
        let hello = CoordinatorBench.hello(CoordinatorBench.agent, seen: seen)
        tell(.helloArrived(CoordinatorBench.agent(node), hello), at: time)
    }

    /// A process says hello and reports its node.
    mutating func attach(_ node: Int, at time: Span) {
        greet(node, at: time)
        tell(.agentSpoke(CoordinatorBench.agent(node), CoordinatorBench.report(node)), at: time)
    }

    /// Every node has reported and sent its first heartbeat; nothing of that is left to be seen.
    mutating func attachAll(at time: Span) {
        for node in 0..<nodeCount {
            attach(node, at: time)
            beat(node, at: time)
        }
        clear()
    }

    /// The next heartbeat of a node's session; it echoes the heartbeat before it unless told otherwise.
    mutating func beat(
        _ node: Int, echo: UInt64? = nil, condition: NodeCondition = CoordinatorBench.condition(),
        witness: UInt64 = 0, at time: Span
    ) {
        let session = nextBeat(of: node)
        let heartbeat = Heartbeat(
            node: CoordinatorBench.node(node), session: session.id, number: session.number,
            echo: HeartbeatNumber(rawValue: echo ?? session.number.rawValue - 1), condition: condition,
            witness: RecordIndex(rawValue: witness))
        tell(.agentSpoke(session.connection, .heartbeat(heartbeat)), at: time)
    }

    /// The next heartbeat of a node that runs a lease.
    mutating func beat(_ node: Int, running lease: LeaseID, at time: Span) {
        beat(node, condition: CoordinatorBench.condition([live(lease)]), at: time)
    }

    /// What an agent says of a node on the connection of the node's session.
    mutating func say(_ messages: AgentMessage..., of node: Int, at time: Span) {
        let connection = sessions[node]?.connection ?? CoordinatorBench.agent(node)
        tell(messages.map { .agentSpoke(connection, $0) }, at: time)
    }

    // MARK: What is expected

    /// The epoch of a lease; zero for one that was never granted.
    func epoch(_ lease: LeaseID) -> Epoch { machine.book.lease(lease)?.epoch ?? .zero }

    /// A grant under the newest session of a node; session 0 where it has none.
    func name(_ lease: LeaseID, on node: Int) -> GrantName {
        GrantName(
            node: CoordinatorBench.node(node), session: sessions[node]?.id ?? SessionID(rawValue: 0), lease: lease,
            epoch: epoch(lease))
    }

    /// A whole node's grant, as a node reports it.
    func live(_ lease: LeaseID, phase: GrantPhase = .running) -> LiveGrant {
        LiveGrant(lease: lease, epoch: epoch(lease), gpus: .first(4), phase: phase)
    }

    /// The order that grants a whole node, behind the log's head.
    func granting(
        _ lease: LeaseID, on node: Int, after number: UInt64, remaining: Span? = nil
    ) -> CoordinatorEffect {
        .order(
            CoordinatorBench.agent(node),
            .grant(
                GrantOrder(
                    name: name(lease, on: node), gpus: .first(4), onSilence: remaining == nil ? .fence : .keep,
                    number: HeartbeatNumber(rawValue: number), remaining: remaining, envelope: Watts(4_800),
                    head: head)))
    }

    /// The order that retires a whole node, behind the log's head.
    func retiring(_ lease: LeaseID, on node: Int) -> CoordinatorEffect {
        .order(
            CoordinatorBench.agent(node),
            .retire(RetireOrder(name: name(lease, on: node), gpus: .first(4), head: head)))
    }

    /// The answer to the last heartbeat of a node.
    func renewing(_ holds: [HoldRenewal], on node: Int) -> CoordinatorEffect {
        guard let session = sessions[node] else { preconditionFailure("node \(node) has no session") }
        return .immediate(
            .renew(
                session.connection,
                Renewal(
                    node: CoordinatorBench.node(node), session: session.id, number: session.number, holds: holds,
                    head: machine.status.head)))
    }

    func hold(_ lease: LeaseID, remaining: Span? = nil) -> HoldRenewal {
        HoldRenewal(lease: lease, epoch: epoch(lease), remaining: remaining)
    }
}
