/// What a node's agent vouches for when a grant is over: what its GPUs used, and what was done to make them clean.
///
/// The picture to have in mind is the sheet that a cleaner signs and hangs on the door. It goes into the log, where
/// tenant and landlord can both export it; it may stand there twice, where the node did not hear that it had arrived.
package struct SanitisingCertificate: Hashable, Sendable {
    package let lease: LeaseID
    package let epoch: Epoch
    /// By position, at most as many as a node can have.
    package let gpus: [CertifiedGPU]
    /// When the node took the grant, and when the guard said that its work was gone; by the node's clock.
    ///
    /// Nil where an agent that did not write it down has begun it.
    package let window: Window?
    /// In the order in which they were done.
    package let steps: [CertifiedStep]

    /// A certificate about some GPUs.
    package init(lease: LeaseID, epoch: Epoch, gpus: [CertifiedGPU], window: Window?, steps: [CertifiedStep]) {
        self.lease = lease
        self.epoch = epoch
        self.gpus = Array(gpus.prefix(GPUSet.countMax))
        self.window = window
        self.steps = Array(steps.prefix(DeviceStep.allCases.count))
    }

    /// What all its GPUs used; nil where it is not known of every one.
    package var energy: Millijoules? {
        gpus.reduce(Millijoules(0)) { sum, gpu in sum.flatMap { sum in gpu.energy.map { sum + $0 } } }
    }
}

/// A GPU of a certificate.
package struct CertifiedGPU: Hashable, Sendable {
    /// Its position on the node.
    package let position: Int
    /// What it calls itself.
    package let uuid: String
    /// How many of its eight memory slices the grant had.
    package let sliceCount: Int
    /// What it used from the beginning of the grant to the end of its work, by the driver's counter; nil where that
    /// was not read at both ends. Of a GPU that was shared it is the grant's part by memory slices: no device meters
    /// its instances.
    package let energy: Millijoules?

    /// A GPU; its name is cut to its bound.
    package init(position: Int, uuid: String, sliceCount: Int = SliceSet.perGPU, energy: Millijoules?) {
        self.position = position
        self.sliceCount = sliceCount
        self.uuid = uuid.line(byteCountMax: Limits.deviceTextByteCountMax)
        self.energy = energy
    }
}

/// A step of a certificate.
package struct CertifiedStep: Hashable, Sendable {
    package let step: DeviceStep
    /// By the node's clock.
    package let doneAt: CalendarInstant
    /// How often it had failed before.
    package let failureCount: UInt32
    /// What was seen.
    package let evidence: String

    /// A step that was done; the evidence is cut to its bound.
    package init(step: DeviceStep, doneAt: CalendarInstant, failureCount: UInt32, evidence: String) {
        self.step = step
        self.doneAt = doneAt
        self.failureCount = failureCount
        self.evidence = evidence.line(byteCountMax: Limits.stepTextByteCountMax)
    }
}

/// What the counters of a grant's GPUs showed at one of its ends.
package struct MeterReading: Hashable, Sendable {
    /// One GPU's.
    package struct GPU: Hashable, Sendable {
        package let uuid: String
        /// What it has used since its agent first saw it; nil where that is not known.
        package let used: Millijoules?

        /// A reading; the name is cut to its bound.
        package init(uuid: String, used: Millijoules?) {
            self.uuid = uuid.line(byteCountMax: Limits.deviceTextByteCountMax)
            self.used = used
        }
    }

    /// By the node's clock.
    package let at: CalendarInstant
    /// The grant's GPUs, by position.
    package let gpus: [GPU]

    /// A reading of the counters of a grant's GPUs.
    package init(at: CalendarInstant, gpus: [GPU]) {
        self.at = at
        self.gpus = Array(gpus.prefix(GPUSet.countMax))
    }
}
