import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Testing

@Suite("Whatever the driver answers")
struct NVMLEveryFailureTests {
    /// Every code that there is, and one without a name.
    private let codes = (1...31).map(UInt32.init) + [999]

    /// Asks everything that this program ever asks, cuts a GPU and puts it together again; all that went wrong.
    private func everything(_ hardware: PlayedHardware) -> [String] {
        var texts = hardware.inventory().complaints.map(\.text)
        func attempt(_ step: () throws -> [NVMLFailure]) {
            do { texts += try step().map(\.description) } catch { texts.append("\(error)") }
        }
        func ask<Answer>(_ question: () throws -> Answer) {
            attempt {
                _ = try question()
                return []
            }
        }
        attempt {
            let device = try hardware.device(1)
            attempt { try device.power().failures }
            attempt { try device.health().failures }
            ask { try device.processes() }
            ask { try device.memory() }
            ask { try hardware.open().confidentialMode() }
            ask { try device.report([UInt8](repeating: 7, count: 32)) }
            ask { try device.certificates() }
            ask { try device.powerRange() }
            ask { try device.setPowerLimit(Milliwatts(500_000)) }
            let watch = try NVMLEventWatch(hardware.open(), [device])
            ask { try watch.next(within: .zero) }
            let id = try device.createInstance(profile: 9, at: .init(start: 4, sliceCount: 4))
            ask { try device.instances() }
            attempt { try device.setSliceMode(isOn: true).failures }
            ask { try device.setPersistent(true) }
            ask { try device.destroyCompute(device.createCompute(in: id), in: id) }
            ask { try device.destroyInstance(id) }
            return watch.failures
        }
        return texts
    }

    /// What is left out where the driver knows no such thing: everything else says so.
    private let mayBeAbsent = Set(
        [
            "Name", "Serial", "VbiosVersion", "PciInfo_v3", "MemoryInfo_v2", "GpuFabricInfoV", "PersistenceMode",
            "PowerUsage", "TotalEnergyConsumption", "PowerManagementLimit", "TemperatureV",
            "CurrentClocksEventReasons", "TotalEccErrors", "RemappedRows", "RowRemapperHistogram", "FieldValues",
        ].map { "nvmlDeviceGet\($0)" } + ["nvmlSystemGetConfComputeSettings"])

    /// Where an older function is asked instead.
    private let hasOlder = Set(
        ["MemoryInfo_v2", "GpuFabricInfoV", "GpuInstanceProfileInfoV", "TemperatureV"].map { "nvmlDeviceGet\($0)" }
            + ["nvmlSystemGetConfComputeSettings"])

    /// Whether an answer is no failure: there is no such thing, an older way is tried, or nothing has happened in time.
    private func isTaken(_ code: UInt32, of function: String) -> Bool {
        switch NVMLReturn(code: code).name {
        case .notSupported:
            // A device may have no graphics, and share nothing.
            mayBeAbsent.contains(function)
                || function.hasSuffix("RunningProcesses_v3") && !function.contains("GetCompute")
        case .functionNotFound: mayBeAbsent.union(hasOlder).contains(function)
        case .versionMismatch: hasOlder.contains(function)
        case .timeout: function == "nvmlEventSetWait_v2"
        default: false
        }
    }

    @Test("a failure of any function, with any code, is told with both")
    func everyFailure() throws {
        // What these answer is of no use to anybody.
        let functions = NVML.symbols.filter { !["nvmlShutdown", "nvmlEventSetFree"].contains($0) }
        var asked: Set<String> = []
        for function in functions {
            let hardware = try PlayedHardware(
                "gpu H100 \(gpu(1))", "set \(gpu(1)) mig 1", "gpu T4 \(gpu(2))", "confidential 2 1 0 0")
            for code in codes {
                try hardware.say("fail \(function) \(code)")
                let before = try hardware.calls(of: function)
                let texts = everything(hardware)
                let name = "\(NVMLReturn(code: code))"
                let isTold = texts.contains { $0.contains(function) && $0.contains(name) }
                if try hardware.calls(of: function) > before {
                    asked.insert(function)
                    #expect(isTold || isTaken(code, of: function), "\(function) \(code)")
                }
                try hardware.say("heal")
                // What a failure left behind goes with the driver.
                try hardware.say("driver reload")
                try hardware.say("set \(gpu(1)) mig 1")
            }
            #expect(everything(hardware) == [])
        }
        print("\(asked.count * codes.count) answers of \(asked.count) functions")
        // What is asked only where a newer function is missing is not asked here.
        let older = [
            "nvmlInit_v2", "nvmlDeviceGetMemoryInfo", "nvmlDeviceGetGpuFabricInfo", "nvmlDeviceGetTemperature",
            "nvmlDeviceGetGpuInstanceProfileInfo", "nvmlSystemGetConfComputeState",
        ]
        #expect(Set(functions).subtracting(asked) == Set(older).subtracting(asked))
    }

    @Test("whatever function a library lacks, there is an inventory")
    func everyAbsence() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))")
        let whole = hardware.inventory()
        for function in NVML.symbols {
            let inventory = hardware.inventory(hiding: [function])
            #expect(inventory.gpus.count == 1 || !inventory.complaints.isEmpty, "\(function)")
            #expect(inventory.driverVersion == whole.driverVersion || !inventory.complaints.isEmpty, "\(function)")
        }
    }
}
