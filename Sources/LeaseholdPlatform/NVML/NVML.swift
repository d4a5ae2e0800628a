internal import CLeaseholdPlatform
internal import LeaseholdDevices

/// The driver's management library, opened: what it says of the node, and the way to its devices.
///
/// The picture to have in mind is a counter with one clerk. The clerk may fall asleep over any question, for ever, and
/// whoever asked waits with him. So one thread owns the library and everything that came out of it, and does nothing
/// else that anybody waits for: no heartbeat, no fence. Nothing here is `Sendable`; what comes out as a value is.
///
/// The library stays open as long as something of it is in use, or until it is closed. After the driver was loaded anew
/// its answers are `isDriverGone`; then it has to be closed before it is opened again, because the library counts its
/// users in the process and begins anew only with the first.
package final class NVML {
    /// Where the loader finds the library of the driver in use.
    package static let defaultPath = "libnvidia-ml.so.1"

    var table = leasehold_nvml()
    private var isStarted = false

    /// Opens a library and starts it, on a node without GPUs as well.
    ///
    /// - Parameters:
    ///   - path: the library, or a name that the loader looks for.
    ///   - hidden: symbols to act without, as if the driver were older.
    /// - Throws: `noLibrary` where there is none, or how it refused to start.
    package init(path: String = NVML.defaultPath, hiding hidden: [String] = []) throws(NVMLFailure) {
        if let complaint = leasehold_nvml_open(path, hidden.joined(separator: " "), &table) {
            throw .noLibrary(path: path, complaint: String(cString: complaint))
        }
        if table.init_with_flags == nil {
            try check(table.`init`?(), "nvmlInit_v2")
        } else {
            try check(table.init_with_flags?(UInt32(LEASEHOLD_NVML_INIT_NO_GPUS)), "nvmlInitWithFlags")
        }
        isStarted = true
    }

    deinit { close() }

    /// Lets go of the driver: an open library stands in the way of a GPU's reset and of the driver's unloading.
    ///
    /// Whatever came out of it answers `UNINITIALIZED` from then on; the way back is to open it anew.
    package func close() {
        // What it answers changes nothing: the library goes.
        if isStarted { _ = table.shutdown?() }
        isStarted = false
        leasehold_nvml_close(&table)
    }

    /// All symbols that this program knows, in the order of the table.
    package static var symbols: [String] {
        (0..<leasehold_nvml_function_count()).map { String(cString: leasehold_nvml_symbol($0)) }
    }

    /// The symbols that this library lacks, in the order of the table.
    package var missing: [String] {
        NVML.symbols.enumerated().filter { !leasehold_nvml_has(&table, $0.offset) }.map(\.element)
    }

    /// The driver's version: `570.124.06`.
    package func driverVersion() throws(NVMLFailure) -> String {
        try text(LEASEHOLD_NVML_VERSION_SIZE, "nvmlSystemGetDriverVersion") { table.driver_version?($0, $1) }
    }

    // MARK: Calls

    /// What a function answers; nil is one that the library lacks, or all of them once it is closed.
    func answer(_ code: UInt32?) -> NVMLReturn {
        code.map(NVMLReturn.init) ?? .named(table.library == nil ? .uninitialized : .functionNotFound)
    }

    /// Throws what is not success.
    func check(_ code: UInt32?, _ function: String, _ gpu: GPUUUID? = nil) throws(NVMLFailure) {
        try check(answer(code), function, gpu)
    }

    /// Throws what is not success.
    func check(_ code: NVMLReturn, _ function: String, _ gpu: GPUUUID? = nil) throws(NVMLFailure) {
        guard code.name != .success else { return }
        throw .refused(function: function, code: code, gpu: gpu)
    }

    /// A text that a function writes into a buffer of a size that the vendor documents.
    func text(
        _ size: Int, _ function: String, _ gpu: GPUUUID? = nil,
        _ call: (UnsafeMutablePointer<CChar>, UInt32) -> UInt32?
    ) throws(NVMLFailure) -> String {
        var bytes = [CChar](repeating: 0, count: size)
        let code = bytes.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { call($0, UInt32(size)) }
        }
        try check(code, function, gpu)
        return String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// Belongs to the thread that opened it.
@available(*, unavailable)
extension NVML: Sendable {}
