import Foundation
import Glibc
import LeaseholdClient
import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import LeaseholdTransport
import ProcessHarness

/// Something that did not come out as counted.
struct CountFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// One run over a whole site: every step measured, counted and checked.
final class SiteRun {
    private let file: String
    private let fleet: FleetDeclaration
    let leaseCount: Int
    private let measuredSeconds: Int
    let cluster: LocalCluster
    var figures = Figures()
    private var clientIfAny: BrokerClient?
    private let tornDown = NSLock()

    init(
        file: String, _ fleet: FleetDeclaration, agentCount: Int, leaseCount: Int, seconds: Int
    ) throws {
        self.file = file
        self.fleet = fleet
        self.leaseCount = min(leaseCount, fleet.gpuCount)
        self.measuredSeconds = seconds
        let directory = try LocalCluster.makeDirectory()
        cluster = LocalCluster(
            try AgentPlan.sharing(fleet, among: agentCount, in: directory), in: directory, hold: "120s",
            eviction: "10s", segmentSize: "64MiB")
    }

    /// Ends everything that was started when somebody ends the benchmark.
    func tearDownWhenInterrupted() -> [any DispatchSourceSignal] {
        [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { [cluster] in
                cluster.tearDown()
                exit(128 + number)
            }
            source.resume()
            return source
        }
    }

    var nodeCount: Int { fleet.nodeCount }
    var gpuCount: Int { fleet.gpuCount }

    /// The client of this run, once there is a coordinator.
    var client: BrokerClient {
        guard let clientIfAny else { preconditionFailure("a request before the coordinator was started") }
        return clientIfAny
    }

    /// Everything, once; the cluster is gone afterwards.
    func measure() async throws -> Figures {
        defer { cluster.tearDown() }
        let alone = DecideAlone(fleet).measure()
        guard alone.gpuCount == gpuCount else { throw CountFailure("decided \(alone.gpuCount) GPUs of \(gpuCount)") }
        figures.add("site.decide", alone.decide, "s", reference: alone.reference)
        try await begin()
        let whole = try await leaseWholeSite()
        try await list(whole)
        try await measureIdle()
        try await release(whole)
        try await lapse()
        try await recover()
        client.close()
        return figures
    }

    // MARK: Steps

    /// An empty log, the import, and the first report of every node.
    private func begin() async throws {
        try cluster.initialise()
        try cluster.startCoordinator()
        guard let addresses = CoordinatorAddresses(text: "\(cluster.endpoint)") else {
            throw CountFailure("no coordinator at \(cluster.endpoint)")
        }
        var settings = ClientSettings()
        settings.timeout = .seconds(120)
        clientIfAny = BrokerClient(to: addresses, as: Principal(role: .operator, name: "bench"), settings: settings)
        let importing = try seconds { try cluster.must("fleet", "import", file) }
        figures.add("site.import", importing, "s")
        let reporting = try await seconds {
            for index in cluster.plans.indices {
                try cluster.startAgent(index)
                try cluster.startGuard(index)
            }
            try await waitForReady()
        }
        figures.add("site.report", reporting, "s")
        _ = try await change(.createTenant(name: "whole", quota: UInt32(gpuCount)))
    }

    /// One lease over everything: granted, and held by every node.
    private func leaseWholeSite() async throws -> LeaseID {
        let terms = LeaseTerms(
            tenant: "whole", unit: .site, count: 1, kinds: [], end: .after(.hours(24)), onSilence: .keep)
        let start = ContinuousClock.now
        guard case .granted(let view) = try await change(.createLease(terms)) else {
            throw CountFailure("the whole site was not granted")
        }
        let granted = SiteRun.seconds(start.duration(to: .now))
        guard view.gpuCount == gpuCount, let epoch = view.epoch else {
            throw CountFailure("granted \(view.gpuCount) GPUs of \(gpuCount)")
        }
        try await wait(for: "every node to hold \(view.lease)") {
            guard case .lease(let lease) = try await ask(.showLease(view.lease)) else { return false }
            return lease.state == .active
        }
        let held = SiteRun.seconds(start.duration(to: .now))
        let count = try holders(of: view.lease, epoch: epoch)
        guard count == nodeCount else { throw CountFailure("\(count) of \(nodeCount) devices hold \(view.lease)") }
        figures.add("site.lease.granted", granted, "s")
        figures.add("site.lease.held", held, "s")
        figures.add("site.lease.acknowledgements", Double(count), "nodes")
        return view.lease
    }

