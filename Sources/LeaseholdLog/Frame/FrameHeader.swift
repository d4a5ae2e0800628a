import LeaseholdChecksum
package import LeaseholdModel

/// The first 128 bytes of a frame, which is what one group commit writes and one sync makes durable.
///
/// It says how long the frame is, whose it is, where it stands, and what was already durable when it was composed; its
/// own checksum makes those numbers safe to act on even where the payload is damaged (L8). Byte for byte in the article
/// "The format of the log".
package struct FrameHeader: Hashable, Sendable {
    /// What a frame carries.
    package enum Kind: UInt8, Sendable, CaseIterable {
        /// The first frame of a segment: which one it is, and where its predecessor validly ends.
        case segment = 1
        /// A group of records.
        case records = 2
        /// Nothing: its durable offset proves what stands before it.
        case seal = 3
        /// A signed head, passed over by the log itself.
        case head = 4
    }

    package let kind: Kind
    /// Readers older than this must not read on.
    package let minimumReaderVersion: UInt32
    /// Bytes of payload, padding not counted.
    package let payloadByteCount: Int
    package let recordCount: Int
    /// What a restore of the log raises.
    package let logIncarnation: UInt32
    package let logID: LogID
    package let reign: Reign
    /// The index of the first record, or of the record to come where the frame has none.
    package let firstIndex: RecordIndex
    /// The last record that was durable when the frame was composed.
    package let durableIndex: RecordIndex
    /// Valid bytes of the whole log before this frame.
    package let logicalOffset: UInt64
    /// The logical offset before which everything was durable when the frame was composed.
    package let durableOffset: UInt64
    /// The chain before this frame.
    package let previousChain: ChainHash

    package init(
        kind: Kind, minimumReaderVersion: UInt32 = FrameHeader.minimumReaderVersion, payloadByteCount: Int = 0,
        recordCount: Int = 0, logIncarnation: UInt32, logID: LogID, reign: Reign, firstIndex: RecordIndex,
        durableIndex: RecordIndex, logicalOffset: UInt64, durableOffset: UInt64, previousChain: ChainHash
    ) {
        self.kind = kind
        self.minimumReaderVersion = minimumReaderVersion
        self.payloadByteCount = payloadByteCount
        self.recordCount = recordCount
        self.logIncarnation = logIncarnation
        self.logID = logID
        self.reign = reign
        self.firstIndex = firstIndex
        self.durableIndex = durableIndex
        self.logicalOffset = logicalOffset
        self.durableOffset = durableOffset
        self.previousChain = previousChain
    }

    /// Bytes of every frame header.
    package static let byteCount = 128
    /// `LHLF`, read as a little-endian word.
    package static let magic: UInt32 = 0x464C_484C
    /// The layout of the frames that this code writes.
    package static let formatVersion: UInt8 = 1
    /// What this code can read.
    package static let readerVersion: UInt32 = 1
    /// What a reader of frames that this code writes must be able to read.
    package static let minimumReaderVersion: UInt32 = 1

    /// Bytes of the whole frame, padding included.
    package var frameByteCount: Int { FrameHeader.frameByteCount(payloadByteCount: payloadByteCount) }

    /// Bytes of a frame with such a payload: the next multiple of a sector.
    package static func frameByteCount(payloadByteCount: Int) -> Int {
        let sector = LogLimits.alignmentByteCount
        return (byteCount + payloadByteCount + sector - 1) / sector * sector
    }
}

extension FrameHeader {
    /// Where each field begins.
    enum Field {
        static let magic = 0
        static let headerChecksum = 4
        static let formatVersion = 8
        static let kind = 9
        static let flags = 10
        static let minimumReaderVersion = 12
        static let payloadByteCount = 16
        static let payloadChecksum = 20
        static let recordCount = 24
        static let logIncarnation = 28
        static let logID = 32
        static let reign = 48
        static let firstIndex = 56
        static let durableIndex = 64
        static let logicalOffset = 72
        static let durableOffset = 80
        static let previousChain = 88
        static let reserved = 120
    }

    /// Writes header and checksums into a frame whose payload and padding stand already.
    func write(into frame: UnsafeMutableRawBufferPointer) {
        precondition(frame.count == frameByteCount, "frame of \(frame.count) bytes, header for \(frameByteCount)")
        frame.put(FrameHeader.magic, at: Field.magic)
        frame.put(FrameHeader.formatVersion, at: Field.formatVersion)
        frame.put(kind.rawValue, at: Field.kind)
        frame.put(UInt16(0), at: Field.flags)
        frame.put(minimumReaderVersion, at: Field.minimumReaderVersion)
        frame.put(UInt32(payloadByteCount), at: Field.payloadByteCount)
        frame.put(payloadChecksum(of: UnsafeRawBufferPointer(frame)), at: Field.payloadChecksum)
        frame.put(UInt32(recordCount), at: Field.recordCount)
        frame.put(logIncarnation, at: Field.logIncarnation)
        frame.put(logID.high.byteSwapped, at: Field.logID)
        frame.put(logID.low.byteSwapped, at: Field.logID + 8)
        frame.put(reign.rawValue, at: Field.reign)
        frame.put(firstIndex.rawValue, at: Field.firstIndex)
        frame.put(durableIndex.rawValue, at: Field.durableIndex)
        frame.put(logicalOffset, at: Field.logicalOffset)
        frame.put(durableOffset, at: Field.durableOffset)
        frame.put(previousChain.words.0.byteSwapped, at: Field.previousChain)
        frame.put(previousChain.words.1.byteSwapped, at: Field.previousChain + 8)
        frame.put(previousChain.words.2.byteSwapped, at: Field.previousChain + 16)
        frame.put(previousChain.words.3.byteSwapped, at: Field.previousChain + 24)
        frame.put(UInt64(0), at: Field.reserved)
        frame.put(FrameHeader.checksum(of: UnsafeRawBufferPointer(frame)), at: Field.headerChecksum)
    }

