import LeaseholdModel
import LeaseholdTransport
import Testing

@Suite("the other end of a connection")
struct FrameClientTests {
    private func client(_ connections: Connections) -> FrameClient {
        FrameClient(group: Edge.group, connections: connections, settings: .withoutHello)
    }

    @Test("two processes' ends talk over a Unix socket, and no connection number is used twice")
    func unixSocket() async throws {
        let path = "/tmp/leasehold-test-\(UInt64.random(in: 0...(.max))).sock"
        let edge = try await Edge(.withoutHello, on: .unix(path: path))
        let owner = Owner()
        client(edge.connections).open(.unix(path: path), events: owner.events) { Issue.record("\($0)") }
        let far = try #require(await edge.owner.opened())
        let near = try #require(await owner.opened())
        #expect(far != near)
        edge.connections.send([(near, Sample.query(5))])
        #expect(await edge.owner.batch().map(\.correlation) == [5])
        edge.connections.send([(far, Sample.query(6))])
        #expect(await owner.batch().map(\.correlation) == [6])
        edge.connections.close(far, after: nil)
        #expect(await owner.closed() == nil)
        await edge.server.stopListening()
    }

    @Test("an address where nobody listens fails with the kernel's reason")
    func refused() async throws {
        let edge = try await Edge()
        await edge.server.stopListening()
        let failure = await withCheckedContinuation { continuation in
            client(edge.connections).open(edge.server.endpoint, events: Owner().events) {
                continuation.resume(returning: $0)
            }
        }
        #expect(failure == .cannotConnect(edge.server.endpoint, reason: "Connection refused"))
    }

    @Test("an address beyond this machine is not even tried")
    func notLoopback() async {
        let endpoint = Endpoint.tcp(host: "192.0.2.1", port: 7400)
        let failure = await withCheckedContinuation { continuation in
            client(Connections(group: Edge.group)).open(endpoint, events: Owner().events) {
                continuation.resume(returning: $0)
            }
        }
        #expect(failure == .notLoopback(endpoint))
    }
}

@Suite("addresses")
struct EndpointTests {
    @Test(
        "are read as people write them",
        arguments: [
            ("127.0.0.1:7400", Endpoint.tcp(host: "127.0.0.1", port: 7400)),
            ("localhost", .tcp(host: "localhost", port: 7400)),
            ("[::1]:80", .tcp(host: "::1", port: 80)),
            ("[::1]", .tcp(host: "::1", port: 7400)),
            ("unix:/run/a.sock", .unix(path: "/run/a.sock")),
        ])
    func read(text: String, endpoint: Endpoint) {
        #expect(Endpoint(text: text) == endpoint)
        #expect(endpoint.isLoopback)
    }

    @Test(
        "that are none are refused",
        arguments: ["", ":7400", "a:", "a:b", "a:65536", "a:-1", "a:1:2", "[::1", "unix:", "a b:1"])
    func refuse(text: String) {
        #expect(Endpoint(text: text) == nil)
    }

    @Test("beyond this machine are known as such", arguments: ["0.0.0.0", "10.0.0.1", "127.example.org", "128.0.0.1"])
    func beyond(host: String) {
        #expect(!Endpoint.tcp(host: host, port: 1).isLoopback)
    }

    @Test("one wrong address spoils a list")
    func list() {
        #expect(Endpoint.list(text: "a:1,b:2")?.count == 2)
        #expect(Endpoint.list(text: "a:1,,b:2") == nil)
    }
}
