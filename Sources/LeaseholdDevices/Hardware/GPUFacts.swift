package import LeaseholdModel

/// What a GPU is, as it says so itself; nil where its driver does not know such a thing, or has not answered.
package struct GPUFacts: Hashable, Sendable {
    package let uuid: GPUUUID
    /// The vendor's name: `NVIDIA H100 80GB HBM3`.
    package var product: String?
    /// The kind of the catalogue; nil where the catalogue has none for it.
    package var kind: GPUKind?
    package var serial: String?
    package var memory: MemoryBytes?
    package var address: PCIAddress?
    package var vbios: String?
    /// Whether the driver stays loaded, with what it was told, while nobody uses the GPU.
    package var isPersistent: Bool?
    /// Nil where it cannot be cut.
    package var sliceMode: SliceMode?
    /// The ways in which it can be cut, in the order of the vendor's enumeration; empty where it cannot.
    package var profiles: [SliceProfile] = []
    /// Nil where it is on none.
    package var fabric: FabricIdentity?

    /// A GPU of which only the name is known.
    package init(uuid: GPUUUID) { self.uuid = uuid }
}
