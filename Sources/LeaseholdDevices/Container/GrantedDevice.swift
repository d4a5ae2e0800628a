internal import LeaseholdModel

/// Something that a grant has of a node.
package enum GrantedDevice: Hashable, Comparable, Sendable {
    /// A GPU that is not cut.
    case gpu(GPUUUID)
    /// A compute instance of a slice of a GPU that is cut.
    case slice(of: GPUUUID, SliceInstanceID, SliceComputeID)

    /// The GPU that it is, or lies on.
    package var gpu: GPUUUID {
        switch self {
        case .gpu(let gpu), .slice(of: let gpu, _, _): gpu
        }
    }

    /// Whether two grants that have these share hardware; compute instances of one slice share its memory.
    package func isExclusive(with other: GrantedDevice) -> Bool {
        guard gpu == other.gpu else { return false }
        switch (self, other) {
        case (.slice(_, let mine, _), .slice(_, let theirs, _)): return mine == theirs
        case (.gpu, _), (_, .gpu): return true
        }
    }
}

extension GrantedDevice: CustomStringConvertible {
    /// `GPU-…`, `slice 3.0 of GPU-…`.
    package var description: String {
        switch self {
        case .gpu(let gpu): gpu.driverText
        case .slice(of: let gpu, let instance, let compute): "slice \(instance).\(compute) of \(gpu.driverText)"
        }
    }
}
