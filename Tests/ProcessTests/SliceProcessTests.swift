import Foundation
import LeaseholdPlatform
import ProcessHarness
import Testing

extension ProcessTests {
    private static let node = "laptop/hall-1/rack-1/node-1"

    private func create(_ cluster: LocalCluster, _ unit: String, _ count: Int) throws -> String {
        let answer = try cluster.must(
            "lease", "create", "--tenant", "acme", "--unit", unit, "--count", "\(count)", "--within", "node", "--term",
            "1h", "-o", "json")
        return try #require(try jsonLines(answer).first?["id"] as? String)
    }

    /// Who holds slices of a node's first GPUs, as the device file of its agent says: lease and slices of each.
    private func holders(_ cluster: LocalCluster) throws -> [String] {
        let answer = try run(
            "leasehold-agent", ["device", "show", "--state-dir", cluster.agentDirectory(0).path, "-o", "json"])
        return try jsonLines(answer.output).flatMap { gpu -> [String] in
            let slices = gpu["slices"] as? [[String: Any]] ?? []
            return slices.map { "\($0["lease"] ?? "?") \($0["slices"] ?? "?") of \(number(gpu["gpu"]))" }
        }
    }

    @Test("slices of simulated GPUs are leased, started beside each other at the node, and given back each for itself")
    func simulatedSlices() throws {
        let cluster = try LocalCluster([AgentPlan(node: Self.node, devices: "H100*4")])
        defer { cluster.tearDown() }
        try cluster.start()
        try cluster.must("fleet", "import", LocalCluster.laptopFleet.path)
        try cluster.must("tenant", "create", "acme", "--gpus", "8")
        try cluster.waitForReady(1)
        let shown = try cluster.must("node", "show", Self.node)
        #expect(shown.contains("slices"), "\(shown)")
        let first = try create(cluster, "slice:1g.10gb", 2)
        let second = try create(cluster, "slice:3g.40gb", 1)
        for lease in [first, second] { try cluster.must("lease", "wait", lease) }
        let held = try holders(cluster)
        #expect(
            held.count == 2 && Set(held.map { $0.split(separator: " ")[0] }) == [Substring(first), Substring(second)])
        #expect(Set(held.map { $0.split(separator: " ").last }).count == 1, "on one GPU: \(held)")
        try cluster.must("lease", "release", first)
        #expect(try eventually(within: 20) { try holders(cluster).count == 1 })
        #expect(try holders(cluster).allSatisfy { $0.hasPrefix("\(second) ") })
        // The work of the other goes on through a death of the guard.
        try #require(cluster.guards[0]).killNow()
        try cluster.startGuard(0)
        #expect(try eventually(within: 20) { try holders(cluster).count == 1 })
        try cluster.must("lease", "release", second)
        #expect(try eventually(within: 20) { try holders(cluster).isEmpty })
        let snapshot = try cluster.snapshot()
        #expect(snapshot.intrusions == 0)
    }
}
