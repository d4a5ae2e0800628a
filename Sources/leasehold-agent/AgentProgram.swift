import ArgumentParser
import LeaseholdAgent
import LeaseholdDevices
import LeaseholdFleet
import LeaseholdPlatform
import LeaseholdProgram
import LeaseholdTransport

/// The agent's command line.
@main
struct AgentProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leasehold-agent",
        abstract: "Carries leases out on the GPUs of a node, and fences them when its word runs out.",
        discussion: """
            A node runs two processes on one state directory: the agent, which talks, and the guard, which holds the \
            tenants' work and ends it at the deadline whatever becomes of the agent.

              leasehold-agent run --node laptop/hall-1/rack-1/node-1 --devices simulated:H100*4 \\
                --coordinator 127.0.0.1:7400 --state-dir /var/lib/leasehold/agent --plaintext
              leasehold-agent guard --state-dir /var/lib/leasehold/agent

            Exit status: 0 after a drain (SIGTERM; a second one ends at once), 1 the world (disk, socket), 2 usage or \
            settings, 3 the journal is damaged, 4 the directory belongs to other nodes or is in use.
            """,
        subcommands: [RunProgram.self, GuardProgram.self, DeviceProgram.self])

    static func main() async { await Program.run(AgentProgram.self, settings: ["run": RunProgram.settings]) }
}

/// `run`: serve a node, or many.
struct RunProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Serve a node until SIGTERM.",
        discussion: "Every flag can stand in the file of --config, as `name: value`; flags win.")

    @Option(help: "Settings in YAML; the keys are the names of the flags.") var config: String?
    @Option(help: "The node's path in the fleet: SITE/HALL/RACK/NODE.") var node: String?
    @Option(help: "A list of many simulated nodes, a line each: PATH KIND*COUNT.") var nodes: String?
    @Option(help: "The node's GPUs: nvml for those of this machine, or simulated:KIND*COUNT, such as simulated:H100*8.")
    var devices: String?
    @Option(help: "The GPU driver's management library, where the loader does not find it.")
    var nvmlLibrary = NVML.defaultPath
    @Option(
        help: """
            Where the site's hooks are: on-attest, on-grant, on-release, on-sanitise, power-reading, and probes in probes/; \
            `none` for nowhere.
            """)
    var hooks = "none"
    @Option(help: "How long a hook may take, such as 60s.") var hookLimit = "60s"
    @Option(help: "From one run of each of the site's probes to its next, such as 60s.") var probeInterval = "60s"
    @Option(help: "How long a probe may take, such as 30s.") var probeLimit = "30s"
    @Option(help: "From one run of the hook power-reading to its next, and how long it may take.")
    var powerInterval = "10s"
    @Option(help: "Where the kernel's powercap and hwmon are; `none` to read neither.")
    var powerFiles = PowerFiles.standardRoot
    @Option(help: "What resets a GPU, whose name is added as the last argument; `none` to reset none.")
    var gpuReset = "/usr/bin/nvidia-smi --gpu-reset -i"
    @Option(
        help: """
            Whether GPUs say what they are before a lease has them, to the site's verifier on-attest: offered (where they \
            compute confidentially), required, or none.
            """)
    var attest = "offered"
    @Option(help: "Where container runtimes look for CDI specifications; `none` to write none.")
    var cdiDir = CDIDirectory.standardPath
    @Option(help: "The power limit of each GPU, such as 600W; kept whatever the driver forgets.")
    var powerLimit: String?
    @Option(help: "Where the coordinator listens; several are tried in turn.") var coordinator = ["127.0.0.1:7400"]
    @Option(help: "Where devices and journal are kept; one directory an agent.") var stateDir: String
    @Option(help: "Where /healthz, /readyz and /metrics are served; `none` for nowhere.") var http = "none"
    @Flag(help: "Talk without TLS, on loopback only.") var plaintext = false

    /// What may stand in the settings file.
    static let settings: [String: SettingKind] = [
        "node": .option, "nodes": .option, "devices": .option, "nvml-library": .option, "power-limit": .option,
        "hooks": .option, "hook-limit": .option, "probe-interval": .option, "probe-limit": .option,
        "power-interval": .option, "power-files": .option, "gpu-reset": .option, "cdi-dir": .option,
        "attest": .option, "coordinator": .option, "state-dir": .option,
        "http": .option, "plaintext": .flag,
    ]

    func run() async throws {
        var coordinators: [Endpoint] = []
        for text in coordinator {
            guard let endpoints = Endpoint.list(text: text) else {
                throw ProcessEnd(.usage, "--coordinator is \"\(text)\"; expected HOST:PORT[,HOST:PORT]")
            }
            coordinators += endpoints
        }
        let settings = AgentSettings(
            stateDirectory: try Program.stateDirectory(stateDir), devices: try source(), coordinators: coordinators,
            http: try Program.endpointOrNone(http, flag: "--http"), allowsPlaintext: plaintext)
        try await AgentShell.run(settings) { Program.say($0) }
    }

    private func source() throws -> DeviceSource {
        switch (node, nodes) {
        case (let node?, nil):
            guard let devices else {
                throw ProcessEnd(.usage, "--devices is missing; expected nvml or simulated:KIND*COUNT")
            }
            let source = try NodeList.source(node: node, devices: devices, flags)
            if case .simulated = source, powerLimit != nil {
                throw ProcessEnd(.usage, "--power-limit is for --devices nvml; simulated GPUs take none")
            }
            return source
        case (nil, let file?):
            guard devices == nil else {
                throw ProcessEnd(.usage, "--nodes names the devices; --devices does not go along")
            }
            guard powerLimit == nil else {
                throw ProcessEnd(.usage, "--power-limit is for --devices nvml; simulated GPUs take none")
            }
            return .simulated(try NodeList.read(Program.text(ofFile: file, flag: "--nodes"), name: file))
        case (nil, nil): throw ProcessEnd(.usage, "which node? expected --node PATH or --nodes FILE")
        case (_?, _?): throw ProcessEnd(.usage, "--node and --nodes; expected one of them")
        }
    }

    private var flags: DriverFlags {
        var flags = DriverFlags()
        flags.library = nvmlLibrary
        flags.powerLimit = powerLimit
        flags.hooks = hooks
        flags.hookLimit = hookLimit
        flags.gpuReset = gpuReset
        flags.cdiDirectory = cdiDir
        flags.attest = attest
        flags.probeInterval = probeInterval
        flags.probeLimit = probeLimit
        flags.powerInterval = powerInterval
        flags.powerFiles = powerFiles
        return flags
    }
}

