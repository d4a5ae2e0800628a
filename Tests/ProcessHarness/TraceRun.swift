package import Foundation
import LeaseholdFleet
import LeaseholdModel

/// The main job on a real fleet: a node list is imported, every request of a list goes through `leasectl batch` as a
/// lease, all leases are released in a random order, and at four moments book, devices and log are compared.
package final class TraceRun {
    package let nodes: URL
    package let requests: URL
    package let agentCount: Int
    package let seed: UInt64
    private let report: (String) -> Void
    private let cluster: LocalCluster
    private let fleet: FleetDeclaration
    private let sizes: [Int]
    private let rounds = 2

    /// What a run has counted.
    package struct Outcome: Equatable {
        package var grantedCount = 0
        package var grantedGPUs = 0
        /// By the refusal's code.
        package var refusals: [String: Int] = [:]
        package var releasedCount = 0
        /// Moments at which book, devices and log agreed.
        package var agreements = 0
        package var intrusions: UInt64 = 0
    }

    package private(set) var outcome = Outcome()

    /// Reads both lists and plans the cluster.
    package init(
        nodes: URL, requests: URL, agentCount: Int, seed: UInt64, report: @escaping (String) -> Void
    ) throws {
        self.nodes = nodes
        self.requests = requests
        self.agentCount = agentCount
        self.seed = seed
        self.report = report
        fleet = try FleetFile.readNodeCSV(
            text: String(contentsOf: nodes, encoding: .utf8), name: nodes.lastPathComponent, site: "trace")
        sizes = try RequestList.read(
            text: String(contentsOf: requests, encoding: .utf8), name: requests.lastPathComponent
        ).filter(\.isWhole).map(\.gpuCount)
        let directory = try LocalCluster.makeDirectory()
        let plans = try AgentPlan.sharing(fleet, among: agentCount, in: directory)
        cluster = LocalCluster(plans, in: directory, hold: "30s", eviction: "1s")
    }

    /// Grants that plain counting allows: requests in order, each for so many GPUs wherever they lie.
    package var expected: Outcome {
        var outcome = Outcome()
        var free = fleet.gpuCount
        for _ in 0..<rounds {
            for size in sizes {
                if size <= free {
                    free -= size
                    outcome.grantedCount += 1
                    outcome.grantedGPUs += size
                } else {
                    outcome.refusals["noCapacity", default: 0] += 1
                }
            }
        }
        outcome.releasedCount = outcome.grantedCount
        outcome.agreements = 4
        return outcome
    }

    /// The whole job; the cluster is gone afterwards.
    package func run() throws {
        defer { cluster.tearDown() }
        report("fleet: \(fleet.nodeCount) nodes, \(fleet.gpuCount) GPUs; requests: \(sizes.count), \(rounds) times")
        try cluster.initialise()
        try cluster.startCoordinator()
        report(try cluster.must("fleet", "import", nodes.path, "--site", "trace").trimmed)
        for index in cluster.plans.indices {
            try cluster.startAgent(index)
            try cluster.startGuard(index)
        }
        try cluster.waitForReady(fleet.nodeCount, within: 120)
        report("ready: \(fleet.nodeCount) nodes behind \(agentCount) agents")
        // More than there is, so that capacity alone refuses.
        try cluster.must("tenant", "create", "trace", "--gpus", "\(fleet.gpuCount * 10)")

        var leases: [String] = []
        for round in 1...rounds {
            leases += try grantAll()
            try compare("after round \(round)")
        }
        leases.shuffle(using: &chance)
        try releaseAll(Array(leases[..<(leases.count / 2)]))
        try compare("half released")
        try releaseAll(Array(leases[(leases.count / 2)...]))
        try compare("all released")
    }

    private lazy var chance = SeededChance(seed: seed)

    // MARK: Requests

    private func grantAll() throws -> [String] {
        let lines = sizes.map { size in
            #"{"createLease":{"tenant":"trace","unit":"gpu","count":\#(size),"term":"1d","onSilence":"keep"}}"#
        }
        var leases: [String] = []
        for reply in try batch(lines) {
            if let granted = reply["granted"] as? [String: Any], let id = granted["id"] as? String {
                leases.append(id)
                outcome.grantedCount += 1
                outcome.grantedGPUs += number(granted["gpuCount"])
            } else if let refused = reply["refused"] as? [String: Any], let code = refused["code"] as? String {
                outcome.refusals[code, default: 0] += 1
            } else {
                throw HarnessFailure("neither granted nor refused: \(reply)")
            }
        }
        let refusals = outcome.refusals.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        report(
            "granted so far: \(outcome.grantedCount) leases, \(outcome.grantedGPUs) GPUs; refused: "
                + (refusals.isEmpty ? "none" : refusals.joined(separator: ", ")))
        return leases
    }

    private func releaseAll(_ leases: [String]) throws {
        for reply in try batch(leases.map { #"{"releaseLease":{"id":"\#($0)"}}"# }) {
            guard reply["released"] != nil else { throw HarnessFailure("not released: \(reply)") }
            outcome.releasedCount += 1
        }
        report("released so far: \(outcome.releasedCount) (seed \(seed))")
    }

    private func batch(_ lines: [String]) throws -> [[String: Any]] {
        let file = cluster.directory.appendingPathComponent("batch.jsonl")
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: file)
        let answer = try cluster.leasectl("batch", "--timeout", "120s", file.path)
        guard answer.status == 0 else { throw HarnessFailure("batch: \(answer.status) \(answer.complaint)") }
        let replies = try jsonLines(answer.output)
        guard replies.count == lines.count else {
            throw HarnessFailure("\(lines.count) requests, \(replies.count) replies")
        }
        return replies
    }

    // MARK: Book, devices and log

    private func compare(_ moment: String) throws {
        try cluster.waitUntilSettled(within: 120)
        var complaint = ""
        let agrees = try eventually(within: 60) {
            let snapshot = try cluster.snapshot()
            outcome.intrusions = snapshot.intrusions
            complaint = snapshot.complaint ?? ""
            return snapshot.complaint == nil
        }
        guard agrees else { throw HarnessFailure("\(moment): \(complaint)") }
        outcome.agreements += 1
        let snapshot = try cluster.snapshot()
        report(
            "\(moment): book, devices and log agree: \(snapshot.book.count) GPUs leased, "
                + "record \(snapshot.headIndex), digest \(snapshot.bookDigest)")
    }
}

/// A generator whose numbers follow from its seed (SplitMix64).
package struct SeededChance: RandomNumberGenerator {
    private var state: UInt64
    package init(seed: UInt64) { state = seed }

    /// The next 64 bits.
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}
