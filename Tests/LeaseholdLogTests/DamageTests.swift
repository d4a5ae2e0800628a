import LeaseholdLog
import LeaseholdModel
import LeaseholdSimulator
import Testing

/// Every small damage to a small log, and what recovery makes of it.
///
/// Refused, cut and declared, or without effect; never a record lost whose durability a later frame proves.
@Suite("Damage, exhaustively")
struct DamageTests {
    private struct Count {
        var refused = 0
        var cut = 0
        var harmless = 0
    }

    private let records = LogFixture.threeGroups.flatMap { $0 }

    /// Recovers after each change of one byte; `proven` records must never be lost, and none in silence.
    private func damageEveryByte(
        of disk: SimulatedDisk, segment: UInt64, _ place: LogPlace, expecting all: [[UInt8]], proven: Int
    ) -> Count {
        var count = Count()
        let whole = disk.state
        let changes: [UInt8] = [0xFF] + (0..<8).map { 1 << $0 }
        for offset in 0..<4_096 {
            for change in changes {
                disk.state = whole
                disk.tamper(segment, place) { $0[offset] ^= change }
                switch LogFixture.recover(disk) {
                case .failure(.refused): count.refused += 1
                case .failure(.storage(let failure)): #expect(Bool(false), "\(failure)")
                case .success(let found):
                    #expect(found.records == Array(all[..<found.records.count]), "byte \(offset) ^ \(change)")
                    #expect(found.records.count >= proven, "byte \(offset) ^ \(change) lost a proven record")
                    if case .cut = found.recovered.report.end {
                        count.cut += 1
                    } else {
                        count.harmless += 1
                        #expect(found.records.count == all.count, "byte \(offset) ^ \(change): lost in silence")
                    }
                }
            }
        }
        return count
    }

    @Test("a sealed log: any changed byte of a record is refused, of the seal or the rest cut without loss")
    func sealed() throws {
        let disk = try LogFixture.disk(LogFixture.threeGroups, sealed: true)
        let count = damageEveryByte(of: disk, segment: 1, .live, expecting: records, proven: 6)
        #expect(count.refused == 2_560 * 9)
        #expect(count.cut == (4_096 - 2_560) * 9)
        #expect(count.harmless == 0)
    }

    @Test("an unsealed log: only its last group can be cut, and every cut is declared")
    func unsealed() throws {
        let disk = try LogFixture.disk(LogFixture.threeGroups, sealed: false)
        let count = damageEveryByte(of: disk, segment: 1, .live, expecting: records, proven: 5)
        #expect(count.refused == 2_048 * 9)
        #expect(count.cut == (4_096 - 2_048) * 9)
        #expect(count.harmless == 0)
    }

    @Test("an archived segment: any changed byte before its end is refused, behind it without effect")
    func archived() throws {
        let groups = LogFixture.groups([[700], [700], [700], [700], [700]])
        let disk = try LogFixture.disk(groups, sealed: true)
        #expect(disk.names(.archive) == ["0000000001.segment"])
        let count = damageEveryByte(of: disk, segment: 1, .archive, expecting: groups.flatMap { $0 }, proven: 5)
        #expect(count.refused == 3_584 * 9)
        #expect(count.harmless == 512 * 9)
        #expect(count.cut == 0)
    }

    @Test("every zeroed word of eight bytes is refused where a record is proven, and never loses one in silence")
    func zeroedWords() throws {
        let disk = try LogFixture.disk(LogFixture.threeGroups, sealed: true)
        let whole = disk.state
        for word in 0..<512 {
            disk.state = whole
            var changed = false
            disk.tamper(1) { bytes in
                for offset in word * 8..<word * 8 + 8 where bytes[offset] != 0 {
                    bytes[offset] = 0
                    changed = true
                }
            }
            switch LogFixture.recover(disk) {
            case .failure(.refused): #expect(changed)
            case .failure(.storage(let failure)): #expect(Bool(false), "\(failure)")
            case .success(let found):
                #expect(found.records == records, "word \(word)")
                #expect(!changed || word >= 2_560 / 8, "word \(word) of a proven frame was changed and not noticed")
            }
        }
    }

    @Test("a frame copied to another place never counts as one there")
    func misdirectedWrites() throws {
        let disk = try LogFixture.disk(LogFixture.threeGroups, sealed: true)
        let whole = disk.state
        let frames = [0..<512, 512..<1_024, 1_024..<2_048, 2_048..<2_560, 2_560..<3_072]
        for frame in frames {
            for target in stride(from: 0, through: 4_096 - frame.count, by: 512) where target != frame.lowerBound {
                disk.state = whole
                disk.tamper(1) { $0.replaceSubrange(target..<target + frame.count, with: $0[frame]) }
                switch LogFixture.recover(disk) {
                case .failure: break
                case .success(let found): #expect(found.records == records, "\(frame) at \(target)")
                }
            }
        }
    }

    @Test("a write that the disk puts over the group before it is refused: where it lies, it proves what it destroyed")
    func misdirectedOntoPredecessor() throws {
        let disk = try LogFixture.disk(LogFixture.groups([[40], [900], [1]]), sealed: false)
        // The last group's sector lies on the last sector of the group before it, and its own place is empty.
        disk.tamper(1) { bytes in
            bytes.replaceSubrange(2_048..<2_560, with: bytes[2_560..<3_072])
            for offset in 2_560..<3_072 { bytes[offset] = 0 }
        }
        guard case .failure(.refused(.damaged(let damage))) = LogFixture.recover(disk) else {
            return #expect(Bool(false), "\(LogFixture.recover(disk))")
        }
        #expect(damage.offset == 1_024)
        #expect(damage.evidence == .laterFrame(offset: 2_048, durableIndex: RecordIndex(rawValue: 2)))
    }
}
