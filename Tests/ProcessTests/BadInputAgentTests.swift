import Foundation
import Glibc
import ProcessHarness
import Testing

extension ProcessTests {
    @Test("flags, node lists and directories that an agent cannot mean are named; nothing is made")
    func wrongAgentFlags() throws {
        let folder = try BadInputFolder()
        defer { folder.remove() }
        try folder.write("a/b/c/d H100*4\n# c\na/b/c/e\n", to: "short.txt")
        try folder.write("a/b/c/d H100*4\na/b/c/d H100*4\n", to: "twice.txt")
        try folder.write("# none\n", to: "none.txt")
        try folder.write("a/b/c H100*4\n", to: "path.txt")
        try folder.write("a/b/c/d H100*40\n", to: "many.txt")
        try folder.write("a/b/c/d H1OO*4\n", to: "kind.txt")
        try folder.write(Data([0x61, 0x0A, 0xFF]), to: "binary.txt")
        try folder.write("nod: a/b/c/d\n", to: "near-miss.yaml")
        let log = try run("leasehold-coordinator", folder.arguments("init --state-dir {log} --cluster one"))
        #expect(log.status == 0)
        let before = try folder.contents(of: "log")
        let one = "run --state-dir {new} --plaintext --node a/b/c/d --devices simulated:H100*4"
        let device = { (text: String) in "run --state-dir {new} --plaintext --node a/b/c/d --devices \(text)" }
        let list = { (name: String) in "run --state-dir {new} --plaintext --nodes {\(name)}" }
        try folder.check(
            "leasehold-agent",
            [
                Mistake("fly", 2, "'fly'"),
                Mistake("run", 2, "--state-dir"),
                Mistake("run --state-dir {new} --plaintext", 2, "--node PATH or --nodes FILE"),
                Mistake("run --state-dir {new} --plaintext --node a/b/c/d", 2, "--devices is missing"),
                Mistake("run --state-dir {new} --node a/b/c/d --devices simulated:H100*4", 2, "--plaintext"),
                Mistake("run --state-dir '' --plaintext --node a/b/c/d --devices simulated:T4*1", 2, "--state-dir"),
                Mistake("run --state-dir {new} --plaintext --node a/b --devices simulated:T4*1", 2, "--node", "RACK"),
                Mistake(one + " --nodes {none.txt}", 2, "--node and --nodes"),
                Mistake(one + " --bogus", 2, "--bogus"),
                Mistake(one + " --coordinator foo:bar", 2, "--coordinator is \"foo:bar\"", "HOST:PORT"),
                Mistake(one + " --coordinator 192.0.2.1:7400", 2, "192.0.2.1:7400", "loopback only"),
                Mistake(one + " --http 192.0.2.1:80", 2, "192.0.2.1:80", "loopback only"),
                Mistake(one + " --http x:y", 2, "--http is \"x:y\""),
                Mistake(device("nvml:X1"), 2, "X1", "or its envelope too: nvml:X1@900W"),
                Mistake(device("cuda"), 2, "cuda", "nvml or simulated:KIND*COUNT"),
                Mistake(device("H100*4"), 2, "\"H100*4\"", "simulated:KIND*COUNT"),
                Mistake(device("simulated:H100"), 2, "\"H100\"", "1 to 16 GPUs"),
                Mistake(device("simulated:H100*0"), 2, "\"H100*0\"", "1 to 16 GPUs"),
                Mistake(device("simulated:H100*17"), 2, "\"H100*17\"", "1 to 16 GPUs"),
                Mistake(device("simulated:FOO*4"), 2, "kind FOO", "H100", "FOO*4@900W"),
                Mistake(device("simulated:FOO*4@x"), 2, "envelope \"x\"", "900W"),
                Mistake(device("simulated:FOO*4@1MW"), 2, "envelope \"1MW\"", "at most 250kW"),
                Mistake(list("nosuch"), 2, "--nodes", "No such file"),
                Mistake(list("short.txt"), 2, "short.txt:3", "a/b/c/e", "PATH KIND*COUNT"),
                Mistake(list("twice.txt"), 2, "twice.txt:2", "twice"),
                Mistake(list("none.txt"), 2, "none.txt", "no node"),
                Mistake(list("path.txt"), 2, "path.txt:1", "SITE/HALL/RACK/NODE"),
                Mistake(list("many.txt"), 2, "many.txt:1", "1 to 16 GPUs"),
                Mistake(list("kind.txt"), 2, "kind.txt:1", "H1OO", "H100"),
                Mistake(list("binary.txt"), 2, "binary.txt:2", "0xff", "UTF-8"),
                Mistake("run --config {near-miss.yaml}", 2, "near-miss.yaml:1", "\"nod\"", "did you mean node?"),
                Mistake("guard", 2, "--state-dir"),
                Mistake("guard --state-dir {new} --work x", 2, "--work is \"x\"", "process, modelled or tenants"),
                Mistake("guard --state-dir {none.txt}", 1, "none.txt", "Not a directory"),
                Mistake("guard --state-dir {log}", 4, "cluster one", "of their own"),
                Mistake(one.replacingOccurrences(of: "{new}", with: "{log}"), 4, "cluster one", "of their own"),
                Mistake("device show --state-dir {new}", 1, "devices.map", "No such file"),
                Mistake("device show --state-dir {new} -o xml", 2, "-o is \"xml\""),
                Mistake("device break --state-dir {new} --node a/b/c/d --gpu x", 2, "'x'", "whole number"),
                Mistake("device fly", 2, "'fly'"),
            ])
        #expect(!folder.exists("new"))
        #expect(try folder.contents(of: "log") == before)
    }

