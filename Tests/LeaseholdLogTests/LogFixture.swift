import LeaseholdChecksum
import LeaseholdLog
import LeaseholdModel
import LeaseholdSimulator

/// A small log of known content, and what must be true of it after any mishap.
enum LogFixture {
    static let logID = LogID(high: 0x0191_E7A0_7C3B_7D11, low: 0x8A2E_5D3C_1B2A_9F00)

    /// A journal unless another kind is asked for: full segments go to the archive at once.
    static func identity(segmentByteCount: Int = 4_096, kind: LogKind = .journal) -> LogIdentity {
        LogIdentity(cluster: "colossus-1", logID: logID, kind: kind, segmentByteCount: segmentByteCount)
    }

    /// A record of a fixed sequence; its bytes are unlike any other's.
    static func record(_ number: Int, byteCount: Int) -> [UInt8] {
        (0..<byteCount).map { UInt8(truncatingIfNeeded: ($0 &* 31) ^ (number &* 97) ^ ($0 >> 3) ^ 0x5A) }
    }

    /// Groups of the given record sizes, numbered through.
    static func groups(_ sizes: [[Int]]) -> [[[UInt8]]] {
        var number = 0
        return sizes.map { group in
            group.map { byteCount in
                number += 1
                return record(number, byteCount: byteCount)
            }
        }
    }

    /// Three groups, the second of two sectors: 512 header + 512 + 1024 + 512 = 2560 bytes.
    static let threeGroups = groups([[40, 7], [300, 300, 90], [1]])

    /// A log with these groups, each one committed, sealed at the end if asked for.
    static func disk(_ groups: [[[UInt8]]], sealed: Bool, segmentByteCount: Int = 4_096) throws -> SimulatedDisk {
        let disk = SimulatedDisk()
        var log = try SynchronousLog.create(identity(segmentByteCount: segmentByteCount), on: disk)
        for group in groups { _ = try log.commit(group) }
        if sealed { try log.sealIfIdle() }
        return disk
    }

    /// What recovery reads, with the records it hands out.
    static func recover(
        _ disk: SimulatedDisk, segmentByteCount: Int = 4_096
    ) -> Result<(recovered: RecoveredLog, records: [[UInt8]]), RecoveryFailure> {
        var records: [[UInt8]] = []
        var scan = LogScan(identity: identity(segmentByteCount: segmentByteCount))
        var reader = disk
        do throws(RecoveryFailure) {
            let recovered = try scan.recover(&reader) { _, bytes throws(RecordRefusal) in records.append(bytes) }
            return .success((recovered, records))
        } catch {
            return .failure(error)
        }
    }

    /// Makes a header's checksum right again after a field was changed.
    static func reforge(_ bytes: inout [UInt8], at offset: Int) {
        let checksum = CRC32C.checksum(of: Array(bytes[offset + 8..<offset + 128]))
        withUnsafeBytes(of: checksum.littleEndian) { bytes.replaceSubrange(offset + 4..<offset + 8, with: $0) }
    }
}
