import Foundation
import ProcessHarness
import Testing

extension ProcessTests {
    @Test("what cannot be had waits, gets what a smaller lease gives back at real agents, and explains itself")
    func waitlist() throws {
        let cluster = try LocalCluster([
            AgentPlan(node: "laptop/hall-1/rack-1/node-1", devices: "H100*4"),
            AgentPlan(node: "laptop/hall-1/rack-1/node-2", devices: "H100*4"),
        ])
        defer { cluster.tearDown() }
        try cluster.start()
        try cluster.must("fleet", "import", LocalCluster.laptopFleet.path)
        try cluster.must("tenant", "create", "acme", "--gpus", "64")
        try cluster.waitForReady(2)
        let create = ["lease", "create", "--tenant", "acme", "--unit", "node", "--term", "1h"]
        let granted = try cluster.must(create + ["--count", "2"])
        let first = try #require(granted.split(separator: " ").first.map(String.init))
        try cluster.must("lease", "wait", first, "--timeout", "30s")
        let said = try cluster.must(create + ["--waitlist", "1h"])
        let waiting = try #require(said.split(separator: " ").first.map(String.init))
        #expect(said.contains("position 1"))
        #expect(try cluster.must("lease", "list").contains("waitlisted"))
        #expect(try cluster.must("lease", "explain", waiting).contains("position 1"))
        let wrong = try cluster.leasectl("lease", "resize", first, "--count", "2")
        #expect(wrong.status == 2 && wrong.complaint.contains("1 to 1"))
        #expect(try cluster.must("lease", "resize", first, "--count", "1").contains(first))
        // The node is wiped by its agent first, and then it is the other lease's.
        try cluster.must("lease", "wait", waiting, "--timeout", "30s")
        #expect(try cluster.must("lease", "explain", waiting).contains("came off the waitlist"))
        #expect(try cluster.must("lease", "explain", first).contains("resized to 1"))
        #expect(try cluster.must("lease", "show", first).contains("active"))
        // Whose time is over leaves the list by itself.
        let brief = try cluster.must(create + ["--waitlist", "1s"]).split(separator: " ").first.map(String.init)
        let ended = try cluster.leasectl("lease", "wait", try #require(brief), "--timeout", "30s")
        #expect(ended.status == 6 && ended.complaint.contains("cancelled"))
    }
}
