import LeaseholdModel

/// Leases, quotes and events for people.
extension Rendering {
    /// Nodes that a table for people names before it only counts them.
    static let shownNodeCountMax = 8

    static func quoteText(_ quote: QuoteView, isWide: Bool) -> String {
        let place = quote.within.map { "within \($0)" } ?? "across sites"
        var text =
            "would be granted from \(quote.startsAt.rfc3339) until \(quote.endsAt.rfc3339): "
            + "\(count(quote.gpuCount, "GPU")) on \(count(quote.placements.count, "node")) \(place), \(quote.watts); "
            + "nothing is held for it\n"
        text += "  price units  \(priceUnits(quote.units))\n"
        text += later(quote.further).map { "  \($0)\n" }.joined()
        if isWide {
            text += quote.placements.map { "  node \($0.node)  \(what($0))\n" }.joined()
        }
        return text
    }

    /// `4096.00 GPU-hours of H100`, kind by kind.
    private static func priceUnits(_ units: [QuotedUnits]) -> String {
        let words = units.map { units in
            // 36 GPU-seconds are a hundredth of a GPU-hour; a half is rounded up.
            let (whole, rest) = units.gpuMilliseconds.quotientAndRemainder(dividingBy: 36_000)
            let hundredths = whole + (rest >= 18_000 ? 1 : 0)
            return "\(hundredths / 100).\("\(100 + hundredths % 100)".dropFirst()) GPU-hours of \(units.kind)"
        }
        return words.isEmpty ? "none" : words.joined(separator: ", ")
    }

    static func declinedText(_ quote: DeclinedQuote) -> String {
        var text = "cannot be had: \(quote.refusal.message)\n"
        if !quote.binds.isEmpty { text += "  what binds: \(quote.binds.map(\.word).joined(separator: ", "))\n" }
        if quote.relaxations.isEmpty { return text + "  try: \(quote.refusal.advice)\n" }
        return text
            + quote.relaxations.map { relaxation in
                "  fits with \(relaxation.change): \(count(relaxation.gpuCount, "GPU")), \(relaxation.watts), "
                    + "from \(relaxation.startsAt.rfc3339) until \(relaxation.endsAt.rfc3339)\n"
            }.joined()
    }

    static func grantText(_ grant: LeaseGrantView, isWide: Bool) -> String {
        let start = grant.epoch == nil ? "from \(grant.startsAt.rfc3339) " : ""
        return "\(grant.lease) \(grant.epoch == nil ? "promised" : "granted") to \(grant.tenant): "
            + "\(count(grant.gpuCount, "GPU")), \(grant.watts), "
            + "\(start)until \(grant.endsAt.rfc3339) (\(roughly(grant.endsAt - grant.startsAt)))"
            + "\(agreed(grant.terms))\n"
            + (places(grant, isWide: isWide) + later(grant.further)).map { "  \($0)\n" }.joined()
    }

    /// What is agreed for a part, to be appended to what it is.
    private static func agreed(_ terms: StepTerms) -> String {
        (terms.fee.map { ", \($0) an hour for each unit" } ?? "") + (terms.clause.map { ", clause \($0)" } ?? "")
    }

    /// A line for each later part, the first few.
    private static func later(_ parts: [LeasePartView]) -> [String] {
        var lines = parts.prefix(shownNodeCountMax).map { part in
            "then \(count(part.gpuCount, "GPU")) from \(part.startsAt.rfc3339) until \(part.endsAt.rfc3339)"
                + agreed(part.terms)
        }
        if parts.count > shownNodeCountMax {
            lines.append("and \(count(parts.count - shownNodeCountMax, "more part"))")
        }
        return lines
    }

    /// A line a node: its name, or its number where there are too many names; a count of those left out.
    private static func places(_ grant: LeaseGrantView, isWide: Bool) -> [String] {
        let names = grant.nodeNames
        let shown = isWide ? grant.placements.count : min(grant.placements.count, shownNodeCountMax)
        var lines = grant.placements.prefix(shown).enumerated().map { position, placement in
            let name = position < names.count ? names[position] : "node \(placement.node)"
            return "\(name)  \(what(placement))"
        }
        if shown < grant.placements.count {
            lines.append("and \(count(grant.placements.count - shown, "more node")) (-o wide names them)")
        }
        return lines
    }

    static func leaseTable(_ leases: [LeaseView], isWide: Bool, style: Style) -> Table {
        var columns: [Table.Column] = [
            .text("LEASE"), .text("TENANT"), .number("COUNT"), .text("UNIT"), .number("GPUS"), .number("NODES"),
            .text("STATE"), .text("ENDS"), .text("ON-SILENCE"), .number("WATTS"),
        ]
        let areWaiting = leases.contains { $0.waiting != nil }
        if areWaiting { columns += [.number("POSITION"), .text("WAITS-UNTIL")] }
        if isWide {
            columns += [
                .text("KINDS"), .text("CAUSE"), .number("RETIRED"), .text("EPOCH"), .text("STARTS"), .text("BY"),
            ]
        }
        let areAgreed = isWide && leases.contains { $0.grant.terms != .none }
        if areAgreed { columns += [.number("FEE"), .text("CLAUSE")] }
        let rows = leases.map { lease -> [Cell] in
            var row: [Cell] = [
                "\(lease.grant.lease)", Cell(lease.grant.tenant), "\(lease.count)", Cell(unit(lease)),
                "\(lease.grant.gpuCount)", "\(lease.grant.placements.count)", stateCell(lease),
                hasWindow(lease) ? Cell(lease.grant.endsAt.rfc3339) : "-", Cell(lease.onSilence.word),
                "\(lease.grant.watts)",
            ]
            if areWaiting {
                row += [
                    lease.waiting.map { "\($0.position)" } ?? "-",
                    lease.waiting.map { Cell($0.until.rfc3339) } ?? "-",
                ]
            }
            if isWide {
                row += [
                    Cell(kinds(lease)), lease.cause == .none ? "-" : "\(lease.cause)", "\(lease.retiredCount)",
                    Cell(lease.grant.epoch?.description ?? "-"),
                    hasWindow(lease) ? Cell(lease.grant.startsAt.rfc3339) : "-", "\(lease.principal)",
                ]
            }
            if areAgreed {
                let terms = lease.grant.terms
                row += [terms.fee.map { "\($0)" } ?? "-", Cell(terms.clause ?? "-")]
            }
            return row
        }
        return Table(columns, rows: rows)
    }

