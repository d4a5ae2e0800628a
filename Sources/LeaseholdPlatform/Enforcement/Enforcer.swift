internal import Dispatch
internal import Foundation
internal import Glibc
package import LeaseholdDevices
package import LeaseholdModel
internal import Synchronization

/// One step to be carried out, with everything that it needs to know.
package struct StepOrder: Sendable {
    package let grant: GuardedGrant
    package let step: DeviceStep
    /// The head of the log that the coordinator has shown last: with the order for the grant, or since.
    package let head: LogHead
    /// The node's path.
    package let node: String
    /// The grant's GPUs by position, each with the least of its memory that was ever seen taken.
    package let gpus: [(gpu: GPUUUID, used: MemoryBytes?)]

    package init(
        grant: GuardedGrant, step: DeviceStep, head: LogHead, node: String, gpus: [(gpu: GPUUUID, used: MemoryBytes?)]
    ) {
        self.grant = grant
        self.step = step
        self.head = head
        self.node = node
        self.gpus = gpus
    }

    /// The GPUs with their positions.
    var positions: [(position: Int, gpu: GPUUUID)] {
        zip(grant.gpus.positions, gpus).map { (position: $0, gpu: $1.gpu) }
    }
}

/// Carries out the steps at the devices of a node's grants, away from whoever orders them.
///
/// The picture to have in mind is two workmen in the yard, one at the GPUs and one at the desk with the specifications,
/// who do one thing after the other; the site's own programs are visitors, who wait for nobody. Each order is answered
/// once, whatever comes of it, and each can be given again.
package final class Enforcer: Sendable {
    /// What is done, and with what.
    package struct Settings: Sendable {
        /// Where the site's own programs are, by the names of the hooks; nil for none.
        package var hookDirectory: String?
        /// How long a hook may take.
        package var hookLimit: Span
        /// What resets a GPU, whose name is its last argument; nil where none is reset.
        package var reset: SiteProgram?
        /// Whether GPUs have to say what they are.
        package var attestation: Attestation.Wish
        /// Where what they say lies while the site's verifier reads it.
        package var evidenceDirectory: String?
        /// Where container runtimes look for specifications; nil for none.
        package var containerDirectory: String?
        /// The link that leads to the guard's control groups, while it has some.
        package var groupsLink: String?
        /// The driver's tables and device files.
        package var files: @Sendable () -> DriverFiles

        package init(
            hookDirectory: String? = nil, hookLimit: Span = .seconds(60),
            reset: SiteProgram? = SiteProgram(path: "/usr/bin/nvidia-smi", arguments: ["--gpu-reset", "-i"]),
            attestation: Attestation.Wish = .offered, evidenceDirectory: String? = nil,
            containerDirectory: String? = CDIDirectory.standardPath,
            files: @escaping @Sendable () -> DriverFiles = { DriverFiles() }
        ) {
            self.hookDirectory = hookDirectory
            self.hookLimit = hookLimit
            self.reset = reset
            self.attestation = attestation
            self.evidenceDirectory = evidenceDirectory
            self.containerDirectory = containerDirectory
            self.files = files
        }
    }

    private let settings: Settings
    private let driver: DriverWatch
    private let board: Mutex<Board>
    private let yard = DispatchQueue(label: "leasehold.devices")
    private let desk = DispatchQueue(label: "leasehold.containers")
    /// A grant has one step at a time, so a hook waits for no other grant's.
    private let site = DispatchQueue(label: "leasehold.site", attributes: .concurrent)

    /// An enforcer that does nothing yet.
    ///
    /// - Parameters:
    ///   - settings: what is done, and with what.
    ///   - driver: whose GPUs they are.
    ///   - standing: the grants that may have a specification already.
    ///   - names: the GPUs of the node, by position.
    package init(_ settings: Settings, driver: DriverWatch, standing: [GuardedGrant], names: [GPUUUID]) {
        self.settings = settings
        self.driver = driver
        // What an agent that was killed has left to a verifier.
        if let folder = settings.evidenceDirectory { SystemAttestation.remove(folder) }
        board = Mutex(Board(settings.containerDirectory, settings.files(), driver, standing: standing, names: names))
    }

    /// The steps that there are with these settings.
    package static func steps(_ settings: Settings) -> Set<DeviceStep> {
        var steps: Set<DeviceStep> = [.carve, .evict, .uncarve, .verify]
        if settings.attestation != .none { steps.insert(.attest) }
        if settings.reset != nil { steps.insert(.reset) }
        if settings.containerDirectory != nil { steps.formUnion([.describe, .withdraw]) }
        if settings.hookDirectory != nil { steps.formUnion([.onGrant, .onRelease, .onSanitise]) }
        return steps
    }

    /// Carries a step out, and tells once what it came to.
    package func perform(_ order: StepOrder, telling tell: @escaping @Sendable (StepOutcome) -> Void) {
        switch order.step {
        case .carve, .evict, .uncarve, .reset, .verify: yard.async { tell(self.outcome(of: order)) }
        case .attest: yard.async { self.attest(order, telling: tell) }
        // Slices are looked up at the driver, which nobody may open while a GPU is being reset.
        case .describe where !order.grant.slices.isEmpty: yard.async { tell(self.outcome(of: order)) }
        case .describe, .withdraw: desk.async { tell(self.outcome(of: order)) }
        case .onGrant, .onRelease, .onSanitise: site.async { tell(self.outcome(of: order)) }
        }
    }

    /// From one try of writing all specifications anew to the next.
    private static let againAfter = DispatchTimeInterval.seconds(2)

    /// Writes the specifications anew of whoever has one, after the driver was loaded anew: its numbers may be others.
    ///
    /// - Parameters:
    ///   - last: why it did not succeed when it was tried before.
    ///   - note: is told why it does not, each time that the reason is another; it is tried until it does.
    package func describeAnew(after last: String? = nil, noting note: @escaping @Sendable (String) -> Void) {
        yard.async {
            guard let reason = self.board.withLock({ $0.settleAnew() }) else { return }
            if reason.text != last {
                note("the specifications of leases are those of an earlier driver: \(reason.text)")
            }
            self.yard.asyncAfter(deadline: .now() + Enforcer.againAfter) {
                self.describeAnew(after: reason.text, noting: note)
            }
        }
    }

    private func outcome(of order: StepOrder) -> StepOutcome {
        switch order.step {
        case .describe: board.withLock { $0.publish(order.grant) }
        case .withdraw: board.withLock { $0.withdraw(order.grant) }
        case .onGrant: run("on-grant", order)
        case .onRelease: run("on-release", order)
        case .onSanitise: run("on-sanitise", order)
        case .attest: preconditionFailure("attested apart, by two who wait for nobody else")
        case .carve: driver.carve(order.grant, on: order.positions)
        case .uncarve: emptied(order) { driver.uncarve(order.grant, on: order.positions) }
        case .evict: driver.evict(order.grant, on: order.positions)
        case .reset:
            emptied(order) {
                settings.reset.map { driver.reset(order.gpus.map(\.gpu), by: $0) }
                    ?? .done(evidence: "no reset is wanted")
            }
        case .verify:
            emptied(order) {
                order.grant.slices.isEmpty
                    ? driver.verify(order.gpus) : driver.verifyUncarved(order.grant, on: order.positions)
            }
        }
    }

    /// Asks the GPUs what they are, and lets the site's verifier judge that, for whom no other GPU waits.
    private func attest(_ order: StepOrder, telling tell: @escaping @Sendable (StepOutcome) -> Void) {
        let asked = order.gpus.map { (gpu: $0.gpu, nonce: Attestation.nonce(order.head, order.grant, $0.gpu)) }
        let isRequired = settings.attestation == .required
        switch driver.attest(asked) {
        case .failure(let reason): tell(.failed(reason: reason.text))
        case .success(let word) where !word.mode.isConfidential && !isRequired:
            tell(.done(evidence: "not offered: nothing is computed confidentially here"))
        case .success(let word):
            if isRequired, let weakness = word.mode.weakness {
                return tell(.failed(reason: "\(weakness); --attest is required"))
            }
            site.async { tell(self.judge(word, order)) }
        }
    }

    /// The verifier's word on what the GPUs have said, which is removed afterwards.
    private func judge(_ word: SystemAttestation, _ order: StepOrder) -> StepOutcome {
        guard let parent = settings.evidenceDirectory else { preconditionFailure("nowhere to put what GPUs have said") }
        let folder = "\(parent)/\(CDIName(order.grant))"
        do throws(SystemFailure) { try word.write(to: folder) } catch { return .failed(reason: "\(error)") }
        // What is left of it the next start removes; it says nothing about the GPUs.
        defer { SystemAttestation.remove(folder) }
        let said: String
        let isJudged: Bool
        do throws(SystemFailure) {
            isJudged =
                try settings.hookDirectory.map { path throws(SystemFailure) in
                    try SiteProgram.isThere("\(path)/on-attest")
                } ?? false
        } catch {
            return .failed(reason: "\(error)")
        }
        guard isJudged || settings.attestation != .required else {
            return .failed(reason: "there is no hook on-attest to judge what the GPUs say; --attest is required")
        }
        switch run("on-attest", order, ["LEASEHOLD_ATTESTATION": folder]) {
        case .failed(let reason): return .failed(reason: reason)
        case .done(let evidence): said = isJudged ? evidence : "nobody has judged it"
        }
        return .done(
            evidence:
                "\(word.gpus.count) GPUs asked with record \(order.head.index), chain \(order.head.chain): manifest "
                + "sha256 \(Attestation.digest(word.manifest)); \(said)")
    }

    /// Does what needs a GPU that is empty: whoever has come back since it was emptied is ended first, or a step that is
    /// tried again would fail for ever.
    private func emptied(_ order: StepOrder, _ work: () -> StepOutcome) -> StepOutcome {
        let before = driver.evict(order.grant, on: order.positions, grace: .seconds(1))
        guard case .done = before else { return before }
        return work()
    }

    /// Runs a hook; one that is not there has nothing against it.
    private func run(_ name: String, _ order: StepOrder, _ more: [String: String] = [:]) -> StepOutcome {
        guard let directory = settings.hookDirectory else { return .done(evidence: "no hooks are wanted") }
        let path = "\(directory)/\(name)"
        let grant = order.grant
        let group = settings.groupsLink.flatMap { TenantGroups.path(of: CDIName(grant), by: $0) }
        let environment = [
            "LEASEHOLD_HOOK": name, "LEASEHOLD_NODE": order.node, "LEASEHOLD_LEASE": "\(grant.lease)",
            "LEASEHOLD_EPOCH": "\(grant.epoch)",
            "LEASEHOLD_GPUS": order.gpus.map(\.gpu.driverText).joined(separator: ","),
            "LEASEHOLD_POSITIONS": grant.gpus.positions.map(String.init).joined(separator: ","),
            "LEASEHOLD_SLICES": grant.slices.isEmpty ? "" : grant.place,
            "LEASEHOLD_CDI_DEVICE": "\(CDIKind.lease)=\(CDIName(grant))", "LEASEHOLD_CGROUP": group ?? "",
        ]
        var room: String?
        if order.step.isGuarded, let link = settings.groupsLink {
            // What begins work is where work is: its guard ends it as it ends that.
            do throws(Reason) { room = try TenantGroups.programGroup(of: CDIName(grant), by: link) } catch {
                return .failed(reason: error.text)
            }
        }
        return SiteProgram(path: path, limit: settings.hookLimit, group: room).runIfThere(
            environment: environment.merging(more) { $1 })
    }
}

