import LeaseholdDevices
import LeaseholdModel
import LeaseholdProtocol

/// The GPUs of one machine and the tenants' processes on them: the ground truth of who holds what (L1).
///
/// A tenant's process never stops by itself: it works on its GPUs until it is killed, and dies with its guard.
final class Bench {
    /// A process of a tenant.
    struct Tenant {
        let process: TenantProcessID
        let grant: GuardedGrant
    }

    private unowned let world: World
    private let name: String
    /// By slot.
    private(set) var nodes: [SimulatedNode]
    /// Alive, in the order of their starts.
    private(set) var tenants: [Tenant] = []
    private var lastProcess: Int32 = 100
    /// By slot: the highest epochs whose work ever ran there; what must never be undercut again (L4).
    private(set) var highest: [SeenEpochs]
    /// By slot and GPU: when it was first seen broken; nil while it works.
    private var brokenSince: [[CalendarInstant?]]

    init(_ name: String, _ shapes: [NodeShape], in world: World) {
        self.name = name
        self.world = world
        nodes = shapes.map { SimulatedNode($0) }
        highest = shapes.map { SeenEpochs(gpuCount: $0.gpuCount) }
        brokenSince = shapes.map { Array(repeating: nil, count: $0.gpuCount) }
    }

    // MARK: What a guard does

    /// Marks the devices and starts the work, unless the deadline has passed by then.
    func launch(_ grant: GuardedGrant, notAfter deadline: BootInstant, at now: BootInstant) -> GuardEvent {
        // Before the device is asked: a real one has no memory of epochs that would refuse.
        if now < deadline { judgeLaunch(grant) }
        do throws(DeviceRefusal) {
            try nodes[grant.slot.offset].occupy(grant, at: now)
        } catch {
            world.tell(name, "lease \(grant.lease) does not start: \(error)")
            return .launchFailed(grant, error.startRefusal)
        }
        guard now < deadline else {
            nodes[grant.slot.offset].vacate(grant)
            return .launchFailed(grant, .deadlinePassed)
        }
        noteLaunch(grant)
        world.auditor.launched(grant, on: self)
        nodes[grant.slot.offset].work(grant)
        lastProcess += 1
        let process = TenantProcessID(rawValue: lastProcess)
        tenants.append(Tenant(process: process, grant: grant))
        world.count { $0.launchCount += 1 }
        world.tell(name, "process \(process) works for \(grant.lease) under \(grant.epoch) on \(text(grant))")
        return .launched(grant, process: process)
    }

    /// Whether the process was alive; it is not any more.
    func kill(_ process: TenantProcessID) -> Bool {
        guard let position = tenants.firstIndex(where: { $0.process == process }) else { return false }
        world.tell(name, "process \(process) of \(tenants[position].grant.lease) is dead")
        tenants.remove(at: position)
        return true
    }

    /// Wipes the grant's GPUs and gives them back.
    func vacate(_ grant: GuardedGrant) {
        if let tenant = tenants.first(where: { $0.grant == grant }) {
            world.report(
                .oneHolder, "\(text(grant)) are wiped while process \(tenant.process) of \(grant.lease) works on them")
        }
        nodes[grant.slot.offset].vacate(grant)
    }

    // MARK: What befalls it

    /// The guard is gone, and the tenants' processes with it (L6).
    func guardDied() {
        if !tenants.isEmpty { world.tell(name, "\(tenants.count) processes die with their guard") }
        tenants = []
    }

    /// A new guard clears what an earlier one left.
    func clear() {
        for slot in nodes.indices {
            for position in nodes[slot].gpus.indices { nodes[slot].gpus[position].clear() }
        }
    }

    func `break`(slot: Int, gpu: Int) { nodes[slot].gpus[gpu].break() }

    func mendAll() {
        for slot in nodes.indices {
            for position in nodes[slot].gpus.indices { nodes[slot].gpus[position].mend() }
        }
    }

    // MARK: What people are told

    /// What an agent says of a node's devices.
    func detail(slot: Int, at now: CalendarInstant) -> NodeDetail {
        let node = nodes[slot]
        let gpus = node.gpus.enumerated().map { position, gpu in
            brokenSince[slot][position] = gpu.isBroken ? brokenSince[slot][position] ?? now : nil
            return GPUDetail(
                uuid: "GPU-\(name)-\(slot)-\(position)", product: node.shape.kind, serial: "", bus: "", firmware: "",
                memoryMiB: 81_559, sliceMode: "", standing: gpu.isBroken ? .unhealthy : .healthy,
                limit: node.shape.envelope(ofGPU: position),
                // Always another one: it alone makes no word worth saying.
                energyJoules: UInt64(clamping: now.nanoseconds))
        }
        let troubles = brokenSince[slot].enumerated().compactMap { position, since in
            since.map {
                DeviceTrouble(
                    gpu: position, component: "gpu", standing: .unhealthy, what: "it is broken", remedy: "mend it",
                    since: $0, count: 1, ticket: nil)
            }
        }
        return NodeDetail(driver: "simulated", gpus: gpus, troubles: troubles, statedAt: now)
    }

    // MARK: Judgement

    /// One holder at a time, and never an epoch below one that was there (L1, L4).
    private func judgeLaunch(_ grant: GuardedGrant) {
        for tenant in tenants
        where tenant.grant.slot == grant.slot && tenant.grant.overlaps(grant) {
            world.report(
                .oneHolder,
                "\(text(grant)) get work of \(grant.lease) while process \(tenant.process) works there for "
                    + "\(tenant.grant.lease)")
        }
        let before = highest[grant.slot.offset].highest(of: grant)
        if grant.epoch < before {
            world.report(.epochsGrow, "\(text(grant)) start under \(grant.epoch) after \(before)")
        }
    }

    private func noteLaunch(_ grant: GuardedGrant) {
        highest[grant.slot.offset].raise(grant, to: grant.epoch)
    }

    /// Whether work of this epoch is on a node now.
    func isAtWork(_ lease: LeaseID, _ epoch: Epoch, slot: Int) -> TenantProcessID? {
        tenants.first { $0.grant.lease == lease && $0.grant.epoch == epoch && $0.grant.slot.offset == slot }?.process
    }

    private func text(_ grant: GuardedGrant) -> String {
        "\(grant.place) of \(nodes[grant.slot.offset].shape.path)"
    }
}
