/// A kind of GPU, as catalogue data: the house knows no kind by name in its rules.
package struct GPUKind: Hashable, Sendable {
    /// The name that requests use: `H100`, `GB200`.
    package let name: String
    package let memoryGiB: UInt32
    /// A GPU's share of its node's power envelope, unless the fleet file states the node's.
    package let envelope: Watts
    /// What a powered GPU draws when nobody leases it, with its share of the node.
    package let idleFloor: Watts
    /// Whether NVLink joins all GPUs of a rack; otherwise it joins those of a node.
    package let isRackScale: Bool
    /// How it can be cut, the smallest first; none where it cannot.
    package let profiles: [MIGProfile]

    package init(
        name: String, memoryGiB: UInt32, envelope: Watts, idleFloor: Watts, isRackScale: Bool = false,
        profiles: [MIGProfile] = []
    ) {
        self.name = name
        self.memoryGiB = memoryGiB
        self.envelope = envelope
        self.idleFloor = idleFloor
        self.isRackScale = isRackScale
        self.profiles = profiles
    }

    /// The same kind, to be cut in these ways.
    package func cut(as profiles: [MIGProfile]) -> GPUKind {
        GPUKind(
            name: name, memoryGiB: memoryGiB, envelope: envelope, idleFloor: idleFloor, isRackScale: isRackScale,
            profiles: profiles)
    }
}

extension GPUKind {
    /// The kinds that ship with the house; a fleet file may add some.
    ///
    /// Envelopes of H100, H200, B200: the vendor's 8-GPU system divided by 8 (10.2 kW, 10.2 kW, 14.3 kW).
    /// GB200: an NVL72 rack of 132 kW divided by 72, rounded down. The kinds of the public 2023 cluster trace:
    /// board power plus 45 % for the rest of the node; G2 and G3 are the trace's names for kinds it does not disclose,
    /// and stand here as A10-like and A100-like boards. Idle floors are an eighth of the envelope, rounded down:
    /// the order of magnitude of published idle readings, to be replaced by a site's own figures. Names of MIG profiles:
    /// `nvidia-smi mig -lgip` of H100 80GB and H200; those of B200 and GB200 are published, not yet seen on a device.
    package static let catalogue: [GPUKind] = [
        kind(
            "H100", memoryGiB: 80, envelope: 1_275,
            cut: ["1g.10gb", "1g.20gb", "2g.20gb", "3g.40gb", "4g.40gb", "7g.80gb"]),
        kind(
            "H200", memoryGiB: 141, envelope: 1_275,
            cut: ["1g.18gb", "1g.35gb", "2g.35gb", "3g.71gb", "4g.71gb", "7g.141gb"]),
        kind(
            "B200", memoryGiB: 180, envelope: 1_787,
            cut: ["1g.23gb", "1g.45gb", "2g.45gb", "3g.90gb", "4g.90gb", "7g.180gb"]),
        kind(
            "GB200", memoryGiB: 186, envelope: 1_833, isRackScale: true,
            cut: ["1g.23gb", "1g.47gb", "2g.47gb", "3g.93gb", "4g.93gb", "7g.186gb"]),
        kind("A10", memoryGiB: 24, envelope: 217),
        kind("T4", memoryGiB: 16, envelope: 101),
        kind("P100", memoryGiB: 16, envelope: 362),
        kind("V100M16", memoryGiB: 16, envelope: 435),
        kind("V100M32", memoryGiB: 32, envelope: 435),
        kind("G2", memoryGiB: 24, envelope: 217),
        kind("G3", memoryGiB: 80, envelope: 580),
    ]

    private static func kind(
        _ name: String, memoryGiB: UInt32, envelope: Int64, isRackScale: Bool = false, cut profiles: [String] = []
    ) -> GPUKind {
        GPUKind(
            name: name, memoryGiB: memoryGiB, envelope: Watts(envelope), idleFloor: Watts(envelope / 8),
            isRackScale: isRackScale, profiles: profiles.isEmpty ? [] : MIGProfile.family(profiles))
    }
}
