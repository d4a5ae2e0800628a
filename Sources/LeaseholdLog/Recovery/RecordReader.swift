package import LeaseholdModel

/// Reads on beside the writer: what is durable by the writer's own word, and nothing behind it.
///
/// It begins where the log ended once, or at any record, and reads on as often as it is asked to. Whatever does not fit
/// is damage: nothing before the writer's end can be torn. Only a segment that has just gone to the archive is looked
/// for again.
package struct RecordReader<Reader: LogReader> {
    private var scan: LogScan
    private var reader: Reader
    /// What is known to be valid of the segment that the cursor is in.
    private var bytes: [UInt8] = []

    /// Begins where a log ended when it was written so far.
    package init(of identity: LogIdentity, _ reader: Reader, at start: LogTail) {
        scan = LogScan(identity: identity)
        scan.cursor.stand(at: start)
        self.reader = reader
    }

    /// Begins at the segment that has a record; those before it in the segment are read too, and checked.
    package init(of identity: LogIdentity, _ reader: Reader, from first: RecordIndex) throws(RecoveryFailure) {
        scan = LogScan(identity: identity)
        self.reader = reader
        try look { reader throws(RecoveryFailure) in try reader.enter(segmentOf: first) }
    }

    /// The last record that was read.
    package var head: RecordIndex { scan.cursor.tail.head.index }

    /// Reads records, each to `each` in order, up to an end of which the writer has said that it is durable.
    ///
    /// Stops earlier behind the group in which the count comes to `recordCountMax`.
    package mutating func read(
        through end: LogTail, recordCountMax: Int = .max,
        each: (RecordIndex, [UInt8]) throws(RecordRefusal) -> Void
    ) throws(RecoveryFailure) {
        let first = head.rawValue
        while scan.cursor.tail.logicalOffset < end.logicalOffset, head.rawValue - first < UInt64(recordCountMax) {
            if scan.cursor.tail.offset >= bytes.count {
                try look { reader throws(RecoveryFailure) in try reader.load(through: end) }
            }
            try bytes.withRawBytes { bytes throws(RecoveryFailure) in
                let (segment, offset) = (scan.cursor.tail.segment, scan.cursor.tail.offset)
                let header: FrameHeader
                do throws(FrameFault) { header = try scan.cursor.frame(in: bytes, limit: bytes.count) } catch {
                    throw .refused(scan.refusal(error, in: segment, at: offset, evidence: .wholeFrame))
                }
                try scan.pass(header, in: bytes, each: each)
            }
        }
    }

    // MARK: Segments

    /// Does what looks at the directory again where a segment was not found where it was seen.
    private mutating func look(
        _ action: (inout RecordReader) throws(RecoveryFailure) -> Void
    ) throws(RecoveryFailure) {
        try lookingAgain(&self, action)
    }

    private mutating func enter(segmentOf first: RecordIndex) throws(RecoveryFailure) {
        let files = try scan.listed(&reader)
        var (low, high) = (0, files.count)
        // The last segment that begins at the record or before it.
        while high - low > 1 {
            let middle = (low + high) / 2
            let begins = try scan.header(of: files[middle], &reader).frame.firstIndex
            if begins <= first { low = middle } else { high = middle }
        }
        let header = try scan.header(of: files[low], &reader)
        scan.cursor.stand(before: header.frame)
        try scan.enter(files[low], header)
    }

    /// Reads the segment that the cursor is in up to where it is valid, or the next one where it has come to its end.
    private mutating func load(through end: LogTail) throws(RecoveryFailure) {
        let files = try scan.listed(&reader)
        while true {
            guard let file = files.first(where: { $0.number == scan.cursor.tail.segment }) else {
                throw .refused(.missingSegment(scan.cursor.tail.segment))
            }
            var limit = end.offset
            if file.number < end.segment {
                guard let next = files.first(where: { $0.number == file.number.next }) else {
                    throw .refused(.missingSegment(file.number.next))
                }
                let header = try scan.header(of: next, &reader)
                limit = header.segment.previousEnd
                if scan.cursor.tail.offset == limit {
                    try scan.enter(next, header)
                    continue
                }
            }
            bytes = try scan.read(&reader, file, 0..<limit)
            guard bytes.count == limit, scan.cursor.tail.offset < limit else {
                throw .refused(.segmentByteCount(segment: file.number, expected: limit, actual: bytes.count))
            }
            return
        }
    }
}

/// Does what looks at a log's directory beside its writer: again, where a segment was not found where it was seen.
func lookingAgain<Subject, Found>(
    _ subject: inout Subject, _ look: (inout Subject) throws(RecoveryFailure) -> Found
) throws(RecoveryFailure) -> Found {
    for _ in 1..<LogLimits.verificationCountMax {
        do throws(RecoveryFailure) { return try look(&subject) } catch {
            guard error.mayBeMoving else { throw error }
        }
    }
    return try look(&subject)
}

extension RecoveryFailure {
    /// Whether a segment that moves to the archive at this moment looks so.
    fileprivate var mayBeMoving: Bool {
        switch self {
        case .storage(let failure): failure.kind == .notFound
        case .refused(.duplicateSegment), .refused(.missingSegment), .refused(.missingLiveSegment),
            .refused(.noSegments):
            true
        case .refused: false
        }
    }
}
