extension Story {
    /// A step in plain words.
    func words(_ step: Step, _ before: World, _ after: World) -> String {
        let said = step.answer == .none ? "" : "; " + says(step, after)
        let desk = step.place == 1 ? "the standby" : "the coordinator"
        switch step.kind {
        case .delivered: return reads(step, before, after) + said
        case .beat:
            return "the agent sends the heartbeat stamped \(readings[0])" + (step.isLost ? ", which is lost" : "")
        case .dialled: return "the agent dials connection \(after.dialled)" + said
        case .reported: return "the agent reports again" + said
        case .processesGone: return "the guard ends the work of \(grant(Int(before.live), before))"
        case .memoryWiped: return "the guard wipes the memory"
        case .epochClosed: return "the agent journals that \(grant(Int(before.live), before)) is closed" + said
        case .started: return started(step.place, after)
        case .fenced: return "the guard has fenced \(grant(step.place, before))"
        case .decided: return "\(desk) grants \(grant(Int(after.grantCount), after))" + said
        case .grew: return "\(desk)'s log grows by records about other nodes" + said
        case .ended:
            let last = Int(after.desks[step.place].last)
            return "\(desk) ends \(grant(last, after))" + waits(after, step.place) + said
        case .waited:
            let last = Int(after.desks[step.place].last)
            return "\(desk) has waited long enough: the GPU of \(grant(last, after)) is free"
        case .transactionSent: return "the coordinator sends the transaction that renews its leadership"
        case .transactionDone: return "the store carries the transaction out"
        case .transactionAnswered:
            return "the answer arrives: the leadership is valid for \(after.desks[0].validLeft) units more"
        case .tookOver:
            return "the standby acquires the leadership, reign \(after.desks[1].reign), "
                + "and grants nothing on silence for \(after.desks[1].holdOff) units"
        case .lookedEarly:
            return bounds.hasStandby
                ? "\(desk) finds its leadership valid" : "\(desk) reads its clock, before it takes a batch"
        case .agentDied: return "the agent dies and starts again"
        case .guardDied: return "the guard dies"
        case .nodeRebooted: return "the node reboots"
        case .coordinatorDied: return "the coordinator dies and starts again, reign \(after.desks[0].reign)"
        case .coordinatorRebooted: return "the coordinator's machine reboots, reign \(after.desks[0].reign)"
        case .restored: return restored(after)
        case .calendarStepped:
            return "the coordinator's calendar steps \(step.place > 0 ? "forward" : "back") by a unit"
        case .ticked: return ""
        }
    }

    private func reads(_ step: Step, _ before: World, _ after: World) -> String {
        let message = step.message
        let reader = message.isForCoordinator ? (step.place == 1 ? "the standby" : "the coordinator") : "the agent"
        var words = "\(reader) reads \(name(message, after))"
        if mistake == .nowBeforeBatch, message.kind == .heartbeat {
            words += ", by the clock that it had read \(before.desks[step.place].early) units before"
        }
        if step.isRepeated { words += ", which stays on its way" }
        if after.pending != before.pending, after.pending > 0 {
            words += " and tells the guard: \(grant(Int(after.pending), after)) for \(after.pendingLeft) units"
        }
        for grant in 1...3 where after.work[grant - 1] > before.work[grant - 1] {
            words += ", and \(self.grant(grant, after)) may run until \(deadline(grant, after))"
        }
        let place = step.place
        if message.isForCoordinator, before.desks[place].state == .ending, after.desks[place].state == .free {
            words += ": the GPU of \(grant(Int(after.desks[place].last), after)) is free"
        }
        if message.isForCoordinator, after.desks[place].has(.diverged), !before.desks[place].has(.diverged) {
            words += ": the node has seen what this log has lost"
        }
        return words
    }

    private func says(_ step: Step, _ after: World) -> String {
        let sender = step.answer.isForCoordinator ? "it says" : "it sends"
        return "\(sender) \(name(step.answer, after))" + (step.isLost ? ", which is lost" : "")
    }

    private func name(_ message: Message, _ world: World) -> String {
        let about = message.grant > 0 ? grant(message.grant, world) : "nothing"
        let stamp = readings[0] - message.age
        let term = bounds.isKeep ? ", \(message.term) units left" : ""
        let way = bounds.connections > 1 ? " on connection \(message.connection)" : ""
        switch message.kind {
        case .none: return "nothing"
        case .hello: return "hello\(way)"
        case .welcome: return "welcome to reign \(message.term)\(way)"
        case .report: return "the report (live: \(about); highest: \(number(message.highest)))\(way)"
        case .heartbeat: return "the heartbeat stamped \(stamp) (live: \(about))\(way)"
        case .renewal: return "the renewal of \(about) by the heartbeat stamped \(stamp)\(term)\(way)"
        case .grant: return "the grant of \(about) by the heartbeat stamped \(stamp)\(term)\(way)"
        case .retire: return "retire \(about)\(way)"
        case .retired: return "\(about) is retired\(way)"
        }
    }

    private func started(_ grant: Int, _ after: World) -> String {
        "the guard starts \(self.grant(grant, after)), to run until \(deadline(grant, after))"
    }

    private func deadline(_ grant: Int, _ world: World) -> String {
        "node clock \(readings[0] + max(0, Int(world.work[grant - 1]) - bounds.eviction))"
    }

    private func waits(_ world: World, _ place: Int) -> String {
        let left = world.desks[place].waitLeft
        return left == Desk.never ? ", and only the agent's word frees it" : ", and waits \(left) units"
    }

    private func restored(_ world: World) -> String {
        let desk = world.desks[0]
        let what =
            switch desk.state {
            case .free:
                desk.last == 0 ? "it knows of no grant" : "its last grant, \(grant(Int(desk.last), world)), is retired"
            case .ending: "\(grant(Int(desk.last), world)) is ending"
            case .live: "\(grant(Int(desk.last), world)) is live"
            }
        return "the coordinator starts with an older log, reign \(desk.reign): \(what)"
    }

    private func grant(_ grant: Int, _ world: World) -> String { "epoch \(epoch(grant, world))" }

    /// An epoch as it is written: the reign, and the place in the log.
    func epoch(_ grant: Int, _ world: World) -> String { number(Int(world.epoch(of: grant))) }

    private func number(_ epoch: Int) -> String { epoch == 0 ? "0" : "\(epoch / 4).\(epoch & 3)" }
}
