import Foundation
import LeaseholdFleet
import LeaseholdModel
import Testing

@Suite("Files that ship with the house")
struct ShippedFileTests {
    private func text(of path: String) throws -> String {
        let house = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../deploy/\(path)")
        return try FileText.decode(Array(Data(contentsOf: house)), name: path)
    }

    private func fleet(_ name: String) throws -> FleetDeclaration {
        try FleetFile.read(text: text(of: "fleets/\(name)"), name: name)
    }

    @Test("the laptop's fleet is four nodes of four GPUs, fed for all of them at once")
    func laptop() throws {
        let fleet = try fleet("laptop.yaml")
        #expect(
            fleet.places.map(\.path) == ["laptop", "laptop/hall-1", "laptop/hall-1/rack-1", "laptop/hall-1/rack-2"])
        #expect(fleet.places.map(\.limit) == [20_400, 20_400, 10_200, 10_200].map(Watts.init))
        #expect(fleet.nodeCount == 4)
        #expect(fleet.gpuCount == 16)
        #expect(fleet.runs.map(\.kind) == ["H100", "H200"])
        #expect(fleet.runs.map { $0.name(at: 1) } == ["node-2", "node-2"])
        #expect(fleet.runs.reduce(Watts.zero) { $0 + $1.envelope * Int($1.count) } == Watts(20_400))
    }

    @Test("the tight laptop is the same fleet on a feed that carries six GPUs of its second rack, not seven")
    func tightLaptop() throws {
        let wide = try fleet("laptop.yaml")
        let tight = try fleet("laptop-tight.yaml")
        #expect(tight.runs == wide.runs)
        #expect(tight.places.dropLast() == wide.places.dropLast())
        let kind = try #require(GPUKind.catalogue.first { $0.name == "H200" })
        let limit = try #require(tight.places.last?.limit)
        #expect(kind.envelope * 6 + kind.idleFloor * 2 <= limit)
        #expect(kind.envelope * 7 + kind.idleFloor > limit)
    }

    @Test("the settings examples name flags of their executables")
    func settings() throws {
        let coordinator = try SettingsFile.arguments(
            text: text(of: "config/coordinator.yaml"), name: "coordinator.yaml",
            known: [
                "state-dir": .option, "listen": .option, "http": .option, "hold": .option, "eviction": .option,
                "clock-rate-error": .option, "turnaround": .option, "calendar-speed": .option, "plaintext": .flag,
            ])
        let expected = [
            "--state-dir=/var/lib/leasehold/coordinator", "--listen=127.0.0.1:7400", "--http=127.0.0.1:7401",
            "--hold=120s", "--eviction=10s", "--clock-rate-error=1%", "--turnaround=60s", "--plaintext",
        ]
        #expect(coordinator == expected)
        let agent = try SettingsFile.arguments(
            text: text(of: "config/agent.yaml"), name: "agent.yaml",
            known: [
                "node": .option, "coordinator": .option, "state-dir": .option, "devices": .option, "http": .option,
                "plaintext": .flag,
            ])
        #expect(agent.contains("--node=laptop/hall-1/rack-1/node-1"))
        #expect(agent.contains("--devices=simulated:H100*4"))
    }

    @Test("colossus-1 is 220,160 GPUs on 30,040 nodes in four halls, and its watts sum to 291.96 MW under 300 MW")
    func colossus() throws {
        let fleet = try fleet("colossus-1.yaml")
        #expect(fleet.nodeCount == 30_040)
        #expect(fleet.gpuCount == 220_160)
        let levels = PlaceLevel.allCases.map { level in fleet.places.count { $0.level == level } }
        #expect(levels == [3_405, 4, 1], "racks, halls, sites")
        let kinds = ["H100", "H200", "GB200"].map { kind -> [Int] in
            let runs = fleet.runs.filter { $0.kind == kind }
            let racks = Set(runs.map(\.rack)).count
            let nodes = runs.reduce(0) { $0 + Int($1.count) }
            return [racks, nodes, runs.reduce(0) { $0 + Int($1.count) * Int($1.gpusPerNode) }]
        }
        #expect(kinds == [[2_344, 18_752, 150_016], [781, 6_248, 49_984], [280, 5_040, 20_160]])
        let drawn = fleet.runs.reduce(Watts.zero) { $0 + $1.envelope * Int($1.count) }
        #expect(drawn == Watts(291_960_000))
        #expect(fleet.places[0].limit == Watts(300_000_000))
        // Leased whole, no feed carries more than its limit.
        var carried = Array(repeating: Watts.zero, count: fleet.places.count)
        for run in fleet.runs { carried[Int(run.rack)] += run.envelope * Int(run.count) }
        for (place, watts) in zip(fleet.places, carried) where place.level == .rack {
            #expect(place.limit.map { watts <= $0 } == true, "\(place.path) carries \(watts)")
        }
        for hall in fleet.places where hall.level == .hall {
            let sum = zip(fleet.places, carried).filter { $0.0.parentPath == hall.path }
                .reduce(Watts.zero) { $0 + $1.1 }
            #expect(hall.limit.map { sum <= $0 } == true, "\(hall.path) carries \(sum)")
        }
    }
}
