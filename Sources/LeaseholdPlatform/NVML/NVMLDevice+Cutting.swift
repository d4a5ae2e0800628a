internal import CLeaseholdPlatform
package import LeaseholdDevices

/// The pieces of a GPU: what there is, and one step at a time to make or unmake it.
///
/// Pieces are named by the device's numbers and not by handles, so that a step can be found again by another process.
extension NVMLDevice {
    /// More pieces of one profile than any device makes.
    private static let pieceCountMax = 64

    /// Every piece, by its number; none where the GPU is not cut, or cannot be.
    ///
    /// Asked of the device as it is now: a piece that is not seen is one that somebody else may be given.
    package func instances() throws(NVMLFailure) -> [SliceInstance] {
        guard try isCut() else { return [] }
        var found: [SliceInstance] = []
        for profile in try walk(profile) {
            let handles = try pieces("nvmlDeviceGetGpuInstances") {
                table.instances?(handle, profile.id.rawValue, $0, $1)
            }
            for instance in handles { found.append(try describe(instance)) }
        }
        return found.sorted { $0.id < $1.id }
    }

    private func isCut() throws(NVMLFailure) -> Bool {
        do throws(NVMLFailure) {
            return try sliceMode().isOn
        } catch {
            guard error.code == .notSupported else { throw error }
            return false
        }
    }

    private func describe(_ instance: OpaquePointer) throws(NVMLFailure) -> SliceInstance {
        let info = try read("nvmlGpuInstanceGetInfo", into: leasehold_nvml_instance_info()) {
            table.instance_info?(instance, &$0)
        }
        var computes: [SliceComputeID] = []
        for profile in try computeProfiles(of: instance) {
            let handles = try pieces("nvmlGpuInstanceGetComputeInstances") {
                table.computes?(instance, profile.id, $0, $1)
            }
            for compute in handles {
                let function = "nvmlComputeInstanceGetInfo_v2"
                let info = try read(function, into: leasehold_nvml_compute_info()) {
                    table.compute_info?(compute, &$0)
                }
                computes.append(SliceComputeID(rawValue: info.id))
            }
        }
        return SliceInstance(
            id: SliceInstanceID(rawValue: info.id), profile: SliceProfileID(rawValue: info.profile),
            placement: SliceProfile.Placement(start: info.placement.start, sliceCount: info.placement.size),
            computes: computes.sorted())
    }

    private typealias Handles = UnsafeMutablePointer<OpaquePointer?>

    private func pieces(
        _ function: String, _ call: (Handles, UnsafeMutablePointer<UInt32>) -> UInt32?
    ) throws(NVMLFailure) -> [OpaquePointer] {
        var count = UInt32(NVMLDevice.pieceCountMax)
        var handles = [OpaquePointer?](repeating: nil, count: NVMLDevice.pieceCountMax)
        let code = handles.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { call($0, &count) }
        }
        try library.check(code, function, uuid)
        guard count <= handles.count else { throw .absurd(function: function, answer: "\(count) pieces", gpu: uuid) }
        return handles.prefix(Int(count)).compactMap(\.self)
    }

    // MARK: Steps

    /// Makes a piece and gives its number; throws `INSUFFICIENT_RESOURCES` where another one lies.
    ///
    /// One that does not say its number is unmade, or the failure is `leftBehind`: `instances` finds it.
    package func createInstance(
        profile: SliceProfileID, at placement: SliceProfile.Placement
    ) throws(NVMLFailure) -> SliceInstanceID {
        let function = "nvmlDeviceCreateGpuInstanceWithPlacement"
        var place = leasehold_nvml_placement(start: placement.start, size: placement.sliceCount)
        var made: OpaquePointer?
        try library.check(table.create_instance?(handle, profile.rawValue, &place, &made), function, uuid)
        guard let made else { throw .absurd(function: function, answer: "no instance", gpu: uuid) }
        let info = try named("nvmlGpuInstanceGetInfo", into: leasehold_nvml_instance_info()) {
            table.instance_info?(made, &$0)
        } orUnmake: {
            table.destroy_instance?(made)
        }
        return SliceInstanceID(rawValue: info.id)
    }

    /// Makes the compute instance that takes all of a piece, and gives its number; `leftBehind` as for a piece.
    package func createCompute(in instance: SliceInstanceID) throws(NVMLFailure) -> SliceComputeID {
        let function = "nvmlGpuInstanceCreateComputeInstance"
        let owner = try piece(instance)
        guard let whole = try computeProfiles(of: owner).max(by: { $0.slice_count < $1.slice_count }) else {
            throw .absurd(function: function, answer: "no profile for instance \(instance)", gpu: uuid)
        }
        var made: OpaquePointer?
        try library.check(table.create_compute?(owner, whole.id, &made), function, uuid)
        guard let made else { throw .absurd(function: function, answer: "no compute instance", gpu: uuid) }
        let info = try named("nvmlComputeInstanceGetInfo_v2", into: leasehold_nvml_compute_info()) {
            table.compute_info?(made, &$0)
        } orUnmake: {
            table.destroy_compute?(made)
        }
        return SliceComputeID(rawValue: info.id)
    }

    /// What something that was just made says of itself; what does not say it is unmade, because nobody could name it.
    private func named<Info>(
        _ function: String, into info: Info, _ call: (inout Info) -> UInt32?, orUnmake unmake: () -> UInt32?
    ) throws(NVMLFailure) -> Info {
        do throws(NVMLFailure) {
            return try read(function, into: info, call)
        } catch {
            guard library.answer(unmake()).name != .success, case .refused(let function, let code, _) = error else {
                throw error
            }
            throw .leftBehind(function: function, code: code, gpu: uuid)
        }
    }

    /// Unmakes a compute instance; throws `IN_USE` while a process is in it, and `NOT_FOUND` where there is none.
    package func destroyCompute(
        _ compute: SliceComputeID, in instance: SliceInstanceID
    ) throws(NVMLFailure) {
        let function = "nvmlGpuInstanceGetComputeInstanceById"
        let owner = try piece(instance)
        var found: OpaquePointer?
        try library.check(table.compute_by_id?(owner, compute.rawValue, &found), function, uuid)
        guard let found else { throw .absurd(function: function, answer: "no compute instance", gpu: uuid) }
        try library.check(table.destroy_compute?(found), "nvmlComputeInstanceDestroy", uuid)
    }

    /// Unmakes a piece; throws `IN_USE` while a compute instance is in it, and `NOT_FOUND` where there is none.
    package func destroyInstance(_ instance: SliceInstanceID) throws(NVMLFailure) {
        try library.check(table.destroy_instance?(try piece(instance)), "nvmlGpuInstanceDestroy", uuid)
    }

    private func piece(_ instance: SliceInstanceID) throws(NVMLFailure) -> OpaquePointer {
        let function = "nvmlDeviceGetGpuInstanceById"
        var found: OpaquePointer?
        try library.check(table.instance_by_id?(handle, instance.rawValue, &found), function, uuid)
        guard let found else { throw .absurd(function: function, answer: "no instance", gpu: uuid) }
        return found
    }

    private func computeProfiles(
        of instance: OpaquePointer
    ) throws(NVMLFailure) -> [leasehold_nvml_compute_profile] {
        try walk { number throws(NVMLFailure) in
            let function = "nvmlGpuInstanceGetComputeInstanceProfileInfo"
            return try read(function, into: leasehold_nvml_compute_profile()) {
                table.compute_profile?(instance, number, UInt32(LEASEHOLD_NVML_ENGINES_SHARED), &$0)
            }
        }
    }
}
