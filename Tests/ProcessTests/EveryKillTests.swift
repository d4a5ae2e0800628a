import Foundation
import Glibc
import ProcessHarness
import Testing

/// A node of played GPUs whose agent dies at a chosen write of its journal, time and again.
///
/// One lease lies beside those whose agent dies, for all the time.
private final class MortalNode {
    /// When the agent dies: at which write since it began, before it or after.
    struct Death {
        let write: Int
        let moment: String
    }

    /// What is asked for of each lease, and what is done at its GPUs when that is over.
    let unit: String
    let steps: [String]
    private let cluster: LocalCluster
    private let hardware: PlayedNode
    private let diary: URL
    private let neighbour: String
    private(set) var leases: [String] = []

    init(unit: String, steps: [String]) throws {
        (self.unit, self.steps) = (unit, steps)
        let directory = try LocalCluster.makeDirectory()
        let hooks = directory.appendingPathComponent("hooks")
        try FileManager.default.createDirectory(at: hooks, withIntermediateDirectories: true)
        diary = directory.appendingPathComponent("diary")
        try Data().write(to: diary)
        let script = directory.appendingPathComponent("hardware").path
        var programs = ["reset": "echo \"reset $1\" >> \(script)"]
        for hook in ["on-grant", "on-release", "on-sanitise"] {
            programs["hooks/\(hook)"] = "echo \"\(hook) $LEASEHOLD_LEASE\" >> \(diary.path)"
        }
        for (name, text) in programs {
            let file = directory.appendingPathComponent(name)
            try Data("#!/bin/sh\n\(text)\n".utf8).write(to: file)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
        }
        let named = [
            "--devices", "nvml", "--nvml-library", PlayedNode.library, "--cdi-dir", "none", "--hooks", hooks.path,
            "--gpu-reset", directory.appendingPathComponent("reset").path,
        ]
        cluster = LocalCluster(
            [AgentPlan(node: PlayedNode.name, arguments: named)], in: directory, hold: "3s", eviction: "1s")
        hardware = try PlayedNode(in: directory)
        try cluster.start(on: hardware)
        neighbour = try cluster.lease("--unit", unit, "--count", "1", "--term", "8h")
    }

    func tearDown() { cluster.tearDown() }

    private static func create(_ unit: String, in cluster: LocalCluster) throws -> String {
        let answer = try cluster.must(
            "lease", "create", "--tenant", "acme", "--unit", unit, "--count", "1", "--term", "8h", "-o", "json")
        return try #require(try jsonLines(answer).first?["id"] as? String)
    }

