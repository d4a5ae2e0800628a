import LeaseholdFleet
import LeaseholdModel
import Testing

@Suite("Fleet files")
struct FleetFileTests {
    private func read(_ text: String) throws -> FleetDeclaration {
        try FleetFile.read(text: text, name: "fleet.yaml")
    }

    private func place(_ path: String, _ limit: Int64? = nil) -> PlaceDeclaration {
        PlaceDeclaration(path: path, limit: limit.map(Watts.init))
    }

    private func run(
        _ rack: UInt32, _ prefix: String, _ first: UInt32?, _ count: UInt32, _ kind: String, _ gpus: UInt8,
        _ envelope: Int64
    ) -> NodeRun {
        NodeRun(
            rack: rack, namePrefix: prefix, firstNumber: first, count: count, kind: kind, gpusPerNode: gpus,
            envelope: Watts(envelope))
    }

    private let small = """
        site: a
        limit: 1MW
        halls:
          - name: h
            limit: 500kW
            racks:
              - {count: 2, name: r, first: 7, limit: 90kW, nodes_per_rack: 3, gpus_per_node: 8, kind: H100}
              - name: odd
                nodes:
                  - {name: n1, kind: T4, gpus: 2, envelope: 300W}
                  - {count: 4, kind: B200, gpus: 8}
        """

    @Test("a file becomes places, parents first, and one run for nodes that are alike")
    func smallFile() throws {
        let fleet = try read(small)
        let places = [
            place("a", 1_000_000), place("a/h", 500_000), place("a/h/r-7", 90_000), place("a/h/r-8", 90_000),
            place("a/h/odd"),
        ]
        #expect(fleet.places == places)
        let runs = [
            run(2, "node-", 1, 3, "H100", 8, 10_200), run(3, "node-", 1, 3, "H100", 8, 10_200),
            run(4, "n1", nil, 1, "T4", 2, 300), run(4, "node-", 1, 4, "B200", 8, 14_296),
        ]
        #expect(fleet.runs == runs)
        #expect(fleet.kinds.isEmpty)
        #expect(fleet.runs[1].name(at: 2) == "node-3")
    }

    @Test("halls can be counted too, and names have a standard")
    func countedHalls() throws {
        let text = """
            site: a
            halls: [{count: 2, racks: [{count: 2, first: 0, nodes_per_rack: 1, gpus_per_node: 1, kind: A10}]}]
            """
        let paths = [
            "a", "a/hall-1", "a/hall-1/rack-0", "a/hall-1/rack-1", "a/hall-2", "a/hall-2/rack-0", "a/hall-2/rack-1",
        ]
        #expect(try read(text).places.map(\.path) == paths)
        #expect(try read(text).runs.map(\.rack) == [2, 3, 5, 6])
    }

    @Test("a rack's envelope is divided over its nodes to the watt, the rest to the first")
    func rackEnvelope() throws {
        let text = """
            site: a
            halls:
              - name: h
                racks:
                  - {name: nvl, limit: 132kW, nodes_per_rack: 18, gpus_per_node: 4, kind: GB200, rack_envelope: 132kW}
                  - {name: even, nodes_per_rack: 4, gpus_per_node: 8, kind: H100, rack_envelope: 40kW}
            """
        let runs = try read(text).runs
        let expected = [
            run(2, "node-", 1, 6, "GB200", 4, 7_334), run(2, "node-", 7, 12, "GB200", 4, 7_333),
            run(3, "node-", 1, 4, "H100", 8, 10_000),
        ]
        #expect(runs == expected)
        #expect(runs.prefix(2).reduce(0) { $0 + $1.envelope.count * Int64($1.count) } == 132_000)
    }

    @Test("several sites stand in a list")
    func severalSites() throws {
        let text = """
            sites:
              - {name: a, halls: [{name: h, racks: [{name: r, nodes: [{name: n, kind: T4, gpus: 1}]}]}]}
              - {name: b, limit: 9kW, halls: [{name: h, racks: [{name: r, nodes: [{name: n, kind: T4, gpus: 1}]}]}]}
            """
        let fleet = try read(text)
        #expect(fleet.places.map(\.path) == ["a", "a/h", "a/h/r", "b", "b/h", "b/h/r"])
        #expect(fleet.places[3].limit == Watts(9_000))
        #expect(fleet.runs.map(\.rack) == [2, 5])
    }

    @Test("a file adds kinds; one without an idle floor idles at an eighth of its envelope")
    func addedKinds() throws {
        let text = """
            site: a
            kinds:
              - {name: X1, memory: 80GiB, envelope: 900W, idle: 110W}
              - {name: X2, memory: 1024GiB, envelope: 1.2kW}
            halls: [{name: h, racks: [{name: r, nodes: [{name: n, kind: X1, gpus: 16}]}]}]
            """
        let fleet = try read(text)
        let kinds = [
            GPUKind(name: "X1", memoryGiB: 80, envelope: Watts(900), idleFloor: Watts(110)),
            GPUKind(name: "X2", memoryGiB: 1_024, envelope: Watts(1_200), idleFloor: Watts(150)),
        ]
        #expect(fleet.kinds == kinds)
        #expect(fleet.runs == [run(2, "n", nil, 1, "X1", 16, 14_400)])
    }

