import Glibc
package import LeaseholdModel
package import LeaseholdPlatform
import LeaseholdProtocol
import LeaseholdTransport
import Logging
import NIOCore
import NIOPosix

/// The right to be the one guard of a state directory, for as long as the object lives.
private final class GuardLock: Sendable {
    private let lock: ProcessLock

    init(stateDirectory: String, boot: BootID) throws(ProcessEnd) {
        let holder = LockHolder(role: "guard", pid: getpid(), incarnation: Incarnation.random(), boot: boot)
        do throws(LockFailure) {
            lock = try ProcessLock.acquire(path: "\(stateDirectory)/guard.lock", describing: holder)
        } catch {
            switch error {
            case .held: throw ProcessEnd(.notOurs, "\(error)")
            case .system: throw ProcessEnd(.world, "\(error)")
            }
        }
    }
}

/// A guard as a process: holds the tenants' work of one agent's nodes, and outlives the agent.
package enum GuardShell {
    /// How long the processes of an earlier guard may take to die, less than WatchdogSec of the unit; another start waits
    /// as long again.
    private static let survivorLimit = Span.seconds(5)
    /// From a service manager's SIGKILL until nothing of a guard and its tenants runs any more.
    package static let deathTime = Span.seconds(1)

    /// Guards until it is asked to stop; then every tenant's work ends first.
    ///
    /// Its socket is there before the devices, which are the agent's to make: orders wait until both are.
    package static func run(
        stateDirectory: String, _ flags: GuardFlags, say: @escaping @Sendable (String) -> Void
    ) async throws(ProcessEnd) {
        var work = try flags.form
        if case .tenants(let room) = work, let complaint = room.users.complaint { throw ProcessEnd(.usage, complaint) }
        try AgentDirectory.refuseLog(at: stateDirectory)
        let service = Supervisor.adopt { Logger(label: "leasehold-guard").warning("service manager: \($0)") }
        if let complaint = complaint(patience: service?.patience, eviction: flags.eviction) {
            throw ProcessEnd(.usage, complaint)
        }
        let boot: BootID
        let mailbox: GuardMailbox
        do throws(SystemFailure) {
            boot = try BootID.current()
            try StateDirectory.make(stateDirectory)
            mailbox = try GuardMailbox()
        } catch {
            throw ProcessEnd(.world, "\(error)")
        }
        let lock = try GuardLock(stateDirectory: stateDirectory, boot: boot)
        defer { withExtendedLifetime(lock) {} }
        if case .tenants(var room) = work {
            room.formerGroups = TenantGroups(toldBy: "\(stateDirectory)/\(TenantGroups.linkName)")
            room.groups = try groups(flags.groups, say: say)
            work = .tenants(room)
        }
        let form = work
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let connections = Connections(group: group)
        let socket = Endpoint.unix(path: "\(stateDirectory)/\(AgentShell.socketName)")
        do throws(TransportFailure) {
            _ = try await FrameServer.listen(
                on: socket, group: group, connections: connections, settings: .withoutHello,
                events: GuardInbox(mailbox: mailbox).events)
        } catch {
            throw ProcessEnd(.world, "\(error)")
        }
        let path = "\(stateDirectory)/\(DeviceFile.name)"
        // Ready before the devices are there: the agent, which makes them, starts after its guard.
        var pulse = Pulse(service)
        pulse?.tell(.ready("waiting for the agent to make \(path)"), at: Clocks.boot())
        let begun = pulse
        let outcome = await OwnerThread.run(named: "owner") {
            own(mailbox, begun, in: stateDirectory, boot: boot, work: form, say: say) { devices throws(ProcessEnd) in
                let handle = try GuardShell.watchdog(flags.watchdog, eviction: flags.eviction)
                say("guarding \(devices.gpuCount) GPUs of \(devices.shapes.count) nodes on \(socket)")
                return GuardOwner(
                    devices: devices, work: form, watchdog: handle, eviction: flags.eviction, mailbox: mailbox,
                    connections: connections,
                    logger: Logger(label: "leasehold-guard"))
            }
        }
        mailbox.close()
        connections.closeAll(after: Complaint(.closing, "the guard is going"))
        do { try await group.shutdownGracefully() } catch { throw ProcessEnd(.world, "\(error)") }
        say(try outcome.get() ? "drained; no tenant's work is left" : "drained; no tenant's work was held")
    }

    /// Why a guard must not be watched so: one that hangs would be ended too late for what its node promises (L5); nil if
    /// it may.
    package static func complaint(patience: Span?, eviction: Span) -> String? {
        guard let patience, patience + deathTime > eviction else { return nil }
        return "a guard that hangs is ended after \(patience) (WatchdogSec), what it held within \(deathTime) of that: "
            + "\(patience + deathTime), and its node promises to fence within K = \(eviction) (--eviction, as at the "
            + "coordinator); shorten the one, or raise the other at both"
    }

    /// Whether it came to guarding before it was asked to stop; all of it on the thread with which the tenants die.
    private static func own(
        _ mailbox: GuardMailbox, _ pulse: Pulse?, in stateDirectory: String, boot: BootID, work: WorkForm,
        say: @Sendable (String) -> Void, owner make: (DeviceFile) throws(ProcessEnd) -> GuardOwner
    ) -> Result<Bool, ProcessEnd> {
        do throws(ProcessEnd) {
            var pulse = pulse
            guard let devices = try waitForDevices("\(stateDirectory)/\(DeviceFile.name)", &pulse, say: say) else {
                pulse?.tell(.stopping, at: Clocks.boot())
                return .success(false)
            }
            try clear(devices, boot: boot, work: work, say: say)
            // Until then it leads to what an earlier guard has left.
            try tellGroups(work, in: stateDirectory)
            let owner = try make(devices)
            pulse?.tell(
                .status("guarding \(devices.gpuCount) GPUs of \(devices.shapes.count) nodes"), at: Clocks.boot())
            let loop: OwnerLoop<GuardEvent, GuardClass>
            do throws(SystemFailure) {
                loop = try OwnerLoop(mailbox, heedsSignals: true, pulse: pulse)
            } catch {
                throw ProcessEnd(.world, "\(error)")
            }
            loop.run { batch, wake, now in owner.turn(batch, wake, now) }
            return .success(true)
        } catch {
            return .failure(error)
        }
    }

    /// The devices are the agent's to make; nil when the process was asked to stop first.
    private static func waitForDevices(
        _ path: String, _ pulse: inout Pulse?, say: @Sendable (String) -> Void
    ) throws(ProcessEnd) -> DeviceFile? {
        var hasSaid = false
        repeat {
            do throws(DeviceFileFailure) {
                return try DeviceFile.open(path, access: .writing)
            } catch {
                guard error.isMissing else { throw error.end }
            }
            if !hasSaid { say("waiting for the agent to make \(path)") }
            hasSaid = true
            pulse?.beat(at: Clocks.boot())
        } while !ProcessSignals.isStopRequested(within: .milliseconds(100))
        return nil
    }

    /// Where each lease gets a control group; nil where it gets none, because nobody wants it or the system has none to
    /// give.
    private static func groups(_ flag: String, say: (String) -> Void) throws(ProcessEnd) -> TenantGroups? {
        do throws(Reason) {
            switch flag {
            case "none": return nil
            case "own": return try .own()
            default: return try TenantGroups(directory: flag)
            }
        } catch {
            guard flag == "own" else { throw ProcessEnd(.world, error.text) }
            say(error.text)
            return nil
        }
    }

    /// Lets the agent find the groups, whose path the site's hooks are told.
    private static func tellGroups(_ work: WorkForm, in stateDirectory: String) throws(ProcessEnd) {
        var groups: TenantGroups?
        if case .tenants(let room) = work { groups = room.groups }
        do throws(SystemFailure) {
            try TenantGroups.tell(groups, by: "\(stateDirectory)/\(TenantGroups.linkName)")
        } catch {
            throw ProcessEnd(.world, "\(error)")
        }
    }

    /// The watchdog that ends the machine with this guard, soon enough for what its node promises (L5): a guard may die when
    /// three quarters of K are over.
    private static func watchdog(_ path: String?, eviction: Span) throws(ProcessEnd) -> HardwareWatchdog? {
        guard let path else { return nil }
        do throws(SystemFailure) { return try HardwareWatchdog(path, most: eviction / 4) } catch {
            // One that is not there yet, or that another process has, may be had at the next start.
            guard error.code == EINVAL || error.code == ERANGE else { throw ProcessEnd(.world, "\(error)") }
            throw ProcessEnd(
                .usage,
                "\(error): a watchdog must end the machine within a quarter of K = \(eviction) (--eviction), in whole "
                    + "seconds")
        }
    }

    /// Whatever an earlier guard left is ended and wiped before anything is held.
    private static func clear(
        _ devices: DeviceFile, boot: BootID, work: WorkForm, say: @Sendable (String) -> Void
    ) throws(ProcessEnd) {
        if case .tenants(let room) = work {
            do throws(Reason) { try room.clearAll() } catch { throw ProcessEnd(.world, error.text) }
        }
        do throws(SurvivorFailure) {
            let survivors = try TenantProcesses.endSurvivors(in: devices, boot: boot, within: survivorLimit)
            if !survivors.isEmpty { say("ended \(survivors.count) processes of an earlier guard") }
        } catch {
            throw ProcessEnd(.world, "\(error)")
        }
        devices.clear(boot: boot)
    }
}
