package import LeaseholdModel

/// Why a log is not read on: to go on would be to lose records in silence, or to mix up two logs.
package enum LogRefusal: Error, Hashable, Sendable {
    /// Damage that no crash explains.
    case damaged(LogDamage)
    /// A whole frame asks for a newer reader.
    case newerFormat(segment: SegmentNumber, offset: Int, required: UInt32, reader: UInt32)
    /// The segment is one of another log.
    case anotherLog(segment: SegmentNumber, expected: LogID, actual: LogID)
    /// The segment says something else about its log than the log's identity.
    case anotherIdentity(segment: SegmentNumber, expected: LogIdentity, actual: LogIdentity)
    /// No segment at all: an empty directory is not a new log.
    case noSegments
    case missingSegment(SegmentNumber)
    /// The same segment lies in both places.
    case duplicateSegment(SegmentNumber)
    /// The newest segment that is there is an archived one, so a newer one is gone.
    case missingLiveSegment(newestArchived: SegmentNumber)
    /// A segment that was made in one size has another.
    case segmentByteCount(segment: SegmentNumber, expected: Int, actual: Int)
    /// The log ends before the record after which a snapshot was taken: what was acknowledged is gone.
    case endsBeforeSnapshot(segment: SegmentNumber, offset: Int, last: RecordIndex, snapshot: RecordIndex)
    /// The records up to a snapshot are not those that it was taken after.
    case anotherHistory(segment: SegmentNumber, snapshot: RecordIndex, expected: ChainHash, actual: ChainHash)
    /// The record's bytes are as written, and whoever reads records does not know them.
    case record(segment: SegmentNumber, offset: Int, index: RecordIndex, RecordRefusal)
}

/// Why a reader of records cannot take one.
package struct RecordRefusal: Error, Hashable, Sendable {
    package let reason: String
    /// The record, where it is one that was handed over before the last.
    package let index: RecordIndex?

    package init(reason: String, of index: RecordIndex? = nil) {
        self.reason = reason
        self.index = index
    }
}

/// Where a log is damaged, how, and why it is not a torn tail.
package struct LogDamage: Hashable, Sendable {
    /// What rules out a torn write.
    package enum Evidence: Hashable, Sendable {
        /// A later frame was composed after these bytes were durable.
        case laterFrame(offset: Int, durableIndex: RecordIndex)
        /// A later segment exists, and its header says that these bytes counted.
        case laterSegment(SegmentNumber)
        /// The header of a published segment, which was durable before the segment had its name.
        case publishedHeader
        /// The frame's checksums hold, so it was written whole, with the wrong words in it.
        case wholeFrame
    }

    package let segment: SegmentNumber
    package let offset: Int
    /// The index of the first record that is not readable.
    package let index: RecordIndex
    package let fault: FrameFault
    package let evidence: Evidence

    package init(segment: SegmentNumber, offset: Int, index: RecordIndex, fault: FrameFault, evidence: Evidence) {
        self.segment = segment
        self.offset = offset
        self.index = index
        self.fault = fault
        self.evidence = evidence
    }
}

extension LogDamage.Evidence: CustomStringConvertible {
    package var description: String {
        switch self {
        case .laterFrame(let offset, let index):
            "a frame at offset \(offset) was written after record \(index) was durable"
        case .laterSegment(let segment): "segment \(segment) was begun after these bytes were durable"
        case .publishedHeader: "a segment's header is durable before the segment has its name"
        case .wholeFrame: "both checksums hold, so the frame was not torn"
        }
    }
}

extension LogRefusal: CustomStringConvertible {
    package var description: String {
        switch self {
        case .damaged(let damage):
            "damaged: segment \(damage.segment), offset \(damage.offset), record \(damage.index): \(damage.fault) "
                + "(not a torn write: \(damage.evidence))"
        case .newerFormat(let segment, let offset, let required, let reader):
            "segment \(segment), offset \(offset): needs reader version \(required), this one is \(reader)"
        case .anotherLog(let segment, let expected, let actual):
            "segment \(segment) belongs to log \(actual), expected log \(expected)"
        case .anotherIdentity(let segment, let expected, let actual):
            "segment \(segment) says cluster \(actual.cluster), \(actual.kind), segments of "
                + "\(actual.segmentByteCount) bytes; expected cluster \(expected.cluster), \(expected.kind), "
                + "segments of \(expected.segmentByteCount) bytes"
        case .noSegments: "the log has no segment"
        case .missingSegment(let segment): "segment \(segment) is missing"
        case .duplicateSegment(let segment): "segment \(segment) lies both beside the log and in its archive"
        case .missingLiveSegment(let segment): "segment \(segment) is archived, so segment \(segment.next) is missing"
        case .segmentByteCount(let segment, let expected, let actual):
            "segment \(segment) has \(actual) bytes, was made with \(expected)"
        case .endsBeforeSnapshot(let segment, let offset, let last, let snapshot):
            "segment \(segment), offset \(offset): the log ends after record \(last), and snapshot \(snapshot) was taken "
                + "after record \(snapshot): acknowledged records are gone"
        case .anotherHistory(let segment, let snapshot, let expected, let actual):
            "segment \(segment): snapshot \(snapshot) was taken of another history: chain \(actual), expected \(expected)"
        case .record(let segment, let offset, let index, let refusal):
            "segment \(segment), offset \(offset), record \(index): \(refusal.reason)"
        }
    }
}

/// Why recovery did not reach the end of the log.
package enum RecoveryFailure: Error, Hashable, Sendable {
    /// The disk could not be read.
    case storage(StorageFailure)
    /// The log was read and must not be gone on with.
    case refused(LogRefusal)
}

extension RecoveryFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .storage(let failure): failure.description
        case .refused(let refusal): refusal.description
        }
    }
}
