import Foundation
import Glibc
import LeaseholdLog
import LeaseholdModel
import LeaseholdTransport
import LeaseholdWire
import ProcessHarness

/// One run of grants: coordinator and floor, leg by leg.
final class GrantsRun {
    private let file: String
    private let fleet: FleetDeclaration
    private let seconds: Double
    private let cluster: LocalCluster
    private var floor: Program?
    private var figures = Figures()
    private var clientCount: UInt64 = 0

    init(file: String, _ fleet: FleetDeclaration, seconds: Double) throws {
        self.file = file
        self.fleet = fleet
        self.seconds = seconds
        cluster = LocalCluster(
            [], in: try LocalCluster.makeDirectory(), hold: "120s", eviction: "10s", segmentSize: "64MiB",
            http: "127.0.0.1:0")
    }

    /// Ends everything that was started when somebody ends the benchmark.
    func tearDownWhenInterrupted() -> [any DispatchSourceSignal] {
        [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { [self] in
                tearDown()
                exit(128 + number)
            }
            source.resume()
            return source
        }
    }

    private func tearDown() {
        floor?.killNow()
        cluster.tearDown()
    }

    /// Everything, once; the processes are gone afterwards.
    func measure(_ counts: [Int]) throws -> Figures {
        defer { tearDown() }
        try cluster.initialise()
        try cluster.startCoordinator()
        try cluster.must("fleet", "import", file)
        try cluster.must("tenant", "create", "bench", "--gpus", "\(fleet.gpuCount)")
        guard let coordinator = cluster.coordinator, case .tcp(_, let port) = cluster.endpoint else {
            throw CountFailure("no coordinator")
        }
        let loop = try attachRack(port)
        let sizes = try Sizes.sample()
        let (floorPort, floor) = try startFloor(sizes)
        let floorLoop = try LoadLoop(rack: nil)
        for count in counts {
            let bare = try floorLoop.run(
                (0..<count).map { _ in
                    try FloorClient(port: floorPort, requestByteCount: sizes.request, replyByteCount: sizes.reply)
                }, seconds: seconds, server: floor.processID)
            let groups = try groupCount(loop)
            let leg = try run(count, loop, coordinator, port)
            let syncs = Double(try groupCount(loop) - groups) / Double(leg.times.totalCount)
            add("grants.\(count)", leg, beside: bare, syncs: syncs)
        }
        figures.add("grants.memory", Machine.residentMiB(of: coordinator.processID), "MiB")
        let count = counts.contains(64) ? 64 : counts.max() ?? 1
        figures.add("grants.\(count).allocations", try allocations(count), "allocations/operation")
        return figures
    }

    /// A rack controller whose nodes are all ready.
    private func attachRack(_ port: UInt16) throws -> LoadLoop {
        let rack = try StubRack(fleet, port: port)
        let loop = try LoadLoop(rack: rack)
        try loop.turn { rack.attachedCount == rack.nodeCount }
        // Nothing is granted on a node before its first heartbeat.
        try pass(seconds: Double(HoldSettings.standard.heartbeatInterval.wholeSeconds) + 1, loop)
        return loop
    }

    private func run(
        _ count: Int, _ loop: LoadLoop, _ coordinator: Program, _ port: UInt16
    ) throws -> LoadLoop.Leg {
        let clients = try (0..<count).map { _ in
            clientCount += 1
            return try GrantClient(port: port, number: clientCount)
        }
        return try loop.run(clients, seconds: seconds, server: coordinator.processID) {
            clients.allSatisfy(\.isWelcome)
        }
    }

    /// Calls for memory in an operation, counted in a coordinator that was started anew for it.
    private func allocations(_ count: Int) throws -> Double {
        let library = Program.directory.appendingPathComponent("libCLeaseholdAllocations.so")
        guard FileManager.default.fileExists(atPath: library.path) else {
            throw CountFailure("\(library.path) is not there to count allocations; swift build makes it")
        }
        let file = cluster.directory.appendingPathComponent("allocations")
        cluster.coordinator?.killNow()
        try cluster.startCoordinator(environment: ["LD_PRELOAD": library.path, "LEASEHOLD_ALLOCATIONS": file.path])
        guard let coordinator = cluster.coordinator, case .tcp(_, let port) = cluster.endpoint else {
            throw CountFailure("no coordinator")
        }
        let loop = try attachRack(port)
        func counted() throws -> UInt64 {
            try Data(contentsOf: file).withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
        }
        let before = try counted()
        let leg = try run(count, loop, coordinator, port)
        return Double(try counted() - before) / Double(leg.times.totalCount)
    }

