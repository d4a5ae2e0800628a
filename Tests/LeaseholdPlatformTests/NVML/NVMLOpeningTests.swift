import Foundation
import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Synchronization
import Testing

@Suite("Opening the driver's library")
struct NVMLOpeningTests {
    @Test("every code that the vendor documents has its name, and others keep their number")
    func codes() {
        let names = [
            0: "SUCCESS", 1: "UNINITIALIZED", 2: "INVALID_ARGUMENT", 3: "NOT_SUPPORTED", 4: "NO_PERMISSION",
            6: "NOT_FOUND", 7: "INSUFFICIENT_SIZE", 9: "DRIVER_NOT_LOADED", 10: "TIMEOUT", 13: "FUNCTION_NOT_FOUND",
            15: "GPU_IS_LOST", 16: "RESET_REQUIRED", 17: "OPERATING_SYSTEM", 18: "LIB_RM_VERSION_MISMATCH",
            19: "IN_USE", 23: "INSUFFICIENT_RESOURCES", 25: "ARGUMENT_VERSION_MISMATCH", 27: "NOT_READY",
            30: "RESET_TYPE_NOT_SUPPORTED", 999: "UNKNOWN", 31: "code 31", 998: "code 998", 1_000: "code 1000",
        ]
        for (code, name) in names { #expect("\(NVMLReturn(code: UInt32(code)))" == name) }
        #expect(Set((0..<2_000).map { NVMLReturn(code: $0) }).count == 2_000)
    }

    @Test("the double has every function of the table, and all may be hidden")
    func symbols() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))")
        #expect(NVML.symbols.count > 40)
        #expect(Set(NVML.symbols).count == NVML.symbols.count)
        #expect(try hardware.open().missing == [])
        #expect(try hardware.open(hiding: ["nvmlDeviceGetSerial"]).missing == ["nvmlDeviceGetSerial"])
        // A name that begins like another hides only itself.
        #expect(try hardware.open(hiding: ["nvmlDeviceGetMemoryInfo"]).missing == ["nvmlDeviceGetMemoryInfo"])
    }

    @Test("a node without the driver's library says so, and what to do")
    func noLibrary() throws {
        let inventory = NVML.inventory(path: "/nowhere/libnvidia-ml.so.1", catalogue: [])
        let complaint = try #require(inventory.complaints.first)
        #expect(inventory.complaints.count == 1 && complaint.isFatal && complaint.gpu == nil)
        #expect(complaint.text.hasPrefix("cannot load /nowhere/libnvidia-ml.so.1: "))
        #expect(complaint.text.hasSuffix("; install the GPU driver, or name its library"))
        #expect(inventory.driverVersion == nil && inventory.gpus.isEmpty)
    }

    @Test("a library that is none of the driver's does not start")
    func otherLibrary() {
        #expect(throws: NVMLFailure.refused("nvmlInit_v2", .functionNotFound)) { try NVML(path: "libm.so.6") }
    }

    @Test(
        "a broken driver is something that the node says",
        arguments: [
            ("driver unload", NVMLReturn.Name.driverNotLoaded, "load it (modprobe nvidia)"),
            ("driver mismatch", .libraryMismatch, "restart the node, or reload the driver"),
            ("fail nvmlInitWithFlags 4", .noPermission, "run as root"),
            ("fail nvmlInitWithFlags 999", .unspecified, "answers UNKNOWN"),
        ])
    func broken(_ line: String, _ name: NVMLReturn.Name, _ advice: String) throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", line)
        #expect(throws: NVMLFailure.refused("nvmlInitWithFlags", name)) { try hardware.open() }
        let inventory = hardware.inventory()
        #expect(inventory.gpus.isEmpty && inventory.complaints.map(\.isFatal) == [true])
        #expect(inventory.complaints.allSatisfy { $0.text.contains(name.rawValue) && $0.text.contains(advice) })
    }

    @Test("a node without GPUs has an inventory, with nothing in it")
    func noGPUs() throws {
        let hardware = try PlayedHardware("version 570.133.20")
        var empty = NodeInventory()
        empty.driverVersion = "570.133.20"
        #expect(hardware.inventory() == empty)
    }

    @Test("a library that cannot start without GPUs is started as it can be")
    func older() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))")
        #expect(try hardware.open(hiding: ["nvmlInitWithFlags"]).driverVersion() == "570.124.06")
        #expect(try hardware.calls(of: "nvmlInit_v2") == 1)
    }

    @Test("the library is shut down when nothing of it is in use any more")
    func closes() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))")
        do {
            let device = try hardware.device(1)
            #expect(try hardware.calls(of: "nvmlShutdown") == 0)
            #expect(try device.power().value.draw == Milliwatts(87_500))
        }
        #expect(try hardware.calls(of: "nvmlShutdown") == 1)
        try hardware.say("driver unload")
        #expect(throws: NVMLFailure.self) { try hardware.open() }
        #expect(try hardware.calls(of: "nvmlShutdown") == 1)
    }

    @Test("a library that was closed lets a GPU be reset and the driver go, whatever of it is still held")
    func letsGo() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "set \(gpu(1)) recovery 1")
        let library = try hardware.open()
        let device = try library.device(gpu(1))
        #expect(hardware.complaint("reset \(gpu(1))") == "reset: the GPU is in use")
        #expect(hardware.complaint("driver remove") == "driver remove: the driver is in use")
        library.close()
        library.close()
        #expect(hardware.complaint("reset \(gpu(1))") == nil)
        #expect(throws: NVMLFailure.refused("nvmlDeviceGetPowerUsage", .uninitialized, gpu(1))) { try device.power() }
        #expect(throws: NVMLFailure.self) { try device.processes() }
        #expect(throws: NVMLFailure.refused("nvmlDeviceGetCount_v2", .uninitialized)) { try library.devices() }
        #expect(try hardware.device(1).health().value.recovery == RecoveryAction.none)
        #expect(hardware.complaint("driver remove") == nil)
        try hardware.say("driver load")
        #expect(try hardware.device(1).power().failures == [])
        #expect(try hardware.calls(of: "nvmlShutdown") == 3)
    }

    @Test("a driver that is loaded anew has to be closed by everybody and opened again, and says so")
    func reload() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))")
        do {
            let device = try hardware.device(1)
            try hardware.say("driver reload")
            let failure = #expect(throws: NVMLFailure.self) { try device.power() }
            #expect(failure?.isDriverGone == true)
            #expect("\(try #require(failure))".contains("the library has to be closed and opened again"))
            // As long as somebody uses it, the library does not begin anew.
            let still = #expect(throws: NVMLFailure.self) { try hardware.device(1) }
            #expect(still?.isDriverGone == true)
            withExtendedLifetime(device) {}
        }
        #expect(try hardware.device(1).power().failures == [])
    }

    @Test("a call that hangs holds up the thread that asked, and comes back with its answer")
    func hangs() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "hang nvmlDeviceGetPowerUsage")
        let answer = Mutex<Result<Milliwatts?, any Error>?>(nil)
        let desk = Thread {
            let reading = Result { try hardware.device(1).power().value.draw }
            answer.withLock { $0 = reading }
        }
        desk.start()
        #expect(try eventually { try hardware.hanging(in: "nvmlDeviceGetPowerUsage") == 1 })
        #expect(answer.withLock { $0 == nil })
        try hardware.say("heal nvmlDeviceGetPowerUsage")
        #expect(eventually { answer.withLock { $0 != nil } })
        #expect(try answer.withLock { try $0?.get() } == Milliwatts(87_500))
    }

    @Test("a slow call is no failure")
    func slow() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "slow nvmlDeviceGetPowerUsage 30 times 1")
        let device = try hardware.device(1)
        let start = Clocks.boot()
        #expect(try device.power().value.draw == Milliwatts(87_500))
        #expect(Clocks.boot() - start >= .milliseconds(30))
    }
}
