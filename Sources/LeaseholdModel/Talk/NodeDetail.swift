/// What a node's agent says of its devices, for people: shown as it was said, and it decides nothing.
///
/// What it says of tickets is written down.
///
/// Whatever it is made of, it fits its frame: texts are cut to one line within their bound, lists to the worst of them.
package struct NodeDetail: Hashable, Sendable {
    /// The version of the driver; empty where no driver answers.
    package let driver: String
    /// By position, at most as many as a node can have.
    package let gpus: [GPUDetail]
    /// What is drawn beside the GPUs, or with them: the best source of each scope.
    package let power: [PowerDetail]
    /// Worst first, at most `Limits.troublesPerNodeCountMax`.
    package let troubles: [DeviceTrouble]
    /// What has to be done about its GPUs, and what was done last.
    package let tickets: ToldTickets
    /// How long ends of work have taken since its guard began; nil where there was none.
    package let evictions: EvictionTimes?
    /// By the node's clock.
    package let statedAt: CalendarInstant

    /// A word about some devices; of troubles beyond the bound the least are left out.
    package init(
        driver: String, gpus: [GPUDetail], power: [PowerDetail] = [], troubles: [DeviceTrouble],
        tickets: ToldTickets = .nothing, evictions: EvictionTimes? = nil, statedAt: CalendarInstant
    ) {
        self.tickets = tickets
        self.evictions = evictions
        self.driver = driver.line(byteCountMax: Limits.deviceTextByteCountMax)
        self.gpus = Array(gpus.prefix(GPUSet.countMax))
        self.power = Array(power.prefix(PowerScope.allCases.count))
        // Among equals the order stays as it was said.
        let worst = Standing.allCases.reversed().flatMap { standing in troubles.filter { $0.standing == standing } }
        self.troubles = Array(worst.prefix(Limits.troublesPerNodeCountMax))
        self.statedAt = statedAt
    }

    /// The same with what is known of its guard and of the grants there.
    package func adding(_ evictions: EvictionTimes?, _ more: [DeviceTrouble]) -> NodeDetail {
        NodeDetail(
            driver: driver, gpus: gpus, power: power, troubles: more + troubles,
            tickets: tickets, evictions: evictions, statedAt: statedAt)
    }

    /// Whether it tells people nothing new after `other`: all is equal but when it was said, what was used since, what
    /// the node draws, and how often work was ended.
    package func repeats(_ other: NodeDetail) -> Bool {
        driver == other.driver && troubles == other.troubles && gpus.map(\.unmetered) == other.gpus.map(\.unmetered)
            && power.map(\.unmetered) == other.power.map(\.unmetered)
            && tickets == other.tickets && evictions?.slowest == other.evictions?.slowest
    }
}

/// What is said of one GPU; any text of it may be empty.
package struct GPUDetail: Hashable, Sendable {
    package let uuid: String
    /// The vendor's name of it.
    package let product: String
    package let serial: String
    /// Where it is plugged in: `00000000:1B:00.0`.
    package let bus: String
    package let firmware: String
    package let memoryMiB: UInt64
    /// `off`, `on`, `on after a reset` or `off after a reset`; empty where the GPU cannot be cut.
    package let sliceMode: String
    package let standing: Standing
    /// The power limit that is enforced.
    package let limit: Watts?
    /// Metered since the agent first saw the GPU.
    package let energyJoules: UInt64?

    /// A word about one GPU; its texts are cut to their bound.
    package init(
        uuid: String, product: String, serial: String, bus: String, firmware: String, memoryMiB: UInt64,
        sliceMode: String, standing: Standing, limit: Watts?, energyJoules: UInt64?
    ) {
        self.uuid = uuid.line(byteCountMax: Limits.deviceTextByteCountMax)
        self.product = product.line(byteCountMax: Limits.deviceTextByteCountMax)
        self.serial = serial.line(byteCountMax: Limits.deviceTextByteCountMax)
        self.bus = bus.line(byteCountMax: Limits.deviceTextByteCountMax)
        self.firmware = firmware.line(byteCountMax: Limits.deviceTextByteCountMax)
        self.memoryMiB = memoryMiB
        self.sliceMode = sliceMode.line(byteCountMax: Limits.deviceTextByteCountMax)
        self.standing = standing
        self.limit = limit
        self.energyJoules = energyJoules
    }

    /// The same without what it has used.
    fileprivate var unmetered: GPUDetail {
        GPUDetail(
            uuid: uuid, product: product, serial: serial, bus: bus, firmware: firmware, memoryMiB: memoryMiB,
            sliceMode: sliceMode, standing: standing, limit: limit, energyJoules: nil)
    }
}

/// What is wrong with a part of a GPU, or with the node's devices as a whole.
package struct DeviceTrouble: Hashable, Sendable {
    /// The GPU's position; nil for the node as a whole, and where no node has so many.
    package let gpu: Int?
    /// `memory`, `link`, `driver`.
    package let component: String
    package let standing: Standing
    /// `Xid 79: the GPU has fallen off the bus`.
    package let what: String
    /// What to do; empty where there is nothing.
    package let remedy: String
    package let since: CalendarInstant
    /// How often it was seen.
    package let count: UInt64
    /// The node's breakfix ticket.
    package let ticket: UInt64?

    /// A trouble; its texts are cut to their bounds.
    package init(
        gpu: Int?, component: String, standing: Standing, what: String, remedy: String, since: CalendarInstant,
        count: UInt64, ticket: UInt64?
    ) {
        self.gpu = gpu.flatMap { (0..<GPUSet.countMax).contains($0) ? $0 : nil }
        self.component = component.line(byteCountMax: Limits.deviceTextByteCountMax)
        self.standing = standing
        self.what = what.line(byteCountMax: Limits.troubleTextByteCountMax)
        self.remedy = remedy.line(byteCountMax: Limits.troubleTextByteCountMax)
        self.since = since
        self.count = count
        self.ticket = ticket
    }
}
