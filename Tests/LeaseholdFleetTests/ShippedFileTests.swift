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
                "clock-rate-error": .option, "plaintext": .flag,
            ])
        let expected = [
            "--state-dir=/var/lib/leasehold/coordinator", "--listen=127.0.0.1:7400", "--http=127.0.0.1:7401",
            "--hold=120s", "--eviction=10s", "--clock-rate-error=1%", "--plaintext",
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
}
