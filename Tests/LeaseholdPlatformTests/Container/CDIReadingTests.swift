import Foundation
import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Testing

@Suite("What a specification says that a grant has to itself")
struct CDIReadingTests {
    private let scratch = Scratch()

    private func write(_ text: [UInt8], _ index: UInt64) throws {
        let name = CDIKind.lease.fileName(of: PlayedBoard.name(index))
        try Data(text).write(to: URL(filePath: scratch.path(of: name)))
    }

    private func written(_ index: UInt64, _ device: GrantedDevice) throws -> CDISpecification {
        let specification = try PlayedBoard.specification(index, device)
        try write(specification.bytes, index)
        return specification
    }

    @Test("of a whole GPU its own device, of slices their capabilities alone, and what opens no GPU never")
    func exclusive() throws {
        let whole = try written(1, .gpu(PlayedBoard.gpus[0]))
        let cut = try written(2, PlayedBoard.slice(2, 1))
        let ofWhole = try CDIDirectory.devices(of: PlayedBoard.name(1), in: scratch.path)
        let ofCut = try CDIDirectory.devices(of: PlayedBoard.name(2), in: scratch.path)
        #expect(ofWhole.own == Set(whole.nodes.filter { $0.role == .gpu }.map(\.number)) && ofWhole.own.count == 1)
        #expect(ofCut.own == Set(cut.nodes.filter { $0.role == .capability }.map(\.number)) && ofCut.own.count == 2)
        #expect(ofWhole.all == Set(whole.nodes.map(\.number)) && ofCut.all == Set(cut.nodes.map(\.number)))
        #expect(try CDIDirectory.devices(in: scratch.path) == ofWhole.own.union(ofCut.own))
    }

    @Test("without a specification there is nothing, and one that nobody can read is told")
    func absent() throws {
        #expect(try CDIDirectory.devices(of: PlayedBoard.name(1), in: scratch.path) == SpecifiedDevices())
        #expect(try CDIDirectory.devices(in: scratch.path(of: "nowhere")).isEmpty)
        try write(Array("{\"devices\": 3}".utf8), 1)
        #expect(throws: Reason.self) { try CDIDirectory.devices(of: PlayedBoard.name(1), in: scratch.path) }
        #expect(throws: Reason.self) { try CDIDirectory.devices(in: scratch.path) }
        // Somebody else's file is nobody's affair.
        let other = scratch.path(of: "other.json")
        try Data("?".utf8).write(to: URL(filePath: other))
        try FileManager.default.removeItem(atPath: scratch.path(of: CDIKind.lease.fileName(of: PlayedBoard.name(1))))
        #expect(try CDIDirectory.devices(in: scratch.path).isEmpty)
    }
}
