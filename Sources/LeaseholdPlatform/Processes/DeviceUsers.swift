internal import CLeaseholdPlatform
internal import Glibc
package import LeaseholdDevices

/// Who has a device open, as the kernel knows it.
///
/// By the device's numbers, whatever file of whoever's `/dev` it was opened by. It asks no driver, so a driver that hangs
/// keeps nobody from being found.
///
/// A process that has a device only mapped, or open in a thread that shares no files with the others, is not seen here;
/// the driver's own list, by which the agent cleans, has it.
package struct DeviceUsers: Sendable {
    /// Groups of the system whose processes are left alone: what watches GPUs has them open all the time.
    package static let standardSpared = [
        "/system.slice/nvidia-persistenced.service", "/system.slice/nvidia-dcgm.service",
        "/system.slice/nvidia-fabricmanager.service", "/system.slice/leasehold-agent.service",
    ]

    private let root: String
    private let spared: [String]

    /// - Parameters:
    ///   - root: where the kernel's files about processes are.
    ///   - spared: control groups, as in `/proc/PID/cgroup`; those below them are spared too.
    package init(root: String = "/proc", spared: [String] = DeviceUsers.standardSpared) {
        self.root = root
        self.spared = spared
    }

    /// The processes that have one of some devices open, but for those that are spared.
    ///
    /// - Throws: `SystemFailure` where the processes cannot be listed, or one cannot be looked into: then nobody can say.
    package func pids(of devices: Set<DeviceNumber>) throws(SystemFailure) -> Set<Int32> {
        var found: Set<Int32> = []
        for name in try AtomicFile.names(in: root) {
            guard let pid = Int32(name), try hasOpen(devices, "\(root)/\(name)"), try !isSpared("\(root)/\(name)")
            else {
                continue
            }
            found.insert(pid)
        }
        return found
    }

    private func hasOpen(_ devices: Set<DeviceNumber>, _ process: String) throws(SystemFailure) -> Bool {
        let names: [String]
        do throws(SystemFailure) { names = try AtomicFile.names(in: "\(process)/fd") } catch {
            // It has ended since it was listed.
            guard error.isAbsence || error.code == ESRCH else { throw error }
            return false
        }
        for name in names {
            if let number = DeviceUsers.number(of: "\(process)/fd/\(name)"), devices.contains(number) { return true }
        }
        return false
    }

    /// What an open file is, if it is a device; nil for anything else, and for what has been closed since.
    ///
    /// Nothing is asked of a file system that may not answer: what the kernel has at hand is enough for a device.
    private static func number(of path: String) -> DeviceNumber? {
        var (major, minor): (UInt32, UInt32) = (0, 0)
        return leasehold_device_of(path, &major, &minor) ? DeviceNumber(major: major, minor: minor) : nil
    }

    /// Whether a process is one of the system's own: in a group that is spared, or this program under this user.
    ///
    /// No process can put itself into another's group, and nobody else runs this program as this user.
    private func isSpared(_ process: String) throws(SystemFailure) -> Bool {
        do throws(SystemFailure) {
            let groups = String(decoding: try AtomicFile.read("\(process)/cgroup"), as: UTF8.self)
            let isOfSystem = groups.split(separator: "\n").contains { line in
                let path = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).last ?? ""
                return spared.contains { path == $0 || path.hasPrefix("\($0)/") }
            }
            if isOfSystem { return true }
        } catch {
            guard error.isAbsence || error.code == ESRCH else { throw error }
            return false
        }
        var (own, its, owner) = (stat(), stat(), stat())
        guard stat("\(root)/self/exe", &own) == 0, stat("\(process)/exe", &its) == 0, stat(process, &owner) == 0 else {
            return false
        }
        return own.st_dev == its.st_dev && own.st_ino == its.st_ino && owner.st_uid == geteuid()
    }
}
