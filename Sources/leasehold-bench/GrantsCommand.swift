import ArgumentParser
import Foundation
import LeaseholdModel

/// `leasehold-bench grants`: the whole coordinator under load.
struct GrantsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grants",
        abstract: "The whole coordinator over loopback TCP: durable grants of any free GPU and their releases.",
        discussion: """
            A coordinator as a process, the fleet loaded, all nodes behind one rack controller that acknowledges every \
            order at once and beats every 5 s. N clients, each on a connection of its own with one request outstanding: \
            a lease of one GPU of any kind from now on; when its grant is durable and answered, its release; and so on. \
            An operation is one durable, answered change: a grant or a release; `pairs` counts both as one. p50 and p99 \
            are of the grant, from the request's leaving to its answer's arriving. The reference is a server of the same \
            run that reads, writes as one group, syncs and answers, and does no work: as many bytes a request, a reply \
            and on disk. The load is one thread, so that as much as can be is left to the server.
            """)

    @Option(help: "The fleet file.") var fleet = "deploy/fleets/colossus-1.yaml"
    @Option(help: "How often everything is measured; medians are printed.") var runs = 3
    @Option(help: "Seconds that each number of clients is measured.") var seconds = 3.0
    @Option(parsing: .upToNextOption, help: "Numbers of clients.") var clients = [1, 16, 64, 256]

    func validate() throws {
        guard (1...99).contains(runs) else { throw ValidationError("--runs is \(runs); expected 1 to 99") }
        guard (0.1...600).contains(seconds) else {
            throw ValidationError("--seconds is \(seconds); expected 0.1 to 600")
        }
        for count in clients where !(1...1_000).contains(count) {
            throw ValidationError("--clients has \(count); expected 1 to 1000")
        }
    }

    func run() throws {
        let declaration = try FleetOption.read(fleet)
        print(try Machine.line(bench: "grants"))
        var measured: [Figures] = []
        for number in 1...runs {
            Progress.say("run \(number) of \(runs)")
            let run = try GrantsRun(file: fleet, declaration, seconds: seconds)
            let interrupted = run.tearDownWhenInterrupted()
            defer { interrupted.forEach { $0.cancel() } }
            measured.append(try run.measure(clients))
        }
        for line in try Figures.lines(of: measured) { print(line) }
    }
}
