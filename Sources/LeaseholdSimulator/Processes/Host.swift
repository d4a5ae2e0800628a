import LeaseholdModel

/// One machine: its clocks, its processes, its way to the coordinator's machine.
final class Host {
    let name: String
    private unowned let world: World
    var clock: HostClock
    private(set) var isUp = true
    /// In the order in which they are started.
    private(set) var processes: [SimulatedProcess] = []
    /// Whether nothing gets through from here to the coordinator's machine, and from there to here.
    var isCutOff = (outward: false, inward: false)
    private var bootCount: UInt64 = 1
    private let number: UInt64

    init(_ name: String, number: UInt64, in world: World) {
        self.name = name
        self.number = number
        self.world = world
        let limit = Int(world.weather.holds.clockRateErrorPPM)
        self.clock = HostClock(
            boot: BootID(high: number, low: 1), errorPPM: Int64(world.chance.below(2 * limit + 1) - limit),
            shows: .zero + world.chance.span(.seconds(1), .seconds(600)))
    }

    func add(_ process: SimulatedProcess) { processes.append(process) }

    var now: Now { clock.now(at: world.now) }

    /// The boot clock gets another rate, within the error that is assumed.
    func drift() {
        let limit = Int(world.weather.holds.clockRateErrorPPM)
        let error = Int64(world.chance.below(2 * limit + 1) - limit)
        clock.drift(errorPPM: error, at: world.now)
        world.tell(name, "its boot clock is \(error) ppm fast from here on")
        for process in processes { process.clockChanged() }
    }

    /// Everything on it dies at once, and nobody is told.
    func losePower() {
        guard isUp else { return }
        isUp = false
        world.tell(name, "loses power")
        for process in processes where process.isUp { process.die(announced: false) }
        for process in processes { process.powerLost() }
    }

    /// A new boot, and everything on it starts.
    func boot() {
        guard !isUp else { return }
        bootCount += 1
        isUp = true
        clock.reboot(
            as: BootID(high: number, low: bootCount), at: world.now,
            shows: .zero + world.chance.span(.seconds(1), .seconds(600)))
        world.tell(name, "boots, boot \(bootCount)")
        for process in processes { process.start() }
    }
}
