import ArgumentParser
import Foundation
import LeaseholdFleet
import LeaseholdModel
import LeaseholdSimulator

/// `leasehold-sim trace`: a trace over time, against first-fit and best-fit.
struct TraceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Replay a trace with its times: waiting, rejections, utilisation, fragmentation.",
        discussion: """
            Requests come at their creation_time and stay until their deletion_time. The public trace uses about a
            hundredth of the fleet that it was made on, so only every so many nodes of the list are there (--every).
            The lease book promises each request the earliest start that it can keep, and no later request delays it.
            First-fit and best-fit are queues in which whoever fits goes ahead, and nobody is promised anything.
            Prints a table; --plot draws leased GPUs over time and the waiting times.
            """)

    @OptionGroup var trace: TraceOptions

    @Option(help: ArgumentHelp("Keep the first of so many nodes, and so on.", valueName: "n"))
    var every = 120

    @Option(help: ArgumentHelp("Write a plot (SVG).", valueName: "file.svg"))
    var plot: String?

    /// Samples of what is leased and what is fragmented.
    private static let sampleCount = 400

    func validate() throws {
        guard (1...1_000_000).contains(every) else {
            throw ValidationError("--every is \(every); expected 1 to 1000000")
        }
    }

    func run() throws {
        let (all, rows) = try trace.read()
        var fleet = all
        fleet.runs = all.runs.enumerated().filter { $0.offset % every == 0 }.map(\.element)
        let arrivals = try rows.map { row in
            guard let from = row.createdAt, let until = row.deletedAt else {
                throw ValidationError("\(row.name) in \(trace.requests) has no creation_time or no deletion_time")
            }
            return TraceReplay.Arrival(
                ask: TrialAsk(row), cpu: row.cpu, memory: row.memory, at: from, length: max(1, until - from))
        }.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
        let replay = TraceReplay(fleet: fleet, arrivals: arrivals, sampleCount: TraceCommand.sampleCount)
        let policies = TraceReplay.Policy.allCases
        let outcomes = try Parallel.map(0..<policies.count, progress: "policies") { try replay.run(policies[$0]) }
        print("\(fleet.nodeCount) nodes, \(fleet.gpuCount) GPUs, \(arrivals.count) requests")
        print(TraceTable(outcomes).text)
        guard let plot else { return }
        do {
            try TracePlot(replay, outcomes).svg.write(toFile: plot, atomically: true, encoding: .utf8)
        } catch {
            throw ValidationError("\(plot) cannot be written: \(error.localizedDescription)")
        }
        print("plot: \(plot)")
    }
}

/// The outcomes as a table.
struct TraceTable {
    let text: String

    private static let heads = [
        "policy", "placed", "rejected", "waited", "mean wait", "median", "99 %", "longest", "leased", "fragmented",
    ]

    init(_ outcomes: [TraceReplay.Outcome]) {
        let rows = outcomes.map { outcome -> [String] in
            let waits = outcome.waits.sorted()
            let mean = Double(waits.reduce(0, +)) / Double(max(1, waits.count))
            let at = { (share: Double) in
                waits.isEmpty ? 0 : waits[min(waits.count - 1, Int(Double(waits.count) * share))]
            }
            return [
                outcome.policy.rawValue, "\(waits.count)", "\(outcome.rejectedCount)", "\(waits.count { $0 > 0 })",
                "\(Int(mean.rounded())) s", "\(at(0.5)) s", "\(at(0.99)) s", "\(waits.last ?? 0) s",
                TraceTable.percent(outcome.leasedPercents), TraceTable.percent(outcome.fragmentedPercents),
            ]
        }
        let widths = TraceTable.heads.indices.map { column in
            ([TraceTable.heads] + rows).map { $0[column].count }.max() ?? 0
        }
        text = ([TraceTable.heads] + rows).map { row in
            row.enumerated().map { column, cell in
                let gap = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + gap : gap + cell
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }

    /// The mean of samples.
    private static func percent(_ samples: [Double]) -> String {
        let mean = samples.reduce(0, +) / Double(max(1, samples.count))
        return String(format: "%.2f %%", mean)
    }
}
