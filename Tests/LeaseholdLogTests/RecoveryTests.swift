import LeaseholdLog
import LeaseholdModel
import LeaseholdSimulator
import Testing

@Suite("Recovery")
struct RecoveryTests {
    private let records = LogFixture.threeGroups.flatMap { $0 }

    private func refusal(_ disk: SimulatedDisk) -> LogRefusal? {
        switch LogFixture.recover(disk) {
        case .success: nil
        case .failure(.refused(let refusal)): refusal
        case .failure(.storage): nil
        }
    }

    @Test("what was committed is read back, in order, with index, chain and reign")
    func roundTrip() throws {
        let disk = SimulatedDisk()
        var log = try SynchronousLog.create(LogFixture.identity(), on: disk)
        log.enter(reign: Reign(rawValue: 7))
        for group in LogFixture.threeGroups { _ = try log.commit(group) }
        let head = log.head
        let (recovered, found) = try LogFixture.recover(disk).get()
        #expect(found == records)
        #expect(recovered.report.head == head)
        #expect(recovered.report.reign == Reign(rawValue: 7))
        #expect(recovered.report.recordCount == 6)
        #expect(recovered.report.frameCount == 4)
        #expect(recovered.report.byteCount == 2_560)
        #expect(recovered.report.end == .unsealed(from: RecordIndex(rawValue: 6)))
        try log.sealIfIdle()
        #expect(try LogFixture.recover(disk).get().recovered.report.end == .sealed)
    }

    @Test("a log that was opened again goes on where it ended, over many segments")
    func goingOn() throws {
        let disk = try LogFixture.disk([], sealed: false)
        var witness = LogWitness()
        for round in 0..<10 {
            var log = try SynchronousLog.open(LogFixture.identity(), on: disk) { _, _ throws(RecordRefusal) in }.log
            for group in LogFixture.groups([[700, round], [900], [5]]) {
                witness.appending(group)
                _ = try log.commit(group)
                witness.acknowledge()
            }
            if round % 2 == 0 { try log.sealIfIdle() }
            let (recovered, found) = try LogFixture.recover(disk).get()
            #expect(witness.complaint(about: found, head: recovered.report.head) == nil)
        }
        #expect(disk.names(.archive).count >= 8)
    }

    @Test("zeros to the end are the rest of the segment, not damage")
    func zeros() throws {
        let disk = try LogFixture.disk([], sealed: false)
        let report = try LogFixture.recover(disk).get().recovered.report
        #expect(report.end == .sealed)
        #expect(report.head == .empty)
    }

