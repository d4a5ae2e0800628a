import Glibc
import LeaseholdModel
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
    /// How long a process of an earlier guard may take to die.
    private static let survivorLimit = Span.seconds(10)

    /// Guards until it is asked to stop; then every tenant's work ends first.
    package static func run(
        stateDirectory: String, work: WorkForm, say: @escaping @Sendable (String) -> Void
    ) async throws(ProcessEnd) {
        try AgentDirectory.refuseLog(at: stateDirectory)
        let service = Supervisor.adopt { Logger(label: "leasehold-guard").warning("service manager: \($0)") }
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
        let path = "\(stateDirectory)/\(DeviceFile.name)"
        service?.tell(.status("waiting for the agent to make \(path)"))
        guard let devices = try waitForDevices(path, say: say) else {
            say("drained; no tenant's work was held")
            return
        }
        try clear(devices, boot: boot, say: say)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let connections = Connections(group: group)
        do throws(TransportFailure) {
            let server = try await FrameServer.listen(
                on: .unix(path: "\(stateDirectory)/\(AgentShell.socketName)"), group: group,
                connections: connections, settings: .withoutHello, events: GuardInbox(mailbox: mailbox).events)
            let words = "guarding \(devices.gpuCount) GPUs of \(devices.shapes.count) nodes on \(server.endpoint)"
            service?.tell(.ready(words))
            say(words)
        } catch {
            throw ProcessEnd(.world, "\(error)")
        }
        let handover = Handover(
            GuardOwner(
                devices: devices, work: work, connections: connections, logger: Logger(label: "leasehold-guard")))
        let outcome = await OwnerThread.run(named: "owner") { own(handover.take(), mailbox, service) }
        mailbox.close()
        connections.closeAll(after: Complaint(.closing, "the guard is going"))
        do { try await group.shutdownGracefully() } catch { throw ProcessEnd(.world, "\(error)") }
        try outcome.get()
        say("drained; no tenant's work is left")
    }

    /// The devices are the agent's to make; nil when the process was asked to stop first.
    private static func waitForDevices(
        _ path: String, say: @Sendable (String) -> Void
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
        } while !ProcessSignals.isStopRequested(within: .milliseconds(100))
        return nil
    }

    /// Whatever an earlier guard left is ended and wiped before anything is held.
    private static func clear(
        _ devices: DeviceFile, boot: BootID, say: @Sendable (String) -> Void
    ) throws(ProcessEnd) {
        do throws(SurvivorFailure) {
            let survivors = try TenantProcesses.endSurvivors(in: devices, boot: boot, within: survivorLimit)
            if !survivors.isEmpty { say("ended \(survivors.count) processes of an earlier guard") }
        } catch {
            throw ProcessEnd(.world, "\(error)")
        }
        devices.clear(boot: boot)
    }

    private static func own(
        _ owner: GuardOwner, _ mailbox: GuardMailbox, _ service: Supervisor?
    ) -> Result<Void, ProcessEnd> {
        do throws(SystemFailure) {
            let loop: OwnerLoop<GuardEvent, GuardClass> = try OwnerLoop(
                mailbox, heedsSignals: true, service: service)
            loop.run { batch, wake, now in owner.turn(batch, wake, now) }
            return .success(())
        } catch {
            return .failure(ProcessEnd(.world, "\(error)"))
        }
    }
}
