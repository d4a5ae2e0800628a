import Foundation
import LeaseholdLog
import LeaseholdModel
import LeaseholdPlatform

/// Durable appends by the log, beside the bare loop that writes and syncs as many bytes.
final class AppendRun {
    private let log: LogDirectory
    private let bare: BareLoop
    private let groupCount: Int
    /// Appends that are outstanding at once.
    private static let outstanding = [1, 16, 64, 256]
    private static let recordByteCount = 200

    /// Makes both files ready in a directory.
    init(in directory: URL, groupCount: Int) throws {
        self.groupCount = groupCount
        log = try AppendRun.makeLog(at: directory.appendingPathComponent("appends").path)
        bare = try BareLoop(at: directory.appendingPathComponent("bare").path)
    }

    /// A new log of the coordinator's kind, open.
    static func makeLog(at path: String) throws -> LogDirectory {
        let holder = try LockHolder.current(role: "bench", incarnation: .random())
        let identity = LogIdentity(
            cluster: "bench", logID: .random(), kind: .coordinator,
            segmentByteCount: LogLimits.coordinatorSegmentByteCount)
        try LogDirectory.create(at: path, identity, holder: holder)
        return try LogDirectory.open(at: path, expecting: LogExpectation(kind: .coordinator), holder: holder) { _, _ in
        }.log
    }

    /// One pair for each number of outstanding appends.
    func measure() throws -> Figures {
        var figures = Figures()
        for count in AppendRun.outstanding {
            let logged = try logGroups(of: count)
            let written = try bareGroups(of: count)
            let name = "log.append.\(count)"
            let (sum, bareSum) = (logged.reduce(0, +), written.reduce(0, +))
            figures.add(
                "\(name).rate", Double(logged.count * count) / sum, "records/s",
                reference: Double(written.count * count) / bareSum)
            figures.add("\(name).group", sum / Double(logged.count), "s", reference: bareSum / Double(written.count))
            for (quantile, share) in [("p50", 0.5), ("p99", 0.99)] {
                figures.add(
                    "\(name).\(quantile)", Figures.quantile(share, of: logged), "s",
                    reference: Figures.quantile(share, of: written))
            }
        }
        return figures
    }

    /// Seconds of each group: all appenders hand over at once and hear at once, so an append takes as long as its group.
    private func logGroups(of count: Int) throws -> [Double] {
        let records = (0..<count).map { appender in
            [UInt8](repeating: UInt8(truncatingIfNeeded: appender), count: AppendRun.recordByteCount)
        }
        return try timed { _ = try log.commit(records) }
    }

    private func bareGroups(of count: Int) throws -> [Double] {
        let payload = count * (LogLimits.recordPrefixByteCount + AppendRun.recordByteCount)
        let bytes = [UInt8](repeating: 1, count: FrameHeader.frameByteCount(payloadByteCount: payload))
        return try timed { try bare.writeAndSync(bytes) }
    }

    private func timed(_ group: () throws -> Void) rethrows -> [Double] {
        var times: [Double] = []
        times.reserveCapacity(groupCount)
        var start = Clocks.boot()
        for _ in 0..<groupCount {
            try group()
            let end = Clocks.boot()
            times.append(Double((end - start).nanoseconds) / 1e9)
            start = end
        }
        return times
    }
}
