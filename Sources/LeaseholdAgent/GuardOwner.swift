import Glibc
import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import LeaseholdProtocol
import LeaseholdTransport
import LeaseholdWire
import Logging

/// The one thread that owns a guard's machine, its devices and its children.
///
/// The children die with this thread, so it runs as long as the process. It holds no rule about holds.
final class GuardOwner {
    private var machine: GuardMachine
    private let devices: DeviceFile
    private let work: WorkForm
    /// By which devices the tenant of a grant that was launched can be found, where the guard starts none itself.
    private var tenantDevices: [GuardedGrant: Set<DeviceNumber>] = [:]
    /// Who keeps the rooms of grants whose word ran out empty.
    private var keepers: [GuardedGrant: RoomKeeper] = [:]
    /// Grants that were not started because nobody could say by which devices their tenants would be found.
    private var unfound: Set<GuardedGrant> = []
    private var watchdog: HardwareWatchdog?
    /// K: past that after a deadline the machine has to end, where a watchdog can do that.
    private let eviction: Span
    private let mailbox: GuardMailbox
    private let connections: Connections
    private let logger: Logger
    private var effects: [GuardEffect] = []
    private var frames: [(ConnectionID, [UInt8])] = []
    private var isDraining = false
    private var isLeftToWatchdog = false

    init(
        devices: DeviceFile, work: WorkForm, watchdog: HardwareWatchdog?, eviction: Span, mailbox: GuardMailbox,
        connections: Connections, logger: Logger
    ) {
        var traits: GuardTraits = []
        if watchdog != nil { traits.insert(.endsMachine) }
        if case .tenants = work { traits.insert(.findsTenants) }
        machine = GuardMachine(traits, eviction: eviction)
        self.devices = devices
        self.work = work
        self.watchdog = watchdog
        self.eviction = eviction
        self.mailbox = mailbox
        self.connections = connections
        self.logger = logger
    }

    /// One turn of the loop.
    func turn(_ batch: [GuardEvent], _ wake: Wake, _ now: Now) -> OwnerStep {
        // Deadlines first: no order may hold one up.
        if wake.isDue { handle(.deadlineReached, at: now) }
        if wake.hasChildEnded, work.hasChildren {
            for child in TenantProcesses.reap() { handle(.exited(TenantProcessID(rawValue: child.pid)), at: now) }
        }
        for event in batch {
            if case .vacated(let grant) = event { devices.vacate(grant) }
            handle(event, at: now)
            // One that was given back while it was fenced is nobody's any more.
            if case .vacated(let grant) = event, !machine.isFenced(grant) { _ = forget(grant) }
        }
        if wake.isDrainRequested {
            isDraining = true
            handle(.drainRequested, at: now)
        }
        flush()
        if isDraining, machine.isEmpty {
            leaveRooms()
            if let complaint = watchdog?.disarm() { logger.error("\(complaint)") }
            return .stop
        }
        return .wait(until: min(machine.nextDeadline, beat(at: now.boot)))
    }

    /// Lets the watchdog hear of this guard, as long as what had to be off its GPUs is: the rest is what the watchdog is
    /// there for (L6).
    ///
    /// - Returns: when it is to hear the next time.
    private func beat(at now: BootInstant) -> BootInstant {
        guard machine.firstUnended + eviction / 4 * 3 >= now else {
            if !isLeftToWatchdog, watchdog != nil {
                logger.critical("work is not off its GPUs in time: this machine is left to its watchdog")
            }
            isLeftToWatchdog = true
            return .never
        }
        isLeftToWatchdog = false
        if let complaint = watchdog?.beat(at: now) { logger.error("\(complaint)") }
        return watchdog?.due ?? .never
    }

    /// One event, and all that follows from its effects before the next.
    private func handle(_ event: GuardEvent, at now: Now) {
        machine.handle(event, at: now, into: &effects)
        var next = 0
        while next < effects.count {
            let effect = effects[next]
            next += 1
            if let outcome = carryOut(effect, at: now) { machine.handle(outcome, at: now, into: &effects) }
        }
        effects.removeAll(keepingCapacity: true)
    }

    /// Carries one effect out; its outcome, where there is one, is the next event.
    private func carryOut(_ effect: GuardEffect, at now: Now) -> GuardEvent? {
        switch effect {
        case .answer(let connection, let answer):
            if frames.last?.0 != connection { frames.append((connection, [])) }
            WireCodec.encode(.guardAnswer(answer), correlation: 0, into: &frames[frames.count - 1].1)
        case .launch(let grant, let deadline): return launch(grant, notAfter: deadline, at: now)
        case .kill(let process): TenantProcesses.kill(pid: process.rawValue)
        case .vacate(let grant, let isFence):
            guard case .tenants(let room) = work, unfound.remove(grant) == nil else {
                devices.vacate(grant)
                return .vacated(grant)
            }
            clear(grant, in: room, isFence: isFence)
        case .close(let connection):
            flush()
            connections.close(connection, after: Complaint(.replaced, "a newer agent has connected"))
        case .note(let note): logger.log(level: note.level.logged, "\(note.text)")
        }
        return nil
    }

