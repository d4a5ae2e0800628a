import Foundation
import Glibc
import LeaseholdModel
import LeaseholdPlatform
import ProcessHarness
import Testing

/// A node whose tenants are started by others, with `/dev/full` for its first GPU.
private final class TenantNode {
    /// K of the coordinator and of the guard.
    static let eviction = Span.seconds(4)
    static let hold = Span.seconds(3)

    let cluster: LocalCluster
    let hardware: PlayedNode
    private var tenants: [Process] = []

    init() throws {
        let directory = try LocalCluster.makeDirectory()
        let (hooks, board) = (directory.appendingPathComponent("hooks"), directory.appendingPathComponent("cdi"))
        for folder in [hooks, board] {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
        // What the agent would hang there itself, if the driver's own tables were on this machine: for every lease that
        // the test's log can come to, whose number is that of its record.
        for number in 1...200 {
            let name = "L\(number)-1.\(number)-0"
            try Data(
                """
                {"cdiVersion": "1.1.0", "kind": "leasehold.dev/lease", "devices": [{"name": "\(name)", "containerEdits": {
                "deviceNodes": [{"path": "/dev/nvidia0", "type": "c", "major": 1, "minor": 7, "permissions": "rw"}]}}]}
                """.utf8
            ).write(to: board.appendingPathComponent("leasehold.dev-lease_\(name).json"))
        }
        let hook = hooks.appendingPathComponent("on-fence")
        try Data("#!/bin/sh\necho \"$LEASEHOLD_LEASE\" >> \(directory.path)/fenced\n".utf8).write(to: hook)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: hook.path)
        var plan = AgentPlan(
            node: PlayedNode.name,
            arguments: [
                "--devices", "nvml", "--nvml-library", PlayedNode.library, "--cdi-dir", "none", "--gpu-reset", "none",
                "--hooks", hooks.path,
            ], work: "tenants")
        plan.guardArguments = ["--cdi-dir", board.path, "--hooks", hooks.path, "--eviction", "4s"]
        cluster = LocalCluster([plan], in: directory, hold: "3s", eviction: "4s")
        hardware = try PlayedNode(in: directory)
        try cluster.start(on: hardware)
    }

    /// A tenant's process that has the GPU open.
    func tenant() throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", "exec 7</dev/full\nexec sleep 600"]
        try process.run()
        tenants.append(process)
        let opened = "/proc/\(process.processIdentifier)/fd/7"
        guard eventually(within: 20, { access(opened, F_OK) == 0 }) else { throw HarnessFailure("no tenant") }
        return process
    }

    /// A lease that runs; its id.
    func lease() throws -> String {
        try cluster.lease("--count", "1", "--term", "1h", "--on-silence", "fence")
    }

    func state(_ lease: String) throws -> String? {
        try jsonLines(cluster.must("lease", "show", lease, "-o", "json")).first?["state"] as? String
    }

    /// The leases of which the hook has heard; without its file, none.
    var fenced: String {
        (try? String(contentsOf: cluster.directory.appendingPathComponent("fenced"), encoding: .utf8)) ?? ""
    }

    func tearDown() {
        for tenant in tenants where tenant.isRunning { kill(tenant.processIdentifier, SIGKILL) }
        cluster.tearDown()
    }
}

extension ProcessTests {
    @Test("a guard ends the work of tenants that others have started: at the deadline of a stopped agent, within K")
    func tenantsAreFenced() throws {
        let node = try TenantNode()
        defer { node.tearDown() }
        let lease = try node.lease()
        let tenant = try node.tenant()
        let agent = try #require(node.cluster.agents[0])
        agent.signal(SIGSTOP)
        let stopped = Clocks.boot()
        // The deadline is at most a hold after the last renewal, and that was before the stop.
        let limit = TenantNode.hold + TenantNode.eviction
        #expect(eventually(within: 20) { !tenant.isRunning })
        let took = Clocks.boot() - stopped
        #expect(took <= limit, "\(took)")
        #expect(node.fenced == "\(lease)\n")
        // Whoever comes later, while its word is over, does not stay.
        let late = try node.tenant()
        #expect(eventually(within: 20) { !late.isRunning })
        // Nobody else gets the GPU by waiting: nothing is sure to outlive this guard, and the node is silent.
        let shown = try node.cluster.must("node", "show", PlayedNode.name)
        #expect(shown.contains("confirm-only"), "\(shown)")
        try node.cluster.must("lease", "release", lease)
        #expect(try node.state(lease) == "ending")
        agent.signal(SIGCONT)
        #expect(try eventually(within: 60) { try node.state(lease) == "ended" })
        // What it took is measured, and told when the agent is back.
        #expect(
            try eventually(within: 20) {
                let node = try #require(
                    try jsonLines(node.cluster.must("node", "show", PlayedNode.name, "-o", "json")).first)
                let times = (node["detail"] as? [String: Any])?["evictions"] as? [String: Any]
                return number(times?["count"]) >= 1 && times?["slowest"] as? String != nil
            })
    }

    @Test("a tenant that is left when a lease is given back, or when a guard dies, is ended before anything else")
    func tenantsAreEnded() throws {
        let node = try TenantNode()
        defer { node.tearDown() }
        let first = try node.lease()
        let tenant = try node.tenant()
        try node.cluster.must("lease", "release", first)
        #expect(try eventually(within: 60) { try node.state(first) == "ended" })
        #expect(!tenant.isRunning && node.fenced == "")
        _ = try node.lease()
        let other = try node.tenant()
        try #require(node.cluster.guards[0]).killNow()
        #expect(other.isRunning)
        try node.cluster.startGuard(0)
        #expect(eventually(within: 20) { !other.isRunning })
        try node.cluster.waitForReady(1)
    }
}
