import ArgumentParser
import Foundation
import LeaseholdFleet
import LeaseholdModel
import LeaseholdSimulator

/// A fleet and a list of requests, as the public trace of a cluster has them.
struct TraceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The nodes: sn, cpu_milli, memory_mib, gpu, model.", valueName: "nodes.csv"))
    var fleet: String

    @Option(
        help: ArgumentHelp(
            "The requests: name, cpu_milli, memory_mib, num_gpu, gpu_milli, and where there are such columns gpu_spec, "
                + "creation_time, deletion_time.",
            valueName: "pods.csv"))
    var requests: String

    /// Both files, read; a file that cannot be read ends the program with what is wrong with it.
    func read() throws -> (fleet: FleetDeclaration, rows: [RequestList.Row]) {
        do {
            let nodes = try FleetFile.readNodeCSV(
                text: String(contentsOfFile: fleet, encoding: .utf8), name: fleet, site: "trace")
            let rows = try RequestList.read(
                text: String(contentsOfFile: requests, encoding: .utf8), name: requests)
            guard !rows.isEmpty else { throw ValidationError("\(requests) has no request") }
            return (nodes, rows)
        } catch let complaint as FleetComplaint {
            throw ValidationError("\(complaint)")
        } catch let failure as CocoaError {
            throw ValidationError(failure.localizedDescription)
        }
    }
}

/// `leasehold-sim place`: the published placement experiment.
struct PlaceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "place", abstract: "Fill a fleet with the requests of a trace and say how much of it is leased.",
        discussion: """
            Requests come in a random order and stay, until they have asked for --target times the GPUs that are there:
            all of the list shuffled, then random ones again. Each is decided by the lease book as `lease create` is.
            Prints one JSON object. Of equal places the one with the least left of its node is taken, then the lowest
            number of a node.
            """)

    @OptionGroup var trace: TraceOptions

    @Option(help: ArgumentHelp("GPUs asked for, as a multiple of those that are there.", valueName: "factor"))
    var target = 1.3

    @Option(help: ArgumentHelp("How many orders are tried.", valueName: "n"))
    var seeds = 10

    @Option(help: ArgumentHelp("The seed of the first order.", valueName: "seed"))
    var from: UInt64 = 1

    func validate() throws {
        guard (0.01...100).contains(target) else {
            throw ValidationError("--target is \(target); expected 0.01 to 100")
        }
        guard (1...10_000).contains(seeds) else { throw ValidationError("--seeds is \(seeds); expected 1 to 10000") }
        guard from <= UInt64.max - UInt64(seeds) else { throw ValidationError("--from is \(from); expected less") }
    }

    func run() throws {
        let (fleet, rows) = try trace.read()
        guard rows.contains(where: { $0.gpuCount > 0 }) else {
            throw ValidationError("\(trace.requests) asks for no GPU: the fleet would never be full")
        }
        let asks = rows.map(TrialAsk.init)
        let trial = PlacementTrial(fleet: fleet, asks: asks, target: Int((target * 1_000).rounded()))
        let outcomes = try Parallel.map(0..<seeds, progress: "orders") { number in
            try trial.run(seed: from + UInt64(number))
        }
        print(try PlaceReport(outcomes, target: target).json)
    }
}

extension TrialAsk {
    /// A request of a list.
    init(_ row: RequestList.Row) {
        self.init(
            gpuCount: row.gpuCount, gpuThousandths: row.gpuThousandths, cpu: row.cpu, memory: row.memory,
            kinds: row.kinds)
    }
}

/// What `place` prints.
struct PlaceReport: Encodable {
    let allocatedPercentMean: Double
    /// Of a sample: divided by one less than there are.
    let allocatedPercentStdDev: Double
    let allocatedPercent: [Double]
    let gpuCount: Int
    let target: Double
    let seedCount: Int
    let grantedMean: Double
    let refusedMean: Double
    let tieRule =
        "the least left of the node (CPU and GPUs, each as a part of the largest node), then the lowest number"

    init(_ outcomes: [PlacementTrial.Outcome], target: Double) {
        let rounded = { (value: Double, digits: Double) in (value * digits).rounded() / digits }
        let count = Double(outcomes.count)
        let shares = outcomes.map(\.allocatedPercent)
        let mean = shares.reduce(0, +) / count
        let squares = shares.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        allocatedPercentMean = rounded(mean, 10_000)
        allocatedPercentStdDev = outcomes.count > 1 ? rounded((squares / (count - 1)).squareRoot(), 10_000) : 0
        allocatedPercent = shares.map { rounded($0, 10_000) }
        gpuCount = (outcomes.first?.gpuThousandths ?? 0) / 1_000
        self.target = target
        seedCount = outcomes.count
        grantedMean = rounded(Double(outcomes.reduce(0) { $0 + $1.grantedCount }) / count, 10)
        refusedMean = rounded(Double(outcomes.reduce(0) { $0 + $1.refusedCount }) / count, 10)
    }

    var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }
}
