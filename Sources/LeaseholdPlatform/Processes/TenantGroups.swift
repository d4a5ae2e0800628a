internal import CLeaseholdPlatform
internal import Glibc
package import LeaseholdDevices
internal import LeaseholdModel

/// Control groups for tenants, one for each grant: who is in one opens no GPU but the grant's own, and is ended with it.
///
/// The picture to have in mind is a corridor with one locked room for each guest. Whoever lets guests in, the site's own
/// container runtime, is free to put them there or not; who is in a room is found without a search, gets into no other
/// guest's, and leaves with all whom he has brought when the room is cleared.
package struct TenantGroups: Equatable, Sendable {
    /// The link in a guard's state directory that leads to its groups.
    package static let linkName = "groups"

    /// An absolute path in the one hierarchy of the kernel's second version.
    package let directory: String
    /// The kernel's list of drivers and their majors.
    private let drivers: String

    /// A directory that is there, in which groups can be made that keep devices from those in them.
    ///
    /// - Throws: `Reason` where the system does not allow it.
    package init(directory: String, drivers: String = "/proc/devices") throws(Reason) {
        self.directory = directory
        self.drivers = drivers
        let trial = "\(directory)/trial"
        do throws(SystemFailure) {
            try TenantGroups.remove(trial)
            try make(trial, for: SpecifiedDevices())
            try TenantGroups.remove(trial)
        } catch {
            throw Reason(text: "no control groups for tenants in \(directory): \(error)")
        }
    }

    /// The group below that of its unit in which a guard is: a group with processes of its own has no others below it that
    /// a container runtime could limit.
    private static let ownName = "guard"

    /// Groups in that of the unit of this process, which goes into one beside them: a service manager that ends what is in
    /// its unit ends all.
    ///
    /// - Throws: `Reason` where the system does not allow it.
    package static func own() throws(Reason) -> TenantGroups {
        let groups = ControlGroups()
        guard let path = groups.path(of: "self") else {
            throw Reason(text: "no control groups for tenants: this system has no cgroup v2")
        }
        let suffix = "/\(ownName)"
        let unit = path.hasSuffix(suffix) ? String(path.dropLast(suffix.count)) : path
        guard !unit.isEmpty, unit != "/" else {
            throw Reason(
                text: "no control groups for tenants: this process is in the root group and in no unit of its own")
        }
        let tenants = try TenantGroups(directory: groups.mount + unit)
        do throws(SystemFailure) {
            let own = groups.mount + unit + suffix
            guard mkdir(own, 0o755) == 0 || errno == EEXIST else { throw SystemFailure("make", own) }
            let file = try Descriptor(opening: "\(own)/cgroup.procs", O_WRONLY)
            guard write(file.number, "0", 1) == 1 else { throw SystemFailure("enter", own) }
        } catch {
            throw Reason(text: "no control groups for tenants: \(error)")
        }
        return tenants
    }

    /// Where the group of a grant is, or would be.
    package func path(of grant: CDIName) -> String { "\(directory)/\(grant)" }

    /// Makes the link that leads to a guard's groups, or takes that of an earlier guard away where there are none.
    package static func tell(_ groups: TenantGroups?, by link: String) throws(SystemFailure) {
        guard unlink(link) == 0 || errno == ENOENT else { throw SystemFailure("remove", link) }
        guard let groups else { return }
        guard symlink(groups.directory, link) == 0 else { throw SystemFailure("make", link) }
    }

    /// The groups to which the link of an earlier guard leads; nil where it leads nowhere.
    package init?(toldBy link: String) {
        guard let real = realpath(link, nil) else { return nil }
        defer { free(real) }
        directory = String(cString: real)
        drivers = "/proc/devices"
    }

    /// Where programs of the site's own are run for a grant, by the link of its guard: a group below that of the grant, which
    /// has none but groups below it, so that a container runtime can limit those.
    ///
    /// What an earlier run has left there is ended first.
    /// - Returns: nil where the guard has no groups.
    /// - Throws: `Reason` where it has, and none for this grant, or where an earlier run lives on.
    static func programGroup(of grant: CDIName, by link: String) throws(Reason) -> String? {
        var status = stat()
        guard lstat(link, &status) == 0 else { return nil }
        guard let room = path(of: grant, by: link) else {
            throw Reason(text: "the control group of the lease is gone: its guard was started anew, or ends its work")
        }
        let group = "\(room)/hook"
        let before: TenantGroup
        do throws(SystemFailure) {
            guard mkdir(group, 0o755) == 0 || errno == EEXIST else { throw SystemFailure("make", group) }
            before = TenantGroup(try Descriptor(opening: group, O_RDONLY | O_DIRECTORY))
        } catch {
            throw Reason(text: "\(error)")
        }
        let outcome = Eviction(whole: [before.path]) { before.members() }.run(grace: .seconds(2), politely: false)
        if case .failed(let reason) = outcome { throw Reason(text: "an earlier run: \(reason)") }
        return group
    }

    /// Where the group of a grant is, by the link of its guard; nil where it has none.
    static func path(of grant: CDIName, by link: String) -> String? {
        guard let path = TenantGroups(toldBy: link)?.path(of: grant), access(path, F_OK) == 0 else { return nil }
        return path
    }

    /// Makes the group of a grant, anew where there is one; nobody is to be in that.
    ///
    /// - Parameters:
    ///   - grant: whose.
    ///   - devices: what its containers are given; whatever else is of an NVIDIA driver nobody in the group can open.
    /// - Throws: `SystemFailure`, where it cannot be made, or where somebody is in the one that there is.
    package func make(_ grant: CDIName, for devices: SpecifiedDevices) throws(SystemFailure) {
        try TenantGroups.remove(path(of: grant))
        try make(path(of: grant), for: devices)
    }

    private func make(_ path: String, for devices: SpecifiedDevices) throws(SystemFailure) {
        guard mkdir(path, 0o755) == 0 else { throw SystemFailure("make", path) }
        do throws(SystemFailure) { try confine(path, to: devices) } catch {
            // Nobody gets into one that keeps nothing from anybody.
            guard rmdir(path) == 0 else { throw SystemFailure("remove", path) }
            throw error
        }
    }

    private func confine(_ path: String, to devices: SpecifiedDevices) throws(SystemFailure) {
        let file = "\(path)/cgroup.kill"
        guard access(file, F_OK) == 0 else {
            throw SystemFailure("find", "\(file) (a group of cgroup v2, Linux 5.14)")
        }
        let group = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY)
        let tables = DriverTables(
            devices: String(decoding: try AtomicFile.read(drivers), as: UTF8.self), gpus: [], capabilities: "")
        let majors = Array(tables.confinedMajors.union(devices.all.map(\.major)))
        let allowed = devices.all.map { leasehold_device(major: $0.major, minor: $0.minor) }
        let code = leasehold_confine(group.number, majors, majors.count, allowed, allowed.count)
        guard code == 0 else {
            throw SystemFailure(operation: "confine the devices of", subject: path, code: code)
        }
    }

    /// The group of a grant as it is now; nil where there is none.
    package func group(of grant: CDIName) throws(SystemFailure) -> TenantGroup? {
        do throws(SystemFailure) {
            return TenantGroup(try Descriptor(opening: path(of: grant), O_RDONLY | O_DIRECTORY))
        } catch {
            guard error.isAbsence else { throw error }
            return nil
        }
    }

    /// The groups that an earlier guard has left.
    package func standing() throws(Reason) -> [CDIName] {
        do throws(SystemFailure) { return try AtomicFile.names(in: directory).compactMap(CDIName.init(text:)) } catch {
            throw Reason(text: "\(error)")
        }
    }

    /// Takes the group of a grant away, in which nobody is any more.
    package func remove(_ grant: CDIName) throws(SystemFailure) { try TenantGroups.remove(path(of: grant)) }

    /// The lowest first: a group with others below it cannot be removed.
    private static func remove(_ path: String) throws(SystemFailure) {
        for below in try groups(below: path) { try remove(below) }
        guard rmdir(path) == 0 || errno == ENOENT else { throw SystemFailure("remove", path) }
    }

    fileprivate static func groups(below path: String) throws(SystemFailure) -> [String] {
        let names = try ifThere([]) { () throws(SystemFailure) in try AtomicFile.names(in: path) }
        return names.map { "\(path)/\($0)" }.filter { file in
            var status = stat()
            return lstat(file, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        }
    }

    /// What is there; something else where the group has gone in the meantime.
    fileprivate static func ifThere<Value>(
        _ other: Value, _ read: () throws(SystemFailure) -> Value
    ) throws(SystemFailure) -> Value {
        do throws(SystemFailure) { return try read() } catch {
            guard error.isAbsence || error.code == ENODEV else { throw error }
            return other
        }
    }
}

