import LeaseholdDevices
import LeaseholdModel

/// A node of two GPUs, the second of them cut, as its driver lists it.
enum CDISamples {
    static let whole = GPUUUID(high: 0xA, low: 0xA)
    static let cut = GPUUUID(high: 0xB, low: 0xB)

    static let devices = """
        Character devices:
          1 mem
        195 nvidia
        195 nvidia-modeset
        195 nvidiactl
        235 nvidia-caps
        510 nvidia-uvm

        Block devices:
          7 loop
        259 nvidia-uvm
        """
    static let capabilities = """
        config 1
        monitor 2
        gpu0/gi1/access 12
        gpu0/gi1/ci0/access 13
        gpu1/gi1/access 147
        gpu1/gi1/ci0/access 148
        gpu1/gi1/ci1/access 149
        gpu1/gi2/access 156
        gpu1/gi2/ci0/access 157

        """
    static let tables = tables([whole, cut])

    /// A GPU as the driver tells it; the minor follows from the order.
    static func information(_ uuid: String, minor: String) -> String {
        """
        Model: \t\t NVIDIA H100 80GB HBM3
        IRQ:   \t\t 292
        GPU UUID: \t \(uuid)
        Video BIOS: \t 96.00.74.00.01
        Bus Location: \t 0000:18:00.0
        Device Minor: \t \(minor)
        GPU Excluded:\t No

        """
    }

    static func tables(
        _ gpus: [GPUUUID], devices: String = devices, capabilities: String = capabilities
    ) -> DriverTables {
        DriverTables(
            devices: devices, gpus: gpus.enumerated().map { information($1.driverText, minor: "\($0)") },
            capabilities: capabilities)
    }

    static func slice(_ instance: UInt32, _ compute: UInt32 = 0, of gpu: GPUUUID = cut) -> GrantedDevice {
        .slice(of: gpu, SliceInstanceID(rawValue: instance), SliceComputeID(rawValue: compute))
    }

    static func name(_ index: UInt64, part: Int = 0, slot: UInt32 = 0) -> CDIName {
        CDIName(
            lease: LeaseID(RecordIndex(rawValue: index), part: part),
            epoch: Epoch(reign: Reign(rawValue: 1), index: RecordIndex(rawValue: index)),
            slot: NodeSlot(rawValue: slot))
    }

    static func specification(
        _ index: UInt64, _ devices: GrantedDevice..., tables: DriverTables = tables
    ) throws(CDIObjection) -> CDISpecification {
        try CDISpecification(grant: name(index), devices: devices, tables: tables)
    }
}
