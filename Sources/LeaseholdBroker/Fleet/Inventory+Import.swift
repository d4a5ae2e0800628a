import LeaseholdModel

/// A whole import: what is wrong with it, and how it becomes part of the fleet.
///
/// An import adds. A place or node that is there already with the same content is passed over, so that a file can grow
/// and be imported again; one with other content is refused, and so is a file that adds nothing at all.
extension Inventory {
    /// Takes in an import in which `complaint(about:)` found nothing wrong; returns how many nodes and GPUs it added.
    mutating func add(_ fleet: FleetDeclaration, at instant: CalendarInstant) -> (nodeCount: Int, gpuCount: Int) {
        for kind in fleet.kinds where self.kind(named: kind.name) == nil { add(kind) }
        for place in fleet.places where self.place(at: place.path) == nil { add(place) }
        let nodeCountBefore = nodes.count
        let gpuCountBefore = holders.count
        for run in fleet.runs {
            let path = fleet.places[Int(run.rack)].path
            guard let rack = place(at: path) else { preconditionFailure("rack \(path) is not there") }
            for position in 0..<run.count {
                let name = "\(path)/\(run.name(at: position))"
                if node(named: name) == nil { addNode(named: name, rack: rack, run: run, at: instant) }
            }
        }
        return (nodes.count - nodeCountBefore, holders.count - gpuCountBefore)
    }

    /// Kinds of the catalogue that an import uses and that neither it nor the book has, in order of first mention.
    ///
    /// They go into the record, so that replay under a newer catalogue gives the same fleet (L14).
    func catalogueKinds(for fleet: FleetDeclaration) -> [GPUKind] {
        var found: [GPUKind] = []
        for run in fleet.runs {
            guard kind(named: run.kind) == nil, !fleet.kinds.contains(where: { $0.name == run.kind }),
                !found.contains(where: { $0.name == run.kind }), let kind = GPUKind.inCatalogue(run.kind)
            else { continue }
            found.append(kind)
        }
        return found
    }

    /// The first thing that is wrong with an import, if anything.
    ///
    /// What leases have been promised counts with what they hold now: no import breaks a promise (L11).
    func complaint(
        about fleet: FleetDeclaration, _ calendar: Calendar, at now: CalendarInstant
    ) -> Refusal? {
        let added = fleet.kinds + catalogueKinds(for: fleet)
        if let refusal = complaint(aboutShapeOf: fleet, kindCount: added.count) { return refusal }
        if let refusal = complaint(aboutKnown: fleet.kinds) { return refusal }
        if addsNothing(fleet) {
            guard let first = fleet.places.first else {
                return .invalid(field: "places", value: "none", expected: "a site at least")
            }
            return .alreadyThere(.fleet, name: first.path)
        }
        return complaint(aboutPowerOf: fleet, calendar, at: now)
    }

    /// The first thing that is wrong with a fleet that says by itself what its kinds are: without it, `add` takes the
    /// fleet in, whatever the catalogue says and the feeds carry.
    func complaint(aboutWhole fleet: FleetDeclaration) -> Refusal? {
        if let refusal = complaint(aboutShapeOf: fleet, kindCount: fleet.kinds.count) { return refusal }
        let declared = Set(fleet.kinds.map(\.name))
        let unknown = fleet.runs.first { !declared.contains($0.kind) && kind(named: $0.kind) == nil }
        return unknown.map { .notFound(.kind, name: $0.kind) }
    }

    private func complaint(aboutShapeOf fleet: FleetDeclaration, kindCount: Int) -> Refusal? {
        complaint(aboutKinds: fleet.kinds, allCount: kindCount) ?? complaint(aboutPlaces: fleet.places)
            ?? complaint(aboutRunsOf: fleet) ?? complaint(aboutNodesOf: fleet)
    }

    private func complaint(aboutKinds declared: [GPUKind], allCount: Int) -> Refusal? {
        if kinds.count + allCount > Limits.kindCountMax {
            return .invalid(field: "kinds", value: "\(allCount)", expected: "\(Limits.kindCountMax) kinds at most")
        }
        for (position, kind) in declared.enumerated() {
            let field = "kinds[\(position)]"
            if !isWellFormedName(kind.name) { return .notAName(field: field + ".name", value: kind.name) }
            if kind.memoryGiB == 0 { return .invalid(field: field + ".memory", value: "0", expected: "1GiB or more") }
            if kind.envelope <= .zero || kind.envelope > Limits.nodeEnvelopeMax {
                return .invalid(
                    field: field + ".envelope", value: "\(kind.envelope)", expected: "1W to \(Limits.nodeEnvelopeMax)")
            }
            if kind.idleFloor < .zero || kind.idleFloor > kind.envelope {
                return .invalid(
                    field: field + ".idleFloor", value: "\(kind.idleFloor)", expected: "0W to \(kind.envelope)")
            }
            if declared[..<position].contains(where: { $0.name == kind.name }) {
                return .invalid(field: field + ".name", value: kind.name, expected: "a name of its own")
            }
        }
        return nil
    }

