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

    /// What is answered to a question, or to an older way of asking the same where the newer is not understood.
    ///
    /// Where neither is, a library that knows the newer in another layout is one which could say it, and not one in which
    /// there is no such thing.
    func newest<Value>(
        _ newer: () throws(NVMLFailure) -> Value, or older: () throws(NVMLFailure) -> Value
    ) throws(NVMLFailure) -> Value {
        let refusal: NVMLFailure
        do throws(NVMLFailure) {
            return try newer()
        } catch {
            guard error.isOlder else { throw error }
            refusal = error
        }
        do throws(NVMLFailure) {
            return try older()
        } catch {
            throw error.isOlder && refusal.code == .versionMismatch ? refusal : error
        }
    }

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
    mutating func ask<Value>(
        mayBeAbsent: Bool = true, _ question: () throws(NVMLFailure) -> Value
    ) throws(NVMLFailure) -> Value? {
        do throws(NVMLFailure) {
            return try question()
        } catch {
            if error.isGPUGone || error.isDriverGone { throw error }
            if !error.isAbsence || !mayBeAbsent { failures.append(error) }
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

    /// The GPU of a name, which each is asked for: a search by the driver fails as soon as any GPU is lost.
    ///
    /// Throws why one that is counted does not say its name, where it may be that one; else `NOT_FOUND`.
    package func device(_ uuid: GPUUUID) throws(NVMLFailure) -> NVMLDevice {
        var nameless: NVMLFailure?
        for found in try devices() {
            switch found {
            case .success(let device): if device.uuid == uuid { return device }
            case .failure(let failure): nameless = nameless ?? failure
            }
        }
        throw nameless ?? .refused(function: "nvmlDeviceGetUUID", code: .named(.notFound), gpu: uuid)
    }
}
