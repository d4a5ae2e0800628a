import LeaseholdBroker
import LeaseholdModel

/// Reads the commands of a transcript and says in words what the book answered.
struct Scenario {
    var registry = Registry()
    private var keys: [String: RequestKey] = [:]
    private var called: [String: LeaseID] = [:]

    /// The lines that a command prints.
    mutating func run(_ line: String) -> [String] {
        var words = line.split(separator: " ").map(String.init)
        let verb = words.removeFirst()
        let options = Options(words.filter { $0.contains("=") })
        let names = words.filter { !$0.contains("=") }
        let principal = options["as"].map(Registry.tenant) ?? Registry.operations
        switch verb {
        case "fleet": return importFleet(names, options)
        case "part": return importPart(names, options)
        case "tenant": return ask(.createTenant(name: names[0], quota: options.count("quota")), principal, options)
        case "quota": return ask(.setQuota(tenant: names[0], quota: UInt32(names[1]) ?? 0), principal, options)
        case "lease": return ask(.createLease(terms(names, options)), principal, options)
        case "quote": return ask(.quoteLease(terms(names, options)), principal, options)
        case "release": return ask(.releaseLease(lease(names[0])), principal, options)
        case "cancel": return ask(.cancelLease(lease(names[0])), principal, options)
        case "extend":
            let end = options["by"].flatMap(Span.init(text:)).map { LeaseEnd.after($0) }
            return ask(
                .extendLease(lease(names[0]), to: end ?? .at(instant(options["end"] ?? "now"))), principal, options)
        case "resize":
            return ask(.resizeLease(lease(names[0]), count: UInt32(names[1]) ?? 0), principal, options)
        case "explain": return ask(.explainLease(lease(names[0])), principal, options)
        case "turnaround":
            registry.turnaround = Span(text: names[0]) ?? .zero
            return []
        case "begin": return begin()
        case "offer": return offer()
        case "repair": return repair()
        case "cordon": return ask(.cordonNode(name: names[0]), principal, options)
        case "uncordon": return ask(.uncordonNode(name: names[0]), principal, options)
        case "show": return ask(.showLease(lease(names[0])), principal, options)
        case "leases":
            let filter = LeaseFilter(tenant: names.first, includesEnded: options["all"] != nil)
            return ask(.listLeases(Page(after: nil, countMax: 20), filter), principal, options)
        case "nodes": return ask(.listNodes(Page(after: nil, countMax: 20)), principal, options)
        case "places": return ask(.showFleet, principal, options)
        case "tenants": return ask(.listTenants(Page(after: nil, countMax: 20)), principal, options)
        case "status": return ask(.status, principal, options)
        case "wait":
            registry.advance(Span(text: names[0]) ?? .zero)
            return []
        default: return happen(verb, names)
        }
    }

    // MARK: What happens by itself

    private mutating func happen(_ verb: String, _ names: [String]) -> [String] {
        let start = registry.log.count
        for record in records(verb, names) {
            let entry = LogEntry(
                index: registry.book.head.next, at: registry.clock.calendar, principal: .coordinator, request: nil,
                record: record)
            if let objection = registry.book.objection(to: entry) { return ["cannot be: \(objection)"] }
            registry.append(record)
        }
        let entries = registry.log[start...]
        guard entries.count <= 4 else { return ["\(entries.count) records"] }
        return entries.map { "\($0.index) \(registry.book.event(for: $0).text)" }
    }

