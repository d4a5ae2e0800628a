package import LeaseholdModel

// Reading on beside the writer: what is durable by the writer's own word, and nothing behind it.

extension LogScan {
    /// Reads the records between two ends of a log, of which the writer has said that they are durable.
    ///
    /// Whatever does not fit is damage: nothing before the later end can be torn.
    package mutating func catchUp(
        _ reader: inout some LogReader, from start: LogTail, through end: LogTail,
        each: (RecordIndex, [UInt8]) throws(RecordRefusal) -> Void
    ) throws(RecoveryFailure) {
        cursor.tail = start
        cursor.provenOffset = start.logicalOffset
        cursor.provenIndex = start.head.index
        while cursor.tail.segment <= end.segment {
            let files = try listed(&reader)
            guard let file = files.first(where: { $0.number == cursor.tail.segment }) else {
                throw .refused(.missingSegment(cursor.tail.segment))
            }
            let next = files.first { $0.number == file.number.next }
            let header =
                file.number < end.segment
                ? try next.map { next throws(RecoveryFailure) in
                    try self.header(of: next, &reader)
                } : nil
            let limit = header?.segment.previousEnd ?? end.offset
            let bytes = try read(&reader, file, 0..<limit)
            guard bytes.count == limit else {
                throw .refused(.segmentByteCount(segment: file.number, expected: limit, actual: bytes.count))
            }
            try bytes.withRawBytes { bytes throws(RecoveryFailure) in
                try passAll(bytes, of: file, each: each)
            }
            guard let next, let header else { return }
            try enter(next, header)
        }
    }

    private mutating func passAll(
        _ bytes: UnsafeRawBufferPointer, of file: SegmentFile,
        each: (RecordIndex, [UInt8]) throws(RecordRefusal) -> Void
    ) throws(RecoveryFailure) {
        while cursor.tail.offset < bytes.count {
            let header: FrameHeader
            do throws(FrameFault) { header = try cursor.frame(in: bytes, limit: bytes.count) } catch {
                throw .refused(refusal(error, in: file.number, at: cursor.tail.offset, evidence: .wholeFrame))
            }
            try pass(header, in: bytes, each: each)
        }
    }
}
