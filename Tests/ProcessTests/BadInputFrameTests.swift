import Foundation
import ProcessHarness
import Testing

/// What a stranger sends to the coordinator's port, and the complaint that it is answered with.
private struct RudeTalk {
    let name: String
    /// Said first, and answered with a welcome; nil for a talk that begins with the mistake.
    let hello: RawFrame?
    let bytes: [UInt8]
    let code: UInt8
    let text: String

    init(_ name: String, after hello: RawFrame? = nil, _ bytes: [UInt8], _ code: UInt8, _ text: String) {
        self.name = name
        self.hello = hello
        self.bytes = bytes
        self.code = code
        self.text = text
    }

    static let all = [
        RudeTalk("a browser", Array("GET / HTTP/1.1\r\n\r\n".utf8), 1, "magic, byte 0: value 71, expected 76"),
        RudeTalk("one wrong byte", [0x4C, 0x53, 0x00], 1, "magic, byte 2: value 0, expected 72"),
        RudeTalk("a bad header", RawFrame.hello().with { $0.headerChecksumError = 1 }.bytes, 1, "header checksum"),
        RudeTalk("a bad payload", RawFrame.hello().with { $0.payloadChecksumError = 1 }.bytes, 1, "payload checksum"),
        RudeTalk("flags", RawFrame.hello().with { $0.flags = 1 }.bytes, 1, "flags: value 1, expected 0"),
        RudeTalk("no protobuf", RawFrame(kind: 1, payload: [0xFF, 0xFF]).bytes, 1, "hello"),
        RudeTalk("an empty hello", RawFrame(kind: 1).bytes, 1, "hello"),
        RudeTalk("a long hello", RawFrame.hello().with { $0.byteCount = 4_097 }.bytes, 2, "4097 bytes, expected at"),
        RudeTalk("the longest", RawFrame.hello().with { $0.byteCount = .max }.bytes, 2, "4294967295 bytes"),
        RudeTalk("frame version 2", RawFrame.hello().with { $0.version = 2 }.bytes, 3, "value 2, expected 1"),
        RudeTalk("hello version 2", RawFrame.hello(versions: 2...3).bytes, 3, "2 to 3; this coordinator speaks 1"),
        RudeTalk("a kind of nobody", RawFrame(kind: 200).bytes, 5, "kind: value 200"),
        RudeTalk("no hello", RawFrame.status.bytes, 4, "before the hello"),
        RudeTalk("a false coordinator", RawFrame.hello(role: 4).bytes, 6, "hello from coordinator/eve"),
        RudeTalk("another log", RawFrame.hello(role: 3, log: 5).bytes, 10, "you belong to log"),
        RudeTalk("a reply", RawFrame(kind: 2, payload: [1 << 3, 1]).bytes, 1, "welcome"),
        RudeTalk("two hellos", after: .hello(), RawFrame.hello().bytes, 4, "a second hello"),
        RudeTalk(
            "a long request", after: .hello(), RawFrame.status.with { $0.byteCount = 1_048_577 }.bytes, 2,
            "1048577 bytes, expected at most 1048576"),
        RudeTalk("a request of nothing", after: .hello(), RawFrame(kind: 4).bytes, 5, "request"),
        RudeTalk("an order", after: .hello(), RawFrame(kind: 48).bytes, 6, "for a guard"),
        RudeTalk("a guest agent", after: .hello(role: 3), RawFrame.status.bytes, 6, "agents report"),
        RudeTalk("no patience", RawFrame.hello().bytes + RawFrame.status.bytes, 4, "before the welcome"),
    ]
}

extension ProcessTests {
    @Test("whatever arrives on the wire port is answered with one complaint and a closed connection; others are served")
    func wrongFrames() throws {
        let cluster = try LocalCluster([])
        defer { cluster.tearDown() }
        try cluster.start()
        // Half a hello, then silence: read at the end, when its time is over.
        let silent = try RawConnection(to: cluster.endpoint)
        silent.send(Array(RawFrame.hello().bytes.prefix(40)))
        let mute = try RawConnection(to: cluster.endpoint)
        let before = try cluster.must("status", "-o", "json")

        for talk in RudeTalk.all {
            let connection = try RawConnection(to: cluster.endpoint)
            if let hello = talk.hello {
                connection.send(hello.bytes)
                connection.read(within: 5) { connection.frames.first?.kind == 2 }
                #expect(connection.frames.first?.kind == 2, "\(talk.name): no welcome")
            }
            connection.send(talk.bytes)
            connection.read(within: 5)
            let complaint = try #require(connection.complaint, "\(talk.name): no complaint in \(connection.received)")
            #expect(complaint.code == talk.code, "\(talk.name): \(complaint)")
            #expect(complaint.text.contains(talk.text), "\(talk.name): \(complaint)")
            #expect(connection.isClosed, "\(talk.name) stays connected")
        }

        // A stranger who keeps to the page is served, whatever the others did.
        let polite = try RawConnection(to: cluster.endpoint)
        polite.send(RawFrame.hello().bytes)
        polite.read(within: 5) { polite.frames.count == 1 }
        polite.send(RawFrame.status.bytes)
        polite.read(within: 5) { polite.frames.count == 2 }
        #expect(polite.frames.map(\.kind) == [2, 5])
        for connection in [silent, mute] {
            connection.read(within: 8)
            #expect(connection.complaint?.code == 7)
            #expect(connection.complaint?.text.contains("no hello within 5s") == true)
            #expect(connection.isClosed)
        }
        #expect(try cluster.must("status", "-o", "json").indexText == before.indexText, "nothing was recorded")
        try #require(cluster.coordinator).expectDrain()
    }
}

extension String {
    /// What a status says of the head of the log.
    fileprivate var indexText: Substring? { split(separator: ",").first { $0.hasPrefix("\"headIndex\"") } }
}