    @Test("a guard without an agent waits and says so; asked to stop, it goes")
    func lonelyGuard() throws {
        let folder = try BadInputFolder()
        defer { folder.remove() }
        let guardian = try Program(
            "leasehold-agent", folder.arguments("guard --state-dir {alone}"),
            output: folder.url.appendingPathComponent("guard.out"))
        defer { guardian.killNow() }
        _ = try guardian.line(containing: "waiting for the agent to make ")
        guardian.expectDrain()
    }

    @Test("an agent of other nodes, other hardware or another cluster is turned away, and the coordinators serve on")
    func wrongAgents() throws {
        let cluster = try LocalCluster([
            AgentPlan(node: "laptop/hall-1/rack-1/node-1", devices: "H100*4"),
            AgentPlan(node: "laptop/hall-1/rack-1/node-2", devices: "H100*2"),
            AgentPlan(node: "laptop/hall-1/rack-1/node-9", devices: "H100*4"),
        ])
        defer { cluster.tearDown() }
        let folder = try BadInputFolder()
        defer { folder.remove() }
        let other = LocalCluster([], in: folder.url, hold: "3s", eviction: "1s")
        defer { other.coordinator?.killNow() }
        try cluster.start()
        try cluster.must("fleet", "import", LocalCluster.laptopFleet.path)
        try cluster.must("tenant", "create", "acme", "--gpus", "8")
        try cluster.waitForReady(1)

        try expectTurnedAway(from: cluster)
        try expectDirectoryInUse(of: cluster, in: folder)

        let directory = cluster.agentDirectory(0).path
        // With work on it, asked to stop: the agent leaves it to the guard, the guard ends it.
        try cluster.must("lease", "create", "--tenant", "acme", "--count", "2", "--term", "10m", "--on-silence", "keep")
        let work = try cluster.tenantProcesses(of: 0)
        #expect(!work.isEmpty && work.allSatisfy { kill($0, 0) == 0 })
        try #require(cluster.agents[0]).expectDrain()
        #expect(work.allSatisfy { kill($0, 0) == 0 }, "the agent's going must not end tenants' work")
        try folder.check(
            "leasehold-agent",
            [
                Mistake(
                    "run --state-dir \(directory) --plaintext --node laptop/hall-1/rack-1/node-7 "
                        + "--devices simulated:H100*4", 4, "node-1", "node-7", "another state directory")
            ])

        try strayAgent(on: directory, at: other, in: folder)
        try #require(cluster.guards[0]).expectDrain()
        #expect(work.allSatisfy { kill($0, 0) == -1 && errno == ESRCH }, "work outlived its guard: \(work)")
        for program in Array(cluster.agents.values) + Array(cluster.guards.values) where program.isRunning {
            program.expectDrain()
        }
        try #require(cluster.coordinator).expectDrain()
        try #require(other.coordinator).expectDrain()
    }

