import Foundation
import LeaseholdLog
import LeaseholdModel
import Testing

@Suite("Images as bytes")
struct ImageCodecTests {
    @Test("every piece of an image comes back from its bytes, and gives the same bytes again")
    func everyPieceComesBack() throws {
        for piece in ImageSamples.pieces + ImageSamples.laterPieces {
            let bytes = ImageCodec.encode(piece)
            #expect(try ImageCodec.decode(bytes) == piece)
            #expect(ImageCodec.encode(piece) == bytes)
        }
    }

    @Test("every piece, outcome, note and hindrance has a sample")
    func everyCaseHasASample() {
        func words(_ values: [Any]) -> Set<String> {
            Set(values.map { value in String("\(value)".prefix { $0 != "(" }) })
        }
        #expect(words(ImageSamples.pieces).count == 11)
        #expect(words(ImageSamples.outcomes).count == 12)
        #expect(words(ImageSamples.notes).count == 8)
        #expect(words(ImageSamples.hindrances).count == 5)
    }

    @Test(
        "what this version does not know of an image is refused, never skipped",
        arguments: [
            // No piece, a piece of field 99, a field beside one, and one in it.
            ([], RecordFailure.unknownRecord(index: nil)), ([0x9A, 0x06, 0], .unknownRecord(index: nil)),
            ([0x42, 0, 0x98, 0x06, 1], .unknownField(record: "image")),
            ([0x42, 3, 0x98, 0x06, 1], .unknownField(record: "ending")),
            ([0x0A, 3, 0x98, 0x06, 1], .unknownField(record: "heading")),
            // Arrays that should be parallel, enums that say nothing, a lease that is a part.
            (
                [0x1A, 3, 0x0A, 1, 1],
                .invalid(field: "nodes.reason", value: "0 entries", expected: "1, as beside it")
            ),
            (
                [0x52, 4, 0x0A, 2, 0x08, 1],
                .invalid(field: "answer.outcome", value: "0", expected: "a value that this version knows")
            ),
            (
                [0x32, 2, 0x0A, 0],
                .invalid(field: "lease.granted", value: "L0", expected: "a whole lease with its parts")
            ),
        ] as [([UInt8], RecordFailure)])
    func refused(bytes: [UInt8], failure: RecordFailure) {
        #expect(throws: failure) { _ = try ImageCodec.decode(bytes) }
    }

    // MARK: The file

    private static let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appending(path: "Golden/format-1/0000000000001742.snapshot")

    private static var tail: LogTail {
        get throws {
            let log = GoldenLog.formatOne[0]
            var reader = try SegmentsInMemory(folder: golden.deletingLastPathComponent().appending(path: log.name))
            var scan = LogScan(identity: log.identity)
            return try scan.recover(&reader) { _, _ throws(RecordRefusal) in }.tail
        }
    }

    @Test("a snapshot that the first release wrote gives its pieces, and is written the same")
    func goldenSnapshot() throws {
        let header = SnapshotHeader(logID: LogFixture.logID, tail: try Self.tail)
        var writer = ChunkWriter()
        var bytes = writer.begin(header)
        for piece in ImageSamples.pieces { bytes += writer.piece(ImageCodec.encode(piece)) }
        bytes += writer.end(bookDigest: 0x1742).bytes
        if ProcessInfo.processInfo.environment["LEASEHOLD_REWRITE"] == "1" {
            try #require(ProcessInfo.processInfo.environment["CI"] != "true", "golden files are not rewritten in CI")
            try Data(bytes).write(to: Self.golden)
        }
        let written = [UInt8](try Data(contentsOf: Self.golden))
        #expect(written == bytes)
        let reader = OneSnapshot(index: header.index, bytes: written)
        var pieces: [BookImage] = []
        let identity = LogIdentity(
            cluster: "colossus-1", logID: LogFixture.logID, kind: .coordinator, segmentByteCount: 4_096)
        let found = try SnapshotScan.read(header.index, reader, identity: identity) { piece throws(RecordRefusal) in
            do throws(RecordFailure) { pieces.append(try ImageCodec.decode(piece)) } catch {
                throw RecordRefusal(reason: "\(error)")
            }
        }
        #expect(pieces == ImageSamples.pieces)
        #expect(found.header == header && found.sum.bookDigest == 0x1742)
    }
}

/// A reader that has one snapshot and nothing else.
private struct OneSnapshot: LogReader {
    let index: RecordIndex
    let bytes: [UInt8]

    func listSegments() throws(StorageFailure) -> [SegmentFile] { [] }

    func read(_ file: SegmentFile, _ range: Range<Int>) throws(StorageFailure) -> [UInt8] { [] }

    func listSnapshots() throws(StorageFailure) -> [RecordIndex] { [index] }

    func readSnapshot(_ index: RecordIndex, _ range: Range<Int>) throws(StorageFailure) -> [UInt8] {
        Array(bytes[range.clamped(to: 0..<bytes.count)])
    }
}
