import LeaseholdChecksum
import LeaseholdModel

/// What the headers of snapshots and backups begin with: what they are, of which log, and where in it the next frame
/// stands.
///
/// The checksum covers all of a header, so whatever stands behind these bytes is as safe.
struct ChunkHeader {
    let logID: LogID
    /// Where the log ended, durable.
    let tail: LogTail

    /// Bytes of it.
    static let byteCount = 112
    /// The layout that this code writes.
    static let formatVersion: UInt8 = 1
    /// What this code can read, and what a reader of what it writes must be able to read.
    static let readerVersion: UInt32 = 1

    private enum Field {
        static let magic = 0
        static let checksum = 4
        static let formatVersion = 8
        static let reserved = 9
        static let minimumReaderVersion = 12
        static let logID = 16
        static let logIncarnation = 32
        static let zero = 36
        static let reign = 40
        static let index = 48
        static let chain = 56
        static let segment = 88
        static let base = 96
        static let offset = 104
    }

    init(logID: LogID, tail: LogTail) {
        self.logID = logID
        self.tail = tail
    }

    /// Writes it into a header behind which everything else stands already.
    func write(into header: UnsafeMutableRawBufferPointer, magic: UInt32) {
        header.put(magic, at: Field.magic)
        header.put(ChunkHeader.formatVersion, at: Field.formatVersion)
        header.put(ChunkHeader.readerVersion, at: Field.minimumReaderVersion)
        header.put(logID.high.byteSwapped, at: Field.logID)
        header.put(logID.low.byteSwapped, at: Field.logID + 8)
        header.put(tail.logIncarnation, at: Field.logIncarnation)
        header.put(tail.reign.rawValue, at: Field.reign)
        header.put(tail.head.index.rawValue, at: Field.index)
        withUnsafeBytes(of: tail.head.chain.bigEndianWords) {
            UnsafeMutableRawBufferPointer(rebasing: header[Field.chain..<Field.chain + 32]).copyMemory(from: $0)
        }
        header.put(tail.segment.rawValue, at: Field.segment)
        header.put(tail.base, at: Field.base)
        header.put(UInt64(tail.offset), at: Field.offset)
        header.put(ChunkHeader.checksum(of: UnsafeRawBufferPointer(header)), at: Field.checksum)
    }

    /// Reads the beginning of a whole header.
    init(reading header: UnsafeRawBufferPointer, magic expected: UInt32) throws(ChunkFault) {
        let magic: UInt32 = header.word(at: Field.magic)
        guard magic == expected else { throw .magic(found: magic) }
        let stated: UInt32 = header.word(at: Field.checksum)
        let actual = ChunkHeader.checksum(of: header)
        guard stated == actual else { throw .checksum(expected: stated, actual: actual) }
        let required: UInt32 = header.word(at: Field.minimumReaderVersion)
        guard required <= ChunkHeader.readerVersion else {
            throw .newerFormat(required: required, reader: ChunkHeader.readerVersion)
        }
        let version: UInt8 = header.word(at: Field.formatVersion)
        let zero: UInt32 = header.word(at: Field.zero)
        let offset: UInt64 = header.word(at: Field.offset)
        guard version <= ChunkHeader.formatVersion else {
            throw .newerFormat(required: UInt32(version), reader: ChunkHeader.readerVersion)
        }
        guard version == ChunkHeader.formatVersion, zero == 0,
            header.isZero(in: Field.reserved..<Field.minimumReaderVersion),
            offset <= UInt64(LogLimits.segmentByteCountMax)
        else { throw .unknown }
        logID = LogID(high: header.bigWord(at: Field.logID), low: header.bigWord(at: Field.logID + 8))
        tail = LogTail(
            segment: SegmentNumber(rawValue: header.word(at: Field.segment)), base: header.word(at: Field.base),
            offset: Int(offset),
            head: LogHead(
                index: RecordIndex(rawValue: header.word(at: Field.index)),
                chain: ChainHash(bytes: header, at: Field.chain)),
            reign: Reign(rawValue: header.word(at: Field.reign)),
            logIncarnation: header.word(at: Field.logIncarnation))
    }

    private static func checksum(of header: UnsafeRawBufferPointer) -> UInt32 {
        CRC32C.checksum(of: UnsafeRawBufferPointer(rebasing: header[Field.formatVersion...]))
    }
}

extension UnsafeRawBufferPointer {
    /// Whether every byte of a range is zero.
    func isZero(in range: Range<Int>) -> Bool { !self[range].contains { $0 != 0 } }
}