    /// Both lists in full, page by page.
    private func list(_ whole: LeaseID) async throws {
        var nodeCount = 0
        let nodes = try await seconds {
            var after: NodeID?
            repeat {
                guard case .nodes(let page, let next) = try await ask(.listNodes(Page(after: after, countMax: 1_000)))
                else { throw CountFailure("no list of nodes") }
                nodeCount += page.count
                after = next
            } while after != nil
        }
        guard nodeCount == self.nodeCount else { throw CountFailure("\(nodeCount) nodes listed") }
        figures.add("site.list.nodes", nodes, "s")
        let leases = try await seconds {
            let filter = LeaseFilter(tenant: nil, includesEnded: false)
            guard case .leases(let page, _) = try await ask(.listLeases(Page(after: nil, countMax: 1_000), filter)),
                page.map(\.grant.lease) == [whole], page[0].grant.placements.count == self.nodeCount
            else { throw CountFailure("the lease of the whole site is not listed with all of its nodes") }
        }
        figures.add("site.list.leases", leases, "s")
    }

    /// What a site costs that only beats, with everything leased.
    private func measureIdle() async throws {
        guard let coordinator = cluster.coordinator else { throw CountFailure("no coordinator") }
        let before = Machine.processorSeconds(of: coordinator.processID)
        let start = ContinuousClock.now
        try await Task.sleep(for: .seconds(measuredSeconds))
        let used = Machine.processorSeconds(of: coordinator.processID) - before
        figures.add("site.heartbeat.cpu", used / SiteRun.seconds(start.duration(to: .now)) * 100, "% of a core")
        figures.add("site.memory.coordinator", Machine.residentMiB(of: coordinator.processID), "MiB")
        let agents = cluster.agents.values.map { Machine.residentMiB(of: $0.processID) }
        let guards = cluster.guards.values.map { Machine.residentMiB(of: $0.processID) }
        figures.add("site.memory.agents", agents.reduce(0, +), "MiB")
        figures.add("site.memory.guards", guards.reduce(0, +), "MiB")
    }

    /// The whole site back: asked, and proved empty by every node.
    private func release(_ lease: LeaseID) async throws {
        let start = ContinuousClock.now
        guard case .released = try await change(.releaseLease(lease)) else { throw CountFailure("not released") }
        let asked = SiteRun.seconds(start.duration(to: .now))
        try await wait(for: "every node to give \(lease) back") {
            guard case .lease(let view) = try await ask(.showLease(lease)) else { return false }
            return view.state == .ended && view.retiredCount == nodeCount
        }
        figures.add("site.release.answered", asked, "s")
        figures.add("site.release.retired", SiteRun.seconds(start.duration(to: .now)), "s")
        let left = try holderCount()
        guard left == 0 else { throw CountFailure("\(left) devices are still held") }
    }

    // MARK: Asking

    func ask(_ request: Request) async throws -> Reply { try await client.send(request, id: nil) }

    func change(_ request: Request) async throws -> Reply {
        let reply = try await client.send(request, id: RequestID.fresh())
        if case .refused(let refusal) = reply { throw CountFailure("\(request.words): \(refusal.message)") }
        return reply
    }

    func waitForReady() async throws {
        try await wait(for: "\(nodeCount) nodes to be ready") {
            guard case .status(let status) = try await ask(.status) else { return false }
            return status.nodes.ready == nodeCount
        }
    }

    /// Looks again and again until it is so; two minutes are too long for anything here.
    func wait(for what: String, _ isSo: () async throws -> Bool) async throws {
        let start = ContinuousClock.now
        while try await !isSo() {
            guard start.duration(to: .now) < .seconds(120) else { throw CountFailure("waited 120 s for \(what)") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    // MARK: Time

    static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }

    private func seconds(_ body: () throws -> Void) rethrows -> Double {
        let start = ContinuousClock.now
        try body()
        return SiteRun.seconds(start.duration(to: .now))
    }

    private func seconds(_ body: () async throws -> Void) async rethrows -> Double {
        let start = ContinuousClock.now
        try await body()
        return SiteRun.seconds(start.duration(to: .now))
    }

    // MARK: Devices

    /// Nodes all of whose GPUs are held by this lease under this epoch, as the devices themselves say.
    func holders(of lease: LeaseID, epoch: Epoch) throws -> Int {
        try devices().reduce(0) { count, file in
            count
                + file.slots.count { slot in
                    file.holders(of: slot).contains {
                        $0.lease == lease && $0.epoch == epoch && $0.gpus == .first(file.shapes[slot.offset].gpuCount)
                    }
                }
        }
    }

    private func holderCount() throws -> Int { try devices().reduce(0) { $0 + $1.holders().count } }

    private func devices() throws -> [DeviceFile] {
        try cluster.plans.indices.map {
            try DeviceFile.open(
                cluster.agentDirectory($0).appendingPathComponent(DeviceFile.name).path, access: .reading)
        }
    }
}

extension RequestID {
    /// A new id, of now.
    static func fresh() -> RequestID {
        RequestID(at: Clocks.now().calendar, chance: (.random(in: 0 ... .max), .random(in: 0 ... .max)))
    }
}
