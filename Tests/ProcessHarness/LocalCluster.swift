package import Foundation
package import LeaseholdModel
package import LeaseholdTransport

/// A node, or many, of one agent process.
package struct AgentPlan {
    package let name: String
    /// Arguments that name the nodes and their devices.
    package let nodeArguments: [String]
    /// `process` for tenants that really run, `modelled` for many.
    package let work: String
    /// What else its guard is told.
    package var guardArguments: [String] = []

    /// One node.
    package init(node: String, devices: String, work: String = "process") {
        self.init(node: node, arguments: ["--devices", "simulated:\(devices)"], work: work)
    }

    /// One node, with the arguments that name its devices.
    package init(node: String, arguments: [String], work: String = "process") {
        self.name = node.split(separator: "/").suffix(2).joined(separator: "-")
        self.nodeArguments = ["--node", node] + arguments
        self.work = work
    }

    /// The nodes of a fleet in the order of its file, in lists alike in length, one for each agent.
    package static func sharing(
        _ fleet: FleetDeclaration, among agentCount: Int, in folder: URL
    ) throws -> [AgentPlan] {
        let nodes = fleet.runs.flatMap { run in
            (0..<run.count).map { position in
                "\(fleet.places[Int(run.rack)].path)/\(run.name(at: position)) \(run.kind)*\(run.gpusPerNode)"
            }
        }
        let share = (nodes.count + agentCount - 1) / agentCount
        return try stride(from: 0, to: nodes.count, by: share).enumerated().map { index, first in
            let file = folder.appendingPathComponent("nodes-\(index).txt")
            let lines = nodes[first..<min(first + share, nodes.count)].joined(separator: "\n") + "\n"
            try Data(lines.utf8).write(to: file)
            return AgentPlan(name: "agent-\(index)", nodes: file, work: "modelled")
        }
    }

    /// Many nodes, listed in a file.
    package init(name: String, nodes file: URL, work: String) {
        self.name = name
        self.nodeArguments = ["--nodes", file.path]
        self.work = work
    }
}

