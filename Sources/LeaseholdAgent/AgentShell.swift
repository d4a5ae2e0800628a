import Glibc
import LeaseholdDevices
import LeaseholdLog
import LeaseholdModel
package import LeaseholdPlatform
import LeaseholdProtocol
import LeaseholdTransport
import Logging
import NIOCore
import NIOPosix

/// An agent as a process: opens its devices and its journal, and serves its nodes until it is asked to stop.
package enum AgentShell {
    /// The file names in a state directory.
    static let journalName = "journal"
    static let socketName = "guard.sock"

    /// Serves; returns after a drain.
    ///
    /// What the guard holds runs on without the agent until its deadlines.
    package static func run(
        _ settings: AgentSettings, say: @escaping @Sendable (String) -> Void
    ) async throws(ProcessEnd) {
        guard settings.allowsPlaintext else {
            throw ProcessEnd(
                .usage, "there are no certificates yet: pass --plaintext to talk to a coordinator of this machine")
        }
        try refuseUnlessLocal(settings)
        try AgentDirectory.refuseLog(at: settings.stateDirectory)
        let service = Supervisor.adopt { Logger(label: "leasehold-agent").warning("service manager: \($0)") }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let connections = Connections(group: group)
        let report = AgentReportBox()
        let mailbox: AgentMailbox
        do throws(SystemFailure) {
            try StateDirectory.make(settings.stateDirectory)
            mailbox = try AgentMailbox()
        } catch {
            throw ProcessEnd(.world, "\(error)")
        }
        let clients = (
            coordinator: FrameClient(group: group, connections: connections),
            guardian: FrameClient(group: group, connections: connections, settings: .withoutHello)
        )
        let inbox = AgentInbox(mailbox: mailbox)
        var pulse = Pulse(service)
        let (opened, driver) = try openDevices(settings, &pulse, say: say)
        guard let devices = opened else {
            pulse?.tell(.stopping, at: Clocks.boot())
            say("drained; nothing was served")
            return
        }
        let owner = try open(
            settings, devices, driver, connections: connections, clients: clients, inbox: inbox, report: report,
            say: say)
        if let http = settings.http {
            do throws(TransportFailure) {
                let server = try await StatusServer.listen(on: http, group: group) { report.current.page(at: $0) }
                say("http on \(server.endpoint)")
            } catch {
                throw ProcessEnd(.world, "\(error)")
            }
        }
        let names = settings.coordinators.map(\.description).joined(separator: ", ")
        say("plaintext: the coordinator is believed to be who it says; loopback only")
        let words = "serving \(settings.devices.paths.count) nodes to \(names)"
        pulse?.tell(.ready(words), at: Clocks.boot())
        say(words)
        let begun = pulse
        driver?.begin { inbox.must(.nodeTold(.driver($0))) }
        let senses = settings.devices.senses(of: devices)
        senses?.begin { inbox.must(.nodeTold($0)) }
        defer {
            driver?.stop()
            senses?.stop()
        }
        let handover = Handover(owner)
        let outcome = await OwnerThread.run(named: "owner") { own(handover.take(), mailbox, begun) }
        mailbox.close()
        connections.closeAll(after: nil)
        do { try await group.shutdownGracefully() } catch { throw ProcessEnd(.world, "\(error)") }
        try outcome.get()
        say("drained; the guard holds what runs until its deadlines")
    }

    /// Before anything is made in the state directory.
    private static func refuseUnlessLocal(_ settings: AgentSettings) throws(ProcessEnd) {
        do throws(TransportFailure) {
            for coordinator in settings.coordinators { try ChannelSecurity.plaintext.admit(coordinator) }
            if let http = settings.http { try ChannelSecurity.plaintext.admit(http) }
        } catch {
            throw ProcessEnd(.usage, "\(error)")
        }
    }

    private static func open(
        _ settings: AgentSettings, _ devices: NodeDevices, _ driver: DriverWatch?, connections: Connections,
        clients: (coordinator: FrameClient, guardian: FrameClient), inbox: AgentInbox, report: AgentReportBox,
        say: @Sendable (String) -> Void
    ) throws(ProcessEnd) -> AgentOwner {
        let incarnation = Incarnation.random()
        let boot: BootID
        do throws(SystemFailure) { boot = try BootID.current() } catch { throw ProcessEnd(.world, "\(error)") }
        var machine = AgentMachine(
            name: devices.file.shapes[0].path + (devices.file.shapes.count == 1 ? "" : " and others"),
            incarnation: incarnation, boot: boot, plan: DevicePlan(settings.devices.steps))
        let journal = try openJournal(in: settings.stateDirectory, incarnation: incarnation, boot: boot) {
            machine.replay($0)
        }
        let heads = try HeadKeeper(in: settings.stateDirectory, say: say)
        say("journal: \(journal.head.index) records, \(machine.liveGrantCount) live grants")
        var out = AgentBuffer()
        if let complaint = machine.serve(devices.descriptions, into: &out) {
            throw ProcessEnd(.notOurs, "\(settings.stateDirectory): \(complaint)")
        }
        let now = Clocks.boot()
        let socket = Endpoint.unix(path: "\(settings.stateDirectory)/\(socketName)")
        let owner = AgentOwner(
            machine: machine, begun: out, journal: journal, devices: devices,
            enforcer: settings.devices.enforcer(
                driver, of: devices, standing: machine.describedGrants, in: settings.stateDirectory),
            connections: connections,
            clients: clients, inbox: inbox,
            dials: (coordinator: Dial(settings.coordinators, at: now), guardian: Dial([socket], at: now)),
            heads: heads, report: report, logger: Logger(label: "leasehold-agent"))
        try owner.begin()
        return owner
    }

    /// Opens the journal, making it if the directory has none yet.
    private static func openJournal(
        in stateDirectory: String, incarnation: Incarnation, boot: BootID, replay: (JournalRecord) -> Void
    ) throws(ProcessEnd) -> LogDirectory {
        let path = "\(stateDirectory)/\(journalName)"
        let holder = LockHolder(role: "agent", pid: getpid(), incarnation: incarnation, boot: boot)
        let take = { (index: RecordIndex, bytes: [UInt8]) throws(RecordRefusal) -> Void in
            do throws(RecordFailure) {
                replay(try JournalCodec.decode(bytes))
            } catch {
                throw RecordRefusal(reason: "\(error)")
            }
        }
        let expected = LogExpectation(kind: .journal)
        do throws(LogDirectoryFailure) {
            do throws(LogDirectoryFailure) {
                return try LogDirectory.open(at: path, expecting: expected, holder: holder, each: take).log
            } catch {
                guard case .noLog = error else { throw error }
            }
            let identity = LogIdentity(
                cluster: "journal", logID: .random(), kind: .journal,
                segmentByteCount: LogKind.journal.segmentByteCount)
            try LogDirectory.create(at: path, identity, holder: holder)
            return try LogDirectory.open(at: path, expecting: expected, holder: holder, each: take).log
        } catch {
            throw error.end
        }
    }

    /// Opens the devices, waiting for real ones that nobody has seen yet; nil when the process was asked to stop first.
    private static func openDevices(
        _ settings: AgentSettings, _ pulse: inout Pulse?, say: (String) -> Void
    ) throws(ProcessEnd) -> (NodeDevices?, DriverWatch?) {
        let directory = settings.stateDirectory
        let boot: BootID
        do throws(SystemFailure) { boot = try BootID.current() } catch { throw ProcessEnd(.world, "\(error)") }
        switch settings.devices {
        case .simulated(let nodes):
            let file = try DeviceFile.openOrCreate("\(directory)/\(DeviceFile.name)", nodes, boot: boot)
            return (NodeDevices(file: file), nil)
        case .driver(let node, let kind, let asking, _, _):
            let driver = DriverWatch(asking)
            let devices = try NodeDevices.open(driver, node: node, kind: kind, in: directory, boot: boot) { words in
                pulse?.tell(.status(words), at: Clocks.boot())
                say(words)
            }
            return (devices, driver)
        }
    }

    private static func own(
        _ owner: AgentOwner, _ mailbox: AgentMailbox, _ pulse: Pulse?
    ) -> Result<Void, ProcessEnd> {
        do throws(ProcessEnd) {
            let loop: OwnerLoop<AgentInput, AgentClass>
            do throws(SystemFailure) {
                loop = try OwnerLoop(mailbox, heedsSignals: true, pulse: pulse)
            } catch {
                throw ProcessEnd(.world, "\(error)")
            }
            try loop.run { (batch, wake, now) throws(ProcessEnd) in try owner.turn(batch, wake, now) }
            try owner.close()
            return .success(())
        } catch {
            return .failure(error)
        }
    }
}

extension DeviceFileFailure {
    /// Whether there is no device file yet.
    var isMissing: Bool {
        if case .system(let failure) = self { return failure.isAbsence }
        return false
    }

    /// The end of a process that cannot use its devices.
    var end: ProcessEnd {
        switch self {
        case .shapeDiffers: ProcessEnd(.notOurs, "\(self)")
        case .nodeImpossible: ProcessEnd(.usage, "\(self)")
        case .system, .damaged, .alreadyThere, .notADeviceFile, .versionUnknown: ProcessEnd(.world, "\(self)")
        }
    }
}
