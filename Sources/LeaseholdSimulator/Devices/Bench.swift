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
    /// By slot and GPU: the ticket of one that was seen broken; nil while it works.
    private var tickets: [[Ticket?]]
    /// By slot: the tickets that were closed last.
    private var closed: [[Ticket]]
    /// By slot.
    private var ticketCounts: [UInt64]

    init(_ name: String, _ shapes: [NodeShape], in world: World) {
        self.name = name
        self.world = world
        nodes = shapes.map { SimulatedNode($0) }
        highest = shapes.map { SeenEpochs(gpuCount: $0.gpuCount) }
        tickets = shapes.map { Array(repeating: nil, count: $0.gpuCount) }
        closed = shapes.map { _ in [] }
        ticketCounts = shapes.map { _ in 0 }
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
            follow(gpu, slot: slot, at: position, now)
            return GPUDetail(
                uuid: uuid(slot, position), product: node.shape.kind, serial: "", bus: "", firmware: "",
                memoryMiB: 81_559, sliceMode: "", standing: gpu.isBroken ? .unhealthy : .healthy,
                limit: node.shape.envelope(ofGPU: position),
                // Always another one: it alone makes no word worth saying.
                energyJoules: UInt64(clamping: now.nanoseconds))
        }
        let open = tickets[slot].compactMap { $0 }
        let troubles = open.map {
            DeviceTrouble(
                gpu: $0.gpu, component: $0.component, standing: .unhealthy, what: "it is broken", remedy: $0.action,
                since: $0.name.opened, count: 1, ticket: $0.name.number)
        }
        return NodeDetail(
            driver: "simulated", gpus: gpus, troubles: troubles,
            tickets: ToldTickets(open: open.sorted { $0.name < $1.name }, closed: closed[slot]), statedAt: now)
    }

    /// Opens a ticket for a GPU that is seen broken, and closes that of one that works again.
    private func follow(_ gpu: SimulatedGPU, slot: Int, at position: Int, _ now: CalendarInstant) {
        switch (gpu.isBroken, tickets[slot][position]) {
        case (true, nil):
            ticketCounts[slot] += 1
            tickets[slot][position] = Ticket(
                name: Ticket.Name(opened: now, number: ticketCounts[slot]), gpu: position,
                uuid: uuid(slot, position), component: "gpu", action: "mend it", done: nil, closing: nil)
        case (false, let ticket?):
            tickets[slot][position] = nil
            closed[slot].append(ticket.closed(.recovered, at: now))
        case (true, _), (false, nil): break
        }
    }

    /// Whether it has, or had, exactly this ticket: word of one that is open may be on its way while it is closed.
    func hasHad(_ ticket: Ticket, slot: Int) -> Bool {
        tickets[slot].contains(ticket)
            || closed[slot].contains { closed in
                closed == ticket || ticket.closing == nil && closed == closing(of: ticket, as: closed)
            }
    }

    private func closing(of ticket: Ticket, as closed: Ticket) -> Ticket? {
        closed.closing.map { ticket.closed($0.outcome, at: $0.at) }
    }

    private func uuid(_ slot: Int, _ position: Int) -> String { "GPU-\(name)-\(slot)-\(position)" }

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
