internal import CLeaseholdPlatform
package import LeaseholdDevices

/// A GPU that the driver knows, by its name; belongs to the thread that opened the library.
package struct NVMLDevice {
    /// The library that it came out of; stays open as long as this is used.
    let library: NVML
    /// Valid until the driver is loaded anew.
    let handle: OpaquePointer
    /// Which GPU it is.
    package let uuid: GPUUUID

    var table: leasehold_nvml { library.table }

    // MARK: Questions

    /// What a function writes into a value.
    func read<Value>(
        _ function: String, into value: Value, _ call: (inout Value) -> UInt32?
    ) throws(NVMLFailure) -> Value {
        var value = value
        try library.check(call(&value), function, uuid)
        return value
    }

    /// A number of 32 bits.
    func number(_ function: String, _ call: (inout UInt32) -> UInt32?) throws(NVMLFailure) -> UInt32 {
        try read(function, into: 0, call)
    }

    /// A text.
    func text(
        _ size: Int, _ function: String, _ call: (UnsafeMutablePointer<CChar>, UInt32) -> UInt32?
    ) throws(NVMLFailure) -> String {
        try library.text(size, function, uuid, call)
    }
}

/// Belongs to the thread that opened the library.
@available(*, unavailable)
extension NVMLDevice: Sendable {}

/// Asks one thing after the other and goes on where one is not answered.
struct NVMLQuestions {
    /// What was not answered, in the order of asking.
    private(set) var failures: [NVMLFailure] = []

    /// An answer; nil where device or driver do not know such a thing, and where the failure was noted.
    ///
    /// Throws when no further question makes sense: the GPU or the driver is gone.
    mutating func ask<Value>(_ question: () throws(NVMLFailure) -> Value) throws(NVMLFailure) -> Value? {
        do throws(NVMLFailure) {
            return try question()
        } catch {
            if error.isGPUGone || error.isDriverGone { throw error }
            if !error.isAbsence { failures.append(error) }
            return nil
        }
    }
}

extension NVML {
    /// More GPUs than any node has; what the driver counts beyond is not looked at.
    private static let deviceCountMax: UInt32 = 64

    /// Every GPU that the driver counts, or why it does not say which one it is.
    ///
    /// In the order of the driver's count, which means nothing: it differs from boot to boot.
    package func devices() throws(NVMLFailure) -> [Result<NVMLDevice, NVMLFailure>] {
        var count: UInt32 = 0
        try check(table.count?(&count), "nvmlDeviceGetCount_v2")
        var found: [Result<NVMLDevice, NVMLFailure>] = []
        for position in 0..<min(count, NVML.deviceCountMax) {
            do throws(NVMLFailure) {
                found.append(.success(try device(at: position)))
            } catch {
                if error.isDriverGone { throw error }
                found.append(.failure(error))
            }
        }
        return found
    }

    private func device(at position: UInt32) throws(NVMLFailure) -> NVMLDevice {
        var handle: OpaquePointer?
        try check(table.device_at?(position, &handle), "nvmlDeviceGetHandleByIndex_v2")
        guard let handle else {
            throw .absurd(function: "nvmlDeviceGetHandleByIndex_v2", answer: "no handle", gpu: nil)
        }
        let name = try text(LEASEHOLD_NVML_UUID_SIZE, "nvmlDeviceGetUUID") { table.uuid?(handle, $0, $1) }
        guard let uuid = GPUUUID(driverText: name) else {
            throw .absurd(function: "nvmlDeviceGetUUID", answer: name, gpu: nil)
        }
        return NVMLDevice(library: self, handle: handle, uuid: uuid)
    }

    /// The GPU of a name; throws `NOT_FOUND` where the driver does not know it.
    package func device(_ uuid: GPUUUID) throws(NVMLFailure) -> NVMLDevice {
        let function = "nvmlDeviceGetHandleByUUID"
        var handle: OpaquePointer?
        try check(table.device_by_uuid?(uuid.driverText, &handle), function, uuid)
        guard let handle else { throw .absurd(function: function, answer: "no handle", gpu: uuid) }
        return NVMLDevice(library: self, handle: handle, uuid: uuid)
    }
}
