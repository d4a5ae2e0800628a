import Foundation
import Glibc
import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Testing

/// Hardware that a test plays: a copy of the double of its own, opened as the driver's library would be.
///
/// Each copy is a file of its own, so the loader keeps them apart and tests do not see each other's GPUs. Unchecked,
/// because the compiler cannot see that the double takes a lock in every function.
final class PlayedHardware: @unchecked Sendable {
    /// The library to open.
    let path: String
    private let scratch = Scratch()
    private let library: UnsafeMutableRawPointer

    /// Obeys some lines of a script; what they may say is in `nvml_double.h`.
    init(_ lines: String...) throws {
        path = scratch.path(of: NVML.defaultPath)
        try FileManager.default.copyItem(atPath: PlayedHardware.built, toPath: path)
        library = try #require(dlopen(path, RTLD_NOW | RTLD_LOCAL), "the double does not load")
        for line in lines { try say(line) }
    }

    deinit { dlclose(library) }

    /// Where the build puts the double: beside the test bundle.
    static var built: String {
        let named = ProcessInfo.processInfo.environment["LEASEHOLD_BIN"].map { URL(filePath: $0) }
        let beside = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
        return (named ?? beside).appending(path: "libNVMLDouble.so").path
    }

    /// Obeys a line.
    func say(_ line: String) throws {
        let complaint = complaint(line)
        #expect(complaint == nil, "\(line)")
    }

    /// Obeys a line and gives what is wrong with it.
    func complaint(_ line: String) -> String? {
        typealias Say = @convention(c) (UnsafePointer<CChar>) -> UnsafePointer<CChar>?
        guard let symbol = dlsym(library, "double_say") else { return "the double takes no orders" }
        return unsafeBitCast(symbol, to: Say.self)(line).map { String(cString: $0) }
    }

    /// How many calls hang in a function at this moment.
    func hanging(in function: String) throws -> UInt32 {
        typealias Count = @convention(c) (UnsafePointer<CChar>) -> UInt32
        return unsafeBitCast(try #require(dlsym(library, "double_hanging")), to: Count.self)(function)
    }

    /// How often a function has been called.
    func calls(of function: String) throws -> UInt {
        typealias Count = @convention(c) (UnsafePointer<CChar>) -> UInt
        return unsafeBitCast(try #require(dlsym(library, "double_called")), to: Count.self)(function)
    }

    /// The library, opened.
    func open(hiding hidden: [String] = []) throws(NVMLFailure) -> NVML { try NVML(path: path, hiding: hidden) }

    /// One GPU of the library, opened anew.
    func device(_ number: UInt64, hiding hidden: [String] = []) throws(NVMLFailure) -> NVMLDevice {
        try open(hiding: hidden).device(gpu(number))
    }

    /// The whole inventory.
    func inventory(hiding hidden: [String] = []) -> NodeInventory {
        NVML.inventory(path: path, hiding: hidden, catalogue: GPUKind.catalogue)
    }
}

/// The name of a test's GPU.
func gpu(_ number: UInt64) -> GPUUUID { GPUUUID(high: 0x1111_2222_3333_4444, low: number) }

extension DefaultStringInterpolation {
    /// A GPU's name as the driver spells it.
    mutating func appendInterpolation(_ uuid: GPUUUID) { appendLiteral(uuid.driverText) }
}

extension NVMLFailure {
    /// A function's refusal.
    static func refused(_ function: String, _ code: NVMLReturn.Name, _ gpu: GPUUUID? = nil) -> NVMLFailure {
        .refused(function: function, code: .named(code), gpu: gpu)
    }
}

extension SliceProfileID: ExpressibleByIntegerLiteral {
    /// The device's number.
    public init(integerLiteral value: UInt32) { self.init(rawValue: value) }
}

extension SliceInstanceID: ExpressibleByIntegerLiteral {
    /// The device's number.
    public init(integerLiteral value: UInt32) { self.init(rawValue: value) }
}

extension SliceComputeID: ExpressibleByIntegerLiteral {
    /// The device's number.
    public init(integerLiteral value: UInt32) { self.init(rawValue: value) }
}

/// The same numbers for the same seed (splitmix64).
struct SeededChance: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}
