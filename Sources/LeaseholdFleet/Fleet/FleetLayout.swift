import LeaseholdModel

/// Lays shapes out as places and runs of nodes, parents before children, and checks what only the whole can show.
struct FleetLayout {
    var findings: Findings
    private(set) var fleet = FleetDeclaration()

    init(findings: Findings) { self.findings = findings }

    /// Lays out all sites, or none where the fleet is too large or a limit too small.
    mutating func lay(_ sites: [SiteShape], kinds: [GPUKind]) {
        let nodeCount = sites.reduce(0) { $0 + $1.nodeCount }
        guard nodeCount <= Limits.nodeCountMax else {
            findings.add("has \(nodeCount) nodes; expected at most \(Limits.nodeCountMax)", line: nil)
            return
        }
        for site in sites { checkLimits(of: site) }
        guard findings.isEmpty else { return }
        fleet.kinds = kinds
        for site in sites { lay(site) }
        let partCount =
            FleetLayout.pieceCount(fleet.places.count, of: Limits.fleetPartPlaceCountMax)
            + FleetLayout.pieceCount(fleet.runs.count, of: Limits.fleetPartRunCountMax)
        if partCount > Limits.fleetPartCountMax {
            let complaint =
                "has \(fleet.places.count) places and \(fleet.runs.count) runs of nodes, \(partCount) parts; "
                + "expected at most \(Limits.fleetPartCountMax) parts, so write nodes that are alike with a count"
            findings.add(complaint, line: nil)
        }
    }

    private static func pieceCount(_ count: Int, of size: Int) -> Int { (count + size - 1) / size }

    /// A place whose nodes draw more than its limit before anybody leases them can never be fed.
    private mutating func checkLimits(of site: SiteShape) {
        var siteIdle = Watts.zero
        for hall in site.halls {
            var hallIdle = Watts.zero
            for rack in hall.racks {
                check(rack.limit, holds: rack.idle)
                hallIdle += rack.idle * rack.label.count
            }
            check(hall.limit, holds: hallIdle)
            siteIdle += hallIdle * hall.label.count
        }
        check(site.limit, holds: siteIdle)
    }

    private mutating func check(_ limit: Limit?, holds idle: Watts) {
        guard let limit, limit.watts < idle else { return }
        let complaint = "\(limit.watts) is less than the \(idle) that its nodes draw idle"
        findings.add(complaint, line: limit.line, field: limit.path)
    }

    private mutating func lay(_ site: SiteShape) {
        fleet.places.append(PlaceDeclaration(path: site.name, limit: site.limit?.watts))
        for hall in site.halls {
            for hallName in hall.label.names {
                let hallPath = "\(site.name)/\(hallName)"
                fleet.places.append(PlaceDeclaration(path: hallPath, limit: hall.limit?.watts))
                for rack in hall.racks {
                    for rackName in rack.label.names { lay(rack, path: "\(hallPath)/\(rackName)") }
                }
            }
        }
    }

    private mutating func lay(_ rack: RackShape, path: String) {
        let position = UInt32(fleet.places.count)
        fleet.places.append(PlaceDeclaration(path: path, limit: rack.limit?.watts))
        for node in rack.nodes {
            let run = NodeRun(
                rack: position, namePrefix: node.label.prefix,
                firstNumber: node.label.numbers.map { UInt32($0.lowerBound) }, count: UInt32(node.label.count),
                kind: node.kind.name, gpusPerNode: UInt8(node.gpusPerNode), envelope: node.envelope,
                cpu: node.supply.cpu, memory: node.supply.memory, labels: node.supply.labels)
            fleet.runs.append(run)
        }
    }
}
