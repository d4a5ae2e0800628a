internal import LeaseholdModel

/// What was seen, as it was told, with its numbers: the raw evidence.
package enum Sign: Codable, Hashable, Sendable {
    case event(GPUEvent)
    case recovery(RecoveryAction)
    /// Memory errors that ECC could not put right, since the driver was loaded.
    case uncorrectedMemory(before: UInt64, now: UInt64)
    case rows(RemappedRows)
    case spareRows(SpareRows)
    case throttling(Throttling, temperature: Celsius?)
    case fabric(FabricIdentity)
    /// What a site's own probe said, in its first line.
    case probe(name: String, said: String)
}

/// What follows from one sign: which part it is about, and what to do.
package struct Finding: Codable, Hashable, Sendable {
    package let component: Component
    package let remedy: Remedy
    package let sign: Sign

    package init(_ component: Component, _ remedy: Remedy, _ sign: Sign) {
        self.component = component
        self.remedy = remedy
        self.sign = sign
    }
}

extension Finding {
    /// What follows from an event of a GPU whose driver says what it wants done, or not; nil where the event says
    /// nothing of the GPU's health.
    package init?(_ event: GPUEvent, driverAnswers: Bool) {
        let sign = Sign.event(event)
        switch event.what {
        case .slicesChanged: return nil
        case .xid(let xid): self = Finding(xid: xid, sign, driverAnswers: driverAnswers)
        case .uncorrectedMemory: self.init(.memory, .resetGPU, sign)
        case .memoryErrorStorm: self.init(.memory, .watch, sign)
        case .memoryRetired: self.init(.memory, .none, sign)
        case .memoryRetirementFailed: self.init(.memory, .resetGPU, sign)
        case .poison(let isFatal): self.init(.memory, isFatal ? .resetGPU : .restartWork, sign)
        case .unavailable: self.init(.gpu, .resetGPU, sign)
        case .lost: self.init(.bus, .restartNode, sign)
        case .recoveryChanged: self.init(.gpu, .none, sign)
        case .unknown: self.init(.gpu, .watch, sign)
        }
    }

    /// What follows from the verdict of a site's own probe on a GPU; nil where it is well.
    ///
    /// Nobody but the probe knows what helps, and nobody but the probe says that it has.
    init?(probe name: String, says verdict: ProbeVerdict, of gpu: GPUUUID, at position: Int) {
        let sign = Sign.probe(name: name, said: verdict.evidence)
        switch verdict.standing(of: gpu, at: position) {
        case .healthy: return nil
        case .suspect: self.init(.probe, .watch, sign)
        case .unhealthy: self.init(.probe, .service, sign)
        }
    }

    private init(xid: UInt32?, _ sign: Sign, driverAnswers: Bool) {
        // One that nobody knows may be the first sign of anything: no new work, and nobody's work is ended for it.
        let remedy = xid.flatMap(XidClass.init(xid:))?.remedy(driverAnswers: driverAnswers) ?? .watch
        self.init(xid.map(Component.init(xid:)) ?? .gpu, remedy, sign)
    }

    /// What follows from a reading, the driver's own wish first; empty where all is well.
    ///
    /// `before` is how many errors of memory that ECC could not put right the reading before this one had.
    package static func all(
        in reading: HealthReading, fabric: FabricIdentity?, uncorrectedBefore before: UInt64
    ) -> [Finding] {
        var findings: [Finding] = []
        if let recovery = reading.recovery, recovery != .none {
            findings.append(Finding(.gpu, Remedy(recovery), .recovery(recovery)))
        }
        findings += ofMemory(reading, before: before)
        findings += ofThrottling(reading)
        if let fabric, let remedy = remedy(for: fabric) { findings.append(Finding(.fabric, remedy, .fabric(fabric))) }
        return findings
    }

    private static func ofMemory(_ reading: HealthReading, before: UInt64) -> [Finding] {
        var findings: [Finding] = []
        if let errors = reading.memoryErrors {
            // Fewer than before: the driver was loaded anew, and counts from nothing.
            let base = errors.uncorrected < before ? 0 : before
            if errors.uncorrected > base {
                // A contained one needs no reset; only the driver can tell.
                let remedy: Remedy = reading.recovery == nil ? .resetGPU : .watch
                findings.append(Finding(.memory, remedy, .uncorrectedMemory(before: base, now: errors.uncorrected)))
            }
        }
        if let rows = reading.remappedRows, rows.hasFailed || rows.isPending {
            findings.append(Finding(.memory, rows.hasFailed ? .service : .resetGPU, .rows(rows)))
        }
        if let spares = reading.spareRows, spares.noneCount > 0 {
            findings.append(Finding(.memory, .watch, .spareRows(spares)))
        }
        return findings
    }

    /// Only what brakes the hardware: limits and heat that the driver steers by are how a GPU works under load.
    private static func ofThrottling(_ reading: HealthReading) -> [Finding] {
        guard let reasons = reading.throttling else { return [] }
        let sign = Sign.throttling(reasons, temperature: reading.temperature)
        var findings: [Finding] = []
        if reasons.contains(.hardwareHeat) { findings.append(Finding(.cooling, .watch, sign)) }
        let isUnexplained = reasons.contains(.hardware) && !reasons.contains(.hardwareHeat)
        if reasons.contains(.powerBrake) || isUnexplained { findings.append(Finding(.power, .watch, sign)) }
        return findings
    }

    /// Nil where the fabric is well, or is only just starting.
    private static func remedy(for fabric: FabricIdentity) -> Remedy? {
        if fabric.troubles.contains(.configuration) { return .service }
        if fabric.troubles.contains(.routeBroken) || fabric.health == .unhealthy { return .resetGPU }
        switch fabric.state {
        case .registered(failure: .some): return .recoverDomain
        case .unknown: return .watch
        case .notStarted, .inProgress, .registered(failure: nil): break
        }
        if !fabric.troubles.isEmpty { return .watch }
        switch fabric.health {
        case .limited, .unknown: return .watch
        case .healthy, .unhealthy, nil: return nil
        }
    }
}