    /// One lease from its grant to its end, with an agent that dies on the way.
    ///
    /// - Returns: whether it has died; there are no more writes than those before which it has.
    func live(until death: Death) throws -> Bool {
        try #require(cluster.agents[0]).killNow()
        let fate = [
            "LD_PRELOAD": PlayedNode.library, "LEASEHOLD_DOUBLE_DEATH": "journal/ \(death.write) \(death.moment)",
        ]
        try cluster.startAgent(0, environment: hardware.environment.merging(fate) { $1 })
        var hasDied = false
        func wait(_ what: String, _ condition: () throws -> Bool) throws {
            let isThere = try eventually(within: 40) {
                if try !#require(cluster.agents[0]).isRunning {
                    guard !hasDied else { throw HarnessFailure("died twice") }
                    hasDied = true
                    try cluster.startAgent(0, environment: hardware.environment)
                }
                return try condition()
            }
            guard isThere else { throw HarnessFailure("\(unit), \(death): never \(what): \(try node())") }
        }
        try wait("ready") { try node()["state"] as? String == "ready" }
        let lease = try MortalNode.create(unit, in: cluster)
        leases.append(lease)
        try wait("begun") { try state(lease) == "active" && wasDone(lease) == ["on-grant"] }
        let resets = hardware.said.split(separator: "\n").count { $0.hasPrefix("reset ") }
        try cluster.must("lease", "release", lease)
        try wait("ended") { try state(lease) == "ended" }
        try wait("clean") { try number(node()["unhealthyMask"]) == 0 }
        let isReset = hardware.said.split(separator: "\n").count { $0.hasPrefix("reset ") } > resets
        #expect(wasDone(lease) == ["on-grant", "on-release", "on-sanitise"], "\(death)")
        #expect(isReset == (unit == "gpu"), "\(death)")
        #expect(try state(neighbour) == "active" && wasDone(neighbour) == ["on-grant"], "\(death)")
        #expect(pieces.count == (unit == "gpu" ? 0 : 1), "\(death): \(pieces)")
        return hasDied
    }

    /// Whether a node vouches for everything that has to be done after each of the leases.
    func expectCertificates() throws {
        try #require(cluster.agents[0]).killNow()
        try cluster.startAgent(0, environment: hardware.environment)
        try cluster.must("lease", "release", neighbour)
        leases.append(neighbour)
        #expect(try eventually(within: 40) { try state(neighbour) == "ended" })
        #expect(pieces.isEmpty, "\(pieces)")
        let key = cluster.coordinatorDirectory.appendingPathComponent("ledger/key.pub").path
        let proof = cluster.directory.appendingPathComponent("acme.proof").path
        try cluster.must("ledger", "export", "--tenant", "acme", "--key", key, "--to", proof)
        for lease in leases {
            let answer = try cluster.must("ledger", "certificates", proof, "--key", key, "--lease", lease, "-o", "json")
            let found = try #require(try jsonLines(answer).first?["certificates"] as? [[String: Any]])
            let done = found.map { ($0["steps"] as? [[String: Any]] ?? []).compactMap { $0["step"] as? String } }
            #expect(!done.isEmpty && done.allSatisfy { $0 == steps }, "\(lease): \(done)")
        }
    }

    private func node() throws -> [String: Any] {
        try #require(try jsonLines(cluster.must("node", "show", PlayedNode.name, "-o", "json")).first)
    }

    private func state(_ lease: String) throws -> String? {
        try jsonLines(cluster.must("lease", "show", lease, "-o", "json")).first?["state"] as? String
    }

    /// The hooks that were run for a lease, in the order of their last runs.
    private func wasDone(_ lease: String) -> [String] {
        let lines = (try? String(contentsOf: diary, encoding: .utf8)) ?? ""  // made before anybody writes to it
        var hooks: [String] = []
        for line in lines.split(separator: "\n") where line.hasSuffix(" \(lease)") {
            let hook = String(line.prefix { $0 != " " })
            hooks.removeAll { $0 == hook }
            hooks.append(hook)
        }
        return hooks
    }

    /// The instances that there are, as the hardware's script has them: GPU and number.
    private var pieces: Set<String> {
        var there: Set<String> = []
        for line in hardware.said.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 2 else { continue }
            switch words[0] {
            case "instance": there.insert("\(words[1]) \(words[2])")
            case "unmake" where words.count == 3: there.remove("\(words[1]) \(words[2])")
            default: break
            }
        }
        return there
    }
}

extension ProcessTests {
    @Test(
        "an agent that dies before and after every write of its journal leaves its GPUs as the book has them",
        arguments: [
            ("gpu", ["carve", "attest", "onGrant", "onRelease", "evict", "reset", "verify", "onSanitise"]),
            ("slice:1g.10gb", ["carve", "attest", "onGrant", "onRelease", "evict", "uncarve", "verify", "onSanitise"]),
        ])
    func everyKill(unit: String, steps: [String]) throws {
        let node = try MortalNode(unit: unit, steps: steps)
        defer { node.tearDown() }
        var killCount = 0
        var write = 1
        while write < 100 {
            let before = try node.live(until: .init(write: write, moment: "before"))
            let after = try node.live(until: .init(write: write, moment: "after"))
            guard before || after else { break }
            killCount += (before ? 1 : 0) + (after ? 1 : 0)
            write += 1
        }
        print(
            "\(unit): steps \(steps.count), writes of the journal x kills: \(write - 1) x \(killCount / max(1, write - 1))"
        )
        // The beginning and the end of every step: one step's end is written with the next one's beginning.
        #expect(killCount >= 2 * (steps.count + 1))
        try node.expectCertificates()
    }
}
