import ArgumentParser
import LeaseholdCoordinator
import LeaseholdFleet
import LeaseholdModel
import LeaseholdPlatform
import LeaseholdProgram

/// The coordinator's command line.
@main
struct CoordinatorProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leasehold-coordinator",
        abstract: "Leases GPUs and watts, and writes every decision to a log before it is heard of.",
        discussion: """
            First make a log, then serve from it:

              leasehold-coordinator init --state-dir /var/lib/leasehold/coordinator --cluster mysite
              leasehold-coordinator run --state-dir /var/lib/leasehold/coordinator --plaintext

            Exit status: 0 after a drain (SIGTERM; a second one ends at once), 1 the world (disk, port), 2 usage or \
            settings, 3 the log says that data was lost, 4 the directory belongs to another cluster or is in use.
            """,
        subcommands: [InitProgram.self, RunProgram.self, VerifyProgram.self, RekeyProgram.self])

    static func main() async { await Program.run(CoordinatorProgram.self, settings: ["run": RunProgram.settings]) }
}

/// `init`: a new, empty log.
struct InitProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make a new, empty log; refuses a directory that holds one.")

    @Option(help: "The directory of the log; made if it is not there.") var stateDir: String
    @Option(help: "The cluster's name: 1 to 63 letters, digits, '-', '_' or '.'.") var cluster: String
    @Option(help: "Bytes of one segment of the log, such as 64MiB; 4MiB to 1GiB.") var segmentSize = "64MiB"

    func run() async throws {
        let (log, key) = try CoordinatorShell.initialise(
            stateDirectory: try Program.stateDirectory(stateDir), cluster: cluster,
            segmentByteCount: try Program.byteCount(segmentSize, flag: "--segment-size"))
        Program.say("made log \(log) of cluster \(cluster) in \(stateDir)")
        Program.say("its heads are signed by \(key)")
        Program.say(
            "keep a copy of \(stateDir)/ledger/key elsewhere, and give key.pub beside it to whoever checks proofs")
    }
}

/// `run`: serve.
struct RunProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Serve from the log until SIGTERM.",
        discussion: "Every flag can stand in the file of --config, as `name: value`; flags win.")

    @Option(help: "Settings in YAML; the keys are the names of the flags.") var config: String?
    @Option(help: "The directory of the log.") var stateDir: String
    @Option(help: "Where clients and agents connect; port 0 takes any free one.") var listen = "127.0.0.1:7400"
    @Option(help: "Where /healthz, /readyz and /metrics are served; `none` for nowhere.") var http = "127.0.0.1:7401"
    @Option(help: "T: how long a hold lasts without contact.") var hold = "120s"
    @Option(help: "K: from a hold's deadline to the work off the GPU.") var eviction = "10s"
    @Option(help: "The greatest error of a clock's rate.") var clockRateError = "1%"
    @Option(help: "How long nobody is promised a lease's GPUs after its end, so that they can be made clean.")
    var turnaround = "60s"
    @Option(
        help: ArgumentHelp(
            "For tests, on loopback only: calendar seconds per second, 1 to 100000. Starts and ends of leases come so "
                + "much sooner; holds, waits and silences stay as they are."))
    var calendarSpeed = "1"
    @Flag(help: "Serve without TLS, on loopback only.") var plaintext = false

    /// What may stand in the settings file.
    static let settings: [String: SettingKind] = [
        "state-dir": .option, "listen": .option, "http": .option, "hold": .option, "eviction": .option,
        "clock-rate-error": .option, "turnaround": .option, "calendar-speed": .option, "plaintext": .flag,
    ]

    func run() async throws {
        let settings = CoordinatorSettings(
            stateDirectory: try Program.stateDirectory(stateDir),
            listen: try Program.endpoint(listen, flag: "--listen"),
            http: try Program.endpointOrNone(http, flag: "--http"),
            holds: HoldSettings(
                hold: try Program.span(hold, flag: "--hold"), eviction: try Program.span(eviction, flag: "--eviction"),
                clockRateErrorPPM: try rateError()),
            turnaround: try turnaroundSpan(),
            calendarSpeed: try speed(),
            allowsPlaintext: plaintext)
        try await CoordinatorShell.run(settings) { Program.say($0) }
    }

    private func turnaroundSpan() throws -> Span {
        let span = try Program.span(turnaround, flag: "--turnaround")
        guard (.zero...Limits.turnaroundMax).contains(span) else {
            throw ProcessEnd(.usage, "--turnaround is \(span); expected 0s to \(Limits.turnaroundMax)")
        }
        return span
    }

    private func speed() throws -> Int64 {
        guard let speed = Int64(calendarSpeed) else {
            throw ProcessEnd(.usage, "--calendar-speed is \"\(calendarSpeed)\"; expected a whole number such as 3600")
        }
        return speed
    }

    private func rateError() throws -> Int64 {
        guard clockRateError.hasSuffix("%"), let percent = Double(clockRateError.dropLast()),
            (0..<100).contains(percent)
        else { throw ProcessEnd(.usage, "--clock-rate-error is \"\(clockRateError)\"; expected a share such as 1%") }
        return Int64((percent * 10_000).rounded())
    }
}

/// `verify`: check a log.
struct VerifyProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check a log from its first byte to its last; changes nothing, and the log may be in use.",
        discussion: "Exits 0 when every byte is accounted for, 3 with the first damage by segment, offset and index.")

    @Option(help: "The directory of the log.") var stateDir: String
    @Option(name: .shortAndLong, help: "table or json.") var output = "table"

    func run() async throws {
        guard ["table", "json"].contains(output) else {
            throw ProcessEnd(.usage, "-o is \"\(output)\"; expected table or json")
        }
        let verification = try CoordinatorShell.verify(stateDirectory: try Program.stateDirectory(stateDir))
        if output == "json" {
            Program.say(try verification.json())
        } else {
            for line in verification.lines { Program.say(line) }
        }
        if let end = verification.end { throw end }
    }
}

/// `rekey`: another key for a log whose key is lost.
struct RekeyProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rekey",
        abstract: "Make another ledger key for a log whose key is lost; refuses where there is one.",
        discussion: """
            Heads that the lost key has signed can be checked by nobody who is given only the new one: agents keep theirs \
            aside and say so, and whoever checks proofs has to be told. Put a copy of the old key back instead, where there \
            is one.
            """)

    @Option(help: "The directory of the log.") var stateDir: String

    func run() async throws {
        let key = try CoordinatorShell.makeLedgerKey(stateDirectory: try Program.stateDirectory(stateDir))
        Program.say("heads are signed by \(key) from now on")
        Program.say(
            "keep a copy of \(stateDir)/ledger/key elsewhere, and give key.pub beside it to whoever checks proofs")
    }
}