    /// An agent of one cluster that is pointed at another's coordinator.
    private func strayAgent(on directory: String, at other: LocalCluster, in folder: BadInputFolder) throws {
        try other.initialise()
        try other.startCoordinator()
        try other.must("fleet", "import", LocalCluster.laptopFleet.path)
        let stray = try Program(
            "leasehold-agent",
            folder.arguments(
                "run --state-dir \(directory) --plaintext --http none --coordinator \(other.endpoint) "
                    + "--node laptop/hall-1/rack-1/node-1 --devices simulated:H100*4"),
            output: folder.url.appendingPathComponent("stray.out"))
        defer { stray.killNow() }
        let complaint = try stray.line(containing: "you belong to log")
        #expect(complaint.contains("this is cluster test with log"))
        #expect(stray.isRunning)
        #expect(try other.must("status", "-o", "json").contains("\"ready\":0"))
        stray.expectDrain()
    }
}

extension ProcessTests {
    /// A node with other GPUs than the fleet has is quarantined, one that it has not is told so.
    private func expectTurnedAway(from cluster: LocalCluster) throws {
        var shown = ""
        let isQuarantined = try eventually(within: 20) {
            shown = try cluster.must("node", "show", "laptop/hall-1/rack-1/node-2", "-o", "json")
            return shown.contains("\"quarantined\"") && shown.contains("\"hardwareDiffers\"")
        }
        #expect(isQuarantined, "\(shown)")
        #expect(try cluster.must("status").contains("reports 2 GPUs where the fleet has 4"))
        _ = try cluster.agents[1]?.line(containing: "reports 2 GPUs where the fleet has 4")
        _ = try cluster.agents[2]?.line(containing: "no node laptop/hall-1/rack-1/node-9 in the fleet")
    }

    /// A second of each on the same directory, and devices that are not there.
    private func expectDirectoryInUse(of cluster: LocalCluster, in folder: BadInputFolder) throws {
        let directory = cluster.agentDirectory(0).path
        let again = "run --state-dir \(directory) --plaintext --http none --coordinator \(cluster.endpoint) "
        let agentID = try #require(cluster.agents[0]).processID
        let guardID = try #require(cluster.guards[0]).processID
        try folder.check(
            "leasehold-agent",
            [
                Mistake(
                    again + "--node laptop/hall-1/rack-1/node-1 --devices simulated:H100*4", 4,
                    "in use by agent, process \(agentID)"),
                Mistake("guard --state-dir \(directory)", 4, "in use by guard, process \(guardID)"),
                Mistake("device break --state-dir \(directory) --node a/b/c/d --gpu 0", 2, "no node a/b/c/d", "node-1"),
                Mistake(
                    "device break --state-dir \(directory) --node laptop/hall-1/rack-1/node-1 --gpu 4", 2, "0 to 3"),
            ])
    }
}

extension LocalCluster {
    /// The processes that an agent's devices say hold them, once there is one.
    func tenantProcesses(of index: Int) throws -> [Int32] {
        var found: [Int32] = []
        _ = try eventually(within: 10) {
            let answer = try run(
                "leasehold-agent", ["device", "show", "--state-dir", agentDirectory(index).path, "-o", "json"])
            found = try answer.output.split(separator: "\n").compactMap {
                try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
            }.compactMap { ($0["process"] as? NSNumber)?.int32Value }
            return !found.isEmpty
        }
        return Array(Set(found)).sorted()
    }
}