    /// The checksum of everything in the header behind the checksum itself.
    private static func checksum(of frame: UnsafeRawBufferPointer) -> UInt32 {
        CRC32C.checksum(of: UnsafeRawBufferPointer(rebasing: frame[Field.formatVersion..<byteCount]))
    }

    /// The checksum of everything behind the header to the frame's end, padding included.
    private func payloadChecksum(of frame: UnsafeRawBufferPointer) -> UInt32 {
        let end = isPlanted(.leavesPaddingOut) ? FrameHeader.byteCount + payloadByteCount : frameByteCount
        return CRC32C.checksum(of: UnsafeRawBufferPointer(rebasing: frame[FrameHeader.byteCount..<end]))
    }

    /// Reads the header at the start of `frame`, which has at least 128 bytes.
    ///
    /// Believes nothing before the checksum, and after it refuses whatever this version does not know.
    init(reading frame: UnsafeRawBufferPointer) throws(FrameFault) {
        let magic: UInt32 = frame.word(at: Field.magic)
        guard magic == FrameHeader.magic else { throw .magic(found: magic) }
        let stated: UInt32 = frame.word(at: Field.headerChecksum)
        let actual = FrameHeader.checksum(of: frame)
        guard stated == actual || isPlanted(.skipsHeaderChecksum) else {
            throw .headerChecksum(expected: stated, actual: actual)
        }
        let minimumReaderVersion: UInt32 = frame.word(at: Field.minimumReaderVersion)
        guard minimumReaderVersion <= FrameHeader.readerVersion else {
            throw .minimumReaderVersion(required: minimumReaderVersion)
        }
        let version: UInt8 = frame.word(at: Field.formatVersion)
        guard version == FrameHeader.formatVersion else {
            throw .unknown(field: "format version", value: UInt64(version))
        }
        let kindNumber: UInt8 = frame.word(at: Field.kind)
        guard let kind = Kind(rawValue: kindNumber) else { throw .unknown(field: "kind", value: UInt64(kindNumber)) }
        let flags: UInt16 = frame.word(at: Field.flags)
        guard flags == 0 else { throw .unknown(field: "flags", value: UInt64(flags)) }
        let reserved: UInt64 = frame.word(at: Field.reserved)
        guard reserved == 0 else { throw .unknown(field: "reserved bytes", value: reserved) }
        self.init(
            kind: kind, minimumReaderVersion: minimumReaderVersion,
            payloadByteCount: Int(frame.word(at: Field.payloadByteCount) as UInt32),
            recordCount: Int(frame.word(at: Field.recordCount) as UInt32),
            logIncarnation: frame.word(at: Field.logIncarnation),
            logID: LogID(high: frame.bigWord(at: Field.logID), low: frame.bigWord(at: Field.logID + 8)),
            reign: Reign(rawValue: frame.word(at: Field.reign)),
            firstIndex: RecordIndex(rawValue: frame.word(at: Field.firstIndex)),
            durableIndex: RecordIndex(rawValue: frame.word(at: Field.durableIndex)),
            logicalOffset: frame.word(at: Field.logicalOffset), durableOffset: frame.word(at: Field.durableOffset),
            previousChain: ChainHash(bytes: frame, at: Field.previousChain))
    }

    /// Checks the payload and padding of the whole frame against the stated checksum.
    func checkPayload(of frame: UnsafeRawBufferPointer) throws(FrameFault) {
        let stated: UInt32 = frame.word(at: Field.payloadChecksum)
        let actual = payloadChecksum(of: frame)
        guard stated == actual else { throw .payloadChecksum(expected: stated, actual: actual) }
    }
}

extension FrameHeader {
    /// The last record of a frame as it is written; nil where the bytes are no frame, or one without records.
    package static func lastIndex(ofFrame bytes: [UInt8]) -> RecordIndex? {
        guard bytes.count >= byteCount else { return nil }
        return bytes.withUnsafeBytes { frame -> RecordIndex? in
            do throws(FrameFault) {
                let header = try FrameHeader(reading: frame)
                guard header.kind == .records, header.recordCount > 0 else { return nil }
                return RecordIndex(rawValue: header.firstIndex.rawValue + UInt64(header.recordCount) - 1)
            } catch {
                return nil
            }
        }
    }
}
