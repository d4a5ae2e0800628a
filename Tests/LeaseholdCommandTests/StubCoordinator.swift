import LeaseholdClient
import LeaseholdModel
import LeaseholdTransport
import LeaseholdWire
import NIOPosix
import Synchronization

/// A coordinator that says what a test tells it to, over real connections on this machine.
final class StubCoordinator: Sendable {
    /// A request as it arrived; correlation numbers tell requests of one client apart.
    struct Asked: Sendable {
        let envelope: RequestEnvelope
        let correlation: UInt64
        /// From 1, in order of connecting.
        let connectionNumber: Int
        /// From 1, over all connections.
        let requestNumber: Int
        /// Messages that came in one burst with it, itself included.
        let burstCount: Int
    }

    /// What the stub does about a request.
    enum Act: Sendable {
        case reply(Reply)
        /// Answers another request of the same connection.
        case replyTo(UInt64, Reply)
        case complain(Complaint)
        case hangUp
        /// Hangs up, and nobody listens any more.
        case die
    }

    private struct State {
        var numbers: [ConnectionID: Int] = [:]
        var requestCount = 0
        var asked: [Asked] = []
        var server: FrameServer?
    }

    private let state = Mutex(State())
    private let connections = Connections(group: MultiThreadedEventLoopGroup.singleton)
    private let script: @Sendable (Asked) -> [Act]

    /// Answers every request with what the script says; listens once `start` has returned.
    init(script: @escaping @Sendable (Asked) -> [Act]) {
        self.script = script
    }

    /// Listens on a free port, and returns its address as text.
    func start() async throws -> String {
        let events = ConnectionEvents(
            opened: { connection, _ in
                self.state.withLock { $0.numbers[connection] = $0.numbers.count + 1 }
            },
            arrived: { self.arrived($1, over: $0) }, closed: { _, _ in })
        let server = try await FrameServer.listen(
            on: .tcp(host: "127.0.0.1", port: 0), group: MultiThreadedEventLoopGroup.singleton,
            connections: connections, events: events)
        state.withLock { $0.server = server }
        return server.endpoint.description
    }

    /// Everything that was asked so far.
    var asked: [Asked] { state.withLock { $0.asked } }

    private func arrived(_ batch: [Arrival], over connection: ConnectionID) -> Admission {
        for (message, correlation) in batch {
            switch message {
            case .hello:
                connections.admit(connection, payloadByteCountMax: Limits.framePayloadByteCountMax)
                connections.send([(connection, WireCodec.encode(.welcome(StubCoordinator.welcome), correlation: 0))])
            case .request(let envelope):
                let asked = state.withLock { state in
                    state.requestCount += 1
                    let asked = Asked(
                        envelope: envelope, correlation: correlation,
                        connectionNumber: state.numbers[connection] ?? 0, requestNumber: state.requestCount,
                        burstCount: batch.count)
                    state.asked.append(asked)
                    return asked
                }
                for act in script(asked) { perform(act, for: correlation, over: connection) }
            default: return .complained(Complaint(.messageUnknown, "a stub takes requests"))
            }
        }
        return .taken
    }

    private func perform(_ act: Act, for correlation: UInt64, over connection: ConnectionID) {
        switch act {
        case .reply(let reply): perform(.replyTo(correlation, reply), for: correlation, over: connection)
        case .replyTo(let correlation, let reply):
            connections.send([(connection, WireCodec.encode(.reply(reply), correlation: correlation))])
        case .complain(let complaint): connections.close(connection, after: complaint)
        case .hangUp: connections.close(connection, after: nil)
        case .die:
            state.withLock { $0.server }?.abandon()
            connections.close(connection, after: nil)
        }
    }

    static let welcome = Welcome(
        version: 1, cluster: "stub",
        reign: SeenReign(
            log: LogID(high: 1, low: 2), reign: Reign(rawValue: 3), incarnation: Incarnation(high: 4, low: 5)),
        holds: .standard, head: .empty, ledgerKey: "")
}
