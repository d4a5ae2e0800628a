import LeaseholdModel
import LeaseholdProtocol
import Testing

/// What an agent tells of its devices, for people; heartbeats come every second here.
@Suite("the agent's word about its devices")
struct AgentDetailTests {
    let coordinator = ConnectionID(rawValue: 1)
    let node = NodeID(rawValue: 7)
    var bench = AgentBench()

    @Test("what was read before there is a session is told when one stands, and not before")
    mutating func beforeAttach() {
        bench.begin()
        read("a", at: 0)
        welcome(at: 1)
        read("b", at: 2)
        #expect(told() == [])
        attach(session: 1, at: 3)
        #expect(told() == ["b"])
    }

    @Test("the word goes out behind the heartbeat, under its session")
    mutating func underItsSession() {
        bench.begin()
        welcome(at: 1)
        attach(session: 5, at: 1)
        bench.clear()
        read("a", at: 2)
        let expected = AgentMessage.detail(
            node: node, session: SessionID(rawValue: 5), AgentDetailTests.detail("a", at: 2))
        #expect(bench.sent(on: coordinator) == [expected])
        read("b", at: 2)
        bench.tell(.devicesRead([DeviceReading(unhealthy: .none, drawn: .zero)]), at: 3)
        let sent = bench.sent(on: coordinator)
        #expect(sent.count == 2)
        guard case .heartbeat? = sent.first else {
            Issue.record("\(sent)")
            return
        }
    }

    @Test("within an interval only the newest word waits, and goes with the next beat")
    mutating func coalesced() {
        bench.begin()
        welcome(at: 1)
        attach(session: 1, at: 1)
        read("a", at: 1)
        #expect(told() == ["a"])
        read("b", at: 1)
        read("c", at: 1)
        #expect(told() == [])
        beat(at: 2)
        #expect(told() == ["c"])
        beat(at: 3)
        #expect(told() == [])
    }

    @Test("a word that says again what was told last is not told, whatever came between")
    mutating func backAgain() {
        bench.begin()
        welcome(at: 1)
        attach(session: 1, at: 1)
        read("a", at: 1)
        read("b", at: 1)
        read("a", at: 1)
        _ = bench.sent(on: coordinator)
        beat(at: 2)
        #expect(told() == [])
    }

    @Test("the same again is told after a pause: a coordinator that was busy has lost the first")
    mutating func afterAPause() {
        bench.begin()
        welcome(at: 1)
        attach(session: 1, at: 1)
        read("a", at: 1)
        _ = told()
        read("a", at: 300)
        beat(at: 300)
        #expect(told() == [])
        beat(at: 301)
        #expect(told() == ["a"])
    }

    @Test("each new session is told once, though nothing changed; one that ended is told nothing")
    mutating func newSession() {
        bench.begin()
        welcome(at: 1)
        attach(session: 1, at: 1)
        read("a", at: 1)
        #expect(told() == ["a"])
        bench.tell(.orderArrived(coordinator, .reportRefused(node: AgentBench.path, reason: "none")), at: 1)
        read("b", at: 5)
        #expect(told() == [])
        attach(session: 2, at: 6)
        #expect(told() == ["b"])
        attach(session: 3, at: 6)
        #expect(told() == ["b"])
        bench.tell(.disconnected(coordinator), at: 7)
        read("c", at: 9)
        #expect(told() == [])
    }

    @Test("how long the guard takes to end work goes along, and is a trouble where it is more than it may be (L5)")
    mutating func evictions() {
        bench.begin()
        let (guardian, slot) = (ConnectionID(rawValue: 7), NodeSlot(rawValue: 0))
        bench.tell(.guardConnected(guardian), at: 0)
        welcome(at: 1)
        attach(session: 1, at: 1)
        read("a", at: 1)
        bench.clear()
        let slow = EvictionTimes(count: 2, slowest: .seconds(3))
        bench.tell(.guardAnswered(guardian, .evicted(slot, slow)), at: 2)
        bench.tell(.guardAnswered(guardian, .holds([], areLast: true)), at: 2)
        beat(at: 3)
        let told = bench.sent(on: coordinator).compactMap {
            if case .detail(_, _, let detail) = $0 { detail } else { nil }
        }
        #expect(told.map(\.evictions) == [slow])
        #expect(told.first?.troubles.map(\.what) == ["it took 3s to end work, 1s is what it may"])
        #expect(told.first?.troubles.first?.component == "guard")
    }

    @Test("it rests on nothing in the journal, so it does not wait for it")
    mutating func restsOnNothing() {
        bench.begin()
        welcome(at: 1)
        attach(session: 1, at: 1)
        bench.clear()
        bench.isDurable = false
        let retire = RetireOrder(
            name: GrantName(
                node: node, session: SessionID(rawValue: 1), lease: LeaseID(rawValue: 9),
                epoch: Epoch(reign: Reign(rawValue: 1), index: RecordIndex(rawValue: 9))),
            gpus: .first(2), head: .empty)
        bench.tell(.orderArrived(coordinator, .retire(retire)), at: 2)
        read("a", at: 2)
        #expect(told() == ["a"])
    }

    // MARK: Words

    private mutating func welcome(at seconds: Int64) {
        let reign = SeenReign(
            log: LogID(high: 0, low: 1), reign: Reign(rawValue: 1), incarnation: Incarnation(high: 0, low: 1))
        let welcome = Welcome(
            version: 1, cluster: "test", reign: reign,
            holds: HoldSettings(hold: .seconds(10), eviction: .seconds(1), clockRateErrorPPM: 10_000), head: .empty,
            ledgerKey: "")
        bench.tell(.welcomeArrived(coordinator, welcome), at: seconds)
    }

    private mutating func attach(session: UInt64, at seconds: Int64) {
        let attached = NodeOrder.attached(node: AgentBench.path, id: node, session: SessionID(rawValue: session))
        bench.tell(.orderArrived(coordinator, attached), at: seconds)
    }

    private mutating func read(_ driver: String, at seconds: Int64) {
        bench.tell(.detailRead(NodeSlot(rawValue: 0), AgentDetailTests.detail(driver, at: seconds)), at: seconds)
    }

    private mutating func beat(at seconds: Int64) {
        bench.tell(.devicesRead([DeviceReading(unhealthy: .none, drawn: .zero)]), at: seconds)
    }

    /// The drivers of the details that were sent since the last look.
    private mutating func told() -> [String] {
        bench.sent(on: coordinator).compactMap {
            if case .detail(_, _, let detail) = $0 { detail.driver } else { nil }
        }
    }

    private static func detail(_ driver: String, at seconds: Int64) -> NodeDetail {
        NodeDetail(
            driver: driver, gpus: [], troubles: [], statedAt: CalendarInstant(nanoseconds: seconds * 1_000_000_000))
    }
}
