import ArgumentParser
import LeaseholdModel

/// The command `leasectl batch`.
struct BatchVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "batch",
        abstract: "Sends one JSON request a line, and prints one JSON reply a line in the same order.",
        discussion: """
            Requests are sent in the order of the lines without waiting for each other, so that thousands take seconds. \
            Each reply is the wire message, as -o json prints it. A change without a requestId gets a new one.

              {"createLease":{"tenant":"acme","unit":"gpu","count":2,"term":"15m"}}
              {"requestId":"0191e7a0-7c3b-7d11-8a2e-5d3c1b2a9f00","releaseLease":{"id":"L1742"}}

            A line that is no request, or that got no reply, is answered by an object with a failure that names the line. \
            Refusals are answers.

            Lines that are in flight together are decided in their order among their like: what frees capacity (release, \
            cancel, resize) before other changes, and those before questions, so that a release gets through whatever \
            waits. With --window 1 a line is sent when the one before is answered.

            Exit status: 0 when every line got a reply, 2 when a line was no request, 7 when a line got no reply \
            (what came of it is unknown unless the failure says notReachable).
            """)

    @Argument(help: "The file; - for standard input.", completion: .file())
    var file = "-"

    @Option(
        help: ArgumentHelp(
            "Requests that are sent before the first of them is answered. (default: 256)", valueName: "n"),
        transform: Reading.number)
    var window = 256

    @Flag(help: "Counts replies by outcome on standard error at the end.")
    var summary = false

    @OptionGroup var client: ClientOptions

    func validate() throws {
        guard (1...4_096).contains(window) else { throw ValidationError("--window is \(window); expected 1 to 4096") }
        switch client.output {
        case .table, .json: break
        case .wide, .yaml: throw ValidationError("batch prints JSON, one object a line")
        }
    }

    func run() async throws {
        let asker = try Asker(client, windowCountMax: window)
        let source = try ByteSource(path: file)
        let outcome = try await Batch(client: asker.client, console: asker.console, windowCountMax: window).run(source)
        if summary { asker.console.error(outcome.summary) }
        if outcome.status != 0 { throw Ending(status: outcome.status, "") }
    }
}