    @Test("a torn last group is cut, declared with its numbers, copied aside, and the next segment says where it began")
    func tornTail() throws {
        let disk = try LogFixture.disk(LogFixture.threeGroups, sealed: false)
        disk.tamper(1) { $0[2_048 + 130] ^= 1 }
        let torn = try #require(disk.bytes("0000000001.segment"))[2_048..<2_560]
        let (log, recovered) = try SynchronousLog.open(LogFixture.identity(), on: disk) { _, _ throws(RecordRefusal) in
        }
        guard case .cut(let tail) = recovered.report.end else { return #expect(Bool(false), "\(recovered.report)") }
        #expect(tail.segment == .first)
        #expect(tail.offset == 2_048)
        #expect(tail.byteCount == 512)
        #expect(tail.index == RecordIndex(rawValue: 6))
        guard case .payloadChecksum(let expected, let actual) = tail.fault else {
            return #expect(Bool(false), "\(tail.fault)")
        }
        #expect(expected != actual)
        #expect(disk.bytes("0000000001.segment.torn") == Array(torn))
        #expect(disk.names(.archive) == ["0000000001.segment"])
        #expect(log.head.index == RecordIndex(rawValue: 5))
        let after = try LogFixture.recover(disk).get()
        #expect(after.records == Array(records[..<5]))
        #expect(after.recovered.report.end == .sealed)
        #expect(after.recovered.report.head == log.head)
    }

    @Test("recovery run twice, with or without its repair, finds the same cut and the same chain")
    func twice() throws {
        let disk = try LogFixture.disk(LogFixture.threeGroups, sealed: false)
        disk.tamper(1) { $0[2_048 + 5] ^= 1 }
        let first = try LogFixture.recover(disk).get()
        let second = try LogFixture.recover(disk).get()
        #expect(first.recovered == second.recovered)
        _ = try SynchronousLog.open(LogFixture.identity(), on: disk) { _, _ throws(RecordRefusal) in }
        let state = disk.state
        let opened = try SynchronousLog.open(LogFixture.identity(), on: disk) { _, _ throws(RecordRefusal) in }
        #expect(opened.recovered.report.head == first.recovered.report.head)
        #expect(disk.state.names.keys == state.names.keys)
    }

    @Test("damage before a later frame is refused with segment, offset, index and both checksums")
    func rot() throws {
        let disk = try LogFixture.disk(LogFixture.threeGroups, sealed: false)
        disk.tamper(1) { $0[1_024 + 200] ^= 1 }
        guard case .damaged(let damage) = refusal(disk) else { return #expect(Bool(false)) }
        #expect(damage.segment == .first)
        #expect(damage.offset == 1_024)
        #expect(damage.index == RecordIndex(rawValue: 3))
        #expect(damage.evidence == .laterFrame(offset: 2_048, durableIndex: RecordIndex(rawValue: 5)))
        let text = "\(LogRefusal.damaged(damage))"
        for part in ["segment 1", "offset 1024", "record 3", "expected", "actual"] { #expect(text.contains(part)) }
    }

    @Test("damage to a seal before a later group is refused, though the seal holds no record")
    func rottenSeal() throws {
        let disk = try LogFixture.disk([[[1]]], sealed: true)
        var log = try SynchronousLog.open(LogFixture.identity(), on: disk) { _, _ throws(RecordRefusal) in }.log
        _ = try log.commit([[2]])
        disk.tamper(1) { for offset in 1_024..<1_536 { $0[offset] = 0 } }
        guard case .damaged(let damage) = refusal(disk) else { return #expect(Bool(false)) }
        #expect(damage.offset == 1_024)
    }

    @Test("a segment cut short at any byte is refused")
    func truncations() throws {
        let disk = try LogFixture.disk(LogFixture.threeGroups, sealed: true)
        let whole = disk.state
        for byteCount in 0..<4_096 {
            disk.state = whole
            disk.tamper(1) { $0.removeLast(4_096 - byteCount) }
            guard case .segmentByteCount(.first, expected: 4_096, actual: byteCount) = refusal(disk) else {
                return #expect(Bool(false), "truncated to \(byteCount)")
            }
        }
    }

    @Test("a log that loses sectors from its end, zeroed in place, loses no sealed record in silence")
    func zeroedTails() throws {
        let disk = try LogFixture.disk(LogFixture.threeGroups, sealed: true)
        let whole = disk.state
        for sector in 0..<8 {
            disk.state = whole
            disk.tamper(1) { for offset in sector * 512..<sector * 512 + 512 { $0[offset] = 0 } }
            switch (LogFixture.recover(disk), sector) {
            case (.failure(.refused(.damaged)), 0...4): break
            case (.success(let found), 5...7): #expect(found.records == records)
            case (let result, _): #expect(Bool(false), "sector \(sector): \(result)")
            }
        }
    }

    @Test("a record that its reader does not know is refused with its place, not skipped")
    func unknownRecord() throws {
        let disk = try LogFixture.disk(LogFixture.threeGroups, sealed: true)
        var reader = disk
        let verdict = try LogScan.verify(&reader, identity: LogFixture.identity()) { index, _ throws(RecordRefusal) in
            if index.rawValue == 4 { throw RecordRefusal(reason: "unknown kind 9") }
        }
        #expect(
            verdict.refusal
                == .record(
                    segment: .first, offset: 1_024, index: RecordIndex(rawValue: 4),
                    RecordRefusal(reason: "unknown kind 9")))
        #expect(verdict.report.recordCount == 2)
    }

    @Test("a record that is refused late, or behind which the log is damaged, is refused with its place all the same")
    func refusedLate() throws {
        let disk = try LogFixture.disk(LogFixture.threeGroups, sealed: true)
        let whole = disk.state
        let last = RecordIndex(rawValue: UInt64(LogFixture.threeGroups.joined().count))
        let refused = RecordIndex(rawValue: 2)
        for (isDamaged, tellsAt) in [(false, nil), (false, last), (true, nil)] {
            disk.state = whole
            // The second group is at 1,024: no damage before the record that is refused.
            if isDamaged { disk.tamper(1) { for offset in 1_536..<1_600 { $0[offset] ^= 1 } } }
            var reader = disk
            let late = RecordRefusal(reason: "unknown kind 9", of: refused)
            let verdict = try LogScan.verify(&reader, identity: LogFixture.identity()) {
                index, _ throws(RecordRefusal) in
                if index == tellsAt { throw late }
            } settle: { () throws(RecordRefusal) in
                if tellsAt == nil { throw late }
            }
            guard case .record(.first, let offset, refused, RecordRefusal(reason: "unknown kind 9")) = verdict.refusal
            else { return #expect(Bool(false), "\(verdict)") }
            #expect(offset < 1_024 && verdict.report.recordCount == 0)
        }
    }

    @Test("whoever settles and names no record has refused the last one; nothing is accepted")
    func refusedUnnamed() throws {
        var reader = try LogFixture.disk(LogFixture.threeGroups, sealed: true)
        let last = RecordIndex(rawValue: UInt64(LogFixture.threeGroups.joined().count))
        let verdict = try LogScan.verify(&reader, identity: LogFixture.identity()) {
            _, _ throws(RecordRefusal) in
        } settle: { () throws(RecordRefusal) in
            throw RecordRefusal(reason: "it is not whole")
        }
        guard case .record(.first, _, last, RecordRefusal(reason: "it is not whole")) = verdict.refusal else {
            return #expect(Bool(false), "\(verdict)")
        }
        #expect(verdict.report.recordCount < Int(last.rawValue))
        var empty = try LogFixture.disk([], sealed: false)
        let nothing = try LogScan.verify(&empty, identity: LogFixture.identity()) {
            _, _ throws(RecordRefusal) in
        } settle: { () throws(RecordRefusal) in
            throw RecordRefusal(reason: "it is not whole")
        }
        guard case .record(.first, _, .zero, RecordRefusal(reason: "it is not whole")) = nothing.refusal else {
            return #expect(Bool(false), "\(nothing)")
        }
    }

    @Test("verification counts what is good up to the first damage and names it")
    func verification() throws {
        let disk = try LogFixture.disk(LogFixture.threeGroups, sealed: true)
        var reader = disk
        let good = try LogScan.verify(&reader, identity: LogFixture.identity())
        #expect(good.isGood)
        #expect(good.report.segmentCount == 1)
        #expect(good.report.frameCount == 5)
        #expect(good.report.recordCount == 6)
        disk.tamper(1) { $0[2_100] ^= 1 }
        let bad = try LogScan.verify(&reader, identity: LogFixture.identity())
        #expect(!bad.isGood)
        #expect(bad.report.recordCount == 5)
    }
}