    private func records(_ verb: String, _ names: [String]) -> [Record] {
        switch verb {
        case "reign":
            return [
                .reignBegan(
                    ReignBegan(
                        reign: registry.book.reign.next, incarnation: Incarnation(high: 7, low: 7),
                        boot: registry.boot, holds: registry.holds))
            ]
        case "report":
            let everyNode = (0..<registry.book.nodeCount).map { NodeID(rawValue: UInt32($0)) }
            return (names == ["all"] ? everyNode : names.map(node)).map {
                .nodeReported(node: $0, hardware: 1_000 + UInt64($0.rawValue))
            }
        case "carve":
            return (0..<registry.book.nodeCount).map {
                .nodeReported(node: NodeID(rawValue: UInt32($0)), hardware: 1_000 + UInt64($0), traits: .handsOut)
            }
        case "silent": return [.nodesSetAside(names.map(node), state: .suspect, reason: .silent)]
        case "quarantine": return [.nodesSetAside(names.map(node), state: .quarantined, reason: .guardDown)]
        case "broken":
            let gpus = names.dropFirst().compactMap(Int.init).reduce(GPUSet.none) { $0.union(.only($1)) }
            return [.gpuHealthChanged(node: node(names[0]), unhealthy: gpus)]
        case "activate": return [.leaseActivated(lease(names[0]))]
        case "lapse":
            return registry.book.lapsed(at: registry.clock.calendar, countMax: 20).map {
                .leaseEnding($0, cause: .lapsed)
            }
        case "unlist":
            return registry.book.waitlistEnds(by: registry.clock.calendar, countMax: 20).map {
                .leaseEnding($0, cause: .lapsed)
            }
        case "retire", "waited":
            let id = lease(names[0])
            let over = registry.book.retiring.filter { $0.lease == id }.map(\.node)
            let all = over.isEmpty ? registry.book.unretired(id).map(\.node) : over
            let nodes = names.count > 1 ? names.dropFirst().map(node) : all
            return [.partitionsRetired(id, nodes: nodes, proof: verb == "retire" ? .acknowledged : .waited)]
        default: preconditionFailure("no command \(verb)")
        }
    }

    /// What the coordinator does when starts have come.
    private mutating func begin() -> [String] {
        var lines: [String] = []
        for lease in registry.book.due(at: registry.clock.calendar, countMax: 20) {
            var hasBegun = false
            while !hasBegun, let record = registry.book.decideBegin(lease, in: registry.context) {
                let entry = registry.append(record)
                lines.append("\(entry.index) \(registry.book.event(for: entry).text)")
                if case .leaseBegun = record { hasBegun = true }
            }
            if !hasBegun { lines.append("\(lease) waits") }
        }
        return lines
    }

    /// What the coordinator does with the waitlist when something has come free.
    private mutating func offer() -> [String] {
        registry.book.waitlisted(after: nil, countMax: 20).map { lease in
            var walks = FleetWalks()
            guard let record = registry.book.decideConfirm(lease, &walks, in: registry.context) else {
                return "\(lease) waits"
            }
            let entry = registry.append(record)
            return "\(entry.index) \(registry.book.event(for: entry).text)"
        }
    }

    /// What the coordinator does with promises on nodes that have been away for a while.
    private mutating func repair() -> [String] {
        let now = registry.clock.calendar
        let found = registry.book.threatened(from: RepairPlace(), at: now, countMax: 20).leases
        return found.map { lease in
            guard let record = registry.book.decideRepair(lease, in: registry.context) else { return "\(lease) stays" }
            let entry = registry.append(record)
            return "\(entry.index) \(registry.book.event(for: entry).text)"
        }
    }

    /// `+2h`, or an instant as RFC 3339.
    private func instant(_ text: String) -> CalendarInstant {
        CalendarInstant(text: text, now: registry.clock.calendar) ?? .never
    }

    private func start(_ text: String?) -> LeaseStart {
        switch text {
        case nil, "now": .now
        case "soonest": .soonest
        case .some(let text): .at(instant(text))
        }
    }

    private func node(_ name: String) -> NodeID { registry.book.node(named: name) ?? NodeID(rawValue: .max) }

    /// A lease by what `call=` named it, or as `L12`.
    private func lease(_ name: String) -> LeaseID { called[name] ?? LeaseID(text: name) ?? LeaseID(rawValue: 0) }

    // MARK: What is asked for

    private mutating func ask(_ request: Request, _ principal: Principal, _ options: Options) -> [String] {
        var key: RequestKey?
        if let name = options["id"] {
            key = keys[name] ?? registry.newKey()
            keys[name] = key
            if let body = options["body"], let hash = UInt64(body), let id = key?.id {
                key = RequestKey(id: id, bodyHash: hash)
            }
        }
        let reply = registry.ask(request, by: principal, key: key)
        if let name = options["call"] {
            switch reply {
            case .granted(let view): called[name] = view.lease
            case .waitlisted(let waiting): called[name] = waiting.lease
            default: break
            }
        }
        return reply.lines(in: registry.book)
    }

