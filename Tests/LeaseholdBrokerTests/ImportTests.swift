import LeaseholdBroker
import LeaseholdModel
import Testing

@Suite("Fleet import")
struct ImportTests {
    private func ask(_ registry: inout Registry, _ fleet: FleetDeclaration, hash: UInt64 = 1) -> Reply {
        var reply = Reply.refused(.notServing(reason: "no part"))
        for part in fleet.parts(importHash: hash) { reply = registry.ask(.importFleet(part)) }
        return reply
    }

    @Test("nothing of an import is there before its last part, which takes all of it")
    func parts() throws {
        var registry = Registry()
        let parts = FleetDeclaration.site(racks: 2, nodes: 3).parts(importHash: 5)
        #expect(parts.count == 2)
        #expect(
            registry.ask(.importFleet(parts[0]))
                == .fleetImported(FleetImported(isCommitted: false, nodeCount: 0, gpuCount: 0)))
        #expect(registry.book.nodeCount == 0)
        #expect(
            registry.ask(.importFleet(parts[1]))
                == .fleetImported(FleetImported(isCommitted: true, nodeCount: 6, gpuCount: 48)))
        #expect(registry.book.stage == nil)
        #expect(registry.book.node(named: "s/hall-1/rack-2/node-3") == NodeID(rawValue: 5))
    }

    @Test("a part out of its order is refused, and a new part 0 begins anew")
    func order() {
        var registry = Registry()
        let parts = FleetDeclaration.site().parts(importHash: 5)
        let others = FleetDeclaration.site("t").parts(importHash: 6)
        #expect(
            registry.ask(.importFleet(parts[1])) == .refused(.invalid(field: "part", value: "1", expected: "part 0")))
        registry.ask(.importFleet(parts[0]))
        registry.ask(.importFleet(others[0]))
        guard case .refused(.invalid) = registry.ask(.importFleet(parts[1])) else {
            Issue.record("a part of another import was taken")
            return
        }
        registry.ask(.importFleet(others[1]))
        #expect(registry.book.fleet.places.map(\.path) == ["t", "t/hall-1", "t/hall-1/rack-1"])
    }

    @Test("a file that has grown adds what is new; the same file adds nothing and is refused")
    func growth() {
        var registry = Registry()
        _ = ask(&registry, .site(nodes: 2))
        #expect(ask(&registry, .site(nodes: 2)) == .refused(.alreadyThere(.fleet, name: "s")))
        #expect(
            ask(&registry, .site(racks: 2, nodes: 3), hash: 2)
                == .fleetImported(FleetImported(isCommitted: true, nodeCount: 4, gpuCount: 32)))
        #expect(registry.book.node(named: "s/hall-1/rack-1/node-3") == NodeID(rawValue: 2))
        #expect(
            ask(&registry, .site(nodes: 2, gpus: 4), hash: 3)
                == .refused(.alreadyThere(.node, name: "s/hall-1/rack-1/node-1")))
        #expect(
            ask(&registry, .site(nodes: 2, rackLimit: Watts(1)), hash: 4)
                == .refused(.alreadyThere(.place, name: "s/hall-1/rack-1")))
        #expect(registry.book.checkInvariants() == [])
    }

    @Test("kinds of the catalogue that a file uses stand in the record, so that replay needs no catalogue")
    func kindsAreRecorded() throws {
        var registry = Registry()
        let fleet = FleetDeclaration(
            kinds: [GPUKind(name: "X1", memoryGiB: 9, envelope: Watts(300), idleFloor: Watts(30))]
        ).and(.racks([[(1, "T4"), (1, "X1"), (1, "A10"), (1, "T4")]]))
        _ = ask(&registry, fleet)
        let recorded = registry.log.flatMap { entry in
            if case .fleetPartImported(let part) = entry.record { part.kinds.map(\.name) } else { [String]() }
        }
        #expect(recorded == ["X1", "T4", "A10"])
        #expect(registry.book.fleet.kinds.map(\.kind.name) == ["X1", "T4", "A10"])
        let other = GPUKind(name: "H100", memoryGiB: 9, envelope: Watts(300), idleFloor: Watts(30))
        var second = FleetDeclaration.site("z")
        second.kinds = [other]
        #expect(ask(&registry, second, hash: 2) == .refused(.alreadyThere(.kind, name: "H100")))
    }

    private static let broken: [(field: String, change: @Sendable (inout FleetDeclaration) -> Void)] = [
        ("places[0].path", { $0.places[0] = PlaceDeclaration(path: "no spaces", limit: nil) }),
        ("places[2].path", { $0.places[2] = PlaceDeclaration(path: "s/hall-9/rack-1", limit: nil) }),
        ("places[2].path", { $0.places[2] = PlaceDeclaration(path: "s/a/b/c", limit: nil) }),
        ("places[3].path", { $0.places.append($0.places[2]) }),
        ("places[0].limit", { $0.places[0] = PlaceDeclaration(path: "s", limit: Watts(-1)) }),
        ("runs[0].rack", { $0.runs[0] = run(rack: 1) }),
        ("runs[0].rack", { $0.runs[0] = run(rack: .max) }),
        ("runs[0].count", { $0.runs[0] = run(count: 0) }),
        ("runs[0].count", { $0.runs[0] = run(first: nil, count: 2) }),
        ("runs[0].firstNumber", { $0.runs[0] = run(first: .max, count: 2) }),
        ("runs[0].namePrefix", { $0.runs[0] = run(prefix: "-") }),
        ("runs[0].gpusPerNode", { $0.runs[0] = run(gpus: 17) }),
        ("runs[0].gpusPerNode", { $0.runs[0] = run(gpus: 0) }),
        ("runs[0].envelope", { $0.runs[0] = run(envelope: Watts(0)) }),
        ("runs[0].envelope", { $0.runs[0] = run(envelope: Watts(.max)) }),
        ("runs[1].namePrefix", { $0.runs.append($0.runs[0]) }),
        ("runs[0].count", { $0.runs[0] = run(count: 400_001) }),
        ("runs", { $0.runs += ["x-", "y-", "z-"].map { run(prefix: $0, count: 200_000) } }),
        ("kinds[0].name", { $0.kinds = [kind("a/b")] }),
        ("kinds[1].name", { $0.kinds = [kind("K"), kind("K")] }),
        ("kinds[0].memory", { $0.kinds = [kind("K", memory: 0)] }),
        ("kinds[0].idleFloor", { $0.kinds = [kind("K", idle: 301)] }),
        ("kinds[0].envelope", { $0.kinds = [kind("K", envelope: 0)] }),
    ]

    private static func run(
        rack: UInt32 = 2, prefix: String = "n", first: UInt32? = 1, count: UInt32 = 1, gpus: UInt8 = 8,
        envelope: Watts = Watts(9_600)
    ) -> NodeRun {
        NodeRun(
            rack: rack, namePrefix: prefix, firstNumber: first, count: count, kind: "H100", gpusPerNode: gpus,
            envelope: envelope)
    }

    private static func kind(_ name: String, memory: UInt32 = 1, envelope: Int64 = 300, idle: Int64 = 30) -> GPUKind {
        GPUKind(name: name, memoryGiB: memory, envelope: Watts(envelope), idleFloor: Watts(idle))
    }

    @Test(
        "a broken import is refused with the field that is wrong, and nothing of it is there",
        arguments: ImportTests.broken.indices)
    func brokenImports(row: Int) {
        var registry = Registry()
        var fleet = FleetDeclaration.site()
        Self.broken[row].change(&fleet)
        let reply = ask(&registry, fleet)
        guard case .refused(.invalid(let field, _, _)) = reply else {
            Issue.record("\(Self.broken[row].field): \(reply)")
            return
        }
        #expect(field == Self.broken[row].field)
        #expect(registry.book.nodeCount == 0 && registry.book.fleet.places.isEmpty)
    }

    @Test("a part outside its bounds is refused", arguments: [0, 300])
    func bounds(partCount: UInt32) {
        var registry = Registry()
        let part = FleetPart(importHash: 1, part: .max, partCount: partCount, kinds: [], places: [], runs: [])
        guard case .refused(.invalid(let field, _, _)) = registry.ask(.importFleet(part)) else { return }
        #expect(field == "partCount")
    }
}
