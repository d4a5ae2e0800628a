import Foundation
import Glibc
import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Testing

@Suite("Control groups for tenants")
struct TenantGroupTests {
    private static let grant = CDIName(
        lease: LeaseID(rawValue: 13), epoch: Epoch(reign: Reign(rawValue: 1), index: RecordIndex(rawValue: 13)),
        slot: NodeSlot(rawValue: 0))
    /// `/dev/full` is given, and all else that is of the kernel's own driver, `/dev/zero` with it, is not.
    private static let devices = SpecifiedDevices(
        own: [DeviceNumber(major: 1, minor: 7)], all: [DeviceNumber(major: 1, minor: 7)])

    private let scratch = Scratch()

    /// Groups in a group of this test's own; nil, and said, where it may make none.
    private func groups() throws -> TestGroup? {
        guard let group = TestGroup() else {
            print("no control group can be made here: not looked at")
            return nil
        }
        return group
    }

    /// Which of some devices somebody in the group of the grant can open, or make: `made` where that is `/dev/zero`.
    private func opened(_ devices: String, in groups: TenantGroups) throws -> [Substring] {
        let report = scratch.path(of: UUID().uuidString)
        let holder = try Holder(
            """
            echo $$ > \(groups.path(of: Self.grant))/cgroup.procs
            for device in \(devices); do (exec 7<>$device) 2>&- && echo $device >> \(report); done
            mknod \(report).device c 1 5 2>&- && echo made >> \(report)
            echo end >> \(report)
            """)
        #expect(eventually { text(report).hasSuffix("end\n") })
        #expect(members(groups) == [holder.pid])
        // Nobody's group is removed with somebody in it.
        #expect(throws: SystemFailure.self) { try groups.remove(Self.grant) }
        #expect(holder.isRunning)
        holder.end()
        #expect(eventually { members(groups).isEmpty })
        return text(report).split(separator: "\n").dropLast()
    }

    @Test("who is in the group of a grant opens and makes no device of its driver but the grant's; others go on")
    func confined() throws {
        guard let parent = try groups() else { return }
        let groups = try TenantGroups(directory: parent.path)
        try groups.make(Self.grant, for: Self.devices)
        #expect(try opened("/dev/full /dev/zero /dev/null /dev/ptmx", in: groups) == ["/dev/full", "/dev/ptmx"])
        // Made anew it gives what it gives then, and nothing of before.
        let zero = DeviceNumber(major: 1, minor: 5)
        try groups.make(Self.grant, for: SpecifiedDevices(own: [zero], all: [zero]))
        #expect(try opened("/dev/full /dev/zero", in: groups) == ["/dev/zero", "made"])
        try groups.remove(Self.grant)
    }

    @Test("what leads to GPUs is kept from everybody who has no device of it: NVIDIA's drivers, and the kernel's cards")
    func majors() throws {
        guard let parent = try groups() else { return }
        let drivers = scratch.path(of: "devices")
        for (name, isKept) in [
            ("nvidia-caps-imex-channels", true), ("drm", true), ("nvidia-fs", false), ("tty", false),
        ] {
            try Data("Character devices:\n  5 \(name)\n  1 mem\n\nBlock devices:\n 1 nvidia\n".utf8).write(
                to: URL(filePath: drivers))
            let groups = try TenantGroups(directory: parent.path, drivers: drivers)
            try groups.make(Self.grant, for: SpecifiedDevices())
            let isOpened = try opened("/dev/full /dev/ptmx", in: groups).contains("/dev/ptmx")
            #expect(isOpened != isKept, "\(name)")
            try groups.remove(Self.grant)
        }
    }

    @Test("all who are in a group are ended, those below it and those who start others too; then it is gone")
    func ended() throws {
        guard let parent = try groups() else { return }
        let groups = try TenantGroups(directory: parent.path)
        try groups.make(Self.grant, for: Self.devices)
        let path = groups.path(of: Self.grant)
        let below = try Holder("mkdir \(path)/worker; echo $$ > \(path)/worker/cgroup.procs")
        let chain = try Holder(
            """
            echo $$ > \(path)/cgroup.procs
            exec python3 -c "import os, time
            while True:
                if os.fork(): time.sleep(0.001); os._exit(0)"
            """)
        let stranger = try Holder("")
        #expect(
            eventually {
                let members = members(groups)
                return members.contains(below.pid) && !members.isSubset(of: [below.pid, chain.pid])
            })
        #expect(try groups.standing() == [Self.grant])
        let group = try #require(try groups.group(of: Self.grant))
        let outcome = Eviction(whole: [group.path]) { group.members() }.run(grace: .milliseconds(300))
        guard case .done(let evidence) = outcome else { return #expect(Bool(false), "\(outcome)") }
        #expect(evidence.contains(group.path), "\(evidence)")
        #expect(eventually { !below.isRunning } && stranger.isRunning)
        try groups.remove(Self.grant)
        #expect(try groups.standing() == [] && access(path, F_OK) != 0)
        #expect(try groups.group(of: Self.grant) == nil)
        try groups.remove(Self.grant)
    }

