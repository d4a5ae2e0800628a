package import ArgumentParser

/// `leasectl NOUN VERB [NAME] [flags]`: everything an operator or a tenant does, for hands and for scripts.
package struct Leasectl: AsyncParsableCommand {
    /// Name, help and nouns.
    package static let configuration = CommandConfiguration(
        commandName: "leasectl",
        abstract: "Leases GPUs from a Leasehold coordinator, and shows what it knows.",
        discussion: """
            A first lease on this machine:

              leasectl fleet import deploy/fleets/laptop.yaml
              leasectl tenant create acme --gpus 8
              leasectl lease create --tenant acme --unit gpu --count 2 --term 15m
              leasectl lease wait L7 && leasectl lease show L7
              leasectl lease release L7

            The coordinator is found at --coordinator, LEASEHOLD_COORDINATOR or 127.0.0.1:7400.

            Scripts: -o json prints the wire message, one object a line; 64-bit integers are strings. A change that got \
            no answer (exit status 7) is run again with the --request-id that was printed, and happens once.

            Exit status: 0 done, 1 failure, 2 usage, 3 not found, 4 not allowed, 5 refused for want of capacity, power or \
            quota, 6 refused for a conflict or a wrong state, 7 not reachable or no answer in time.
            """,
        subcommands: [
            StatusVerb.self, FleetNoun.self, NodeNoun.self, TenantNoun.self, LeaseNoun.self, LedgerNoun.self,
            EventNoun.self, BackupNoun.self, BatchVerb.self, CompletionVerb.self,
        ])

    package init() {}

    /// Runs one command line and returns its exit status; everything is said on the console.
    package static func run(_ arguments: [String]) async -> Int32 {
        let console = Console.current
        if let complaint = VerbHint.complaint(about: arguments) {
            console.error("Error: \(complaint)\n")
            return Ending.usageStatus
        }
        do {
            var command = try parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return 0
        } catch let ending as Ending {
            console.out(ending.out)
            console.error(ending.error)
            return ending.status
        } catch {
            let status = exitCode(for: error)
            let text = fullMessage(for: error)
            let message = text.isEmpty ? "" : text + "\n"
            if status.isSuccess { console.out(message) } else { console.error(message) }
            return status == .validationFailure ? Ending.usageStatus : status.rawValue
        }
    }
}
