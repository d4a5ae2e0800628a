/// Something that a GPU's driver told without being asked.
package struct GPUEvent: Codable, Hashable, Sendable {
    /// What happened.
    package enum What: Codable, Hashable, Sendable {
        /// An entry of the vendor's catalogue of errors; nil for one that the driver itself does not know.
        case xid(UInt32?)
        /// Memory errors that ECC could not put right.
        case uncorrectedMemory
        /// Many memory errors in a short time.
        case memoryErrorStorm
        /// A row of memory was given up, or could not be.
        case memoryRetired, memoryRetirementFailed
        /// Memory that must not be used; whoever touched it has ended, or everything on the GPU has.
        case poison(isFatal: Bool)
        /// The GPU is cut otherwise than before.
        case slicesChanged
        /// The GPU cannot be used.
        case unavailable
        /// The GPU is gone, and is not watched any more.
        case lost
        /// The driver wants something else done than before.
        case recoveryChanged
        /// A type that this program does not know.
        case unknown(type: UInt64, data: UInt64)
    }

    /// The GPU; nil where the driver named one that nobody watches.
    package let gpu: GPUUUID?
    package let what: What
    /// The slice that it concerns; nil for the whole GPU.
    package let slice: GPUProcess.Slice?

    package init(gpu: GPUUUID?, what: What, slice: GPUProcess.Slice?) {
        self.gpu = gpu
        self.what = what
        self.slice = slice
    }
}
