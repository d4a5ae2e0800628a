import Foundation
import ProcessHarness
import Testing

extension ProcessTests {
    @Test("a coordinator that was killed begins with a snapshot and what is behind it; a damaged one is passed over")
    func snapshots() throws {
        let cluster = try LocalCluster([])
        defer { cluster.tearDown() }
        try cluster.initialise()
        try cluster.startCoordinator()
        try cluster.must("tenant", "create", "acme", "--gpus", "1")
        // More than two segments of records.
        let lines = (1...130_000).map { #"{"setQuota":{"name":"acme","quota":\#($0)}}"# }
        let file = cluster.directory.appendingPathComponent("quotas.jsonl")
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: file)
        let answer = try cluster.leasectl("batch", "--window", "2048", "--timeout", "120s", file.path)
        #expect(answer.status == 0, "\(answer.complaint)")
        let directory = cluster.coordinatorDirectory.appendingPathComponent("snapshots")
        func snapshots() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: directory.path).filter { $0.hasSuffix(".snapshot") }
                .sorted()
        }
        #expect(try eventually(within: 20) { try snapshots().count == 2 })

        // Killed, it begins with the newest.
        cluster.coordinator?.killNow()
        try cluster.startCoordinator()
        let said = try #require(cluster.coordinator).line(containing: "log: ")
        let index = try #require(Int(snapshots()[1].prefix { $0 != "." }))
        #expect(said.contains("log: snapshot \(index) and "), "\(said)")
        #expect(try cluster.must("tenant", "show", "acme").contains("130000"))
        let verdict = try run("leasehold-coordinator", ["verify", "--state-dir", cluster.coordinatorDirectory.path])
        #expect(verdict.status == 0 && verdict.output.contains("snapshot  \(index) whole"), "\(verdict)")

        // Damaged, it is named, and the one before is as good.
        cluster.coordinator?.killNow()
        let newest = directory.appendingPathComponent(try snapshots()[1])
        var bytes = try Data(contentsOf: newest)
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: newest)
        let damage = try run("leasehold-coordinator", ["verify", "--state-dir", cluster.coordinatorDirectory.path])
        #expect(damage.status == 1 && damage.complaint.contains("snapshot \(index), offset "), "\(damage)")
        try cluster.startCoordinator()
        let passed = try #require(cluster.coordinator).line(containing: "passed over a damaged snapshot")
        #expect(passed.contains("snapshot \(index), offset "))
        #expect(try cluster.must("tenant", "show", "acme").contains("130000"))
        let drained = try #require(cluster.coordinator)
        drained.signal(SIGTERM)
        #expect(drained.exitStatus(within: 20) == 0)
    }
}
