internal import CLeaseholdPlatform
package import LeaseholdDevices
package import LeaseholdModel

/// Waits for what the driver tells of some GPUs without being asked; belongs to the thread that opened the library.
///
/// What happened before it was made is never told.
package final class NVMLEventWatch {
    private let library: NVML
    private let set: OpaquePointer
    /// The GPUs that it watches, by the driver's handles: a lost one does not say its name any more.
    private var gpus: [OpaquePointer: GPUUUID] = [:]
    /// What could not be watched, and why.
    package private(set) var failures: [NVMLFailure] = []

    /// Watches some GPUs for everything that they can tell and this program knows.
    package init(_ library: NVML, _ devices: [NVMLDevice]) throws(NVMLFailure) {
        var set: OpaquePointer?
        try library.check(library.table.event_set_create?(&set), "nvmlEventSetCreate")
        guard let set else { throw .absurd(function: "nvmlEventSetCreate", answer: "no event set", gpu: nil) }
        self.library = library
        self.set = set
        for device in devices {
            do throws(NVMLFailure) {
                try watch(device)
            } catch {
                if error.isDriverGone { throw error }
                failures.append(error)
            }
        }
    }

    deinit {
        // What it answers changes nothing: nobody will wait for it.
        _ = library.table.event_set_free?(set)
    }

    private func watch(_ device: NVMLDevice) throws(NVMLFailure) {
        let known = GPUEvent.Kind.allCases.reduce(0) { $0 | $1.rawValue }
        let types = try device.read("nvmlDeviceGetSupportedEventTypes", into: UInt64(0)) {
            library.table.event_types?(device.handle, &$0)
        }
        let code = library.table.register_events?(device.handle, types & known, set)
        try library.check(code, "nvmlDeviceRegisterEvents", device.uuid)
        gpus[device.handle] = device.uuid
    }

    /// The next event, or nil where there is none within a limit; 0 asks without waiting.
    package func next(within limit: Span) throws(NVMLFailure) -> GPUEvent? {
        var event = leasehold_nvml_event()
        let code = library.table.event_set_wait?(set, &event, UInt32(clamping: limit.wholeMilliseconds))
        if code.map(NVMLReturn.init)?.name == .timeout { return nil }
        try library.check(code, "nvmlEventSetWait_v2")
        return GPUEvent(
            gpu: event.device.flatMap { gpus[$0] }, what: GPUEvent.What(type: event.type, data: event.data),
            slice: GPUProcess.Slice(instance: event.instance, compute: event.compute))
    }
}

/// Belongs to the thread that opened the library.
@available(*, unavailable)
extension NVMLEventWatch: Sendable {}

extension GPUEvent {
    /// The driver's types of events, a bit each.
    fileprivate enum Kind: UInt64, CaseIterable {
        case uncorrectedMemory = 0x2
        case xid = 0x8
        case slicesChanged = 0x100
        case memoryErrorStorm = 0x200
        case memoryRetired = 0x400
        case memoryRetirementFailed = 0x800
        case poison = 0x1000
        case fatalPoison = 0x2000
        case unavailable = 0x4000
        case recoveryChanged = 0x8000
    }
}

extension GPUEvent.What {
    /// The number of an error that the driver does not know itself.
    private static let unknownXid: UInt64 = 999

    fileprivate init(type: UInt64, data: UInt64) {
        guard let kind = GPUEvent.Kind(rawValue: type) else {
            self = .unknown(type: type, data: data)
            return
        }
        switch kind {
        case .uncorrectedMemory: self = .uncorrectedMemory
        case .xid: self = .xid(data == GPUEvent.What.unknownXid ? nil : UInt32(exactly: data))
        case .slicesChanged: self = .slicesChanged
        case .memoryErrorStorm: self = .memoryErrorStorm
        case .memoryRetired: self = .memoryRetired
        case .memoryRetirementFailed: self = .memoryRetirementFailed
        case .poison: self = .poison(isFatal: false)
        case .fatalPoison: self = .poison(isFatal: true)
        case .unavailable: self = .unavailable
        case .recoveryChanged: self = .recoveryChanged
        }
    }
}
