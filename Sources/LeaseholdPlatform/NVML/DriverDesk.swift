internal import LeaseholdDevices
internal import LeaseholdModel

/// What lies on the desk of the thread that asks a node's driver: the library, its GPUs, and a watch for events.
///
/// Belongs to that thread, like everything on it.
struct DriverDesk {
    let library: NVML
    private let version: String
    private let catalogue: [GPUKind]
    private var devices: [NVMLDevice] = []
    private var cards: [GPUUUID: (facts: GPUFacts, range: PowerRange?)] = [:]
    private var watch: NVMLEventWatch?
    private var complaints: [String] = []
    /// What was told and has not reached anybody yet, as far as is known.
    private var told: [GPUEvent] = []
    /// How many rounds there have been.
    private var roundNumber: UInt64 = 0

    /// Opens the library and looks at every GPU that it counts.
    init(path: String, catalogue: [GPUKind]) throws(NVMLFailure) {
        library = try NVML(path: path)
        version = try library.driverVersion()
        self.catalogue = catalogue
        try look()
    }

    /// Finds out anew which GPUs there are, and watches them.
    private mutating func look() throws(NVMLFailure) {
        devices = []
        complaints = []
        for found in try library.devices() {
            switch found {
            case .success(let device): devices.append(device)
            case .failure(let failure): complaints.append("a GPU does not say who it is: \(failure)")
            }
        }
        cards = [:]
        watch = nil
        do throws(NVMLFailure) {
            let watch = try NVMLEventWatch(library, devices)
            complaints += watch.failures.map { "not everything that a GPU tells is heard: \($0)" }
            self.watch = watch
        } catch {
            if error.isDriverGone { throw error }
            complaints.append("nothing that the GPUs tell is heard: \(error)")
        }
    }

    /// How many GPUs there are, as far as they say who they are.
    var facts: [GPUFacts] {
        mutating get throws(NVMLFailure) {
            var facts: [GPUFacts] = []
            for device in devices { facts.append(try card(of: device).facts) }
            return facts
        }
    }

    // MARK: Rounds

    /// What was told since the last round that somebody heard of, and readings of every GPU.
    ///
    /// - Parameters:
    ///   - heard: the number of the last round that reached who asks; 0 for none.
    ///   - isDue: whether readings are wanted whatever was told.
    ///   - limit: the power limit that each GPU is kept at; nil for whatever it has.
    /// - Returns: nil where nothing was told and nothing is due.
    /// - Throws: where no GPU can be asked; what was told before that is kept for the next round, unless the driver is gone.
    mutating func round(
        heard: UInt64, isDue: Bool, limit: Milliwatts?
    ) throws(NVMLFailure) -> (number: UInt64, round: DriverRound)? {
        if heard == roundNumber { told = [] }
        // What is told before the first readings cannot be judged: it is heard after them.
        if roundNumber > 0 { try listen() }
        guard isDue || !told.isEmpty || roundNumber == 0 || heard != roundNumber else { return nil }
        let isLost = told.contains { $0.what == .lost }
        let hasChanged = try hasChanged()
        if isLost || hasChanged { try look() }
        if told.contains(where: { $0.what == .slicesChanged }) { cards = [:] }
        var samples: [GPUSample] = []
        for device in devices { samples.append(try sample(device, limit: limit)) }
        roundNumber += 1
        return (roundNumber, DriverRound(version: version, events: told, samples: samples, complaints: complaints))
    }

    /// More events than a driver tells between two rounds; the rest is heard in the next (L10).
    private static let eventCountMax = 256

    private mutating func listen() throws(NVMLFailure) {
        guard let watch else { return }
        while told.count < DriverDesk.eventCountMax, let event = try watch.next(within: .zero) { told.append(event) }
    }

    /// Whether other GPUs say who they are than those on the desk.
    private func hasChanged() throws(NVMLFailure) -> Bool {
        var there: [GPUUUID] = []
        for found in try library.devices() {
            if case .success(let device) = found { there.append(device.uuid) }
        }
        return there.sorted() != devices.map(\.uuid).sorted()
    }

    private mutating func card(
        of device: NVMLDevice
    ) throws(NVMLFailure) -> (facts: GPUFacts, range: PowerRange?) {
        if let known = cards[device.uuid] { return known }
        var questions = NVMLQuestions()
        let facts = try device.facts(catalogue: catalogue)
        let range = try questions.ask(device.powerRange)
        cards[device.uuid] = (facts.value, range)
        return (facts.value, range)
    }

    private mutating func sample(_ device: NVMLDevice, limit: Milliwatts?) throws(NVMLFailure) -> GPUSample {
        do throws(NVMLFailure) {
            let (facts, range) = try card(of: device)
            let health = try device.health()
            var questions = NVMLQuestions()
            let fabric = try questions.ask(device.fabric) ?? nil
            let used = try questions.ask(device.memory)?.used
            let instant = Clocks.boot()
            // Asked every time: it is this program itself that cuts them.
            let mode = facts.sliceMode == nil ? nil : try questions.ask(device.sliceMode)
            let cut =
                try mode.map { mode throws(NVMLFailure) in mode.isOn ? try questions.ask(device.instances) : [] } ?? nil
            var power = try device.power()
            var complaint: String?
            if let limit {
                complaint = try keep(device, at: limit, power.value, range)
                if complaint == nil, power.value.limit != limit { power = try device.power() }
            }
            let fatal = (health.failures + questions.failures + power.failures).first(where: \.isFatal)
            return GPUSample(
                gpu: device.uuid, card: GPUCard(facts: facts, limits: range, sliceMode: mode), health: health.value,
                fabric: fabric,
                power: power.value, used: used,
                cutSlices: cut?.reduce(0) { $1.computes.isEmpty ? $0 : $0 | $1.placement.mask },
                instant: instant, hindrance: fatal.map { "\($0)" },
                limitComplaint: complaint)
        } catch {
            if error.isDriverGone { throw error }
            return GPUSample(
                gpu: device.uuid, card: .blank, health: nil, fabric: nil, power: nil, instant: Clocks.boot(),
                hindrance: "\(error)", isLost: error.isGPUGone)
        }
    }

    /// Sets a GPU's limit where it has another; why it has not the wanted one afterwards.
    private func keep(
        _ device: NVMLDevice, at wanted: Milliwatts, _ power: PowerReading, _ range: PowerRange?
    ) throws(NVMLFailure) -> String? {
        switch LimitStep(to: wanted, from: power.limit, within: range) {
        case .keep: return nil
        case .refuse(let why): return why
        case .set(let limit):
            do throws(NVMLFailure) {
                let enforced = try device.setPowerLimit(limit)
                return enforced > limit ? "a limit of \(limit) was set, and \(enforced) is enforced" : nil
            } catch {
                if error.isDriverGone || error.isGPUGone { throw error }
                return "the limit of \(limit) was not set: \(error)"
            }
        }
    }
}
