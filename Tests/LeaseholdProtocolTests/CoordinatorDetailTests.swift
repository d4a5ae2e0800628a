import LeaseholdBroker
import LeaseholdModel
import LeaseholdProtocol
import Testing

@Suite("what agents say of devices, at the coordinator")
struct CoordinatorDetailTests {
    typealias Bench = CoordinatorBench
    var bench = CoordinatorBench()

    @Test("the newest word is shown with its node, and with no page of nodes")
    mutating func shown() {
        bench.attachAll(at: .seconds(1))
        say("a", of: 0)
        say("b", of: 0)
        #expect(shown(0)?.driver == "b")
        #expect(shown(1) == nil)
        bench.clear()
        let asker = bench.ask(.listNodes(Page(after: nil, countMax: 10)), at: .seconds(2))
        guard case .reply(asker, .nodes(let nodes, _))? = bench.seen().first else {
            Issue.record("no page of nodes")
            return
        }
        #expect(nodes.count == bench.nodeCount)
        #expect(nodes.allSatisfy { $0.detail == nil })
    }

    @Test("it is answered with nothing, recorded nowhere, and leaves the book as it was")
    mutating func decidesNothing() {
        bench.attachAll(at: .seconds(1))
        let before = bench.machine.book
        say("a", of: 0)
        #expect(bench.seen() == [])
        #expect(bench.recorded() == [])
        #expect(bench.machine.book == before)
    }

    @Test("it outlasts the heartbeats of its session")
    mutating func outlastsBeats() {
        bench.attachAll(at: .seconds(1))
        say("a", of: 0)
        bench.beat(0, at: .seconds(2))
        #expect(shown(0)?.driver == "a")
    }

    @Test("the word of another session, on another connection or of no node is dropped")
    mutating func stale() {
        bench.attachAll(at: .seconds(1))
        say("a", of: 0)
        guard let session = bench.sessions[0]?.id else { preconditionFailure("no session") }
        let other = SessionID(rawValue: session.rawValue + 50)
        let none = NodeID(rawValue: UInt32(bench.nodeCount))
        bench.clear()
        bench.tell(
            .agentSpoke(Bench.agent(0), detail("b", of: Bench.node(0), under: other)),
            .agentSpoke(Bench.agent(1), detail("c", of: Bench.node(0), under: session)),
            .agentSpoke(Bench.agent(0), detail("d", of: none, under: session)),
            .agentSpoke(Bench.agent(0), detail("e", of: NodeID(rawValue: .max), under: session)), at: .seconds(2))
        #expect(bench.seen() == [])
        #expect(shown(0)?.driver == "a")
    }

    @Test("it is gone with its session: when the connection ends, and when the node reports anew")
    mutating func goneWithItsSession() {
        bench.attachAll(at: .seconds(1))
        for node in [0, 1] { say("a", of: node) }
        bench.tell(.disconnected(Bench.agent(0)), at: .seconds(2))
        #expect(shown(0) == nil)
        bench.say(Bench.report(1), of: 1, at: .seconds(2))
        #expect(shown(1) == nil)
        say("b", of: 1)
        #expect(shown(1)?.driver == "b")
    }

    @Test("it is gone with the reign")
    mutating func goneWithTheReign() {
        bench.attachAll(at: .seconds(1))
        say("a", of: 0)
        bench.restart(at: .seconds(3))
        bench.joinClients(at: .seconds(3))
        #expect(shown(0) == nil)
    }

    @Test("nobody but an agent says it")
    mutating func onlyAgents() {
        bench.attachAll(at: .seconds(1))
        guard let session = bench.sessions[0]?.id else { preconditionFailure("no session") }
        bench.tell(.agentSpoke(Bench.acme, detail("a", of: Bench.node(0), under: session)), at: .seconds(2))
        guard case .immediate(.close(Bench.acme, let complaint))? = bench.seen().first else {
            Issue.record("the connection stands")
            return
        }
        #expect(complaint.code == .notForRole)
    }

    // MARK: Tickets

    private func ticket(_ number: UInt64, action: String = "reset the GPU") -> Ticket {
        Ticket(
            name: Ticket.Name(opened: Bench.calendar(.seconds(1)), number: number), gpu: 0, uuid: "GPU-0",
            component: "memory", action: action, done: nil, closing: nil)
    }

