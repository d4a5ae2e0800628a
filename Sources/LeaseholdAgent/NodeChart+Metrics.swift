import LeaseholdDevices
import LeaseholdModel
import LeaseholdTransport

extension NodeChart {
    /// What the metrics page says of real GPUs.
    var metrics: String {
        let isDriverUp = if case .answers = watch.driver { 1 } else { 0 }
        let families: [(name: String, type: String, help: String, samples: [MetricText.Sample])] = [
            ("agent_driver_up", "gauge", "Whether the GPUs' driver answers.", [([], "\(isDriverUp)")]),
            (
                "agent_breakfix_tickets_open", "gauge", "Parts of GPUs that something has to be done about.",
                [([], "\(watch.tickets.open.count)")]
            ),
            (
                "agent_gpu_standing", "gauge", "How the GPU stands: 0 healthy, 1 suspect, 2 unhealthy.",
                samples(watch) { UInt64($0.standing.rawValue) }
            ),
            (
                "agent_gpu_power_milliwatts", "gauge", "What the GPU draws, by its last reading.",
                samples(watch) { $0.draw?.count }
            ),
            (
                "agent_gpu_power_limit_milliwatts", "gauge", "The power limit that binds the GPU.",
                samples(watch) { $0.enforced?.count }
            ),
            (
                "agent_gpu_energy_millijoules_total", "counter",
                "What the GPU has used since the agent first read its counter.", samples(kept) { $0.energy?.count }
            ),
            ("agent_node_power_milliwatts", "gauge", "What the node, or a part of it, draws.", draws),
            (
                "agent_node_energy_millijoules_total", "counter",
                "What the node, or a part of it, has used since the agent first read its counter.", energies
            ),
            (
                "agent_probe_standing", "gauge",
                "What the site's own probe last said: 0 healthy, 1 suspect, 2 unhealthy.",
                probes { $0.verdict.map { UInt64($0.standing.rawValue) } }
            ),
            (
                "agent_probe_fails", "gauge", "Whether the last run of the site's own probe said nothing.",
                probes { $0.trouble == nil ? 0 : 1 }
            ),
        ]
        return families.map { MetricText.family($0.name, type: $0.type, help: $0.help, $0.samples) }.joined()
    }

    private var draws: [MetricText.Sample] {
        PowerSource.allCases.compactMap { source in
            watch.power.measured(source).map { measured in
                (
                    labels(source) + [(name: "quality", value: "\(measured.draw.quality)")],
                    "\(measured.draw.shown.count)"
                )
            }
        }
    }

    private var energies: [MetricText.Sample] {
        PowerSource.allCases.compactMap { source in
            kept.power.energy(source).map { (labels(source), "\($0.count)") }
        }
    }

    private func labels(_ source: PowerSource) -> [(name: String, value: String)] {
        [(name: "scope", value: "\(source.scope)"), (name: "source", value: source.words)]
    }

    private func probes(_ value: (WatchedProbe) -> UInt64?) -> [MetricText.Sample] {
        watch.probes.probes.compactMap { probe in
            value(probe).map { ([(name: "probe", value: probe.name)], "\($0)") }
        }
    }

    private func samples(_ watch: NodeWatch, _ value: (WatchedGPU) -> UInt64?) -> [MetricText.Sample] {
        watch.gpus.enumerated().compactMap { position, gpu in
            value(gpu).map {
                ([(name: "gpu", value: "\(position)"), (name: "uuid", value: gpu.uuid.driverText)], "\($0)")
            }
        }
    }
}
