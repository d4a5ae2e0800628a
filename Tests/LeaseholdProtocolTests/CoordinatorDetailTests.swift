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
    private mutating func shown(_ node: Int) -> NodeDetail? {
        _ = bench.seen()
        let asker = bench.ask(.showNode(name: Bench.path(node)), at: .seconds(4))
        guard case .reply(asker, .node(let view))? = bench.seen().first else {
            Issue.record("node \(node) is not shown")
            return nil
        }
        return view.detail
    }
}
