package import LeaseholdModel

/// What measures the power of a node beside its GPUs; of equals the first is chosen.
package enum PowerSource: UInt8, Codable, Hashable, Comparable, Sendable, CaseIterable {
    /// The site's own program `power-reading`, which asks the node's management processor or a meter in the rack.
    case hook
    /// RAPL's counter of the platform: whatever is fed by it, cards too (MSR_PLATFORM_ENERGY_COUNTER).
    case platform
    /// The meter that a node's firmware shows through ACPI.
    case meter
    /// RAPL's counters of the processors' packages and of their memory.
    case packages
    /// The counters of AMD's sockets, which older kernels show.
    case sockets
    /// The meters of NVIDIA's Grace processors.
    case grace

    package static func < (left: PowerSource, right: PowerSource) -> Bool { left.rawValue < right.rawValue }

    /// How much of the node it measures.
    package var scope: PowerScope {
        switch self {
        case .hook, .platform, .meter: .node
        case .packages, .sockets, .grace: .processors
        }
    }

    /// What people call it.
    package var words: String {
        switch self {
        case .hook: "power-reading"
        case .platform: "RAPL psys"
        case .meter: "ACPI meter"
        case .packages: "RAPL packages"
        case .sockets: "AMD sockets"
        case .grace: "Grace meters"
        }
    }

    /// More than one instrument of it ever shows on average between two readings.
    var drawMax: Milliwatts {
        switch self {
        case .hook, .platform, .meter: Milliwatts(20_000_000)
        case .packages, .sockets, .grace: Milliwatts(2_000_000)
        }
    }

    /// How old what a counter of it shows may be: a management processor asks its own instruments now and then.
    var lagMax: Span { self == .hook ? .seconds(60) : .milliseconds(100) }

    /// The source to which a zone of the kernel's power capping belongs, by its name; nil for one that measures nothing
    /// of its own, because the zone around it counts it too.
    ///
    /// - Parameters:
    ///   - zone: `psys`, `package-0`, `dram`, `core`, `uncore`.
    ///   - parent: the zone around it; nil for one that stands alone.
    package init?(zone: String, in parent: String?) {
        switch (parent, zone) {
        case (nil, let name) where name == "psys" || name.hasPrefix("psys-"): self = .platform
        case (nil, let name) where name.hasPrefix("package-"): self = .packages
        // A server's memory is beside its package; the cores and what is around them are within it.
        case (let parent?, "dram") where parent.hasPrefix("package-"): self = .packages
        default: return nil
        }
    }

    /// The source to which a sensor of the kernel's hardware monitoring belongs; nil for one of which nobody can say
    /// from here what it measures: a regulator, a fan, a part that another sensor counts too.
    ///
    /// - Parameters:
    ///   - chip: `power_meter`, `amd_energy`.
    ///   - label: what the firmware or the driver calls the sensor; empty for nothing.
    package init?(chip: String, label: String) {
        switch chip {
        case "power_meter" where label.isEmpty: self = .meter
        // Beside it are meters of its cores and of its module, which count the same energy.
        case "power_meter" where label.hasPrefix("Grace Power"): self = .grace
        case "amd_energy" where label.hasPrefix("Esocket"): self = .sockets
        default: return nil
        }
    }
}
