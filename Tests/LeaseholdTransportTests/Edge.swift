import LeaseholdModel
import LeaseholdTransport
import LeaseholdWire
import NIOCore
import NIOPosix
import Synchronization

/// What an owner was told.
enum Told: Sendable {
    case opened(ConnectionID)
    case arrived(ConnectionID, [Arrival])
    case closed(ConnectionID, Complaint?)
}

/// An owner that writes down what it is told, in order, for a test to wait for.
final class Owner: Sendable {
    let told: AsyncStream<Told>
    private let teller: AsyncStream<Told>.Continuation
    private let admission: @Sendable ([Arrival]) -> Admission

    init(admission: @escaping @Sendable ([Arrival]) -> Admission = { _ in .taken }) {
        (told, teller) = AsyncStream.makeStream()
        self.admission = admission
    }

    var events: ConnectionEvents {
        ConnectionEvents(
            opened: { connection, _ in self.teller.yield(.opened(connection)) },
            arrived: { connection, batch in
                self.teller.yield(.arrived(connection, batch))
                return self.admission(batch)
            },
            closed: { self.teller.yield(.closed($0, $1)) })
    }

    /// The connection of the next `opened`.
    func opened() async -> ConnectionID? {
        for await told in told {
            if case .opened(let connection) = told { return connection }
        }
        return nil
    }

    /// The messages of the next batch.
    func batch() async -> [Arrival] {
        for await told in told {
            if case .arrived(_, let batch) = told { return batch }
        }
        return []
    }

    /// Messages batch by batch, until there are so many.
    func messages(_ count: Int) async -> [Arrival] {
        var all: [Arrival] = []
        while all.count < count { all += await batch() }
        return all
    }

    /// What the next connection that goes was closed for.
    func closed() async -> Complaint? {
        for await told in told {
            if case .closed(_, let complaint) = told { return complaint }
        }
        return nil
    }
}

/// A server on a free port of this machine, with its owner.
struct Edge {
    let server: FrameServer
    let connections: Connections
    let owner: Owner

    static let group = MultiThreadedEventLoopGroup.singleton

    init(
        _ settings: FrameSettings = .patient, on endpoint: Endpoint = .tcp(host: "127.0.0.1", port: 0),
        admission: @escaping @Sendable ([Arrival]) -> Admission = { _ in .taken }
    ) async throws {
        connections = Connections(group: Edge.group)
        owner = Owner(admission: admission)
        server = try await FrameServer.listen(
            on: endpoint, group: Edge.group, connections: connections, settings: settings, events: owner.events)
    }
}

/// A peer that sends bytes of its choice and keeps all that it gets.
struct RawPeer {
    private let channel: any Channel
    private let ears: Ears

    private final class Ears: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        let heard = Mutex(ByteBuffer())
        let (reads, reader) = AsyncStream<Void>.makeStream()

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var bytes = unwrapInboundIn(data)
            heard.withLock { _ = $0.writeBuffer(&bytes) }
            reader.yield()
        }
    }

    /// Connects; a deaf peer never reads.
    init(to endpoint: Endpoint, isDeaf: Bool = false) async throws {
        let ears = Ears()
        let bootstrap = ClientBootstrap(group: Edge.group)
            .channelOption(.autoRead, value: !isDeaf)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { $0.pipeline.addHandler(ears) }
        guard case .tcp(let host, let port) = endpoint else { throw ChannelError.ioOnClosedChannel }
        channel = try await bootstrap.connect(host: host, port: Int(port)).get()
        self.ears = ears
    }

    func send(_ bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    }

    /// Waits until something came.
    func heardSomething() async {
        for await _ in ears.reads { return }
    }

    /// Everything that came until the server hung up.
    func heardUntilEnd() async throws -> [UInt8] {
        try await channel.closeFuture.get()
        return ears.heard.withLock { Array($0.readableBytesView) }
    }

    /// The messages in everything that came until the server hung up.
    func messagesUntilEnd() async throws -> [Message] {
        var decoder = FrameDecoder(payloadByteCountMax: Limits.framePayloadByteCountMax)
        decoder.receive(try await heardUntilEnd())
        var messages: [Message] = []
        while let next = try decoder.next() { messages.append(next.message) }
        return messages
    }

    /// The complaint that was the one thing to come before the server hung up.
    func complaintAtEnd() async throws -> Complaint.Code? {
        let messages = try await messagesUntilEnd()
        guard messages.count == 1, case .complaint(let complaint) = messages[0] else { return nil }
        return complaint.code
    }

    func hangUp() async throws {
        try await channel.close().get()
    }
}

/// Frames to send.
enum Sample {
    static let hello = Message.hello(
        Hello(
            versions: 1...1, principal: Principal(role: .operator, name: "a"),
            incarnation: Incarnation(high: 1, low: 2), boot: BootID(high: 3, low: 4), seen: nil))

    static func frame(_ message: Message, _ correlation: UInt64 = 0) -> [UInt8] {
        WireCodec.encode(message, correlation: correlation)
    }

    static func query(_ correlation: UInt64) -> [UInt8] {
        frame(.request(RequestEnvelope(id: nil, request: .status)), correlation)
    }

    /// A request whose payload has more than so many bytes, and not many more.
    static func long(_ byteCount: Int) -> [UInt8] {
        let places = (0...byteCount / 32).map { position in
            PlaceDeclaration(path: "site/hall/rack-with-a-long-name-\(position)", limit: nil)
        }
        let part = FleetPart(importHash: 1, part: 0, partCount: 1, kinds: [], places: places, runs: [])
        let id = RequestID(high: 0x7000, low: 1 << 63)
        return frame(.request(RequestEnvelope(id: id, request: .importFleet(part))), 1)
    }
}

extension FrameSettings {
    /// A server's bounds with deadlines that no busy machine reaches: a test that is about one sets that one.
    static var patient: FrameSettings {
        var settings = FrameSettings.server
        settings.helloDeadline = .hours(1)
        settings.frameDeadline = .hours(1)
        settings.farewellDeadline = .hours(1)
        settings.messageCountMaxBeforeAdmission = .max
        return settings
    }
}
