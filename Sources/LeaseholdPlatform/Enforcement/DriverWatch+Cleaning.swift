internal import Glibc
package import LeaseholdDevices
package import LeaseholdModel

/// How GPUs are made fit for the next tenant; whoever asks waits, so no owner's thread does.
extension DriverWatch {
    /// How long processes have between the polite signal and the other, and after that.
    private static let grace = Span.seconds(5)
    /// From one look at who is left to the next.
    private static let pause: UInt32 = 50_000

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
        var ended: Set<Int32> = []
        for signal in [SIGTERM, SIGKILL] {
            let deadline = Clocks.boot() + grace
            var signalled: Set<Int32> = []
            repeat {
                let found: Found
                switch look(on: gpus) {
                case .success(let seen): found = seen
                case .failure(let reason): return .failed(reason: reason.text)
                }
                if found.pids.isEmpty {
                    let names = ended.sorted().map(String.init).joined(separator: ", ")
                    return .done(evidence: ended.isEmpty ? "no process was left" : "ended processes \(names)")
                }
                var refused: [String] = []
                for (pid, handle) in found.held where signalled.insert(pid).inserted {
                    let code = ProcessHandle.signal(handle.descriptor, signal)
                    // One that is gone already is what was wanted.
                    if code == 0 || code == ESRCH { ended.insert(pid) } else { refused.append("\(pid): errno \(code)") }
                }
                refused += found.untouchable.filter { signalled.insert($0).inserted }.map { "\($0): not a tenant's" }
                // All others were told first, and are told again with the next try.
                guard refused.isEmpty else {
                    return .failed(reason: "processes on the GPUs cannot be ended: " + refused.joined(separator: ", "))
                }
                usleep(DriverWatch.pause)
            } while Clocks.boot() < deadline
        }
        switch look(on: gpus) {
        case .success(let found) where found.pids.isEmpty: return .done(evidence: "ended \(ended.count) processes")
        case .success(let found):
            return .failed(
                reason:
                    "process \(found.pids.sorted().map(String.init).joined(separator: ", ")) lives on after SIGKILL")
        case .failure(let reason): return .failed(reason: reason.text)
        }
    }

    /// Who is on some GPUs.
    private struct Found {
        let pids: Set<Int32>
        /// Each with a handle that was opened before it was seen on the GPUs, so that it is the one that was seen.
        var held: [(pid: Int32, handle: HeldProcess)] = []
        /// Those that no tenant can have started.
        var untouchable: [Int32] { pids.filter { $0 <= 1 || $0 == getpid() }.sorted() }
    }

    private final class HeldProcess {
        let descriptor: Descriptor
        init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
    }

    /// Looks twice: a number that was seen before its handle was opened may be somebody else's by then.
    private func look(on gpus: [(gpu: GPUUUID, mask: UInt8)]) -> Result<Found, Reason> {
        let before: Set<Int32>
        switch processes(on: gpus) {
        case .success(let pids): before = pids
        case .failure(let reason): return .failure(reason)
        }
        guard !before.isEmpty else { return .success(Found(pids: [])) }
        var handles: [Int32: HeldProcess] = [:]
        for pid in before where pid > 1 && pid != getpid() {
            do throws(SystemFailure) { handles[pid] = HeldProcess(try ProcessHandle.open(pid)) } catch {
                guard error.code == ESRCH else { return .failure(Reason(text: "\(error)")) }
            }
        }
        return processes(on: gpus).map { after in
            Found(pids: after, held: after.sorted().compactMap { pid in handles[pid].map { (pid, $0) } })
        }
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
                    processes.removeAll { process in !meant.contains { $0 == process.slice?.instance } }
                }
                pids.formUnion(processes.map(\.pid))
            }
            return pids
        }
    }
}