/// `guard`: hold the tenants' work.
struct GuardProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "guard", abstract: "Hold the tenants' work, and fence it at its deadline.",
        discussion: """
            The processes that it has started die with it; SIGTERM ends all work in order first. On a node with GPUs of its \
            own (--work tenants, as root) others start the tenants' processes, and the guard ends whoever has a device of \
            the lease open. Only with a --watchdog is it sure that none of them outlives the guard: without one the node's \
            silence frees nothing.
            """)

    @Option(help: "The agent's state directory.") var stateDir: String
    @Option(
        help: """
            process: a process for each lease plays its tenant; modelled: a mark on the device, for many nodes; tenants: \
            whoever has the lease's devices open.
            """)
    var work = "process"
    @Option(help: "K, as at the coordinator: from a hold's deadline to the work off the GPU.") var eviction = "10s"
    @Option(help: "For tenants: where the agent writes the CDI specifications by which their devices are known.")
    var cdiDir = CDIDirectory.standardPath
    @Option(help: "For tenants: where the site's hook on-fence is; `none` for nowhere.") var hooks = "none"
    @Option(
        help: """
            For tenants: where each lease has a control group, in which nothing opens another's GPU: own for in the \
            guard's unit, none, or a directory of cgroup v2.
            """)
    var groups = "own"
    @Option(help: "For tenants: the control group of a service that is left alone, such as /system.slice/dcgm.service.")
    var spare: [String] = []
    @Option(
        help: """
            A hardware watchdog, such as /dev/watchdog1: it resets the machine when the guard dies, and when work is not \
            off its GPUs within three quarters of --eviction.
            """)
    var watchdog: String?

    func run() async throws {
        var flags = GuardFlags()
        flags.work = work
        flags.cdiDirectory = cdiDir
        flags.hooks = hooks
        flags.groups = groups
        flags.spared = spare
        flags.eviction = try Program.span(eviction, flag: "--eviction")
        flags.watchdog = watchdog
        try await GuardShell.run(stateDirectory: Program.stateDirectory(stateDir), flags) { Program.say($0) }
    }
}

/// `device`: look at simulated devices, break and mend them.
struct DeviceProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "device", abstract: "Look at simulated devices, break and mend them.",
        subcommands: [Show.self, Break.self, Mend.self])

    /// `device show`.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show who holds each GPU, as the device itself says.")

        @Option(help: "The agent's state directory.") var stateDir: String
        @Option(name: .shortAndLong, help: "table or json (one object for each GPU).") var output = "table"

        func run() async throws {
            guard ["table", "json"].contains(output) else {
                throw ProcessEnd(.usage, "-o is \"\(output)\"; expected table or json")
            }
            let desk = try DeviceDesk(stateDirectory: Program.stateDirectory(stateDir), writing: false)
            for line in output == "json" ? try desk.jsonLines() : desk.table { Program.say(line) }
        }
    }

    /// The GPU to break or mend.
    struct Target: ParsableArguments {
        @Option(help: "The agent's state directory.") var stateDir: String
        @Option(help: "The node's path.") var node: String
        @Option(help: "The GPU's position, from 0.", transform: position) var gpu: Int

        private static func position(_ text: String) throws -> Int {
            guard let position = Int(text) else { throw ValidationError("expected a whole number, from 0") }
            return position
        }

        func set(broken: Bool) throws {
            let desk = try DeviceDesk(stateDirectory: Program.stateDirectory(stateDir), writing: true)
            try desk.set(node: node, gpu: gpu, broken: broken)
            Program.say("\(node) GPU \(gpu) is \(broken ? "broken" : "mended")")
        }
    }

    /// `device break`.
    struct Break: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Break a simulated GPU: it takes no new work.")

        @OptionGroup var target: Target

        func run() async throws { try target.set(broken: true) }
    }

    /// `device mend`.
    struct Mend: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Mend a simulated GPU.")

        @OptionGroup var target: Target

        func run() async throws { try target.set(broken: false) }
    }
}
