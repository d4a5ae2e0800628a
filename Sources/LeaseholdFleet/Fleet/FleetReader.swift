import LeaseholdModel

/// Reads the fields of a fleet file as shapes; goes on after a complaint, so that one reading tells all of them.
struct FleetReader {
    var fields: FieldReader
    /// The kinds that the file adds, in its order.
    private(set) var kinds: [GPUKind] = []
    /// Those of the catalogue and of the file.
    private var known = GPUKind.catalogue
    /// Kinds that the file names in a broken entry: no use of them is complained about again.
    private var broken: Set<String> = []

    init(fields: FieldReader) { self.fields = fields }

    /// The sites of a text: one, written at the root, or a list.
    mutating func sites(of text: String) -> [SiteShape] {
        guard let root = YAMLText.root(of: text, into: &fields.findings) else { return [] }
        let keys = ["site", "sites", "kinds", "limit", "halls"]
        guard let section = fields.section(root, called: "a fleet", keys: keys) else { return [] }
        if let list = section["kinds"] { readKinds(list) }
        var names = NameBook()
        guard let list = section["sites"] else {
            return site(section, nameKey: "site", names: &names).map { [$0] } ?? []
        }
        let reason = "stands beside sites; expected it within an entry of the list"
        fields.refuse(["site", "limit", "halls"], of: section, because: reason)
        var sites: [SiteShape] = []
        for entry in fields.list(list, of: "sites") ?? [] {
            guard let section = fields.section(entry, called: "a site", keys: ["name", "limit", "halls"]),
                let site = site(section, nameKey: "name", names: &names)
            else { continue }
            sites.append(site)
        }
        return sites
    }

    // MARK: Kinds

    private mutating func readKinds(_ list: Field) {
        var names = NameBook()
        for entry in fields.list(list, of: "kinds") ?? [] {
            let keys = ["name", "memory", "envelope", "idle"]
            guard let section = fields.section(entry, called: "a kind", keys: keys) else { continue }
            let nameField = fields.required("name", of: section)
            let name = nameField.flatMap { fields.name($0) }
            if let name, let nameField { claim(kind: name, at: nameField, in: &names) }
            let memory = fields.required("memory", of: section)
                .flatMap { fields.gibibytes($0, in: FleetRange.memoryGiB) }
            let envelope = fields.required("envelope", of: section)
                .flatMap { fields.watts($0, in: FleetRange.kindWatts) }
            let idle = section["idle"].map { fields.watts($0, in: Watts.zero...(envelope ?? Watts(100_000))) }
            guard let name, let memory, let envelope, idle.map({ $0 != nil }) ?? true else {
                if let name { broken.insert(name) }
                continue
            }
            let floor = idle.flatMap { $0 } ?? Watts(envelope.count / 8)
            let kind = GPUKind(name: name, memoryGiB: UInt32(memory), envelope: envelope, idleFloor: floor)
            kinds.append(kind)
            known.append(kind)
        }
        guard known.count > Limits.kindCountMax else { return }
        let room = Limits.kindCountMax - GPUKind.catalogue.count
        fields.findings.add("has \(kinds.count) entries; expected at most \(room)", line: list.line, field: list.path)
    }

    private mutating func claim(kind name: String, at field: Field, in names: inout NameBook) {
        if GPUKind.catalogue.contains(where: { $0.name == name }) {
            let complaint = "\(quoted(name)) is in the catalogue already; expected another name"
            fields.findings.add(complaint, line: field.line, field: field.path)
        } else {
            take(Label(prefix: name, numbers: nil), at: field, in: &names, of: "kinds")
        }
    }

    private mutating func kind(of section: Section) -> GPUKind? {
        guard let field = fields.required("kind", of: section),
            let name = fields.text(field, expected: "the name of a kind")
        else { return nil }
        if let kind = known.first(where: { $0.name == name }) { return kind }
        guard !broken.contains(name) else { return nil }
        let names = known.map(\.name)
        let meant = NearMiss.nearest(to: name, among: names).map { "did you mean \($0)? " } ?? ""
        let complaint = "\(quoted(name)) is not a kind; \(meant)expected one of \(names.joined(separator: ", ")), "
        fields.findings.add(complaint + "or one listed under kinds", line: field.line, field: field.path)
        return nil
    }

    // MARK: Places

    private mutating func site(_ section: Section, nameKey: String, names: inout NameBook) -> SiteShape? {
        let nameField = fields.required(nameKey, of: section)
        let name = nameField.flatMap { fields.name($0) }
        if let name, let nameField {
            take(Label(prefix: name, numbers: nil), at: nameField, in: &names, of: "the file")
        }
        let limit = limit(of: section)
        var hallNames = NameBook()
        var halls: [HallShape] = []
        for entry in fields.required("halls", of: section).flatMap({ fields.list($0, of: "halls") }) ?? [] {
            if let hall = hall(entry, names: &hallNames, site: name ?? "the site") { halls.append(hall) }
        }
        return name.map { SiteShape(name: $0, limit: limit, halls: halls) }
    }

