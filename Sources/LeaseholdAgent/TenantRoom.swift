import Dispatch
import Foundation
import Glibc
import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Synchronization

/// Where a guard finds tenants' work that it has not started itself, and how it ends it: whoever has the devices of a
/// grant open, as its specification for containers names them, and whoever was put into the grant's control group.
struct TenantRoom: Sendable {
    /// Where container runtimes look for specifications.
    let containerDirectory: String
    /// Who has a device open.
    let users: DeviceUsers
    /// How long they have between the polite signal and the other, and after that.
    let grace: Span
    /// What the site does when a guard fences; nil where there is no directory of hooks.
    let hookDirectory: String?
    /// Where each grant has a control group; nil where none has.
    var groups: TenantGroups?
    /// Where an earlier guard had them.
    var formerGroups: TenantGroups?

    /// From one try to the next, where somebody lives on.
    private static let again: UInt32 = 500_000
    /// How long nobody must be found in a room: a job may be about to start the next of its processes.
    private static let quiet = Span.milliseconds(200)
    /// How long a guard that starts is polite: nobody has a word of it.
    private static let startGrace = Span.seconds(1)

    init(
        containerDirectory: String, users: DeviceUsers, grace: Span, hookDirectory: String? = nil
    ) {
        self.containerDirectory = containerDirectory
        self.users = users
        self.grace = grace
        self.hookDirectory = hookDirectory
    }

    /// By which devices a grant's tenant can be found; none where nobody can be.
    private func devices(of grant: GuardedGrant) throws(Reason) -> SpecifiedDevices {
        try CDIDirectory.devices(of: CDIName(grant), in: containerDirectory)
    }

    /// Makes the room of a grant, and learns by which devices its tenant can be found.
    ///
    /// - Throws: `Reason` where nobody could be found there, or not be kept in it: nothing is to begin then.
    func open(_ grant: GuardedGrant) throws(Reason) -> Set<DeviceNumber> {
        let devices = try devices(of: grant)
        guard !devices.own.isEmpty else { throw Reason(text: "no specification in \(containerDirectory) has it") }
        do throws(SystemFailure) { try groups?.make(CDIName(grant), for: devices) } catch {
            throw Reason(text: "\(error)")
        }
        return devices.own
    }

    /// Takes the room of a grant away, in which nobody is any more.
    ///
    /// - Returns: what is left of it, which the next start of a guard takes away; nil where nothing is.
    func close(_ grant: GuardedGrant) -> String? {
        do throws(SystemFailure) { try groups?.remove(CDIName(grant)) } catch { return "\(error)" }
        return nil
    }

    /// Ends everybody who has one of a grant's devices open, on a thread of its own, however long it takes.
    ///
    /// - Parameters:
    ///   - grant: whose they are.
    ///   - known: their numbers as they were when its work began; what its specification says now comes first, for a driver
    ///     that was loaded anew may number its GPUs otherwise.
    ///   - isFence: whether the grant's word ran out, which the site is told first; then the room is kept empty until its
    ///     keeper is stopped.
    ///   - note: is told why somebody is there still, each time that it changes.
    ///   - done: is called once, when nobody is left.
    /// - Returns: the keeper.
    func clear(
        _ grant: GuardedGrant, known: Set<DeviceNumber>, isFence: Bool, note: @escaping @Sendable (String) -> Void,
        done: @escaping @Sendable () -> Void
    ) -> RoomKeeper {
        let keeper = RoomKeeper()
        let thread = Thread {
            let group = settledGroup(of: grant, note)
            var found = settled(grant, known, note)
            if isFence { tellSite(of: grant, note) }
            evict(group, found, for: keeper, politely: true, note)
            // Given back, it is nobody's: its group goes before anybody else can have the devices that it opens.
            var said: String?
            while !isFence, let left = close(grant) {
                if left != said { note(left) }
                said = left
                usleep(TenantRoom.again)
                evict(group, found, for: keeper, politely: false, note)
            }
            done()
            while isFence, !keeper.isStopped(within: .seconds(1)) {
                // A driver that was loaded anew may have given its numbers to others.
                found = readable(grant) ?? found
                evict(group, found, for: keeper, politely: false, quiet: .zero, note)
            }
        }
        thread.name = "room"
        thread.start()
        return keeper
    }

    /// Ends everybody who has a device of any grant open, or is in the group of one; for a guard that starts.
    func clearAll() throws(Reason) {
        let devices = try CDIDirectory.devices(in: containerDirectory)
        var standing: [(groups: TenantGroups, grant: CDIName)] = []
        for groups in [groups, formerGroups].compactMap(\.self) {
            standing += try groups.standing().map { (groups, $0) }
        }
        var rooms: [TenantGroup] = []
        do throws(SystemFailure) {
            for (groups, grant) in standing { if let group = try groups.group(of: grant) { rooms.append(group) } }
        } catch {
            throw Reason(text: "\(error)")
        }
        if !devices.isEmpty || !rooms.isEmpty {
            let outcome = Eviction(whole: rooms.map(\.path)) { look(for: devices, rooms) }
                .run(grace: TenantRoom.startGrace, quiet: TenantRoom.quiet)
            if case .failed(let reason) = outcome { throw Reason(text: reason) }
        }
        for (groups, grant) in standing {
            do throws(SystemFailure) { try groups.remove(grant) } catch { throw Reason(text: "\(error)") }
        }
    }

