/// Under which name container runtimes know a family of devices: `leasehold.dev/lease`.
///
/// The stricter of what the specification of CDI says and what its library checks: a domain name, a slash, a word, both
/// with a letter first.
package struct CDIKind: Hashable, Sendable {
    /// The domain of whoever offers the devices.
    package let vendor: String
    package let deviceClass: String

    private static let vendorByteCountMax = 253
    private static let partByteCountMax = 63

    /// The kind of a node's leases unless its operator says otherwise.
    package static let lease = CDIKind(vendor: "leasehold.dev", deviceClass: "lease")

    private init(vendor: String, deviceClass: String) {
        self.vendor = vendor
        self.deviceClass = deviceClass
    }

    /// Reads `vendor/class`.
    package init(_ text: String) throws(CDIObjection) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, CDIKind.isDomain(parts[0]), CDIKind.isClass(parts[1]) else {
            throw .kindImpossible(text)
        }
        self.init(vendor: String(parts[0]), deviceClass: String(parts[1]))
    }

    private static func isDomain(_ text: Substring) -> Bool {
        guard text.utf8.count <= vendorByteCountMax, text.utf8.first?.isLetter == true else { return false }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            isWord(label) && label.utf8.allSatisfy { $0.isAlphanumeric || $0 == UInt8(ascii: "-") }
        }
    }

    private static func isClass(_ text: Substring) -> Bool {
        guard text.utf8.first?.isLetter == true else { return false }
        return isWord(text) && text.utf8.allSatisfy { $0.isAlphanumeric || "-_.".utf8.contains($0) }
    }

    /// Neither empty nor too long, and letters or digits at both ends.
    private static func isWord(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last else { return false }
        return text.utf8.count <= partByteCountMax && first.isAlphanumeric && last.isAlphanumeric
    }
}

extension CDIKind: CustomStringConvertible {
    package var description: String { "\(vendor)/\(deviceClass)" }
}

extension UInt8 {
    fileprivate var isLetter: Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20)
    }

    fileprivate var isAlphanumeric: Bool { isLetter || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}

/// Why there is no specification of a grant, or why it must not stand beside another.
package enum CDIObjection: Error, Hashable, Sendable {
    /// No `vendor/class` of CDI.
    case kindImpossible(String)
    /// A grant without a device.
    case empty(CDIName)
    /// A grant that has a device twice, or a GPU and a slice of it.
    case twice(CDIName, GrantedDevice)
    /// The driver lists no such GPU.
    case gpuUnknown(GPUUUID)
    /// The driver lists no such capability: `gpu0/gi3/access`.
    case capabilityUnknown(String)
    /// The kernel lists no devices of that name: `nvidia-uvm`.
    case driverUnknown(String)
    /// Another grant has it.
    case held(String, by: CDIName)
}

extension CDIObjection: CustomStringConvertible {
    /// One sentence, with what hurts.
    package var description: String {
        switch self {
        case .kindImpossible(let text):
            "'\(text)' is no kind of devices; expected a domain and a word: example.com/lease"
        case .empty(let grant): "grant \(grant) has no device"
        case .twice(let grant, let device): "grant \(grant) has \(device) twice"
        case .gpuUnknown(let gpu): "the driver lists no \(gpu.driverText)"
        case .capabilityUnknown(let name): "the driver lists no capability \(name)"
        case .driverUnknown(let name): "the kernel lists no devices of \(name); is the module loaded?"
        case .held(let what, by: let grant): "\(what) is held by grant \(grant)"
        }
    }
}
