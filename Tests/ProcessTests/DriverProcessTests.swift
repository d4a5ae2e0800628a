import Foundation
import Glibc
import ProcessHarness
import Testing

/// Hardware that an agent's process finds behind the driver's library, played by a script.
private struct PlayedNode {
    static let name = "laptop/hall-1/rack-1/node-1"
    static let library = Program.directory.appendingPathComponent("libNVMLDouble.so").path
    let script: URL

    init(in directory: URL) throws {
        script = directory.appendingPathComponent("hardware")
        try Data().write(to: script)
        for number in 0..<4 { try say("gpu H100 \(PlayedNode.uuid(number))") }
    }

    static func uuid(_ number: Int) -> String { "GPU-00000000-0000-0000-0000-00000000000\(number)" }

    var environment: [String: String] { ["LEASEHOLD_NVML_SCRIPT": script.path] }

    /// Adds an order to the script; the library obeys before its next answer.
    func say(_ line: String) throws {
        let file = try FileHandle(forWritingTo: script)
        defer { file.closeFile() }
        file.seekToEndOfFile()
        file.write(Data((line + "\n").utf8))
    }
}

extension ProcessTests {
    private func cluster(_ arguments: String...) throws -> LocalCluster {
        let named = ["--devices", "nvml", "--nvml-library", PlayedNode.library]
        return try LocalCluster([AgentPlan(node: PlayedNode.name, arguments: named + arguments)])
    }

    /// What `leasectl node show` says of the node.
    private func unhealthy(_ cluster: LocalCluster) throws -> Int {
        let node = try #require(try jsonLines(cluster.must("node", "show", PlayedNode.name, "-o", "json")).first)
        return number(node["unhealthyMask"])
    }

    @Test("a node of real GPUs is leased; a GPU that is lost, and a driver that goes and comes back, are reported")
    func driver() throws {
        let cluster = try cluster("--power-limit", "500W")
        defer { cluster.tearDown() }
        let hardware = try PlayedNode(in: cluster.directory)
        try cluster.initialise()
        try cluster.startCoordinator()
        try cluster.must("fleet", "import", LocalCluster.laptopFleet.path)
        try cluster.must("tenant", "create", "acme", "--gpus", "8")
        try cluster.startAgent(0, environment: hardware.environment)
        try cluster.startGuard(0)
        try cluster.waitForReady(1)
        #expect(try unhealthy(cluster) == 0)
        try cluster.must("lease", "create", "--tenant", "acme", "--count", "1", "--term", "1h")
        try hardware.say("lose \(PlayedNode.uuid(3))")
        #expect(try eventually(within: 20) { try unhealthy(cluster) == 0b1000 })
        try hardware.say("driver unload")
        #expect(try eventually(within: 20) { try unhealthy(cluster) == 0b1111 })
        let agent = try #require(cluster.agents[0])
        _ = try agent.line(containing: "the driver does not answer: ")
        try hardware.say("driver load")
        #expect(try eventually(within: 20) { try unhealthy(cluster) == 0b1000 })
        _ = try agent.line(containing: "ticket 1 opened for bus of \(PlayedNode.uuid(3))")
        agent.signal(SIGTERM)
        #expect(agent.exitStatus(within: 20) == 0)
    }

    @Test("an agent whose node was served before begins without its driver, and knows its GPUs when that is back")
    func withoutDriver() throws {
        let cluster = try cluster()
        defer { cluster.tearDown() }
        let hardware = try PlayedNode(in: cluster.directory)
        try hardware.say("driver unload")
        try cluster.initialise()
        try cluster.startCoordinator()
        try cluster.must("fleet", "import", LocalCluster.laptopFleet.path)
        try cluster.startAgent(0, environment: hardware.environment)
        try cluster.startGuard(0)
        // One that was never served waits for its GPUs to be seen.
        let waiting = try #require(cluster.agents[0])
        _ = try waiting.line(containing: "this node has never been served, and waits for its GPUs: ")
        try hardware.say("driver load")
        try cluster.waitForReady(1)
        try #require(cluster.agents[0]).killNow()
        try hardware.say("driver unload")
        try cluster.startAgent(0, environment: hardware.environment)
        _ = try #require(cluster.agents[0]).line(containing: "the driver does not answer: ")
        #expect(try eventually(within: 20) { try unhealthy(cluster) == 0b1111 })
        try hardware.say("driver load")
        #expect(try eventually(within: 20) { try unhealthy(cluster) == 0 })
        // Other GPUs than those that it was made for are another node.
        try #require(cluster.agents[0]).killNow()
        let chart = cluster.agentDirectory(0).appendingPathComponent("gpus.json")
        try Data("no chart".utf8).write(to: chart)
        try hardware.say("pull \(PlayedNode.uuid(0))")
        try cluster.startAgent(0, environment: hardware.environment)
        let agent = try #require(cluster.agents[0])
        #expect(agent.exitStatus(within: 20) == 4)
        #expect(agent.printed.contains("gpus.json.damaged") && agent.printed.contains("was made for other GPUs than"))
    }
}
