import Foundation
import Glibc
import LeaseholdModel
import LeaseholdPlatform
import ProcessHarness
import Testing

/// Hardware that an agent's process finds behind the driver's library, played by a script.
struct PlayedNode {
    static let name = "laptop/hall-1/rack-1/node-1"
    static let library = Program.directory.appendingPathComponent("libNVMLDouble.so").path
    let script: URL

    init(in directory: URL) throws {
        script = directory.appendingPathComponent("hardware")
        if !FileManager.default.fileExists(atPath: script.path) { try Data().write(to: script) }
        for number in 0..<4 { try say("gpu H100 \(PlayedNode.uuid(number))") }
    }

    static func uuid(_ number: Int) -> String { "GPU-00000000-0000-0000-0000-00000000000\(number)" }

    var environment: [String: String] { ["LEASEHOLD_NVML_SCRIPT": script.path] }

    /// Every order so far.
    var said: String { (try? String(contentsOf: script, encoding: .utf8)) ?? "" }  // the test that looks would fail

    /// Adds an order to the script; the library obeys before its next answer.
    func say(_ line: String) throws {
        let file = try FileHandle(forWritingTo: script)
        defer { file.closeFile() }
        file.seekToEndOfFile()
        file.write(Data((line + "\n").utf8))
    }
}

extension LocalCluster {
    /// Starts all of it, with an agent on played GPUs and a tenant who may hold eight.
    func start(on hardware: PlayedNode) throws {
        try initialise()
        try startCoordinator()
        try must("fleet", "import", LocalCluster.laptopFleet.path)
        try must("tenant", "create", "acme", "--gpus", "8")
        try startAgent(0, environment: hardware.environment)
        try startGuard(0)
        try waitForReady(1)
    }

    /// Leases something to that tenant, and waits until it runs; its id.
    func lease(_ arguments: String...) throws -> String {
        let answer = try must(["lease", "create", "--tenant", "acme", "-o", "json"] + arguments)
        let lease = try #require(try jsonLines(answer).first?["id"] as? String)
        try must("lease", "wait", lease)
        return lease
    }
}