/// A coordinator, agents and guards as processes of this machine, in a directory of their own.
package final class LocalCluster {
    package let directory: URL
    package let plans: [AgentPlan]
    private let coordinatorArguments: [String]
    private let segmentSize: String
    private let http: String
    package private(set) var coordinator: Program?
    package private(set) var agents: [Int: Program] = [:]
    package private(set) var guards: [Int: Program] = [:]
    /// Where the coordinator listens, once it has been started.
    package private(set) var endpoint = Endpoint.tcp(host: "127.0.0.1", port: 0)
    private var startCount = 0

    /// Plans a cluster in a directory of its own; nothing runs yet.
    package convenience init(_ plans: [AgentPlan], hold: String = "3s", eviction: String = "1s") throws {
        self.init(plans, in: try LocalCluster.makeDirectory(), hold: hold, eviction: eviction)
    }

    /// Plans a cluster in a directory that goes away with it; nothing runs yet.
    ///
    /// `calendarSpeed` is that of the coordinator's calendar: so many seconds of it pass in one. `http` is where it serves
    /// its pages; nowhere unless asked.
    package init(
        _ plans: [AgentPlan], in directory: URL, hold: String, eviction: String, segmentSize: String = "4MiB",
        calendarSpeed: Int = 1, http: String = "none"
    ) {
        self.plans = plans
        self.segmentSize = segmentSize
        self.http = http
        self.coordinatorArguments = [
            "--hold", hold, "--eviction", eviction, "--calendar-speed", "\(calendarSpeed)",
        ]
        self.directory = directory
    }

    /// A new directory for a cluster.
    package static func makeDirectory() throws -> URL {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("leasehold-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        return directory
    }

    /// Ends every process and removes the directory.
    package func tearDown() {
        for program in [coordinator].compactMap({ $0 }) + Array(agents.values) + Array(guards.values) {
            program.killNow()
        }
        do {
            try FileManager.default.removeItem(at: directory)
        } catch {
            print("left behind: \(directory.path): \(error)")
        }
    }

    package var coordinatorDirectory: URL { directory.appendingPathComponent("coordinator") }
    package func agentDirectory(_ index: Int) -> URL { directory.appendingPathComponent("agent-\(index)") }

    /// Makes the log.
    package func initialise() throws {
        let answer = try run(
            "leasehold-coordinator",
            ["init", "--state-dir", coordinatorDirectory.path, "--cluster", "test"] + segmentArguments)
        guard answer.status == 0 else { throw HarnessFailure("init: \(answer.complaint)") }
    }

    private var segmentArguments: [String] { ["--segment-size", segmentSize] }

    /// Starts the coordinator, on the port that it had before.
    package func startCoordinator(environment: [String: String] = [:]) throws {
        let port = if case .tcp(_, let port) = endpoint { port } else { UInt16(0) }
        let program = try Program(
            "leasehold-coordinator",
            [
                "run", "--state-dir", coordinatorDirectory.path, "--listen", "127.0.0.1:\(port)", "--http", http,
                "--plaintext",
            ] + coordinatorArguments, environment: environment, output: nextOutput("coordinator"))
        coordinator = program
        let line = try program.line(containing: "serving on ")
        guard let text = line.split(separator: " ").last, let bound = Endpoint(text: String(text)) else {
            throw HarnessFailure("no address in \"\(line)\"")
        }
        endpoint = bound
    }

    /// Starts the guard of an agent.
    package func startGuard(_ index: Int, environment: [String: String] = [:]) throws {
        let plan = plans[index]
        guards[index] = try Program(
            "leasehold-agent",
            ["guard", "--state-dir", agentDirectory(index).path, "--work", plan.work] + plan.guardArguments,
            environment: environment, output: nextOutput("guard-\(plan.name)"))
    }

    /// Starts an agent.
    package func startAgent(_ index: Int, environment: [String: String] = [:]) throws {
        let plan = plans[index]
        agents[index] = try Program(
            "leasehold-agent",
            ["run", "--coordinator", "\(endpoint)", "--state-dir", agentDirectory(index).path, "--http", "none"]
                + ["--plaintext"] + plan.nodeArguments, environment: environment,
            output: nextOutput("agent-\(plan.name)"))
    }

    /// Starts everything.
    package func start() throws {
        try initialise()
        try startCoordinator()
        for index in plans.indices {
            try startAgent(index)
            try startGuard(index)
        }
    }

    /// Asks with leasectl, to its end.
    package func leasectl(_ arguments: String..., input: URL? = nil) throws -> Answer {
        try leasectl(arguments, input: input)
    }

    /// Asks with leasectl, to its end.
    package func leasectl(_ arguments: [String], input: URL? = nil) throws -> Answer {
        try run(
            "leasectl", arguments, input: input, environment: ["LEASEHOLD_COORDINATOR": "\(endpoint)"])
    }

    /// Like `leasectl`, and fails unless it exits with 0.
    @discardableResult
    package func must(_ arguments: String...) throws -> String { try must(arguments) }

    /// What leasectl prints; a failure where it ends with another status than 0.
    @discardableResult
    package func must(_ arguments: [String]) throws -> String {
        let answer = try leasectl(arguments)
        guard answer.status == 0 else {
            throw HarnessFailure(
                "leasectl \(arguments.joined(separator: " ")): \(answer.status)\n\(answer.output)\(answer.complaint)")
        }
        return answer.output
    }

    /// Waits until so many nodes are ready.
    package func waitForReady(_ count: Int, within seconds: Double = 60) throws {
        var last = ""
        let isReady = try eventually(within: seconds) {
            let answer = try leasectl("status", "-o", "json")
            last = answer.output + answer.complaint
            return last.contains("\"ready\":\(count)") || last.contains("\"ready\":\"\(count)\"")
        }
        guard isReady else { throw HarnessFailure("never \(count) nodes ready: \(last)") }
    }

    private func nextOutput(_ name: String) -> URL {
        startCount += 1
        return directory.appendingPathComponent("\(name)-\(startCount).out")
    }
}
