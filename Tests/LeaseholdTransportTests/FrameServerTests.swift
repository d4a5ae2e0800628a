import LeaseholdChecksum
import LeaseholdModel
import LeaseholdTransport
import LeaseholdWire
import Testing

@Suite("the edge of the house: frames in, whole messages out")
struct FrameServerTests {
    @Test("a frame that arrives byte by byte is one message")
    func splitWrites() async throws {
        let edge = try await Edge()
        let peer = try await RawPeer(to: edge.server.endpoint)
        for byte in Sample.frame(Sample.hello, 7) { try await peer.send([byte]) }
        let batch = await edge.owner.batch()
        #expect(batch.map(\.message) == [Sample.hello])
        #expect(batch.map(\.correlation) == [7])
    }

    @Test("the messages of one burst are handed over as one batch, in order")
    func burst() async throws {
        let edge = try await Edge()
        let peer = try await RawPeer(to: edge.server.endpoint)
        try await peer.send((1...20).flatMap { Sample.query($0) })
        let batch = await edge.owner.batch()
        #expect(batch.map(\.correlation) == Array(1...20))
    }

    @Test("garbage is answered by one complaint, and the connection is closed")
    func garbage() async throws {
        let edge = try await Edge()
        let peer = try await RawPeer(to: edge.server.endpoint)
        try await peer.send(Array("GET / HTTP/1.1\r\n\r\n".utf8))
        #expect(try await peer.complaintAtEnd() == .frameBroken)
        #expect(await edge.owner.closed()?.code == .frameBroken)
    }

    @Test("what came whole before the garbage still counts")
    func garbageAfterMessage() async throws {
        let edge = try await Edge()
        let peer = try await RawPeer(to: edge.server.endpoint)
        try await peer.send(Sample.frame(Sample.hello) + Array("garbage garbage garbage garbage garbage".utf8))
        #expect(await edge.owner.batch().map(\.message) == [Sample.hello])
        #expect(try await peer.complaintAtEnd() == .frameBroken)
    }