extension ProcessTests {
    private func cluster(
        in directory: URL? = nil, hold: Span = .seconds(3), _ arguments: String...
    ) throws -> LocalCluster {
        let directory = try directory ?? LocalCluster.makeDirectory()
        let reset = directory.appendingPathComponent("reset")
        let script = directory.appendingPathComponent("hardware")
        try Data("#!/bin/sh\necho \"reset $1\" >> \(script.path)\n".utf8).write(to: reset)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: reset.path)
        let named = [
            "--devices", "nvml", "--nvml-library", PlayedNode.library, "--cdi-dir", "none", "--gpu-reset", reset.path,
        ]
        return LocalCluster(
            [AgentPlan(node: PlayedNode.name, arguments: named + arguments)], in: directory, hold: "\(hold)",
            eviction: "1s")
    }

    /// What `leasectl node show` says of the node.
    private func unhealthy(_ cluster: LocalCluster) throws -> Int {
        let node = try #require(try jsonLines(cluster.must("node", "show", PlayedNode.name, "-o", "json")).first)
        return number(node["unhealthyMask"])
    }

    /// A directory of hooks with a probe that says what stands in two files beside it.
    private func hooks(in directory: URL) throws -> (
        path: String, say: (_ status: String, _ words: String) throws -> Void
    ) {
        let hooks = directory.appendingPathComponent("hooks")
        let probes = hooks.appendingPathComponent("probes")
        try FileManager.default.createDirectory(at: probes, withIntermediateDirectories: true)
        let (status, words) = (directory.appendingPathComponent("status"), directory.appendingPathComponent("words"))
        func say(_ code: String, _ text: String) throws {
            try Data("\(text)\n".utf8).write(to: words, options: .atomic)
            try Data("\(code)\n".utf8).write(to: status, options: .atomic)
        }
        try say("0", "turns")
        let programs = [
            "probes/fan": """
            code=$(cat \(status.path)); cat \(words.path)
            [ "$code" = hang ] && exec sleep 5
            exit "$code"
            """, "power-reading": "echo watts=3120",
        ]
        for (name, text) in programs {
            let file = hooks.appendingPathComponent(name)
            try Data("#!/bin/sh\n\(text)\n".utf8).write(to: file)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
        }
        return (hooks.path, say)
    }

    @Test("what a probe of the site finds is told and heeded, and what the node draws and has used outlives its agent")
    func senses() throws {
        let directory = try LocalCluster.makeDirectory()
        let (hooks, say) = try hooks(in: directory)
        let zone = directory.appendingPathComponent("power/powercap/intel-rapl:0")
        try FileManager.default.createDirectory(at: zone, withIntermediateDirectories: true)
        func write(_ text: String, _ name: String) throws {
            try Data("\(text)\n".utf8).write(to: zone.appendingPathComponent(name), options: .atomic)
        }
        try write("package-0", "name")
        try write("262143328850", "max_energy_range_uj")
        var joules = 262_000
        try write("\(joules)000000", "energy_uj")
        let cluster = try cluster(
            in: directory, "--hooks", hooks, "--probe-interval", "1s", "--probe-limit", "1s", "--power-interval", "1s",
            "--power-files", directory.appendingPathComponent("power").path)
        defer { cluster.tearDown() }
        let hardware = try PlayedNode(in: cluster.directory)
        try cluster.initialise()
        try cluster.startCoordinator()
        try cluster.must("fleet", "import", LocalCluster.laptopFleet.path)
        try cluster.startAgent(0, environment: hardware.environment)
        try cluster.startGuard(0)
        try cluster.waitForReady(1)
        #expect(try unhealthy(cluster) == 0)
        func shown() throws -> String { try cluster.must("node", "show", PlayedNode.name) }
        try say("2", "fan 3 stands still\nposition=1")
        #expect(try eventually(within: 20) { try unhealthy(cluster) == 0b0010 })
        var words = try shown()
        #expect(words.contains("GPU 1 probe unhealthy since ") && words.contains("(ticket 1)"), "\(words)")
        #expect(words.contains("probe fan said: fan 3 stands still -> mend what the probe names"), "\(words)")
        #expect(words.contains("next: mend what the probe names"), "\(words)")
        try say("0", "turns")
        #expect(try eventually(within: 20) { try shown().contains("GPU 1 probe suspect since ") })
        func node() throws -> [String: Any] {
            try #require(try jsonLines(cluster.must("node", "show", PlayedNode.name, "-o", "json")).first)
        }
        func used() throws -> Int {
            let power = try (node()["detail"] as? [String: Any])?["power"] as? [[String: Any]]
            return number(power?.first { $0["scope"] as? String == "processors" }?["energyJoules"])
        }
        // Its counter goes around its end; whatever is news brings the rest along.
        #expect(
            try eventually(within: 40) {
                joules += 30
                try write("\(joules % 262_143)000000", "energy_uj")
                try say(joules / 30 % 2 == 0 ? "0" : "1", "slows down at \(joules)")
                return try used() > 200
            })
        words = try shown()
        #expect(words.contains("3120W") && words.contains("power-reading  sample"), "\(words)")
        #expect(words.contains("RAPL packages  counter"), "\(words)")
        try say("hang", "turns")
        #expect(try eventually(within: 20) { try shown().contains("node probe fan in trouble") })
        #expect(try eventually(within: 20) { try shown().contains("ended after 1s") })
        #expect(try shown().contains("GPU 1 probe suspect since "))
        #expect(number(try node()["drawnWatts"]) == 3_120)
        let before = try used()
        #expect(before > 0)
        try #require(cluster.agents[0]).killNow()
        try cluster.startAgent(0, environment: hardware.environment)
        #expect(
            try eventually(within: 60) {
                joules += 30
                try write("\(joules % 262_143)000000", "energy_uj")
                return try shown().contains("RAPL packages  counter")
            })
        let after = try used()
        #expect(after >= before && after <= joules - 262_000, "\(before), \(after)")
    }

    @Test("a lost GPU degrades its lease and a lost driver is told, within two heartbeats; limits come back with it")
    func driver() throws {
        let holds = HoldSettings(hold: .seconds(20), eviction: .seconds(1), clockRateErrorPPM: 10_000)
        let cluster = try cluster(hold: holds.hold, "--power-limit", "500W")
        defer { cluster.tearDown() }
        let hardware = try PlayedNode(in: cluster.directory)
        try cluster.start(on: hardware)
        #expect(try unhealthy(cluster) == 0)
        let lease = try cluster.lease("--count", "4", "--term", "1h")
        try expectRealDevices(of: cluster)
        /// Whether something is seen at the coordinator before the node has sent a third heartbeat.
        func isSoon(_ order: String, _ condition: () throws -> Bool) throws -> Bool {
            try hardware.say(order)
            let before = Clocks.boot()
            guard try eventually(within: 20, condition) else { return false }
            return Clocks.boot() - before <= holds.heartbeatInterval * 2
        }
        #expect(try isSoon("lose \(PlayedNode.uuid(3))") { try shown(cluster, lease)["degraded"] as? Bool == true })
        #expect(try unhealthy(cluster) == 0b1000 && state(cluster, lease) == "active")
        let explained = try cluster.must("lease", "explain", lease)
        #expect(explained.contains("GPU 3"), "\(explained)")
        func limits() -> [Int] {
            (0..<4).map { gpu in
                hardware.said.split(separator: "\n").count { $0 == "set \(PlayedNode.uuid(gpu)) limit 500000" }
            }
        }
        #expect(limits() == [1, 1, 1, 1])
        #expect(try isSoon("driver unload") { try unhealthy(cluster) == 0b1111 })
        let agent = try #require(cluster.agents[0])
        _ = try agent.line(containing: "the driver does not answer: ")
        #expect(try isSoon("driver load") { try unhealthy(cluster) == 0b1000 })
        #expect(limits() == [2, 2, 2, 1])
        _ = try agent.line(containing: "ticket 1 opened for bus of \(PlayedNode.uuid(3))")
        try expectTicket(in: cluster, of: lease)
        agent.signal(SIGTERM)
        #expect(agent.exitStatus(within: 20) == 0)
    }

    /// The log has the ticket of the lost GPU, for the operator with all others, for the tenant as one of its lease's.
    private func expectTicket(in cluster: LocalCluster, of lease: String) throws {
        func logged(_ name: String, _ arguments: [String]) throws -> [String: Any] {
            let key = cluster.coordinatorDirectory.appendingPathComponent("ledger/key.pub").path
            let file = cluster.directory.appendingPathComponent(name).path
            let export = try cluster.leasectl(["ledger", "export"] + arguments + ["--to", file, "--key", key])
            #expect(export.status == 0, "\(export.complaint)")
            let shown = try cluster.must("ledger", "tickets", file, "--key", key, "--open", "-o", "json")
            let tickets = try #require(jsonLines(shown).first?["tickets"] as? [[String: Any]])
            return try #require(tickets.count == 1 ? tickets.first : nil)
        }
        for (name, arguments) in [("fleet.proof", ["--fleet"]), ("acme.proof", ["--tenant", "acme"])] {
            let ticket = try logged(name, arguments)
            #expect(ticket["node"] as? String == PlayedNode.name && ticket["component"] as? String == "bus")
            #expect(ticket["uuid"] as? String == PlayedNode.uuid(3) && ticket["gpu"] as? Int == 3)
            #expect(ticket["leases"] as? [String] == [lease] && ticket["outcome"] as? String == "")
        }
        let words = try cluster.must("node", "show", PlayedNode.name)
        #expect(words.contains("TICKET  GPU  PART"), "\(words)")
    }

    /// What is shown of the machine's own GPUs is not what simulated ones would draw, and nothing breaks them.
    private func expectRealDevices(of cluster: LocalCluster) throws {
        let directory = cluster.agentDirectory(0).path
        let shown = try run("leasehold-agent", ["device", "show", "--state-dir", directory, "-o", "json"])
        let gpus = try jsonLines(shown.output)
        #expect(
            gpus.count == 4 && gpus.allSatisfy { $0["lease"] != nil && $0["watts"] == nil && $0["isBroken"] == nil })
        let table = try run("leasehold-agent", ["device", "show", "--state-dir", directory]).output
        #expect(!table.contains("ok") && !table.contains("0W"), "\(table)")
        let broken = try run(
            "leasehold-agent", ["device", "break", "--state-dir", directory, "--node", PlayedNode.name, "--gpu", "0"])
        #expect(broken.status == 2 && broken.complaint.contains("are the machine's own"), "\(broken.complaint)")
    }

    @Test("what a lease leaves on real GPUs is taken away before it is over; what cannot be keeps them from everybody")
    func cleaning() throws {
        let cluster = try cluster()
        defer { cluster.tearDown() }
        let hardware = try PlayedNode(in: cluster.directory)
        try cluster.start(on: hardware)
        let lease = try cluster.lease("--count", "4", "--term", "1h")
        // A number that no process has: it cannot be ended, and the driver lists it on.
        try hardware.say("process \(PlayedNode.uuid(2)) compute 4194303 1000")
        try cluster.must("lease", "release", lease)
        let agent = try #require(cluster.agents[0])
        let words = try agent.line(containing: "its GPUs get no other work until it is done", within: 40)
        #expect(words.contains("ending what is left on the GPUs for lease \(lease) failed"))
        #expect(try eventually(within: 20) { try unhealthy(cluster) == 0b1111 })
        let shown = try cluster.must("node", "show", PlayedNode.name)
        #expect(shown.contains("process 4194303 lives on after SIGKILL"), "\(shown)")
        #expect(!hardware.said.contains("reset "))
        // Killed in the middle, it goes on where it was.
        agent.killNow()
        try hardware.say("exit 4194303")
        try cluster.startAgent(0, environment: hardware.environment)
        #expect(
            try eventually(within: 40) {
                let node = try #require(
                    try jsonLines(cluster.must("node", "show", PlayedNode.name, "-o", "json")).first)
                return number(node["unhealthyMask"]) == 0 && number(node["leasedMask"]) == 0
            })
        for position in 0..<4 { #expect(hardware.said.contains("reset \(PlayedNode.uuid(position))")) }
    }

    private func shown(_ cluster: LocalCluster, _ lease: String) throws -> [String: Any] {
        try #require(try jsonLines(cluster.must("lease", "show", lease, "-o", "json")).first)
    }

    private func state(_ cluster: LocalCluster, _ lease: String) throws -> String? {
        try shown(cluster, lease)["state"] as? String
    }

    @Test("slices of real GPUs are cut for two leases beside each other, and unmade each for itself, kills in between")
    func slices() throws {
        let cluster = try cluster()
        defer { cluster.tearDown() }
        let hardware = try PlayedNode(in: cluster.directory)
        try cluster.start(on: hardware)
        let leases = try ["3g.40gb", "1g.10gb"].map { profile in
            try cluster.lease("--unit", "slice:\(profile)", "--count", "1", "--term", "1h")
        }
        let masks = try leases.map { lease in
            let placements = try shown(cluster, lease)["placements"] as? [String: Any]
            return number((placements?["gpuMasks"] as? [Any])?.first)
        }
        #expect(masks[0] == masks[1] && masks[0].nonzeroBitCount == 1, "\(masks)")
        try hardware.say("fail nvmlGpuInstanceDestroy 19")
        try cluster.must("lease", "release", leases[0])
        let agent = try #require(cluster.agents[0])
        let words = try agent.line(containing: "its GPUs get no other work until it is done", within: 40)
        #expect(words.contains("unmaking the slices for lease \(leases[0]) failed") && words.contains("IN_USE"))
        #expect(try eventually(within: 20) { try unhealthy(cluster) == masks[0] })
        // Killed in the middle, it goes on where it was; the other lease goes on running.
        agent.killNow()
        try hardware.say("heal")
        try cluster.startAgent(0, environment: hardware.environment)
        #expect(try eventually(within: 40) { try unhealthy(cluster) == 0 })
        #expect(try eventually(within: 20) { try state(cluster, leases[0]) == "ended" })
        #expect(try state(cluster, leases[1]) == "active")
        try cluster.must("lease", "release", leases[1])
        #expect(try eventually(within: 40) { try state(cluster, leases[1]) == "ended" })
        // What was cut is had whole again, and reset when that is over.
        _ = try cluster.lease("--count", "4", "--term", "1h")
        #expect(!hardware.said.contains("reset "))
    }

    @Test(
        "slices that a driver loses when it is loaded anew are told, and the lease is degraded until it is given back")
    func lostSlices() throws {
        let cluster = try cluster()
        defer { cluster.tearDown() }
        let hardware = try PlayedNode(in: cluster.directory)
        try cluster.start(on: hardware)
        let lease = try cluster.lease("--unit", "slice:3g.40gb", "--count", "1", "--term", "1h")
        // A reading that is younger than the work finds them.
        #expect(try eventually(within: 20) { try cluster.must("node", "show", PlayedNode.name).contains("  on ") })
        #expect(try shown(cluster, lease)["degraded"] as? Bool != true)
        try hardware.say("driver reload")
        #expect(try eventually(within: 20) { try shown(cluster, lease)["degraded"] as? Bool == true })
        let what = "lease \(lease) unhealthy since "
        #expect(try eventually(within: 20) { try cluster.must("node", "show", PlayedNode.name).contains(what) })
        #expect(try cluster.must("node", "show", PlayedNode.name).contains("not all cut any more"))
        try cluster.must("lease", "release", lease)
        #expect(try eventually(within: 40) { try state(cluster, lease) == "ended" })
        #expect(try eventually(within: 20) { try unhealthy(cluster) == 0 })
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
