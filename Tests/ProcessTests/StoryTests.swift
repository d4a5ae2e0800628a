import Foundation
import LeaseholdModel
import LeaseholdPlatform
import ProcessHarness
import Testing

extension ProcessTests {
    @Test(
        "Colossus-1: training gives the site back, a lease of all of it ramps in, nodes fail, and no GPU has two leases"
    )
    func colossusStory() throws {
        let run = try StoryRun()
        defer { run.tearDown() }
        try run.begin()
        let said = try run.tell()
        let leases = run.leases
        let records = try run.records()
        #expect(run.complaints.isEmpty && run.lookCount > 20, "\(run.lookCount) looks: \(run.complaints)")
        try expectRamp(leases, records, said)
        expectOneHolder(leases, records)
        try expectFailures(leases, records, run)
        try expectOneDomain(leases)
        // Hold clocks are real: in five weeks of the calendar, a minute, nobody has missed a heartbeat.
        #expect(
            !records.contains { $0.word == "nodesSetAside" }, "a node was suspect: holds ran as fast as the calendar")
        #expect(leases.count == 8)
        for lease in leases {
            #expect(records.contains { $0.word == "leaseEnding" && $0.lease == lease.id }, "\(lease.id) has no end")
        }
        #expect(try StoryLease.all(of: run.cluster).allSatisfy { $0.state == "ended" })
        let snapshot = try run.cluster.snapshot()
        #expect(snapshot.complaint == nil && snapshot.book.isEmpty && snapshot.intrusions == 0)
    }

    /// Four parts, a week apart, each begun at its instant and active before the next; three halls given back before.
    private func expectRamp(_ leases: [StoryLease], _ records: [StoryEvent], _ said: String) throws {
        let parts = leases.filter { $0.tenant == "frontier" }
        #expect(parts.map(\.placements.count) == [7_496, 7_508, 7_508, 7_508], "\(said)")
        let week = Span.hours(7 * 24).nanoseconds
        for (part, next) in zip(parts, parts.dropFirst()) {
            #expect(next.window.lowerBound - part.window.lowerBound == week)
        }
        var last = 0
        for part in parts {
            let begun = try #require(records.first { $0.word == "leaseBegun" && $0.lease == part.id })
            let active = try #require(records.first { $0.word == "leaseActivated" && $0.lease == part.id })
            #expect(
                begun.index > last && active.index > begun.index, "\(part.id) begins before the part before is there")
            let late = begun.at.nanoseconds - part.window.lowerBound
            #expect(
                late >= 0 && late < week, "\(part.id) begins \(Span(nanoseconds: late)) late")
            last = active.index
        }
        let halls = leases.filter { $0.tenant == "training" }
        #expect(halls.map(\.placements.count) == [7_508, 7_508, 7_508])
        // What each part but the first lies on was training's, all of it but for the spares it has moved to.
        for (part, hall) in zip(parts.dropFirst(), halls.reversed()) {
            let common = Set(part.placements.keys).intersection(hall.placements.keys).count
            #expect(common >= 7_508 - 12, "\(part.id) and \(hall.id) have \(common) nodes in common")
        }
    }

    /// In the order of the log: who has a GPU that somebody had before begins when that one's last node is empty.
    private func expectOneHolder(_ leases: [StoryLease], _ records: [StoryEvent]) {
        for (left, right) in StoryLease.pairs(of: leases) {
            guard let node = StoryLease.shared(left, right) else { continue }
            let (first, second) = left.window.lowerBound < right.window.lowerBound ? (left, right) : (right, left)
            let emptied = records.last { $0.word == "partitionsRetired" && $0.lease == first.id }?.index ?? .max
            let begun = records.first { $0.word == "leaseBegun" && $0.lease == second.id }?.index ?? 0
            #expect(emptied < begun, "node \(node): \(second.id) begins before \(first.id) is off it")
        }
    }

    /// Three nodes fail: one under training, one under the ramp's first part, one of the lab's trays.
    private func expectFailures(_ leases: [StoryLease], _ records: [StoryEvent], _ run: StoryRun) throws {
        let frontier = leases.filter { $0.tenant == "frontier" }
        let training = leases.filter { $0.tenant == "training" }
        let lab = try #require(leases.first { $0.tenant == "lab" })
        #expect(run.degraded["active"] == [training[2].id, frontier[0].id, lab.id])
        // Flagged as long as it was to lie there, and not any more when it began.
        #expect(run.degraded["confirmed"] == [frontier[1].id])
        // A record says that a GPU broke, another that it was mended.
        #expect(records.count { $0.word == "gpuHealthChanged" } == 6)
        // The part that was promised the failed node lies elsewhere since it began: on one node of the free hall.
        #expect(records.contains { $0.word == "leaseMoved" && $0.lease == frontier[1].id })
        let node = try jsonLines(
            run.cluster.must("node", "show", "colossus-1/hall-4/h100-126/node-1", "-o", "json"))
        let failed = try #require(node.first.map { number($0["id"]) })
        #expect(training[2].placements[failed] != nil && frontier[1].placements[failed] == nil)
        #expect(frontier[1].placements.values.reduce(0) { $0 + $1.nonzeroBitCount } == 55_024)
    }

    /// Eight trays of one NVLink domain, whole.
    private func expectOneDomain(_ leases: [StoryLease]) throws {
        let lab = try #require(leases.first { $0.tenant == "lab" })
        let racks = Set(lab.nodeNames.map { $0.split(separator: "/").dropLast().joined(separator: "/") })
        #expect(racks == ["colossus-1/hall-1/nvl72-1"])
        #expect(lab.placements.count == 8 && lab.placements.values.allSatisfy { $0 == 0b1111 })
        // Packing alone would have chosen one rack today; the bound holds wherever the lease comes to lie.
        #expect(lab.within == "nvlink-domain")
    }
}