/// The specifications of a node's grants, and what they are made from.
private struct Board {
    private let path: String?
    private let files: DriverFiles
    private let driver: DriverWatch
    private let names: [GPUUUID]
    /// Grants that have a specification, or may have one from an earlier life of the agent.
    private var standing: [GuardedGrant]
    /// Nil until it is taken over.
    private var directory: CDIDirectory?

    /// Why something is not done.
    private struct Trouble: Error {
        let text: String
        /// Whether it says nothing about the grant itself.
        var mayPass = false
    }

    init(
        _ path: String?, _ files: DriverFiles, _ driver: DriverWatch, standing: [GuardedGrant], names: [GPUUUID]
    ) {
        self.driver = driver
        self.path = path
        self.files = files
        self.names = names
        self.standing = standing
    }

    mutating func publish(_ grant: GuardedGrant) -> StepOutcome {
        do throws(Trouble) {
            guard let directory = try settled() else { return .done(evidence: "no specifications are wanted") }
            let wanted = try specification(of: grant)
            do throws(CDIFailure) { try directory.publish(wanted) } catch { throw Trouble(text: "\(error)") }
            if !standing.contains(grant) { standing.append(grant) }
            return .done(evidence: "\(wanted.qualifiedName) has \(wanted.nodes.map(\.path).joined(separator: " "))")
        } catch {
            return .failed(reason: error.text)
        }
    }