    /// Whether a kind that the book or the catalogue has is declared otherwise.
    private func complaint(aboutKnown declared: [GPUKind]) -> Refusal? {
        for kind in declared {
            let known = self.kind(named: kind.name).map { self[$0].kind } ?? GPUKind.inCatalogue(kind.name)
            // Who says nothing of how it can be cut does not say that it cannot.
            let declared = kind.profiles.isEmpty ? known.map { kind.cut(as: $0.profiles) } ?? kind : kind
            if let known, known != declared { return .alreadyThere(.kind, name: kind.name) }
        }
        return nil
    }

    private func complaint(aboutPlaces declared: [PlaceDeclaration]) -> Refusal? {
        var mentioned = Lookup<String, Bool>()
        for (position, place) in declared.enumerated() {
            let field = "places[\(position)]"
            guard place.level != nil,
                place.path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy(isWellFormedName)
            else {
                return .invalid(
                    field: field + ".path", value: place.path, expected: "one to three names joined by `/`")
            }
            if let limit = place.limit, limit < .zero {
                return .invalid(field: field + ".limit", value: "\(limit)", expected: "0W or more")
            }
            if mentioned[place.path] != nil {
                return .invalid(field: field + ".path", value: place.path, expected: "a path of its own")
            }
            if let parent = place.parentPath, mentioned[parent] == nil, self.place(at: parent) == nil {
                return .invalid(field: field + ".path", value: place.path, expected: "\(parent) before it")
            }
            mentioned[place.path] = true
            if let known = self.place(at: place.path), self[known].limit != place.limit {
                return .alreadyThere(.place, name: place.path)
            }
        }
        return nil
    }

    private func complaint(aboutRunsOf fleet: FleetDeclaration) -> Refusal? {
        var total = 0
        var labelSets = Set(self.labelSets)
        for (position, run) in fleet.runs.enumerated() {
            func field(_ name: String) -> String { "runs[\(position)].\(name)" }
            guard Int(run.rack) < fleet.places.count, fleet.places[Int(run.rack)].level == .rack else {
                return .invalid(field: field("rack"), value: "\(run.rack)", expected: "the position of a rack")
            }
            let isNumbered = run.firstNumber != nil
            guard run.count > 0, isNumbered || run.count == 1, Int(run.count) <= Limits.nodeCountMax else {
                let expected = isNumbered ? "1 to \(Limits.nodeCountMax)" : "1, because the run has no first number"
                return .invalid(field: field("count"), value: "\(run.count)", expected: expected)
            }
            if let first = run.firstNumber, first.addingReportingOverflow(run.count - 1).overflow {
                return .invalid(field: field("firstNumber"), value: "\(first)", expected: "room for \(run.count)")
            }
            let lastName = run.name(at: run.count - 1)
            if !isWellFormedName(lastName) { return .notAName(field: field("namePrefix"), value: lastName) }
            if !(1...GPUSet.countMax).contains(Int(run.gpusPerNode)) {
                return .invalid(
                    field: field("gpusPerNode"), value: "\(run.gpusPerNode)", expected: "1 to \(GPUSet.countMax)")
            }
            if run.envelope <= .zero || run.envelope > Limits.nodeEnvelopeMax {
                return .invalid(
                    field: field("envelope"), value: "\(run.envelope)", expected: "1W to \(Limits.nodeEnvelopeMax)")
            }
            if let refusal = complaint(aboutLabels: run.labels, field("labels")) { return refusal }
            labelSets.insert(run.labels)
            if labelSets.count > Limits.labelSetCountMax {
                let expected = "\(Limits.labelSetCountMax) different sets of labels at most"
                return .invalid(field: field("labels"), value: "\(labelSets.count)", expected: expected)
            }
            let isKnown =
                kind(named: run.kind) != nil || fleet.kinds.contains { $0.name == run.kind }
                || GPUKind.inCatalogue(run.kind) != nil
            if !isKnown { return .notFound(.kind, name: run.kind) }
            total += Int(run.count)
            if total > Limits.nodeCountMax {
                return .invalid(field: "runs", value: "\(total)", expected: "\(Limits.nodeCountMax) nodes at most")
            }
        }
        return nil
    }

