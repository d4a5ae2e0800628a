import Foundation
import Glibc
import LeaseholdModel
import LeaseholdPlatform
import ProcessHarness
import Testing

/// A node whose tenants are started by others, with `/dev/full` for its first GPU.
private final class TenantNode {
    /// K of the coordinator and of the guard.
    static let eviction = Span.seconds(4)
    static let hold = Span.seconds(3)

    let cluster: LocalCluster
    let hardware: PlayedNode
    /// Where leases have their control groups; nil where they have none.
    let groups: String?
    private var tenants: [Process] = []

    /// A node that is ready, whose leases get control groups in a directory, or none.
    init(groups: String? = nil) throws {
        self.groups = groups
        let directory = try LocalCluster.makeDirectory()
        let (hooks, board) = (directory.appendingPathComponent("hooks"), directory.appendingPathComponent("cdi"))
        for folder in [hooks, board] {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
        // What the agent would hang there itself, if the driver's own tables were on this machine: for every lease that
        // the test's log can come to, whose number is that of its record.
        for number in 1...200 {
            let name = "L\(number)-1.\(number)-0"
            try Data(
                """
                {"cdiVersion": "1.1.0", "kind": "leasehold.dev/lease", "devices": [{"name": "\(name)", "containerEdits": {
                "deviceNodes": [{"path": "/dev/nvidia0", "type": "c", "major": 1, "minor": 7, "permissions": "rw"},
                {"path": "/dev/null", "type": "c", "major": 1, "minor": 3, "permissions": "rw"}]}}]}
                """.utf8
            ).write(to: board.appendingPathComponent("leasehold.dev-lease_\(name).json"))
        }
        let programs = [
            "on-fence": "echo \"$LEASEHOLD_LEASE\" >> \(directory.path)/fenced",
            // What it leaves behind is out of its own process group, and in that of its lease.
            "on-grant": """
            echo "$LEASEHOLD_CGROUP" > \(directory.path)/group
            setsid sh -c 'echo begun > \(directory.path)/begun; exec sleep 601' <&- >&- 2>&- &
            until [ -s \(directory.path)/begun ]; do :; done
            """,
        ]
        for (name, text) in programs {
            let hook = hooks.appendingPathComponent(name)
            try Data("#!/bin/sh\n\(text)\n".utf8).write(to: hook)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: hook.path)
        }
        var plan = AgentPlan(
            node: PlayedNode.name,
            arguments: [
                "--devices", "nvml", "--nvml-library", PlayedNode.library, "--cdi-dir", "none", "--gpu-reset", "none",
                "--hooks", hooks.path,
            ], work: "tenants")
        plan.guardArguments = [
            "--cdi-dir", board.path, "--hooks", hooks.path, "--eviction", "4s", "--groups", groups ?? "none",
        ]
        cluster = LocalCluster([plan], in: directory, hold: "3s", eviction: "4s")
        hardware = try PlayedNode(in: directory)
        try cluster.start(on: hardware)
    }

    /// A tenant's process that has the GPU open, or another device, after it has gone into a control group.
    func tenant(_ device: String = "/dev/full", in group: String? = nil) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        let entry = group.map { "echo $$ > \($0)/cgroup.procs\n" } ?? ""
        process.arguments = ["-c", "\(entry)exec 7<\(device)\nexec sleep 600"]
        try process.run()
        tenants.append(process)
        let opened = "/proc/\(process.processIdentifier)/fd/7"
        let isThere = { access(opened, F_OK) == 0 }
        guard eventually(within: 20, { isThere() || !process.isRunning }), isThere() else {
            throw HarnessFailure("no tenant")
        }
        return process
    }

    /// A lease that runs; its id.
    func lease() throws -> String {
        try cluster.lease("--count", "1", "--term", "1h", "--on-silence", "fence")
    }

    func state(_ lease: String) throws -> String? {
        try jsonLines(cluster.must("lease", "show", lease, "-o", "json")).first?["state"] as? String
    }

    /// The leases of which the hook has heard; without its file, none.
    var fenced: String { said("fenced") }
    /// The group of which the hook of the last grant was told.
    var group: String { String(said("group").dropLast()) }

    private func said(_ name: String) -> String {
        FileManager.default.contents(atPath: cluster.directory.appendingPathComponent(name).path)
            .map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    func tearDown() {
        for tenant in tenants where tenant.isRunning { kill(tenant.processIdentifier, SIGKILL) }
        cluster.tearDown()
    }
}

