import LeaseholdModel
import LeaseholdTransport
import Testing

@Suite("the status pages")
struct StatusServerTests {
    /// Sends one request and returns the whole answer.
    private func exchange(_ request: String) async throws -> String {
        // On a busy machine a test can wait long between its connection and its request.
        let server = try await StatusServer.listen(
            on: .tcp(host: "127.0.0.1", port: 0), group: Edge.group, idleDeadline: .hours(1)
        ) { path in
            switch path {
            case "/healthz": StatusAnswer(body: "ok\n")
            case "/readyz": StatusAnswer(status: 503, body: "recovering\n")
            case "/metrics": StatusAnswer(contentType: "text/plain; version=0.0.4", body: "a 1\n")
            default: nil
            }
        }
        let peer = try await RawPeer(to: server.endpoint)
        try await peer.send(Array(request.utf8))
        let answer = String(decoding: try await peer.heardUntilEnd(), as: UTF8.self)
        await server.stopListening()
        return answer
    }

    private func get(_ path: String, method: String = "GET") async throws -> String {
        try await exchange("\(method) \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    }

    @Test("are answered with their status, type and body")
    func pages() async throws {
        let health = try await get("/healthz")
        #expect(health.hasPrefix("HTTP/1.1 200 OK\r\n") && health.hasSuffix("\r\n\r\nok\n"))
        #expect(try await get("/readyz").hasPrefix("HTTP/1.1 503"))
        #expect(try await get("/metrics?x=1").contains("content-type: text/plain; version=0.0.4\r\n"))
    }

    @Test("are headed without a body")
    func head() async throws {
        let answer = try await get("/healthz", method: "HEAD")
        #expect(answer.contains("content-length: 3\r\n") && answer.hasSuffix("\r\n\r\n"))
    }

    @Test("are no others, and take nothing")
    func refusals() async throws {
        #expect(try await get("/nothing").hasPrefix("HTTP/1.1 404"))
        let posted = try await get("/healthz", method: "POST")
        #expect(posted.hasPrefix("HTTP/1.1 405") && posted.contains("allow: GET, HEAD\r\n"))
    }

    @Test("do not swallow a long body")
    func longBody() async throws {
        let body = String(repeating: "x", count: StatusServer.bodyByteCountMax + 1)
        let answer = try await exchange(
            "GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        #expect(answer.hasPrefix("HTTP/1.1 413"))
    }

    @Test("say so where a request is none")
    func broken() async throws {
        #expect(try await exchange("\u{1}\u{2}\r\n\r\n").hasPrefix("HTTP/1.1 400"))
    }

    @Test("serve two requests that come at once, in order, and then the end")
    func pipelined() async throws {
        let answer = try await exchange(
            "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 200") && answer.contains("HTTP/1.1 503"))
    }
}
