import LeaseholdDevices
package import LeaseholdPlatform

/// Who looks after what no driver tells of a node: its power, and whatever the site's own probes look at.
package struct NodeSenses: Sendable {
    /// What there is to look at.
    package struct Settings: Sendable {
        package var meters: MeterWatch.Settings
        package var probes: ProbeWatch.Settings

        package init(
            meters: MeterWatch.Settings = MeterWatch.Settings(), probes: ProbeWatch.Settings = ProbeWatch.Settings()
        ) {
            self.meters = meters
            self.probes = probes
        }
    }

    private let meters: MeterWatch
    private let probes: ProbeWatch
    private let environment: [String: String]

    /// Senses that see nothing yet, of a node with its GPUs by position.
    init(_ settings: Settings, node: String, gpus: [GPUUUID]) {
        meters = MeterWatch(settings.meters)
        probes = ProbeWatch(settings.probes)
        environment = [
            "LEASEHOLD_NODE": node, "LEASEHOLD_GPUS": gpus.map(\.driverText).joined(separator: ","),
            "LEASEHOLD_POSITIONS": gpus.indices.map(String.init).joined(separator: ","),
        ]
    }

    /// Begins to look, and tells what is seen until it is stopped.
    func begin(telling tell: @escaping @Sendable (NodeWord) -> Void) {
        meters.begin(environment: environment) { tell(.power($0)) }
        probes.begin(environment: environment) { tell(.probes($0)) }
    }

    /// Looks no more.
    func stop() {
        meters.stop()
        probes.stop()
    }
}
