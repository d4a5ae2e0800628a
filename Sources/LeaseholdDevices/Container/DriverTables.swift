internal import LeaseholdModel

/// Which device files are which, as the kernel and NVIDIA's driver list them under `/proc`.
///
/// What cannot be read in a table is not in it, and a grant of such a thing is refused.
package struct DriverTables: Hashable, Sendable {
    /// By the name under which a driver has taken it.
    private let majors: [String: UInt32]
    private let gpus: [GPUUUID: UInt32]
    /// By the driver's name: `gpu0/gi3/ci0/access`.
    private let capabilities: [String: UInt32]

    /// The kernel's list of device numbers has this for NVIDIA's GPUs.
    private static let assignedMajor: UInt32 = 195
    /// The minor of `/dev/nvidiactl`.
    private static let controlMinor: UInt32 = 255

    /// Reads the tables.
    ///
    /// - Parameters:
    ///   - devices: `/proc/devices`.
    ///   - gpus: `/proc/driver/nvidia/gpus/*/information`, in any order.
    ///   - capabilities: `/proc/driver/nvidia-caps/mig-minors`; empty where no GPU can be cut.
    package init(devices: String, gpus: [String], capabilities: String) {
        majors = DriverTables.majors(in: devices)
        self.gpus = Dictionary(gpus.compactMap(DriverTables.gpu)) { first, _ in first }
        self.capabilities = Dictionary(
            capabilities.split(separator: "\n").compactMap { line in
                let words = line.split(separator: " ")
                guard words.count == 2, let minor = UInt32(words[1]) else { return nil }
                return (String(words[0]), minor)
            }
        ) { first, _ in first }
    }

    /// Whether there is a GPU in them, as there is while the driver is loaded.
    package var namesGPUs: Bool { !gpus.isEmpty }

    /// The majors of whatever leads to a GPU: NVIDIA's drivers have them for GPUs, their memory, capabilities and channels
    /// between machines, and the kernel has one for the cards of all drivers, over which GPUs can be had too.
    ///
    /// That of the GPUs is theirs by the kernel's own list, loaded or not. Files that move data between GPU and storage lead
    /// to no GPU by themselves.
    package var confinedMajors: Set<UInt32> {
        let names = majors.keys.filter { $0 == "drm" || $0.hasPrefix("nvidia") && $0 != "nvidia-fs" }
        return Set(names.compactMap { majors[$0] }).union([DriverTables.assignedMajor])
    }

    /// Lines of `195 nvidia`; block devices come behind, and may have the same names.
    private static func majors(in text: String) -> [String: UInt32] {
        let lines = text.split(separator: "\n").prefix { !$0.hasPrefix("Block devices") }
        return Dictionary(
            lines.compactMap { line in
                let words = line.split(separator: " ")
                guard words.count == 2, let major = UInt32(words[0]) else { return nil }
                return (String(words[1]), major)
            }
        ) { first, _ in first }
    }

    /// Lines of `Device Minor: 	 0`; a GPU that the driver has not begun with has question marks for its UUID.
    private static func gpu(in text: String) -> (GPUUUID, UInt32)? {
        var uuid: GPUUUID?
        var minor: UInt32?
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let value = String(parts[1].drop(while: \.isWhitespace))
            switch parts[0] {
            case "GPU UUID": uuid = GPUUUID(driverText: value)
            case "Device Minor": minor = UInt32(value)
            default: continue
            }
        }
        guard let uuid, let minor else { return nil }
        return (uuid, minor)
    }

    // MARK: Nodes

    /// The device files that a container with these devices needs, and no others, each once: those of control first.
    package func nodes(for devices: [GrantedDevice]) throws(CDIObjection) -> [DeviceNode] {
        let memory = try major("nvidia-uvm")
        var nodes = [
            DeviceNode(
                path: "/dev/nvidiactl", number: DeviceNumber(major: try gpuMajor(), minor: DriverTables.controlMinor),
                role: .control),
            DeviceNode(path: "/dev/nvidia-uvm", number: DeviceNumber(major: memory, minor: 0), role: .control),
            DeviceNode(path: "/dev/nvidia-uvm-tools", number: DeviceNumber(major: memory, minor: 1), role: .control),
        ]
        for device in devices {
            for node in try files(of: device) where !nodes.contains(node) { nodes.append(node) }
        }
        return nodes
    }

    private func files(of device: GrantedDevice) throws(CDIObjection) -> [DeviceNode] {
        guard let minor = gpus[device.gpu] else { throw .gpuUnknown(device.gpu) }
        let gpu = DeviceNumber(major: try gpuMajor(), minor: minor)
        switch device {
        case .gpu:
            return [DeviceNode(path: "\(DeviceNode.gpuPrefix)\(minor)", number: gpu, role: .gpu)]
        case .slice(_, let instance, let compute):
            return [
                DeviceNode(path: "\(DeviceNode.gpuPrefix)\(minor)", number: gpu, role: .cutGPU),
                try capability("gpu\(minor)/gi\(instance)/access"),
                try capability("gpu\(minor)/gi\(instance)/ci\(compute)/access"),
            ]
        }
    }

    private func capability(_ name: String) throws(CDIObjection) -> DeviceNode {
        guard let minor = capabilities[name] else { throw .capabilityUnknown(name) }
        return DeviceNode(
            path: "\(DeviceNode.capabilityPrefix)\(minor)",
            number: DeviceNumber(major: try major("nvidia-caps"), minor: minor), role: .capability)
    }

    /// Older drivers took it under another name.
    private func gpuMajor() throws(CDIObjection) -> UInt32 {
        if let older = majors["nvidia-frontend"] { return older }
        return try major("nvidia")
    }

    private func major(_ name: String) throws(CDIObjection) -> UInt32 {
        guard let major = majors[name] else { throw .driverUnknown(name) }
        return major
    }
}
