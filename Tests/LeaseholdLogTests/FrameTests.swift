import LeaseholdLog
import LeaseholdModel
import LeaseholdSimulator
import Testing

@Suite("Frames")
struct FrameTests {
    private func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    @Test("the first two frames of a log are these bytes and no others")
    func goldenBytes() throws {
        let disk = SimulatedDisk()
        var log = try SynchronousLog.create(LogFixture.identity(kind: .coordinator), on: disk)
        log.enter(reign: Reign(rawValue: 3))
        let head = try log.commit([Array("lease".utf8), Array("hold".utf8)])
        let bytes = try #require(disk.bytes("0000000001.segment"))
        #expect(hex(bytes[0..<128]) == Golden.segmentHeader)
        #expect(hex(bytes[128..<170]) == Golden.segmentPayload)
        #expect(bytes[170..<512].allSatisfy { $0 == 0 })
        #expect(hex(bytes[512..<640]) == Golden.groupHeader)
        #expect(hex(bytes[640..<657]) == "050000006c65617365" + "04000000686f6c64")
        #expect(bytes[657...].allSatisfy { $0 == 0 })
        #expect(head.chain.description == Golden.chain)
    }

    @Test("a segment's name is ten digits, and only that name is read back")
    func segmentNames() {
        #expect(SegmentNumber(rawValue: 17).fileName == "0000000017.segment")
        #expect(SegmentNumber(fileName: "0000000017.segment") == SegmentNumber(rawValue: 17))
        #expect(SegmentNumber(rawValue: 12_345_678_901).fileName == "12345678901.segment")
        for name in ["17.segment", "0000000017.segment.tmp", "0000000000.segment", "IDENTITY", "000000001x.segment"] {
            #expect(SegmentNumber(fileName: name) == nil, "\(name)")
        }
    }

    @Test("the bounds of groups, records and segments fit into each other")
    func boundsFit() {
        #expect(LogLimits.groupByteCountMax <= LogLimits.payloadByteCountMax)
        #expect(Limits.framePayloadByteCountMax < LogLimits.recordByteCountMax)
        #expect(LogLimits.pendingByteCountMax >= 8 * LogLimits.payloadByteCountMax)
        #expect(LogLimits.pendingRecordCountMax >= 8 * LogLimits.groupRecordCountMax)
        for size in [
            LogLimits.segmentByteCountMin, LogLimits.journalSegmentByteCount, LogLimits.coordinatorSegmentByteCount,
        ] {
            let record = LogLimits.recordByteCountMax(segmentByteCount: size)
            let frame = FrameHeader.frameByteCount(payloadByteCount: record + LogLimits.recordPrefixByteCount)
            #expect(LogLimits.alignmentByteCount + frame + LogLimits.alignmentByteCount <= size)
        }
        #expect(
            LogLimits.recordByteCountMax(segmentByteCount: LogLimits.journalSegmentByteCount)
                == LogLimits.recordByteCountMax)
    }

    @Test("an identity with a bad name or size is refused in words")
    func identities() {
        func complaint(_ cluster: String, _ size: Int) -> String? {
            LogIdentity(cluster: cluster, logID: LogFixture.logID, kind: .journal, segmentByteCount: size).complaint
        }
        #expect(complaint("colossus-1", 65_536) == nil)
        #expect(complaint("", 65_536)?.contains("0 bytes") == true)
        #expect(complaint(String(repeating: "x", count: 64), 65_536)?.contains("64 bytes") == true)
        #expect(complaint("two words", 65_536)?.contains("spaces") == true)
        #expect(complaint("a", 5_000)?.contains("5000") == true)
        #expect(complaint("a", 2_048)?.contains("2048") == true)
    }

    /// Written down once; a change of these bytes is a change of the format and needs a new version.
    private enum Golden {
        static let segmentHeader =
            "4c484c46d5138b5e01010000010000002a000000235dc0220000000001000000"
            + "0191e7a07c3b7d118a2e5d3c1b2a9f0000000000000000000100000000000000"
            + "0000000000000000000000000000000000000000000000000000000000000000"
            + "0000000000000000000000000000000000000000000000000000000000000000"
        static let segmentPayload =
            "010000000000000000000000000000000010000000000000010a000000000000"
            + "636f6c6f737375732d31"
        static let groupHeader =
            "4c484c46d010be3c0102000001000000110000004a5ff3360200000001000000"
            + "0191e7a07c3b7d118a2e5d3c1b2a9f0003000000000000000100000000000000"
            + "0000000000000000000200000000000000020000000000000000000000000000"
            + "0000000000000000000000000000000000000000000000000000000000000000"
        static let chain = "58d38fb8259f817d58733420875baf65e4ac69736da7679a869ad9c9e490c9c0"
    }
}
