import LeaseholdModel

/// Status, places, nodes and tenants as tables.
extension Rendering {
    static func statusTable(_ view: StatusView) -> Table {
        let nodes = view.nodes
        let gpus = view.gpus
        let leases = view.leases
        var facts: [(String, Cell)] = [
            ("cluster", Cell(view.cluster)),
            ("log", "\(view.log)"),
            ("reign", "\(view.reign)"),
            ("durable through", "\(view.head.index) (chain \(String(view.head.chain.description.prefix(16))))"),
            ("calendar", Cell(view.calendar.rfc3339)),
            ("book digest", Cell(hexadecimal(view.bookDigest))),
            ("holds", Cell(view.holds.inequality)),
            (
                "nodes",
                counts([
                    (nodes.ready, "ready"), (nodes.suspect, "suspect"), (nodes.quarantined, "quarantined"),
                    (nodes.notDelivered, "not delivered"), (nodes.cordoned, "cordoned"),
                ])
            ),
            (
                "GPUs",
                counts([
                    (gpus.free, "free"), (gpus.leased, "leased"), (gpus.quarantined, "quarantined"),
                    (gpus.unhealthy, "unhealthy"), (gpus.notDelivered, "not delivered"),
                ])
            ),
            (
                "leases",
                counts([
                    (leases.starting, "starting"), (leases.active, "active"),
                    (leases.ending, "ending"),
                    (leases.confirmed, "confirmed"), (leases.waitlisted, "waitlisted"), (leases.ended, "ended"),
                    (leases.cancelled, "cancelled"),
                ])
            ),
            ("tenants", "\(view.tenantCount)"),
            ("connections", "\(view.connectionCount)"),
            ("committed", "\(view.committed)"),
        ]
        if let restored = view.restored {
            let words =
                "from a backup up to record \(restored.kept), as incarnation \(restored.logIncarnation), "
                + restored.at.rfc3339
            facts.insert(("restored", Cell(words, tint: .waiting)), at: 3)
        }
        if view.alarms.isEmpty { facts.append(("alarms", Cell("none", tint: .good))) }
        for (position, alarm) in view.alarms.enumerated() {
            facts.append((position == 0 ? "alarms" : "", Cell(alarm, tint: .bad)))
        }
        return .facts(facts)
    }

    /// `4 ready, 1 suspect`: the first always, the others where there are any.
    private static func counts(_ counts: [(Int, String)]) -> Cell {
        let shown = counts.enumerated().filter { $0.offset == 0 || $0.element.0 != 0 }
        return Cell(shown.map { "\($0.element.0) \($0.element.1)" }.joined(separator: ", "))
    }

    static func fleetText(_ view: FleetView, isColoured: Bool) -> String {
        let places = Table(
            [
                .text("PLACE"), .text("LEVEL"), .number("NODES"), .number("GPUS"), .number("COMMITTED"),
                .number("LIMIT"),
            ],
            rows: view.places.map { place in
                [
                    Cell(place.path), Cell(place.level.word), "\(place.nodeCount)", "\(place.gpuCount)",
                    "\(place.committed)", place.limit.map { "\($0)" } ?? "-",
                ]
            })
        let kinds = Table(
            [.text("KIND"), .number("GPUS"), .number("FREE"), .number("MEMORY"), .number("ENVELOPE")],
            rows: view.kinds.map { kind in
                [
                    Cell(kind.kind.name), "\(kind.gpuCount)", "\(kind.freeCount)", "\(kind.kind.memoryGiB)GiB",
                    "\(kind.kind.envelope)",
                ]
            })
        return places.text(isColoured: isColoured) + "\n" + kinds.text(isColoured: isColoured)
    }

    static func nodeTable(_ nodes: [NodeView], isWide: Bool) -> Table {
        var columns: [Table.Column] = [
            .text("NODE"), .text("KIND"), .number("GPUS"), .number("LEASED"), .number("FREE"), .text("STATE"),
            .text("REASON"),
        ]
        if isWide {
            columns += [
                .number("ID"), .number("UNHEALTHY"), .number("DRAWN"), .number("COMMITTED"), .number("ENVELOPE"),
                .number("SILENCE"), .text("SINCE"), .text("LEASES"),
            ]
        }
        return Table(columns, rows: nodes.map { nodeRow($0, isWide: isWide) })
    }