    /// The first node tells of its tickets at this second.
    private mutating func tell(_ tickets: [Ticket], at second: Int64) {
        guard let session = bench.sessions[0]?.id else { preconditionFailure("no session") }
        let detail = NodeDetail(
            driver: "a", gpus: [], troubles: [], tickets: ToldTickets(open: tickets, closed: []),
            statedAt: Bench.calendar(.seconds(second)))
        bench.say(.detail(node: Bench.node(0), session: session, detail), of: 0, at: .seconds(second))
    }

    @Test("tickets are written down by the node, once, and shown from the log when its session is gone")
    mutating func tickets() {
        bench.attachAll(at: .seconds(1))
        _ = bench.recorded()
        tell([ticket(1)], at: 2)
        #expect(bench.recorded() == [.ticketNoted(Bench.node(0), ticket(1), nil)])
        #expect(bench.log.last?.principal.role == .agent)
        tell([ticket(1)], at: 3)
        #expect(bench.recorded() == [])
        bench.tell(.disconnected(Bench.agent(0)), at: .seconds(4))
        #expect(bench.machine.openTicketCount == 1)
        let (first, second) = (shownNode(0), shownNode(1))
        #expect(first?.tickets == [ticket(1)] && first?.detail == nil && second?.tickets == [])
    }

    @Test("a node that changes its tickets all the time is written down once in a while, and its last word is (L10)")
    mutating func restless() {
        bench.attachAll(at: .seconds(1))
        _ = bench.recorded()
        tell([ticket(1)], at: 2)
        #expect(bench.recorded().count == 1)
        for second in 3...11 as ClosedRange<Int64> { tell([ticket(1, action: "\(second)")], at: second) }
        // Nor by a session of its own for each word.
        bench.say(Bench.report(0), of: 0, at: .seconds(11))
        _ = bench.recorded()
        tell([ticket(1, action: "11")], at: 11)
        #expect(bench.recorded() == [])
        // No word comes any more, and with the next heartbeat it is due.
        bench.beat(0, at: .seconds(12))
        #expect(bench.recorded() == [.ticketNoted(Bench.node(0), ticket(1, action: "11"), nil)])
        bench.beat(0, at: .seconds(17))
        #expect(bench.recorded() == [])
    }

    @Test("what a node tells of no more is closed by the coordinator's word, not by the node's")
    mutating func untold() {
        bench.attachAll(at: .seconds(1))
        tell([ticket(1)], at: 2)
        _ = bench.recorded()
        tell([], at: 20)
        let closed = ticket(1).closed(.untold, at: Bench.calendar(.seconds(20)))
        #expect(bench.recorded() == [.ticketNoted(Bench.node(0), closed, nil)])
        #expect(bench.log.last?.principal == .coordinator)
    }

    @Test("a log that is short of room takes none, and takes it when it has room again")
    mutating func strained() {
        bench.attachAll(at: .seconds(1))
        _ = bench.recorded()
        bench.tell(.logStrained(.noSegment(reason: "full")), at: .seconds(2))
        tell([ticket(1)], at: 2)
        #expect(bench.recorded() == [])
        bench.tell(.logStrained(nil), at: .seconds(3))
        bench.beat(0, at: .seconds(4))
        #expect(bench.recorded() == [.ticketNoted(Bench.node(0), ticket(1), nil)])
    }

    // MARK: Words

    private func detail(_ driver: String, of node: NodeID, under session: SessionID) -> AgentMessage {
        .detail(
            node: node, session: session,
            NodeDetail(driver: driver, gpus: [], troubles: [], statedAt: Bench.calendar(.seconds(1))))
    }

    /// An agent's word under its node's newest session.
    private mutating func say(_ driver: String, of node: Int) {
        guard let session = bench.sessions[node]?.id else { preconditionFailure("node \(node) has no session") }
        bench.say(detail(driver, of: Bench.node(node), under: session), of: node, at: .seconds(2))
    }

    /// What an operator is shown of a node's devices.
    private mutating func shown(_ node: Int) -> NodeDetail? { shownNode(node)?.detail }

    private mutating func shownNode(_ node: Int) -> NodeView? {
        _ = bench.seen()
        let asker = bench.ask(.showNode(name: Bench.path(node)), at: .seconds(4))
        guard case .reply(asker, .node(let view))? = bench.seen().first else {
            Issue.record("node \(node) is not shown")
            return nil
        }
        return view
    }
}
