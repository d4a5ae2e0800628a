import LeaseholdModel

/// What one unit of a lease may be.
extension LeaseBook {
    /// What is wrong with a profile, a share, CPU, memory or labels by themselves.
    func complaint(aboutShapeOf terms: LeaseTerms) -> Refusal? {
        let shape = terms.shape
        let isWhole =
            switch terms.unit {
            case .gpu, .slice, .share, .cpu: false
            case .node, .nvlinkDomain, .rack, .hall, .site: true
            }
        if (shape.profile != nil) != (terms.unit == .slice) {
            let expected = terms.unit == .slice ? "a MIG profile such as 1g.10gb" : "none, or slices as the unit"
            return .invalid(field: "profile", value: shape.profile ?? "missing", expected: expected)
        }
        if (shape.share != nil) != (terms.unit == .share) || shape.share.map({ !(1...999).contains($0) }) ?? false {
            let expected = terms.unit == .share ? "1 to 999 thousandths of a GPU" : "none, or shares as the unit"
            return .invalid(field: "share", value: shape.share.map { "\($0)" } ?? "missing", expected: expected)
        }
        if isWhole, shape.statesNodeUse {
            let field = shape.cpu != nil ? "cpu" : "memory"
            let value = shape.cpu.map { "\($0)" } ?? shape.memory.map { "\($0)" } ?? ""
            return .invalid(field: field, value: value, expected: "none: a whole \(terms.unit.word) has all of its own")
        }
        let asked = (UInt64(shape.cpu?.count ?? 0), UInt64(shape.memory?.count ?? 0))
        if terms.unit == .cpu || shape.statesNodeUse, asked == (0, 0) {
            return .invalid(field: "cpu", value: "0", expected: "some CPU or memory")
        }
        // A node's sum must fit its field.
        if max(asked.0, asked.1) > UInt64(UInt32.max) / UInt64(Limits.partCountMax) {
            return .invalid(
                field: "memory", value: "\(max(asked.0, asked.1))",
                expected: "at most \(UInt32.max / UInt32(Limits.partCountMax)) MiB or thousandths of a core")
        }
        if terms.labels.count > Limits.labelRuleCountMax {
            let expected = "\(Limits.labelRuleCountMax) at most"
            return .invalid(field: "labels", value: "\(terms.labels.count)", expected: expected)
        }
        return nil
    }

    /// No kind that is asked for can be cut so.
    func complaint(aboutProfileOf terms: LeaseTerms, _ kinds: [KindID]) -> Refusal? {
        guard let profile = terms.shape.profile else { return nil }
        let meant = kinds.isEmpty ? fleet.kinds.map(\.kind) : kinds.map { fleet[$0].kind }
        let known = meant.flatMap { $0.profiles.map(\.name) }
        guard !known.contains(profile) else { return nil }
        var names: [String] = []
        for name in known where !names.contains(name) { names.append(name) }
        return .invalid(
            field: "profile", value: profile,
            expected: names.isEmpty ? "a kind of GPU that can be cut" : "one of \(names.joined(separator: ", "))")
    }

    /// What a record asks of one node, as far as later placements can learn from it; nil of what lies on many.
    func ask(of granted: LeaseGranted) -> Demand.Ask? {
        let kinds = granted.kinds.isEmpty ? KindSet.all : KindSet(granted.kinds)
        let shape = granted.shape
        switch granted.unit {
        case .node, .nvlinkDomain, .rack, .hall, .site, .slice: return nil
        case .gpu: if !shape.statesNodeUse || granted.first.placements.count != 1 { return nil }
        case .share, .cpu: break
        }
        guard let placement = granted.first.placements.first else { return nil }
        let taken = fleet[placement.node].shape.taken(by: placement)
        if granted.unit == .cpu {
            return Demand.Ask(kinds: kinds, gpuCount: 0, share: 0, cpu: taken.cpu, memory: taken.memory)
        }
        if granted.unit == .share {
            let count = Int64(max(1, placement.gpus.count))
            return Demand.Ask(
                kinds: kinds, gpuCount: 1, share: Int(shape.share ?? 1), cpu: taken.cpu / count,
                memory: taken.memory / count)
        }
        return Demand.Ask(
            kinds: kinds, gpuCount: placement.gpus.count, share: 1_000, cpu: taken.cpu, memory: taken.memory)
    }

    /// Takes note of what was granted, so that later placements spare what will be asked for.
    mutating func learn(from granted: LeaseGranted, at instant: CalendarInstant) {
        guard let ask = ask(of: granted) else { return }
        learn(ask, at: instant)
    }

    private mutating func learn(_ ask: Demand.Ask, at instant: CalendarInstant) {
        guard demand.note(ask) else { return }
        let moment = Window(from: instant, until: instant + Span(nanoseconds: 1))
        let nodes = fleet.nodes.indices.map { offset in
            let gpus = fleet.nodes[offset].shape.gpus
            return (
                kind: fleet.nodes[offset].shape.kind,
                room: calendar.room(offset, offering: gpus, over: moment, in: fleet, at: instant)
            )
        }
        demand.freeze(nodes, gpuThousandths: Int64(fleet.holders.count) * 1_000)
    }
}

extension LeaseTerms {
    /// Thousandths of GPUs that one unit has at the very least: a node has a GPU.
    var leastThousandths: Int {
        switch unit {
        case .gpu, .node, .nvlinkDomain, .rack, .hall, .site: 1_000
        case .share: Int(shape.share ?? 0)
        case .slice: 1_000 / SliceSet.perGPU
        case .cpu: 0
        }
    }
}

extension Wish {
    /// Narrows it to one kind, to some that may be mixed, or to none in particular.
    mutating func choose(_ group: [KindID]?) {
        kind = group?.count == 1 ? group?.first : nil
        kinds = group.flatMap { $0.count > 1 ? KindSet($0) : nil }
    }
}

/// Whole GPUs for so many thousandths, rounded up.
func wholeGPUs(_ thousandths: Int) -> Int { (thousandths + 999) / 1_000 }
