import Dispatch
import Glibc
import LeaseholdDevices
import LeaseholdModel
import LeaseholdPlatform

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

    private static let queue = DispatchQueue(label: "leasehold.room", attributes: .concurrent)
    /// From one try to the next, where somebody lives on.
    private static let again: UInt32 = 500_000

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

    /// Ends everybody who has one of some devices open, away from whoever asks, however long it takes.
    ///
    /// - Parameters:
    ///   - devices: their numbers.
    ///   - grant: whose they are.
    ///   - isFence: whether the grant's word ran out, which the site is told first.
    ///   - note: is told why somebody is there still, each time that it changes.
    ///   - done: is called once, when nobody is left.
    func clear(
        _ devices: Set<DeviceNumber>, of grant: GuardedGrant, isFence: Bool,
        note: @escaping @Sendable (String) -> Void, done: @escaping @Sendable () -> Void
    ) {
        TenantRoom.queue.async {
            if isFence { tellSite(of: grant, note) }
            var said: String?
            while case .failed(let reason) = evict(devices) {
                if reason != said { note(reason) }
                said = reason
                usleep(TenantRoom.again)
            }
            done()
        }
    }

    /// Ends everybody who has a device of any grant open; for a guard that starts.
    func clearAll() throws(Reason) {
        let devices = try CDIDirectory.devices(in: containerDirectory)
        if case .failed(let reason) = evict(devices) { throw Reason(text: reason) }
    }

    private func evict(_ devices: Set<DeviceNumber>) -> StepOutcome {
        guard !devices.isEmpty else { return .done(evidence: "no device") }
        return Eviction {
            do throws(SystemFailure) { return .success(try users.pids(of: devices)) } catch {
                return .failure(Reason(text: "\(error)"))
            }
        }.run(grace: grace)
    }

    /// The hook may stop containers in the order in which the site wants it; it holds nothing up longer than the polite
    /// signal does, and whatever it says, who is on the devices is ended.
    private func tellSite(of grant: GuardedGrant, _ note: (String) -> Void) {
        guard let hookDirectory else { return }
        let hook = SiteProgram(path: "\(hookDirectory)/on-fence", limit: grace)
        let outcome = hook.runIfThere(environment: [
            "LEASEHOLD_HOOK": "on-fence", "LEASEHOLD_LEASE": "\(grant.lease)", "LEASEHOLD_EPOCH": "\(grant.epoch)",
            "LEASEHOLD_POSITIONS": grant.gpus.positions.map(String.init).joined(separator: ","),
            "LEASEHOLD_SLICES": grant.slices.isEmpty ? "" : grant.place,
            "LEASEHOLD_CDI_DEVICE": "\(CDIKind.lease)=\(CDIName(grant))",
        ])
        if case .failed(let reason) = outcome { note("on-fence: \(reason)") }
    }
}
