import ArgumentParser
import Foundation
import LeaseholdFleet
import LeaseholdModel
import ProcessHarness

/// `leasehold-bench site`: a whole site on this machine.
struct SiteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "site",
        abstract: "A fleet's life at full size: import, whole-site lease, lists, release, mass expiry, recovery.",
        discussion: """
            Starts a coordinator and a few agents with their guards as processes, each agent a rack controller of many \
            simulated nodes, with the standard holds (T 120 s, a heartbeat every 5 s). About two minutes a run.
            """)

    @Option(help: "The fleet file.") var fleet = "deploy/fleets/colossus-1.yaml"
    @Option(help: "How often everything is measured; medians are printed.") var runs = 3
    @Option(help: "Agent processes, which share the nodes.") var agents = 8
    @Option(help: "Leases of one GPU that end at one instant.") var leases = 20_000
    @Option(help: "Seconds over which the coordinator's processor time is measured.") var seconds = 30

    func validate() throws {
        let ranges: [(String, Int, ClosedRange<Int>)] = [
            ("--runs", runs, 1...99), ("--agents", agents, 1...64), ("--leases", leases, 1...200_000),
            ("--seconds", seconds, 5...600),
        ]
        for (flag, value, range) in ranges where !range.contains(value) {
            throw ValidationError("\(flag) is \(value); expected \(range.lowerBound) to \(range.upperBound)")
        }
    }

    func run() async throws {
        let declaration = try FleetOption.read(fleet)
        print(try Machine.line(bench: "site"))
        var measured: [Figures] = []
        for number in 1...runs {
            Progress.say("run \(number) of \(runs)")
            let run = try SiteRun(
                file: fleet, declaration, agentCount: agents, leaseCount: leases, seconds: seconds)
            let interrupted = run.tearDownWhenInterrupted()
            defer { interrupted.forEach { $0.cancel() } }
            measured.append(try await run.measure())
        }
        for line in try Figures.lines(of: measured) { print(line) }
    }
}
