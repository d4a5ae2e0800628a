internal import CLeaseholdPlatform
package import LeaseholdDevices

/// The pieces of a GPU: what there is, and one step at a time to make or unmake it.
///
/// Pieces are named by the device's numbers and not by handles, so that a step can be found again by another process.
extension NVMLDevice {
    /// More pieces of one profile than any device makes.
    private static let pieceCountMax = 64

    /// Every piece, by its number.
    package func instances(of profiles: [SliceProfile]) throws(NVMLFailure) -> [SliceInstance] {
        var found: [SliceInstance] = []
        for profile in profiles {
            let handles = try pieces("nvmlDeviceGetGpuInstances") { table.instances?(handle, profile.id, $0, $1) }
            for instance in handles { found.append(try describe(instance)) }
        }
        return found.sorted { $0.id < $1.id }
    }

    private func describe(_ instance: OpaquePointer) throws(NVMLFailure) -> SliceInstance {
        let info = try read("nvmlGpuInstanceGetInfo", into: leasehold_nvml_instance_info()) {
            table.instance_info?(instance, &$0)
        }
        var computes: [UInt32] = []
        for profile in try computeProfiles(of: instance) {
            let handles = try pieces("nvmlGpuInstanceGetComputeInstances") {
                table.computes?(instance, profile.id, $0, $1)
            }
            for compute in handles {
                let function = "nvmlComputeInstanceGetInfo_v2"
                let info = try read(function, into: leasehold_nvml_compute_info()) {
                    table.compute_info?(compute, &$0)
                }
                computes.append(info.id)
            }
        }
        return SliceInstance(
            id: info.id, profile: info.profile,
            placement: SliceProfile.Placement(start: info.placement.start, sliceCount: info.placement.size),
            computes: computes.sorted())
    }

    private typealias Handles = UnsafeMutablePointer<OpaquePointer?>

    private func pieces(
        _ function: String, _ call: (Handles, UnsafeMutablePointer<UInt32>) -> UInt32?
    ) throws(NVMLFailure) -> [OpaquePointer] {
        var count: UInt32 = 0
        var handles = [OpaquePointer?](repeating: nil, count: NVMLDevice.pieceCountMax)
        let code = handles.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { call($0, &count) }
        }
        try library.check(code, function, uuid)
        return handles.prefix(Int(count)).compactMap(\.self)
    }

    // MARK: Steps

    /// Makes a piece and gives its number; throws `INSUFFICIENT_RESOURCES` where another one lies.
    package func createInstance(
        profile: UInt32, at placement: SliceProfile.Placement
    ) throws(NVMLFailure) -> UInt32 {
        let function = "nvmlDeviceCreateGpuInstanceWithPlacement"
        var place = leasehold_nvml_placement(start: placement.start, size: placement.sliceCount)
        var made: OpaquePointer?
        try library.check(table.create_instance?(handle, profile, &place, &made), function, uuid)
        guard let made else { throw .absurd(function: function, answer: "no instance", gpu: uuid) }
        return try read("nvmlGpuInstanceGetInfo", into: leasehold_nvml_instance_info()) {
            table.instance_info?(made, &$0)
        }.id
    }

    /// Makes the compute instance that takes all of a piece, and gives its number.
    package func createCompute(in instance: UInt32) throws(NVMLFailure) -> UInt32 {
        let function = "nvmlGpuInstanceCreateComputeInstance"
        let owner = try piece(instance)
        guard let whole = try computeProfiles(of: owner).max(by: { $0.slice_count < $1.slice_count }) else {
            throw .absurd(function: function, answer: "no profile for instance \(instance)", gpu: uuid)
        }
        var made: OpaquePointer?
        try library.check(table.create_compute?(owner, whole.id, &made), function, uuid)
        guard let made else { throw .absurd(function: function, answer: "no compute instance", gpu: uuid) }
        return try read("nvmlComputeInstanceGetInfo_v2", into: leasehold_nvml_compute_info()) {
            table.compute_info?(made, &$0)
        }.id
    }

    /// Unmakes a compute instance; throws `IN_USE` while a process is in it, and `NOT_FOUND` where there is none.
    package func destroyCompute(_ compute: UInt32, in instance: UInt32) throws(NVMLFailure) {
        let function = "nvmlGpuInstanceGetComputeInstanceById"
        let owner = try piece(instance)
        var found: OpaquePointer?
        try library.check(table.compute_by_id?(owner, compute, &found), function, uuid)
        guard let found else { throw .absurd(function: function, answer: "no compute instance", gpu: uuid) }
        try library.check(table.destroy_compute?(found), "nvmlComputeInstanceDestroy", uuid)
    }

    /// Unmakes a piece; throws `IN_USE` while a compute instance is in it, and `NOT_FOUND` where there is none.
    package func destroyInstance(_ instance: UInt32) throws(NVMLFailure) {
        try library.check(table.destroy_instance?(try piece(instance)), "nvmlGpuInstanceDestroy", uuid)
    }

    private func piece(_ instance: UInt32) throws(NVMLFailure) -> OpaquePointer {
        let function = "nvmlDeviceGetGpuInstanceById"
        var found: OpaquePointer?
        try library.check(table.instance_by_id?(handle, instance, &found), function, uuid)
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
