import ArgumentParser
import LeaseholdFleet
import LeaseholdModel

/// The command `leasectl status`.
struct StatusVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "How the coordinator stands: reign, durable index, counts, alarms.")

    @OptionGroup var client: ClientOptions

    func run() async throws {
        try await Asker(client).show(.status)
    }
}

/// The command `leasectl fleet`.
struct FleetNoun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fleet",
        abstract: "Sites, halls, racks, nodes and GPU kinds.",
        subcommands: [FleetImportVerb.self, FleetShowVerb.self])
}

/// The command `leasectl fleet show`.
struct FleetShowVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Every place with its nodes, GPUs and watts; every kind with what is free.")

    @OptionGroup var client: ClientOptions

    func run() async throws {
        try await Asker(client).show(.showFleet)
    }
}

/// The command `leasectl fleet import`.
struct FleetImportVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Adds the places, nodes and kinds of a file to the fleet, all of them or none.",
        discussion: """
            A YAML or JSON file says what stands where, with counts for what is alike (deploy/fleets has examples). A file \
            whose name ends in .csv is a list of nodes, a row each, with the columns sn (name), gpu (count) and model \
            (kind); its nodes are put into one rack of the site that --site names.

              leasectl fleet import deploy/fleets/laptop.yaml
              leasectl fleet import nodes.csv --site north-1
            """)

    @Argument(
        help: "The file; - for YAML on standard input.", completion: .file(extensions: ["yaml", "yml", "json", "csv"]))
    var file: String

    @Option(help: ArgumentHelp("The site that a .csv node list is put into.", valueName: "name"))
    var site = "site"

    @OptionGroup var change: ChangeOptions
    @OptionGroup var client: ClientOptions

    func run() async throws {
        let asker = try Asker(client)
        let fleet = try await read()
        let parts = fleet.parts(importHash: FleetFile.hash(of: fleet))
        guard parts.count <= Limits.fleetPartCountMax else {
            throw Ending(
                status: Ending.usageStatus,
                "\(file): makes \(parts.count) parts; expected at most \(Limits.fleetPartCountMax)")
        }
        let id = change.id
        let progress = Progress(asker.console)
        for part in parts.dropLast() {
            progress.tell("part \(part.part + 1) of \(part.partCount)")
            _ = try await asker.ask(.importFleet(part), id: id.part(part.part))
        }
        progress.clear()
        guard let last = parts.last else { preconditionFailure("a fleet of \(fleet.nodeCount) nodes without a part") }
        try await asker.show(.importFleet(last), id: id.part(last.part))
    }

    private func read() async throws(Ending) -> FleetDeclaration {
        let source = try ByteSource(path: file)
        let bytes = try await source.all(byteCountMax: FileText.byteCountMax)
        do throws(FileComplaint) {
            let text = try FileText.decode(bytes, name: source.name)
            switch FleetFile.Form(fileName: file) {
            case .yaml: return try FleetFile.read(text: text, name: source.name)
            case .nodeCSV: return try FleetFile.readNodeCSV(text: text, name: source.name, site: site)
            }
        } catch {
            throw Ending(status: Ending.usageStatus, "\(error)\nnothing was imported")
        }
    }
}

/// What a long wait shows on a terminal, on one line that is written over; nothing in a pipe.
struct Progress: Sendable {
    private let console: Console
    private let isShown: Bool

    /// `isQuiet` says that nothing is shown on a terminal either.
    init(_ console: Console, isQuiet: Bool = false) {
        self.console = console
        isShown = console.isErrorTerminal && !isQuiet
    }

    func tell(_ text: String) {
        if isShown { console.error("\r\u{1B}[K\(text)") }
    }

    func clear() {
        if isShown { console.error("\r\u{1B}[K") }
    }
}
