import NIOCore
package import NIOPosix

/// A listening socket whose connections speak in frames.
package struct FrameServer: Sendable {
    /// Where it really listens; with the port that the kernel chose where 0 was asked for.
    package let endpoint: Endpoint
    private let channel: any Channel
    private let census: ConnectionCensus

    /// Connections that stand now, those without a hello included.
    package var connectionCount: Int { census.count }

    /// Listens on a TCP port (0: any free one) or a Unix socket, whose path is taken over from a dead process.
    package static func listen(
        on endpoint: Endpoint, group: MultiThreadedEventLoopGroup, connections: Connections,
        security: ChannelSecurity = .plaintext, settings: FrameSettings = .server, events: ConnectionEvents
    ) async throws(TransportFailure) -> FrameServer {
        try security.admit(endpoint)
        let census = ConnectionCensus(settings: settings)
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                let standing = census.arrive()
                if case .dropped = standing {
                    return channel.eventLoop.makeFailedFuture(Dropped())
                }
                return FrameChannel.install(
                    on: channel, connections: connections, security: security, settings: settings, events: events,
                    census: census, standing: standing)
            }
        do {
            let channel =
                switch endpoint {
                case .tcp(let host, let port): try await bootstrap.bind(host: host, port: Int(port)).get()
                case .unix(let path):
                    try await bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
                }
            return FrameServer(
                endpoint: boundEndpoint(asked: endpoint, address: channel.localAddress), channel: channel,
                census: census)
        } catch {
            throw .cannotListen(endpoint, reason: reason(of: error))
        }
    }

    /// Stops listening; connections that stand are left to `Connections`.
    package func stopListening() async {
        // A channel that is closed already is what was wanted.
        try? await channel.close().get()
    }

    /// Begins to stop listening, without waiting until it has.
    package func abandon() {
        channel.close(promise: nil)
    }

    /// Nobody hears of this: the connection is closed before it begins.
    private struct Dropped: Error {}
}

/// What every connection in frames is made of, on either side.
enum FrameChannel {
    /// Output waits up to this watermark before reading pauses, and resumes below half of it.
    private static func watermark(_ settings: FrameSettings) -> ChannelOptions.Types.WriteBufferWaterMark {
        ChannelOptions.Types.WriteBufferWaterMark(
            low: settings.outputByteCountPause / 2, high: settings.outputByteCountPause)
    }

    /// Puts the handlers on a new channel, on its event loop; TLS would stand in front of the frames.
    static func install(
        on channel: any Channel, connections: Connections, security: ChannelSecurity, settings: FrameSettings,
        events: ConnectionEvents, census: ConnectionCensus?, standing: ConnectionCensus.Standing
    ) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            guard let options = channel.syncOptions else {
                preconditionFailure("a channel without options: \(channel)")
            }
            try options.setOption(.writeBufferWaterMark, value: watermark(settings))
            try options.setOption(.maxMessagesPerRead, value: 4)
            try options.setOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1_024, initial: 4_096, maximum: 65_536))
            if case .v4 = channel.localAddress ?? channel.remoteAddress {
                try options.setOption(.tcpOption(.tcp_nodelay), value: 1)
            }
            let handler = FrameHandler(
                shard: connections.shard(on: channel.eventLoop), settings: settings, events: events, census: census,
                standing: standing)
            switch security {
            case .plaintext: try channel.pipeline.syncOperations.addHandler(handler)
            }
        }
    }
}

/// The endpoint that was asked for, with the port that it got.
func boundEndpoint(asked: Endpoint, address: SocketAddress?) -> Endpoint {
    switch asked {
    case .tcp(let host, let port):
        .tcp(host: host, port: address?.port.map { UInt16($0) } ?? port)
    case .unix: asked
    }
}

/// What the world said, in a few words and without the name of a Swift type.
func reason(of error: any Error) -> String {
    switch error {
    case let error as IOError: IOFault(errno: error.errnoCode).text
    case let error as NIOConnectionError:
        error.connectionErrors.first.map { reason(of: $0.error) } ?? "the name \(error.host) is not known"
    case let error as SocketAddressError: "no address for it (\(error))"
    case ChannelError.connectTimeout: "no answer"
    default: "\(error)"
    }
}