    @Test("a stranger may not send a long frame; who was admitted may")
    func frameCap() async throws {
        let edge = try await Edge()
        let long = Sample.long(Limits.framePayloadByteCountMaxBeforeHello)
        let stranger = try await RawPeer(to: edge.server.endpoint)
        try await stranger.send(long)
        #expect(try await stranger.complaintAtEnd() == .frameTooLong)

        let known = try await RawPeer(to: edge.server.endpoint)
        try await known.send(Sample.frame(Sample.hello))
        var connection: ConnectionID?
        for await told in edge.owner.told {
            if case .arrived(let id, _) = told {
                connection = id
                break
            }
        }
        edge.connections.admit(try #require(connection), payloadByteCountMax: Limits.framePayloadByteCountMax)
        edge.connections.send([(try #require(connection), Sample.frame(Sample.hello, 1))])
        await known.heardSomething()
        try await known.send(long)
        #expect(await edge.owner.messages(1).first?.correlation == 1)
    }

    @Test("a frame of another version is told so")
    func version() async throws {
        let edge = try await Edge()
        let peer = try await RawPeer(to: edge.server.endpoint)
        var frame = Sample.frame(Sample.hello)
        frame[5] = 9
        let checksum = frame[..<28].withUnsafeBytes { CRC32C.checksum(of: $0) }
        frame.replaceSubrange(28..<32, with: withUnsafeBytes(of: checksum.bigEndian) { Array($0) })
        try await peer.send(frame)
        #expect(try await peer.complaintAtEnd() == .versionUnknown)
    }

    @Test("a peer that says no hello in time is sent away")
    func helloDeadline() async throws {
        var settings = FrameSettings.patient
        settings.helloDeadline = .milliseconds(20)
        let edge = try await Edge(settings)
        let peer = try await RawPeer(to: edge.server.endpoint)
        #expect(try await peer.complaintAtEnd() == .tooSlow)
        #expect(await edge.owner.closed()?.code == .tooSlow)
    }

    @Test("a stranger is heard once; what it says before it was let in ends the connection")
    func strangerTalks() async throws {
        var settings = FrameSettings.patient
        settings.messageCountMaxBeforeAdmission = FrameSettings.server.messageCountMaxBeforeAdmission
        let edge = try await Edge(settings)
        let peer = try await RawPeer(to: edge.server.endpoint)
        try await peer.send(Sample.frame(Sample.hello, 1) + Sample.query(2) + Sample.query(3))
        #expect(await edge.owner.messages(1).map(\.correlation) == [1])
        #expect(try await peer.complaintAtEnd() == .notHello)
        #expect(await edge.owner.closed()?.code == .notHello)
    }

    @Test("a peer that does not finish its frame in time is sent away")
    func frameDeadline() async throws {
        var settings = FrameSettings.patient
        settings.frameDeadline = .milliseconds(20)
        let edge = try await Edge(settings)
        let peer = try await RawPeer(to: edge.server.endpoint)
        try await peer.send(Array(Sample.frame(Sample.hello).dropLast()))
        #expect(try await peer.complaintAtEnd() == .tooSlow)
    }

    @Test("a request that the owner has no room for is answered at the edge")
    func shed() async throws {
        let edge = try await Edge { batch in
            batch.contains { $0.correlation == 3 }
                ? .shed([3], retryAfter: .milliseconds(5)) : .complained(Complaint(.closing, "done"))
        }
        let peer = try await RawPeer(to: edge.server.endpoint)
        try await peer.send(Sample.query(2) + Sample.query(3))
        _ = await edge.owner.batch()
        try await peer.send(Sample.query(4))
        let messages = try await peer.messagesUntilEnd()
        #expect(
            messages == [
                .reply(.refused(.overloaded(retryAfter: .milliseconds(5)))), .complaint(Complaint(.closing, "done")),
            ])
    }

    @Test("what one batch sends to a connection arrives in order, and a closed connection hears it before its end")
    func sending() async throws {
        let edge = try await Edge()
        let peer = try await RawPeer(to: edge.server.endpoint)
        let connection = try #require(await edge.owner.opened())
        let unknown = ConnectionID(rawValue: connection.rawValue + 1_000_000)
        let first = Message.reply(.watching(from: RecordIndex(rawValue: 1)))
        let second = Message.reply(.watching(from: RecordIndex(rawValue: 2)))
        edge.connections.send([
            (connection, Sample.frame(first)), (unknown, Sample.frame(first)), (connection, Sample.frame(second)),
        ])
        edge.connections.close(connection, after: Complaint(.closing, "draining"))
        #expect(try await peer.messagesUntilEnd() == [first, second, .complaint(Complaint(.closing, "draining"))])
    }

    @Test("a peer that does not read is closed when too much waits for it")
    func outputBudget() async throws {
        var settings = FrameSettings.patient
        settings.outputByteCountMax = 1_000_000
        let edge = try await Edge(settings)
        let peer = try await RawPeer(to: edge.server.endpoint, isDeaf: true)
        let connection = try #require(await edge.owner.opened())
        let piece = [UInt8](repeating: 0, count: 1_000_000)
        for _ in 0..<40 { edge.connections.send([(connection, piece)]) }
        #expect(await edge.owner.closed()?.code == .tooSlow)
        try await peer.hangUp()
    }

    @Test("connections above the cap are told so and sent away; the ones before stay")
    func connectionCap() async throws {
        var settings = FrameSettings.patient
        settings.connectionCountMax = 1
        let edge = try await Edge(settings)
        let first = try await RawPeer(to: edge.server.endpoint)
        _ = await edge.owner.opened()
        let second = try await RawPeer(to: edge.server.endpoint)
        #expect(try await second.complaintAtEnd() == .tooMany)
        try await first.send(Sample.frame(Sample.hello))
        #expect(await edge.owner.batch().count == 1)
    }

    @Test("strangers have a cap of their own, which those who were admitted do not count against")
    func strangerCap() async throws {
        var settings = FrameSettings.patient
        settings.unhelloedConnectionCountMax = 1
        let edge = try await Edge(settings) { _ in .complained(Complaint(.closing, "seen")) }
        let first = try await RawPeer(to: edge.server.endpoint)
        let connection = try #require(await edge.owner.opened())
        let second = try await RawPeer(to: edge.server.endpoint)
        #expect(try await second.complaintAtEnd() == .tooMany)
        edge.connections.admit(connection, payloadByteCountMax: 10_000)
        // The admission takes effect on a loop of its own, so the next ones may still be too many for a moment.
        var code: Complaint.Code?
        for _ in 0..<1_000 where code != .closing {
            let next = try await RawPeer(to: edge.server.endpoint)
            try? await next.send(Sample.frame(Sample.hello))
            code = try await next.complaintAtEnd()
        }
        #expect(code == .closing)
        try await first.hangUp()
    }

    @Test("plain text is refused beyond this machine, with the reason")
    func loopbackOnly() async throws {
        await #expect(throws: TransportFailure.notLoopback(.tcp(host: "0.0.0.0", port: 0))) {
            try await Edge(on: .tcp(host: "0.0.0.0", port: 0))
        }
    }

    @Test("a port that is taken is named with the kernel's reason")
    func portTaken() async throws {
        let edge = try await Edge()
        await #expect(
            throws: TransportFailure.cannotListen(edge.server.endpoint, reason: "Address already in use")
        ) {
            try await Edge(on: edge.server.endpoint)
        }
    }
}
