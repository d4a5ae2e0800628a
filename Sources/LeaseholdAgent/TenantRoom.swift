import Dispatch
import Foundation
import Glibc
import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform
import Synchronization

/// Where a guard finds tenants' work that it has not started itself, and how it ends it: whoever has the devices of a
/// grant open, as its specification for containers names them.
struct TenantRoom: Sendable {
    /// Where container runtimes look for specifications.
    let containerDirectory: String
    /// Who has a device open.
    let users: DeviceUsers
    /// How long they have between the polite signal and the other, and after that.
    let grace: Span
    /// What the site does when a guard fences; nil where there is no directory of hooks.
    let hookDirectory: String?

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
    func devices(of grant: GuardedGrant) throws(Reason) -> Set<DeviceNumber> {
        try CDIDirectory.devices(of: CDIName(grant), in: containerDirectory)
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
            let found = settled(grant, known, note)
            if isFence { tellSite(of: grant, note) }
            evict(found, for: keeper, politely: true, note)
            done()
            while isFence, !found.isEmpty, !keeper.isStopped(within: .seconds(1)) {
                evict(found, for: keeper, politely: false, quiet: .zero, note)
            }
        }
        thread.name = "room"
        thread.start()
        return keeper
    }

    /// Ends everybody who has a device of any grant open; for a guard that starts.
    func clearAll() throws(Reason) {
        let devices = try CDIDirectory.devices(in: containerDirectory)
        guard !devices.isEmpty else { return }
        let outcome = Eviction { users.look(for: devices) }.run(grace: TenantRoom.startGrace, quiet: TenantRoom.quiet)
        if case .failed(let reason) = outcome { throw Reason(text: reason) }
    }

    /// The devices of a grant; one whose specification cannot be read, and of which nothing is known, waits until it can.
    private func settled(
        _ grant: GuardedGrant, _ known: Set<DeviceNumber>, _ note: (String) -> Void
    ) -> Set<DeviceNumber> {
        var said: String?
        while true {
            do throws(Reason) {
                let now = try devices(of: grant)
                return now.isEmpty ? known : now
            } catch {
                if error.text != said { note(error.text) }
                said = error.text
                guard known.isEmpty else { return known }
                usleep(TenantRoom.again)
            }
        }
    }

    /// Until nobody is there, or the room is let again.
    private func evict(
        _ devices: Set<DeviceNumber>, for keeper: RoomKeeper, politely: Bool, quiet: Span = TenantRoom.quiet,
        _ note: (String) -> Void
    ) {
        guard !devices.isEmpty else { return }
        let eviction = Eviction { keeper.isStopped ? EvictionLook(pids: []) : users.look(for: devices) }
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
