package import LeaseholdModel

/// Why a device file was not made or opened; nothing was changed.
package enum DeviceFileFailure: Error, Hashable, Sendable {
    case system(SystemFailure)
    /// A device file is made once; this one is there.
    case alreadyThere(path: String)
    /// The first bytes are not those of a device file.
    case notADeviceFile(path: String)
    case versionUnknown(path: String, found: UInt64, known: UInt64)
    /// A field contradicts the rest of the file.
    case damaged(path: String, offset: Int, complaint: String)
    /// The file is sound, and of other nodes than expected.
    case shapeDiffers(path: String, slot: NodeSlot, found: String, expected: String)
    /// No device file can hold such a node.
    case nodeImpossible(node: String, complaint: String)
}

extension DeviceFileFailure: CustomStringConvertible {
    /// One sentence: the place, the value, what was expected.
    package var description: String {
        switch self {
        case .system(let failure): "\(failure)"
        case .alreadyThere(let path): "\(path) is there already; a device file is made once"
        case .notADeviceFile(let path): "\(path) is not a device file; choose another state directory, or remove it"
        case .versionUnknown(let path, let found, let known):
            "\(path) is a device file of version \(found); this program knows version \(known)"
        case .damaged(let path, let offset, let complaint): "\(path) is damaged at byte \(offset): \(complaint)"
        case .shapeDiffers(let path, let slot, let found, let expected):
            "\(path) holds other devices: node \(slot) is \(found), expected \(expected); "
                + "serve the nodes that it was made for, or choose another state directory"
        case .nodeImpossible(let node, let complaint): "node \(node) cannot be simulated: \(complaint)"
        }
    }
}
