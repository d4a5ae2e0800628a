internal import CLeaseholdPlatform
package import LeaseholdDevices
package import LeaseholdModel

/// What a GPU is.
extension NVMLDevice {
    /// Everything that stays the same while the GPU works; throws when the GPU or the driver is gone.
    package func facts(catalogue: [GPUKind]) throws(NVMLFailure) -> Noted<GPUFacts> {
        var questions = NVMLQuestions()
        var facts = GPUFacts(uuid: uuid)
        facts.product = try questions.ask(product)
        facts.memory = try questions.ask(memory)?.total
        facts.serial = try questions.ask(serial)
        facts.address = try questions.ask(address)
        facts.vbios = try questions.ask(vbios)
        facts.fabric = try questions.ask(fabric) ?? nil
        facts.sliceMode = try questions.ask(sliceMode)
        if facts.sliceMode != nil { facts.profiles = try questions.ask(profiles) ?? [] }
        if let product = facts.product, let memory = facts.memory {
            facts.kind = GPUKind.named(byProduct: product, memory: memory, in: catalogue)
        }
        return Noted(value: facts, failures: questions.failures)
    }

    private func product() throws(NVMLFailure) -> String {
        try text(LEASEHOLD_NVML_NAME_SIZE, "nvmlDeviceGetName") { table.name?(handle, $0, $1) }
    }

    private func serial() throws(NVMLFailure) -> String {
        try text(LEASEHOLD_NVML_SERIAL_SIZE, "nvmlDeviceGetSerial") { table.serial?(handle, $0, $1) }
    }

    private func vbios() throws(NVMLFailure) -> String {
        try text(LEASEHOLD_NVML_VBIOS_SIZE, "nvmlDeviceGetVbiosVersion") { table.vbios_version?(handle, $0, $1) }
    }

    private func address() throws(NVMLFailure) -> PCIAddress {
        let pci = try read("nvmlDeviceGetPciInfo_v3", into: leasehold_nvml_pci()) { table.pci?(handle, &$0) }
        return PCIAddress(domain: pci.domain, bus: pci.bus, device: pci.device)
    }

    // MARK: Memory

    /// What is taken and what is free at this moment.
    package func memory() throws(NVMLFailure) -> MemoryReading {
        do throws(NVMLFailure) {
            var asked = leasehold_nvml_memory_v2()
            asked.version = UInt32(LEASEHOLD_NVML_MEMORY_V2)
            let memory = try read("nvmlDeviceGetMemoryInfo_v2", into: asked) { table.memory_v2?(handle, &$0) }
            return MemoryReading(
                total: MemoryBytes(memory.total), used: MemoryBytes(memory.used),
                reserved: MemoryBytes(memory.reserved))
        } catch {
            guard error.isOlder else { throw error }
            let memory = try read("nvmlDeviceGetMemoryInfo", into: leasehold_nvml_memory()) {
                table.memory?(handle, &$0)
            }
            return MemoryReading(total: MemoryBytes(memory.total), used: MemoryBytes(memory.used), reserved: nil)
        }
    }

    // MARK: Fabric

    /// What it says of its NVLink fabric; nil where it is on none.
    package func fabric() throws(NVMLFailure) -> FabricIdentity? {
        for version in [LEASEHOLD_NVML_FABRIC_V3, LEASEHOLD_NVML_FABRIC_V2] {
            do throws(NVMLFailure) {
                var asked = leasehold_nvml_fabric()
                asked.version = UInt32(version)
                let fabric = try read("nvmlDeviceGetGpuFabricInfoV", into: asked) { table.fabric?(handle, &$0) }
                let summary = version == LEASEHOLD_NVML_FABRIC_V3 ? fabric.health_summary : 0
                return FabricIdentity(
                    fabric.cluster, clique: fabric.clique, state: fabric.state, status: fabric.status,
                    summary: summary)
            } catch {
                guard error.isOlder else { throw error }
            }
        }
        let fabric = try read("nvmlDeviceGetGpuFabricInfo", into: leasehold_nvml_fabric_v1()) {
            table.fabric_v1?(handle, &$0)
        }
        return FabricIdentity(
            fabric.cluster, clique: fabric.clique, state: fabric.state, status: fabric.status, summary: 0)
    }
}

extension NVMLFailure {
    /// Whether an older way of asking the same may be answered.
    var isOlder: Bool { code == .functionNotFound || code == .versionMismatch }
}

extension FabricIdentity {
    /// Sixteen bytes, as C has them.
    fileprivate typealias Bytes = (
        UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8
    )

    /// The library's answer; nil where the GPU is on no fabric.
    fileprivate init?(_ cluster: Bytes, clique: UInt32, state: UInt8, status: UInt32, summary: UInt8) {
        let words = withUnsafeBytes(of: cluster) { bytes in
            bytes.reduce(into: (high: UInt64(0), low: UInt64(0))) { words, byte in
                words.high = words.high << 8 | words.low >> 56
                words.low = words.low << 8 | UInt64(byte)
            }
        }
        let registration: State
        switch state {
        case 0: return nil
        case 1: registration = .notStarted
        case 2: registration = .inProgress
        case 3: registration = .registered(failure: status == 0 ? nil : status)
        default: registration = .unknown(state)
        }
        let health: Health? =
            switch summary {
            case 0: nil
            case 1: .healthy
            case 2: .unhealthy
            case 3: .limited
            default: .unknown(summary)
            }
        self.init(
            cluster: FabricClusterID(high: words.high, low: words.low), clique: clique, state: registration,
            health: health)
    }
}
