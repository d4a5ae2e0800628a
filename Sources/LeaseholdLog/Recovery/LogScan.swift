package import LeaseholdModel

/// Reads a log from its first byte to its last and decides what to do about each byte that does not fit.
///
/// One path per state, in this order (L8): at the first frame that does not fit, a frame that was written whole means
/// damage; so does a later segment, and so does any later frame that was composed when these bytes were already
/// durable. What remains can only be the last group, which nobody proves: a torn tail, cut and declared. Zeros to the
/// end of the newest segment are simply its rest. Nothing is repaired here; running it again finds the same.
package struct LogScan {
    private let identity: LogIdentity
    var cursor: SegmentCursor
    /// The snapshot that the scan begins with, and whether its place in the log was found to be right.
    private var start: SnapshotHeader?
    private var hasMetStart = false
    /// What was found so far.
    package internal(set) var report = LogReport()

    /// Scans the log of this identity.
    package init(identity: LogIdentity) {
        self.identity = identity
        self.cursor = SegmentCursor(identity: identity, tail: .beforeFirst)
    }

    /// Reads the log; each record goes to `each`, in order, once its group is known to be whole.
    ///
    /// Behind a snapshot only what came after it: of what came before, all segments must be there, and the snapshot's
    /// own is read from its first byte, so that the chain proves that the snapshot is one of this log. Memory is that of
    /// one segment. Whoever takes the records discards what it built if this throws.
    ///
    /// `each` may be behind with the records; `settle` has it come to the last. What is refused late is looked up: the
    /// log is read again as far as that record, the last that was handed over unless the refusal names one, so that the
    /// refusal has its place and the report ends before it.
    package mutating func recover(
        _ reader: inout some LogReader, from snapshot: SnapshotHeader? = nil,
        each: (RecordIndex, [UInt8]) throws(RecordRefusal) -> Void,
        settle: () throws(RecordRefusal) -> Void = { () throws(RecordRefusal) in }
    ) throws(RecoveryFailure) -> RecoveredLog {
        let beginning = self
        var last: RecordIndex?
        var outcome: Result<RecoveredLog, RecoveryFailure>
        do throws(RecoveryFailure) {
            outcome = .success(
                try readAll(&reader, from: snapshot) { index, record throws(RecordRefusal) in
                    last = index
                    try each(index, record)
                })
        } catch {
            outcome = .failure(error)
        }
        guard let refusal = LogScan.late(outcome, settle) else { return try outcome.get() }
        if let index = refusal.index ?? last {
            self = beginning
            _ = try readAll(&reader, from: snapshot) { found, _ throws(RecordRefusal) in
                if found == index { throw RecordRefusal(reason: refusal.reason) }
            }
        }
        // Not met again, or before any was handed over: refused all the same, where the reading ends.
        throw .refused(
            .record(
                segment: cursor.tail.segment, offset: cursor.tail.offset,
                index: refusal.index ?? last ?? cursor.tail.head.index, RecordRefusal(reason: refusal.reason)))
    }

    /// What is refused of the records before the last that was handed over, or by who settles with them.
    private static func late(
        _ outcome: Result<RecoveredLog, RecoveryFailure>, _ settle: () throws(RecordRefusal) -> Void
    ) -> RecordRefusal? {
        if case .failure(.refused(.record(_, _, _, let found))) = outcome {
            // One without an index is of the record with which the reading ended, and has its place.
            return found.index == nil ? nil : found
        }
        do throws(RecordRefusal) {
            try settle()
            return nil
        } catch {
            return error
        }
    }

    private mutating func readAll(
        _ reader: inout some LogReader, from snapshot: SnapshotHeader?,
        each: (RecordIndex, [UInt8]) throws(RecordRefusal) -> Void
    ) throws(RecoveryFailure) -> RecoveredLog {
        let all = try listed(&reader)
        let files = all.filter { $0.number >= snapshot?.tail.segment ?? .first }
        guard let oldest = files.first else { throw .refused(.missingSegment(snapshot?.tail.segment ?? .first)) }
        var repair: LogRepair?
        var next = try header(of: oldest, &reader)
        if let snapshot { try begin(snapshot, next.frame, oldest.number) }
        for (position, file) in files.enumerated() {
            let header = next
            try enter(file, header)
            let isNewest = position == files.count - 1
            if !isNewest { next = try self.header(of: files[position + 1], &reader) }
            let end = isNewest ? nil : next.segment.previousEnd
            let limit = min(end ?? file.byteCount, file.byteCount)
            let bytes = try read(&reader, file, 0..<limit)
            guard bytes.count == limit else {
                throw .refused(
                    .segmentByteCount(segment: file.number, expected: file.byteCount, actual: bytes.count))
            }
            repair = try bytes.withRawBytes { bytes throws(RecoveryFailure) in
                try scan(bytes, of: file, end: end, each: each)
            }
        }
        guard let repair else { throw .refused(.noSegments) }
        if let start, !hasMetStart {
            throw .refused(
                .endsBeforeSnapshot(
                    segment: cursor.tail.segment, offset: cursor.tail.offset, last: cursor.tail.head.index,
                    snapshot: start.index))
        }
        return RecoveredLog(
            identity: identity, report: report, tail: cursor.tail,
            live: all.filter { $0.place == .live }.map(\.number), repair: repair)
    }

    // MARK: Behind a snapshot

    /// Puts the cursor before the snapshot's segment, at what its header says of the log before it.
    private mutating func begin(
        _ snapshot: SnapshotHeader, _ header: FrameHeader, _ segment: SegmentNumber
    ) throws(RecoveryFailure) {
        start = snapshot
        report.snapshot = snapshot.index
        cursor.stand(before: header)
        try meetStart()
    }

    /// Compares the chain with the snapshot's, where the snapshot was taken.
    private mutating func meetStart() throws(RecoveryFailure) {
        guard let start, !hasMetStart, cursor.tail.head.index >= start.index else { return }
        guard cursor.tail.head == start.tail.head else {
            throw .refused(
                .anotherHistory(
                    segment: cursor.tail.segment, snapshot: start.index, expected: cursor.tail.head.chain,
                    actual: start.tail.head.chain))
        }
        hasMetStart = true
    }

    // MARK: Names and headers

    /// The segments in order: none missing, none twice, the newest one live.
    func listed(_ reader: inout some LogReader) throws(RecoveryFailure) -> [SegmentFile] {
        let found: [SegmentFile]
        do throws(StorageFailure) { found = try reader.listSegments() } catch { throw .storage(error) }
        let files = found.sorted { $0.number < $1.number }
        guard let newest = files.last else { throw .refused(.noSegments) }
        var expected = SegmentNumber.first
        for file in files {
            guard file.number >= expected else { throw .refused(.duplicateSegment(file.number)) }
            guard file.number == expected else { throw .refused(.missingSegment(expected)) }
            expected = expected.next
        }
        guard newest.place == .live else { throw .refused(.missingLiveSegment(newestArchived: newest.number)) }
        return files
    }

    /// Reads the first frame of a segment and what it says of the segment.
    func header(
        of file: SegmentFile, _ reader: inout some LogReader
    ) throws(RecoveryFailure) -> (frame: FrameHeader, segment: SegmentHeader) {
        let bytes = try read(&reader, file, 0..<SegmentHeader.frameByteCount)
        guard bytes.count == SegmentHeader.frameByteCount else {
            throw .refused(
                .segmentByteCount(segment: file.number, expected: identity.segmentByteCount, actual: file.byteCount))
        }
        do throws(FrameFault) {
            return try bytes.withRawBytes { bytes throws(FrameFault) in
                let frame = try FrameHeader(reading: bytes)
                guard frame.kind == .segment, frame.frameByteCount == SegmentHeader.frameByteCount else {
                    throw .unknown(field: "kind of a segment's first frame", value: UInt64(frame.kind.rawValue))
                }
                try frame.checkPayload(of: bytes)
                return (frame, try SegmentHeader(reading: bytes, of: frame))
            }
        } catch {
            throw .refused(
                refusal(error, in: file.number, at: 0, evidence: error.mayBeTorn ? .publishedHeader : .wholeFrame))
        }
    }

    /// Moves the cursor into a segment, if its header follows what was read before.
    mutating func enter(
        _ file: SegmentFile, _ header: (frame: FrameHeader, segment: SegmentHeader)
    ) throws(RecoveryFailure) {
        let number = file.number
        guard header.frame.logID == identity.logID else {
            throw .refused(.anotherLog(segment: number, expected: identity.logID, actual: header.frame.logID))
        }
        guard header.segment.identity == identity else {
            throw .refused(.anotherIdentity(segment: number, expected: identity, actual: header.segment.identity))
        }
        guard file.byteCount == identity.segmentByteCount else {
            throw .refused(
                .segmentByteCount(segment: number, expected: identity.segmentByteCount, actual: file.byteCount))
        }
        cursor.tail.base = cursor.tail.logicalOffset
        cursor.tail.offset = 0
        cursor.tail.segment = number
        cursor.tail.logIncarnation = max(cursor.tail.logIncarnation, header.frame.logIncarnation)
        do throws(FrameFault) {
            guard header.segment.number == number else {
                throw .mismatch(
                    field: "segment number", expected: number.rawValue, actual: header.segment.number.rawValue)
            }
            try cursor.check(header.frame, byteCountMax: SegmentHeader.frameByteCount)
        } catch {
            throw .refused(refusal(error, in: number, at: 0, evidence: .wholeFrame))
        }
        cursor.pass(header.frame)
        report.segmentCount += 1
        count(header.frame)
    }

    // MARK: Frames

    /// Reads the frames of one segment up to `end`, or, in the newest, as far as they go.
    private mutating func scan(
        _ bytes: UnsafeRawBufferPointer, of file: SegmentFile, end: Int?,
        each: (RecordIndex, [UInt8]) throws(RecordRefusal) -> Void
    ) throws(RecoveryFailure) -> LogRepair {
        var torn: TornTail?
        while cursor.tail.offset < bytes.count {
            let header: FrameHeader
            do throws(FrameFault) {
                header = try cursor.frame(in: bytes, limit: bytes.count)
                guard header.kind != .segment else {
                    throw .unknown(field: "segment header within a segment", value: UInt64(cursor.tail.offset))
                }
            } catch {
                torn = try decide(error, in: bytes, of: file, isNewest: end == nil)
                break
            }
            try pass(header, in: bytes, each: each)
        }
        if let end, cursor.tail.offset != end {
            let fault = FrameFault.mismatch(
                field: "end of the segment", expected: UInt64(end), actual: UInt64(cursor.tail.offset))
            throw .refused(
                refusal(fault, in: file.number, at: cursor.tail.offset, evidence: .laterSegment(file.number.next)))
        }
        report.end = torn.map(LogEnd.cut) ?? (cursor.isSealed ? .sealed : .unsealed(from: cursor.provenIndex.next))
        return repair(bytes, torn: torn)
    }

    mutating func pass(
        _ header: FrameHeader, in bytes: UnsafeRawBufferPointer,
        each: (RecordIndex, [UInt8]) throws(RecordRefusal) -> Void
    ) throws(RecoveryFailure) {
        let offset = cursor.tail.offset
        switch header.kind {
        case .segment, .seal, .head: cursor.pass(header)
        case .records:
            let known = start?.index ?? .zero
            do throws(GroupProblem) {
                try cursor.pass(header, in: bytes) { index, record throws(RecordRefusal) in
                    if index > known { try each(index, record) }
                }
            } catch {
                switch error {
                case .fault(let fault):
                    throw .refused(refusal(fault, in: cursor.tail.segment, at: offset, evidence: .wholeFrame))
                case .record(let index, let problem):
                    throw .refused(
                        .record(segment: cursor.tail.segment, offset: offset, index: index, problem))
                }
            }
            if cursor.tail.head.index > known { report.recordCount += header.recordCount }
            try meetStart()
        }
        count(header)
    }

    private mutating func count(_ header: FrameHeader) {
        report.frameCount += 1
        report.byteCount += header.frameByteCount
        report.head = cursor.tail.head
        report.reign = cursor.tail.reign
        report.logIncarnation = header.logIncarnation
    }

    // MARK: The decision

    /// What to do about the first bytes that are not the next frame: nil for the rest of a segment, a torn tail to be
    /// cut, or a refusal.
    private func decide(
        _ fault: FrameFault, in bytes: UnsafeRawBufferPointer, of file: SegmentFile, isNewest: Bool
    ) throws(RecoveryFailure) -> TornTail? {
        let offset = cursor.tail.offset
        guard fault.mayBeTorn else {
            throw .refused(refusal(fault, in: file.number, at: offset, evidence: .wholeFrame))
        }
        guard isNewest else {
            throw .refused(refusal(fault, in: file.number, at: offset, evidence: .laterSegment(file.number.next)))
        }
        guard let last = bytes.lastNonZero(from: offset) else { return nil }
        if let evidence = laterProof(in: bytes) {
            throw .refused(refusal(fault, in: file.number, at: offset, evidence: evidence))
        }
        let sector = LogLimits.alignmentByteCount
        return TornTail(
            segment: file.number, offset: offset, byteCount: (last / sector + 1) * sector - offset,
            index: cursor.tail.head.index.next, fault: fault)
    }

    /// The first later frame that was composed when the bytes at the cursor were already durable.
    ///
    /// Its header is enough: the header's checksum covers the numbers that prove. Frames of the same unsynced batch
    /// prove nothing, because they say that durability ended before it.
    /// Where it stands does not matter: a write that the disk put into the wrong place proves as much as in the right one.
    private func laterProof(in bytes: UnsafeRawBufferPointer) -> LogDamage.Evidence? {
        var offset = cursor.tail.offset + LogLimits.alignmentByteCount
        while offset + FrameHeader.byteCount <= bytes.count {
            defer { offset += LogLimits.alignmentByteCount }
            let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
            guard rest.word(at: FrameHeader.Field.magic) == FrameHeader.magic else { continue }
            do throws(FrameFault) {
                let header = try FrameHeader(reading: rest)
                guard header.logID == identity.logID, !isPlanted(.ignoresDurableIndex) else { continue }
                if header.durableOffset > cursor.tail.logicalOffset || header.durableIndex > cursor.tail.head.index {
                    return .laterFrame(offset: offset, durableIndex: header.durableIndex)
                }
            } catch {
                continue
            }
        }
        return nil
    }

    private func repair(_ bytes: UnsafeRawBufferPointer, torn: TornTail?) -> LogRepair {
        let tail = cursor.tail
        let proven = cursor.provenOffset > tail.base ? Int(cursor.provenOffset - tail.base) : 0
        let start = max(proven, min(SegmentHeader.frameByteCount, tail.offset))
        let unproven = start < tail.offset ? Array(bytes[start..<tail.offset]) : []
        let tornBytes = torn.map { Array(bytes[$0.offset..<$0.offset + $0.byteCount]) } ?? []
        return LogRepair(unprovenOffset: start, unproven: unproven, torn: torn, tornBytes: tornBytes)
    }

    func refusal(
        _ fault: FrameFault, in segment: SegmentNumber, at offset: Int, evidence: LogDamage.Evidence
    ) -> LogRefusal {
        if case .minimumReaderVersion(let required) = fault {
            return .newerFormat(
                segment: segment, offset: offset, required: required, reader: FrameHeader.readerVersion)
        }
        let index = cursor.tail.head.index.next
        return .damaged(LogDamage(segment: segment, offset: offset, index: index, fault: fault, evidence: evidence))
    }

    func read(
        _ reader: inout some LogReader, _ file: SegmentFile, _ range: Range<Int>
    ) throws(RecoveryFailure) -> [UInt8] {
        do throws(StorageFailure) { return try reader.read(file, range) } catch { throw .storage(error) }
    }
}
