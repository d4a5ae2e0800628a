import LeaseholdLog
import LeaseholdModel
import LeaseholdSimulator
import Testing

/// A reader to which a segment looks for some looks as if it were on its way to the archive.
private struct MovingReader: LogReader {
    enum Sight: CaseIterable {
        case inNoPlace
        case inBothPlaces
        case goneWhenRead
    }

    let disk: SimulatedDisk
    let sight: Sight
    /// How many looks are left that see it so.
    var looks: Int

    mutating func listSegments() throws(StorageFailure) -> [SegmentFile] {
        let files = try disk.listSegments().sorted { $0.number < $1.number }
        guard looks > 0, files.count > 1, sight != .goneWhenRead else { return files }
        looks -= 1
        let moving = files[files.count - 2]
        guard sight == .inBothPlaces else { return files.filter { $0 != moving } }
        return files + [SegmentFile(number: moving.number, place: .archive, byteCount: moving.byteCount)]
    }

    mutating func read(_ file: SegmentFile, _ range: Range<Int>) throws(StorageFailure) -> [UInt8] {
        if sight == .goneWhenRead, looks > 0 {
            looks -= 1
            throw StorageFailure(kind: .notFound, attempt: "open \(file.number)")
        }
        return try disk.read(file, range)
    }
}

@Suite("Reading on beside the writer")
struct RecordReaderTests {
    private static let identity = LogFixture.identity(kind: .coordinator)
    private let disk = SimulatedDisk()
    private let records = (1...30).map { LogFixture.record($0, byteCount: 300) }
    /// Where the log ended after each number of records.
    private let tails: [LogTail]

    init() throws {
        var log = try SynchronousLog.create(RecordReaderTests.identity, on: disk)
        var tails = [log.machine.tail]
        for record in records {
            _ = try log.commit([record])
            tails.append(log.machine.tail)
        }
        self.tails = tails
        #expect(tails[30].segment.rawValue > 3)
    }

    @Test("from anywhere to anywhere, over the ends of segments")
    func ranges() throws {
        for from in tails.indices {
            for to in from..<tails.count {
                var found: [[UInt8]] = []
                var reader = RecordReader(of: RecordReaderTests.identity, disk, at: tails[from])
                try reader.read(through: tails[to]) { _, record throws(RecordRefusal) in found.append(record) }
                #expect(found == Array(records[from..<to]), "\(from) to \(to)")
            }
        }
    }

    @Test("from any record, a few at a time, as far as the writer has come meanwhile")
    func slices() throws {
        for first in 1...30 as ClosedRange<UInt64> {
            var reader = try RecordReader(of: RecordReaderTests.identity, disk, from: RecordIndex(rawValue: first))
            var found: [RecordIndex: [UInt8]] = [:]
            var reads = 0
            for end in [Int(first), min(30, Int(first) + 7), 30] {
                while reader.head < tails[end].head.index {
                    reads += 1
                    let before = reader.head
                    try reader.read(through: tails[end], recordCountMax: 2) { index, record throws(RecordRefusal) in
                        #expect(found.updateValue(record, forKey: index) == nil, "\(index) came twice")
                    }
                    #expect(reader.head.rawValue - before.rawValue <= 2 && reader.head > before)
                }
            }
            for index in first...30 {
                #expect(found[RecordIndex(rawValue: index)] == records[Int(index) - 1], "\(index) from \(first)")
            }
            #expect(reads > (30 - Int(first)) / 2)
        }
    }

    @Test("a segment on its way to the archive is looked for again, and not for ever", arguments: [0, 1, 2, 3, 99])
    func moving(looks: Int) throws {
        for sight in MovingReader.Sight.allCases {
            let moving = MovingReader(disk: disk, sight: sight, looks: looks)
            var reader = RecordReader(of: RecordReaderTests.identity, moving, at: tails[0])
            var count = 0
            let read = { (reader: inout RecordReader<MovingReader>) throws(RecoveryFailure) in
                try reader.read(through: tails[30]) { _, _ throws(RecordRefusal) in count += 1 }
            }
            if looks == 99 {
                #expect(throws: RecoveryFailure.self, "\(sight)") { try read(&reader) }
            } else {
                try read(&reader)
                #expect(count == 30, "\(sight)")
            }
        }
    }

    @Test("what was damaged before the writer's end is refused")
    func damage() throws {
        disk.tamper(1) { $0[1_000] ^= 1 }
        var reader = RecordReader(of: RecordReaderTests.identity, disk, at: tails[0])
        #expect(throws: RecoveryFailure.self) { try reader.read(through: tails[30]) { _, _ in } }
    }
}