    private func complaint(aboutLabels labels: [NodeLabel], _ field: @autoclosure () -> String) -> Refusal? {
        if labels.count > Limits.labelCountMax {
            let expected = "\(Limits.labelCountMax) at most"
            return .invalid(field: field(), value: "\(labels.count)", expected: expected)
        }
        if let bad = labels.first(where: { !isWellFormedName($0.key) || !isWellFormedName($0.value) }) {
            return .notAName(field: field(), value: "\(bad.key)=\(bad.value)")
        }
        guard zip(labels, labels.dropFirst()).allSatisfy({ $0.key < $1.key }) else {
            return .invalid(
                field: field(), value: labels.map(\.key).joined(separator: ","), expected: "ascending keys")
        }
        return nil
    }

    /// Looks at every node by name: each has a name of its own, and one that is there already has the same content.
    private func complaint(aboutNodesOf fleet: FleetDeclaration) -> Refusal? {
        var mentioned = Lookup<String, Bool>()
        var addedCount = 0
        mentioned.reserve(fleet.nodeCount)
        for (position, run) in fleet.runs.enumerated() {
            let path = fleet.places[Int(run.rack)].path
            for offset in 0..<run.count {
                let name = "\(path)/\(run.name(at: offset))"
                if mentioned[name] != nil {
                    return .invalid(field: "runs[\(position)].namePrefix", value: name, expected: "a name of its own")
                }
                mentioned[name] = true
                guard let node = node(named: name) else {
                    addedCount += 1
                    continue
                }
                let shape = self[node].shape
                let isSame =
                    self[shape.kind].kind.name == run.kind && shape.gpuCount == Int(run.gpusPerNode)
                    && shape.envelope == run.envelope && shape.cpu == run.cpu && shape.memory == run.memory
                    && labelSets[Int(shape.labelSet)] == run.labels
                if !isSame { return .alreadyThere(.node, name: name) }
            }
        }
        if nodes.count + addedCount > Limits.nodeCountMax {
            let value = "\(nodes.count + addedCount)"
            return .invalid(field: "runs", value: value, expected: "\(Limits.nodeCountMax) nodes at most")
        }
        return nil
    }

    /// Whether everything in a fleet is there already.
    private func addsNothing(_ fleet: FleetDeclaration) -> Bool {
        !fleet.kinds.contains { kind(named: $0.name) == nil } && !fleet.places.contains { place(at: $0.path) == nil }
            && !fleet.runs.contains { run in
                let path = fleet.places[Int(run.rack)].path
                return (0..<run.count).contains { node(named: "\(path)/\(run.name(at: $0))") == nil }
            }
    }

    /// The first place whose feed could not carry the idle floors of the nodes that an import adds (L11).
    private func complaint(
        aboutPowerOf fleet: FleetDeclaration, _ calendar: Calendar, at now: CalendarInstant
    ) -> Refusal? {
        var asked = Lookup<String, Watts>()
        for run in fleet.runs {
            let rack = fleet.places[Int(run.rack)].path
            let declared = fleet.kinds.first { $0.name == run.kind }
            let known = self.kind(named: run.kind).map { self[$0].kind } ?? GPUKind.inCatalogue(run.kind)
            guard let kind = declared ?? known else { preconditionFailure("kind \(run.kind) is not there") }
            let addedCount = (0..<run.count).count { node(named: "\(rack)/\(run.name(at: $0))") == nil }
            let rise = run.idle(floor: kind.idleFloor) * addedCount
            var path: String? = rack
            while let some = path {
                asked[some] = (asked[some] ?? .zero) + rise
                path = PlaceDeclaration(path: some, limit: nil).parentPath
            }
        }
        for (offset, row) in places.enumerated() {
            guard let limit = row.limit, let rise = asked[row.path] else { continue }
            let place = PlaceID(rawValue: UInt32(offset))
            let committed = max(row.committed, row.floor + calendar.countedPeak(of: place, in: self, from: now))
            if committed + rise > limit {
                return .noPower(place: row.path, limit: limit, committed: committed, asked: rise)
            }
        }
        for declared in fleet.places where place(at: declared.path) == nil {
            guard let limit = declared.limit, let rise = asked[declared.path], rise > limit else { continue }
            return .noPower(place: declared.path, limit: limit, committed: .zero, asked: rise)
        }
        return nil
    }
}

extension NodeRun {
    /// What one node draws while nobody leases it, if a GPU that nobody leases is counted with `floor`.
    fileprivate func idle(floor: Watts) -> Watts {
        let gpuCount = Int64(gpusPerNode)
        return floor.count <= envelope.count / gpuCount ? floor * Int(gpuCount) : envelope
    }
}

extension GPUKind {
    /// The kind of the shipped catalogue with this name.
    static func inCatalogue(_ name: String) -> GPUKind? { catalogue.first { $0.name == name } }
}

extension Refusal {
    /// A field holds something that cannot be a name.
    static func notAName(field: String, value: String) -> Refusal {
        .invalid(
            field: field, value: value,
            expected: "1 to \(Limits.nameByteCountMax) letters, digits, `-`, `_`, `.`, the first no `-` or `.`")
    }
}
