import LeaseholdLog
import LeaseholdModel
import Testing

@Suite("Incarnations of restores")
struct IncarnationTests {
    /// Of a backup of a log of this incarnation.
    private static func header(_ logIncarnation: UInt32) throws -> BackupHeader {
        let run = try BackupRun(1)
        var pager = BackupPager(of: BackupRun.identity, run.disk)
        let page = try pager.page(at: .beginning, before: run.tail)
        let end = BackupEnd(
            place: page.end.place, base: page.end.base, head: page.end.head, reign: page.end.reign,
            logIncarnation: logIncarnation)
        let other = BackupPage(
            cluster: page.cluster, log: page.log, segmentByteCount: page.segmentByteCount, end: end,
            place: page.place, bytes: page.bytes, next: page.next)
        return try BackupHeader.of(other, takenAt: BackupRun.takenAt).get()
    }

    @Test(
        "the incarnation of a restore is its second, and a clock that is behind what is past is refused or vouched for")
    func incarnations() throws {
        func incarnation(
            _ second: Int64, after before: UInt32 = 1, lastRecord: Int64 = 0, isClockVouchedFor: Bool = false
        ) throws -> UInt32 {
            try IncarnationTests.header(before).incarnation(
                at: CalendarInstant(nanoseconds: second * 1_000_000_000),
                lastRecord: CalendarInstant(nanoseconds: lastRecord * 1_000_000_000),
                isClockVouchedFor: isClockVouchedFor)
        }
        // It was taken in second 1,800,000,000, not at its beginning.
        #expect(try incarnation(1_800_000_001) == 1_800_000_001)
        #expect(try incarnation(1_800_000_001, lastRecord: 1_800_000_001) == 1_800_000_001)
        #expect(try incarnation(1_800_000_002, after: 1_799_999_999) == 1_800_000_002)
        let refused: [(second: Int64, before: UInt32, last: Int64, known: RestoreRefusal.Known)] = [
            (1_800_000_000, 1, 0, .taken), (1_767_225_600, 1, 0, .taken),
            (1_800_000_001, 1, 1_800_000_002, .lastRecord),
            (1_800_000_001, 1_800_000_001, 0, .restored), (1_800_000_001, 1_800_000_009, 0, .restored),
        ]
        for (second, before, last, known) in refused {
            let refusal = #expect(throws: RestoreRefusal.self) {
                _ = try incarnation(second, after: before, lastRecord: last)
            }
            guard case .clockBehind(_, known, _) = refusal else {
                Issue.record("second \(second): \(refusal.map { "\($0)" } ?? "taken")")
                continue
            }
            // Whoever vouches for the clock gets an incarnation that is later all the same.
            let vouched = try incarnation(second, after: before, lastRecord: last, isClockVouchedFor: true)
            #expect(vouched > before && vouched >= second)
        }
        for isClockVouchedFor in [false, true] {
            guard
                case .clockBehind(_, .format, _) = #expect(
                    throws: RestoreRefusal.self,
                    performing: {
                        _ = try incarnation(1_767_225_599, isClockVouchedFor: isClockVouchedFor)
                    })
            else {
                Issue.record("a restore before there was a log")
                continue
            }
        }
        #expect(throws: RestoreRefusal.noIncarnationLeft) {
            _ = try incarnation(1_767_225_602, after: .max - 2, isClockVouchedFor: true)
        }
        #expect(try incarnation(9_000_000_000) == .max)
        for isClockVouchedFor in [false, true] {
            #expect(throws: RestoreRefusal.noIncarnationLeft) {
                _ = try incarnation(9_000_000_000, after: .max, isClockVouchedFor: isClockVouchedFor)
            }
        }
    }

    @Test(
        "a later restore of a backup gets the higher incarnation, also when the clock passes the backup's own (L4)",
        arguments: [
            1, 1_767_225_599, 1_767_225_600, 1_799_999_998, 1_799_999_999, 1_800_000_000, 1_800_000_001, 1_800_086_400,
        ])
    func rising(before: UInt32) throws {
        let header = try IncarnationTests.header(before)
        let (began, taken) = (UInt32(1_767_225_600), BackupRun.takenAt.second)
        let seconds = Set([began, before - 1, before, before + 1, before + 2, taken, taken + 1, taken + 100_000])
        func expectRising(isVouchedFor: (UInt32) -> Bool) throws {
            var last = before
            for second in seconds.sorted() where second >= began {
                let next = try header.incarnation(
                    at: CalendarInstant(nanoseconds: Int64(second) * 1_000_000_000),
                    lastRecord: CalendarInstant(nanoseconds: 0), isClockVouchedFor: isVouchedFor(second))
                #expect(next > last, "\(second): \(next) after \(last)")
                last = next
            }
        }
        try expectRising { _ in true }
        // Where the backup itself says that its clock was ahead, also for whoever vouches only as long as it is needed.
        if before >= taken { try expectRising { $0 <= before } }
    }
}
