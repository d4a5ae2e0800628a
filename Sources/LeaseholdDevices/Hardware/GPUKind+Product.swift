package import LeaseholdModel

extension GPUKind {
    /// The kind of a catalogue that a device's product name and memory speak of; nil where none does.
    ///
    /// A name is taken word by word, so that a `GH200` is no `H200`, and a kind that carries its memory in its name
    /// (`V100M32`) is found by both. The memory decides between boards of one name: drivers state up to a tenth less
    /// than the vendor, and a board with a sixth more (an H100 NVL) is another kind.
    package static func named(
        byProduct product: String, memory: MemoryBytes, in catalogue: [GPUKind]
    ) -> GPUKind? {
        let words = product.split { $0 == " " || $0 == "-" }
        return catalogue.first { kind in
            let hasName = words.contains { $0 == kind.name || "\($0)M\(kind.memoryGiB)" == kind.name }
            let stated = UInt64(kind.memoryGiB) << 30
            return hasName && memory.count >= stated / 10 * 9 && memory.count <= stated / 20 * 21
        }
    }
}
