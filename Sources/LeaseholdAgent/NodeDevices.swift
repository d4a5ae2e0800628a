package import LeaseholdDevices
package import LeaseholdModel
package import LeaseholdPlatform
import LeaseholdProtocol

/// The devices of an agent's nodes: who holds each GPU stands in the device file, how a real one is, on its chart.
struct NodeDevices {
    /// Who holds what, by node and position.
    let file: DeviceFile
    /// Nil where the GPUs are simulated: then the file says how they are as well.
    var chart: NodeChart?
    /// Since when simulated GPUs are seen broken, by node; nothing for a node that nobody has looked at.
    private var breaks: [NodeSlot: [Int: CalendarInstant]] = [:]

    init(file: DeviceFile, chart: NodeChart? = nil) {
        self.file = file
        self.chart = chart
    }

    /// The nodes of which people may be told something new.
    mutating func changed(at now: CalendarInstant) -> [NodeSlot] {
        guard chart == nil else { return file.slots }
        return file.slots.filter { slot in
            let broken = file.unhealthy(slot)
            guard let known = breaks[slot], broken.positions == known.keys.sorted() else {
                let old = breaks[slot] ?? [:]
                breaks[slot] = Dictionary(uniqueKeysWithValues: broken.positions.map { ($0, old[$0] ?? now) })
                return true
            }
            return false
        }
    }

    /// What the devices of every node say, by slot.
    func readings(at now: BootInstant) -> [DeviceReading] {
        guard let chart else {
            return file.slots.map { slot in
                DeviceReading(
                    unhealthy: file.unhealthy(slot), drawn: file.drawn(slot, at: now),
                    traits: file.shapes[slot.offset].traits)
            }
        }
        let watch = chart.watch
        let meters = watch.gpus.map { MeterReading.GPU(uuid: $0.uuid.driverText, used: $0.energy(at: now)) }
        return [
            DeviceReading(
                unhealthy: watch.unhealthy, suspect: watch.suspect, drawn: watch.drawn, traits: traits(watch),
                meters: meters, cuts: watch.gpus.map(\.cut))
        ]
    }

    /// A file of devices that was made before slices were known has no room for who holds them.
    private func traits(_ watch: NodeWatch) -> NodeTraits {
        file.shapes.allSatisfy(\.canBeCut) ? watch.traits : watch.traits.subtracting(.slices)
    }

    /// What people are told of a node, as it was written down; the steps that fail at it are the agent machine's to say.
    func detail(of slot: NodeSlot, stuck: [StuckGrant], at now: CalendarInstant) -> NodeDetail {
        let troubles = stuck.flatMap { stuck in
            stuck.grant.gpus.positions.map { position in
                DeviceTrouble(
                    gpu: position, component: "lease \(stuck.grant.lease)", standing: .unhealthy,
                    what: "\(stuck.step.words) failed: \(stuck.reason)",
                    remedy: "mend what it names; it is tried again every ten seconds", since: stuck.since,
                    count: 1, ticket: nil)
            }
        }
        // What was used is told as it was written; what is drawn is of this moment.
        if let chart { return chart.kept.detail(troubles, drawing: chart.watch.power, at: now) }
        let shape = file.shapes[slot.offset]
        let broken = breaks[slot] ?? [:]
        let gpus = (0..<shape.gpuCount).map { position in
            GPUDetail(
                uuid: "", product: "simulated \(shape.kind)", serial: "", bus: "", firmware: "", memoryMiB: 0,
                sliceMode: "", standing: broken[position] == nil ? .healthy : .unhealthy, limit: nil,
                energyJoules: nil)
        }
        let breaks = broken.sorted { $0.key < $1.key }.map { position, since in
            DeviceTrouble(
                gpu: position, component: "gpu", standing: .unhealthy,
                what: "broken by hand (leasehold-agent device break)",
                remedy: "leasehold-agent device mend", since: since, count: 1, ticket: nil)
        }
        return NodeDetail(driver: "", gpus: gpus, troubles: troubles + breaks, statedAt: now)
    }

    /// Whether anything is known of how they are at this moment.
    var areKnown: Bool { chart?.watch.driver != .unasked }

    /// The nodes as their agent serves them.
    var descriptions: [NodeDescription] {
        file.slots.map { slot in
            let shape = file.shapes[slot.offset]
            return NodeDescription(
                path: shape.path, kind: shape.kind, gpuCount: shape.gpuCount, hardware: file.hardware(of: slot))
        }
    }
}

/// Where an agent's GPUs come from.
package enum DeviceSource: Sendable {
    /// They are simulated, on as many nodes as wanted.
    case simulated([NodeShape])
    /// They are those of this machine; a kind is stated where the catalogue has none for their product.
    case driver(node: String, kind: GPUKind?, DriverWatch.Settings, Enforcer.Settings, NodeSenses.Settings)

    /// The paths of the nodes, by slot.
    var paths: [String] {
        switch self {
        case .simulated(let shapes): shapes.map(\.path)
        case .driver(let node, _, _, _, _): [node]
        }
    }

    /// What is done at the devices of every grant.
    var steps: Set<DeviceStep> {
        switch self {
        case .simulated: []
        case .driver(_, _, _, let settings, _): Enforcer.steps(settings)
        }
    }

    /// Who does it; nil where nothing is done.
    func enforcer(
        _ driver: DriverWatch?, of devices: NodeDevices, standing: [GuardedGrant], in stateDirectory: String
    ) -> Enforcer? {
        guard case .driver(_, _, _, var settings, _) = self, let driver, let watch = devices.chart?.watch else {
            return nil
        }
        settings.evidenceDirectory = "\(stateDirectory)/attestation"
        settings.groupsLink = "\(stateDirectory)/\(TenantGroups.linkName)"
        return Enforcer(settings, driver: driver, standing: standing, names: watch.gpus.map(\.uuid))
    }

    /// Who looks after what no driver tells; nil where nothing is to be seen.
    func senses(of devices: NodeDevices) -> NodeSenses? {
        guard case .driver(let node, _, _, _, let settings) = self, let watch = devices.chart?.watch else { return nil }
        return NodeSenses(settings, node: node, gpus: watch.gpus.map(\.uuid))
    }
}