    mutating func withdraw(_ grant: GuardedGrant) -> StepOutcome {
        do throws(Trouble) {
            guard let directory = try settled() else { return .done(evidence: "no specifications are wanted") }
            do throws(CDIFailure) { try directory.withdraw(CDIName(grant)) } catch { throw Trouble(text: "\(error)") }
            standing.removeAll { $0 == grant }
            return .done(evidence: "\(CDIKind.lease)=\(CDIName(grant)) is gone")
        } catch {
            return .failed(reason: error.text)
        }
    }

    /// Takes the directory over anew: the driver may number its devices otherwise than when what hangs there was written.
    ///
    /// - Returns: why it could not be; every other change tries again before it does anything.
    mutating func settleAnew() -> Reason? {
        directory = nil
        do throws(Trouble) { _ = try settled() } catch { return Reason(text: error.text) }
        return nil
    }

    private func tables() throws(Trouble) -> DriverTables {
        do throws(SystemFailure) { return try files.tables() } catch { throw Trouble(text: "\(error)") }
    }

    private func specification(of grant: GuardedGrant) throws(Trouble) -> CDISpecification {
        let tables = try tables()
        let devices = try devices(of: grant)
        let wanted: CDISpecification
        do throws(CDIObjection) {
            wanted = try CDISpecification(grant: CDIName(grant), devices: devices, tables: tables)
        } catch {
            throw Trouble(text: "\(error)")
        }
        do throws(DriverFiles.Failure) { try files.check(wanted.nodes) } catch { throw Trouble(text: "\(error)") }
        return wanted
    }

