internal import CLeaseholdPlatform
package import LeaseholdDevices
internal import LeaseholdModel

/// How a GPU is cut, and can be.
extension NVMLDevice {
    /// Beyond the last number of any of the vendor's enumerations; a driver ends a walk long before.
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

    /// The profiles that the device really has, with their legal placements; it need not be cut for that.
    package func profiles() throws(NVMLFailure) -> [SliceProfile] {
        var profiles = try walk(profile)
        // Not while walking: what a placement is refused with would end the walk.
        for position in profiles.indices {
            profiles[position].placements = try placements(profiles[position].id)
        }
        return profiles
    }

    /// Walks one of the vendor's enumerations, which have gaps and an end.
    func walk<Entry>(_ entry: (UInt32) throws(NVMLFailure) -> Entry) throws(NVMLFailure) -> [Entry] {
        var found: [Entry] = []
        for number in 0..<NVMLDevice.enumerationMax {
            do throws(NVMLFailure) {
                found.append(try entry(number))
            } catch {
                if error.code == .invalidArgument { break }
                guard error.code == .notSupported else { throw error }
            }
        }
        return found
    }

    /// A profile without its placements.
    private func profile(_ number: UInt32) throws(NVMLFailure) -> SliceProfile {
        do throws(NVMLFailure) {
            var asked = leasehold_nvml_profile_v2()
            asked.version = UInt32(LEASEHOLD_NVML_PROFILE_V2)
            let info = try read("nvmlDeviceGetGpuInstanceProfileInfoV", into: asked) {
                table.profile_v2?(handle, number, &$0)
            }
            let name = withUnsafeBytes(of: info.name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            return SliceProfile(
                id: info.id, name: name.hasPrefix("MIG ") ? String(name.dropFirst(4)) : name,
                computeSliceCount: info.slice_count, countMax: info.instance_count,
                multiprocessorCount: info.multiprocessor_count, memory: .init(clamping: info.memory_mebibytes))
        } catch {
            guard error.isOlder else { throw error }
            let info = try read("nvmlDeviceGetGpuInstanceProfileInfo", into: leasehold_nvml_profile()) {
                table.profile?(handle, number, &$0)
            }
            return SliceProfile(
                id: info.id, name: nil, computeSliceCount: info.slice_count, countMax: info.instance_count,
                multiprocessorCount: info.multiprocessor_count, memory: .init(clamping: info.memory_mebibytes))
        }
    }

    private func placements(_ profile: UInt32) throws(NVMLFailure) -> [SliceProfile.Placement] {
        let function = "nvmlDeviceGetGpuInstancePossiblePlacements_v2"
        var count = try number(function) { table.placements?(handle, profile, nil, &$0) }
        guard count <= NVMLDevice.placementCountMax else {
            throw .absurd(function: function, answer: "\(count) placements of profile \(profile)", gpu: uuid)
        }
        let empty = [leasehold_nvml_placement](repeating: leasehold_nvml_placement(), count: Int(count))
        let found = try read(function, into: empty) { table.placements?(handle, profile, &$0, &count) }
        return found.prefix(Int(count)).map { SliceProfile.Placement(start: $0.start, sliceCount: $0.size) }
            .sorted { $0.start < $1.start }
    }
}

extension Mebibytes {
    /// A count that may be larger than fits.
    fileprivate init(clamping count: UInt64) { self.init(UInt32(clamping: count)) }
}
