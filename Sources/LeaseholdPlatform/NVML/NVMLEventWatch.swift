internal import CLeaseholdPlatform
package import LeaseholdDevices
package import LeaseholdModel

/// Waits for what the driver tells of some GPUs without being asked; belongs to the thread that opened the library.
///
/// What happened before it was made is never told. A GPU that is lost is told once, and not watched any more: the driver
/// answers for all of them with that one. What the others tell in the moment in which it is taken out may be missing, so
/// who hears that a GPU is lost looks at all of them.
package final class NVMLEventWatch {
    private let library: NVML
    private var set: OpaquePointer
    /// The GPUs that it watches; a lost one does not say its name any more, so they are found by the driver's handles.
    private var devices: [NVMLDevice] = []
    /// Those that are lost and not yet told.
    private var lost: [GPUUUID] = []
    /// What could not be watched, and why.
    package private(set) var failures: [NVMLFailure] = []

    /// Watches some GPUs for everything that they can tell and this program knows.
    package init(_ library: NVML, _ devices: [NVMLDevice]) throws(NVMLFailure) {
        self.library = library
        set = try NVMLEventWatch.set(of: library)
        try watch(devices)
    }

    deinit {
        // What it answers changes nothing: nobody will wait for it.
        _ = library.table.event_set_free?(set)
    }

    private static func set(of library: NVML) throws(NVMLFailure) -> OpaquePointer {
        var set: OpaquePointer?
        try library.check(library.table.event_set_create?(&set), "nvmlEventSetCreate")
        guard let set else { throw .absurd(function: "nvmlEventSetCreate", answer: "no event set", gpu: nil) }
        return set
    }

    private func watch(_ wanted: [NVMLDevice]) throws(NVMLFailure) {
        devices = []
        for device in wanted {
            do throws(NVMLFailure) {
                try register(device)
                devices.append(device)
            } catch {
                if error.isDriverGone { throw error }
                failures.append(error)
            }
        }
    }

    private func register(_ device: NVMLDevice) throws(NVMLFailure) {
        let known = GPUEvent.Kind.allCases.reduce(0) { $0 | $1.rawValue }
        let function = "nvmlDeviceGetSupportedEventTypes"
        let types = try device.read(function, into: UInt64(0)) { library.table.event_types?(device.handle, &$0) }
        if types & GPUEvent.Kind.xid.rawValue == 0 {
            failures.append(.absurd(function: function, answer: "no Xid among \(types)", gpu: device.uuid))
        }
        let code = library.table.register_events?(device.handle, types & known, set)
        try library.check(code, "nvmlDeviceRegisterEvents", device.uuid)
    }

    /// The next event, or nil where there is none within a limit; 0 asks without waiting.
    package func next(within limit: Span) throws(NVMLFailure) -> GPUEvent? {
        if let event = nextLost() { return event }
        var event = leasehold_nvml_event()
        let answer = library.answer(
            library.table.event_set_wait?(set, &event, UInt32(clamping: limit.wholeMilliseconds)))
        if answer.name == .timeout { return nil }
        if answer.name == .gpuIsLost {
            try leaveOutLost()
            if let event = nextLost() { return event }
        }
        try library.check(answer, "nvmlEventSetWait_v2")
        return GPUEvent(
            gpu: devices.first { $0.handle == event.device }?.uuid,
            what: GPUEvent.What(type: event.type, data: event.data),
            slice: GPUProcess.Slice(instanceNumber: event.instance, computeNumber: event.compute))
    }

    private func nextLost() -> GPUEvent? {
        lost.isEmpty ? nil : GPUEvent(gpu: lost.removeFirst(), what: .lost, slice: nil)
    }

    /// Watches the GPUs that still answer in a set of their own.
    private func leaveOutLost() throws(NVMLFailure) {
        var answering: [NVMLDevice] = []
        for device in devices {
            do throws(NVMLFailure) {
                _ = try device.power()
                answering.append(device)
            } catch {
                if error.isDriverGone { throw error }
                lost.append(device.uuid)
            }
        }
        guard answering.count < devices.count else { return }
        let fresh = try NVMLEventWatch.set(of: library)
        _ = library.table.event_set_free?(set)
        set = fresh
        try watch(answering)
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