    /// The grant's GPUs, or the slices that it has of them, as the driver numbers those now.
    private func devices(of grant: GuardedGrant) throws(Trouble) -> [GrantedDevice] {
        let gpus = grant.gpus.positions.filter(names.indices.contains).map { (position: $0, gpu: names[$0]) }
        guard !grant.slices.isEmpty else { return gpus.map { .gpu($0.gpu) } }
        do throws(Reason) { return try driver.slices(of: grant, on: gpus) } catch {
            throw Trouble(text: error.text, mayPass: error.mayPass)
        }
    }

    /// The directory, taken over from an earlier life of the agent; nil where none is wanted.
    ///
    /// A grant for which there is no specification now, because its GPU is lost, has none afterwards.
    private mutating func settled() throws(Trouble) -> CDIDirectory? {
        guard let path else { return nil }
        if let directory { return directory }
        // Without a driver nobody knows what the files that are there stand for.
        guard try tables().namesGPUs else { throw Trouble(text: "the driver's tables name no GPU") }
        var live: [(grant: GuardedGrant, specification: CDISpecification)] = []
        for grant in standing {
            do throws(Trouble) { live.append((grant, try specification(of: grant))) } catch {
                // A driver that does not answer now says nothing about what its tenants have.
                if error.mayPass { throw error }
            }
        }
        let directory = CDIDirectory(path)
        do throws(CDIFailure) { try directory.settle(on: live.map(\.specification)) } catch {
            throw Trouble(text: "\(error)")
        }
        standing = live.map(\.grant)
        self.directory = directory
        return directory
    }
}
