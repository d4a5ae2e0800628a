import Foundation
import Glibc
import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Testing

/// A node of two whole GPUs (0, 1) and two that are cut (2, 3), and the directory of its grants' files.
enum PlayedBoard {
    static let gpus = (0..<4).map { GPUUUID(high: 7, low: UInt64($0)) }
    /// Slices that a cut GPU may have.
    static let instances: Range<UInt32> = 1..<4

    static func capability(ofGPU gpu: Int, _ instance: UInt32, isCompute: Bool) -> Int {
        gpu * 100 + Int(instance) * 10 + (isCompute ? 1 : 0)
    }

    /// The driver's tables; `order` says which GPU it counts where.
    static func tables(order: [Int] = [0, 1, 2, 3]) -> DriverTables {
        let minors = order.indices.flatMap { gpu in
            instances.flatMap { instance in
                [
                    "gpu\(gpu)/gi\(instance)/access \(capability(ofGPU: gpu, instance, isCompute: false))",
                    "gpu\(gpu)/gi\(instance)/ci0/access \(capability(ofGPU: gpu, instance, isCompute: true))",
                ]
            }
        }
        return DriverTables(
            devices: "Character devices:\n195 nvidia\n235 nvidia-caps\n510 nvidia-uvm\n",
            gpus: order.enumerated().map { "GPU UUID: \(gpus[$1].driverText)\nDevice Minor: \($0)\n" },
            capabilities: minors.joined(separator: "\n"))
    }

    static func name(_ index: UInt64) -> CDIName {
        CDIName(
            lease: LeaseID(rawValue: index),
            epoch: Epoch(reign: Reign(rawValue: 1), index: RecordIndex(rawValue: index)),
            slot: NodeSlot(rawValue: 0))
    }

    static func slice(_ gpu: Int, _ instance: UInt32) -> GrantedDevice {
        .slice(of: gpus[gpu], SliceInstanceID(rawValue: instance), SliceComputeID(rawValue: 0))
    }

    static func specification(
        _ index: UInt64, _ devices: GrantedDevice..., order: [Int] = [0, 1, 2, 3]
    ) throws(CDIObjection) -> CDISpecification {
        try CDISpecification(grant: name(index), devices: devices, tables: tables(order: order))
    }

    static func file(_ index: UInt64) -> String { CDIKind.lease.fileName(of: name(index)) }

    /// The names in a directory, sorted; none where it is not there.
    static func names(in path: String) throws -> [String] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }

    static func contents(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }
}

/// What an outsider makes of the directory, by the names and numbers in its files alone.
struct BoardReading: Equatable {
    /// Somebody's hardware: `gpu0`, `gpu2/gi1`.
    var holdings: [String: Set<String>] = [:]
    var complaints: [String] = []

    /// Reads every file that a runtime would, and takes its device nodes apart.
    init(_ path: String) throws {
        for name in try PlayedBoard.names(in: path) where name.hasPrefix("leasehold.dev-lease_L") {
            guard name.hasSuffix(".json") else { continue }
            do { try take(name, in: path) } catch { complaints.append("\(name) is no specification: \(error)") }
        }
    }

    private struct File: Decodable {
        struct Device: Decodable {
            struct Edits: Decodable {
                struct Node: Decodable {
                    let path: String
                    let major: Int
                    let minor: Int
                }
                let deviceNodes: [Node]
            }
            let name: String
            let containerEdits: Edits
        }
        let devices: [Device]
    }

    private mutating func take(_ name: String, in path: String) throws {
        let file = try JSONDecoder().decode(File.self, from: Data(contentsOf: URL(filePath: "\(path)/\(name)")))
        var (gpus, slices): (Set<Int>, Set<String>) = ([], [])
        for node in file.devices.flatMap(\.containerEdits.deviceNodes) {
            switch (node.major, node.minor) {
            case (195, 255), (510, 0), (510, 1): continue
            case (195, 0...3) where node.path == "/dev/nvidia\(node.minor)": gpus.insert(node.minor)
            case (235, _) where node.path == "/dev/nvidia-caps/nvidia-cap\(node.minor)" && node.minor > 2:
                slices.insert("gpu\(node.minor / 100)/gi\(node.minor % 100 / 10)")
            default: complaints.append("\(name) has \(node.path) \(node.major):\(node.minor)")
            }
        }
        // A slice is nothing without its GPU's file; a cut GPU's file alone opens no slice, and is no grant.
        for slice in slices where !gpus.contains(where: { slice.hasPrefix("gpu\($0)/") }) {
            complaints.append("\(name) has \(slice) without its GPU")
        }
        let whole = gpus.filter { gpu in !slices.contains { $0.hasPrefix("gpu\(gpu)/") } }.map { "gpu\($0)" }
        holdings[name] = slices.union(whole)
    }

    /// Two files that open the same hardware.
    var overlaps: [String] {
        let files = holdings.sorted { $0.key < $1.key }
        return files.indices.flatMap { first in
            files[..<first].compactMap { other in
                other.value.contains { mine in files[first].value.contains { BoardReading.meet(mine, $0) } }
                    ? "\(other.key) and \(files[first].key)" : nil
            }
        }
    }

    private static func meet(_ one: String, _ other: String) -> Bool {
        one == other || one.hasPrefix(other + "/") || other.hasPrefix(one + "/")
    }
}
