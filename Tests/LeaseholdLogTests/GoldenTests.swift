import Foundation
import LeaseholdLog
import LeaseholdModel
import Testing

/// Logs that earlier releases wrote stay readable, and what a reader does not know it refuses.
///
/// `LEASEHOLD_REWRITE=1` writes those of this release anew; with `CI=true` that is refused. A released format is never
/// written anew: a change of the format gets a version and a folder of its own.
@Suite("Compatibility")
struct GoldenTests {
    /// Every released format; the last one is what this release writes.
    private static let formats: [(version: UInt8, logs: [GoldenLog])] = [(1, GoldenLog.formatOne)]

    private static func folder(_ version: UInt8, _ log: GoldenLog) -> URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "Golden/format-\(version)/\(log.name)")
    }

    private static func text(_ head: LogHead) -> String { "\(head.index) \(head.chain)\n" }

    @Test("the format that is written has its golden logs")
    func everyFormat() {
        #expect(Self.formats.map(\.version) == Array(1...FrameHeader.formatVersion))
        for format in Self.formats { #expect(Set(format.logs.map(\.identity.kind)) == Set(LogKind.allCases)) }
    }

    @Test("a golden log gives the records and the head that it was written with", arguments: formats.indices)
    func readBack(format: Int) throws {
        let (version, logs) = Self.formats[format]
        for log in logs {
            let folder = Self.folder(version, log)
            if ProcessInfo.processInfo.environment["LEASEHOLD_REWRITE"] == "1" { try rewrite(log, in: folder) }
            var reader = try SegmentsInMemory(folder: folder)
            var complaints: [String] = []
            var count = 0
            var scan = LogScan(identity: log.identity)
            let recovered = try scan.recover(&reader) { _, bytes throws(RecordRefusal) in
                if let complaint = log.complaint(count, bytes) {
                    complaints.append("record \(count + 1): \(complaint)")
                }
                count += 1
            }
            #expect(complaints == [])
            #expect(count == log.recordCount)
            #expect(recovered.report.end == .sealed)
            #expect(recovered.report.segmentCount == reader.segments.count)
            let head = try String(contentsOf: folder.appending(path: "head.txt"), encoding: .utf8)
            #expect(Self.text(recovered.report.head) == head)
        }
    }

    private func rewrite(_ log: GoldenLog, in folder: URL) throws {
        try #require(ProcessInfo.processInfo.environment["CI"] != "true", "golden logs are not rewritten in CI")
        let (segments, head) = try log.written()
        if FileManager.default.fileExists(atPath: folder.path) { try FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for segment in segments { try Data(segment.bytes).write(to: folder.appending(path: segment.name)) }
        try Self.text(head).write(to: folder.appending(path: "head.txt"), atomically: true, encoding: .utf8)
    }

    /// Every frame of a golden log, by segment and offset.
    private func frames(_ reader: SegmentsInMemory) -> [(segment: Int, offset: Int)] {
        reader.segments.indices.flatMap { segment in
            stride(from: 0, to: reader.segments[segment].bytes.count, by: 512).filter {
                reader.segments[segment].bytes[$0..<$0 + 4].elementsEqual("LHLF".utf8)
            }.map { (segment, $0) }
        }
    }

    @Test(
        "a frame that asks for a newer reader, and one of an unknown kind or version, is refused wherever it stands",
        arguments: [(12, UInt8(2)), (9, 5), (8, 2)])
    func newerFrames(field: Int, value: UInt8) throws {
        for log in GoldenLog.formatOne {
            let whole = try SegmentsInMemory(folder: Self.folder(1, log))
            let frames = frames(whole)
            #expect(frames.count > log.groups.count)
            for (segment, offset) in frames {
                var reader = whole
                reader.segments[segment].bytes[offset + field] = value
                LogFixture.reforge(&reader.segments[segment].bytes, at: offset)
                let number = reader.segments[segment].file.number
                switch try LogScan.verify(&reader, identity: log.identity).refusal {
                case .newerFormat(number, offset, required: 2, reader: 1): #expect(field == 12)
                case .damaged(let damage):
                    #expect(field != 12 && damage.segment == number && damage.offset == offset)
                    guard case .unknown = damage.fault else { return #expect(Bool(false), "\(damage)") }
                case let other:
                    #expect(Bool(false), "\(log.name), segment \(number), offset \(offset): \(other as Any)")
                }
            }
        }
    }

    @Test("a record of a kind that the codec does not know is refused by recovery, never skipped")
    func unknownRecord() throws {
        let known = GoldenLog.formatOne[0]
        // Field 999 of an entry that has an index and a principal's role, and no record that is known.
        let unknown: [UInt8] = [0x08, 2, 0x10, 1, 0x18, 4, 0xBA, 0x3E, 1, 0]
        let disk = try LogFixture.disk([known.groups[0], [unknown], known.groups[2]], sealed: true)
        var reader = disk
        var indices: [UInt64] = []
        let verdict = try LogScan.verify(&reader, identity: LogFixture.identity()) {
            index, bytes throws(RecordRefusal) in
            do throws(RecordFailure) { _ = try RecordCodec.decode(bytes) } catch {
                throw RecordRefusal(reason: "\(error)")
            }
            indices.append(index.rawValue)
        }
        #expect(indices == [1])
        guard case .record(.first, _, RecordIndex(rawValue: 2), _) = verdict.refusal else {
            return #expect(Bool(false), "\(String(describing: verdict.refusal))")
        }
    }
}
