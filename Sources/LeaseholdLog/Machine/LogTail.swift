package import LeaseholdModel

/// Where a log ends: what the next frame must say and where it must stand.
package struct LogTail: Hashable, Sendable {
    /// The segment being written; `zero` before the first.
    package internal(set) var segment: SegmentNumber
    /// Valid bytes of the log before this segment.
    package internal(set) var base: UInt64
    /// Where the next frame goes in this segment.
    package internal(set) var offset: Int
    /// The last record and the chain after its group.
    package internal(set) var head: LogHead
    /// The reign of the last frame.
    package internal(set) var reign: Reign
    /// What a restore of the log raises.
    package internal(set) var logIncarnation: UInt32

    /// The tail of a log that has no segment yet.
    static let beforeFirst = LogTail(
        segment: .zero, base: 0, offset: 0, head: .empty, reign: .zero, logIncarnation: 1)

    /// Valid bytes of the whole log.
    package var logicalOffset: UInt64 { base + UInt64(offset) }

    /// The header of the next frame; everything before it is durable, because one group is under way at a time.
    func header(
        _ kind: FrameHeader.Kind, of logID: LogID, payloadByteCount: Int = 0, recordCount: Int = 0
    ) -> FrameHeader {
        FrameHeader(
            kind: kind, payloadByteCount: payloadByteCount, recordCount: recordCount, logIncarnation: logIncarnation,
            logID: logID, reign: reign, firstIndex: head.index.next, durableIndex: head.index,
            logicalOffset: logicalOffset, durableOffset: logicalOffset, previousChain: head.chain)
    }
}
