import Foundation
import ProcessHarness
import Testing

extension ProcessTests {
    @Test(
        "heads are signed, kept by agents, proved and countersigned; a log that comes back without them serves nobody (L9)"
    )
    func ledger() throws {
        let cluster = try LocalCluster([AgentPlan(node: "laptop/hall-1/rack-1/node-1", devices: "H100*4")])
        defer { cluster.tearDown() }
        try cluster.start()
        try cluster.must("fleet", "import", LocalCluster.laptopFleet.path)
        try cluster.waitForReady(1)
        let key = cluster.coordinatorDirectory.appendingPathComponent("ledger/key.pub").path
        func path(_ name: String) -> String { cluster.directory.appendingPathComponent(name).path }
        try cluster.must("tenant", "create", "acme", "--gpus", "8")
        try cluster.must("ledger", "head", "--key", key, "--to", path("my.head"))

        // A tenant's own record, under a head that it has signed.
        let made = try cluster.must("ledger", "keygen", "tenant/acme", "--to", path("acme.key"))
        #expect(made.hasPrefix("tenant/acme+"))
        try cluster.must(
            "ledger", "sign", "--principal", "tenant/acme", "--secret-key", path("acme.key"), "--key", key, "--to",
            path("signed.head"))
        try cluster.must("ledger", "export", "--principal", "tenant/acme", "--to", path("acme.proof"), "--key", key)
        let checked = try cluster.must("ledger", "verify", "--offline", path("acme.proof"), "--key", key)
        #expect(checked.contains("about tenant acme"))
        #expect(
            try eventually(within: 20) {
                try cluster.leasectl("ledger", "verify", "--key", key, "--head", path("my.head"), "--update").output
                    .contains("is the beginning of head")
            })

        // The log as it is now, and what comes after it.
        let copy = cluster.directory.appendingPathComponent("copy")
        try #require(cluster.coordinator).killNow()
        try FileManager.default.copyItem(at: cluster.coordinatorDirectory, to: copy)
        try cluster.startCoordinator()
        try cluster.waitForReady(1)
        for number in 1...20 { try cluster.must("tenant", "set-quota", "acme", "--gpus", "\(number)") }
        let kept = cluster.agentDirectory(0).appendingPathComponent("ledger.head")
        func keptIndex() throws -> Int {
            guard FileManager.default.fileExists(atPath: kept.path) else { return 0 }
            return Int(try String(contentsOf: kept, encoding: .utf8).split(separator: "\n")[1]) ?? 0
        }
        let records = try index(of: cluster.must("ledger", "head"))
        #expect(try eventually(within: 60) { try keptIndex() >= records })

        // No two records are of one salt, so that nobody guesses at what a path shows beside its own (L13).
        let salts = try salts(in: cluster.coordinatorDirectory)
        #expect(salts.count >= records && Set(salts).count == salts.count, "\(salts.count) salts of \(records) records")

        // Without its last records it is told so by the agent, and ends.
        let program = try #require(cluster.coordinator)
        program.killNow()
        try FileManager.default.removeItem(at: cluster.coordinatorDirectory)
        try FileManager.default.copyItem(at: copy, to: cluster.coordinatorDirectory)
        try cluster.startCoordinator()
        let refused = try #require(cluster.coordinator)
        #expect(refused.exitStatus(within: 60) == 3)
        #expect(try refused.line(containing: "L9: ").contains("that this log has signed and does not have"))
    }

    /// What follows the tag of a record's salt, in all segments of a log.
    private func salts(in directory: URL) throws -> [Data] {
        var salts: [Data] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: directory.path) where name.hasSuffix(".segment")
        {
            let bytes = try Data(contentsOf: directory.appendingPathComponent(name))
            var rest = bytes[...]
            while let tag = rest.range(of: Data([0x42, 14])) {
                rest = rest[tag.upperBound...]
                salts.append(Data(rest.prefix(14)))
            }
        }
        return salts
    }

    private func index(of head: String) throws -> Int {
        try #require(Int(head.split(separator: "\n")[1]))
    }
}
