/// What must be done to the disk before a recovered log takes records: nothing that recovery would read differently.
package struct LogRepair: Hashable, Sendable {
    /// The frames that no later frame proves, and where they stand in the newest segment.
    ///
    /// They were read through the page cache, which after a failed sync may hold what the disk does not; so they are
    /// written again as they are, and synced, before anything rests on them.
    package let unprovenOffset: Int
    package let unproven: [UInt8]
    /// The torn tail and a copy of its bytes; the log goes on in a new segment.
    package let torn: TornTail?
    package let tornBytes: [UInt8]

    package init(unprovenOffset: Int, unproven: [UInt8], torn: TornTail?, tornBytes: [UInt8]) {
        self.unprovenOffset = unprovenOffset
        self.unproven = unproven
        self.torn = torn
        self.tornBytes = tornBytes
    }

    /// The operations, in order.
    func operations(in segment: SegmentNumber) -> [StorageOperation] {
        var operations: [StorageOperation] = [.syncDirectory(.archive), .syncDirectory(.live)]
        if !unproven.isEmpty {
            operations.append(.write(.segment(segment), offset: unprovenOffset, bytes: unproven))
        }
        operations.append(.sync(.segment(segment)))
        if torn != nil { operations += [.saveTorn(segment, bytes: tornBytes), .syncDirectory(.live)] }
        return operations
    }
}
