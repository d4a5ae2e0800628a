package import LeaseholdModel
import NIOCore
package import NIOPosix

/// Connects to a server of frames; the connection then lives in `Connections` like a server's.
package struct FrameClient: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let connections: Connections
    private let security: ChannelSecurity
    private let settings: FrameSettings

    /// A client on these loops.
    ///
    /// The settings of `FrameSettings.client` wait for an `admit` after the welcome.
    package init(
        group: MultiThreadedEventLoopGroup, connections: Connections, security: ChannelSecurity = .plaintext,
        settings: FrameSettings = .client
    ) {
        self.group = group
        self.connections = connections
        self.security = security
        self.settings = settings
    }

    /// Connects without waiting: `events.opened` says that it stands, `failed` that it never will; one of them comes.
    package func open(
        _ endpoint: Endpoint, timeout: Span = .seconds(5), events: ConnectionEvents,
        failed: @escaping @Sendable (TransportFailure) -> Void
    ) {
        do {
            try security.admit(endpoint)
        } catch {
            failed(error)
            return
        }
        let (connections, security, settings) = (connections, security, settings)
        let bootstrap = ClientBootstrap(group: group)
            .connectTimeout(TimeAmount(timeout))
            .channelInitializer { channel in
                FrameChannel.install(
                    on: channel, connections: connections, security: security, settings: settings, events: events,
                    census: nil, standing: .stays)
            }
        let connected =
            switch endpoint {
            case .tcp(let host, let port): bootstrap.connect(host: host, port: Int(port))
            case .unix(let path): bootstrap.connect(unixDomainSocketPath: path)
            }
        connected.whenFailure { error in
            failed(
                error is ChannelError
                    ? .connectTimeout(endpoint, after: timeout)
                    : .cannotConnect(endpoint, reason: reason(of: error)))
        }
    }
}
