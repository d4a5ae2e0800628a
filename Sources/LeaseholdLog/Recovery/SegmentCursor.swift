import LeaseholdModel

/// Where a scan stands: what the next frame must say to follow the last one.
struct SegmentCursor {
    let identity: LogIdentity
    var tail: LogTail
    /// The logical offset before which the last frame proves everything.
    var provenOffset: UInt64 = 0
    /// The last record that the last frame proves.
    var provenIndex = RecordIndex.zero
    var isSealed = true

    /// Goes to where a log ended; everything before it is durable.
    mutating func stand(at tail: LogTail) {
        self.tail = tail
        provenOffset = tail.logicalOffset
        provenIndex = tail.head.index
    }

    /// Goes before a segment, to what its first frame says of the log before it.
    mutating func stand(before header: FrameHeader) {
        let before = LogHead(
            index: RecordIndex(rawValue: max(1, header.firstIndex.rawValue) - 1), chain: header.previousChain)
        tail = LogTail(
            segment: .zero, base: header.logicalOffset, offset: 0, head: before, reign: header.reign,
            logIncarnation: header.logIncarnation)
    }

    /// Reads and checks the frame at the cursor, header and payload, and every number in it against its place.
    ///
    /// `limit` is where the valid part of the segment ends at the latest.
    func frame(in bytes: UnsafeRawBufferPointer, limit: Int) throws(FrameFault) -> FrameHeader {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[tail.offset..<limit])
        let header = try FrameHeader(reading: rest)
        try check(header, byteCountMax: rest.count)
        try header.checkPayload(of: rest)
        return header
    }

    /// Checks a whole header against the cursor.
    func check(_ header: FrameHeader, byteCountMax: Int) throws(FrameFault) {
        guard header.logID == identity.logID else {
            throw .logID(expected: identity.logID, actual: header.logID)
        }
        try match("logical offset", tail.logicalOffset, header.logicalOffset)
        try match("first index", tail.head.index.next.rawValue, header.firstIndex.rawValue)
        guard header.previousChain == tail.head.chain else {
            throw .chain(expected: tail.head.chain, actual: header.previousChain)
        }
        guard header.reign >= tail.reign else {
            throw .mismatch(field: "reign", expected: tail.reign.rawValue, actual: header.reign.rawValue)
        }
        guard header.durableIndex <= tail.head.index else {
            throw .mismatch(
                field: "durable index", expected: tail.head.index.rawValue, actual: header.durableIndex.rawValue)
        }
        guard header.durableOffset <= header.logicalOffset else {
            throw .mismatch(field: "durable offset", expected: header.logicalOffset, actual: header.durableOffset)
        }
        try match("log incarnation", UInt64(tail.logIncarnation), UInt64(header.logIncarnation))
        switch header.kind {
        case .segment, .head: try match("record count", 0, UInt64(header.recordCount))
        case .seal: try match("record count and payload", 0, UInt64(header.recordCount + header.payloadByteCount))
        case .records:
            guard header.recordCount > 0 else { throw .mismatch(field: "record count", expected: 1, actual: 0) }
        }
        guard header.payloadByteCount <= LogLimits.payloadByteCountMax, header.frameByteCount <= byteCountMax else {
            throw .mismatch(
                field: "frame length", expected: UInt64(byteCountMax), actual: UInt64(header.frameByteCount))
        }
    }

    /// Moves behind a frame that is not a group.
    mutating func pass(_ header: FrameHeader) {
        tail.reign = header.reign
        tail.offset += header.frameByteCount
        provenOffset = header.durableOffset
        provenIndex = header.durableIndex
        isSealed = header.durableIndex == tail.head.index
    }

    /// Moves behind a group, whose records go one by one to `each`.
    ///
    /// Nothing is handed on before the group's shape is known to be whole.
    mutating func pass(
        _ header: FrameHeader, in bytes: UnsafeRawBufferPointer,
        each: (RecordIndex, [UInt8]) throws(RecordRefusal) -> Void
    ) throws(GroupProblem) {
        let start = tail.offset + FrameHeader.byteCount
        let payload = UnsafeRawBufferPointer(rebasing: bytes[start..<start + header.payloadByteCount])
        var offset = 0
        var count = 0
        while offset < payload.count {
            let room = payload.count - offset - LogLimits.recordPrefixByteCount
            guard room >= 0 else { throw .shape(field: "bytes of a record's length", expected: 4, actual: room + 4) }
            let byteCount = Int(payload.word(at: offset) as UInt32)
            guard byteCount <= room else { throw .shape(field: "record length", expected: room, actual: byteCount) }
            offset += LogLimits.recordPrefixByteCount + byteCount
            count += 1
        }
        guard count == header.recordCount else {
            throw .shape(field: "record count", expected: header.recordCount, actual: count)
        }
        var fold = ChainFold(after: tail.head.chain)
        var index = tail.head.index
        offset = 0
        for _ in 0..<count {
            let byteCount = Int(payload.word(at: offset) as UInt32)
            offset += LogLimits.recordPrefixByteCount
            let record = UnsafeRawBufferPointer(rebasing: payload[offset..<offset + byteCount])
            fold.fold(record)
            index = index.next
            do throws(RecordRefusal) { try each(index, Array(record)) } catch { throw .record(index, error) }
            offset += byteCount
        }
        tail.head = LogHead(index: index, chain: fold.finish())
        tail.reign = header.reign
        tail.offset += header.frameByteCount
        provenOffset = header.durableOffset
        provenIndex = header.durableIndex
        isSealed = false
    }

    private func match(_ field: String, _ expected: UInt64, _ actual: UInt64) throws(FrameFault) {
        guard expected == actual else { throw .mismatch(field: field, expected: expected, actual: actual) }
    }
}

/// What can be wrong with a group whose checksums hold.
enum GroupProblem: Error {
    case fault(FrameFault)
    case record(RecordIndex, RecordRefusal)

    static func shape(field: String, expected: Int, actual: Int) -> GroupProblem {
        .fault(.mismatch(field: field, expected: UInt64(expected), actual: UInt64(actual)))
    }
}
