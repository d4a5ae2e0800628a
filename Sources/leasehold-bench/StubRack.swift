import LeaseholdModel
import LeaseholdWire

/// A rack controller of a whole fleet that has no GPUs: it reports, beats, and acknowledges every order at once.
final class StubRack {
    /// What it keeps of a node.
    private struct Node {
        let name: String
        let kind: String
        let gpuCount: Int
        var session: SessionID?
        var number: UInt64 = 0
        var echo: UInt64 = 0
        var live: [LiveGrant] = []
    }

    let socket: LoopbackSocket
    private var nodes: [Node]
    private var decoder = FrameDecoder(payloadByteCountMax: Limits.framePayloadByteCountMaxReply)
    private var outgoing: [UInt8] = []
    private var witness = RecordIndex.zero
    /// Nodes whose report has been sent, and answered.
    private var reportedCount = 0
    private(set) var attachedCount = 0
    /// The node that beats next.
    private var beating = 0
    private var beganBeating: UInt64 = 0
    private var beatCount = 0
    /// Reports that may wait for their answers: both sides' buffers hold so many.
    private static let reportCountMax = 256
    private static let beatNanoseconds = UInt64(HoldSettings.standard.heartbeatInterval.nanoseconds)

    /// Connects and says hello.
    init(_ fleet: FleetDeclaration, port: UInt16) throws {
        nodes = fleet.runs.flatMap { run in
            (0..<run.count).map { position in
                Node(
                    name: "\(fleet.places[Int(run.rack)].path)/\(run.name(at: position))", kind: run.kind,
                    gpuCount: Int(run.gpusPerNode))
            }
        }
        socket = try LoopbackSocket(port: port)
        say(.hello(.ofBench(Principal(role: .agent, name: "bench-rack"))))
        try flush()
    }

    var nodeCount: Int { nodes.count }

    /// Takes what has arrived, and answers it.
    func take(_ bytes: UnsafeRawBufferPointer) throws {
        decoder.receive(bytes)
        while let (message, _) = try decoder.next() {
            switch message {
            case .welcome: report(upTo: StubRack.reportCountMax)
            case .order(let order): try obey(order)
            default: throw CountFailure("the rack controller was told \(message)")
            }
        }
        try flush()
    }

    private func obey(_ order: NodeOrder) throws {
        switch order {
        case .attached(_, let id, let session):
            nodes[id.offset].session = session
            attachedCount += 1
            report(upTo: attachedCount + StubRack.reportCountMax)
        case .reportRefused(let node, let reason): throw CountFailure("node \(node) was refused: \(reason)")
        case .renewal(let renewal):
            nodes[renewal.node.offset].echo = renewal.number.rawValue
            witness = max(witness, renewal.head.index)
        case .grant(let order):
            let name = order.name
            let grant = LiveGrant(
                lease: name.lease, epoch: name.epoch, gpus: order.gpus, slices: order.slices, phase: .running)
            nodes[name.node.offset].live.append(grant)
            say(.agent(.started(name)))
        case .retire(let order):
            nodes[order.name.node.offset].live.removeAll { $0.lease == order.name.lease }
            say(.agent(.retired(order.name)))
        case .certificateKept(let name): throw CountFailure("nothing was vouched for of lease \(name.lease)")
        }
    }

    private func report(upTo count: Int) {
        while reportedCount < min(count, nodes.count) {
            let node = nodes[reportedCount]
            let report = NodeReport(
                node: node.name, kind: node.kind, gpuCount: node.gpuCount, hardware: UInt64(reportedCount),
                highest: SeenEpochs(gpuCount: node.gpuCount), condition: condition(of: node), witness: .none)
            say(.agent(.report(report)))
            reportedCount += 1
        }
    }

    private func condition(of node: Node) -> NodeCondition {
        NodeCondition(live: node.live, unhealthy: .none, isGuarded: true, drawn: .zero)
    }

    // MARK: Heartbeats

    /// Lets all those nodes beat whose turn has come by now, the fleet evenly over one interval.
    func beat(at nanoseconds: UInt64) throws {
        guard attachedCount == nodes.count else { return }
        if beganBeating == 0 { beganBeating = nanoseconds }
        let elapsed = nanoseconds - beganBeating
        let due = Int(elapsed * UInt64(nodes.count) / StubRack.beatNanoseconds)
        try beat(count: min(due - beatCount, StubRack.reportCountMax))
        beatCount = due
    }

    private func beat(count: Int) throws {
        for _ in 0..<max(0, count) {
            nodes[beating].number += 1
            let node = nodes[beating]
            if let session = node.session {
                let heartbeat = Heartbeat(
                    node: NodeID(rawValue: UInt32(beating)), session: session,
                    number: HeartbeatNumber(rawValue: node.number), echo: HeartbeatNumber(rawValue: node.echo),
                    condition: condition(of: node), witness: witness)
                say(.agent(.heartbeat(heartbeat)))
            }
            beating = (beating + 1) % nodes.count
        }
        try flush()
    }

    private func say(_ message: Message) { WireCodec.encode(message, correlation: 0, into: &outgoing) }

    private func flush() throws {
        guard !outgoing.isEmpty else { return }
        try socket.send(outgoing)
        outgoing.removeAll(keepingCapacity: true)
    }
}

extension Hello {
    /// The hello of somebody who has seen nothing yet.
    static func ofBench(_ principal: Principal) -> Hello {
        Hello(
            versions: Hello.version...Hello.version, principal: principal,
            incarnation: Incarnation(high: .random(in: 1 ... .max), low: 1), boot: BootID(high: 0, low: 1), seen: nil)
    }
}
