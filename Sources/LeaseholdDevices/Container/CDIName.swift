package import LeaseholdModel

/// What a grant is called where containers are made: the lease, the epoch, and the node's slot with its guard.
///
/// A lease can have two grants on one node for a while, the next under a higher epoch, so the lease alone is no name.
package struct CDIName: Hashable, Sendable {
    package let lease: LeaseID
    package let epoch: Epoch
    package let slot: NodeSlot

    package init(lease: LeaseID, epoch: Epoch, slot: NodeSlot) {
        self.lease = lease
        self.epoch = epoch
        self.slot = slot
    }

    /// The name of a grant as the guard knows it.
    package init(_ grant: GuardedGrant) { self.init(lease: grant.lease, epoch: grant.epoch, slot: grant.slot) }

    /// Reads what `description` writes; nil for anything else.
    package init?(text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, let lease = LeaseID(text: parts[0]), let slot = UInt32(parts[2]) else { return nil }
        let numbers = parts[1].split(separator: ".", omittingEmptySubsequences: false).map { UInt64($0) }
        guard numbers.count == 2, let reign = numbers[0], let index = numbers[1] else { return nil }
        self.init(
            lease: lease, epoch: Epoch(reign: Reign(rawValue: reign), index: RecordIndex(rawValue: index)),
            slot: NodeSlot(rawValue: slot))
        guard description == text else { return nil }
    }
}

extension CDIName: CustomStringConvertible {
    /// `L13-1.13-0`: letters, digits, dots and dashes, a letter first and a digit last.
    package var description: String { "\(lease)-\(epoch)-\(slot)" }
}
