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
        world.note(machine.book.digest())
    }

    /// Every acknowledged grant and release stands in the book (L2).
    private func judgeAnswers(against book: LeaseBook) {
        for (number, ask) in stage.history.asks.enumerated() {
            if !ask.isAnswered { world.report(.itEnds, "request \(number), \(ask.request.words), was never answered") }
            guard !world.auditor.wasRolledBack else { continue }
            switch ask.answer {
            case .granted(let view):
                guard let lease = book.lease(view.lease), lease.granted.placements == view.placements,
                    lease.epoch == view.epoch, lease.granted.endsAt == view.endsAt
                else {
                    world.report(.nothingLost, "\(view.lease) was granted to a client, and the book has not that lease")
                    continue
                }
            case .released(let released):
                guard let lease = book.lease(released.lease), lease.cause != .none else {
                    world.report(
                        .nothingLost, "\(released.lease) was released by a client, and the book has it running")
                    continue
                }
            default: continue
            }
        }
    }

    /// Nothing is held, nothing is set aside without a reason that still stands (L15).
    private func judgeRest(of book: LeaseBook) {
        let counts = book.statusView.leases
        let wasRolledBack = world.auditor.wasRolledBack
        if !wasRolledBack, counts.starting + counts.active + counts.ending > 0 {
            world.report(.itEnds, "leases are still under way: \(counts)")
        }
        for offset in 0..<book.nodeCount {
            let node = NodeID(rawValue: UInt32(offset))
            let facts = book.facts(of: node)
            // A node that has seen what a rollback lost stays where it is until somebody looks, or is not even let in
            // because it has seen a higher reign; an alarm says so (L9).
            if wasRolledBack, facts.reason == .witnessAhead || facts.reason == .newReign { continue }
            if let grant = book.grants(on: node).first {
                world.report(.itEnds, "\(facts.name) still counts as held by \(grant.lease)")
            }
            guard facts.state != .ready else { continue }
            world.report(.itEnds, "\(facts.name) is still \(facts.state) because \(facts.reason)")
        }
        if book.nodeCount != world.weather.fleet.shapes.count {
            world.report(.itEnds, "the book has \(book.nodeCount) nodes")
        }
    }

    /// Nothing leaks on the nodes.
    private func judgeDevices() {
        for server in stage.servers {
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
            if !agent.isAttached, !world.auditor.wasRolledBack {
                world.report(.itEnds, "\(server.agent.name) has nodes without a session")
            }
        }
    }
}
