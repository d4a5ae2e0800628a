import Foundation
import Glibc
import LeaseholdDevices
import LeaseholdModel
package import LeaseholdPlatform

/// What `leasehold-agent device` shows and switches: the devices as they are, without the agent.
package struct DeviceDesk {
    private let devices: DeviceFile
    private let now: BootInstant
    /// Whether the file is all there is of the GPUs; those of a machine draw and break as their driver says.
    private let areModelled: Bool

    /// Opens the devices of an agent's state directory.
    package init(stateDirectory: String, writing: Bool) throws(ProcessEnd) {
        do throws(DeviceFileFailure) {
            devices = try DeviceFile.open(
                "\(stateDirectory)/\(DeviceFile.name)", access: writing ? .writing : .reading)
        } catch {
            throw error.end
        }
        now = Clocks.boot()
        areModelled = access("\(stateDirectory)/\(NodeChart.name)", F_OK) != 0
    }

    /// One GPU, as scripts read it.
    package struct GPU: Encodable {
        package let node: String
        package let gpu: Int
        package let kind: String
        /// `L1742`; nil where nobody holds it whole.
        package let lease: String?
        /// `REIGN.INDEX` of the holder.
        package let epoch: String?
        /// The tenant's process; nil where the work is modelled.
        package let process: Int32?
        /// Nil for GPUs of the machine.
        package let watts: Int64?
        /// Nil for GPUs of the machine.
        package let isBroken: Bool?
        /// Marks that tenants' work has made on it since the file was made.
        package let marks: UInt64
        /// Marks of a second holder that work has met on it.
        package let intrusions: UInt64
        package let wipes: UInt64
        /// Who holds slices of it; nil where nobody does.
        package let slices: [Slices]?
    }

    /// Some memory slices of a GPU that one grant holds.
    package struct Slices: Encodable {
        /// `0-3,6`.
        package let slices: String
        package let lease: String
        package let epoch: String
        package let process: Int32?
    }

    /// All GPUs by node, then position.
    package var gpus: [GPU] {
        devices.slots.flatMap { slot in
            let shape = devices.shapes[slot.offset]
            let holders = devices.holders(of: slot)
            let broken = devices.unhealthy(slot)
            return (0..<shape.gpuCount).map { position in
                let here = holders.filter { $0.gpus.contains(position) }
                let holder = here.first { $0.slices.isEmpty }
                let slices = here.filter { !$0.slices.isEmpty }.map { holder in
                    Slices(
                        slices: "\(GPUSet(bits: UInt16(holder.slices.mask(ofGPU: position))))",
                        lease: "\(holder.lease)",
                        epoch: "\(holder.epoch)", process: holder.process?.pid)
                }
                let counts = devices.counts(slot, gpu: position)
                return GPU(
                    node: shape.path, gpu: position, kind: shape.kind, lease: holder.map { "\($0.lease)" },
                    epoch: holder.map { "\($0.epoch)" }, process: holder?.process?.pid,
                    watts: areModelled ? devices.drawn(slot, gpu: position, at: now).count : nil,
                    isBroken: areModelled ? broken.contains(position) : nil,
                    marks: counts.writes, intrusions: counts.intrusions, wipes: counts.wipes,
                    slices: slices.isEmpty ? nil : slices)
            }
        }
    }

    /// One JSON object for each GPU.
    package func jsonLines() throws -> [String] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try gpus.map { String(decoding: try encoder.encode($0), as: UTF8.self) }
    }

    /// A table for people.
    package var table: [String] {
        let rows = gpus.map { gpu -> [String] in
            let slices = gpu.slices?.map { "\($0.lease):\($0.slices)" }.joined(separator: " ")
            let health = gpu.isBroken.map { $0 ? "broken" : "ok" }
            return [
                gpu.node, "\(gpu.gpu)", gpu.kind, gpu.lease ?? slices ?? "-", gpu.epoch ?? "-",
                gpu.process.map { "\($0)" } ?? "-", gpu.watts.map { "\($0)W" } ?? "-", health ?? "-", "\(gpu.marks)",
                "\(gpu.intrusions)", "\(gpu.wipes)",
            ]
        }
        let head = [
            "NODE", "GPU", "KIND", "LEASE", "EPOCH", "PROCESS", "DRAWS", "HEALTH", "MARKS", "INTRUSIONS", "WIPES",
        ]
        let all = [head] + rows
        let widths = head.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: "  ")
                .trimmingCharacters(in: .whitespaces)
        }
    }

    /// Breaks or mends a GPU of a node.
    package func set(node path: String, gpu position: Int, broken: Bool) throws(ProcessEnd) {
        guard let offset = devices.shapes.firstIndex(where: { $0.path == path }) else {
            let known = devices.shapes.prefix(4).map(\.path).joined(separator: ", ")
            throw ProcessEnd(.usage, "no node \(path) in \(devices.path); it has \(known)")
        }
        let count = devices.shapes[offset].gpuCount
        guard (0..<count).contains(position) else {
            throw ProcessEnd(.usage, "--gpu is \(position); expected 0 to \(count - 1)")
        }
        guard areModelled else {
            throw ProcessEnd(
                .usage,
                "the GPUs of \(path) are the machine's own, and only simulated ones are broken and mended here; `leasectl node "
                    + "show \(path)` says how they are")
        }
        let slot = NodeSlot(rawValue: UInt32(offset))
        if broken { devices.break(slot, .only(position)) } else { devices.mend(slot, .only(position)) }
    }
}
