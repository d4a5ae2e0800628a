import LeaseholdModel

/// The first frame of a segment: which segment of which log it is, and where its predecessor validly ends.
///
/// It is durable before the segment has its name, so that a cut is one rename: before it the torn tail is found again,
/// after it the tail is dead (L8).
struct SegmentHeader: Hashable {
    let number: SegmentNumber
    let identity: LogIdentity
    /// Bytes of the predecessor that count; 0 in the first segment.
    let previousEnd: Int

    /// Bytes of the whole frame, always.
    static let frameByteCount = LogLimits.alignmentByteCount
    /// Bytes of the payload before the cluster's name.
    private static let fixedByteCount = 32

    /// Where each field of the payload begins.
    private enum Field {
        static let number = 0
        static let previousEnd = 8
        static let segmentByteCount = 16
        static let kind = 24
        static let nameByteCount = 25
        static let reserved = 26
        static let name = 32
    }

    init(number: SegmentNumber, identity: LogIdentity, previousEnd: Int) {
        self.number = number
        self.identity = identity
        self.previousEnd = previousEnd
    }

    /// Bytes of payload.
    var payloadByteCount: Int { SegmentHeader.fixedByteCount + identity.cluster.utf8.count }

    /// Writes the payload behind the frame's header.
    func write(into frame: UnsafeMutableRawBufferPointer) {
        let payload = UnsafeMutableRawBufferPointer(rebasing: frame[FrameHeader.byteCount...])
        payload.put(number.rawValue, at: Field.number)
        payload.put(UInt64(previousEnd), at: Field.previousEnd)
        payload.put(UInt64(identity.segmentByteCount), at: Field.segmentByteCount)
        payload.put(identity.kind.rawValue, at: Field.kind)
        payload.put(UInt8(identity.cluster.utf8.count), at: Field.nameByteCount)
        for (offset, byte) in identity.cluster.utf8.enumerated() { payload[Field.name + offset] = byte }
    }

    /// Reads the payload of a frame whose checksums hold.
    init(reading frame: UnsafeRawBufferPointer, of header: FrameHeader) throws(FrameFault) {
        let payload = UnsafeRawBufferPointer(rebasing: frame[FrameHeader.byteCount..<frame.count])
        let nameByteCount = Int(payload[Field.nameByteCount])
        guard header.payloadByteCount == SegmentHeader.fixedByteCount + nameByteCount,
            nameByteCount <= LogLimits.clusterNameByteCountMax
        else { throw .unknown(field: "length of a segment header", value: UInt64(header.payloadByteCount)) }
        for offset in Field.reserved..<Field.name where payload[offset] != 0 {
            throw .unknown(field: "reserved byte of a segment header", value: UInt64(payload[offset]))
        }
        let kindNumber = payload[Field.kind]
        guard let kind = LogKind(rawValue: kindNumber) else {
            throw .unknown(field: "kind of log", value: UInt64(kindNumber))
        }
        let name = payload[Field.name..<Field.name + nameByteCount]
        let previousEnd: UInt64 = payload.word(at: Field.previousEnd)
        let segmentByteCount: UInt64 = payload.word(at: Field.segmentByteCount)
        guard previousEnd <= UInt64(LogLimits.segmentByteCountMax),
            previousEnd % UInt64(LogLimits.alignmentByteCount) == 0
        else {
            throw .unknown(field: "end of the previous segment", value: previousEnd)
        }
        guard segmentByteCount <= UInt64(LogLimits.segmentByteCountMax) else {
            throw .unknown(field: "segment size", value: segmentByteCount)
        }
        self.number = SegmentNumber(rawValue: payload.word(at: Field.number))
        self.previousEnd = Int(previousEnd)
        self.identity = LogIdentity(
            cluster: String(decoding: name, as: UTF8.self), logID: header.logID, kind: kind,
            segmentByteCount: Int(segmentByteCount))
    }
}
