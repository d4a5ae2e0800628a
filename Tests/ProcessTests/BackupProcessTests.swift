import Foundation
import ProcessHarness
import Testing

extension ProcessTests {
    @Test(
        "a backup taken while work runs is restored where the log is gone: what it has runs on, what it lacks is retired"
    )
    func backup() throws {
        let cluster = try LocalCluster([
            AgentPlan(node: "laptop/hall-1/rack-1/node-1", devices: "H100*4"),
            AgentPlan(node: "laptop/hall-1/rack-1/node-2", devices: "H100*4"),
        ])
        defer { cluster.tearDown() }
        try cluster.start()
        try cluster.must("fleet", "import", "deploy/fleets/laptop.yaml")
        try cluster.waitForReady(2)
        try cluster.must("tenant", "create", "acme", "--gpus", "8")
        func lease() throws -> String {
            let created = try cluster.must(
                "lease", "create", "--tenant", "acme", "--unit", "node", "--count", "1", "--term", "1h", "-o", "json")
            let id = try #require(try jsonLines(created).first?["id"] as? String)
            try cluster.must("lease", "wait", id)
            return id
        }
        let kept = try lease()
        let file = cluster.directory.appendingPathComponent("a.backup").path
        #expect(try cluster.must("backup", "save", file).contains("read back whole"))
        let inspected = try jsonLines(try cluster.must("backup", "inspect", file, "-o", "json")).first
        #expect(number(inspected?["headIndex"]) > 5)
        let refused = try cluster.leasectl("backup", "save", file + "-2", "--principal", "tenant/acme")
        #expect(refused.status == 4, "\(refused)")
        let lost = try lease()
        let before = try cluster.snapshot()
        #expect(before.complaint == nil, "\(before.complaint ?? "")")

        // The disk with the log is gone; a new one has what the backup has.
        try #require(cluster.coordinator).killNow()
        try FileManager.default.removeItem(at: cluster.coordinatorDirectory)
        let said = try cluster.must("backup", "restore", file, "--state-dir", cluster.coordinatorDirectory.path)
        #expect(said.contains("every node is quarantined until its agent has reported"), "\(said)")
        try cluster.startCoordinator()
        try cluster.waitForReady(2)
        let leases = try cluster.must("lease", "list")
        #expect(leases.contains(kept) && !leases.contains(lost), "\(leases)")
        // The restore is told for ever, its alarm until every node has reported.
        let status = try cluster.must("status")
        #expect(status.contains("from a backup up to record") && !status.contains("was restored"), "\(status)")
        // Work that the log has was never touched; what it lacks is off its GPUs, which are another's now.
        try cluster.waitUntilSettled(within: 20)
        let next = try lease()
        let after = try cluster.snapshot()
        #expect(after.complaint == nil && after.intrusions == 0, "\(after.complaint ?? "") \(next)")
        let verdict = try run("leasehold-coordinator", ["verify", "--state-dir", cluster.coordinatorDirectory.path])
        #expect(verdict.status == 0, "\(verdict)")
    }
}
