package import LeaseholdModel

/// Whether a GPU can be leased, from what its driver says of it.
///
/// Events and readings go in, in the order in which they were had; how it stands, part by part, comes out. The value
/// is all there is: it is kept as it is, and taken up again with `resumed`.
package struct GPUHealth: Codable, Hashable, Sendable {
    package let gpu: GPUUUID
    /// How long a suspect part has to be without a sign before it is healthy.
    package let calm: Span
    /// One for each of `Component.allCases`, in their order.
    private var conditions: [Condition]
    /// Errors of memory that ECC could not put right, by the last reading.
    package private(set) var uncorrectedCount: UInt64
    /// Whether the driver said in the last reading what it wants done.
    package private(set) var driverAnswers: Bool

    /// A GPU of which nothing is known against it.
    package init(gpu: GPUUUID, calm: Span = .seconds(600)) {
        self.init(gpu: gpu, calm: calm, uncorrectedCount: 0, driverAnswers: false) { _ in Condition() }
    }

    /// A GPU as it was kept.
    package init(
        gpu: GPUUUID, calm: Span, uncorrectedCount: UInt64, driverAnswers: Bool, conditions: (Component) -> Condition
    ) {
        precondition(calm > .zero, "a calm of \(calm) is none")
        self.gpu = gpu
        self.calm = calm
        self.uncorrectedCount = uncorrectedCount
        self.driverAnswers = driverAnswers
        self.conditions = Component.allCases.map(conditions)
    }

    /// How one part of it is.
    package subscript(_ component: Component) -> Condition { conditions[Int(component.rawValue)] }

    /// How it stands: as its worst part does.
    package var standing: Standing { conditions.reduce(.healthy) { max($0, $1.standing) } }
    /// What it needs: the strongest remedy of those of its parts that were not seen done.
    package var remedy: Remedy {
        conditions.reduce(.none) { max($0, $1.remedied == nil ? $1.remedy : .watch) }
    }

    /// Takes an event; one of another GPU, or of none, is not for it.
    package mutating func take(_ event: GPUEvent, at now: Now) {
        guard event.gpu == gpu, let finding = Finding(event, driverAnswers: driverAnswers) else { return }
        conditions[Int(finding.component.rawValue)].take(finding, at: now)
    }

    /// Takes a reading that was asked for after every event and remedy before it.
    ///
    /// The fabric is nil where the GPU is on none.
    package mutating func take(_ reading: HealthReading, fabric: FabricIdentity?, at now: Now) {
        let findings = Finding.all(in: reading, fabric: fabric, uncorrectedBefore: uncorrectedCount)
        for finding in findings { conditions[Int(finding.component.rawValue)].take(finding, at: now) }
        for component in Component.allCases where component != .probe {
            let own = findings.filter { $0.component == component }
            let worst = own.reduce(.healthy) { max($0, $1.remedy.standing) }
            conditions[Int(component.rawValue)].takeReading(worst: worst, at: now, calm: calm)
        }
        uncorrectedCount = reading.memoryErrors?.uncorrected ?? uncorrectedCount
        driverAnswers = reading.recovery != nil
    }

    /// Takes what a site's probe has found, if one has, and how it stands by the last word of each of them.
    ///
    /// A probe that says that it is well has seen what it asked for done, by whoever did it.
    package mutating func take(probes sign: Finding?, worst: Standing, at now: Now) {
        let place = Int(Component.probe.rawValue)
        if let sign { conditions[place].take(sign, at: now) }
        if worst < .unhealthy { conditions[place].remedied(by: .service, at: now) }
        conditions[place].takeReading(worst: worst, at: now, calm: calm)
    }

    /// Takes that something was done to it, by whoever did it and saw that it worked.
    package mutating func take(done deed: Remedy, at now: Now) {
        for index in conditions.indices { conditions[index].remedied(by: deed, at: now) }
    }

    /// Takes that it answers again after it was gone: whatever brought it back has helped its place on the bus.
    package mutating func take(returned now: Now) {
        conditions[Int(Component.bus.rawValue)].remedied(by: .restartNode, at: now)
    }

    /// Whether a value that was read from somewhere can be one; an older one knows fewer parts.
    package var isWhole: Bool { conditions.count <= Component.allCases.count && calm > .zero }

    /// Goes on after a restart of the program; of another boot, which is a restart of the node.
    package func resumed(ofThisBoot isOfThisBoot: Bool, at now: Now) -> GPUHealth {
        var health = self
        while health.conditions.count < Component.allCases.count { health.conditions.append(Condition()) }
        guard !isOfThisBoot else { return health }
        for index in health.conditions.indices { health.conditions[index].boot(at: now) }
        // The driver was loaded anew, and counts from nothing.
        health.uncorrectedCount = 0
        return health
    }
}
