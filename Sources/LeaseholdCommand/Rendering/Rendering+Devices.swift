import LeaseholdModel

/// A node for a stranger: what it has, what is wrong with it and since when, what to do.
extension Rendering {
    static func nodeText(_ node: NodeView, style: Style) -> String {
        let facts = nodeFacts(node, style: style).text(isColoured: style.isColoured)
        guard let detail = node.detail else {
            return facts + "\ndevices: no word of its agent about them is at hand\n" + tickets(node, style: style)
                + next(for: node)
        }
        let gpus = detail.gpus.isEmpty ? "" : gpuTable(detail.gpus).text(isColoured: style.isColoured)
        let power = detail.power.isEmpty ? "" : powerTable(detail.power).text(isColoured: style.isColoured)
        return facts + "\n" + gpus + power + troubles(detail, style: style) + tickets(node, style: style)
            + next(for: node)
    }

    /// What the log has open: also what the agent cannot tell while it is silent.
    private static func tickets(_ node: NodeView, style: Style) -> String {
        node.tickets.isEmpty ? "" : ticketTable(node.tickets).text(isColoured: style.isColoured)
    }

    private static func gpuTable(_ gpus: [GPUDetail]) -> Table {
        Table(
            [
                .number("GPU"), .text("PRODUCT"), .number("MEMORY"), .text("STANDING"), .text("SLICES"),
                .number("LIMIT"), .number("USED"), .text("BUS"), .text("SERIAL"), .text("FIRMWARE"), .text("UUID"),
            ],
            rows: gpus.enumerated().map { position, gpu in
                [
                    "\(position)", text(gpu.product), "\(gpu.memoryMiB)MiB",
                    Cell("\(gpu.standing)", tint: gpu.standing.tint), text(gpu.sliceMode),
                    gpu.limit.map { "\($0)" } ?? "-", gpu.energyJoules.map { Cell(energy($0)) } ?? "-", text(gpu.bus),
                    text(gpu.serial), text(gpu.firmware), text(gpu.uuid),
                ]
            })
    }

    private static func powerTable(_ power: [PowerDetail]) -> Table {
        Table(
            [.text("POWER OF"), .number("DRAW"), .number("USED"), .text("MEASURED BY"), .text("QUALITY")],
            rows: power.map { power in
                [
                    power.scope == .node ? "node" : "processors", "\(power.draw)",
                    power.energyJoules.map { Cell(energy($0)) } ?? "-", text(power.source), Cell("\(power.quality)"),
                ]
            })
    }

    private static func text(_ text: String) -> Cell { text.isEmpty ? "-" : Cell(text) }

    /// Energy as people say it: two figures at least, one unit.
    static func energy(_ joules: UInt64) -> String {
        if joules < 36_000 { return "\(joules)J" }
        return joules < 36_000_000 ? "\(joules / 3_600)Wh" : "\(joules / 3_600_000)kWh"
    }

    private static func troubles(_ detail: NodeDetail, style: Style) -> String {
        let driver = detail.driver.isEmpty ? Cell("none answers", tint: .bad) : Cell(detail.driver)
        let said = "\(detail.statedAt.rfc3339) (\(distance(to: detail.statedAt, from: style.now)))"
        let ends = detail.evictions.map { times in
            "work off its GPUs: within \(times.slowest) at the slowest of \(times.count), since its guard began\n"
        }
        let head =
            "driver: \(driver.painted(isColoured: style.isColoured)); its agent said so at \(said)\n" + (ends ?? "")
        guard !detail.troubles.isEmpty else {
            let nothing = Cell("nothing", tint: .good).painted(isColoured: style.isColoured)
            return head + "wrong with its devices: \(nothing)\n"
        }
        return head + "wrong with its devices:\n"
            + detail.troubles.map { trouble in
                "  " + Cell(trouble.line, tint: trouble.standing.tint).painted(isColoured: style.isColoured) + "\n"
            }.joined()
    }

    /// One line: the remedy of the worst trouble that has one, unless what is wrong with the node itself comes first.
    private static func next(for node: NodeView) -> String {
        let remedied = node.detail?.troubles.first { !$0.remedy.isEmpty }
        guard let remedied, !node.reason.comesFirst else { return "next: \(node.stateStep)\n" }
        return "next: \(remedied.remedy) (\(remedied.place))\n"
    }
}

extension DeviceTrouble {
    /// `GPU 3 memory`, `node driver`, and the ticket where there is one.
    fileprivate var place: String {
        "\(gpu.map { "GPU \($0)" } ?? "node") \(component)\(ticket.map { ", ticket \($0)" } ?? "")"
    }

    /// Where, since when, how often, what, and what to do.
    fileprivate var line: String {
        let often = count > 1 ? " (\(count) times)" : ""
        let remedy = remedy.isEmpty ? "" : " -> \(self.remedy)"
        let ticket = ticket.map { " (ticket \($0))" } ?? ""
        // What stands well and is told all the same is no part that is well: it says what is wrong with the looking.
        let word = standing == .healthy ? "in trouble" : "\(standing)"
        return "\(gpu.map { "GPU \($0)" } ?? "node") \(component) \(word) since \(since.rfc3339)\(often): "
            + "\(what)\(remedy)\(ticket)"
    }
}

extension Standing {
    fileprivate var tint: Cell.Tint {
        switch self {
        case .healthy: .plain
        case .suspect: .waiting
        case .unhealthy: .bad
        }
    }
}

extension NodeReason {
    /// Whether somebody has to look after the node before anybody does after its devices.
    fileprivate var comesFirst: Bool {
        switch self {
        case .silent, .guardDown, .hardwareDiffers, .witnessAhead: true
        case .none, .newReign, .orderRefused, .strangerListed, .logRestored: false
        }
    }
}

extension NodeView {
    /// What helps a node out of its state, for people.
    fileprivate var stateStep: String {
        if state == .notDelivered { return "start leasehold-agent on the node" }
        switch reason {
        case .silent, .newReign, .logRestored:
            return "see on the node whether leasehold-agent runs, and what it says (journalctl -u leasehold-agent)"
        case .guardDown:
            return "see on the node whether leasehold-guard runs, and what it says (journalctl -u leasehold-guard)"
        case .hardwareDiffers: return "make the node's hardware and the fleet file say the same"
        case .witnessAhead: return "look at the alarms of leasectl status: this log may have lost records"
        case .orderRefused, .strangerListed: return "wait until that ends, as the reason says"
        case .none: break
        }
        if let detail, !detail.troubles.isEmpty { return "nothing but to watch it" }
        return isCordoned ? "leasectl node uncordon \(name) lets new leases onto it again" : "nothing"
    }
}
