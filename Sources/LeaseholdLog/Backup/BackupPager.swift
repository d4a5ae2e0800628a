package import LeaseholdModel

/// Why a page of a log is not to be had.
package enum PageRefusal: Error, Hashable, Sendable {
    /// The log has nothing there that is durable; where it ends.
    case outside(BackupPlace, end: BackupPlace)
    /// The log could not be read.
    case failure(RecoveryFailure)
}

extension PageRefusal: CustomStringConvertible {
    package var description: String {
        switch self {
        case .outside(let place, let end): "the log has nothing at \(place); it ends at \(end)"
        case .failure(let failure): "\(failure)"
        }
    }
}

/// Hands out the valid bytes of a log beside its writer, a page at a time.
///
/// It keeps nothing between two pages: whoever takes a backup says where to go on, and stops at the end that it was told
/// with the first. What is durable at an end stays as it is, so all pages before one end are of one log at one index.
package struct BackupPager<Reader: LogReader> {
    private let identity: LogIdentity
    private var reader: Reader

    package init(of identity: LogIdentity, _ reader: Reader) {
        self.identity = identity
        self.reader = reader
    }

    /// The bytes from a place on, as many as a page takes of one segment, and where to go on; nil at the end.
    ///
    /// `end` is where the log ends by the writer's own word, durable.
    package mutating func page(
        at place: BackupPlace, before end: LogTail
    ) throws(PageRefusal) -> BackupPage {
        let last = BackupPlace(segment: end.segment.rawValue, offset: end.offset)
        guard place < last, place.segment > 0 else { throw .outside(place, end: last) }
        let found: (bytes: [UInt8], next: BackupPlace?)?
        do throws(RecoveryFailure) {
            let scan = LogScan(identity: identity)
            found = try lookingAgain(&reader) { reader throws(RecoveryFailure) in
                try BackupPager.look(at: place, before: last, by: scan, &reader)
            }
        } catch {
            throw .failure(error)
        }
        guard let found else { throw .outside(place, end: last) }
        return BackupPage(
            cluster: identity.cluster, log: identity.logID, segmentByteCount: identity.segmentByteCount,
            end: BackupEnd(end), place: place, bytes: found.bytes, next: found.next)
    }

    /// A page; nil where its segment has nothing at the place.
    private static func look(
        at place: BackupPlace, before last: BackupPlace, by scan: LogScan, _ reader: inout Reader
    ) throws(RecoveryFailure) -> (bytes: [UInt8], next: BackupPlace?)? {
        let files = try scan.listed(&reader)
        guard let file = files.first(where: { $0.number.rawValue == place.segment }) else {
            throw .refused(.missingSegment(SegmentNumber(rawValue: place.segment)))
        }
        var end = last.offset
        if place.segment < last.segment {
            guard let next = files.first(where: { $0.number == file.number.next }) else {
                throw .refused(.missingSegment(file.number.next))
            }
            end = try scan.header(of: next, &reader).segment.previousEnd
        }
        guard place.offset < end else { return nil }
        let range = place.offset..<min(end, place.offset + Limits.backupPageByteCountMax)
        let bytes = try scan.read(&reader, file, range)
        guard bytes.count == range.count else {
            throw .refused(
                .segmentByteCount(segment: file.number, expected: range.upperBound, actual: place.offset + bytes.count))
        }
        if range.upperBound < end { return (bytes, BackupPlace(segment: place.segment, offset: range.upperBound)) }
        return (bytes, place.segment == last.segment ? nil : BackupPlace(segment: place.segment + 1, offset: 0))
    }
}

extension BackupEnd {
    fileprivate init(_ tail: LogTail) {
        self.init(
            place: BackupPlace(segment: tail.segment.rawValue, offset: tail.offset), base: tail.base, head: tail.head,
            reign: tail.reign, logIncarnation: tail.logIncarnation)
    }
}

extension LogTail {
    fileprivate init(_ end: BackupEnd) {
        self.init(
            segment: SegmentNumber(rawValue: end.place.segment), base: end.base, offset: end.place.offset,
            head: end.head, reign: end.reign, logIncarnation: end.logIncarnation)
    }
}

extension BackupHeader {
    /// The header of a backup that begins with a page; what is wrong with it, where the page is none of a log.
    package static func of(_ page: BackupPage, takenAt: CalendarInstant) -> Result<BackupHeader, ChunkFault> {
        let identity = LogIdentity(
            cluster: page.cluster, logID: page.log, kind: .coordinator, segmentByteCount: page.segmentByteCount)
        if let complaint = identity.complaint { return .failure(.content(complaint)) }
        return .success(BackupHeader(identity: identity, tail: LogTail(page.end), takenAt: takenAt))
    }
}

extension BackupPage {
    /// What of it lies before an end.
    package func bytes(before end: BackupEnd) -> [UInt8] {
        guard place.segment == end.place.segment else { return bytes }
        return Array(bytes.prefix(max(0, end.place.offset - place.offset)))
    }
}
