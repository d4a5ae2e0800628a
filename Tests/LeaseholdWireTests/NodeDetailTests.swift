import LeaseholdModel
import LeaseholdWire
import Testing

@Suite("What an agent says of its devices, as bytes")
struct NodeDetailTests {
    @Test(
        "what is longer than its bound, or cannot be, is refused with its field",
        arguments: [
            (
                // A driver of 65 bytes.
                NodeDetailTests.field(1, NodeDetailTests.text(65)),
                "detail.driver: value \"\(String(repeating: "t", count: 65))\", expected at most 64 bytes"
            ),
            // Seventeen GPUs.
            (NodeDetailTests.list(2, 17), "detail.gpus: value 17 entries, expected at most 16"),
            (NodeDetailTests.list(3, 33), "detail.troubles: value 33 entries, expected at most 32"),
            (NodeDetailTests.list(2, 1), "detail.gpus[0].standing: value \"\", expected healthy, suspect or unhealthy"),
            (NodeDetailTests.list(5, 3), "detail.power: value 3 entries, expected at most 2"),
            (
                NodeDetailTests.field(5, NodeDetailTests.field(1, Array("rack".utf8))),
                "detail.power[0].scope: value \"rack\", expected node or processors"
            ),
            (
                NodeDetailTests.field(5, NodeDetailTests.field(1, Array("node".utf8))),
                "detail.power[0].quality: value \"\", expected counter, average or sample"
            ),
            // A trouble of the seventeenth GPU.
            (NodeDetailTests.list(7, 65), "detail.tickets: value 65 entries, expected at most 64"),
            (
                NodeDetailTests.field(7, NodeDetailTests.field(9, Array("untold".utf8))),
                "detail.tickets[0].outcome: value \"untold\", expected nothing of a ticket that is open"
            ),
            (
                NodeDetailTests.field(7, NodeDetailTests.field(8, []) + NodeDetailTests.field(9, Array("untold".utf8))),
                "detail.tickets[0].outcome: value \"untold\", expected recovered"
            ),
            (NodeDetailTests.field(7, [0x18, 16]), "detail.tickets[0].gpu: value 16, expected 0 to 15"),
            (NodeDetailTests.field(3, [0x08, 16]), "detail.troubles[0].gpu: value 16, expected 0 to 15"),
            (
                NodeDetailTests.field(
                    3,
                    NodeDetailTests.field(3, Array("suspect".utf8))
                        + NodeDetailTests.field(4, NodeDetailTests.text(201))),
                "detail.troubles[0].what: value \"\(String(repeating: "t", count: 80))…\", expected at most 200 bytes"
            ),
            (
                NodeDetailTests.field(
                    3,
                    NodeDetailTests.field(3, Array("suspect".utf8))
                        + NodeDetailTests.field(5, NodeDetailTests.text(201))),
                "detail.troubles[0].remedy: value \"\(String(repeating: "t", count: 80))…\", expected at most 200 bytes"
            ),
        ] as [([UInt8], String)])
    func refused(_ detail: [UInt8], _ fault: String) throws {
        let frame = HandmadeFrame(kind: 21, payload: Self.field(3, detail))
        let complaint = try #require(decoded(frame.bytes).complaint)
        #expect(complaint.code == .frameBroken)
        #expect(complaint.text == "nodeDetail, field \(fault)")
    }

    @Test("what is not printable is taken as blanks")
    func unprintable() throws {
        let frame = HandmadeFrame(kind: 21, payload: Self.field(3, Self.field(1, Array("a\u{1B}[2J\nb".utf8))))
        guard case .agent(.detail(_, _, let detail))? = decoded(frame.bytes).messages.first else {
            Issue.record("no detail in \(decoded(frame.bytes))")
            return
        }
        #expect(detail.driver == "a [2J b")
    }

    @Test("a node in JSON: numbers of 64 bits are strings, what was not said is left out")
    func json() throws {
        let line = try #require(WireJSON.lines(of: .node(Samples.detailed)).first)
        let gpu = """
            {"uuid":"GPU-5a30b1f6-0b6e-1b4c-8a3f-7d1c2e3f4a5b","product":"NVIDIA H100 80GB HBM3",\
            "serial":"1650123012345","bus":"00000000:1B:00.0","firmware":"96.00.74.00.01","memoryMib":"81559",\
            "sliceMode":"on after a reset","standing":"unhealthy","limitWatts":"700",\
            "energyJoules":"18446744073709551615"}
            """
        let troubles = """
            "troubles":[{"gpu":3,"component":"memory","standing":"unhealthy",\
            "what":"Xid 95: uncontained memory error","remedy":"reset the GPU","since":"2026-05-01T12:00:00Z",\
            "count":"3","ticket":"12"},\
            {"standing":"suspect","since":"1677-09-21T00:12:43.145224192Z","count":"18446744073709551615",\
            "ticket":"18446744073709551615"},\
            {"gpu":0,"component":"link","standing":"healthy","what":"Xid 43",\
            "since":"2262-04-11T23:47:16.854775807Z","count":"0","ticket":"0"}],"statedAt":"2026-05-01T12:00:00Z"},\
            "tickets":[{"number":"12","opened":"2026-05-01T12:00:00Z","gpu":3,"uuid":"GPU-5a30",\
            "component":"memory","action":"reset the GPU","done":"2262-04-11T23:47:16.854775807Z"},\
            {"number":"18446744073709551615","opened":"1970-01-01T00:00:00Z"},\
            {"opened":"2026-05-01T12:00:00Z","gpu":15,"component":"nvlink","closed":"2026-05-01T12:00:00Z",\
            "outcome":"recovered"}]}
            """
        #expect(line.contains(#""detail":{"driver":"570.124.06","gpus":[{"#))
        #expect(line.contains(gpu))
        #expect(line.hasSuffix(troubles))
    }

    @Test("the power of a node in JSON, with words for scope and quality")
    func power() throws {
        var node = Samples.nodes[0]
        node.detail = Samples.details[2]
        let line = try #require(WireJSON.lines(of: .node(node)).first)
        let power = """
            "power":[{"scope":"node","source":"power-reading","quality":"sample","drawWatts":"812"},\
            {"scope":"processors","quality":"counter","drawWatts":"9223372036854775807",\
            "energyJoules":"18446744073709551615"}]
            """
        #expect(line.contains(power), "\(line)")
    }

    private static func text(_ byteCount: Int) -> [UInt8] { Array(repeating: UInt8(ascii: "t"), count: byteCount) }

    /// A field of bytes, as protobuf writes it.
    private static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        var length = [UInt8(bytes.count & 0x7F)]
        if bytes.count > 0x7F { length = [length[0] | 0x80, UInt8(bytes.count >> 7)] }
        return [number << 3 | 2] + length + bytes
    }

    /// A field of so many empty messages.
    private static func list(_ number: UInt8, _ count: Int) -> [UInt8] {
        (0..<count).flatMap { _ in field(number, []) }
    }
}