    /// Marks the devices, then starts the work; what fails in between is taken back.
    private func launch(_ grant: GuardedGrant, notAfter deadline: BootInstant, at now: Now) -> GuardEvent {
        for other in keepers.keys where other != grant && other.slot == grant.slot && other.overlaps(grant) {
            // Somebody is in its room still, or again; its keeper is at it.
            guard forget(other) else { return refuse(grant, .partitionBusy) }
        }
        let tag: TenantTag
        do throws(DeviceRefusal) {
            tag = try devices.occupy(grant, at: now.boot)
        } catch {
            logger.warning("lease \(grant.lease) does not start: \(error)")
            return .launchFailed(grant, error.startRefusal)
        }
        switch work {
        case .tenants(let room):
            guard Clocks.boot() < deadline, find(grant, in: room) else {
                devices.vacate(grant)
                guard Clocks.boot() < deadline else { return .launchFailed(grant, .deadlinePassed) }
                return .launchFailed(grant, keepers[grant] == nil ? .deviceFailed : .partitionBusy)
            }
            return .launched(grant, process: nil)
        case .modelled:
            guard Clocks.boot() < deadline else {
                devices.vacate(grant)
                return .launchFailed(grant, .deadlinePassed)
            }
            return .launched(grant, process: nil)
        case .process: break
        }
        let order = TenantWork(
            file: devices, grant: grant, tag: tag, beat: TenantWork.beat(gpuCount: devices.gpuCount))
        do throws(StartFailure) {
            let process = try TenantProcesses.start(order, notAfter: deadline)
            return .launched(grant, process: TenantProcessID(rawValue: process.pid))
        } catch {
            devices.vacate(grant)
            logger.warning("lease \(grant.lease) does not start: \(error)")
            switch error {
            case .tooLate: return .launchFailed(grant, .deadlinePassed)
            case .system: return .launchFailed(grant, .deviceFailed)
            }
        }
    }

    // MARK: Tenants that others start

    /// Learns by which devices the tenant of a grant will be found; nothing begins that the guard could not end.
    private func find(_ grant: GuardedGrant, in room: TenantRoom) -> Bool {
        do throws(Reason) {
            let found = try room.open(grant)
            for other in keepers.keys where other != grant && !found.isDisjoint(with: tenantDevices[other] ?? []) {
                // A driver that was loaded anew has given it the numbers of another's devices.
                guard machine.isFenced(other), forget(other) else {
                    _ = room.close(grant)
                    throw Reason(
                        text: "its devices have the numbers that lease \(other.lease) had, whose room is not empty")
                }
            }
            keepers.removeValue(forKey: grant)?.stop()
            tenantDevices[grant] = found
            return true
        } catch {
            // One that was fenced is kept empty, as it was.
            if keepers[grant] == nil { unfound.insert(grant) }
            logger.warning("lease \(grant.lease) does not start: \(error.text)")
            return false
        }
    }

    /// Leaves the room of a grant to whoever comes, once nobody is in its group.
    private func forget(_ grant: GuardedGrant) -> Bool {
        if case .tenants(let room) = work, let left = room.close(grant) {
            logger.warning("lease \(grant.lease) is over, and its room is not empty: \(left)")
            return false
        }
        keepers.removeValue(forKey: grant)?.stop()
        tenantDevices[grant] = nil
        return true
    }

    /// Takes away what this guard has made, as far as that goes; the next start takes the rest.
    private func leaveRooms() {
        for grant in tenantDevices.keys { _ = forget(grant) }
    }

    /// Nothing of a grant has begun.
    private func refuse(_ grant: GuardedGrant, _ reason: StartRefusal) -> GuardEvent {
        if keepers[grant] == nil { unfound.insert(grant) }
        return .launchFailed(grant, reason)
    }

    /// Ends whoever has the devices of a grant open, and says so as an event.
    private func clear(_ grant: GuardedGrant, in room: TenantRoom, isFence: Bool) {
        let (logger, mailbox) = (logger, mailbox)
        keepers.removeValue(forKey: grant)?.stop()
        // One that was fenced may be given back: its devices are known until then.
        let known = isFence ? tenantDevices[grant] : tenantDevices.removeValue(forKey: grant)
        let keeper = room.clear(grant, known: known ?? [], isFence: isFence) { reason in
            logger.warning("the devices of lease \(grant.lease) are not free yet: \(reason)")
        } done: {
            // Nobody else would say it again.
            while mailbox.post(.vacated(grant), .order) == .full { usleep(1_000) }
        }
        if isFence { keepers[grant] = keeper }
    }

    private func flush() {
        guard !frames.isEmpty else { return }
        connections.send(frames)
        frames.removeAll(keepingCapacity: true)
    }
}

extension DeviceFile {
    /// GPUs of all nodes.
    var gpuCount: Int { shapes.reduce(0) { $0 + $1.gpuCount } }
}
