internal import Foundation
package import LeaseholdDevices

extension CDIDirectory {
    /// The devices of a grant, as its specification says.
    ///
    /// - Parameters:
    ///   - grant: whose.
    ///   - path: the directory that container runtimes read.
    /// - Returns: their numbers; none where there is no specification, or one that says nothing.
    /// - Throws: `Reason` where it cannot be read.
    package static func devices(of grant: CDIName, in path: String) throws(Reason) -> SpecifiedDevices {
        try devices(ofFile: "\(path)/\(CDIKind.lease.fileName(of: grant))")
    }

    /// The devices that grants have to themselves, of all that have a specification.
    package static func devices(in path: String) throws(Reason) -> Set<DeviceNumber> {
        var all: Set<DeviceNumber> = []
        let names: [String]
        do throws(SystemFailure) { names = try AtomicFile.names(in: path) } catch {
            guard error.isAbsence else { throw Reason(text: "\(error)") }
            return all
        }
        for name in names where CDIKind.lease.grant(ofFile: name) != nil {
            all.formUnion(try devices(ofFile: "\(path)/\(name)").own)
        }
        return all
    }

    private static func devices(ofFile path: String) throws(Reason) -> SpecifiedDevices {
        let bytes: [UInt8]
        do throws(SystemFailure) { bytes = try AtomicFile.read(path) } catch {
            guard error.isAbsence else { throw Reason(text: "\(error)") }
            return SpecifiedDevices()
        }
        let nodes: [WrittenSpecification.Node]
        do {
            let written = try JSONDecoder().decode(WrittenSpecification.self, from: Data(bytes))
            nodes = written.devices.flatMap { $0.containerEdits.deviceNodes }
        } catch {
            throw Reason(text: "\(path) is no specification: \(error)")
        }
        let capabilities = nodes.filter { DeviceNode.isCapability(path: $0.path) }
        let meant = capabilities.isEmpty ? nodes.filter { DeviceNode.isGPU(path: $0.path) } : capabilities
        return SpecifiedDevices(own: Set(meant.map(\.number)), all: Set(nodes.map(\.number)))
    }
}

/// What a specification gives to its containers.
package struct SpecifiedDevices: Hashable, Sendable {
    /// The devices that the grant has to itself: those by which its tenant can be found.
    ///
    /// Of a GPU that is cut only the capabilities of the grant's slices: the GPU's own file belongs to others too.
    package let own: Set<DeviceNumber>
    /// These, and those of the driver that everybody has.
    package let all: Set<DeviceNumber>

    package init(own: Set<DeviceNumber> = [], all: Set<DeviceNumber> = []) {
        self.own = own
        self.all = all
    }
}

/// What of a specification is read back.
private struct WrittenSpecification: Decodable {
    struct Device: Decodable { let containerEdits: Edits }
    struct Edits: Decodable { let deviceNodes: [Node] }
    struct Node: Decodable {
        let path: String
        let major: UInt32
        let minor: UInt32
        var number: DeviceNumber { DeviceNumber(major: major, minor: minor) }
    }

    let devices: [Device]
}