extension ProcessTests {
    @Test("a guard ends the work of tenants that others have started: at the deadline of a stopped agent, within K")
    func tenantsAreFenced() throws {
        let node = try TenantNode()
        defer { node.tearDown() }
        let lease = try node.lease()
        let tenant = try node.tenant()
        let agent = try #require(node.cluster.agents[0])
        agent.signal(SIGSTOP)
        let stopped = Clocks.boot()
        // The deadline is at most a hold after the last renewal, and that was before the stop.
        let limit = TenantNode.hold + TenantNode.eviction
        #expect(eventually(within: 20) { !tenant.isRunning })
        let took = Clocks.boot() - stopped
        #expect(took <= limit, "\(took)")
        #expect(node.fenced == "\(lease)\n")
        // Whoever comes later, while its word is over, does not stay.
        let late = try node.tenant()
        #expect(eventually(within: 20) { !late.isRunning })
        // Nobody else gets the GPU by waiting: nothing is sure to outlive this guard, and the node is silent.
        let shown = try node.cluster.must("node", "show", PlayedNode.name)
        #expect(shown.contains("confirm-only"), "\(shown)")
        try node.cluster.must("lease", "release", lease)
        #expect(try node.state(lease) == "ending")
        agent.signal(SIGCONT)
        #expect(try eventually(within: 60) { try node.state(lease) == "ended" })
        // What it took is measured, and told when the agent is back.
        #expect(
            try eventually(within: 20) {
                let node = try #require(
                    try jsonLines(node.cluster.must("node", "show", PlayedNode.name, "-o", "json")).first)
                let times = (node["detail"] as? [String: Any])?["evictions"] as? [String: Any]
                return number(times?["count"]) >= 1 && times?["slowest"] as? String != nil
            })
    }

    @Test("who is in the control group of a lease opens no other's GPU, and ends with the lease, or with its guard")
    func tenantsAreConfined() throws {
        guard let parent = makeGroup() else { return }
        defer { rmdir(parent) }
        let node = try TenantNode(groups: parent)
        defer { node.tearDown() }
        let lease = try node.lease()
        let group = node.group
        #expect(group.hasPrefix("\(parent)/\(lease)-1."))
        // A loader of data that has no GPU open, and one that would have another's.
        let loader = try node.tenant("/dev/ptmx", in: group)
        #expect(throws: HarnessFailure.self) { try node.tenant("/dev/zero", in: group) }
        let tenant = try node.tenant(in: group)
        #expect(try eventually(within: 10) { try members(of: group).count == 3 })
        try node.cluster.must("lease", "release", lease)
        #expect(try eventually(within: 60) { try node.state(lease) == "ended" })
        #expect(!tenant.isRunning && !loader.isRunning)
        #expect(eventually(within: 5) { access(group, F_OK) != 0 })
        _ = try node.lease()
        let next = node.group
        #expect(next != group)
        let second = try node.tenant("/dev/ptmx", in: next)
        try #require(node.cluster.guards[0]).killNow()
        try node.cluster.startGuard(0)
        #expect(eventually(within: 20) { !second.isRunning })
        try node.cluster.waitForReady(1)
        #expect(eventually(within: 20) { access(next, F_OK) == 0 })
        let last = try node.tenant("/dev/ptmx", in: next)
        // Its word runs out: all go, and whoever comes into the room after that goes too.
        let agent = try #require(node.cluster.agents[0])
        agent.signal(SIGSTOP)
        #expect(eventually(within: 20) { !last.isRunning })
        let late = try node.tenant("/dev/ptmx", in: next)
        #expect(eventually(within: 20) { !late.isRunning })
        agent.signal(SIGCONT)
        try #require(node.cluster.agents[0]).expectDrain()
        try #require(node.cluster.guards[0]).expectDrain()
        #expect(eventually(within: 5) { access(next, F_OK) != 0 })
    }

    /// A control group of a test's own; nil, and said, where none can be made.
    private func makeGroup() -> String? {
        for mount in ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] where access("\(mount)/cgroup.procs", W_OK) == 0 {
            let group = "\(mount)/leasehold-\(UUID().uuidString)"
            if mkdir(group, 0o755) == 0 { return group }
        }
        print("no control group can be made here: not looked at")
        return nil
    }

    @Test("a guard goes into a group beside those of its leases, wherever in its unit's it is started")
    func ownGroup() throws {
        guard let unit = makeGroup() else { return }
        defer { for group in ["\(unit)/guard", unit] { rmdir(group) } }
        let folder = try BadInputFolder()
        defer { folder.remove() }
        let agent = Program.directory.appendingPathComponent("leasehold-agent").path
        let words = folder.arguments("guard --state-dir {alone} --work tenants").joined(separator: " ")
        for entry in [unit, "\(unit)/guard"] {
            let process = Process()
            process.executableURL = URL(filePath: "/bin/sh")
            process.arguments = ["-c", "echo $$ > \(entry)/cgroup.procs; exec \(agent) \(words)"]
            try process.run()
            defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
            let list = URL(filePath: "\(unit)/guard/cgroup.procs")
            #expect(
                eventually(within: 20) {
                    let text = FileManager.default.contents(atPath: list.path).map {
                        String(decoding: $0, as: UTF8.self)
                    }
                    return text == "\(process.processIdentifier)\n"
                })
            #expect(try String(contentsOfFile: "\(unit)/cgroup.procs", encoding: .utf8) == "")
            #expect(access("\(unit)/trial", F_OK) != 0)
            kill(process.processIdentifier, SIGTERM)
            process.waitUntilExit()
        }
    }

    private func members(of group: String) throws -> [Substring] {
        try [group, "\(group)/hook"].flatMap {
            try String(contentsOfFile: "\($0)/cgroup.procs", encoding: .utf8).split(separator: "\n")
        }
    }

    @Test("a guard that may not see and end everybody's processes says so, and is none")
    func blindGuard() throws {
        let folder = try BadInputFolder()
        defer { folder.remove() }
        let process = Process()
        let complaints = Pipe()
        process.executableURL = Program.directory.appendingPathComponent("leasehold-agent")
        process.arguments = folder.arguments("guard --state-dir {new} --work tenants")
        if geteuid() == 0 {
            process.arguments =
                ["--reuid", "65534", "--clear-groups", process.executableURL?.path ?? ""] + (process.arguments ?? [])
            process.executableURL = URL(filePath: "/usr/bin/setpriv")
        }
        process.standardError = complaints
        try process.run()
        let text = String(decoding: complaints.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 2 && text.contains("run it as root"), "\(text)")
        #expect(!folder.exists("new"))
    }

    @Test("a tenant that is left when a lease is given back, or when a guard dies, is ended before anything else")
    func tenantsAreEnded() throws {
        let node = try TenantNode()
        defer { node.tearDown() }
        let first = try node.lease()
        let tenant = try node.tenant()
        try node.cluster.must("lease", "release", first)
        #expect(try eventually(within: 60) { try node.state(first) == "ended" })
        #expect(!tenant.isRunning && node.fenced == "")
        _ = try node.lease()
        let other = try node.tenant()
        try #require(node.cluster.guards[0]).killNow()
        #expect(other.isRunning)
        try node.cluster.startGuard(0)
        #expect(eventually(within: 20) { !other.isRunning })
        try node.cluster.waitForReady(1)
    }
}
