package import LeaseholdModel

/// Why a device would not take a grant: a correct answer of the hardware, not a failure.
package struct DeviceRefusal: Error, Hashable, Sendable {
    /// What stands in the way.
    package enum Reason: Error, Hashable, Sendable {
        /// The node has no such GPU.
        case missing(gpuCount: Int)
        case broken
        /// It can be had whole only.
        case notCut
        /// Another grant's work is on it.
        case held(by: Epoch)
        /// It has seen a higher epoch, or this one under another lease (L4).
        case epochNotHigher(highest: Epoch)
        /// Its memory still carries what a tenant wrote.
        case memoryDirty
    }

    /// The GPU's position on its node.
    package let gpu: Int
    /// What stands in the way there.
    package let reason: Reason

    package init(gpu: Int, _ reason: Reason) {
        self.gpu = gpu
        self.reason = reason
    }

    /// What the guard tells its agent.
    package var startRefusal: StartRefusal {
        switch reason {
        case .missing, .broken, .notCut, .memoryDirty: .deviceFailed
        case .held, .epochNotHigher: .partitionBusy
        }
    }
}

extension DeviceRefusal: CustomStringConvertible {
    /// One sentence, with the number that hurts.
    package var description: String {
        switch reason {
        case .missing(let gpuCount): "GPU \(gpu) is missing: the node has \(gpuCount)"
        case .broken: "GPU \(gpu) is broken"
        case .notCut: "GPU \(gpu) cannot be cut"
        case .held(let epoch): "GPU \(gpu) is held under epoch \(epoch)"
        case .epochNotHigher(let highest): "GPU \(gpu) has seen epoch \(highest)"
        case .memoryDirty: "GPU \(gpu) has not been wiped since its last tenant"
        }
    }
}
