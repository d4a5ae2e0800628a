/// The numbers by which the kernel knows a character device, whatever its file is called.
package struct DeviceNumber: Hashable, Sendable, CustomStringConvertible {
    package let major: UInt32
    package let minor: UInt32

    package init(major: UInt32, minor: UInt32) {
        self.major = major
        self.minor = minor
    }

    package var description: String { "\(major):\(minor)" }
}

/// A file of `/dev` that a container gets, under the path that it has on its node.
package struct DeviceNode: Hashable, Sendable {
    /// What it opens.
    package enum Role: Hashable, Sendable {
        /// Every container needs it, and it opens no GPU by itself.
        case control
        /// A GPU as a whole.
        case gpu
        /// A GPU that is cut: without a capability beside it, it opens none of its slices.
        case cutGPU
        /// A slice, or a compute instance in it, of the GPU beside it.
        case capability
    }

    /// `/dev/nvidia0`.
    package let path: String
    package let number: DeviceNumber
    package let role: Role

    /// What stands before the number in the name of a GPU's own file.
    static let gpuPrefix = "/dev/nvidia"
    /// What stands before the number in the name of a capability's.
    static let capabilityPrefix = "/dev/nvidia-caps/nvidia-cap"

    /// Whether a path is that of a GPU's own file, cut or not.
    package static func isGPU(path: String) -> Bool {
        path.hasPrefix(gpuPrefix) && UInt32(path.dropFirst(gpuPrefix.count)) != nil
    }

    /// Whether a path is that of a capability.
    package static func isCapability(path: String) -> Bool { path.hasPrefix(capabilityPrefix) }

    package init(path: String, number: DeviceNumber, role: Role) {
        self.path = path
        self.number = number
        self.role = role
    }

    /// What a container may do with it: read, write; never make other nodes.
    ///
    /// The driver itself makes capabilities readable and no more.
    package var permissions: String { role == .capability ? "r" : "rw" }

    /// Whether two grants must not both have these.
    package func isExclusive(with other: DeviceNode) -> Bool {
        guard number == other.number || path == other.path else { return false }
        return role != other.role || role == .gpu || role == .capability
    }
}
