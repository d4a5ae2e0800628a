import LeaseholdDevices
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
        ]
        return families.map { MetricText.family($0.name, type: $0.type, help: $0.help, $0.samples) }.joined()
    }

    private func samples(_ watch: NodeWatch, _ value: (WatchedGPU) -> UInt64?) -> [MetricText.Sample] {
        watch.gpus.enumerated().compactMap { position, gpu in
            value(gpu).map {
                ([(name: "gpu", value: "\(position)"), (name: "uuid", value: gpu.uuid.driverText)], "\($0)")
            }
        }
    }
}
