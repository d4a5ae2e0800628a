package import LeaseholdModel
package import LeaseholdTransport
import LeaseholdWire
import Synchronization

/// How a client talks.
package struct ClientSettings: Sendable {
    /// How long a request may take, reconnecting and asking again included.
    package var timeout = Span.seconds(10)
    /// How long one address may take to accept a connection.
    package var connectTimeout = Span.seconds(5)
    /// Requests that are sent and not answered; more wait for room.
    package var windowCountMax = 256
    /// Requests that wait for room or a connection.
    package var waitingCountMax = 65_536
    /// Events that a watch holds for its reader.
    package var eventCountMax = Limits.eventHistoryCountMax
    /// From a failed attempt to connect again to the next; doubles up to `reconnectMax`.
    package var reconnectMin = Span.milliseconds(20)
    /// How long a client rests at most between two attempts to connect again.
    package var reconnectMax = Span.seconds(1)

    package init() {}
}

/// A client of the coordinator: requests in, replies out, many at once over one connection.
///
/// Requests leave in the order of `begin`. When the connection is lost they are sent again over the next one, under
/// the same request ids, so that a change still happens once; when the coordinator is overloaded the request waits as
/// long as it was told to. A request ends with a reply, or with a failure at its timeout. Only the very first
/// connection fails at once: nobody should wait for an address that was never right.
package final class BrokerClient: Sendable {
    let endpoints: [Endpoint]
    let settings: ClientSettings
    let connections: Connections
    let frames: FrameClient
    let loops: EventLoops
    let hello: Hello
    let state = Mutex(ClientState())

    /// A client that connects with its first request.
    package init(
        to addresses: CoordinatorAddresses, as principal: Principal, settings: ClientSettings = ClientSettings(),
        security: ChannelSecurity = .plaintext, loops: EventLoops = .shared
    ) {
        self.endpoints = addresses.endpoints
        self.settings = settings
        self.connections = Connections(group: loops.group)
        self.frames = FrameClient(group: loops.group, connections: connections, security: security)
        self.loops = loops
        var generator = SystemRandomNumberGenerator()
        self.hello = Hello(
            versions: Hello.version...Hello.version, principal: principal,
            incarnation: Incarnation(high: generator.next(), low: generator.next()), boot: BootID(high: 0, low: 0),
            seen: nil)
    }

    /// Asks, and keeps the place in line: requests leave in the order of these calls.
    ///
    /// Await `reply()` on the result. A change needs an id; a query takes none.
    package func begin(_ request: Request, id: RequestID?) -> Exchange {
        begin(request, id: id, buffer: nil)
    }

    /// Asks and waits for the answer.
    package func send(_ request: Request, id: RequestID?) async throws(ClientFailure) -> Reply {
        try await begin(request, id: id).reply()
    }

    /// What a watch began with.
    package enum WatchStart: Sendable {
        case events(EventStream, from: RecordIndex)
        case refused(Refusal)
    }

    /// Starts a watch.
    ///
    /// It ends with the connection: `ClientFailure.watchLost` names the index to go on from.
    package func watch(_ filter: EventFilter) async throws(ClientFailure) -> WatchStart {
        let buffer = EventBuffer(countMax: settings.eventCountMax)
        switch try await begin(.watchEvents(filter), id: nil, buffer: buffer).reply() {
        case .watching(let from): return .events(EventStream(buffer: buffer), from: from)
        case .refused(let refusal): return .refused(refusal)
        case .status, .fleetImported, .fleet, .nodes, .node, .tenant, .tenants, .quote, .declined, .granted,
            .waitlisted, .leases, .lease, .released, .cancelled, .extended, .resized, .explained, .event, .cordon,
            .shown, .countersigned, .backupPage:
            throw .closed(Complaint(.messageUnknown, "a watch was answered with something else"))
        }
    }

    /// Closes the connection; whatever is open ends with `ClientFailure.ended`.
    package func close() {
        let (open, watches, connection) = state.withLock { state in
            defer { state = ClientState(ended: state) }
            return (state.takeAll(), Array(state.watches.values), state.connection)
        }
        for pending in open { pending.settle(.failure(.ended)) }
        for watch in watches { watch.finish(.ended) }
        if let connection { connections.close(connection, after: nil) }
    }

    private func begin(_ request: Request, id: RequestID?, buffer: EventBuffer?) -> Exchange {
        precondition(!request.isChange || id != nil, "a change without a request id: \(request.words)")
        let exchange = Exchange(id: id)
        let failure: ClientFailure? = state.withLock { state in
            if state.isEnded { return .ended }
            if state.pending.count >= settings.waitingCountMax {
                return .tooManyWaiting(limit: settings.waitingCountMax)
            }
            state.lastCorrelation += 1
            let correlation = state.lastCorrelation
            var bytes: [UInt8] = []
            WireCodec.encode(
                .request(RequestEnvelope(id: id, request: request)), correlation: correlation, into: &bytes)
            let timer = loops.schedule(after: settings.timeout) {
                self.timeOut(correlation)
            }
            state.pending[correlation] = PendingRequest(
                exchange: exchange, bytes: bytes, timer: timer, buffer: buffer)
            state.queue.append(correlation)
            return nil
        }
        if let failure { exchange.settle(.failure(failure)) } else { scheduleFlush() }
        return exchange
    }
}
