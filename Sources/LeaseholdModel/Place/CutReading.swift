/// How a GPU was seen to be cut.
package struct CutReading: Codable, Hashable, Sendable {
    /// The memory slices on which something lies that work can run in, a bit each.
    package let slices: UInt8
    /// When it was looked at: what was cut later it does not know.
    package let at: BootInstant

    package init(slices: UInt8, at: BootInstant) {
        self.slices = slices
        self.at = at
    }
}
