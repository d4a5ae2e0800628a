package import LeaseholdDevices
package import LeaseholdModel

/// How GPUs are made fit for the next tenant; whoever asks waits, so no owner's thread does.
extension DriverWatch {
    /// How long processes have between the polite signal and the other, and after that.
    private static let grace = Span.seconds(5)

    /// Ends every process that has something on a grant's GPUs, or on its slices of them: politely, then not.
    package func evict(
        _ grant: GuardedGrant, on gpus: [(position: Int, gpu: GPUUUID)], grace: Span = DriverWatch.grace
    ) -> StepOutcome {
        evict(gpus.map { (gpu: $0.gpu, mask: grant.mask(ofGPU: $0.position)) }, grace: grace)
    }

    /// Ends every process that has something on some GPUs: politely, then not.
    package func evict(_ gpus: [GPUUUID], grace: Span = DriverWatch.grace) -> StepOutcome {
        evict(gpus.map { (gpu: $0, mask: .max) }, grace: grace)
    }

    private func evict(_ gpus: [(gpu: GPUUUID, mask: UInt8)], grace: Span) -> StepOutcome {
        Eviction { EvictionLook(self.processes(on: gpus)) }.run(grace: grace)
    }

    /// Resets some GPUs by a program that is given the name of each, while the driver's library is closed here.
    package func reset(_ gpus: [GPUUUID], by program: SiteProgram) -> StepOutcome {
        aside { () -> StepOutcome in
            for gpu in gpus {
                let outcome = program.run([gpu.driverText], environment: ["LEASEHOLD_GPU": gpu.driverText]).outcome
                guard case .failed(let reason) = outcome else { continue }
                return .failed(reason: "\(gpu.driverText): \(reason)")
            }
            return .done(evidence: "reset " + gpus.map(\.driverText).joined(separator: ", "))
        }
    }

    /// Looks whether nobody and nothing is on some GPUs.
    ///
    /// - Parameter baselines: the least memory that was seen in use on each since it was reset, which is what the driver
    ///   needs; nil where nobody has looked since.
    /// - Returns: done where all of them are clean.
    package func verify(_ baselines: [(gpu: GPUUUID, used: MemoryBytes?)]) -> StepOutcome {
        let answer = ask { desk throws(NVMLFailure) -> [(GPUUUID, [Int32], MemoryReading)] in
            var found: [(GPUUUID, [Int32], MemoryReading)] = []
            for (gpu, _) in baselines {
                let device = try desk.library.device(gpu)
                found.append((gpu, try device.processes().map(\.pid), try device.memory()))
            }
            return found
        }
        switch answer {
        case .failure(let reason): return .failed(reason: reason.text)
        case .success(let found):
            var evidence: [String] = []
            for ((gpu, pids, memory), (_, least)) in zip(found, baselines) {
                guard pids.isEmpty else {
                    let names = pids.map(String.init).joined(separator: ", ")
                    return .failed(reason: "\(gpu.driverText) has processes \(names)")
                }
                let bound = MemoryBytes(
                    min(
                        (least?.count ?? .max - DriverWatch.memorySlack) + DriverWatch.memorySlack, DriverWatch.idleMost
                    ))
                guard memory.used <= bound else {
                    return .failed(
                        reason:
                            "\(gpu.driverText) has \(memory.used) in use, and \(bound) is what it may have when idle")
                }
                evidence.append("\(gpu.driverText): no process, \(memory.used) in use")
            }
            return .done(evidence: evidence.joined(separator: "; "))
        }
    }

    /// What an idle GPU's use of its own memory varies by.
    private static var memorySlack: UInt64 { 64 << 20 }
    /// More than a driver keeps for itself on an idle GPU, whatever was seen: the first look may have seen a tenant.
    private static var idleMost: UInt64 { 2 << 30 }

    /// Of a GPU of which only some slices are meant, those that run in an instance there.
    private func processes(on gpus: [(gpu: GPUUUID, mask: UInt8)]) -> Result<Set<Int32>, Reason> {
        ask { desk throws(NVMLFailure) -> Set<Int32> in
            var pids: Set<Int32> = []
            for (gpu, mask) in gpus {
                let device = try desk.library.device(gpu)
                var processes = try device.processes()
                if mask != .max {
                    let meant = try device.instances().filter { $0.placement.mask & mask != 0 }.map(\.id)
                    // Who runs on the GPU itself, and in no slice of it, has got past the cut: nobody may.
                    processes.removeAll { process in
                        process.slice.map { slice in !meant.contains { $0 == slice.instance } } ?? false
                    }
                }
                pids.formUnion(processes.map(\.pid))
            }
            return pids
        }
    }
}