    private func terms(_ names: [String], _ options: Options) -> LeaseTerms {
        let pieces = names[1].split(separator: ":")
        let unit = LeaseUnit(word: String(pieces[0])) ?? .gpu
        return LeaseTerms(
            tenant: names[0], unit: unit, count: UInt32(names[2]) ?? 0,
            kinds: options["kind"]?.split(separator: ",").map(String.init) ?? [],
            shape: UnitShape(
                profile: unit == .slice ? String(pieces[1]) : nil, share: unit == .share ? UInt16(pieces[1]) : nil,
                cpu: options["cpu"].flatMap(Millicores.init(text:)),
                memory: options["memory"].flatMap(Mebibytes.init(text:))),
            labels: (options["where"] ?? "").split(separator: ",").compactMap { LabelRule(text: String($0)) },
            start: start(options["start"]),
            end: options["end"].map { .at(instant($0)) }
                ?? .after(options["term"].flatMap(Span.init(text:)) ?? .hours(2)),
            onSilence: options["silence"].flatMap(SilenceMode.init(word:)) ?? .fence,
            within: options["within"].flatMap(LeaseReach.init(word:)),
            spread: options["spread"].flatMap(PlaceLevel.init(word:)), steps: steps(options["steps"]),
            recurrence: options["again"].map { text in
                let pieces = text.split(separator: "*")
                return LeaseRecurrence(
                    rhythm: LeaseRhythm(word: String(pieces[0])) ?? .daily, count: UInt32(pieces[1]) ?? 0)
            }, waitlist: options["waitlist"].flatMap(Span.init(text:)))
    }

    /// Steps in the words of a transcript, with fee and clause where they have some: `16@now,32@+2h/1.99USD/4.2b`.
    private func steps(_ text: String?) -> [LeaseStep] {
        (text ?? "").split(separator: ",").map { step in
            let pieces = step.split(separator: "@")
            let words = pieces[1].split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            return LeaseStep(
                count: UInt32(pieces[0]) ?? 0, at: instant(words[0]),
                fee: words.count > 1 ? Money(text: words[1]) : nil, clause: words.count > 2 ? words[2] : nil)
        }
    }

    private func declaration(_ names: [String], _ options: Options) -> FleetDeclaration {
        .site(
            names[0], halls: options.number("halls"), racks: options.number("racks"), nodes: options.number("nodes"),
            gpus: options.number("gpus", or: 8), kind: options["kind"] ?? "H100",
            rackLimit: options["rack-limit"].flatMap(Watts.init(text:)),
            hallLimit: options["hall-limit"].flatMap(Watts.init(text:)),
            siteLimit: options["site-limit"].flatMap(Watts.init(text:)),
            cpu: options["cpu"].flatMap(Millicores.init(text:)) ?? .zero,
            memory: options["memory"].flatMap(Mebibytes.init(text:)) ?? .zero, areLabelled: options["labels"] != nil)
    }

    private mutating func importFleet(_ names: [String], _ options: Options) -> [String] {
        var lines: [String] = []
        for part in declaration(names, options).parts(importHash: UInt64(registry.log.count)) {
            lines = registry.ask(.importFleet(part)).lines(in: registry.book)
        }
        return lines
    }

    private mutating func importPart(_ names: [String], _ options: Options) -> [String] {
        let parts = declaration(names, options).parts(importHash: UInt64(names[0].utf8.reduce(0) { $0 + Int($1) }))
        return registry.ask(.importFleet(parts[options.number("number", or: 0)])).lines(in: registry.book)
    }
}

/// `name=value` words of a command.
struct Options {
    private var values: [String: String] = [:]

    init(_ words: [String]) {
        for word in words {
            let parts = word.split(separator: "=", maxSplits: 1)
            values[String(parts[0])] = parts.count == 2 ? String(parts[1]) : ""
        }
    }

    subscript(name: String) -> String? { values[name] }
    func number(_ name: String, or other: Int = 1) -> Int { values[name].flatMap { Int($0) } ?? other }
    func count(_ name: String) -> UInt32 { UInt32(number(name, or: 1_000_000)) }
}