    @Test("JSON, quotes, comments, CRLF and a byte order mark change nothing")
    func otherSpellings() throws {
        let json = """
            {"site": "a", "limit": "1MW", "halls": [{"name": "h", "limit": "500kW", "racks": [
              {"count": 2, "name": "r", "first": 7, "limit": "90kW",
               "nodes_per_rack": 3, "gpus_per_node": 8, "kind": "H100"},
              {"name": "odd", "nodes": [{"name": "n1", "kind": "T4", "gpus": 2, "envelope": "300W"},
                                        {"count": 4, "kind": "B200", "gpus": 8}]}]}]}
            """
        let fleet = try read(small)
        #expect(try read(json) == fleet)
        #expect(try read(small.split(separator: "\n").joined(separator: "\r\n") + "\r\n") == fleet)
        #expect(try read("\u{FEFF}# It's a fleet & more: *all* of it\n" + small) == fleet)
        #expect(try read(small.replacing("site: a", with: "site: 'a' # \"&x\" | > !y")) == fleet)
    }

    /// A site of the largest kind: halls of air- and liquid-cooled racks, and racks that are one NVLink domain.
    private let large = """
        site: colossus-1
        limit: 300MW
        halls:
          - {count: 4, racks: [{count: 586, nodes_per_rack: 8, gpus_per_node: 8, kind: H100, limit: 81.6kW}]}
          - {name: hall-5, racks: [{count: 781, nodes_per_rack: 8, gpus_per_node: 8, kind: H200, limit: 81.6kW}]}
          - name: hall-6
            limit: 36.96MW
            racks:
              - {count: 280, nodes_per_rack: 18, gpus_per_node: 4, kind: GB200, rack_envelope: 132kW, limit: 132kW}
        """

    @Test("a site of 220,160 GPUs takes a few lines and 3,685 runs, and its envelopes sum to 291.96 MW")
    func largeSite() throws {
        let fleet = try read(large)
        #expect(fleet.nodeCount == 30_040)
        #expect(fleet.gpuCount == 220_160)
        #expect(fleet.places.count == 1 + 6 + 2_344 + 781 + 280)
        #expect(fleet.runs.count == 2_344 + 781 + 560)
        let watts = fleet.runs.reduce(0) { $0 + $1.envelope.count * Int64($1.count) }
        #expect(watts == 291_960_000)
        let nodes = Dictionary(grouping: fleet.runs, by: \.kind).mapValues { $0.reduce(0) { $0 + Int($1.count) } }
        #expect(nodes == ["H100": 18_752, "H200": 6_248, "GB200": 5_040])
        #expect(fleet.parts(importHash: 1).count == 3)
    }

    @Test("a fleet at the limit of nodes is read")
    func limitOfNodes() throws {
        let rack = "{count: 32, nodes_per_rack: 10000, gpus_per_node: 16, kind: T4}"
        let fleet = try read("site: a\nhalls: [{name: h, racks: [\(rack)]}]\n")
        #expect(fleet.nodeCount == Limits.nodeCountMax)
    }

    @Test("the hash follows what the fleet is, not how it is written")
    func hash() throws {
        let fleet = try read(small)
        let spread = try read("# A comment.\n" + small.replacing("1MW", with: "1000kW"))
        #expect(FleetFile.hash(of: spread) == FleetFile.hash(of: fleet))
        // FNV-1a of 24 zero bytes, three counts of nothing; another value would make a repeated import a new one.
        #expect(FleetFile.hash(of: FleetDeclaration()) == 0x81D2_3FD7_003C_2305)
        let changes = [
            ("1MW", "2MW"), ("500kW", "501kW"), ("count: 2", "count: 3"), ("first: 7", "first: 8"), ("T4", "P100"),
            ("name: n1", "name: n2"), ("gpus: 2", "gpus: 1"), ("300W", "301W"), ("site: a", "site: b"),
        ]
        var hashes = [FleetFile.hash(of: fleet)]
        for change in changes { hashes.append(FleetFile.hash(of: try read(small.replacing(change.0, with: change.1)))) }
        #expect(Set(hashes).count == changes.count + 1)
    }

    @Test("the name of a file says its form")
    func forms() {
        #expect(FleetFile.Form(fileName: "nodes.CSV") == .nodeCSV)
        #expect(FleetFile.Form(fileName: "fleet.yaml") == .yaml)
        #expect(FleetFile.Form(fileName: "fleet.json") == .yaml)
    }
}
