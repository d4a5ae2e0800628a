import LeaseholdDevices
import LeaseholdModel

/// A small fleet: one site, one hall, a rack for each machine that serves nodes.
struct SimulatedFleet {
    /// A place with a limit, and the nodes below it.
    struct Feed {
        let path: String
        let limit: Watts
        /// Offsets of nodes.
        let nodes: [Int]
    }

    let kind: GPUKind
    /// By `NodeID.offset`.
    let shapes: [NodeShape]
    /// Offsets of nodes, by machine.
    let machines: [Range<Int>]
    let feeds: [Feed]
    let declaration: FleetDeclaration

    /// `nodesPerMachine` nodes of `gpuCount` GPUs on each machine; a feed carries the idle floors of what is below it
    /// and so many percent of what leasing all of it would add.
    init(machineCount: Int, nodesPerMachine: Int, gpuCount: Int, sitePercent: Int64, rackPercent: Int64) {
        guard let kind = GPUKind.catalogue.first(where: { $0.name == "H100" }) else {
            preconditionFailure("the catalogue has no H100")
        }
        self.kind = kind
        let limit = { (nodes: Int, percent: Int64) -> Watts in
            let idle = kind.idleFloor.count * Int64(gpuCount * nodes)
            let rise = (kind.envelope.count - kind.idleFloor.count) * Int64(gpuCount * nodes)
            return Watts(idle + rise * percent / 100)
        }
        let rack = { (machine: Int) in "sim/hall/rack-\(machine)" }
        shapes = (0..<machineCount * nodesPerMachine).map { node in
            NodeShape(
                path: "\(rack(node / nodesPerMachine))/node-\(node % nodesPerMachine)", kind: kind, gpuCount: gpuCount)
        }
        machines = (0..<machineCount).map { $0 * nodesPerMachine..<($0 + 1) * nodesPerMachine }
        let siteLimit = limit(machineCount * nodesPerMachine, sitePercent)
        let rackLimit = limit(nodesPerMachine, rackPercent)
        feeds =
            [Feed(path: "sim", limit: siteLimit, nodes: Array(shapes.indices))]
            + machines.enumerated().map { Feed(path: rack($0), limit: rackLimit, nodes: Array($1)) }
        var declaration = FleetDeclaration()
        declaration.places =
            [PlaceDeclaration(path: "sim", limit: siteLimit), PlaceDeclaration(path: "sim/hall", limit: nil)]
            + machines.indices.map { PlaceDeclaration(path: rack($0), limit: rackLimit) }
        declaration.runs = machines.indices.map { machine in
            NodeRun(
                rack: UInt32(2 + machine), namePrefix: "node-", firstNumber: 0, count: UInt32(nodesPerMachine),
                kind: kind.name, gpusPerNode: UInt8(gpuCount), envelope: kind.envelope * gpuCount)
        }
        self.declaration = declaration
    }
}
