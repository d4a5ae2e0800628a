package import LeaseholdDevices
package import LeaseholdModel

/// How the GPUs of a grant are cut as it has them, and how its slices are unmade when it is over.
///
/// One call of the driver after the other, each waited for by itself, and the pieces looked up anew each time: whoever
/// is killed in between, or given up, finds at the next try what there is. Nothing is touched that lies beside the
/// grant's own memory slices; a grant that has a GPU whole has all of them.
extension DriverWatch {
    /// Makes every GPU of a grant what the grant has: not cut, or with exactly its instances on its slices.
    ///
    /// An instance that lies there and is one of the wanted is taken over, any other on these slices is unmade. The mode
    /// is switched where it is not the wanted one, which only happens where nobody else is on the GPU: another grant
    /// there has the same mode.
    package func carve(_ grant: GuardedGrant, on gpus: [(position: Int, gpu: GPUUUID)]) -> StepOutcome {
        outcome { () throws(Reason) in
            try each(gpus) { (position, gpu) throws(Reason) in
                grant.slices.isEmpty
                    ? try makeWhole(gpu) : try cut(gpu, into: grant.cut, ofGPU: position)
            }
        }
    }

    /// Unmakes every instance on a grant's slices; what another grant has of the same GPUs is left alone.
    package func uncarve(_ grant: GuardedGrant, on gpus: [(position: Int, gpu: GPUUUID)]) -> StepOutcome {
        outcome { () throws(Reason) in
            try each(gpus) { (position, gpu) throws(Reason) in
                let gone = try clear(gpu, grant.mask(ofGPU: position)) { _ in false }
                return gone.isEmpty ? "\(gpu.driverText): no instance was left" : unmade(gone, of: gpu)
            }
        }
    }

    /// Looks whether nothing is on a grant's slices: without an instance nobody can reach their memory.
    package func verifyUncarved(_ grant: GuardedGrant, on gpus: [(position: Int, gpu: GPUUUID)]) -> StepOutcome {
        outcome { () throws(Reason) in
            try each(gpus) { (position, gpu) throws(Reason) in
                let left = try instances(on: gpu, grant.mask(ofGPU: position))
                guard left.isEmpty else {
                    throw Reason(text: "\(gpu.driverText) has instances \(names(left)) where there should be none")
                }
                let loose = try answer { desk throws(NVMLFailure) in try desk.library.device(gpu).processes() }
                    .filter { $0.slice == nil }
                guard loose.isEmpty else {
                    let pids = loose.map { "\($0.pid)" }.joined(separator: ", ")
                    throw Reason(text: "\(gpu.driverText) has processes \(pids) that are in no slice of it")
                }
                return "\(gpu.driverText): no instance on the slices, and no process beside all slices"
            }
        }
    }

    /// What a grant of slices has at this moment, as containers get it.
    func slices(of grant: GuardedGrant, on gpus: [(position: Int, gpu: GPUUUID)]) throws(Reason) -> [GrantedDevice] {
        var devices: [GrantedDevice] = []
        for (position, gpu) in gpus {
            let found = try instances(on: gpu, grant.mask(ofGPU: position))
            guard found.count == grant.cut.instanceStarts(ofGPU: position)?.count else {
                throw Reason(text: "\(gpu.driverText) has \(found.count) instances on the slices of the grant")
            }
            for instance in found {
                devices += instance.computes.map { .slice(of: gpu, instance.id, $0) }
            }
        }
        return devices
    }

    // MARK: One GPU

    private func makeWhole(_ gpu: GPUUUID) throws(Reason) -> String {
        let mode: SliceMode? = try answer { desk throws(NVMLFailure) in
            do throws(NVMLFailure) { return try desk.library.device(gpu).sliceMode() } catch {
                guard error.isAbsence else { throw error }
                return nil
            }
        }
        guard let mode else { return "\(gpu.driverText) is whole" }
        guard mode.isOn || mode.isOnAfterReset else { return "\(gpu.driverText) is not cut" }
        _ = try clear(gpu, .max) { _ in false }
        try setMode(of: gpu, isOn: false)
        return "\(gpu.driverText) is not cut any more"
    }

