import LeaseholdLog
import LeaseholdModel
import LeaseholdSimulator
import Testing

@Suite("Logs that are not this log")
struct ForeignLogTests {
    private func refusal(_ disk: SimulatedDisk) -> LogRefusal? {
        var reader = disk
        do {
            return try LogScan.verify(&reader, identity: LogFixture.identity()).refusal
        } catch {
            return nil
        }
    }

    /// A log of several archived segments and a live one.
    private func long() throws -> SimulatedDisk {
        try LogFixture.disk(LogFixture.groups((0..<12).map { _ in [700] }), sealed: true)
    }

    @Test("a segment of another log is refused with both ids")
    func anotherLog() throws {
        let disk = try LogFixture.disk([], sealed: false)
        var reader = disk
        let other = LogID(high: 1, low: 2)
        let identity = LogIdentity(cluster: "colossus-1", logID: other, kind: .journal, segmentByteCount: 4_096)
        let verdict = try LogScan.verify(&reader, identity: identity)
        #expect(verdict.refusal == .anotherLog(segment: .first, expected: other, actual: LogFixture.logID))
    }

    @Test("a journal is not read as a coordinator's log, nor one cluster's log as another's")
    func anotherIdentity() throws {
        let disk = try LogFixture.disk([], sealed: false)
        for (cluster, kind) in [("colossus-2", LogKind.journal), ("colossus-1", .coordinator)] {
            var reader = disk
            let identity = LogIdentity(cluster: cluster, logID: LogFixture.logID, kind: kind, segmentByteCount: 4_096)
            guard case .anotherIdentity = try LogScan.verify(&reader, identity: identity).refusal else {
                return #expect(Bool(false), "\(identity)")
            }
        }
    }

    @Test("a log that needs a newer reader is refused with both versions")
    func newerFormat() throws {
        for offset in [0, 512, 1_536] {
            let disk = try LogFixture.disk([[[1]], [[2]]], sealed: true)
            disk.tamper(1) {
                $0[offset + 12] = 2
                LogFixture.reforge(&$0, at: offset)
            }
            #expect(refusal(disk) == .newerFormat(segment: .first, offset: offset, required: 2, reader: 1))
        }
    }

    @Test(
        "an unknown version, kind, flag or reserved byte in a whole frame is refused, not skipped",
        arguments: [8, 9, 10, 11, 120, 127])
    func unknownFields(at field: Int) throws {
        let disk = try LogFixture.disk([[[1]], [[2]]], sealed: false)
        disk.tamper(1) {
            $0[1_024 + field] = 0x77
            LogFixture.reforge(&$0, at: 1_024)
        }
        guard case .damaged(let damage) = refusal(disk), case .unknown = damage.fault else {
            return #expect(Bool(false), "\(String(describing: refusal(disk)))")
        }
        #expect(damage.offset == 1_024)
    }

    @Test(
        "a whole frame in the wrong place is refused even at the very end", arguments: [28, 32, 48, 56, 64, 72, 80, 88])
    func wrongPlace(field: Int) throws {
        let disk = SimulatedDisk()
        var log = try SynchronousLog.create(LogFixture.identity(), on: disk)
        log.enter(reign: Reign(rawValue: 5))
        _ = try log.commit([[1]])
        _ = try log.commit([[2]])
        disk.tamper(1) {
            // A lower reign, and of everything else another value.
            $0[1_024 + field] = field == 48 ? 4 : $0[1_024 + field] &+ 3
            $0[1_024 + field + 1] = field == 80 ? 0xFF : $0[1_024 + field + 1]
            LogFixture.reforge(&$0, at: 1_024)
        }
        guard case .damaged(let damage) = refusal(disk) else {
            return #expect(Bool(false), "\(String(describing: refusal(disk)))")
        }
        #expect(damage.evidence == .wholeFrame)
    }

    @Test("a missing, a doubled and a swapped segment are refused")
    func segmentsOutOfOrder() throws {
        let missing = try long()
        missing.state.names[DiskState.Name(place: .archive, name: "0000000002.segment")] = nil
        #expect(refusal(missing) == .missingSegment(SegmentNumber(rawValue: 2)))

        let first = try long()
        first.state.names[DiskState.Name(place: .archive, name: "0000000001.segment")] = nil
        #expect(refusal(first) == .missingSegment(.first))

        let doubled = try long()
        doubled.state.names[DiskState.Name(place: .live, name: "0000000002.segment")] =
            doubled.state.names[DiskState.Name(place: .archive, name: "0000000002.segment")]
        #expect(refusal(doubled) == .duplicateSegment(SegmentNumber(rawValue: 2)))

        let newest = try long()
        newest.state.names[DiskState.Name(place: .live, name: "0000000004.segment")] = nil
        #expect(refusal(newest) == .missingLiveSegment(newestArchived: SegmentNumber(rawValue: 3)))

        let swapped = try long()
        let second = DiskState.Name(place: .archive, name: "0000000002.segment")
        let third = DiskState.Name(place: .archive, name: "0000000003.segment")
        (swapped.state.names[second], swapped.state.names[third]) = (
            swapped.state.names[third], swapped.state.names[second]
        )
        guard case .damaged(let damage) = refusal(swapped) else { return #expect(Bool(false)) }
        #expect(damage.segment == SegmentNumber(rawValue: 2))
        #expect(damage.offset == 0)
    }

    @Test("a directory without segments is not a new log")
    func empty() {
        #expect(refusal(SimulatedDisk()) == .noSegments)
    }

    @Test("an older copy of an archived segment is refused: its successor says where it ended")
    func staleSegment() throws {
        let disk = try long()
        disk.tamper(2, .archive) { for offset in 2_560..<4_096 { $0[offset] = 0 } }
        guard case .damaged(let damage) = refusal(disk) else { return #expect(Bool(false)) }
        #expect(damage.segment == SegmentNumber(rawValue: 2))
        #expect(damage.evidence == .laterSegment(SegmentNumber(rawValue: 3)))
    }
}
