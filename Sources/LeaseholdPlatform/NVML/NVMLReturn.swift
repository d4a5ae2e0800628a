/// What a function of NVML answers.
package enum NVMLReturn: Hashable, Sendable {
    case named(Name)
    /// A code of a newer driver than this program knows.
    case unnamed(UInt32)

    /// The codes that the vendor documents, with its names for them, in the order of their numbers.
    package enum Name: String, CaseIterable, Sendable {
        case success = "SUCCESS"
        case uninitialized = "UNINITIALIZED"
        case invalidArgument = "INVALID_ARGUMENT"
        case notSupported = "NOT_SUPPORTED"
        case noPermission = "NO_PERMISSION"
        case alreadyInitialized = "ALREADY_INITIALIZED"
        case notFound = "NOT_FOUND"
        case insufficientSize = "INSUFFICIENT_SIZE"
        case insufficientPower = "INSUFFICIENT_POWER"
        case driverNotLoaded = "DRIVER_NOT_LOADED"
        case timeout = "TIMEOUT"
        case irqIssue = "IRQ_ISSUE"
        case libraryNotFound = "LIBRARY_NOT_FOUND"
        case functionNotFound = "FUNCTION_NOT_FOUND"
        case corruptedInforom = "CORRUPTED_INFOROM"
        case gpuIsLost = "GPU_IS_LOST"
        case resetRequired = "RESET_REQUIRED"
        case operatingSystem = "OPERATING_SYSTEM"
        case libraryMismatch = "LIB_RM_VERSION_MISMATCH"
        case inUse = "IN_USE"
        case memory = "MEMORY"
        case noData = "NO_DATA"
        case vgpuEccNotSupported = "VGPU_ECC_NOT_SUPPORTED"
        case insufficientResources = "INSUFFICIENT_RESOURCES"
        case frequencyNotSupported = "FREQ_NOT_SUPPORTED"
        case versionMismatch = "ARGUMENT_VERSION_MISMATCH"
        case deprecated = "DEPRECATED"
        case notReady = "NOT_READY"
        case gpuNotFound = "GPU_NOT_FOUND"
        case invalidState = "INVALID_STATE"
        case resetTypeNotSupported = "RESET_TYPE_NOT_SUPPORTED"
        case unspecified = "UNKNOWN"
    }

    /// The code as the library gives it.
    package init(code: UInt32) {
        if code == NVMLReturn.unspecifiedCode {
            self = .named(.unspecified)
        } else if code < UInt32(Name.allCases.count - 1) {
            self = .named(Name.allCases[Int(code)])
        } else {
            self = .unnamed(code)
        }
    }

    /// The only code that is not the next of its predecessor.
    private static let unspecifiedCode: UInt32 = 999

    /// The name; nil where it has none.
    package var name: Name? {
        switch self {
        case .named(let name): name
        case .unnamed: nil
        }
    }
}

extension NVMLReturn: CustomStringConvertible {
    /// The vendor's name, `GPU_IS_LOST`; a code without one is `code 31`.
    package var description: String {
        switch self {
        case .named(let name): name.rawValue
        case .unnamed(let code): "code \(code)"
        }
    }
}

extension NVMLReturn.Name {
    /// Whether a GPU of which anything answers it does no work until somebody has done something.
    var isFatal: Bool {
        switch self {
        case .resetRequired, .insufficientPower, .irqIssue, .corruptedInforom, .operatingSystem, .gpuIsLost,
            .gpuNotFound, .driverNotLoaded, .libraryMismatch, .uninitialized:
            true
        case .success, .invalidArgument, .notSupported, .noPermission, .alreadyInitialized, .notFound,
            .insufficientSize, .timeout, .libraryNotFound, .functionNotFound, .inUse, .memory, .noData,
            .vgpuEccNotSupported, .insufficientResources, .frequencyNotSupported, .versionMismatch, .deprecated,
            .notReady, .invalidState, .resetTypeNotSupported, .unspecified:
            false
        }
    }

    /// What it means, and what to do about it, for people; nil where the name says as much.
    var meaning: String? {
        switch self {
        case .uninitialized: "the driver was loaded anew; the library has to be closed and opened again"
        case .noPermission: "run as root, or as a user who may open /dev/nvidia*"
        case .driverNotLoaded: "the driver is not loaded; load it (modprobe nvidia), and see dmesg where that fails"
        case .libraryMismatch: "library and driver are of different versions; restart the node, or reload the driver"
        case .gpuIsLost: "the GPU has fallen off the bus; restart the node, and replace the GPU if it happens again"
        case .gpuNotFound: "the GPU is not there; see lspci whether the machine sees it"
        case .resetRequired: "the GPU has to be reset before it can be used"
        case .insufficientPower: "the GPU's power cables are not right"
        case .irqIssue: "the kernel delivers no interrupts of the GPU; see dmesg"
        case .corruptedInforom: "the GPU's own configuration memory is damaged; replace the GPU"
        case .operatingSystem: "the system forbids it: a cgroup or a container without the GPU's device files"
        case .functionNotFound: "the driver is too old to know it"
        case .notFound, .libraryNotFound: "the driver knows no such thing"
        case .inUse: "something still uses it"
        case .timeout: "the GPU has not answered in time"
        case .success, .invalidArgument, .notSupported, .alreadyInitialized, .insufficientSize, .memory, .noData,
            .vgpuEccNotSupported, .insufficientResources, .frequencyNotSupported, .versionMismatch, .deprecated,
            .notReady, .invalidState, .resetTypeNotSupported, .unspecified:
            nil
        }
    }
}
