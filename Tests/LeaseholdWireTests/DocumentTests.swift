import Foundation
import LeaseholdModel
import LeaseholdWire
import Testing

/// `protos/README.md` is what a client in another language is written from, so it must be true.
@Suite("The document of the protocol")
struct DocumentTests {
    private let text: String

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        text = try String(contentsOf: root.appending(path: "protos/README.md"), encoding: .utf8)
    }

    @Test("the example frame is what the codec makes, and what it reads")
    func theExampleFrameIsTrue() throws {
        let request = RequestEnvelope(id: Samples.id, request: .releaseLease(Samples.lease))
        let frame = WireCodec.encode(.request(request), correlation: 1)
        let block = try #require(text.split(separator: "```hex\n").dropFirst().first?.split(separator: "```").first)
        let digits = block.split(separator: "\n").flatMap { $0.prefix { $0 != "#" } }.filter(\.isHexDigit)
        #expect(String(digits) == hex(frame))
    }

    @Test("the table of kinds names each kind that there is, and no other")
    func theTableOfKindsIsComplete() {
        let spoken = Set(Samples.all.map { WireCodec.encode($0, correlation: 0)[6] })
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| ") }
        let listed = rows.compactMap { row in
            let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            return cells.count == 4 && cells[1].hasPrefix("`") ? UInt8(cells[0]) : nil
        }
        #expect(listed == spoken.sorted())
    }

    @Test(
        "the table of refusals names each, with its exit status, its words and its numbers",
        arguments: Samples.refusals)
    func theTableOfRefusalsIsComplete(_ refusal: Refusal) throws {
        let row = try #require(
            text.split(separator: "\n").first { $0.hasPrefix("| `\(refusal.code.word)` |") }, "\(refusal.code)")
        let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        let count = { (cell: String) in cell == "–" ? 0 : cell.split(separator: ",").count }
        #expect(cells[1] == "\(refusal.exitStatus)")
        #expect(count(cells[2]) == refusal.parts.words.count)
        #expect(count(cells[3]) == refusal.parts.numbers.count)
    }

    @Test("the caps and deadlines in the document are those of the house")
    func theNumbersAreThoseOfTheHouse() {
        let numbers = [
            Limits.framePayloadByteCountMaxBeforeHello, Limits.framePayloadByteCountMaxAgent,
            Limits.framePayloadByteCountMax, Limits.framePayloadByteCountMaxReply, WireLimits.nameByteCountMax,
        ]
        for number in numbers { #expect(text.contains("\(number)"), "\(number)") }
        #expect(text.contains("\(Limits.helloDeadline.wholeSeconds) s") && Limits.helloDeadline == .seconds(5))
        #expect(text.contains("\(Limits.frameDeadline.wholeSeconds) s") && Limits.frameDeadline == .seconds(10))
    }

    @Test("the example line of a batch is one")
    func theExampleLinesAreLines() throws {
        let block = try #require(text.split(separator: "```json\n").dropFirst().first?.split(separator: "```").first)
        let lines = block.split(separator: "\n")
        #expect(lines.count >= 3)
        for line in lines { _ = try WireJSON.request(fromLine: String(line)) }
    }
}
