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
        facts.isPersistent = try questions.ask(isPersistent)
        facts.fabric = try questions.ask(fabric) ?? nil
        facts.sliceMode = try questions.ask(sliceMode)
        if let mode = facts.sliceMode {
            // Only one that is not cut need not say how it could be.
            facts.profiles = try questions.ask(mayBeAbsent: !mode.isOn, profiles) ?? []
        }
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
        try newest(
            { () throws(NVMLFailure) in
                var asked = leasehold_nvml_memory_v2()
                asked.version = UInt32(LEASEHOLD_NVML_MEMORY_V2)
                let memory = try read("nvmlDeviceGetMemoryInfo_v2", into: asked) { table.memory_v2?(handle, &$0) }
                return MemoryReading(
                    total: MemoryBytes(memory.total), used: MemoryBytes(memory.used),
                    reserved: MemoryBytes(memory.reserved))
            },
            or: { () throws(NVMLFailure) in
                let memory = try read("nvmlDeviceGetMemoryInfo", into: leasehold_nvml_memory()) {
                    table.memory?(handle, &$0)
                }
                return MemoryReading(total: MemoryBytes(memory.total), used: MemoryBytes(memory.used), reserved: nil)
            })
    }

    // MARK: Fabric

    /// What it says of its NVLink fabric; nil where it is on none.
    package func fabric() throws(NVMLFailure) -> FabricIdentity? {
        try newest(
            { () throws(NVMLFailure) in try fabric(LEASEHOLD_NVML_FABRIC_V3) },
            or: { () throws(NVMLFailure) in
                try newest(
                    { () throws(NVMLFailure) in try fabric(LEASEHOLD_NVML_FABRIC_V2) }, or: firstFabric)
            })
    }

    private func firstFabric() throws(NVMLFailure) -> FabricIdentity? {
        let fabric = try read("nvmlDeviceGetGpuFabricInfo", into: leasehold_nvml_fabric_v1()) {
            table.fabric_v1?(handle, &$0)
        }
        return FabricIdentity(
            fabric.cluster, clique: fabric.clique, state: fabric.state, status: fabric.status, summary: 0, mask: 0)
    }

    private func fabric(_ version: Int) throws(NVMLFailure) -> FabricIdentity? {
        var asked = leasehold_nvml_fabric()
        asked.version = UInt32(version)
        let fabric = try read("nvmlDeviceGetGpuFabricInfoV", into: asked) { table.fabric?(handle, &$0) }
        return FabricIdentity(
            fabric.cluster, clique: fabric.clique, state: fabric.state, status: fabric.status,
            summary: version == LEASEHOLD_NVML_FABRIC_V3 ? fabric.health_summary : 0, mask: fabric.health_mask)
    }

    // MARK: Persistence

    /// Whether the driver stays loaded, with what it was told, while nobody uses the GPU.
    package func isPersistent() throws(NVMLFailure) -> Bool {
        try number("nvmlDeviceGetPersistenceMode") { table.persistence?(handle, &$0) } != 0
    }

    /// Sets that until the driver is loaded anew, and gives what it is afterwards: read, not believed.
    ///
    /// Throws `NO_PERMISSION` for who is not root.
    package func setPersistent(_ isPersistent: Bool) throws(NVMLFailure) -> Bool {
        try library.check(table.set_persistence?(handle, isPersistent ? 1 : 0), "nvmlDeviceSetPersistenceMode", uuid)
        return try self.isPersistent()
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
    fileprivate init?(_ cluster: Bytes, clique: UInt32, state: UInt8, status: UInt32, summary: UInt8, mask: UInt32) {
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
        let isOfNode = words.high == 0 && words.low == 0
        self.init(
            cluster: isOfNode ? nil : FabricClusterID(high: words.high, low: words.low), clique: clique,
            state: registration, health: health, troubles: FabricTroubles(mask: mask))
    }
}
