/// A piece that a GPU has been cut into.
package struct SliceInstance: Hashable, Sendable {
    package let id: SliceInstanceID
    package let profile: SliceProfileID
    package let placement: SliceProfile.Placement
    /// The compute instances in it; work runs in one of them.
    package let computes: [SliceComputeID]

    package init(
        id: SliceInstanceID, profile: SliceProfileID, placement: SliceProfile.Placement, computes: [SliceComputeID]
    ) {
        self.id = id
        self.profile = profile
        self.placement = placement
        self.computes = computes
    }
}
