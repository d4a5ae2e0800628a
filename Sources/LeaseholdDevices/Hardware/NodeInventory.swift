/// What a node has, and what is wrong with it, in words for people.
///
/// There is one for every node: a broken driver or GPU is something that it says, not a reason to say nothing.
package struct NodeInventory: Hashable, Sendable {
    /// Something that does not work.
    package struct Complaint: Hashable, Sendable {
        /// The GPU; nil where it concerns the node, or a GPU that does not say which one it is.
        package let gpu: GPUUUID?
        /// One sentence: what was tried, what came of it, what to do.
        package let text: String
        /// Whether what it concerns cannot do a tenant's work; otherwise only something is not known about it.
        package let isFatal: Bool

        package init(gpu: GPUUUID?, text: String, isFatal: Bool) {
            self.gpu = gpu
            self.text = text
            self.isFatal = isFatal
        }
    }

    /// Nil where there is no driver that answers.
    package var driverVersion: String?
    /// The GPUs that say who they are, sorted by that.
    package var gpus: [GPUFacts] = []
    /// GPUs that the driver counts and that do not say who they are.
    package var namelessCount = 0
    package var complaints: [Complaint] = []

    /// A node of which nothing is known yet.
    package init() {}
}
