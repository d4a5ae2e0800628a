internal import CLeaseholdPlatform
package import LeaseholdDevices

/// Who is on a GPU.
extension NVMLDevice {
    /// How often a list that changes all the time is asked for.
    private static let processQuestionCountMax = 16
    /// More processes than any GPU has.
    private static let processCountMax = 65_536

    /// Every process that has something on the GPU, by number; empty means that there is none.
    ///
    /// A list that cannot be had is a failure and never an empty list: somebody may give the GPU to another on it. Only
    /// a device that says that it has no graphics, or shares nothing, is believed.
    package func processes() throws(NVMLFailure) -> [GPUProcess] {
        var found = try processes(.compute, "nvmlDeviceGetComputeRunningProcesses_v3", table.compute_processes)
        for (use, function, call) in [
            (GPUProcess.Use.graphics, "nvmlDeviceGetGraphicsRunningProcesses_v3", table.graphics_processes),
            (GPUProcess.Use.shared, "nvmlDeviceGetMPSComputeRunningProcesses_v3", table.mps_processes),
        ] {
            do throws(NVMLFailure) {
                found += try processes(use, function, call)
            } catch {
                guard error.code == .notSupported else { throw error }
            }
        }
        return NVMLDevice.merged(found)
    }

    private func processes(
        _ use: GPUProcess.Use, _ function: String, _ list: ProcessEntries.List?
    ) throws(NVMLFailure) -> [GPUProcess] {
        var room = 0
        for _ in 0..<NVMLDevice.processQuestionCountMax {
            var entries = ProcessEntries(room: room)
            let answer = library.answer(list.map { entries.fill(handle, $0) })
            if answer.name != .insufficientSize {
                try library.check(answer, function, uuid)
                if entries.isFull { return entries.all(use) }
            }
            room = min(entries.count, NVMLDevice.processCountMax)
        }
        throw .refused(function: function, code: .named(.insufficientSize), gpu: uuid)
    }

    /// One entry for each process and slice.
    private static func merged(_ all: [GPUProcess]) -> [GPUProcess] {
        var merged: [GPUProcess] = []
        for next in all.sorted(by: { $0.order < $1.order }) {
            guard let last = merged.last, last.pid == next.pid, last.slice == next.slice else {
                merged.append(next)
                continue
            }
            let memory = last.memory.flatMap { one in next.memory.map { max(one, $0) } ?? one } ?? next.memory
            merged[merged.count - 1] = GPUProcess(
                pid: last.pid, use: last.use.union(next.use), memory: memory, slice: last.slice)
        }
        return merged
    }
}

/// A buffer that the driver writes a list of processes into, with room for exactly as many as there are.
///
/// Drivers of some versions write entries of 32 bytes under a name that stands for entries of 24 before and after them.
/// So there is room for the long ones, and a driver that was asked for so many short ones leaves the end of it alone: to
/// take one for the other would be to take a piece of memory for the number of a process, which somebody may then end.
/// A buffer with more room than entries would not tell, so the list is asked for again until it fits.
private struct ProcessEntries {
    /// One of the driver's lists.
    typealias List =
        @convention(c) (
            OpaquePointer, UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<leasehold_nvml_process>?
        ) -> UInt32

    private static let shortWordCount = MemoryLayout<leasehold_nvml_process>.stride / MemoryLayout<UInt64>.stride
    private static let longWordCount = shortWordCount + 1
    /// What stands where the driver has not written: nobody has so much memory.
    private static let blank: UInt64 = 0xA5A5_A5A5_A5A5_A5A5

    private var words: [UInt64]
    private let room: Int
    /// How many there are, whether or not there is room for them.
    private(set) var count = 0

    /// Whether there is room for those that there are, and no more.
    var isFull: Bool { count == room }

    init(room: Int) {
        self.room = room
        words = Array(repeating: ProcessEntries.blank, count: room * ProcessEntries.longWordCount)
    }

    mutating func fill(_ device: OpaquePointer, _ list: List) -> UInt32 {
        var count = UInt32(room)
        let code = words.withUnsafeMutableBytes { bytes in
            list(device, &count, bytes.baseAddress?.assumingMemoryBound(to: leasehold_nvml_process.self))
        }
        self.count = Int(count)
        return code
    }

    /// The processes of a list that fits.
    func all(_ use: GPUProcess.Use) -> [GPUProcess] {
        precondition(isFull, "\(count) processes in a buffer for \(room)")
        let isLong = words[(count * ProcessEntries.shortWordCount)...].contains { $0 != ProcessEntries.blank }
        let wordCount = isLong ? ProcessEntries.longWordCount : ProcessEntries.shortWordCount
        return (0..<count).map { position in
            let first = position * wordCount
            let slice = words[first + 2]
            return GPUProcess(
                pid: Int32(truncatingIfNeeded: words[first]), use: use,
                memory: words[first + 1] == .max ? nil : MemoryBytes(words[first + 1]),
                slice: GPUProcess.Slice(
                    instanceNumber: UInt32(truncatingIfNeeded: slice),
                    computeNumber: UInt32(truncatingIfNeeded: slice >> 32)))
        }
    }
}

extension GPUProcess {
    /// By process, then slice.
    fileprivate var order: (Int32, UInt32, UInt32) {
        (pid, slice?.instance.rawValue ?? .max, slice?.compute?.rawValue ?? .max)
    }
}

extension GPUProcess.Slice {
    /// The driver's numbers, all ones where there is none; nil for the whole GPU.
    init?(instanceNumber instance: UInt32, computeNumber compute: UInt32) {
        guard instance != .max else { return nil }
        self.init(
            instance: SliceInstanceID(rawValue: instance),
            compute: compute == .max ? nil : SliceComputeID(rawValue: compute))
    }
}
