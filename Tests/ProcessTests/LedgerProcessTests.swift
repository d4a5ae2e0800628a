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
            "ledger", "sign", path("my.head"), "--principal", "tenant/acme", "--secret-key", path("acme.key"), "--key",
            key,
            "--to", path("signed.head"))
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

    @Test(
        "a tenant's signature and its records: refused to others, put on record once, exported page by page and whole")
    func ledgerOfTenant() throws {
        let cluster = try LocalCluster([])
        defer { cluster.tearDown() }
        try cluster.start()
        func path(_ name: String) -> String { cluster.directory.appendingPathComponent(name).path }
        let key = cluster.coordinatorDirectory.appendingPathComponent("ledger/key.pub").path
        for tenant in ["acme", "other"] { try cluster.must("tenant", "create", tenant, "--gpus", "8") }
        try cluster.must("ledger", "keygen", "tenant/acme", "--to", path("acme.key"))
        let watch = ["ledger", "verify", "--key", key, "--head", path("my.head"), "--update"]
        let first = try cluster.leasectl(watch)
        #expect(first.status == 0 && first.complaint.hasPrefix("nothing was compared: "), "\(first)")

        // Nobody signs with another's key; what a tenant has signed goes on record once, however often it is sent.
        func sign(as principal: String) throws -> Answer {
            try cluster.leasectl(
                "ledger", "sign", path("my.head"), "--principal", principal, "--secret-key", path("acme.key"), "--key",
                key,
                "--to", path("signed.head"), "--request-id", "\(id)", "-o", "json")
        }
        let id = freshRequestID()
        let refused = try sign(as: "tenant/other")
        #expect(refused.status == 2 && refused.output.hasPrefix(#"{"refused":{"#), "\(refused)")
        let before = try index(of: cluster.must("ledger", "head"))
        let signed = try sign(as: "tenant/acme")
        #expect(signed.status == 0, "\(signed)")
        #expect(try sign(as: "tenant/acme").output == signed.output)
        #expect(try index(of: cluster.must("ledger", "head")) == before + 1)

        // More records than a page holds.
        let count = 1_600
        let quotas = (1...count).map { #"{"setQuota":{"name":"acme","quota":\#($0)}}"# }
        let lines = cluster.directory.appendingPathComponent("quotas")
        try Data((quotas.joined(separator: "\n") + "\n").utf8).write(to: lines)
        #expect(try cluster.leasectl(["batch"], input: lines).status == 0)
        let question = cluster.directory.appendingPathComponent("question")
        try Data((#"{"exportRecords":{"tenant":"acme","from":"1"}}"# + "\n").utf8).write(to: question)
        let page = try jsonLines(cluster.leasectl(["batch"], input: question).output).first?["shown"] as? [String: Any]
        #expect(number(page?["through"]) > 0 && number(page?["through"]) < number(page?["head"]), "one page has it all")
        let exported = try cluster.must(
            "ledger", "export", "--tenant", "acme", "--key", key, "--to", path("acme.proof"), "-o", "json")
        // Its creation, its signature and its quotas.
        #expect(number(try jsonLines(exported).first?["records"]) == count + 2, "\(exported)")
        let checked = try cluster.must("ledger", "verify", "--offline", path("acme.proof"), "--key", key)
        #expect(
            checked.hasSuffix(
                "\(count + 2) records are in the log of head \(try index(of: cluster.must("ledger", "head")))\n"))
        let grown = try cluster.leasectl(watch)
        #expect(
            grown.status == 0 && grown.complaint.isEmpty && grown.output.contains("is the beginning of head"),
            "\(grown)")
    }

    @Test(
        "an agent sets a damaged head aside and goes on; a log with another key is told so, and the old one is kept (L9)"
    )
    func ledgerEvidence() throws {
        let cluster = try LocalCluster([AgentPlan(node: "laptop/hall-1/rack-1/node-1", devices: "H100*4")])
        defer { cluster.tearDown() }
        try cluster.start()
        try cluster.must("fleet", "import", LocalCluster.laptopFleet.path)
        try cluster.waitForReady(1)
        let folder = cluster.agentDirectory(0)
        func kept(_ name: String) throws -> String? {
            let file = folder.appendingPathComponent(name)
            return FileManager.default.fileExists(atPath: file.path)
                ? try String(contentsOf: file, encoding: .utf8) : nil
        }
        #expect(try eventually(within: 60) { try kept("ledger.head") != nil })
        let key = try #require(try kept("ledger.key"))

        // A damaged head is not shown, and in nobody's way.
        try #require(cluster.agents[0]).killNow()
        let damaged = String(repeating: "leasehold/test ", count: 200)
        try Data(damaged.utf8).write(to: folder.appendingPathComponent("ledger.head"))
        try cluster.startAgent(0)
        _ = try #require(cluster.agents[0]).line(containing: "holds no head that was kept")
        try cluster.waitForReady(1)
        #expect(try kept("ledger.head.aside-1") == damaged)
        #expect(try eventually(within: 60) { try kept("ledger.head") != nil })
        let head = try #require(try kept("ledger.head"))

        // Another key without a restore: the coordinator hears of it, and what the old key has signed stays.
        try #require(cluster.coordinator).killNow()
        try FileManager.default.removeItem(at: cluster.coordinatorDirectory.appendingPathComponent("ledger/key"))
        let answer = try run("leasehold-coordinator", ["rekey", "--state-dir", cluster.coordinatorDirectory.path])
        #expect(answer.status == 0, "\(answer)")
        try cluster.startCoordinator()
        _ = try #require(cluster.agents[0]).line(containing: "nobody has said that it was restored")
        _ = try #require(cluster.coordinator).line(containing: "shows a head that proves nothing")
        #expect(try kept("ledger.key.aside-2") == key)
        let aside = try #require(try kept("ledger.head.aside-2"))
        #expect(try index(of: aside) >= index(of: head))
        #expect(try eventually(within: 60) { try kept("ledger.key").map { $0 != key } ?? false })
        try cluster.waitForReady(1)
    }

    private func freshRequestID() -> String {
        let milliseconds = String(UInt64(Date().timeIntervalSince1970 * 1_000), radix: 16)
        let time = String(repeating: "0", count: 12 - milliseconds.count) + milliseconds
        return "\(time.prefix(8))-\(time.suffix(4))-7000-8000-000000000001"
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
