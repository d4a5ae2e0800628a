import Foundation
import LeaseholdPlatform
import ProcessHarness
import Testing

extension ProcessTests {
    @Test("a coordinator that is killed under load loses and doubles nothing that it acknowledged")
    func coordinatorKills() async throws {
        let killCount = 50
        let cluster = try LocalCluster([
            AgentPlan(node: "laptop/hall-1/rack-1/node-1", devices: "H100*4"),
            AgentPlan(node: "laptop/hall-1/rack-2/node-1", devices: "H200*4"),
        ])
        defer { cluster.tearDown() }
        try cluster.start()
        try cluster.prepareLoad(nodes: 2)
        let load = try KillLoad(to: cluster.endpoint, clientCount: 8)
        let handover = Handover(cluster)
        async let running: Void = load.run()
        let outcome = await OwnerThread.run(named: "killer") { () -> KillOutcome<Int> in
            let cluster = handover.take()
            // Whatever happens, the clients must not wait for ever.
            defer { load.stop() }
            return Result {
                var chance = SeededChance(seed: 1)
                var inFlightCount = 0
                for _ in 0..<killCount {
                    try load.waitForProgress()
                    poll(nil, 0, Int32.random(in: 0...60, using: &chance))
                    if load.acknowledgements.current.inFlight > 0 { inFlightCount += 1 }
                    cluster.coordinator?.killNow()
                    try cluster.startCoordinator()
                }
                return (inFlightCount, Handover(cluster))
            }
        }
        await running
        let (inFlightCount, back) = try outcome.get()
        let after = back.take()
        let count = LossCount(load.acknowledgements.current, against: try await load.leases())
        print("coordinator: kills \(killCount), with requests in flight \(inFlightCount); \(count)")
        #expect(count.lost == 0)
        #expect(count.doubled == 0)
        #expect(count.outcomesUnknown == 0)
        #expect(inFlightCount >= killCount * 4 / 5)
        #expect(count.grantsAcknowledged > killCount)
        try after.expectAgreement()
    }

    @Test("agents and guards that are killed, singly and together, never let a device see two holders")
    func agentAndGuardKills() async throws {
        let killCount = 30
        let cluster = try LocalCluster([
            AgentPlan(node: "laptop/hall-1/rack-1/node-1", devices: "H100*4"),
            AgentPlan(node: "laptop/hall-1/rack-1/node-2", devices: "H100*4"),
            AgentPlan(node: "laptop/hall-1/rack-2/node-1", devices: "H200*4"),
        ])
        defer { cluster.tearDown() }
        try cluster.start()
        try cluster.prepareLoad(nodes: 3)
        let load = try KillLoad(to: cluster.endpoint, clientCount: 8)
        let handover = Handover(cluster)
        async let running: Void = load.run()
        let outcome = await OwnerThread.run(named: "killer") { () -> KillOutcome<KillCounts> in
            let cluster = handover.take()
            // Whatever happens, the clients must not wait for ever.
            defer { load.stop() }
            return Result {
                let counts = try cluster.killAgentsAndGuards(killCount, under: load)
                return (counts, Handover(cluster))
            }
        }
        await running
        let (counts, back) = try outcome.get()
        let after = back.take()
        let count = LossCount(load.acknowledgements.current, against: try await load.leases())
        print("agents and guards: \(counts); \(count)")
        #expect(count.lost == 0)
        #expect(count.doubled == 0)
        #expect(counts.agents > 0 && counts.guards > 0 && counts.both > 0)
        #expect(count.grantsAcknowledged > killCount)
        try after.expectAgreement()
    }
}

/// What a killing thread gives back: its count, and the cluster that it had in hand.
typealias KillOutcome<Count> = Result<(Count, Handover<LocalCluster>), any Error>

/// How often what was killed.
struct KillCounts: CustomStringConvertible {
    var agents = 0
    var guards = 0
    var both = 0
    var inFlight = 0
    var description: String {
        "kills \(agents + guards + both) (agents \(agents), guards \(guards), both \(both)), "
            + "with requests in flight \(inFlight)"
    }
}

extension KillLoad {
    /// Waits until the clients have been answered a few times more, so that every kill meets a working cluster.
    func waitForProgress() throws {
        let before = acknowledgements.current.granted.count
        guard eventually(within: 30, { acknowledgements.current.granted.count >= before + 3 }) else {
            throw HarnessFailure("no grant for 30 s: \(acknowledgements.current)")
        }
    }
}

extension LocalCluster {
    /// The laptop fleet and a tenant that may hold all of it.
    func prepareLoad(nodes: Int) throws {
        try must("fleet", "import", LocalCluster.laptopFleet.path)
        try must("tenant", "create", "load", "--gpus", "16")
        try waitForReady(nodes)
    }

    /// The fleet file that ships with the house.
    static var laptopFleet: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("deploy/fleets/laptop.yaml")
    }

    /// Kills an agent, its guard or both, and starts them again, so many times.
    func killAgentsAndGuards(_ count: Int, under load: KillLoad) throws -> KillCounts {
        var chance = SeededChance(seed: 2)
        var counts = KillCounts()
        for round in 0..<count {
            try load.waitForProgress()
            poll(nil, 0, Int32.random(in: 0...100, using: &chance))
            if load.acknowledgements.current.inFlight > 0 { counts.inFlight += 1 }
            let index = Int.random(in: 0..<plans.count, using: &chance)
            let killsAgent = round % 3 != 1
            let killsGuard = round % 3 != 0
            if killsAgent { agents[index]?.killNow() }
            if killsGuard { guards[index]?.killNow() }
            switch (killsAgent, killsGuard) {
            case (true, true): counts.both += 1
            case (true, false): counts.agents += 1
            default: counts.guards += 1
            }
            if killsAgent { try startAgent(index) }
            if killsGuard { try startGuard(index) }
        }
        return counts
    }

    /// Waits until nothing is on its way, and until book, devices and log agree.
    func expectAgreement() throws {
        try waitUntilSettled(within: 60)
        var complaint: String?
        let agrees = try eventually(within: 30) {
            complaint = try snapshot().complaint
            return complaint == nil
        }
        #expect(agrees, "\(complaint ?? "")")
    }
}
