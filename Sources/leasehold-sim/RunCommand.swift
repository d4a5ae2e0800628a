import ArgumentParser
import Foundation
import LeaseholdModel
import LeaseholdSimulator

/// `leasehold-sim run`: many seeds.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run seeds one after the other; each that breaks a law is told with its replay.",
        discussion: """
            Prints totals at the end: simulated hours, how many of them a minute of one core carries, what clients did
            and which faults came, and one digest over all seeds, which is the same in every process.
            """)

    @Option(help: "How many seeds.")
    var seeds: UInt64 = 100

    @Option(help: "The first seed.")
    var from: UInt64 = 1

    @Flag(help: "Stop at the first seed that breaks a law; with --plant, the law that the mistake breaks.")
    var stopAtBreach = false

    @OptionGroup var plant: PlantOption

    /// Lines of the transcript that are shown of a run that broke a law.
    private static let shownLineCount = 60

    func validate() throws {
        guard (1...10_000_000).contains(seeds) else {
            throw ValidationError("--seeds is \(seeds); expected 1 to 10000000")
        }
        guard from <= UInt64.max - seeds else { throw ValidationError("--from is \(from); expected less") }
    }

    func run() throws {
        let began = processorTime()
        var totals = RunCounts()
        var digest: UInt64 = 0
        var broken: [UInt64] = []
        var ranCount: UInt64 = 0
        for seed in from..<from + seeds {
            LastWords.prepare(seed, planting: plant.plant)
            let outcome = Simulation.run(seed: seed)
            ranCount += 1
            totals.add(outcome.counts)
            digest = (digest << 1 | digest >> 63) ^ outcome.digest
            if !outcome.breaches.isEmpty {
                broken.append(seed)
                tell(outcome)
                if stopAtBreach, sought(outcome) != nil { break }
            }
            showProgress(ranCount, broken.count)
        }
        summarise(totals, seedCount: ranCount, broken: broken, seconds: processorTime() - began)
        print("digest: \(hex(digest))")
        if !broken.isEmpty { throw ExitCode(1) }
    }

    /// What a run has to break to be the last one: a planted mistake's own law, and any law without a mistake.
    private func sought(_ outcome: RunOutcome) -> Breach? {
        guard let law = plant.plant.flatMap(PlantedMistake.init(rawValue:))?.law else { return outcome.breaches.first }
        return outcome.breaches.first { $0.law.rawValue == law }
    }

    // MARK: What is printed

    /// A run that broke a law: the last lines before it did, the law, and how to see all of it.
    private func tell(_ outcome: RunOutcome) {
        let told = Simulation.run(seed: outcome.seed, isTelling: true)
        let first = told.transcript.firstIndex { $0.contains(" is broken: ") } ?? told.transcript.count - 1
        print("seed \(outcome.seed): \(outcome.weather)")
        for line in told.transcript[max(0, first - RunCommand.shownLineCount)...first] { print(line) }
        let shown = outcome.breaches.prefix(3)
        for breach in shown { print("\(breach)") }
        if let sought = sought(outcome), !shown.contains(sought) { print("\(sought)") }
        let planting = plant.plant.map { " --plant \($0)" } ?? ""
        print("replay: leasehold-sim replay \(outcome.seed)\(planting)")
        if told.digest != outcome.digest {
            print("L14 broken: the replay has digest \(hex(told.digest)), the run had \(hex(outcome.digest))")
        }
        print("")
    }

    /// For people at a terminal only.
    private func showProgress(_ count: UInt64, _ brokenCount: Int) {
        guard isatty(STDERR_FILENO) == 1, count % 10 == 0 || count == seeds else { return }
        let text = "\r\(count) of \(seeds) seeds, \(brokenCount) broken" + (count == seeds ? "\n" : "")
        FileHandle.standardError.write(Data(text.utf8))
    }

    private func summarise(_ totals: RunCounts, seedCount: UInt64, broken: [UInt64], seconds: Double) {
        let hours = Double(totals.length.wholeMilliseconds) / 3_600_000
        let perHour = { (count: Int) in Int(Double(count) / max(hours, 0.000_1)) }
        print("seeds            \(seedCount) from \(from), \(broken.count) broke a law")
        if !broken.isEmpty { print("broken           \(broken.map { "\($0)" }.joined(separator: " "))") }
        print("cluster-hours    \(decimal(hours)) simulated in \(decimal(seconds)) s of one core")
        print("speed            \(decimal(hours / max(seconds, 0.001) * 60)) cluster-hours a minute of one core")
        print("clients          \(perHour(totals.answeredCount)) requests answered a simulated hour")
        print("                 \(totals.grantedCount) leases granted, \(totals.repeatedCount) requests sent again")
        print(
            "nodes            \(totals.heartbeatCount) heartbeats, \(totals.launchCount) works started,"
                + " \(totals.fenceCount) fenced")
        print(
            "given back       \(totals.retiredByWordCount) by a node's word, \(totals.retiredByWaitCount) by the wait")
        print("records          \(totals.recordCount)")
        print("faults           \(perHour(totals.faultCount)) a simulated hour")
        for (kind, count) in zip(FaultKind.allCases, totals.faultCounts) where count > 0 {
            print("                 \(count) \(kind)")
        }
    }

    private func decimal(_ number: Double) -> String { String(format: "%.1f", number) }

    private func processorTime() -> Double {
        var time = timespec()
        precondition(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0, "no processor clock: errno \(errno)")
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
