package import LeaseholdModel

/// What people are told of a node.
extension NodeWatch {
    /// What the node has, and what is wrong with it, worst first.
    ///
    /// - Parameters:
    ///   - stuck: what else keeps GPUs from work, by position.
    ///   - power: what is drawn now; what was used is said as it stands here.
    ///   - now: when it is said.
    /// - Returns: the word for people.
    package func detail(
        _ stuck: [DeviceTrouble] = [], drawing power: NodePower = NodePower(), at now: CalendarInstant
    ) -> NodeDetail {
        var troubles = nodeTroubles + powerTroubles + probeTroubles + stuck
        for position in gpus.indices {
            troubles += gpus[position].troubles(at: position) { component in
                tickets.open.first { $0.gpu == gpus[position].uuid && $0.component == component }?.number.number
            }
        }
        let version: String? = if case .answers(let version) = driver { version } else { nil }
        let measured = PowerScope.allCases.compactMap(power.best).map { best in
            PowerDetail(
                scope: best.source.scope, source: best.source.words, quality: best.draw.quality,
                draw: Watts(Int64((best.draw.shown.count + 999) / 1_000)),
                energyJoules: best.isMetered ? self.power.energy(best.source).map { $0.count / 1_000 } : nil)
        }
        return NodeDetail(
            driver: version ?? "", gpus: gpus.map(\.detail), power: measured, troubles: troubles, tickets: told,
            statedAt: now)
    }

    /// What its tickets are to others.
    private var told: ToldTickets {
        let told = { (ticket: BreakfixTicket) in
            ticket.told(at: gpus.firstIndex { $0.uuid == ticket.gpu })
        }
        return ToldTickets(open: tickets.open.map(told), closed: tickets.closed.map(told))
    }

    private var powerTroubles: [DeviceTrouble] {
        power.troubles.map {
            DeviceTrouble(
                gpu: nil, component: "power", standing: .healthy, what: $0.complaint.what,
                remedy: $0.complaint.remedy, since: $0.since, count: 1, ticket: nil)
        }
    }

    /// Probes that say nothing: told, and nothing else follows.
    private var probeTroubles: [DeviceTrouble] {
        let failing = probes.probes.compactMap { probe in
            probe.trouble.map { trouble in
                DeviceTrouble(
                    gpu: nil, component: "probe \(probe.name)", standing: .healthy, what: trouble.what,
                    remedy: "run the probe by hand, as its agent does", since: trouble.since, count: 1, ticket: nil)
            }
        }
        return failing
            + (probes.complaint.map {
                [
                    DeviceTrouble(
                        gpu: nil, component: "probes", standing: .healthy, what: $0.what, remedy: "", since: $0.since,
                        count: 1, ticket: nil)
                ]
            } ?? [])
    }

    private var nodeTroubles: [DeviceTrouble] {
        var troubles: [DeviceTrouble] = []
        switch driver {
        case .answers, .unasked: break
        case .gone(let reason, let since):
            troubles.append(
                DeviceTrouble(
                    gpu: nil, component: "driver", standing: .unhealthy, what: "the driver does not answer: \(reason)",
                    remedy: "load the driver (modprobe nvidia), or start the node anew", since: since, count: 1,
                    ticket: nil))
        case .asleep(let since):
            troubles.append(
                DeviceTrouble(
                    gpu: nil, component: "driver", standing: .suspect, what: "a call of the driver does not come back",
                    remedy: "look for a GPU that hangs (dmesg), and start the node anew if it stays so", since: since,
                    count: 1, ticket: nil))
        }
        return troubles
            + complaints.map {
                DeviceTrouble(
                    gpu: nil, component: "node", standing: .suspect, what: $0.what, remedy: "", since: $0.since,
                    count: 1,
                    ticket: nil)
            }
    }
}

extension WatchedGPU {
    /// What people are told of it.
    fileprivate var detail: GPUDetail {
        GPUDetail(
            uuid: uuid.driverText, product: card.product ?? "", serial: card.serial ?? "", bus: card.bus ?? "",
            firmware: card.vbios ?? "", memoryMiB: (card.memory?.count ?? 0) >> 20,
            sliceMode: card.sliceMode?.words ?? "",
            standing: standing, limit: enforced.map { Watts(Int64($0.count / 1_000)) },
            energyJoules: energy.map { $0.count / 1_000 })
    }

    /// What is wrong with it; `ticket` finds that of a part.
    fileprivate func troubles(at position: Int, ticket: (Component) -> UInt64?) -> [DeviceTrouble] {
        var troubles: [DeviceTrouble] = []
        if let hindrance {
            let remedy = isAbsent ? "look whether it is on its bus (lspci), and start the node anew" : "reset the GPU"
            troubles.append(
                DeviceTrouble(
                    gpu: position, component: "gpu", standing: .unhealthy, what: hindrance.what, remedy: remedy,
                    since: hindrance.since, count: 1, ticket: nil))
        }
        for component in Component.allCases where health[component].standing > .healthy {
            let condition = health[component]
            // Of equals the latest: what a probe said an hour ago may be mended.
            let worst = condition.evidence.max { ($0.finding.remedy, $0.last) < ($1.finding.remedy, $1.last) }
            let isDone = condition.remedied != nil || condition.standing == .suspect
            let rest = "nothing more: it gets no new work until it has been calm for ten minutes"
            guard let since = condition.since else { continue }
            troubles.append(
                DeviceTrouble(
                    gpu: position, component: component.word, standing: condition.standing,
                    what: worst?.finding.sign.words ?? "nobody knows what any more",
                    remedy: isDone ? rest : component.advice(condition.remedy) ?? "", since: since,
                    count: worst?.count ?? 1,
                    ticket: ticket(component)))
        }
        if let limitHindrance {
            troubles.append(
                DeviceTrouble(
                    gpu: position, component: "power", standing: .healthy, what: limitHindrance.what,
                    remedy: "set a limit that the GPU can have (--power-limit), as root", since: limitHindrance.since,
                    count: 1, ticket: nil))
        }
        return troubles
    }
}

extension SliceMode {
    /// `on`, `off`, or what it is after a reset.
    fileprivate var words: String {
        switch (isOn, isOnAfterReset) {
        case (true, true): "on"
        case (false, false): "off"
        case (false, true): "on after a reset"
        case (true, false): "off after a reset"
        }
    }
}

extension BreakfixTicket {
    /// The ticket as others know it, of a GPU at this position.
    fileprivate func told(at position: Int?) -> Ticket {
        Ticket(
            name: Ticket.Name(opened: opened, number: number.number), gpu: position, uuid: gpu.driverText,
            component: component.word, action: component.advice(action) ?? "", done: done,
            closing: closed.map { Ticket.Closing(at: $0, outcome: .recovered) })
    }
}
