package import LeaseholdModel
import NIOCore
import NIOHTTP1
package import NIOPosix
import Synchronization

/// What a status page says.
package struct StatusAnswer: Sendable {
    /// The HTTP status: 200, or 503 for "not ready".
    package let status: Int
    /// The media type of the body.
    package let contentType: String
    /// All of it, with its last line end.
    package let body: String

    package init(status: Int = 200, contentType: String = "text/plain; charset=utf-8", body: String) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }
}

/// The small HTTP server of `/healthz`, `/readyz` and `/metrics`.
///
/// It answers from what its closure finds at once, a snapshot behind a lock: a probe never waits for the owner.
package struct StatusServer: Sendable {
    /// Where it really listens; with the port that the kernel chose where 0 was asked for.
    package let endpoint: Endpoint
    private let channel: any Channel

    /// Connections that are served at once; a probe and a scraper need two.
    package static let connectionCountMax = 128
    /// Bytes of a request's body, which nobody reads.
    package static let bodyByteCountMax = 4_096
    /// How long a connection may stand without a whole request.
    package static let idleDeadline = Span.seconds(30)

    /// Listens; `answer` gets the path without its query and returns nil for a page that is not there.
    package static func listen(
        on endpoint: Endpoint, group: MultiThreadedEventLoopGroup, security: ChannelSecurity = .plaintext,
        idleDeadline: Span = StatusServer.idleDeadline, answer: @escaping @Sendable (String) -> StatusAnswer?
    ) async throws(TransportFailure) -> StatusServer {
        try security.admit(endpoint)
        let gate = StatusGate()
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                guard gate.enter() else { return channel.eventLoop.makeFailedFuture(ChannelError.ioOnClosedChannel) }
                channel.closeFuture.whenComplete { _ in gate.leave() }
                return channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(IdleStateHandler(allTimeout: TimeAmount(idleDeadline)))
                    try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
                    try pipeline.addHandler(StatusHandler(answer: answer))
                }
            }
        do {
            let channel =
                switch endpoint {
                case .tcp(let host, let port): try await bootstrap.bind(host: host, port: Int(port)).get()
                case .unix(let path):
                    try await bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
                }
            return StatusServer(
                endpoint: boundEndpoint(asked: endpoint, address: channel.localAddress), channel: channel)
        } catch {
            throw .cannotListen(endpoint, reason: reason(of: error))
        }
    }

    /// Stops listening.
    package func stopListening() async {
        // A channel that is closed already is what was wanted.
        try? await channel.close().get()
    }
}

/// Counts the connections of a status server.
private final class StatusGate: Sendable {
    private let count = Mutex(0)

    func enter() -> Bool {
        count.withLock { count in
            guard count < StatusServer.connectionCountMax else { return false }
            count += 1
            return true
        }
    }

    func leave() {
        count.withLock { $0 -= 1 }
    }
}

/// One HTTP connection: a request at a time, answered when it is whole.
private final class StatusHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: @Sendable (String) -> StatusAnswer?
    private var request: HTTPRequestHead?
    private var bodyByteCount = 0

    init(answer: @escaping @Sendable (String) -> StatusAnswer?) {
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            request = head
            bodyByteCount = 0
        case .body(let part):
            bodyByteCount += part.readableBytes
            guard bodyByteCount > StatusServer.bodyByteCountMax, let head = request else { return }
            request = nil
            let text = "the body is longer than \(StatusServer.bodyByteCountMax) bytes; none is needed\n"
            send(StatusAnswer(status: 413, body: text), to: head, closes: true, context)
        case .end:
            guard let head = request else { return }
            request = nil
            send(page(for: head), to: head, closes: !head.isKeepAlive, context)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is IdleStateHandler.IdleStateEvent else { return context.fireUserInboundEventTriggered(event) }
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func page(for head: HTTPRequestHead) -> StatusAnswer {
        guard head.method == .GET || head.method == .HEAD else {
            return StatusAnswer(status: 405, body: "\(head.method.rawValue) is not served here; GET and HEAD are\n")
        }
        let path = String(head.uri.prefix { $0 != "?" })
        return answer(path)
            ?? StatusAnswer(status: 404, body: "no page \(path); there are /healthz, /readyz and /metrics\n")
    }

    private func send(
        _ page: StatusAnswer, to head: HTTPRequestHead, closes: Bool, _ context: ChannelHandlerContext
    ) {
        let body = ByteBuffer(string: page.body)
        var headers = HTTPHeaders([
            ("content-type", page.contentType), ("content-length", "\(body.readableBytes)"),
            ("cache-control", "no-store"),
        ])
        if page.status == 405 { headers.add(name: "allow", value: "GET, HEAD") }
        if closes { headers.add(name: "connection", value: "close") }
        let response = HTTPResponseHead(
            version: head.version, status: HTTPResponseStatus(statusCode: page.status), headers: headers)
        context.write(wrapOutboundOut(.head(response)), promise: nil)
        if head.method != .HEAD { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            if closes { channel.close(promise: nil) }
        }
    }
}