@Suite("the story's own checks")
struct StoryCheckTests {
    private func lease(_ id: String, from: Int, until: Int, node: Int, mask: Int) throws -> StoryLease {
        try StoryLease([
            "id": id, "startsAt": "2027-01-0\(from)T00:00:00Z", "endsAt": "2027-01-0\(until)T00:00:00.5Z",
            "placements": ["nodeIds": [7, node], "gpuMasks": [0b1_0000 << from, mask]],
        ])
    }

    @Test("one GPU at one instant in two leases is found; one after the other, beside it, or elsewhere is none")
    func doublePromises() throws {
        let first = try lease("L1", from: 1, until: 3, node: 5, mask: 0b0011)
        let double = try lease("L2", from: 3, until: 6, node: 5, mask: 0b0110)
        #expect(StoryLease.doublePromises(in: [first, double]).count == 1)
        for other in [
            try lease("L3", from: 4, until: 6, node: 5, mask: 0b0110),
            try lease("L4", from: 2, until: 6, node: 5, mask: 0b1100),
            try lease("L5", from: 2, until: 6, node: 6, mask: 0b0011),
        ] {
            #expect(StoryLease.doublePromises(in: [first, other]).isEmpty, "\(other.id)")
        }
    }
}

extension ProcessTests {
    @Test("a sped-up calendar goes on after a kill from the last record, and what was promised still comes")
    func spedCalendarRestart() throws {
        let directory = try LocalCluster.makeDirectory()
        let cluster = LocalCluster(
            [AgentPlan(node: "laptop/hall-1/rack-1/node-1", devices: "H100*4")], in: directory, hold: "10s",
            eviction: "1s", calendarSpeed: 40_000)
        defer { cluster.tearDown() }
        try cluster.start()
        try cluster.must("fleet", "import", LocalCluster.laptopFleet.path)
        try cluster.must("tenant", "create", "acme", "--gpus", "4")
        try cluster.waitForReady(1)
        let said = try cluster.must("lease", "create", "--tenant", "acme", "--count", "2", "--term", "4d")
        let lease = try #require(said.split(separator: " ").first.map(String.init))
        try cluster.must("lease", "wait", lease, "--timeout", "30s")
        let granted = try #require(StoryLease.all(of: cluster).first).window.lowerBound
        #expect(granted > (Clocks.calendar() + .hours(1)).nanoseconds, "the calendar has left the wall clock behind")
        cluster.coordinator?.killNow()
        try cluster.startCoordinator()
        let line = try cluster.coordinator?.line(containing: "calendar: 40000 times as fast") ?? ""
        #expect(line.contains("holds are not"))
        #expect(try calendar(of: cluster).nanoseconds > granted)
        try cluster.must("lease", "wait", lease, "--for", "ended", "--timeout", "30s")
        let ended = try #require(StoryLease.all(of: cluster).first).window.upperBound
        #expect(try calendar(of: cluster).nanoseconds >= ended)
    }

    private func calendar(of cluster: LocalCluster) throws -> CalendarInstant {
        let status = try jsonLines(cluster.must("status", "-o", "json")).first
        let text = try #require(status?["calendar"] as? String)
        return try #require(CalendarInstant(text: text, now: .never))
    }
}
