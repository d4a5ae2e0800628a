import Foundation
import LeaseholdLog
import LeaseholdModel
import LeaseholdPlatform

/// A directory that goes away with the object, and what the tests put into it.
final class StorageScratch {
    let path: String
    static let logID = LogID(high: 0x0191_E7A0_7C3B_7D11, low: 0x8A2E_5D3C_1B2A_9F00)
    static let holder = LockHolder(
        role: "test", pid: 4_711, incarnation: Incarnation(high: 3, low: 4), boot: BootID(high: 1, low: 2))

    init() throws {
        path = NSTemporaryDirectory() + "leasehold-storage-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: path) } catch { print("left behind: \(path): \(error)") }
    }

    /// The log's directory, which is not there yet.
    var log: String { path + "/state/log" }

    static func identity(segmentByteCount: Int = 65_536) -> LogIdentity {
        LogIdentity(cluster: "colossus-1", logID: logID, kind: .coordinator, segmentByteCount: segmentByteCount)
    }

    func create(segmentByteCount: Int = 65_536) throws {
        try LogDirectory.create(
            at: log, StorageScratch.identity(segmentByteCount: segmentByteCount), holder: StorageScratch.holder)
    }

    /// Opens the log; what was read comes back beside it.
    func open(
        expecting expected: LogExpectation = LogExpectation(kind: .coordinator)
    ) throws -> (log: LogDirectory, recovered: RecoveredLog, records: [[UInt8]]) {
        var records: [[UInt8]] = []
        let (log, recovered) = try LogDirectory.open(at: log, expecting: expected, holder: StorageScratch.holder) {
            _, bytes throws(RecordRefusal) in records.append(bytes)
        }
        return (log, recovered, records)
    }

    func names(_ below: String = "") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: log + below).sorted()
    }

    func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: "\(log)/\(name)"))) }

    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(log)/\(name)"))
    }

    /// The failure that a body throws, if it throws one of these.
    func failure(_ body: () throws -> Void) -> LogDirectoryFailure? {
        do {
            try body()
            return nil
        } catch {
            return error as? LogDirectoryFailure
        }
    }
}
