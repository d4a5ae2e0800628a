/// A process that has something on a GPU.
package struct GPUProcess: Hashable, Sendable {
    /// What it uses the GPU for; one process can do several.
    package struct Use: OptionSet, Hashable, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// It computes.
        package static let compute = Use(rawValue: 1)
        /// It draws.
        package static let graphics = Use(rawValue: 2)
        /// It computes through a server that several share.
        package static let shared = Use(rawValue: 4)
    }

    /// The slice that it runs in.
    package struct Slice: Codable, Hashable, Sendable {
        /// The GPU instance.
        package let instance: SliceInstanceID
        /// The compute instance in it; nil where the driver does not say.
        package let compute: SliceComputeID?

        package init(instance: SliceInstanceID, compute: SliceComputeID?) {
            self.instance = instance
            self.compute = compute
        }
    }

    package let pid: Int32
    package let use: Use
    /// Nil where the driver does not say.
    package let memory: MemoryBytes?
    /// Nil where the GPU is not cut.
    package let slice: Slice?

    package init(pid: Int32, use: Use, memory: MemoryBytes?, slice: Slice?) {
        self.pid = pid
        self.use = use
        self.memory = memory
        self.slice = slice
    }
}
