/// A place in a log, by what lies on the disk: a segment, and an offset in it.
package struct BackupPlace: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The segment's number; the first is 1.
    package let segment: UInt64
    /// Bytes from the segment's beginning.
    package let offset: Int

    package init(segment: UInt64, offset: Int) {
        self.segment = segment
        self.offset = offset
    }

    /// Where every log begins.
    package static let beginning = BackupPlace(segment: 1, offset: 0)

    package static func < (left: BackupPlace, right: BackupPlace) -> Bool {
        (left.segment, left.offset) < (right.segment, right.offset)
    }

    package var description: String { "segment \(segment), offset \(offset)" }
}

/// Where a log ends, durable.
package struct BackupEnd: Hashable, Sendable {
    package let place: BackupPlace
    /// Valid bytes of the log before that segment.
    package let base: UInt64
    package let head: LogHead
    package let reign: Reign
    package let logIncarnation: UInt32

    package init(place: BackupPlace, base: UInt64, head: LogHead, reign: Reign, logIncarnation: UInt32) {
        self.place = place
        self.base = base
        self.head = head
        self.reign = reign
        self.logIncarnation = logIncarnation
    }

    /// Valid bytes of the whole log; as many as can be counted where whoever says so claims more.
    package var byteCount: UInt64 {
        let (sum, overflow) = base.addingReportingOverflow(UInt64(place.offset))
        return overflow ? .max : sum
    }
}

/// A piece of the log for a backup.
package struct BackupPage: Hashable, Sendable {
    package let cluster: String
    package let log: LogID
    package let segmentByteCount: Int
    /// Where the log ends by now; a backup ends where the log did with its first page.
    package let end: BackupEnd
    /// Where the bytes stand.
    package let place: BackupPlace
    /// Of one segment, and at most as many as a page has.
    package let bytes: [UInt8]
    /// Where the log goes on; nil at the end.
    package let next: BackupPlace?

    package init(
        cluster: String, log: LogID, segmentByteCount: Int, end: BackupEnd, place: BackupPlace, bytes: [UInt8],
        next: BackupPlace?
    ) {
        self.cluster = cluster
        self.log = log
        self.segmentByteCount = segmentByteCount
        self.end = end
        self.place = place
        self.bytes = bytes
        self.next = next
    }
}