    /// Whether it has, or had, a start and an end: not where it only waited.
    private static func hasWindow(_ lease: LeaseView) -> Bool {
        lease.waiting == nil && lease.grant.startsAt != lease.grant.endsAt
    }

    static func stateCell(_ lease: LeaseView) -> Cell {
        let tint: Cell.Tint =
            switch lease.state {
            case .waitlisted, .confirmed, .starting, .ending: .waiting
            case .active: lease.isDegraded ? .bad : .good
            case .ended, .cancelled: .plain
            }
        return Cell(lease.isDegraded ? "\(lease.state.word),degraded" : lease.state.word, tint: tint)
    }

    private static func kinds(_ lease: LeaseView) -> String {
        lease.kinds.isEmpty ? "any" : lease.kinds.joined(separator: ",")
    }

    static func leaseFacts(_ lease: LeaseView, isWide: Bool, style: Style) -> Table {
        let grant = lease.grant
        var facts: [(String, Cell)] = [
            ("lease", "\(grant.lease)"),
            ("tenant", Cell(grant.tenant)),
            ("state", stateCell(lease)),
        ]
        if lease.cause != .none { facts.append(("because", "\(lease.cause)")) }
        if let waiting = lease.waiting { facts += place(waiting, style: style) }
        facts.append(("asked for", "\(count(lease.count, unit(lease))), kind \(kinds(lease))"))
        if hasWindow(lease) {
            facts += [
                ("GPUs", "\(grant.gpuCount)"),
                ("watts", "\(grant.watts)"),
                ("starts", Cell(grant.startsAt.rfc3339)),
                ("ends", "\(grant.endsAt.rfc3339) (\(distance(to: grant.endsAt, from: style.now)))"),
            ]
        }
        facts += [
            ("on silence", Cell(lease.onSilence.word)),
            ("epoch", Cell(grant.epoch?.description ?? "none before it begins")),
            ("asked by", "\(lease.principal)"),
        ]
        if let cpu = lease.shape.cpu { facts.append(("  CPU for each", "\(cpu)")) }
        if let memory = lease.shape.memory { facts.append(("  memory for each", "\(memory)")) }
        if !lease.labels.isEmpty {
            facts.append(("on nodes with", Cell(lease.labels.map(\.description).joined(separator: ", "))))
        }
        if let within = lease.within { facts.append(("within one", Cell(within.word))) }
        if let spread = lease.spread { facts.append(("spread over", Cell(spread.word + "s"))) }
        if let fee = grant.terms.fee { facts.append(("fee", "\(fee) an hour for each \(unit(lease))")) }
        if let clause = grant.terms.clause { facts.append(("clause", Cell(clause))) }
        if lease.retiredCount > 0 {
            facts.append(("given back", "\(lease.retiredCount) of \(count(grant.placements.count, "node"))"))
        }
        for (position, line) in places(grant, isWide: isWide).enumerated() {
            facts.append((position == 0 ? "on" : "", Cell(line)))
        }
        for (position, line) in later(grant.further).enumerated() {
            facts.append((position == 0 ? "parts" : "", Cell(line)))
        }
        return .facts(facts)
    }

    /// The unit as the command line writes it.
    private static func unit(_ lease: LeaseView) -> String {
        if let profile = lease.shape.profile { return "\(lease.unit.word):\(profile)" }
        return lease.shape.share.map { "\(lease.unit.word):\($0)" } ?? lease.unit.word
    }

    /// What a placement has of its node.
    private static func what(_ placement: Placement) -> String {
        let use = placement.use
        var text = placement.gpus.named
        if use.share != 0 { text = "\(use.share)/1000 of \(placement.gpus.named)" }
        if !use.slices.isEmpty {
            text = placement.gpus.positions.map { position in
                let mask = UInt16(use.slices.mask(ofGPU: position))
                return "slices \(GPUSet(bits: mask)) of GPU \(position)"
            }.joined(separator: ", ")
        }
        return use.isWhole ? text : "\(text), CPU \(use.cpu), \(use.memory)"
    }

    /// One line of a watch; the columns are as wide as they need to be, so that lines can come one at a time.
    static func eventLine(_ event: EventView) -> String {
        let pad = { (text: String, width: Int) in text + String(repeating: " ", count: max(0, width - text.count)) }
        let index = String(repeating: " ", count: max(0, 6 - "\(event.index)".count)) + "\(event.index)"
        return "\(index)  \(event.at.rfc3339)  \(pad(event.word, 18))  "
            + "\(pad(event.principal.description, 23))  \(event.text)\n"
    }
}
