import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Testing

@Suite("Power and health of a GPU")
struct NVMLReadingTests {
    // MARK: Power

    @Test("draw, energy and limits are read as the device states them")
    func power() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "set \(gpu(1)) energy 18446744073709551615")
        let device = try hardware.device(1)
        try hardware.say("set \(gpu(1)) usage 412345")
        let reading = try device.power()
        #expect(reading.failures == [])
        #expect(
            reading.value
                == PowerReading(
                    draw: Milliwatts(412_345), energy: Millijoules(.max), limit: Milliwatts(700_000),
                    enforced: Milliwatts(700_000)))
        let range = PowerRange(
            least: Milliwatts(200_000), most: Milliwatts(700_000), initial: Milliwatts(700_000))
        #expect(try device.powerRange() == range)
    }

    @Test("what one function does not answer is missing, and the rest is there")
    func partly() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "set \(gpu(1)) energy 5")
        try hardware.say("fail nvmlDeviceGetPowerUsage 10")
        try hardware.say("fail nvmlDeviceGetEnforcedPowerLimit 3")
        let reading = try hardware.device(1).power()
        #expect(reading.value.draw == nil && reading.value.enforced == nil)
        #expect(reading.value.energy == Millijoules(5) && reading.value.limit == Milliwatts(700_000))
        // What a device does not know is no failure.
        #expect(reading.failures == [.refused("nvmlDeviceGetPowerUsage", .timeout, gpu(1))])
    }

    @Test("a failure that comes with the third call comes with the third call")
    func third() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "fail nvmlDeviceGetPowerUsage 15 skip 2 times 1")
        let device = try hardware.device(1)
        #expect(try device.power().failures == [])
        #expect(try device.power().failures == [])
        #expect(throws: NVMLFailure.refused("nvmlDeviceGetPowerUsage", .gpuIsLost, gpu(1))) { try device.power() }
        #expect(try device.power().failures == [])
    }

    @Test("a limit that was set is read back as it is enforced")
    func limit() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))")
        let device = try hardware.device(1)
        #expect(try device.setPowerLimit(Milliwatts(450_000)) == Milliwatts(450_000))
        #expect(try device.power().value.limit == Milliwatts(450_000))
        // Something else binds first.
        try hardware.say("set \(gpu(1)) cap 300000")
        #expect(try device.setPowerLimit(Milliwatts(500_000)) == Milliwatts(300_000))
        #expect(try device.power().value.limit == Milliwatts(500_000))
    }

    @Test("a limit outside the device's range changes nothing", arguments: [UInt64(199_999), 700_001, .max])
    func outside(_ count: UInt64) throws {
        let device = try PlayedHardware("gpu H100 \(gpu(1))").device(1)
        #expect(throws: NVMLFailure.refused("nvmlDeviceSetPowerManagementLimit", .invalidArgument, gpu(1))) {
            try device.setPowerLimit(Milliwatts(count))
        }
        #expect(try device.power().value.limit == Milliwatts(700_000))
    }

    @Test("a driver that is loaded anew has forgotten limit and energy")
    func forgets() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "set \(gpu(1)) energy 900000")
        #expect(try hardware.device(1).setPowerLimit(Milliwatts(450_000)) == Milliwatts(450_000))
        try hardware.say("driver reload")
        let reading = try hardware.device(1).power().value
        #expect(reading.limit == Milliwatts(700_000) && reading.energy == Millijoules(0))
    }

    @Test("the counter of energy is given as it stands: delayed, and going on")
    func energy() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "set \(gpu(1)) energy 1000")
        let device = try hardware.device(1)
        try hardware.say("set \(gpu(1)) energy_behind 400")
        #expect(try device.power().value.energy == Millijoules(600))
        try hardware.say("add \(gpu(1)) energy 50")
        try hardware.say("set \(gpu(1)) energy_behind 0")
        #expect(try device.power().value.energy == Millijoules(1_050))
    }

    @Test("persistence is set and read back, and forgotten with the driver")
    func persistence() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))")
        #expect(hardware.inventory().gpus.map(\.isPersistent) == [false])
        #expect(try hardware.device(1).setPersistent(true))
        #expect(hardware.inventory().gpus.map(\.isPersistent) == [true])
        #expect(try !hardware.device(1).setPersistent(false))
        #expect(try hardware.device(1).setPersistent(true))
        try hardware.say("driver reload")
        #expect(hardware.inventory().gpus.map(\.isPersistent) == [false])
    }

    // MARK: Health

    @Test("a GPU says how it is")
    func health() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))")
        for (name, value) in [
            ("temperature", 67), ("throttling", 0x24), ("corrected", 3), ("uncorrected", 1), ("corrected_ever", 30),
            ("uncorrected_ever", 2), ("rows_corrected", 4), ("rows_uncorrected", 1), ("rows_pending", 1),
            ("banks_all", 630), ("banks_few", 2), ("banks_none", 1), ("recovery", 4),
        ] { try hardware.say("set \(gpu(1)) \(name) \(value)") }
        let reading = try hardware.device(1).health()
        #expect(reading.failures == [])
        #expect(
            reading.value
                == HealthReading(
                    temperature: Celsius(67), throttling: [.powerLimit, .heat],
                    memoryErrors: MemoryErrors(corrected: 3, uncorrected: 1, correctedEver: 30, uncorrectedEver: 2),
                    remappedRows: RemappedRows(
                        correctedCount: 4, uncorrectedCount: 1, isPending: true, hasFailed: false),
                    spareRows: SpareRows(allCount: 630, mostCount: 0, someCount: 0, fewCount: 2, noneCount: 1),
                    recovery: .drainAndReset))
    }

    @Test("an older library says temperature and throttling by older functions")
    func older() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "set \(gpu(1)) throttling 0x40")
        let hidden = ["nvmlDeviceGetTemperatureV", "nvmlDeviceGetCurrentClocksEventReasons"]
        let reading = try hardware.device(1, hiding: hidden).health()
        #expect(reading.failures == [])
        #expect(reading.value.temperature == Celsius(31) && reading.value.throttling == .hardwareHeat)
    }

    @Test("a driver that does not know a thing leaves it out, and that is no failure")
    func absent() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "set \(gpu(1)) mig 1", "set \(gpu(1)) recovery_type 0")
        try hardware.say("fail nvmlDeviceGetTotalEccErrors 3")
        let reading = try hardware.device(1).health()
        #expect(reading.failures == [])
        #expect(reading.value.remappedRows == nil && reading.value.recovery == nil)
        // All that a GPU that is cut says of its rows.
        #expect(reading.value.spareRows != nil)
        #expect(reading.value.memoryErrors == nil && reading.value.temperature != nil)
    }

    @Test("the recovery action is read in whatever type the driver gives it")
    func recovery() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "set \(gpu(1)) recovery 1")
        let device = try hardware.device(1)
        for type in 1...6 {
            try hardware.say("set \(gpu(1)) recovery_type \(type)")
            #expect(try device.health().value.recovery == .resetGPU, "type \(type)")
        }
        try hardware.say("set \(gpu(1)) recovery_type 9")
        let reading = try device.health()
        #expect(reading.value.recovery == nil)
        let answer = "a recovery action of type 9"
        #expect(reading.failures == [.absurd(function: "nvmlDeviceGetFieldValues", answer: answer, gpu: gpu(1))])
        try hardware.say("set \(gpu(1)) recovery_type 4")
        try hardware.say("set \(gpu(1)) recovery 0xffffffffffffffff")
        #expect(try device.health().value.recovery == nil)
    }

    @Test("a lost GPU has no health: nothing is made up for it")
    func lost() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))")
        let device = try hardware.device(1)
        try hardware.say("lose \(gpu(1))")
        let failure = #expect(throws: NVMLFailure.self) { try device.health() }
        #expect(failure?.isGPUGone == true && failure?.gpu == gpu(1))
        #expect(throws: NVMLFailure.self) { try device.power() }
        #expect(throws: NVMLFailure.self) { try device.processes() }
    }

    // MARK: Memory

    @Test("memory is read with what the driver keeps for itself, or without where it counts that as used")
    func memory() throws {
        let hardware = try PlayedHardware("gpu H100 \(gpu(1))", "process \(gpu(1)) compute 41 1048576")
        let reserved: UInt64 = 551 << 20
        let total = MemoryBytes(81_559 << 20)
        let now = MemoryReading(total: total, used: MemoryBytes(1 << 20), reserved: MemoryBytes(reserved))
        #expect(try hardware.device(1).memory() == now)
        let before = MemoryReading(total: total, used: MemoryBytes(reserved + 1 << 20), reserved: nil)
        #expect(try hardware.device(1, hiding: ["nvmlDeviceGetMemoryInfo_v2"]).memory().total == before.total)
        let old = try hardware.device(1, hiding: ["nvmlDeviceGetMemoryInfo_v2"]).memory()
        #expect(old.used == MemoryBytes(reserved + 1_048_576) && old.reserved == nil)
    }
}
