internal import CLeaseholdPlatform
internal import Glibc
package import LeaseholdDevices

/// Who has a device open, as the kernel knows it.
///
/// By the device's numbers, whatever file of whoever's `/dev` it was opened by. It asks no driver, so a driver that hangs
/// keeps nobody from being found.
///
/// A process that has a device only mapped, or open in a thread that shares no files with the others while those live, is
/// not seen here; the driver's own list, by which the agent cleans, has it.
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

    /// Why this process cannot find everybody, or not end whom it finds; nil where it can.
    ///
    /// The first process stands for all: its files are shown, and signals taken, by the same rules as another user's.
    package var complaint: String? {
        let wanted = "whoever finds tenants has to see and end everybody's processes: run it as root"
        do throws(SystemFailure) { _ = try names(in: "\(root)/1/fd") } catch { return "\(error); \(wanted)" }
        return kill(1, 0) == 0 ? nil : "\(SystemFailure("signal", "process 1")); \(wanted)"
    }

    /// More than a chain of forks needs to be caught up with: each look at those who are new takes less than the last.
    private static let listingCountMax = 16

    /// The processes that have one of some devices open, but for those that are spared.
    ///
    /// One that starts another and ends while the table is read is in no line of it, and neither is the other: the table
    /// is read until nobody in it is new. Where one cannot be looked into, all others are.
    package func look(for devices: Set<DeviceNumber>) -> EvictionLook {
        var (found, seen) = (Set<Int32>(), Set<Int32>())
        var failure: Reason?
        for _ in 0..<DeviceUsers.listingCountMax {
            let names: [String]
            do throws(SystemFailure) { names = try AtomicFile.names(in: root) } catch {
                return EvictionLook(pids: found, failure: Reason(text: "\(error)"))
            }
            let new = names.compactMap(Int32.init).filter { !seen.contains($0) }
            if new.isEmpty { break }
            seen.formUnion(new)
            for pid in new {
                do throws(SystemFailure) {
                    if try hasOpen(devices, "\(root)/\(pid)"), try !isSpared("\(root)/\(pid)") { found.insert(pid) }
                } catch {
                    failure = failure ?? Reason(text: "\(error)")
                }
            }
        }
        return EvictionLook(pids: found, failure: failure)
    }

    private func hasOpen(_ devices: Set<DeviceNumber>, _ process: String) throws(SystemFailure) -> Bool {
        let files = try names(in: "\(process)/fd")
        guard files.isEmpty else { return hasOpen(devices, files, in: "\(process)/fd") }
        // The first of its threads has ended, or has no file: the others may have.
        for thread in try names(in: "\(process)/task") {
            let folder = "\(process)/task/\(thread)/fd"
            if hasOpen(devices, try names(in: folder), in: folder) { return true }
        }
        return false
    }

    private func hasOpen(_ devices: Set<DeviceNumber>, _ files: [String], in folder: String) -> Bool {
        files.contains { name in
            DeviceUsers.number(of: "\(folder)/\(name)").map(devices.contains) ?? false
        }
    }

    /// What a directory about a process has; nothing where that has ended since it was listed.
    private func names(in directory: String) throws(SystemFailure) -> [String] {
        do throws(SystemFailure) { return try AtomicFile.names(in: directory) } catch {
            guard error.isAbsence || error.code == ESRCH else { throw error }
            return []
        }
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
        var owner = stat()
        // Whose it is comes first: what another runs may lie on a file system that does not answer.
        guard stat(process, &owner) == 0, owner.st_uid == geteuid() else { return false }
        return leasehold_is_same_file("\(root)/self/exe", "\(process)/exe")
    }
}