    private func cut(_ gpu: GPUUUID, into cut: SliceCut, ofGPU position: Int) throws(Reason) -> String {
        guard let starts = cut.instanceStarts(ofGPU: position) else {
            throw Reason(text: "nobody has said how the slices of \(gpu.driverText) are cut")
        }
        let mode = try answer { desk throws(NVMLFailure) in try desk.library.device(gpu).sliceMode() }
        // One that the next reset would switch off is no mode to build on.
        if !mode.isOn || !mode.isOnAfterReset { try setMode(of: gpu, isOn: true) }
        let profiles = try answer { desk throws(NVMLFailure) in try desk.library.device(gpu).profiles() }
        let size = Int(cut.instanceSliceCount)
        let asked = MIGProfile(name: "", memorySliceCount: size, starts: cut.starts)
        guard let profile = profiles.first(where: { $0.isCut(like: asked) }) else {
            throw Reason(text: "\(gpu.driverText) has no profile of \(size) memory slices from such starts")
        }
        let places = starts.map { SliceProfile.Placement(start: UInt32($0), sliceCount: UInt32(size)) }
        let isWanted = { (instance: SliceInstance) in
            instance.profile == profile.id && places.contains(instance.placement) && instance.computes.count == 1
        }
        let mask = cut.slices.mask(ofGPU: position)
        let gone = try clear(gpu, mask, unless: isWanted)
        let there = try instances(on: gpu, mask).map(\.placement)
        for place in places where !there.contains(place) {
            let id = try answer { desk throws(NVMLFailure) in
                try desk.library.device(gpu).createInstance(profile: profile.id, at: place)
            }
            _ = try answer { desk throws(NVMLFailure) in try desk.library.device(gpu).createCompute(in: id) }
        }
        let made = try instances(on: gpu, mask)
        guard made.count == places.count, made.allSatisfy(isWanted) else {
            throw Reason(text: "\(gpu.driverText) has instances \(names(made)) where \(places.count) were to be")
        }
        let kept = there.isEmpty ? "" : ", \(there.count) of them found there"
        return (gone.isEmpty ? "" : unmade(gone, of: gpu) + "; ")
            + "\(gpu.driverText) has instances \(names(made)) of \(profile.name ?? "profile \(profile.id)")\(kept)"
    }

    /// Unmakes the instances on some slices of a GPU that are not to stay, compute instances first.
    private func clear(
        _ gpu: GPUUUID, _ mask: UInt8, unless stays: (SliceInstance) -> Bool
    ) throws(Reason) -> [SliceInstance] {
        let gone = try instances(on: gpu, mask).filter { !stays($0) }
        for instance in gone {
            for compute in instance.computes {
                try answer { desk throws(NVMLFailure) in
                    try desk.library.device(gpu).destroyCompute(compute, in: instance.id)
                }
            }
            try answer { desk throws(NVMLFailure) in try desk.library.device(gpu).destroyInstance(instance.id) }
        }
        return gone
    }

    /// Switches the mode; what is in effect afterwards counts, and not what the driver was asked for.
    private func setMode(of gpu: GPUUUID, isOn: Bool) throws(Reason) {
        let mode = try answer { desk throws(NVMLFailure) in try desk.library.device(gpu).setSliceMode(isOn: isOn) }
        guard mode.value.isOn == isOn else {
            let why = mode.failures.map { ": \($0)" }.joined()
            throw Reason(text: "the MIG mode of \(gpu.driverText) is not \(isOn ? "on" : "off")\(why)")
        }
    }

    private func instances(on gpu: GPUUUID, _ mask: UInt8) throws(Reason) -> [SliceInstance] {
        try answer { desk throws(NVMLFailure) in try desk.library.device(gpu).instances() }
            .filter { $0.placement.mask & mask != 0 }
    }

    // MARK: Words

    private func each(
        _ gpus: [(position: Int, gpu: GPUUUID)], _ work: (Int, GPUUUID) throws(Reason) -> String
    ) throws(Reason) -> String {
        var said: [String] = []
        for (position, gpu) in gpus { said.append(try work(position, gpu)) }
        return said.joined(separator: "; ")
    }

    private func outcome(_ work: () throws(Reason) -> String) -> StepOutcome {
        do throws(Reason) { return .done(evidence: try work()) } catch { return .failed(reason: error.text) }
    }

    private func answer<Value: Sendable>(
        _ question: @escaping @Sendable (inout DriverDesk) throws(NVMLFailure) -> Value
    ) throws(Reason) -> Value {
        try ask(question).get()
    }

    private func unmade(_ gone: [SliceInstance], of gpu: GPUUUID) -> String {
        "unmade instances \(names(gone)) of \(gpu.driverText)"
    }

    private func names(_ instances: [SliceInstance]) -> String {
        instances.map { "\($0.id)" }.joined(separator: ", ")
    }
}

extension SliceProfile.Placement {
    /// Its memory slices, a bit each; none beyond the eighth.
    var mask: UInt8 {
        let all = (UInt64(1) << UInt64(min(sliceCount, 8)) - 1) << UInt64(min(start, 8))
        return UInt8(truncatingIfNeeded: all)
    }
}