    private static func nodeRow(_ node: NodeView, isWide: Bool) -> [Cell] {
        var row: [Cell] = [
            Cell(node.name), Cell(node.kind), "\(node.gpus.count)", "\(node.leased.count)",
            node.state == .ready ? "\(free(node).count)" : "-",
            stateCell(node), node.reason == .none ? "-" : "\(node.reason)",
        ]
        if isWide {
            row += [
                "\(node.id)", "\(node.unhealthy.count)", node.drawn.map { "\($0)" } ?? "-", "\(node.committed)",
                "\(node.envelope)", Cell(node.silence.map(roughly) ?? "-"), Cell(node.since.rfc3339),
                Cell(leaseNames(node.leases)),
            ]
        }
        return row
    }

    /// What could be leased while the node is ready; of any other node nothing can.
    private static func free(_ node: NodeView) -> GPUSet {
        node.gpus.subtracting(node.leased).subtracting(node.unhealthy)
    }

    private static func stateCell(_ node: NodeView) -> Cell {
        let word =
            switch node.state {
            case .notDelivered: "not-delivered"
            case .ready: "ready"
            case .suspect: "suspect"
            case .quarantined: "quarantined"
            }
        let tint: Cell.Tint =
            switch node.state {
            case .notDelivered: .plain
            case .ready: node.isCordoned ? .waiting : .good
            case .suspect: .waiting
            case .quarantined: .bad
            }
        return Cell(node.isCordoned ? "\(word),cordoned" : word, tint: tint)
    }

    private static func leaseNames(_ leases: [LeaseID]) -> String {
        leases.isEmpty ? "-" : leases.map(\.description).joined(separator: ",")
    }

    static func nodeFacts(_ node: NodeView, style: Style) -> Table {
        var facts: [(String, Cell)] = [
            ("node", Cell(node.name)),
            ("id", "\(node.id)"),
            ("kind", Cell(node.kind)),
            ("state", stateCell(node)),
        ]
        if node.reason != .none { facts.append(("because", "\(node.reason): \(node.reason.explanation)")) }
        facts += [
            ("since", "\(node.since.rfc3339) (\(distance(to: node.since, from: style.now)))"),
            ("last heard", Cell(node.silence.map { "\(roughly($0)) ago" } ?? "not in this reign")),
            ("GPUs", "\(node.gpus.count)"),
            ("  leased", positions(node.leased)),
            ("  unhealthy", positions(node.unhealthy)),
            ("  free", node.state == .ready ? positions(free(node)) : "-"),
            ("leases", Cell(leaseNames(node.leases))),
            ("envelope", "\(node.envelope)"),
            ("committed", "\(node.committed)"),
            ("drawn", node.drawn.map { "\($0)" } ?? "-"),
        ]
        if node.cpu != .zero { facts.append(("CPU", "\(node.cpu)")) }
        if node.memory != .zero { facts.append(("memory", "\(node.memory)")) }
        if !node.labels.isEmpty {
            let labels = node.labels.map { "\($0.key)=\($0.value)" }
            facts.append(("labels", Cell(labels.joined(separator: ", "))))
        }
        let parts = node.traits.intersection(.handsOut)
        if !parts.isEmpty { facts.append(("hands out", Cell(parts.words.joined(separator: ", ")))) }
        if node.traits.contains(.confirmOnly) {
            facts.append(("silence", "frees nothing: only its agent's word does (confirm-only)"))
        }
        return .facts(facts)
    }

    private static func positions(_ gpus: GPUSet) -> Cell {
        gpus.isEmpty ? "-" : "\(gpus.count) (\(gpus))"
    }

    static func tenantTable(_ tenants: [TenantView]) -> Table {
        Table(
            [.text("TENANT"), .number("QUOTA"), .number("HELD"), .number("LEASES")],
            rows: tenants.map { [Cell($0.name), "\($0.quota)", "\($0.held)", "\($0.leaseCount)"] })
    }
}
