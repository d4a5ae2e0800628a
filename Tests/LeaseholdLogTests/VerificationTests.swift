import LeaseholdLog
import LeaseholdModel
import LeaseholdSimulator
import Testing

/// Shows the bytes of a log as a look beside a writer can: the first so many looks miss a frame.
private struct FlickeringReader: LogReader {
    let disk: SimulatedDisk
    let missed: Range<Int>
    var looksThatMiss: Int
    private var look = 0

    init(_ disk: SimulatedDisk, missed: Range<Int>, looksThatMiss: Int) {
        self.disk = disk
        self.missed = missed
        self.looksThatMiss = looksThatMiss
    }

    mutating func listSegments() throws(StorageFailure) -> [SegmentFile] {
        look += 1
        return try disk.listSegments()
    }

    mutating func read(_ file: SegmentFile, _ range: Range<Int>) throws(StorageFailure) -> [UInt8] {
        var bytes = try disk.read(file, range)
        if look <= looksThatMiss, range.upperBound >= missed.upperBound {
            // A writer moves on between two looks.
            for offset in missed.lowerBound + (look - 1) * 512..<missed.upperBound { bytes[offset] = 0 }
        }
        return bytes
    }
}

@Suite("Verification beside a writer")
struct VerificationBesideWriterTests {
    @Test("a frame that was only missed is found at the second look; one that is gone is damage")
    func missedFrame() throws {
        let disk = try LogFixture.disk(LogFixture.threeGroups, sealed: true)
        var passing = FlickeringReader(disk, missed: 1_024..<2_048, looksThatMiss: 1)
        #expect(try LogScan.verify(&passing, identity: LogFixture.identity()).refusal != nil)
        passing = FlickeringReader(disk, missed: 1_024..<2_048, looksThatMiss: 2)
        #expect(try LogScan.verifyBesideWriter(&passing, identity: LogFixture.identity()).isGood)
        disk.tamper(1) { for offset in 1_024..<2_048 { $0[offset] = 0 } }
        var reader = disk
        let verdict = try LogScan.verifyBesideWriter(&reader, identity: LogFixture.identity())
        guard case .damaged(let damage) = verdict.refusal else { return #expect(Bool(false), "\(verdict)") }
        #expect(damage.offset == 1_024)
    }
}
