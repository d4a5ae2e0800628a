/// A piece that a GPU has been cut into.
package struct SliceInstance: Hashable, Sendable {
    /// The device's number for it while it exists; another piece may have it afterwards.
    package let id: UInt32
    /// The profile's id.
    package let profile: UInt32
    package let placement: SliceProfile.Placement
    /// The compute instances in it; work runs in one of them.
    package let computes: [UInt32]

    package init(id: UInt32, profile: UInt32, placement: SliceProfile.Placement, computes: [UInt32]) {
        self.id = id
        self.profile = profile
        self.placement = placement
        self.computes = computes
    }
}
