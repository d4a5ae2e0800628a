import LeaseholdBroker
import LeaseholdDevices
import LeaseholdModel
import LeaseholdProtocol

/// The end of a run: faults have stopped long ago, so everything must have come to rest (L15), and everything that
/// clients were told must stand in the log (L2).
struct Judgement {
    private let stage: Stage
    private unowned let world: World

    init(_ stage: Stage, in world: World) {
        self.stage = stage
        self.world = world
    }

    func pass() {
        guard let machine = stage.coordinator.machine else {
            world.report(.itEnds, "the coordinator is not up")
            return
        }
        world.auditor.audit(machine)
        judgeAnswers(against: machine.book)
        judgeRest(of: machine.book)
        if machine.heldEffectCount > 0 {
            world.report(.itEnds, "\(machine.heldEffectCount) effects still wait for their records")
        }
        judgeDevices()
        judgeDetails(of: machine)
        world.note(machine.book.digest())
    }

    /// Every acknowledged grant and release stands in the book (L2).
    private func judgeAnswers(against book: LeaseBook) {
        for (number, ask) in stage.history.asks.enumerated() {
            if !ask.isAnswered { world.report(.itEnds, "request \(number), \(ask.request.words), was never answered") }
            guard world.auditor.stands(ask.answeredOn) else { continue }
            switch ask.answer {
            case .granted(let view):
                guard let lease = book.lease(view.lease), lease.granted.first.placements == view.placements,
                    lease.granted.first.startsAt == view.startsAt, lease.granted.first.endsAt == view.endsAt,
                    view.epoch.map({ $0 == lease.epoch }) ?? true
                else {
                    world.report(.nothingLost, "\(view.lease) was granted to a client, and the book has not that lease")
                    continue
                }
            case .released(let released):
                guard let lease = book.lease(released.lease), lease.cause == .released else {
                    world.report(
                        .nothingLost, "\(released.lease) was released by a client, and the book has it running")
                    continue
                }
            case .cancelled(let cancelled):
                guard let lease = book.lease(cancelled.lease), lease.state == .cancelled else {
                    world.report(
                        .nothingLost, "\(cancelled.lease) was cancelled by a client, and the book has it still")
                    continue
                }
            case .extended(let extended):
                guard let lease = book.lease(extended.lease), lease.part.endsAt >= extended.endsAt else {
                    world.report(.nothingLost, "\(extended.lease) was extended, and the book has its old end")
                    continue
                }
            case .waitlisted(let waiting):
                if book.lease(waiting.lease) == nil {
                    world.report(.nothingLost, "\(waiting.lease) was put on the list, and the book does not have it")
                }
            case .resized(let resized):
                // A lease never grows, and its first part is the last one to go.
                guard let lease = book.lease(resized.lease),
                    lease.granted.unit != .gpu || lease.part.gpuCount <= resized.count,
                    lease.granted.unit != .node || lease.part.placements.count <= resized.count
                else {
                    world.report(.nothingLost, "\(resized.lease) was resized by a client, and the book has more of it")
                    continue
                }
            default: continue
            }
        }
    }

    /// Machines that the coordinator does not let in, because they have seen a higher reign than a log has that was
    /// put back by hand: they wait for a person, and an alarm says so (L4, L9).
    private func isLockedOut(_ server: Server) -> Bool {
        guard let seen = server.agent.machine?.seen, let reign = stage.coordinator.machine?.reign else { return false }
        return seen.reign > reign
    }

    /// Nothing is held, nothing is set aside without a reason that still stands (L15).
    private func judgeRest(of book: LeaseBook) {
        let counts = book.statusView.leases
        if !stage.servers.contains(where: isLockedOut),
            counts.waitlisted + counts.confirmed + counts.starting + counts.active + counts.ending > 0
        {
            world.report(.itEnds, "leases are still under way: \(counts)")
        }
        for (server, nodes) in zip(stage.servers, world.weather.fleet.machines) where !isLockedOut(server) {
            for offset in nodes.prefix(while: { $0 < book.nodeCount }) {
                judgeRest(of: NodeID(rawValue: UInt32(offset)), in: book)
            }
        }
        if book.nodeCount != world.weather.fleet.shapes.count {
            world.report(.itEnds, "the book has \(book.nodeCount) nodes")
        }
    }

    private func judgeRest(of node: NodeID, in book: LeaseBook) {
        let facts = book.facts(of: node)
        if let grant = book.grants(on: node).first {
            world.report(.itEnds, "\(facts.name) still counts as held by \(grant.lease)")
        }
        // A node that has seen what a rollback lost stays where it is until somebody looks (L9).
        if facts.state == .ready || world.auditor.wasRolledBack && facts.reason == .witnessAhead { return }
        world.report(.itEnds, "\(facts.name) is still \(facts.state) because \(facts.reason)")
    }

    /// Nothing leaks on the nodes.
    private func judgeDevices() {
        for server in stage.servers where !isLockedOut(server) {
            for tenant in server.bench.tenants {
                world.report(.itEnds, "process \(tenant.process) of \(tenant.grant.lease) still works")
            }
            for node in server.bench.nodes where !node.held.isEmpty {
                world.report(.itEnds, "GPUs \(node.held) of \(node.shape.path) are still marked")
            }
            guard let agent = server.agent.machine else {
                world.report(.itEnds, "\(server.agent.name) is not up")
                continue
            }
            if agent.liveGrantCount > 0 {
                world.report(.itEnds, "\(server.agent.name) still has \(agent.liveGrantCount) grants")
            }
            if agent.certificateCount > 0 {
                world.report(.itEnds, "\(server.agent.name) still has \(agent.certificateCount) certificates")
            }
            if !agent.isAttached { world.report(.itEnds, "\(server.agent.name) has nodes without a session") }
        }
    }

    /// What is shown of a node's devices is how they are (L15).
    private func judgeDetails(of machine: CoordinatorMachine) {
        for (server, nodes) in zip(stage.servers, world.weather.fleet.machines) where !isLockedOut(server) {
            for (slot, offset) in nodes.enumerated() where offset < machine.book.nodeCount {
                let node = server.bench.nodes[slot]
                guard let detail = machine.detail(of: NodeID(rawValue: UInt32(offset))) else {
                    world.report(.itEnds, "nothing is shown of the devices of \(node.shape.path)")
                    continue
                }
                let isAsItIs = zip(detail.gpus, node.gpus).allSatisfy { ($0.standing == .unhealthy) == $1.isBroken }
                if !isAsItIs || detail.gpus.count != node.gpus.count || detail.troubles.count != node.unhealthy.count {
                    world.report(.itEnds, "\(node.shape.path) is shown with \(detail)")
                }
            }
        }
    }
}
