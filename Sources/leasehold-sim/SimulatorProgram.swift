import ArgumentParser
import Foundation
import Glibc
import LeaseholdModel
import LeaseholdSimulator

/// `leasehold-sim`: the house under faults, deterministically.
@main
struct SimulatorProgram: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leasehold-sim",
        abstract: "Runs coordinator, agents and guards in a fake world of faults, from a seed, and checks the laws.",
        discussion: """
            A seed names one run: its fleet, its settings, its faults, its clients. Every run ends with a calm in which
            everything has to come to rest. Exit status: 0 all clean, 1 a law was broken, 2 usage.
            """,
        subcommands: [
            RunCommand.self, ReplayCommand.self, TortureCommand.self, MistakesCommand.self, PlaceCommand.self,
            TraceCommand.self,
        ])

    /// As ArgumentParser runs it, with the exit statuses of the house.
    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let status as ExitCode {
            Glibc.exit(status.rawValue)
        } catch {
            let text = fullMessage(for: error)
            if exitCode(for: error).isSuccess {
                print(text)
                Glibc.exit(0)
            }
            FileHandle.standardError.write(Data((text + "\n").utf8))
            Glibc.exit(2)
        }
    }
}

/// The choice of a planted mistake; only a build with the flag has them.
struct PlantOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Plant a mistake that a checker has to find (leasehold-sim mistakes).", valueName: "mistake"))
    var plant: String?

    func validate() throws {
        guard let plant else { return }
        guard let mistake = PlantedMistake(rawValue: plant) else {
            let known = PlantedMistake.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--plant is \(plant); expected one of \(known)")
        }
        #if LEASEHOLD_PLANTED
        plantedMistake = mistake
        #else
        throw ValidationError(
            "\(mistake.rawValue) is not in this build: build with LEASEHOLD_PLANTED=1 in the environment and "
                + "--scratch-path .build-planted")
        #endif
    }
}

/// `leasehold-sim mistakes`: what can be planted.
struct MistakesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mistakes",
        abstract: "List the mistakes that can be planted, each with the law it breaks and who must find it.")

    func run() {
        for mistake in PlantedMistake.allCases {
            for finder in mistake.finders { print("\(mistake.law)\t\(mistake.rawValue)\t\(finder.rawValue)") }
        }
    }
}