/// The group of a grant as it was made once: where it is made anew, this is still the one that was.
package final class TenantGroup: Sendable {
    private let directory: Descriptor

    fileprivate init(_ directory: consuming Descriptor) { self.directory = directory }

    /// Leads to this group and to no other of its name.
    package var path: String { "/proc/self/fd/\(directory.number)" }

    /// Who is in it, or in a group below it; nobody where it is gone.
    ///
    /// Where somebody is there whom nobody can see, as there is while the memory of one that was ended is given back, or
    /// where the group was made one of threads, that is a failure.
    package func members() -> EvictionLook {
        do throws(SystemFailure) {
            let pids = try members(of: path, isBelow: false)
            let events = try TenantGroups.ifThere([]) { () throws(SystemFailure) in
                try AtomicFile.read("\(path)/cgroup.events")
            }
            guard pids.isEmpty, String(decoding: events, as: UTF8.self).contains("populated 1") else {
                return EvictionLook(pids: pids)
            }
            return EvictionLook(
                pids: [], failure: Reason(text: "somebody in the lease's control group is not gone yet", mayPass: true))
        } catch {
            return EvictionLook(pids: [], failure: Reason(text: "\(error)"))
        }
    }

    private func members(of path: String, isBelow: Bool) throws(SystemFailure) -> Set<Int32> {
        let file = "\(path)/cgroup.procs"
        var text: [UInt8] = []
        do throws(SystemFailure) {
            text = try TenantGroups.ifThere([]) { () throws(SystemFailure) in try AtomicFile.read(file) }
        } catch {
            // Those of a group of threads are listed with the group above it.
            guard isBelow, error.code == EOPNOTSUPP else { throw error }
        }
        var pids = Set(String(decoding: text, as: UTF8.self).split(separator: "\n").compactMap { Int32($0) })
        for below in try TenantGroups.groups(below: path) { pids.formUnion(try members(of: below, isBelow: true)) }
        return pids
    }
}