    private mutating func hall(_ entry: Field, names: inout NameBook, site: String) -> HallShape? {
        let keys = ["name", "count", "first", "limit", "racks"]
        guard let section = fields.section(entry, called: "a hall", keys: keys) else { return nil }
        let label = label(of: section, in: FleetRange.hallCount, standard: "hall", names: &names, parent: site)
        let limit = limit(of: section)
        var rackNames = NameBook()
        var racks: [RackShape] = []
        let hall = label?.firstName ?? "the hall"
        for entry in fields.required("racks", of: section).flatMap({ fields.list($0, of: "racks") }) ?? [] {
            if let rack = rack(entry, names: &rackNames, hall: hall) { racks.append(rack) }
        }
        return label.map { HallShape(label: $0, limit: limit, racks: racks) }
    }

    private static let alikeKeys = [
        "nodes_per_rack", "gpus_per_node", "kind", "node_envelope", "rack_envelope", "node_cpu", "node_memory",
        "labels",
    ]

    private mutating func rack(_ entry: Field, names: inout NameBook, hall: String) -> RackShape? {
        let keys = ["name", "count", "first", "limit"] + FleetReader.alikeKeys + ["nodes"]
        guard let section = fields.section(entry, called: "a rack", keys: keys) else { return nil }
        let label = label(of: section, in: FleetRange.rackCount, standard: "rack", names: &names, parent: hall)
        let limit = limit(of: section)
        let nodes = section["nodes"] != nil ? listedNodes(of: section, rack: label) : alikeNodes(of: section)
        guard let label, let nodes else { return nil }
        return RackShape(label: label, limit: limit, nodes: nodes)
    }

    private mutating func limit(of section: Section) -> Limit? {
        guard let field = section["limit"], let watts = fields.watts(field, in: FleetRange.limit) else { return nil }
        return Limit(watts: watts, path: field.path, line: field.line)
    }

    // MARK: Nodes

    /// `nodes_per_rack: 18, gpus_per_node: 4, kind: GB200`, called `node-1` to `node-18`.
    private mutating func alikeNodes(of section: Section) -> [NodeShape]? {
        let nodeCount = fields.required("nodes_per_rack", of: section)
            .flatMap { fields.number($0, in: FleetRange.nodeCount) }
        let gpuCount = fields.required("gpus_per_node", of: section)
            .flatMap { fields.number($0, in: FleetRange.gpusPerNode) }
        let kind = kind(of: section)
        if section["node_envelope"] != nil {
            let reason = "stands beside node_envelope; expected one of the two"
            fields.refuse(["rack_envelope"], of: section, because: reason)
        }
        let divided = section["node_envelope"] == nil ? section["rack_envelope"] : nil
        let whole = divided.map { fields.watts($0, in: FleetRange.rackEnvelope) }
        let stated = section["node_envelope"].map { fields.watts($0, in: FleetRange.nodeEnvelope) }
        let supply = supply(of: section, cpu: "node_cpu", memory: "node_memory")
        guard let nodeCount, let gpuCount, let kind, let supply else { return nil }
        let run = { (first: Int, last: Int, envelope: Watts) in
            NodeShape(
                label: Label(prefix: "node-", numbers: first...last), kind: kind, gpusPerNode: gpuCount,
                envelope: envelope, supply: supply)
        }
        if let divided, let whole {
            guard let whole else { return nil }
            let share = Watts(whole.count / Int64(nodeCount))
            guard isFit(share, gpuCount: gpuCount, kind: kind, at: divided) else { return nil }
            // Whole watts: the first nodes bear what is left over, one watt each.
            let rest = Int(whole.count % Int64(nodeCount))
            let first = rest > 0 ? [run(1, rest, share + Watts(1))] : []
            return first + [run(rest + 1, nodeCount, share)]
        }
        guard let field = section["node_envelope"], let stated else {
            return [run(1, nodeCount, kind.envelope * gpuCount)]
        }
        guard let stated, isFit(stated, gpuCount: gpuCount, kind: kind, at: field) else { return nil }
        return [run(1, nodeCount, stated)]
    }

    /// `nodes: [{name: n1, kind: H100, gpus: 8}]`.
    private mutating func listedNodes(of section: Section, rack: Label?) -> [NodeShape]? {
        let reason = "stands beside nodes; expected it within an entry of the list"
        fields.refuse(FleetReader.alikeKeys, of: section, because: reason)
        guard let list = section["nodes"], let entries = fields.list(list, of: "nodes") else { return nil }
        var names = NameBook()
        var nodes: [NodeShape] = []
        for entry in entries {
            if let node = node(entry, names: &names, rack: rack?.firstName ?? "the rack") { nodes.append(node) }
        }
        return nodes
    }