extension DeviceFile {
    /// Opens the device file of simulated nodes, making it if the directory has none yet.
    static func openOrCreate(
        _ path: String, _ nodes: [NodeShape], boot: BootID
    ) throws(ProcessEnd) -> DeviceFile {
        do throws(DeviceFileFailure) {
            do throws(DeviceFileFailure) {
                return try DeviceFile.open(path, expecting: nodes, access: .reading)
            } catch {
                guard error.isMissing else { throw error }
            }
            try DeviceFile.create(path, nodes: nodes, boot: boot)
            return try DeviceFile.open(path, expecting: nodes, access: .reading)
        } catch {
            throw error.end
        }
    }
}

extension NodeDevices {
    /// How long the wait for a driver is silent between two words about it.
    private static let sayInterval = Span.seconds(10)

    /// Opens the devices of this machine's node.
    ///
    /// A node that was served before begins whatever becomes of its driver; one that never was has to be seen first.
    ///
    /// - Returns: the devices; nil when the process was asked to stop while there was no driver.
    static func open(
        _ driver: DriverWatch, node: String, kind: GPUKind?, in directory: String, boot: BootID,
        say: (String) -> Void
    ) throws(ProcessEnd) -> NodeDevices? {
        let path = "\(directory)/\(DeviceFile.name)"
        let old = try existing(path)
        if let old {
            let shape = old.shapes[0]
            guard old.shapes.count == 1, shape.path == node else {
                throw ProcessEnd(
                    .notOurs, "\(path) is of node \(shape.path), not of \(node); use the state directory of that node")
            }
            if let chart = try NodeChart.read(in: directory, boot: boot, at: Clocks.now(), say: say) {
                return NodeDevices(file: old, chart: try chart.of(old))
            }
        }
        guard let facts = try awaited(driver, say: say) else { return nil }
        let gpus = facts.map(\.uuid).sorted()
        var chart = NodeChart(NodeWatch(gpus), in: directory, boot: boot)
        if let old { chart = try chart.of(old) }
        do throws(SystemFailure) { try chart.keep() } catch { throw ProcessEnd(.world, "\(error)") }
        if let old { return NodeDevices(file: old, chart: chart) }
        let shape = NodeShape(path: node, kind: try NodeDevices.kind(of: facts, or: kind), gpuCount: gpus.count)
        do throws(DeviceFileFailure) {
            try DeviceFile.create(path, nodes: [shape], boot: boot) { chart.watch.hardware }
            return NodeDevices(file: try DeviceFile.open(path, expecting: [shape], access: .reading), chart: chart)
        } catch {
            throw error.end
        }
    }

    /// The device file of a directory; nil where there is none yet.
    private static func existing(_ path: String) throws(ProcessEnd) -> DeviceFile? {
        do throws(DeviceFileFailure) { return try DeviceFile.open(path, access: .reading) } catch {
            if error.isMissing { return nil }
            throw error.end
        }
    }

    /// The node's GPUs, as soon as its driver names some; nil when the process was asked to stop first.
    private static func awaited(
        _ driver: DriverWatch, say: (String) -> Void
    ) throws(ProcessEnd) -> [GPUFacts]? {
        var sayAt = BootInstant.zero
        repeat {
            let trouble: String
            switch driver.inventory() {
            case .answered(let facts, _):
                guard facts.isEmpty || facts.count > GPUSet.countMax else { return facts }
                trouble = "its driver names \(facts.count) GPUs, expected 1 to \(GPUSet.countMax)"
            case .failed(let failure): trouble = "\(failure)"
            case .asleep: trouble = "a call of its driver does not come back"
            }
            if Clocks.boot() >= sayAt {
                say("this node has never been served, and waits for its GPUs: \(trouble)")
                sayAt = Clocks.boot() + sayInterval
            }
        } while !ProcessSignals.isStopRequested(within: .seconds(1))
        return nil
    }

    /// The one kind of a node's GPUs.
    private static func kind(of facts: [GPUFacts], or stated: GPUKind?) throws(ProcessEnd) -> GPUKind {
        if let stated { return stated }
        let products = Set(facts.map { $0.product ?? "a GPU of no name" }).sorted().joined(separator: ", ")
        guard let kind = facts[0].kind else {
            throw ProcessEnd(
                .usage, "the catalogue has no kind for \(products); state it: --devices nvml:KIND@WATTS")
        }
        guard facts.allSatisfy({ $0.kind == kind }) else {
            throw ProcessEnd(
                .usage, "the node has GPUs of several kinds (\(products)); one agent serves GPUs of one kind")
        }
        return kind
    }
}

extension NodeChart {
    /// The chart, if it is of the GPUs that a device file was made for.
    func of(_ file: DeviceFile) throws(ProcessEnd) -> NodeChart {
        guard file.hardware(of: file.slots[0]) == watch.hardware, file.shapes[0].gpuCount == watch.gpus.count else {
            throw ProcessEnd(
                .notOurs,
                "\(file.path) was made for other GPUs than \(watch.gpus.map(\.uuid.driverText).joined(separator: ", ")); "
                    + "release what the node holds, and begin with another state directory")
        }
        return self
    }
}