    /// Who has one of some devices open, or is in one of some groups.
    private func look(for devices: Set<DeviceNumber>, _ rooms: [TenantGroup]) -> EvictionLook {
        let users = devices.isEmpty ? EvictionLook(pids: []) : users.look(for: devices)
        return rooms.reduce(users) { $0.union($1.members()) }
    }

    /// The group of a grant, where it has one; one that cannot be had now is waited for, or nobody in it would be found.
    private func settledGroup(of grant: GuardedGrant, _ note: (String) -> Void) -> TenantGroup? {
        var said: String?
        while true {
            do throws(SystemFailure) { return try groups?.group(of: CDIName(grant)) } catch {
                if "\(error)" != said { note("\(error)") }
                said = "\(error)"
                usleep(TenantRoom.again)
            }
        }
    }

    /// The devices of a grant; one whose specification cannot be read, and of which nothing is known, waits until it can.
    private func settled(
        _ grant: GuardedGrant, _ known: Set<DeviceNumber>, _ note: (String) -> Void
    ) -> Set<DeviceNumber> {
        var said: String?
        while true {
            do throws(Reason) {
                let now = try devices(of: grant).own
                return now.isEmpty ? known : now
            } catch {
                if error.text != said { note(error.text) }
                said = error.text
                guard known.isEmpty else { return known }
                usleep(TenantRoom.again)
            }
        }
    }

    /// The devices of a grant by its specification, where there is one that can be read and says some.
    private func readable(_ grant: GuardedGrant) -> Set<DeviceNumber>? {
        do throws(Reason) {
            let now = try devices(of: grant).own
            return now.isEmpty ? nil : now
        } catch {
            // Who keeps a room empty goes on with what is known, and who clears one has said it.
            return nil
        }
    }

    /// Until nobody is there, or the room is let again.
    private func evict(
        _ group: TenantGroup?, _ devices: Set<DeviceNumber>, for keeper: RoomKeeper, politely: Bool,
        quiet: Span = TenantRoom.quiet, _ note: (String) -> Void
    ) {
        let rooms = [group].compactMap(\.self)
        guard !devices.isEmpty || !rooms.isEmpty else { return }
        let eviction = Eviction(whole: rooms.map(\.path)) {
            let look = keeper.isStopped ? EvictionLook(pids: []) : look(for: devices, rooms)
            // Whom it has found since belongs to the next.
            return keeper.isStopped ? EvictionLook(pids: []) : look
        }
        var (said, isFirst): (String?, Bool) = (nil, true)
        // They have heard the polite signal once.
        while case .failed(let reason) = eviction.run(
            grace: grace, quiet: quiet, politely: politely && isFirst)
        {
            if reason != said { note(reason) }
            (said, isFirst) = (reason, false)
            usleep(TenantRoom.again)
        }
    }

    /// The hook may stop containers in the order in which the site wants it; it holds nothing up longer than the polite
    /// signal does, and whatever it says, who is on the devices is ended.
    private func tellSite(of grant: GuardedGrant, _ note: @escaping @Sendable (String) -> Void) {
        guard let hookDirectory else { return }
        let hook = SiteProgram(path: "\(hookDirectory)/on-fence", limit: grace)
        let environment = [
            "LEASEHOLD_HOOK": "on-fence", "LEASEHOLD_LEASE": "\(grant.lease)", "LEASEHOLD_EPOCH": "\(grant.epoch)",
            "LEASEHOLD_POSITIONS": grant.gpus.positions.map(String.init).joined(separator: ","),
            "LEASEHOLD_SLICES": grant.slices.isEmpty ? "" : grant.place,
            "LEASEHOLD_CDI_DEVICE": "\(CDIKind.lease)=\(CDIName(grant))",
            "LEASEHOLD_CGROUP": groups?.path(of: CDIName(grant)) ?? "",
        ]
        let hasEnded = DispatchSemaphore(value: 0)
        // What it does beyond its time, and what ending it takes, is not waited for.
        Thread.detachNewThread {
            if case .failed(let reason) = hook.runIfThere(environment: environment) { note("on-fence: \(reason)") }
            hasEnded.signal()
        }
        _ = hasEnded.wait(timeout: .now() + .nanoseconds(Int(grace.nanoseconds)))
    }
}

/// Keeps a room empty after its tenant's word ran out, until it is let again or given back.
final class RoomKeeper: Sendable {
    private let hasStopped = Atomic(false)
    private let rung = DispatchSemaphore(value: 0)

    /// Whoever is found from here on is left alone.
    func stop() {
        hasStopped.store(true, ordering: .releasing)
        rung.signal()
    }

    var isStopped: Bool { hasStopped.load(ordering: .acquiring) }

    /// Waits so long, or until it is stopped.
    fileprivate func isStopped(within span: Span) -> Bool {
        if isStopped { return true }
        _ = rung.wait(timeout: .now() + .nanoseconds(Int(span.nanoseconds)))
        return isStopped
    }
}