    private func add(_ name: String, _ leg: LoadLoop.Leg, beside bare: LoadLoop.Leg, syncs: Double) {
        let count = Double(leg.times.grants.count + leg.times.releases.count)
        let bareCount = Double(bare.times.grants.count)
        figures.add("\(name).rate", count / leg.seconds, "operations/s", reference: bareCount / bare.seconds)
        figures.add("\(name).pairs", count / 2 / leg.seconds, "leases/s")
        for (quantile, share) in [("p50", 0.5), ("p99", 0.99)] {
            figures.add(
                "\(name).\(quantile)", GrantsRun.quantile(share, of: leg.times.grants), "s",
                reference: GrantsRun.quantile(share, of: bare.times.grants))
            figures.add("\(name).release.\(quantile)", GrantsRun.quantile(share, of: leg.times.releases), "s")
        }
        figures.add("\(name).syncs", syncs, "syncs/operation")
        figures.add("\(name).cpu", leg.serverSeconds / count, "s/operation", reference: bare.serverSeconds / bareCount)
        figures.add(
            "\(name).load.cpu", leg.loadSeconds / count, "s/operation", reference: bare.loadSeconds / bareCount)
    }

    private static func quantile(_ share: Double, of nanoseconds: [UInt64]) -> Double {
        Figures.quantile(share, of: nanoseconds.map { Double($0) / 1e9 })
    }

    private func startFloor(_ sizes: Sizes) throws -> (port: UInt16, program: Program) {
        let program = try Program(
            "leasehold-bench",
            [
                "floor", "--file", cluster.directory.appendingPathComponent("floor").path, "--request",
                "\(sizes.request)", "--reply", "\(sizes.reply)", "--record", "\(sizes.record)",
            ], output: cluster.directory.appendingPathComponent("floor.out"))
        floor = program
        let line = try program.line(containing: "serving on port ")
        guard let word = line.split(separator: " ").last, let port = UInt16(word) else {
            throw CountFailure("no port in \"\(line)\"")
        }
        return (port, program)
    }

    /// Groups that the coordinator has written and synced, as its page says a moment after the last of them.
    private func groupCount(_ loop: LoadLoop) throws -> UInt64 {
        try pass(seconds: 0.6, loop)
        guard let line = try cluster.coordinator?.line(containing: "http on "),
            let word = line.split(separator: ":").last, let port = UInt16(word)
        else { throw CountFailure("no page of the coordinator") }
        let socket = try LoopbackSocket(port: port)
        try socket.send(Array("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8))
        let text = socket.readToEnd()
        let sample = text.split(separator: "\n").last { $0.hasPrefix("leasehold_log_groups_total ") }
        guard let value = sample?.split(separator: " ").last, let count = UInt64(value) else {
            throw CountFailure("no count of groups in \(text)")
        }
        return count
    }

    private func pass(seconds: Double, _ loop: LoadLoop) throws {
        let end = LoadLoop.now() + UInt64(seconds * 1e9)
        try loop.turn { LoadLoop.now() >= end }
    }
}

/// How many bytes an operation has, on the wire and on disk: half of a grant and its release.
private struct Sizes {
    let request: Int
    let reply: Int
    let record: Int

    /// Those of a lease with numbers as long as they are in such a run.
    static func sample() throws -> Sizes {
        let lease = LeaseID(rawValue: 1_000_000)
        let node = NodeID(rawValue: 20_000)
        let now = CalendarInstant(nanoseconds: 1_767_225_600_123_456_789)
        let key = RequestKey(id: RequestID(at: now, chance: (1, 1)), bodyHash: .max)
        let epoch = Epoch(reign: Reign(rawValue: 1), index: RecordIndex(rawValue: 1_000_000))
        let placement = Placement(node: node, gpus: .only(7))
        func request(_ request: Request) -> Int {
            WireCodec.encode(.request(RequestEnvelope(id: key.id, request: request)), correlation: 1).count
        }
        func reply(_ reply: Reply) -> Int { WireCodec.encode(.reply(reply), correlation: 1).count }
        let view = LeaseGrantView(
            lease: lease, tenant: "bench", epoch: epoch, gpuCount: 1, watts: Watts(1_275), startsAt: now,
            endsAt: now + .hours(1), placements: [placement], nodeNames: ["colossus-1/hall-2/rack-117/node-4"])
        let granted = LeaseGranted(
            tenant: TenantID(rawValue: 0), unit: .gpu, count: 1, kinds: [], onSilence: .fence, silenceClass: .guarded,
            turnaround: .seconds(60),
            first: LeasePart(startsAt: now, endsAt: now + .hours(1), watts: Watts(1_275), placements: [placement]),
            begun: LeaseBegun(reign: Reign(rawValue: 1), keepBound: nil, keepBoot: BootID(high: .max, low: .max)))
        func record(_ record: Record, by principal: Principal, for key: RequestKey?) -> Int {
            let entry = LogEntry(index: epoch.index, at: now, principal: principal, request: key, record: record)
            return LogLimits.recordPrefixByteCount + RecordCodec.encode(entry).count
        }
        let asker = Principal(role: .operator, name: "bench-100")
        let records = [
            record(.leaseGranted(granted), by: asker, for: key),
            record(.leaseActivated(lease), by: .coordinator, for: nil),
            record(.leaseEnding(lease, cause: .released), by: asker, for: key),
            record(.partitionsRetired(lease, nodes: [node], proof: .acknowledged), by: .coordinator, for: nil),
        ]
        return Sizes(
            request: (request(GrantClient.request) + request(.releaseLease(lease))) / 2,
            reply: (reply(.granted(view)) + reply(.released(LeaseReleased(lease: lease, at: now)))) / 2,
            record: records.reduce(0, +) / 2)
    }
}
