import Foundation
import LeaseholdFleet
import LeaseholdModel
import ProcessHarness

/// The story of `deploy/scenarios/colossus-1` on a whole site of real processes, and what is seen meanwhile.
///
/// The script tells the story and stops where it does not go on; this looks over its shoulder. Every record is
/// followed, and with each new one the leases are listed.
final class StoryRun {
    /// A week of the calendar in ten seconds; the holds are twenty seconds of the real clock.
    static let calendarSpeed = 60_480
    private static let scenarios = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../deploy/scenarios")
    private static let fleetFile = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../deploy/fleets/colossus-1.yaml")

    let cluster: LocalCluster
    let nodeCount: Int
    private let events: URL
    private var watching: Program?
    private var seenByteCount = 0

    /// By lease: as it was when it was last listed, for a day of the calendar after its end.
    private var latest: [String: StoryLease] = [:]
    /// In the order of the list.
    private var order: [String] = []
    /// Leases that were degraded at some look, by the state that they were in.
    private(set) var degraded: [String: Set<String>] = [:]
    /// What a look found that must never be, a sentence each.
    private(set) var complaints: [String] = []
    private(set) var lookCount = 0

    /// Plans the site of the fleet file, a quarter of its nodes behind each of four agents.
    init() throws {
        let text = try String(contentsOf: StoryRun.fleetFile, encoding: .utf8)
        let fleet = try FleetFile.read(text: text, name: "colossus-1.yaml")
        nodeCount = fleet.nodeCount
        let directory = try LocalCluster.makeDirectory()
        cluster = LocalCluster(
            try AgentPlan.sharing(fleet, among: 4, in: directory), in: directory, hold: "20s", eviction: "1s",
            segmentSize: "64MiB", calendarSpeed: StoryRun.calendarSpeed)
        events = directory.appendingPathComponent("events.jsonl")
    }

    /// Starts everything and waits for every node.
    func begin() throws {
        try cluster.initialise()
        try cluster.startCoordinator()
        try cluster.must("fleet", "import", StoryRun.fleetFile.path)
        for index in cluster.plans.indices {
            try cluster.startAgent(index)
            try cluster.startGuard(index)
        }
        try cluster.waitForReady(nodeCount, within: 120)
    }

    /// Tells the story to its end, looking whenever something has happened; returns what the script printed.
    func tell() throws -> String {
        let watching = try Program(
            "leasectl", ["event", "watch", "-o", "json", "--coordinator", "\(cluster.endpoint)"], output: events)
        self.watching = watching
        let story = try Program(
            script: StoryRun.scenarios.appending(path: "colossus-1/story"),
            environment: [
                "LEASEHOLD_COORDINATOR": "\(cluster.endpoint)", "LEASEHOLD_AGENTS": cluster.directory.path,
            ], output: cluster.directory.appendingPathComponent("story.out"))
        defer { story.killNow() }
        let isOver = try eventually(within: 240) {
            try lookIfNews()
            return !story.isRunning
        }
        guard isOver, story.exitStatus(within: 1) == 0 else {
            throw HarnessFailure("the story ended with \(story.exitStatus(within: 0) ?? -1):\n\(story.printed)")
        }
        return story.printed
    }

    /// Every part of every lease that there was, as it was at last.
    var leases: [StoryLease] { order.compactMap { latest[$0] } }

    /// Ends the watch; every record of the story, in order.
    func records() throws -> [StoryEvent] {
        let last = try jsonLines(cluster.must("status", "-o", "json")).first?["headIndex"] as? String ?? ""
        guard try eventually(within: 20, { try read().last.map { "\($0.index)" } == last }) else {
            throw HarnessFailure("the watch never came to record \(last)")
        }
        watching?.killNow()
        return try read()
    }

    func tearDown() {
        watching?.killNow()
        cluster.tearDown()
    }

    private func read() throws -> [StoryEvent] {
        let text = try String(contentsOf: events, encoding: .utf8)
        // The last line may be on its way still.
        return try jsonLines(String(text[..<(text.lastIndex(of: "\n") ?? text.startIndex)])).map(StoryEvent.init)
    }

    private func lookIfNews() throws {
        let attributes = try FileManager.default.attributesOfItem(atPath: events.path)
        let byteCount = number(attributes[.size])
        guard byteCount > seenByteCount else { return }
        seenByteCount = byteCount
        lookCount += 1
        let leases = try StoryLease.all(of: cluster)
        for lease in leases where latest.updateValue(lease, forKey: lease.id) == nil { order.append(lease.id) }
        for lease in leases where lease.isDegraded { degraded[lease.state, default: []].insert(lease.id) }
        complaints += StoryLease.doublePromises(in: leases).map { "look \(lookCount): \($0)" }
    }
}
