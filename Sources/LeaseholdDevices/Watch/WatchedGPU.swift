package import LeaseholdModel

/// A GPU at its position on the node, with everything that is kept of it.
package struct WatchedGPU: Codable, Hashable, Sendable {
    /// Why it cannot be used, beside how its parts stand, and since when.
    package struct Hindrance: Codable, Hashable, Sendable {
        package let what: String
        package let since: CalendarInstant

        package init(what: String, since: CalendarInstant) {
            self.what = what
            self.since = since
        }
    }

    package internal(set) var card: GPUCard
    package internal(set) var health: GPUHealth
    /// What it has used; nil before a reading of its counter.
    package internal(set) var meter: EnergyMeter?
    /// The last reading of its power, which may be old where it is hindered.
    package internal(set) var draw: Milliwatts?
    package internal(set) var enforced: Milliwatts?
    /// The least of its memory that was seen taken, under the driver that it has and since it was reset: what that needs
    /// for itself.
    package internal(set) var leastUsed: MemoryBytes?
    /// How it was last seen to be cut; nil where nobody has seen that.
    package internal(set) var cut: CutReading?
    package internal(set) var hindrance: Hindrance?
    /// Why its power limit is not the one that is wanted, and since when.
    package internal(set) var limitHindrance: Hindrance?
    /// Whether the driver did not know it when it was last asked.
    package internal(set) var isAbsent = false

    /// A GPU that nobody has looked at yet.
    init(_ gpu: GPUUUID) {
        card = .blank
        health = GPUHealth(gpu: gpu)
    }

    /// What it calls itself.
    package var uuid: GPUUUID { health.gpu }

    /// Since the first reading of its counter.
    package var energy: Millijoules? { meter?.total }

    /// The same, where its counter was read not long ago: no more than that is missing from it.
    package func energy(at now: BootInstant) -> Millijoules? {
        guard let mark = meter?.mark, now - mark.instant <= WatchedGPU.energyAgeMax else { return nil }
        return mark.total
    }

    /// As long as a round is put off by the reset of another GPU, and as a kept chart may be old.
    private static let energyAgeMax = Span.seconds(60)

    /// How it stands, all in all.
    package var standing: Standing { hindrance == nil ? health.standing : .unhealthy }

    /// More than any GPU draws on average between two readings, where its own limits are not known.
    private static let drawMax = Milliwatts(3_000_000)
    /// How old what a counter of energy shows may be: drivers renew it several times a second.
    private static let lagMax = Span.seconds(1)

    /// Takes what it said in a round; events of the round were taken before.
    mutating func take(_ sample: GPUSample, hasCounterBegun: Bool, at now: Now) {
        card = sample.card.filled(from: card)
        if sample.isLost {
            lose("it does not answer its driver any more", at: now)
            return
        }
        if isAbsent {
            isAbsent = false
            health.take(returned: now)
        }
        hinder(\.hindrance, sample.hindrance, at: now)
        hinder(\.limitHindrance, sample.limitComplaint, at: now)
        if let reading = sample.health { health.take(reading, fabric: sample.fabric, at: now) }
        if let slices = sample.cutSlices { cut = CutReading(slices: slices, at: sample.instant) }
        if let used = sample.used { leastUsed = min(leastUsed ?? used, used) }
        guard let power = sample.power else { return }
        draw = power.draw ?? draw
        enforced = power.enforced ?? power.limit ?? enforced
        guard let shown = power.energy else { return }
        if meter == nil {
            let twice = card.limits.map { Milliwatts($0.most.count * 2) }
            meter = EnergyMeter(
                drawMax: max(twice ?? WatchedGPU.drawMax, WatchedGPU.drawMax), lagMax: WatchedGPU.lagMax)
        }
        if hasCounterBegun { meter?.counterBegan() }
        _ = meter?.take(shown, at: sample.instant)
    }

    /// Takes that it was reset, and answers again.
    mutating func takeReset(at now: Now) {
        health.take(done: .resetGPU, at: now)
        meter?.counterBegan()
        // What its driver needs for itself may be more than before.
        leastUsed = nil
    }

    /// Takes that the driver does not know it.
    mutating func lose(_ what: String, at now: Now) {
        if !isAbsent { health.take(GPUEvent(gpu: uuid, what: .lost, slice: nil), at: now) }
        isAbsent = true
        hinder(\.hindrance, what, at: now)
    }

    /// Sets why it cannot be used, since now where it is another reason than before.
    mutating func hinder(_ place: WritableKeyPath<WatchedGPU, Hindrance?>, _ what: String?, at now: Now) {
        guard self[keyPath: place]?.what != what else { return }
        self[keyPath: place] = what.map { Hindrance(what: $0, since: now.calendar) }
    }

    /// Goes on after a restart of the program.
    func resumed(ofThisBoot isOfThisBoot: Bool, at now: Now) -> WatchedGPU {
        var gpu = self
        gpu.health = health.resumed(ofThisBoot: isOfThisBoot, at: now)
        gpu.cut = nil
        if !isOfThisBoot {
            // One that is still not there has not come back: its loss is seen anew.
            gpu.isAbsent = false
            gpu.leastUsed = nil
        }
        if let mark = meter?.mark { gpu.meter?.resume(from: mark, ofThisBoot: isOfThisBoot) }
        return gpu
    }
}
