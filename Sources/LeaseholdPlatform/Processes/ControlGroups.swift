internal import Glibc

/// The control groups of processes, in the one hierarchy of the kernel's second version.
package struct ControlGroups: Sendable {
    private let processes: String
    /// Where the hierarchy is.
    let mount: String

    /// - Parameters:
    ///   - processes: where the kernel's files about processes are.
    ///   - mount: where the hierarchy is; nil for where systems have it.
    package init(processes: String = "/proc", mount: String? = nil) {
        self.processes = processes
        self.mount =
            mount ?? (access("/sys/fs/cgroup/cgroup.procs", F_OK) == 0 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified")
    }

    /// The group of a process, if it is that of one job: not the root, no slice that holds many, no person's session, and
    /// not the group of this process or one around it.
    func group(of pid: Int32) -> String? {
        guard let path = path(of: "\(pid)"), path != "/", !path.hasSuffix(".slice"), !path.hasPrefix("/user.slice/")
        else { return nil }
        guard let own = self.path(of: "self"), own != path, !own.hasPrefix("\(path)/") else { return nil }
        return path
    }

    /// Ends everybody in a group, at once; whether the kernel has done it.
    func end(_ group: String) -> Bool {
        ControlGroups.end(at: mount + group)
    }

    /// The same of a group by its directory.
    static func end(at directory: String) -> Bool {
        let file = open("\(directory)/cgroup.kill", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        return write(file, "1", 1) == 1
    }

    /// The group of a process, by number or `self`; nil where it has ended or there is no such hierarchy.
    func path(of process: String) -> String? {
        let text: String
        do throws(SystemFailure) {
            text = String(decoding: try AtomicFile.read("\(processes)/\(process)/cgroup"), as: UTF8.self)
        } catch {
            // It has ended: there is nothing to end any more.
            return nil
        }
        return text.split(separator: "\n").first { $0.hasPrefix("0::") }.map { String($0.dropFirst(3)) }
    }
}