    private mutating func node(_ entry: Field, names: inout NameBook, rack: String) -> NodeShape? {
        let keys = ["name", "count", "first", "kind", "gpus", "envelope", "cpu", "memory", "labels"]
        guard let section = fields.section(entry, called: "a node", keys: keys) else { return nil }
        let label = label(of: section, in: FleetRange.nodeCount, standard: "node", names: &names, parent: rack)
        let kind = kind(of: section)
        let gpuCount = fields.required("gpus", of: section)
            .flatMap { fields.number($0, in: FleetRange.gpusPerNode) }
        let stated = section["envelope"].flatMap { fields.watts($0, in: FleetRange.nodeEnvelope) }
        let supply = supply(of: section, cpu: "cpu", memory: "memory")
        guard let label, let kind, let gpuCount, let supply else { return nil }
        guard let field = section["envelope"] else {
            return NodeShape(
                label: label, kind: kind, gpusPerNode: gpuCount, envelope: kind.envelope * gpuCount, supply: supply)
        }
        guard let stated, isFit(stated, gpuCount: gpuCount, kind: kind, at: field) else { return nil }
        return NodeShape(label: label, kind: kind, gpusPerNode: gpuCount, envelope: stated, supply: supply)
    }

    /// CPU, memory and labels of nodes, as far as they are stated; nil where one of them is wrong.
    private mutating func supply(of section: Section, cpu cpuKey: String, memory memoryKey: String) -> NodeSupply? {
        var supply = NodeSupply()
        var isSound = true
        if let field = section[cpuKey] {
            let cpu = fields.quantity(
                field, in: FleetRange.nodeCPU, form: "cores in a form like 192 or 500m", Millicores.init(text:))
            if let cpu { supply.cpu = cpu } else { isSound = false }
        }
        if let field = section[memoryKey] {
            let memory = fields.quantity(
                field, in: FleetRange.nodeMemory, form: "a form like 2TiB, 64GiB or 512MiB", Mebibytes.init(text:))
            if let memory { supply.memory = memory } else { isSound = false }
        }
        if let field = section["labels"] {
            let labels = fields.labels(field)
            if let labels { supply.labels = labels } else { isSound = false }
        }
        return isSound ? supply : nil
    }

    /// Whether a node's envelope holds at least what its GPUs draw when nobody leases them.
    private mutating func isFit(_ envelope: Watts, gpuCount: Int, kind: GPUKind, at field: Field) -> Bool {
        let floor = kind.idleFloor * gpuCount
        guard envelope < floor else { return true }
        let complaint = "leaves a node \(envelope); expected at least the idle floor of its GPUs, \(floor)"
        fields.findings.add(complaint, line: field.line, field: field.path)
        return false
    }

    // MARK: Names

    /// `name`, or with `count` the names `name-1`, `name-2`, …, or with `first` from another number on.
    private mutating func label(
        of section: Section, in range: ClosedRange<Int>, standard: String, names: inout NameBook, parent: String
    ) -> Label? {
        guard let countField = section["count"] else {
            fields.refuse(["first"], of: section, because: "stands without count, which it numbers from")
            guard let field = fields.required("name", of: section), let name = fields.name(field) else { return nil }
            let label = Label(prefix: name, numbers: nil)
            return take(label, at: field, in: &names, of: parent) ? label : nil
        }
        let count = fields.number(countField, in: range)
        let first = section["first"].map { fields.number($0, in: FleetRange.first) } ?? 1
        let name = section["name"].map { fields.name($0) } ?? standard
        guard let count, let first, let name else { return nil }
        let label = Label(prefix: name + "-", numbers: first...(first + count - 1))
        let last = "\(label.prefix)\(first + count - 1)"
        guard isWellFormedName(last) else {
            let complaint = "\(quoted(last)) is not a name; expected at most \(Limits.nameByteCountMax) bytes"
            fields.findings.add(complaint, line: section.line, field: section.path(of: "name"))
            return nil
        }
        return take(label, at: section["name"] ?? countField, in: &names, of: parent) ? label : nil
    }

    @discardableResult
    private mutating func take(_ label: Label, at field: Field, in names: inout NameBook, of parent: String) -> Bool {
        guard let first = names.take(label, line: field.line) else { return true }
        let complaint = "\(quoted(first.name)) stands twice in \(parent), first in line \(first.line)"
        fields.findings.add(complaint, line: field.line, field: field.path)
        return false
    }
}
