internal import CLeaseholdPlatform
package import LeaseholdDevices
internal import LeaseholdModel

/// How a GPU is cut, and can be.
extension NVMLDevice {
    /// Beyond the last number of any of the vendor's enumerations.
    private static let enumerationMax: UInt32 = 64
    /// More placements than eight slices have.
    private static let placementCountMax: UInt32 = 64

    /// Whether it is cut; throws `NOT_SUPPORTED` where it cannot be.
    package func sliceMode() throws(NVMLFailure) -> SliceMode {
        let (now, later) = try read("nvmlDeviceGetMigMode", into: (UInt32(0), UInt32(0))) {
            table.mig_mode?(handle, &$0.0, &$0.1)
        }
        return SliceMode(isOn: now != 0, isOnAfterReset: later != 0)
    }

    /// Turns cutting on or off, and gives the mode as it is afterwards: read, not believed.
    ///
    /// Where the mode could not be put into effect, what stood in the way is in the failures: `IN_USE`, or
    /// `RESET_REQUIRED` where it waits for one. The driver may reset the GPU for it, and pieces are gone where it did.
    /// Throws `NOT_SUPPORTED` where it cannot be cut, and `NO_PERMISSION` for who is not root.
    package func setSliceMode(isOn: Bool) throws(NVMLFailure) -> Noted<SliceMode> {
        let function = "nvmlDeviceSetMigMode"
        let activation = try number(function) { table.set_mig_mode?(handle, isOn ? 1 : 0, &$0) }
        var failures: [NVMLFailure] = []
        do throws(NVMLFailure) {
            try library.check(activation, function, uuid)
        } catch {
            failures.append(error)
        }
        return Noted(value: try sliceMode(), failures: failures)
    }

    /// The profiles that the device really has, with their legal placements; throws where it names none.
    package func profiles() throws(NVMLFailure) -> [SliceProfile] {
        var profiles = try walk(profile)
        // Not while walking: what a placement is refused with would be taken for a gap.
        for position in profiles.indices {
            profiles[position].placements = try placements(profiles[position].id)
        }
        return profiles
    }

    /// Walks one of the vendor's enumerations, which have gaps; throws what the first is refused with where all are.
    ///
    /// Drivers take a number that they do not know for an invalid argument, wherever it stands.
    func walk<Entry>(_ entry: (UInt32) throws(NVMLFailure) -> Entry) throws(NVMLFailure) -> [Entry] {
        var found: [Entry] = []
        var refusal: NVMLFailure?
        for number in 0..<NVMLDevice.enumerationMax {
            do throws(NVMLFailure) {
                found.append(try entry(number))
            } catch {
                guard error.code == .invalidArgument || error.code == .notSupported else { throw error }
                refusal = refusal ?? error
            }
        }
        if found.isEmpty, let refusal { throw refusal }
        return found
    }

    /// A profile without its placements.
    func profile(_ number: UInt32) throws(NVMLFailure) -> SliceProfile {
        try newest(
            { () throws(NVMLFailure) in
                var asked = leasehold_nvml_profile_v2()
                asked.version = UInt32(LEASEHOLD_NVML_PROFILE_V2)
                let info = try read("nvmlDeviceGetGpuInstanceProfileInfoV", into: asked) {
                    table.profile_v2?(handle, number, &$0)
                }
                return SliceProfile(info)
            },
            or: { () throws(NVMLFailure) in
                let info = try read("nvmlDeviceGetGpuInstanceProfileInfo", into: leasehold_nvml_profile()) {
                    table.profile?(handle, number, &$0)
                }
                return SliceProfile(info)
            })
    }

    private func placements(_ profile: SliceProfileID) throws(NVMLFailure) -> [SliceProfile.Placement] {
        let function = "nvmlDeviceGetGpuInstancePossiblePlacements_v2"
        var count = try number(function) { table.placements?(handle, profile.rawValue, nil, &$0) }
        guard count <= NVMLDevice.placementCountMax else {
            throw .absurd(function: function, answer: "\(count) placements of profile \(profile)", gpu: uuid)
        }
        let empty = [leasehold_nvml_placement](repeating: leasehold_nvml_placement(), count: Int(count))
        let found = try read(function, into: empty) { table.placements?(handle, profile.rawValue, &$0, &count) }
        return found.prefix(Int(count)).map { SliceProfile.Placement(start: $0.start, sliceCount: $0.size) }
            .sorted { $0.start < $1.start }
    }
}

extension SliceProfile {
    /// Without its placements.
    fileprivate init(_ info: leasehold_nvml_profile_v2) {
        let name = withUnsafeBytes(of: info.name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        self.init(
            id: SliceProfileID(rawValue: info.id), name: name.hasPrefix("MIG ") ? String(name.dropFirst(4)) : name,
            computeSliceCount: info.slice_count, countMax: info.instance_count,
            multiprocessorCount: info.multiprocessor_count, memory: Mebibytes(UInt32(clamping: info.memory_mebibytes)),
            engines: Engines(
                copyCount: info.copy_engine_count, decoderCount: info.decoder_count, encoderCount: info.encoder_count,
                jpegCount: info.jpeg_count, flowCount: info.ofa_count))
    }

    /// Without its placements and its name.
    fileprivate init(_ info: leasehold_nvml_profile) {
        self.init(
            id: SliceProfileID(rawValue: info.id), name: nil, computeSliceCount: info.slice_count,
            countMax: info.instance_count, multiprocessorCount: info.multiprocessor_count,
            memory: Mebibytes(UInt32(clamping: info.memory_mebibytes)),
            engines: Engines(
                copyCount: info.copy_engine_count, decoderCount: info.decoder_count, encoderCount: info.encoder_count,
                jpegCount: info.jpeg_count, flowCount: info.ofa_count))
    }
}
