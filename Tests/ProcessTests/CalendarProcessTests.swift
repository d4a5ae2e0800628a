import Foundation
import ProcessHarness
import Testing

extension ProcessTests {
    @Test("a lease that begins later begins by itself at real agents, is extended, and its next step follows")
    func calendar() throws {
        let cluster = try LocalCluster([
            AgentPlan(node: "laptop/hall-1/rack-1/node-1", devices: "H100*4"),
            AgentPlan(node: "laptop/hall-1/rack-1/node-2", devices: "H100*4"),
        ])
        defer { cluster.tearDown() }
        try cluster.start()
        try cluster.must("fleet", "import", LocalCluster.laptopFleet.path)
        try cluster.must("tenant", "create", "acme", "--gpus", "64")
        try cluster.waitForReady(2)
        let said = try cluster.must(
            "lease", "create", "--tenant", "acme", "--unit", "node", "--count", "2", "--start", "+2s", "--term", "1h",
            "--step", "1@+2s", "--step", "2@+4s")
        let lease = try #require(said.split(separator: " ").first.map(String.init))
        #expect(said.contains("promised to acme: 4 GPUs"))
        #expect(said.contains("then 4 GPUs from"))
        #expect(try cluster.must("lease", "list").contains("confirmed"))
        // Nobody else gets what is promised; what is over by then would do.
        let other = try cluster.leasectl("lease", "create", "--tenant", "acme", "--unit", "node", "--term", "1h")
        #expect(other.status == 5)
        try cluster.must("lease", "wait", lease, "--timeout", "30s")
        try cluster.must("lease", "wait", "\(lease).1", "--timeout", "30s")
        #expect(try cluster.must("lease", "extend", lease, "--by", "1h").contains("\(lease) ends at"))
        let wrong = try cluster.leasectl("lease", "cancel", lease)
        #expect(wrong.status == 6 && wrong.complaint.contains("lease release"))
        try cluster.must("lease", "release", lease)
        try cluster.must("lease", "wait", "\(lease).1", "--for", "ended", "--timeout", "30s")
        let later = try cluster.must(
            "lease", "create", "--tenant", "acme", "--unit", "rack", "--start", "+1h", "--term", "1h")
        let name = try #require(later.split(separator: " ").first.map(String.init))
        #expect(try cluster.must("lease", "cancel", name).contains("cancelled"))
    }
}
