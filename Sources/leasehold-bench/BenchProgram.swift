import ArgumentParser
import Foundation
import Glibc

/// `leasehold-bench NAME`: what the house can do, measured; one JSON object a line.
@main
struct BenchProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leasehold-bench",
        abstract: "Measure the house; prints one JSON object a line, progress goes to standard error.",
        discussion: """
            The first line names the machine, the date and the commit. Every other line is a figure: `figure`, `value`, \
            `unit`, the values of all runs, of which `value` is the median, and where there is a floor measured in the \
            same run `reference` and `ratio`.

            Exit status: 0 measured, 1 something did not come out as counted, 2 usage.
            """,
        subcommands: [
            SiteCommand.self, BookCommand.self, LogCommand.self, GrantsCommand.self, FloorCommand.self,
        ])

    /// As ArgumentParser runs it, with the exit statuses of the house.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            let text = fullMessage(for: error)
            if exitCode(for: error).isSuccess {
                print(text)
                Glibc.exit(0)
            }
            FileHandle.standardError.write(Data((text + "\n").utf8))
            // What was wrong with the command line, or with what came out.
            Glibc.exit(exitCode(for: error) == .validationFailure ? 2 : 1)
        }
    }
}