    @Test("a group that is made anew is another: who had the one before sees nobody in it, and ends nobody")
    func another() throws {
        guard let parent = try groups() else { return }
        let groups = try TenantGroups(directory: parent.path)
        try groups.make(Self.grant, for: Self.devices)
        let before = try #require(try groups.group(of: Self.grant))
        try groups.make(Self.grant, for: Self.devices)
        let holder = try Holder("echo $$ > \(groups.path(of: Self.grant))/cgroup.procs")
        #expect(eventually { members(groups) == [holder.pid] })
        let outcome = Eviction(whole: [before.path]) { before.members().union(EvictionLook(pids: [])) }
            .run(grace: .milliseconds(100))
        #expect(outcome == .done(evidence: "no process was left") && holder.isRunning)
        holder.end()
        #expect(eventually { members(groups).isEmpty })
        try groups.remove(Self.grant)
    }

    @Test("nobody is gone who cannot be seen: the kernel's word that somebody is there counts, until it says otherwise")
    func unseen() throws {
        // A kernel that is played by files.
        let (link, room) = (scratch.path(of: "groups"), scratch.path(of: "played/\(Self.grant)"))
        try FileManager.default.createDirectory(atPath: room, withIntermediateDirectories: true)
        #expect(symlink(scratch.path(of: "played"), link) == 0)
        func say(_ text: String, in name: String) throws {
            try Data(text.utf8).write(to: URL(filePath: "\(room)/\(name)"))
        }
        try say("", in: "cgroup.procs")
        try say("populated 1\nfrozen 0\n", in: "cgroup.events")
        let group = try #require(try TenantGroups(toldBy: link)?.group(of: Self.grant))
        #expect(group.members().failure?.mayPass == true)
        let eviction = Eviction(whole: [group.path]) { group.members() }
        guard case .failed(let reason) = eviction.run(grace: .milliseconds(200)) else {
            return #expect(Bool(false), "it counts as empty")
        }
        #expect(reason.contains("not gone yet"))
        var lookCount = 0
        let later = Eviction {
            lookCount += 1
            do { if lookCount == 4 { try say("populated 0\nfrozen 0\n", in: "cgroup.events") } } catch {
                Issue.record("\(error)")
            }
            return group.members()
        }
        #expect(later.run(grace: .seconds(20)) == .done(evidence: "no process was left") && lookCount >= 4)
    }

    @Test("a group that a container runtime has made one of threads is told, and not taken for empty")
    func threads() throws {
        guard let parent = try groups() else { return }
        let groups = try TenantGroups(directory: parent.path)
        try groups.make(Self.grant, for: Self.devices)
        let group = try #require(try groups.group(of: Self.grant))
        let type = open("\(groups.path(of: Self.grant))/cgroup.type", O_WRONLY)
        defer { close(type) }
        try #require(write(type, "threaded", 8) == 8)
        #expect(group.members().failure != nil)
        try groups.remove(Self.grant)
    }

    @Test("whoever has the guard's link finds its groups, those that an earlier one has left among them")
    func told() throws {
        guard let parent = try groups() else { return }
        let groups = try TenantGroups(directory: parent.path)
        let link = scratch.path(of: TenantGroups.linkName)
        #expect(TenantGroups(toldBy: link) == nil)
        try TenantGroups.tell(groups, by: link)
        try groups.make(Self.grant, for: Self.devices)
        let found = try #require(TenantGroups(toldBy: link))
        #expect(try found.directory == parent.path && found.standing() == [Self.grant])
        try found.remove(Self.grant)
        #expect(try groups.standing() == [])
        try TenantGroups.tell(nil, by: link)
        #expect(TenantGroups(toldBy: link) == nil)
    }

    @Test("what is no control group is told, and left as it was")
    func refused() throws {
        #expect(throws: Reason.self) { try TenantGroups(directory: scratch.path) }
        #expect(throws: Reason.self) { try TenantGroups(directory: scratch.path(of: "nowhere")) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
    }

    private func members(_ groups: TenantGroups) -> Set<Int32> {
        do { return try groups.group(of: Self.grant)?.members().pids ?? [] } catch {
            Issue.record("\(error)")
            return []
        }
    }

    private func text(_ path: String) -> String {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
